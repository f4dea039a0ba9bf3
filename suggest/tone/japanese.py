"""The register of a Japanese reply, judged by the words that end each sentence: fugashi's words in a spaCy pipeline."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from suggest.tone.japanese_polite import masu_stem, polite_end
from suggest.tone.japanese_sentences import LAUGHTER, Sentence, Word, is_compound_particle, last_word, sentences, words_of
from suggest.tone.reading import Reading
from suggest.tone.rules import FOLDER, Finding, Rule, RuleBook, read_rules

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

Words = tuple[Word, ...]


@dataclass(frozen=True)
class Breach:
    """A rule broken from one place of the plain text to another; `instead` puts it right."""

    rule: str
    start: int
    end: int
    instead: str = ""
    severity: str = ""


def check_japanese(text: str) -> list[Finding]:
    """Where the register of a Japanese reply breaks, in the order of the text.

    >>> for f in check_japanese("ご連絡ありがとうございます。商品は本日届くはずだ。よろしくね！"):
    ...     print(f.rule, f.severity, f.text, "->", f.instead)
    ja-plain-end error だ -> です
    ja-interjection error よろしくね -> よろしくお願いいたします
    >>> check_japanese("画面に「再起動せよ。」と出た場合は、電源を入れ直してください。")
    []
    """
    reading = Reading.of(text, "ja")
    doc = pipeline()(reading.plain)
    return [_finding(breach, reading) for breach in doc.user_data["breaches"]]


def _finding(breach: Breach, reading: Reading) -> Finding:
    rule = rules()[breach.rule]
    said = {"instead": breach.instead or rule.instead, "severity": breach.severity or rule.severity}
    return Finding.of(rule, reading.text, *reading.original(breach.start, breach.end), **said)


@cache
def register_book() -> RuleBook:
    """The rules of Japanese register with their word lists."""
    return read_rules(FOLDER / "ja-register.toml", language="ja")


@cache
def rules() -> dict[str, Rule]:
    """The rules of Japanese register by id."""
    return {rule.id: rule for rule in register_book().rules}


@cache
def listed(name: str) -> dict[str, str]:
    """A word list of the rule file; each word with what to write instead, if the list says it.

    >>> listed("interjections")["ごめん"], "弊社" in listed("seller")
    ('申し訳ございません', True)
    """
    pairs = (entry.strip().partition("=") for entry in register_book().words[name].split("|"))
    return {word: instead for word, _, instead in pairs if word}


def breaches(plain: str, found: list[Sentence]) -> list[Breach]:
    """Every breach in the sentences of a reply, in the order of the text."""
    broken: list[Breach] = []
    for sentence in found:
        ended = list(_at_the_end(sentence)) if sentence.ends else []
        broken += ended or _colloquial_end(sentence)
        broken += _inside(sentence.words)
        if not any(b.rule in _ENDS for b in ended):
            broken += _beside_polite(sentence.words)
    broken += _casual_words(plain, found)
    return sorted(set(broken), key=lambda b: (b.start, b.end, b.rule))


_ENDS = ("ja-plain-end", "ja-casual-end", "ja-fragment-end", "ja-interjection")

# --- the end of a sentence ------------------------------------------------------------------------------------------


def is_polite(words: Words, last: int) -> bool:
    """True if the predicate that ends at this word is です・ます or a polite request.

    >>> from suggest.tone.japanese_sentences import words_of
    >>> [is_polite(w, len(w) - 1) for w in (words_of([(0, t)]) for t in ("届きました", "お待ちください", "了解っす", "届いた"))]
    [True, True, False, False]
    """
    word = words[last]
    if word.lemma == "ます":
        return word.type == "助動詞-マス"
    if word.lemma == "です":
        return word.text in ("です", "でし", "でしょう", "デス", "ですぅ")
    if word.lemma == "下さる":
        return word.text in ("ください", "下さい")
    if word.lemma in ("た", "ず", "て") and last:  # ました, ません, まして
        return words[last - 1].lemma in ("ます", "です") and is_polite(words, last - 1)
    return False


def _at_the_end(sentence: Sentence) -> Iterator[Breach]:
    """The sentence end if it is plain, casual or a fragment."""
    words, stop = sentence.words, sentence.stop
    last = last_word(words)
    if last < 0:
        return
    core = _before_particles(words, last)
    if core >= 0 and is_polite(words, core) or _is_polite_in_kana(words, last):
        return
    piece = _last_piece(words, last)
    said = "".join(w.text for w in words[piece : last + 1])
    interjection = _interjection(words, piece, last)
    if interjection:
        yield interjection
    elif said in listed("greetings") or said.endswith(_closes()) or words[last].text in ("様", "さま", "さん", "殿", "御中"):
        return
    elif words[last].text == "」" or words[last].pos == "補助記号-括弧閉":
        if piece < last - 1 and stop == "。":
            yield Breach("ja-fragment-end", words[last].start, words[last].end)
    elif core < 0:
        yield Breach("ja-casual-end", words[0].start, words[last].end)
    else:
        yield from _unfinished(words, core, last, stop)


def _unfinished(words: Words, core: int, last: int, stop: str) -> Iterator[Breach]:
    """What an end that is not polite breaks: plain, casual or fragment."""
    word, tail = words[core], "".join(w.text for w in words[core + 1 : last + 1])
    if any(w.text in LAUGHTER for w in words[last + 1 :]):
        tail += "w"
    first, polite = polite_end(words, core)
    place = words[first].start, words[last].end
    kept = tail if tail in ("か", "ね", "けど", "から", "ので", "が") else "か" if tail in ("の", "のか", "かな") else ""
    polite = polite and polite + kept
    if word.form == "命令形" or word.text == "でしょ" or word.type in ("助動詞-デス", "助動詞-ヘン", "助動詞-ヤ", "助動詞-ジャ"):
        yield Breach("ja-casual-end", *place, polite)
    elif word.form == "意志推量形":
        yield Breach("ja-plain-end" if word.lemma == "だ" else "ja-casual-end", *place, polite)
    elif word.lemma == "て" and word.pos == "助詞-接続助詞" and not is_compound_particle(words, core):  # 待って。
        yield Breach("ja-casual-end", *place, polite)
    elif word.form.startswith(("終止形", "連体形")):
        yield Breach("ja-casual-end" if tail not in ("", "か") else "ja-plain-end", *place, polite)
    elif word.text in ("みたい", "っぽい"):
        yield Breach("ja-casual-end", *place, polite)
    elif word.text == "ちょうだい" or word.text == "頂戴":
        yield Breach("ja-casual-end", *place, "ください")
    elif stop == "。" and not _is_foreign(words):
        yield _fragment(words, core, last, polite)


def _fragment(words: Words, core: int, last: int, polite: str) -> Breach:
    """A sentence that ends in a noun, a particle or the middle of a verb; set ellipses are only a hint."""
    word = words[core]
    before = words[core - 1] if core else word
    place = word.start, words[last].end
    ellipsis = {
        "まで": "までお願いいたします",  # こちらまで。
        "ほど": "ほどお願いいたします",  # ご確認のほど。
        "たく": "たく存じます",  # お願いしたく。
        "ば": "ば幸いです",  # いただければ。
        "と": "と存じます",  # いただければと。
        "よう": "ようお願いいたします",  # お忘れのないよう。
        "ように": "ようにお願いいたします",
        "なく": "なく",  # ご心配なく。
        "まで、": "",
    }
    if word.text in ellipsis and (word.text != "ば" or before.lemma in ("頂く", "下さる", "御座る", "幸い")):
        if word.text == "と" and before.text != "ば":
            return Breach("ja-fragment-end", *place)
        return Breach("ja-ellipsis", *place, ellipsis[word.text])
    if word.text == "に" and before.text == "よう":
        return Breach("ja-ellipsis", *place, "にお願いいたします")
    if word.lemma == "た" and word.form.startswith("仮定形"):  # ございましたら。
        return Breach("ja-ellipsis", *place)
    if word.text == "を":  # ご返送を。
        return Breach("ja-fragment-end", *place, "をお願いいたします")
    return Breach("ja-fragment-end", *place, polite)


_JOINING = ("けど", "けれど", "けれども", "が", "から", "し", "のに", "もん", "もの")


def _before_particles(words: Words, last: int) -> int:
    """The word before final particles: 届く in 届くかもね, です in ですけど; -1 if there is nothing else."""
    i = last
    while i >= 0:
        word = words[i]
        before = words[i - 1] if i else None
        if word.pos == "助詞-終助詞" or (word.pos == "助詞-接続助詞" and word.text in _JOINING):
            i -= 1
        elif word.text == "って" and word.pos.startswith("助詞"):
            i -= 1
        elif word.text == "も" and before and before.text == "か":  # 届くかも
            i -= 2
        elif word.text in ("で", "に") and before and before.pos == "助詞-準体助詞":  # ので, のに
            i -= 2
        elif word.pos == "助詞-準体助詞" and i < last:  # 届いたのか
            i -= 1
        elif word.text in ("か", "や") and word.pos == "助詞-副助詞" and i == last:
            i -= 1
        elif word.text == "で" and i == last and before and before.form.startswith(("終止形", "連体形")):  # 届くで
            i -= 1
        else:
            break
    return i


def _last_piece(words: Words, last: int) -> int:
    """Where the words after the last comma begin."""
    for i in range(last, 0, -1):
        if words[i - 1].pos == "補助記号-読点":
            return i
    return 0


@cache
def _closes() -> tuple[str, ...]:
    """Greetings that are long enough to be known by how a sentence ends."""
    return tuple(w for w in listed("greetings") if len(w) > 3) + ("ご心配なく", "お構いなく", "ご遠慮なく", "お気兼ねなく")


def _interjection(words: Words, piece: int, last: int) -> Breach | None:
    """ありがとう, 了解, ごめんね as all that is said, or as the end of it."""
    end = last
    while end > piece and words[end].pos == "助詞-終助詞":
        end -= 1
    known = listed("interjections") | listed("closers")
    for first in range(max(piece, end - 3), end + 1):
        said = "".join(w.text for w in words[first : end + 1])
        half = said[: len(said) // 2]
        word = said if said in known else half if half + half == said and half in known else ""
        if not word or (first > piece and (len(word) < 2 or words[first - 1].pos == "接頭辞")):
            continue
        return Breach("ja-interjection", words[first].start, words[last].end, known[word])
    return None


def _is_polite_in_kana(words: Words, last: int) -> bool:
    """True if the end is polite once its katakana is read as hiragana: オネガイシマス."""
    import jaconv

    if not re.fullmatch("[ァ-ヶー]{2,}", words[last].text):
        return False
    read = words_of([(0, jaconv.kata2hira("".join(w.text for w in words[max(0, last - 5) : last + 1])))])
    end = _before_particles(read, last_word(read))
    return end >= 0 and is_polite(read, end)


def _is_foreign(words: Words) -> bool:
    """True for words without kana that no Japanese encoding can write: Chinese, or a name in Latin letters."""
    text = "".join(w.text for w in words)
    if re.search("[ぁ-ゖァ-ヺ]", text):
        return False
    try:
        text.encode("cp932")
    except UnicodeEncodeError:
        return True
    return False


def _colloquial_end(sentence: Sentence) -> list[Breach]:
    """Polite, but with a particle of speech: ですかね, ますわ, ですって."""
    if not sentence.ends:
        return []
    words = sentence.words
    last = last_word(words)
    core = _before_particles(words, last) if last >= 0 else -1
    if core < 0 or core == last or not is_polite(words, core):
        return []
    tail = "".join(w.text for w in words[core + 1 : last + 1])
    if tail in ("か", "ね", "よ", "よね", "が", "から", "ので", "し"):
        return []
    return [Breach("ja-spoken-word", words[core].start, words[last].end)]


# --- words beside a polite end --------------------------------------------------------------------------------------


def _beside_polite(words: Words) -> Iterator[Breach]:
    """Contractions, plain clauses and talk in a sentence that ends politely."""
    if not words:
        return
    text = "".join(w.text for w in words[:12])
    for head in listed("casual_heads"):
        if text.startswith(head):
            yield Breach("ja-mixed-clause" if head == "だが、" else "ja-casual-word", words[0].start, words[0].end)
            break
    comma = next((i for i, w in enumerate(words) if w.pos == "補助記号-読点"), 0)
    if comma:
        interjection = _interjection(words, 0, comma - 1)
        if interjection and interjection.start == words[0].start and words[0].text not in listed("closers"):
            yield interjection
    for i, word in enumerate(words):
        if word.lemma in ("ちゃう", "じゃう", "とく", "どく") and word.pos == "助動詞":  # 遅れちゃって
            yield Breach("ja-contraction", word.start, word.end)
        elif word.lemma == "てる" and word.pos == "助動詞":  # 届いてます
            yield Breach("ja-spoken-word", word.start, word.end)
        elif word.lemma == "超" and word.pos == "接頭辞" and words[i + 1 : i + 2] and words[i + 1].type == "形容詞":
            yield Breach("ja-casual-word", word.start, words[i + 1].end)
        elif word.pos == "助詞-接続助詞" and i and _is_plain_clause(words, i):
            first, polite = polite_end(words, i - 1)
            yield Breach("ja-mixed-clause", words[first].start, word.end, polite and polite + "が")


def _is_plain_clause(words: Words, i: int) -> bool:
    """True if a plain clause ends at this particle and stands beside the polite one: 試したが、…ませんでした."""
    if words[i].text not in ("が", "けど", "けれど", "けれども") or is_polite(words, i - 1):
        return False
    if not words[i - 1].form.startswith("終止形"):
        return False
    if words[i].text == "が" and (i + 1 == len(words) or words[i + 1].pos != "補助記号-読点"):
        return False
    return not any(_embeds(words, j) for j in range(i + 1, len(words)))


def _embeds(words: Words, i: int) -> bool:
    """True if what stands before this word is told or made a noun: …とのこと, …と伺い, …の場合."""
    word = words[i]
    if word.text in ("場合", "件", "際", "ため", "旨", "とき", "時", "こと", "よう", "の", "商品") and words[i - 1].form.startswith("連体形"):
        return True
    return word.text == "と" and words[i - 1].form.startswith(("終止形", "連体形"))


@cache
def _casual_pattern(name: str) -> "re.Pattern[str]":
    return re.compile("|".join(re.escape(w.lower()) for w in sorted(listed(name), key=len, reverse=True)))


def _casual_words(plain: str, found: list[Sentence]) -> Iterator[Breach]:
    """Casual words that are whole words of a sentence, and laughter anywhere."""
    for name, rule in (("casual_words", "ja-casual-word"), ("spoken_words", "ja-spoken-word")):
        hits = list(_casual_pattern(name).finditer(plain))
        if hits:
            starts = {w.start for s in found for w in s.words}
            ends = {w.end for s in found for w in s.words}
            for m in hits:
                if m.start() in starts and m.end() in ends:
                    yield Breach(rule, *m.span(), listed(name).get(m.group(), ""))
    for m in _casual_pattern("laughter").finditer(plain):
        yield Breach("ja-casual-word", *m.span())


# --- honorific and humble forms -------------------------------------------------------------------------------------


def _inside(words: Words) -> Iterator[Breach]:
    """Double honorifics, humble forms for the buyer, honorific forms for the seller."""
    for i, word in enumerate(words):
        look = _LOOKS_AT.get(word.lemma)
        if look and i:
            yield from look(words, i)


def _double(words: Words, i: int) -> Iterator[Breach]:
    """お求めになられた, おっしゃられた, ご利用された."""
    word, verb = words[i], words[i - 1]
    if not word.pos.startswith("助動詞"):
        return
    if verb.lemma == "成る" and i > 2 and words[i - 2].text == "に" and _is_honorific_stem(words, i - 3):
        yield Breach("ja-double-honorific", verb.start, *_without_reru(words, i, "なる"))
    elif verb.lemma in listed("honorific_verbs") or verb.lemma == "下さる":
        yield Breach("ja-double-honorific", verb.start, *_without_reru(words, i, verb.base))
    elif verb.lemma == "為る" and verb.text == "さ" and i > 2 and words[i - 3].lemma == "御":
        noun = words[i - 2].text
        if noun not in listed("seller_acts") and noun not in listed("pretty_words"):
            yield Breach("ja-double-honorific", verb.start, *_without_reru(words, i, "になる"))


def _is_honorific_stem(words: Words, i: int) -> bool:
    """True for the 求め of お求めになる and for ご覧, not for the 世話 of お世話になる."""
    word = words[i]
    if word.lemma == "御覧":
        return True
    if not i or words[i - 1].lemma != "御" or word.text in listed("pretty_words"):
        return False
    return word.pos.startswith("動詞") or word.pos.endswith(("サ変可能", "サ変形状詞可能")) or word.text in _NOUN_STEMS


_NOUN_STEMS = ("越し", "出で", "いで", "見え", "待ち", "気付き", "帰り", "戻り", "使い", "買い上げ", "求め", "住まい", "泊まり")


def _without_reru(words: Words, i: int, base: str) -> tuple[int, str]:
    """The end of the breach and the verb without られる, in the form that the next word wants."""
    following = words[i + 1] if i + 1 < len(words) else None
    if words[i].text in ("れる", "られる"):
        return words[i].end, base
    if following and following.lemma in ("た", "て"):
        return following.end, base[:-1] + "っ" + following.text
    if following and following.lemma == "ます":
        return words[i].end, base[:-1] + ("り" if base.endswith("なる") else masu_of(base))
    return words[i].end, ""


def masu_of(base: str) -> str:
    """い for くださる, おっしゃる, いらっしゃる, なさる; り for 召し上がる.

    >>> masu_of("おっしゃる"), masu_of("召し上がる")
    ('い', 'り')
    """
    return "い" if base.endswith(("さる", "しゃる", "下る")) else "り"


def _can(words: Words, i: int) -> Iterator[Breach]:
    """ご利用できます: what the buyer can do is ご利用いただけます."""
    act, word = words[i - 1], words[i]
    if i < 2 or words[i - 2].lemma != "御":
        return
    denied = any(w.lemma in ("ない", "ず") for w in words[i + 1 : i + 3])
    if act.text in listed("buyer_acts") or (act.text == "確認" and not denied):
        if not any(w.text in listed("seller") for w in words[:i]):
            stem = {"でき": "いただけ", "出来": "いただけ"}.get(word.text, "")
            yield Breach("ja-humble-for-buyer", words[i - 2].start, word.end, words[i - 2].text + act.text + stem if stem else "")


def _request(words: Words, i: int) -> Iterator[Breach]:
    """伺ってください, 拝見ください, ご確認してください: the buyer is asked to be humble."""
    word, j = words[i], i - 1
    if word.text not in ("ください", "下さい") and word.lemma != "頂く":
        return
    has_te = words[j].lemma == "て"
    j -= has_te
    if j < 0:
        return
    verb, is_light = words[j], words[j].lemma in ("為る", "致す") and has_te
    if is_light and j:
        j -= 1
    act = words[j]
    prefixed = j > 0 and words[j - 1].lemma == "御"
    if word.lemma == "頂く":  # ご確認していただけますか
        if is_light and prefixed and act.text not in listed("pretty_words"):
            yield Breach("ja-humble-for-buyer", verb.start, words[i - 1].end, "", "hint")
    elif act.lemma in listed("requests") and (has_te or prefixed or act.pos.startswith("名詞")):
        if act.lemma == "頂く" and j and words[j - 1].text not in ("を", "から", "に"):
            return
        honorific = listed("requests")[act.lemma]
        start = words[j - 1].start if prefixed else act.start
        yield Breach("ja-humble-for-buyer", start, word.end, honorific and honorific + "ください")
    elif is_light and prefixed and act.text not in listed("pretty_words"):
        said = words[j - 1].text + act.text
        yield Breach("ja-humble-for-buyer", words[j - 1].start, word.end, said + "ください")


def _subject(words: Words, i: int) -> Iterator[Breach]:
    """お客様が申した, 弊社の担当がおっしゃった: the first verb after a clear subject."""
    if not words[i].pos.startswith("助詞") or i + 1 >= len(words):
        return
    if words[i].text == "の" and not words[i + 1].pos.startswith("動詞"):  # お客様の申された件, not お客様のご自宅に伺う
        return
    side = _side(words, i)
    verb = _first_verb(words, i) if side else 0
    if not verb:
        return
    strict = words[i].text == "が" and words[i + 1].pos != "補助記号-読点"
    if side == "buyer" and _is_humble(words, verb, strict):
        yield Breach("ja-humble-for-buyer", words[verb].start, words[verb].end)
    if side == "seller" and _is_honorific(words, verb):
        is_main = any(w.lemma == "ます" for w in words[verb + 1 : verb + 5])
        if words[i].text == "が" or is_main:
            yield Breach("ja-honorific-for-self", words[verb].start, words[verb].end)


def _side(words: Words, i: int) -> str:
    """Whose act it is, by the noun before the particle: "buyer", "seller" or ""."""
    noun = words[i - 1]
    if noun.text in listed("buyer") and i > 1:
        return "buyer"
    if noun.text in listed("seller"):
        return "seller"
    j = i - 1
    while j >= 0 and (words[j].pos.startswith(("名詞", "接尾辞")) or words[j].text in ("者",)):
        j -= 1
    if j > 0 and words[j].text == "の" and (noun.text in listed("staff") or noun.pos.startswith("名詞-固有名詞-人名")):
        if words[j - 1].text in listed("seller"):
            return "seller"
        if words[j - 1].text in listed("staff") and j > 2 and words[j - 3].text in listed("seller"):  # 弊社の担当の者が
            return "seller"
    return ""


def _first_verb(words: Words, i: int) -> int:
    """The first verb after word i, unless another subject or a long way lies between; 0 if there is none."""
    for j in range(i + 1, min(i + 16, len(words))):
        word = words[j]
        if j > i + 1 and (word.text in listed("buyer") or word.text in listed("seller")):
            return 0
        if word.text in ("が", "は") and word.pos.startswith("助詞") and words[j - 1].pos.startswith(("名詞", "代名詞", "接尾辞")):
            return 0
        if word.pos.startswith(("動詞", "形容詞")) or word.text in listed("humble_nouns"):
            return j
        if word.lemma == "御覧":
            return j
        if word.lemma == "為る" or (word.lemma == "御" and _is_verb_stem(words, j + 1)):
            return j
    return 0


def _is_verb_stem(words: Words, i: int) -> bool:
    """True for 調査 in ご調査する and 調べ in お調べになる."""
    if i + 1 >= len(words):
        return False
    following = words[i + 1]
    return following.lemma in ("為る", "致す") or (following.text == "に" and i + 2 < len(words) and words[i + 2].lemma == "成る")


def _is_humble(words: Words, i: int, strict: bool) -> bool:
    """True if the verb at word i is humble; お…する counts only right after a subject with が."""
    word = words[i]
    if word.lemma in listed("humble_verbs"):
        return True
    if word.text in listed("humble_nouns"):
        return i + 1 < len(words) and words[i + 1].lemma in ("為る", "致す")
    if word.lemma == "御" and strict and i + 2 < len(words) and words[i + 1].text not in listed("pretty_words"):
        helper, after = words[i + 2], words[i + 3] if i + 3 < len(words) else words[i + 2]
        return helper.lemma == "致す" or (helper.lemma == "為る" and after.lemma not in ("れる", "て"))
    return False


def _is_honorific(words: Words, i: int) -> bool:
    """True if the verb at word i is honorific: おっしゃる, お調べになる, ご覧になる, 確認なさる."""
    word = words[i]
    if word.lemma in listed("honorific_verbs") or word.lemma == "御覧":
        return True
    return word.lemma == "御" and i + 3 < len(words) and words[i + 2].text == "に" and words[i + 3].lemma == "成る"


def _itadaku(words: Words, i: int) -> Iterator[Breach]:
    """発送させていただく: a hint; 送らさせていただく: one さ too many."""
    yield from _request(words, i)
    if i > 2 and words[i - 1].lemma == "て" and words[i - 2].lemma in ("させる", "せる"):
        yield Breach("ja-sasete-itadaku", words[i - 2].start, words[i].end)


def _extra_sa(words: Words, i: int) -> Iterator[Breach]:
    """送らさせて, 行かさせて."""
    verb = words[i - 1]
    is_extra = words[i].lemma == "させる" and verb.type.startswith("五段") and verb.form.startswith("未然形")
    if is_extra or verb.base in listed("extra_sa"):
        yield Breach("ja-extra-sa", verb.start, words[i].end)


_LOOKS_AT = {
    "れる": _double, "られる": _double, "出来る": _can, "下さる": _request, "頂く": _itadaku,
    "が": _subject, "は": _subject, "も": _subject, "の": _subject, "せる": _extra_sa, "させる": _extra_sa,
}  # fmt: skip


# --- the pipeline ---------------------------------------------------------------------------------------------------


class UnidicTokenizer:
    """Makes a spaCy Doc of a reply in plain text; `doc.user_data` keeps its sentences with their UniDic features.

    Writing the features into the Doc as tags and lemmas would cost as much as the analysis itself.
    """

    def __init__(self, vocab: "Vocab") -> None:
        self.vocab = vocab

    def __call__(self, text: str) -> "Doc":
        from spacy.tokens import Doc

        found = list(sentences(text))
        tokens: list[str] = []
        place = 0
        for word in (w for s in found for w in s.words):
            if word.start > place:
                tokens.append(text[place : word.start])
            tokens.append(word.text)
            place = word.end
        if place < len(text):
            tokens.append(text[place:])
        doc = Doc(self.vocab, words=tokens, spaces=[False] * len(tokens))
        doc.user_data["sentences"] = found
        return doc


def register(doc: "Doc") -> "Doc":
    """The component: breaches of register as `doc.user_data["breaches"]` and as labelled spans."""
    found = breaches(doc.text, doc.user_data["sentences"])
    doc.user_data["breaches"] = found
    doc.spans["ja_style"] = [doc.char_span(b.start, b.end, label=b.rule, alignment_mode="expand") for b in found]
    return doc


@cache
def pipeline() -> "Language":
    """Fugashi's words, then the register of their sentences, as a spaCy pipeline.

    >>> doc = pipeline()("本日発送した。少々お待ちください。")
    >>> [(span.text, span.label_) for span in doc.spans["ja_style"]]
    [('た', 'ja-plain-end')]
    """
    import spacy
    from spacy.language import Language

    Language.component("ja_register", func=register)
    nlp = spacy.blank("xx")  # blank("ja") would want SudachiPy
    nlp.tokenizer = UnidicTokenizer(nlp.vocab)
    nlp.add_pipe("ja_register")
    return nlp
