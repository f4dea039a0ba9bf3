"""Japanese sentences of a reply as UniDic words: quotes, labels and list items taken out, broken lines joined."""

import csv
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import accumulate
from sys import maxsize
from typing import TYPE_CHECKING, NamedTuple

from suggest.tone.japanese_rules import listed
from suggest.tone.reading import kept, remembered

if TYPE_CHECKING:
    from fugashi import GenericTagger

LAUGHTER = ("w", "ww", "www", "wwww", "笑", "汗", "泣")
LONGEST_PIECE = 1000  # characters without a stop; of more, only the end is read
WORDS_KEPT = 20_000  # lines of the tagger
LINES_JOINED = 3  # a sentence is followed over so many broken lines before


class Word(NamedTuple):
    """A word with the UniDic features that register depends on."""

    text: str
    pos: str  # 動詞-一般, 助詞-終助詞, 名詞-普通名詞-サ変可能 …
    type: str  # 五段-カ行, 助動詞-マス …; empty when it does not inflect
    form: str  # 終止形-一般, 命令形 …
    lemma: str  # 下さる for both ください and 下さい
    base: str  # the dictionary form in this spelling: くださる


class Words(tuple[Word, ...]):
    """The words of a sentence; where each stands in it is counted when it is first asked."""

    said: str

    def start(self, i: int) -> int:
        """Where a word begins in the sentence."""
        return self._starts[i]

    def end(self, i: int) -> int:
        """Where a word ends in the sentence."""
        return self._starts[i] + len(self[i].text)

    @kept
    def _starts(self) -> list[int]:
        starts = []
        place = 0
        for word in self:
            starts.append(self.said.index(word.text, place))  # between words there may be blanks
            place = starts[-1] + len(word.text)
        return starts


@dataclass(frozen=True)
class Sentence:
    """A text up to a sentence end; `stop` is "。", "?", "♪" for a mark or emoji, "" for a line end.

    `ends` is False for a line that is no sentence (a heading, a signature): its words count, its end does not.
    `places` says of each line that the text was joined from where it begins, in the text and in the reply.
    """

    text: str
    stop: str
    ends: bool = True
    places: tuple[tuple[int, int], ...] = ((0, 0),)

    @property
    def words(self) -> Words:
        """The words of the text."""
        return words_of(self.text)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where text[start:end] stands in the reply.

        >>> Sentence("お待ちください", "。", places=((0, 4), (6, 20))).span(3, 7)
        (7, 21)
        """
        return self._place(start), self._place(max(end - 1, start)) + 1

    def _place(self, i: int) -> int:
        begins, place = self.places[bisect_right(self.places, (i, maxsize)) - 1]
        return place + i - begins


_KNOWN = r"%m\\t%H\\n"  # all features as they stand in the dictionary; to have MeCab part them takes half as long again
_UNKNOWN = r"%m\\t%F-[0,1,2]\\t\\t\\t%m\\t%m\\n"


@cache
def _tagger() -> "GenericTagger":
    """MeCab that writes one line a word; fugashi's word objects read the same features three times slower."""
    import fugashi
    import unidic_lite

    folder = unidic_lite.DICDIR
    options = f'-r "{folder}/dicrc" -d "{folder}" -O "" -F "{_KNOWN}" -U "{_UNKNOWN}" -E "."'
    return fugashi.GenericTagger(options)


@remembered
def words_of(text: str) -> Words:
    """The words of a sentence.

    >>> words = words_of("お待ち ください")
    >>> [(word.text, words.start(i), word.lemma) for i, word in enumerate(words)]
    [('お', 0, '御'), ('待ち', 1, '待つ'), ('ください', 4, '下さる')]
    """
    if len(_known_words) > WORDS_KEPT:
        _known_words.clear()
    lines = _tagger().parse(text).split("\n")  # the last one is no word
    words = Words(map(_known_words.__getitem__, lines[:-1]))
    words.said = text
    return words


class _KnownWords(dict[str, Word]):
    """Words by the line of the tagger; much is said again and again."""

    def __missing__(self, line: str) -> Word:
        text, *features = line.split("\t")
        if len(features) == 1:
            read = next(csv.reader(features)) if '"' in line else line[len(text) + 1 :].split(",")
            read = ["" if f == "*" else f for f in read[:11]]
            features = ["-".join(filter(None, read[:3])), read[4], read[5], read[7], read[10]]
        word = self[line] = Word(text, *features)
        return word


_known_words = _KnownWords()


# What is not the seller's own sentence becomes blanks of the same length
_QUOTED = re.compile(
    r'「[^」]{0,400}」|『[^』]{0,400}』|"[^"\n]{1,200}"|【[^】\n]{0,100}】|《[^》\n]{0,100}》|〈[^〉\n]{0,100}〉|<[^<>\n]{1,60}>'
    r"|(?<![!-~])(?:https?://|www\.)[!-;=?-~]+|(?<![!-~])[a-z0-9_.+-]{1,64}@[a-z0-9.-]{1,100}"
)
_BRACKETED = re.compile(r"\((?!\d{1,2}\))([^()\n]{0,200})\)")
_NUMBER = re.compile(r"\d(?<![a-z\d]\d)[\d,-]{3,}")
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffc-\uffff]")


def masked(plain: str) -> str:
    """The text with the insides of quotes, brackets, links and long numbers blanked out; no place moves.

    >>> masked("画面に「停止した。」と出ます(音なし)。")
    '画面に「     」と出ます     。'
    """
    text = _CONTROL.sub(" ", plain)
    text = _NUMBER.sub(lambda m: m.group()[0] + " " * (len(m.group()) - 1), text)
    if _MAY_BE_QUOTED.search(text):
        text = _QUOTED.sub(lambda m: m.group()[0] + " " * (len(m.group()) - 2) + m.group()[-1], text)
        text = _BRACKETED.sub(_blanked, text)
    return text


_MAY_BE_QUOTED = re.compile(r'[「『"【《〈<(@]|://|www')


def _blanked(bracket: re.Match[str]) -> str:
    inside = bracket.group(1)
    if re.search(r"[ぁ-ん][。!?]", inside):  # a sentence of its own: （送料は当店が負担します。）
        return f"\n{inside}\n"
    return " " * len(bracket.group())


_ITEM = re.compile(
    r"\s*(?:[・•●○◯◎■□◆◇▼▽▲△★☆※*►▶▸➤→⇒➡✓✔☑➢✅❗⚠>|#=━─+~]|-(?!\d)|\d{1,2}(?:[.)．、]|:\s)\s*(?!\d)|\(\d{1,2}\)|[①-⓿❶-➓Ⅰ-ⅿ㉑-㊿]"
    r"|(?:手順|ステップ|step|その)\s*[0-9一二三四五六]|[a-zア-オ][.)]\s?|[qa]\d{0,2}[.:]|[一二三四五六七八九十]{1,2}[.)]|\d️?⃣)"
)
_NUMBERED = re.compile(r"\s*(\d{1,2})[.)]")
_LABEL = re.compile(r"\s*([^、。:!?\n]{1,24}):(?!//|\d\d(?!\d))\s*")
_CLAUSE_END = re.compile(r"(?:です|ます|ません|した|ください|である|する)$")
_STOP = re.compile(
    r"(?P<full>(?:。|(?<![a-z0-9])[!?]|(?<=\bok)[!?]|[!?](?=\s|$)|(?<=[ぁ-ヶー一-龥々])\.(?=\s|$|[ぁ-ヶ一-龥]))[。!?.♪…‥w\s]*)"
    r"|(?:[♪♫♬☆★♡♥❤]|(?<=[ぁ-ん])(?:[~〜]+|・・+|…+|‥+|\.\.+)|[\U0001f300-\U0001faff\u2600-\u26ff\u2700-\u27bf])"
    r"[♪♫♬☆★♡♥❤~〜…‥。!?.\U0001f300-\U0001faff\u2600-\u27bf\ufe0f\s]*"
)
_MAY_STOP = re.compile("[。!?.♪♫♬☆★♡♥❤~〜・…‥\U0001f300-\U0001faff\u2600-\u26ff\u2700-\u27bf]")
_JAPANESE = re.compile(r"[ぁ-ゖァ-ヺ一-龥々]|^\s*ok\s*$")


def sentences(plain: str) -> Iterator[Sentence]:
    """The sentences of a reply in plain text; what stands in lists, labels and headings is left out.

    A line end is a sentence end when the words before it end a sentence and the next line does not carry it on.

    >>> text = "返品の件\\n1. 箱に入れる。\\nお荷物は明日届くと\\n存じます。少々お待ちください"
    >>> ["".join(w.text for w in s.words) for s in sentences(text) if s.ends]
    ['お荷物は明日届くと存じます', '少々お待ちください']
    """
    lines = list(_lines(masked(plain)))
    has_full_stops = any("。" in line for _, line in lines)
    open_parts: list[tuple[int, str]] = []
    for n, (start, line) in enumerate(lines):
        following = lines[n + 1][1] if n + 1 < len(lines) else ""
        for place, piece, stop in _pieces(start, line):
            if not _JAPANESE.search(piece):
                open_parts = [] if stop else open_parts
                continue
            parts = [*open_parts[-LINES_JOINED:], (place, piece)]
            open_parts = []
            if stop:
                yield _joined(parts, stop)
                continue
            sentence = _joined(parts, "")
            if ends_at_line(sentence.words, following, has_full_stops):
                yield sentence
            elif following:
                open_parts = parts
            else:
                yield replace(sentence, ends=False)


def _joined(parts: list[tuple[int, str]], stop: str) -> Sentence:
    """The sentence of one or several lines, each with its place in the reply."""
    if len(parts) == 1:
        return Sentence(parts[0][1], stop, places=((0, parts[0][0]),))
    begins = accumulate((len(said) for _, said in parts[:-1]), initial=0)
    places = tuple((begin, place) for begin, (place, _) in zip(begins, parts, strict=True))
    return Sentence("".join(said for _, said in parts), stop, places=places)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their places; a list item, a heading or a blank line comes as an empty one."""
    start = 0
    in_item = False
    last = 0  # the number of the last item; what follows it in the same way is one too: "2.30秒待つ" after "1."
    for line in text.split("\n"):
        numbered = _NUMBERED.match(line)
        is_next = numbered is not None and int(numbered.group(1)) == last + 1
        in_item = bool(_ITEM.match(line)) or is_next or (in_item and line[:1] in " \u3000" and bool(line.strip()))
        last = int(numbered.group(1)) if numbered and in_item else last
        label = None if in_item else _LABEL.match(line)
        if in_item or not line.strip():
            yield start, ""
        elif label and not _CLAUSE_END.search(label.group(1)):
            stop = re.search("[。!?]", line)
            rest = stop.end() if stop else len(line)
            yield start + rest, line[rest:]
        else:
            yield start, line
        start += len(line) + 1


def _pieces(start: int, line: str) -> Iterator[tuple[int, str, str]]:
    """Place, text and stop of every piece of a line."""
    done = 0
    for sign in _MAY_STOP.finditer(line):  # to try the whole pattern at every letter would take most of the time
        m = _STOP.match(line, sign.start()) if sign.start() >= done else None
        if m is None:
            continue
        done = max(done, m.start() - LONGEST_PIECE)
        stop = "♪" if not m.group("full") else "?" if "?" in m.group("full") else "。"
        yield start + done, line[done : m.start()], stop
        done = m.end()
    done = max(done, len(line) - LONGEST_PIECE)
    if line[done:].strip():
        yield start + done, line[done:], ""


# Words at the head of a line that carry the sentence before on: …を行った ⏎ ところ、
_CARRIES_ON = re.compile(
    r"\s*(?:と(?!ても|りあえず|ころで)|が[、,]|の(?!ちほど|で、)|ので|を|に(?!つきまして)|は|も(?!し|ちろん|う)|で(?!す|は|も|しょ)|から|まで|ため|為|ところ|場合|際|時|とき|こと|もの|よう|はず|件|旨|方|上で|うえ|間|前|後|点"
    r"|ほど|かどうか|か否か|わけ|つもり|予定|必要|可能|恐れ|おそれ|まま|限り|一方|ば|けれど|けど|し、|より|など|だけ|のみ|ばかり|くらい|ぐらい|かと|かも|です|でしょう|ます|とのこと|という)"
)


_TALK_ENDS = ("けど", "けれど", "から", "し", "の", "も", "って", "に")
_COMPLETES = re.compile(r"\s*(?:お願|おねが|御願|ござ|御座|申し|いた|致|です|でし)")  # よろしく ⏎ お願いいたします


def ends_at_line(words: Words, following: str, has_full_stops: bool) -> bool:
    """True if a line without a stop ends its sentence, judged by its last word and by how the next line begins.

    >>> told = words_of("倉庫で検品を行った")
    >>> ends_at_line(told, "ところ、", True), ends_at_line(told, "", True), ends_at_line(told, "すぐ送ります", False)
    (False, True, True)
    """
    end = last_word(words)
    if end < 0 or words[-1].pos == "補助記号-読点":
        return False
    last = words[end]
    if last.pos == "助詞-終助詞" or last.lemma in ("です", "ます") or last.form == "命令形":
        return True
    if following and _CARRIES_ON.match(following):
        return False
    if not following and last.pos.startswith("助詞") and last.text in _TALK_ENDS:  # まだ届いてないんだけど
        return any(w.form.startswith(("終止形", "連体形")) for w in words[max(0, end - 2) : end])
    if last.lemma == "て" and last.pos == "助詞-接続助詞":
        return not following and not is_compound_particle(words, end)
    if last.form.startswith(("終止形", "連体形", "意志推量形")):
        # a plain form before a noun may be the middle of a line broken by width
        return not (following and has_full_stops and len(words) > 8) or last.lemma == "だ"
    is_said_alone = (
        last.pos.startswith("感動詞") or last.text in listed("closers") or last.text in listed("interjections")
    )
    return is_said_alone and not _COMPLETES.match(following)


def last_word(words: Words) -> int:
    """The last word that is no punctuation, laughter or lengthening; -1 if there is none.

    >>> last_word(words_of("届くと思うw!")), last_word(words_of("……"))
    (2, -1)
    """
    i = len(words) - 1
    while i >= 0 and (
        (words[i].pos.startswith(("補助記号", "空白", "記号")) and words[i].pos != "補助記号-括弧閉")
        or words[i].text in LAUGHTER
        or words[i].text in ("っ", "ッ", "ぅ")
    ):
        i -= 1
    return i


_COMPOUND = (
    "つく",
    "付く",
    "就く",
    "関する",
    "対する",
    "因る",
    "寄る",
    "拠る",
    "通ずる",
    "通す",
    "際する",
    "当たる",
    "沿う",
    "伴う",
    "持つ",
    "於く",
    "取る",
)


def is_compound_particle(words: Words, te: int) -> bool:
    """True for the て of について, に対して, として: what stands before is no request.

    >>> said = [words_of(text) for text in ("返品について", "お詫びとして", "箱に入れて")]
    >>> [is_compound_particle(words, len(words) - 1) for words in said]
    [True, True, False]
    """
    i = te - 1
    if i > 0 and words[i].lemma == "ます":  # につきまして
        i -= 1
    if i < 1:
        return False
    particle = words[i - 1].text
    return (words[i].lemma in _COMPOUND and particle in ("に", "を")) or (words[i].lemma == "為る" and particle == "と")
