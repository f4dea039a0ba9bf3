"""How a Japanese sentence ends: polite, plain, casual or broken off, by its last words."""

import re
from collections.abc import Iterator
from functools import cache

from suggest.tone.japanese_polite import polite_end
from suggest.tone.japanese_rules import Breach, listed
from suggest.tone.japanese_sentences import LAUGHTER, Sentence, Words, is_compound_particle, last_word, words_of

FULL_STOPS = ("。", "?")
DICTIONARY_FORMS = ("終止形", "連体形")


def is_polite(words: Words, last: int) -> bool:
    """True if the predicate that ends at this word is です・ます or a polite request.

    >>> [is_polite(w, len(w) - 1) for w in (words_of(t) for t in ("届きました", "お待ちください", "了解っす"))]
    [True, True, False]
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


def breaches_at_end(sentence: Sentence) -> Iterator[Breach]:
    """What the end of a sentence breaks; nothing when it is polite, a greeting or a salutation.

    >>> for text in ("本日発送いたしました", "届くかも", "本日発送済み", "ご連絡ありがとう", "こんにちは"):
    ...     print([(b.rule, b.instead) for b in breaches_at_end(Sentence(text, "。"))])
    []
    [('ja-casual-end', 'かもしれません')]
    [('ja-fragment-end', '済みです')]
    [('ja-interjection', 'ありがとうございます')]
    []
    """
    words = sentence.words
    last = last_word(words)
    if last < 0:
        return
    core = before_particles(words, last)
    if core >= 0 and is_polite(words, core):
        yield from _talk_after_polite(words, core, last)
        return
    if _is_polite_in_kana(words, last):
        return
    piece = _last_piece(words, last)
    said = "".join(w.text for w in words[piece : last + 1])
    found = interjection(words, piece, last)
    if found:
        yield found
    elif said in listed("greetings") or said.endswith(_closings()) or words[last].text in _TITLES:
        return
    elif words[last].pos == "補助記号-括弧閉":
        if (
            piece < last - 1 and sentence.stop in FULL_STOPS and words[last].text in '」』"' and not _is_foreign(words)
        ):  # 表示は「E5」。
            yield Breach("ja-fragment-end", words.start(last), words.end(last))
    elif core < 0:
        yield Breach("ja-casual-end", words.start(0), words.end(last))
    else:
        yield from _unfinished(words, core, last, sentence.stop)


_TITLES = ("様", "さま", "さん", "殿", "御中")
_MILD = ("か", "ね", "よ", "よね", "が", "から", "ので", "し")  # ですね, ますよ, ますので


def _talk_after_polite(words: Words, core: int, last: int) -> Iterator[Breach]:
    """Polite, but with a particle of speech: ですかね, ますわ, ますって."""
    tail = "".join(w.text for w in words[core + 1 : last + 1])
    if (
        tail in ("よ", "よね") and core and words[core].lemma == "です" and words[core - 1].text == "ん"
    ):  # 欠品なんですよね
        yield Breach("ja-casual-end", words.start(core - 1), words.end(last))
    elif tail and tail not in _MILD:
        rule = (
            "ja-casual-end"
            if tail in ("わ", "わよ", "わね", "ぞ", "ぜ", "さ", "もん", "じゃん", "って", "ってば")
            else "ja-spoken-word"
        )
        yield Breach(rule, words.start(core), words.end(last))


def _unfinished(words: Words, core: int, last: int, stop: str) -> Iterator[Breach]:
    """What an end that is not polite breaks: plain, casual or fragment."""
    word, tail = words[core], "".join(w.text for w in words[core + 1 : last + 1])
    if any(w.text in LAUGHTER for w in words[last + 1 :]):
        tail += "w"
    first, polite = polite_end(words, core)
    start, end = words.start(first), words.end(last)
    is_final = word.form.startswith(DICTIONARY_FORMS) and word.text != "ず"
    if tail in _TAILS and is_final:  # 届くかも, 届いてないの
        start, polite = words.start(core + 1), _TAILS[tail]
    elif polite:
        polite = polite + _KEPT[tail] if tail in _KEPT else ""
    is_asked = stop == "?" and is_final and not tail and not _is_written_negative(words, core)  # 写真ある？
    if is_asked and polite:
        polite += "か"
    if (
        word.form == "命令形"
        or word.text == "でしょ"
        or word.type in _CASUAL_TYPES
        or is_asked
        or _is_contracted(words, core)
    ):  # 送れ, 了解っす
        yield Breach("ja-casual-end", start, end, polite)
    elif word.form == "意志推量形":  # 届くだろう, 送ろう
        yield Breach("ja-plain-end" if word.lemma in ("だ", "有る") else "ja-casual-end", start, end, polite)
    elif word.lemma == "て" and word.pos == "助詞-接続助詞" and not is_compound_particle(words, core):  # 待って
        yield Breach("ja-casual-end", start, end, polite)
    elif is_final:
        yield Breach("ja-casual-end" if tail not in ("", "か") else "ja-plain-end", start, end, polite)
    elif word.text in ("みたい", "っぽい"):
        yield Breach("ja-casual-end", start, end, polite)
    elif word.text in ("ちょうだい", "頂戴"):  # 送ってちょうだい
        yield Breach("ja-casual-end", start, end, "ください")
    elif stop in FULL_STOPS and not _is_foreign(words):
        yield _fragment(words, core, last, polite)


def _is_written_negative(words: Words, core: int) -> bool:
    """True for 逆なのではない？, which is written; 逆じゃない？ is talk."""
    return core > 1 and words[core - 2].text == "で" and words[core - 1].text == "は"


def _is_contracted(words: Words, core: int) -> bool:
    """True for talk inside the predicate, 捨てちゃった, 直しとく, and for what others say, 送ったって."""
    if words[core].text in ("たって", "だって"):
        return True
    return any(w.pos == "助動詞" and w.lemma in CONTRACTIONS for w in words[max(0, core - 1) : core + 1])


CONTRACTIONS = ("ちゃう", "じゃう", "とく", "どく")
_CASUAL_TYPES = ("助動詞-デス", "助動詞-ヘン", "助動詞-ヤ", "助動詞-ジャ", "助動詞-ヤス", "助動詞-ドス")
# What follows a plain verb in talk, and what follows it in a letter
_TAILS = {
    **dict.fromkeys(("かも", "かもね", "かもよ"), "かもしれません"),
    **dict.fromkeys(("の", "のか", "のかな"), "のでしょうか"),
    **dict.fromkeys(("かな", "かなあ", "かなぁ"), "でしょうか"),
    "って": "とのことです",
}
# What may follow です・ます in place of what follows the plain form
_KEPT = {
    **{tail: tail for tail in ("", "か", "ね", "けど", "から", "ので", "が")},
    **dict.fromkeys(("よ", "よね", "わ", "ぞ", "ぜ", "さ", "な", "なあ", "よー", "w"), ""),
    **dict.fromkeys(("かな", "かなあ"), "か"),
}
# A set ellipsis, and what it leaves out: ご確認のほど。 → ご確認のほどお願いいたします。
_ELLIPSES = {
    "まで": "までお願いいたします",
    "ほど": "ほどお願いいたします",
    "程": "程お願いいたします",
    "よう": "ようお願いいたします",
    "たく": "たく存じます",
    "なく": "",
}


def _fragment(words: Words, core: int, last: int, polite: str) -> Breach:
    """A sentence that ends in a noun, a particle or the middle of a verb; a set ellipsis is only a hint."""
    word, before = words[core], words[core - 1] if core else words[core]
    place = words.start(core), words.end(last)
    if word.text in _ELLIPSES:
        return Breach("ja-ellipsis", *place, _ELLIPSES[word.text])
    if word.text == "に" and before.text == "よう":  # お忘れのないように。
        return Breach("ja-ellipsis", *place, "にお願いいたします")
    if word.text == "ば" and before.lemma in ("頂く", "下さる", "御座る"):  # お送りいただければ。
        return Breach("ja-ellipsis", *place, "ば幸いです")
    if word.text == "と" and before.text in ("ば", "か"):  # お送りいただければと。届くかと。
        return Breach("ja-ellipsis", *place, "と存じます")
    if word.lemma == "た" and before.lemma in ("ます", "です"):  # ご不明な点がございましたら。
        return Breach("ja-ellipsis", *place)
    if word.text == "ず" and before.lemma in ("為さる", "下さる"):  # お気兼ねなさらず。
        return Breach("ja-ellipsis", *place)
    if (
        word.text == "は" and before.text == "で" and core > 1 and words[core - 2].pos == "助詞-準体助詞"
    ):  # 多いのでは？
        return Breach("ja-ellipsis", *place, "はないでしょうか")
    if word.text == "を":  # ご返送を。
        return Breach("ja-fragment-end", *place, "をお願いいたします")
    return Breach("ja-fragment-end", *place, polite)


_JOINING = ("けど", "けれど", "けれども", "が", "から", "し", "のに", "もん", "もの")


def before_particles(words: Words, last: int) -> int:
    """The word before final particles; -1 if there is nothing else.

    >>> [w[before_particles(w, len(w) - 1)].text for w in (words_of(t) for t in ("届くかもね", "無理ですけど"))]
    ['届く', 'です']
    """
    i = last
    while i >= 0:
        taken = _final_particle(words, i, last)
        if not taken:
            break
        i -= taken
    return i


def _final_particle(words: Words, i: int, last: int) -> int:
    """How many words the final particle at word i takes."""
    word, before = words[i], words[i - 1] if i else None
    if word.pos == "助詞-終助詞" or (word.pos == "助詞-接続助詞" and word.text in _JOINING):
        return 1
    if word.text == "って" and word.pos.startswith("助詞"):
        return 1
    if word.pos == "助詞-準体助詞" and (i < last or (before and before.form.startswith(DICTIONARY_FORMS))):  # 届いたの
        return 1
    if word.text in ("か", "や") and word.pos == "助詞-副助詞" and i == last:
        return 1
    if before is None:
        return 0
    if word.text == "も" and before.text == "か":  # 届くかも
        return 2
    if word.text in ("で", "に") and before.pos == "助詞-準体助詞":  # ので, のに
        return 2
    return int(word.text == "で" and i == last and before.form.startswith(DICTIONARY_FORMS))  # 届くで


def _last_piece(words: Words, last: int) -> int:
    """Where the words after the last comma begin."""
    return next((i for i in range(last, 0, -1) if words[i - 1].pos == "補助記号-読点"), 0)


@cache
def _closings() -> tuple[str, ...]:
    """Greetings that are long enough to be known by how a sentence ends."""
    return tuple(word for word in listed("greetings") if len(word) > 3)


@cache
def _said_alone() -> dict[str, str]:
    return listed("interjections") | listed("closers")


@cache
def _last_letters() -> set[str]:
    return {word[-1] for word in _said_alone()}


def interjection(words: Words, first: int, last: int) -> Breach | None:
    """ありがとう, 了解, ごめんね as all that is said from one word to another, or as the end of it.

    >>> found = interjection(words_of("返品の件了解"), 0, 3)
    >>> found.start, found.instead
    (4, '承知いたしました')
    """
    end = last
    while end > first and words[end].pos == "助詞-終助詞":
        end -= 1
    known = _said_alone()
    if words[end].text[-1:] not in _last_letters():
        return None
    for i in range(max(first, end - 3), end + 1):
        said = "".join(w.text for w in words[i : end + 1])
        half = said[: len(said) // 2]
        word = said if said in known else half if half + half == said and half in known else ""
        if word and (i == first or (len(word) > 1 and words[i - 1].pos != "接頭辞")):
            return Breach("ja-interjection", words.start(i), words.end(last), known[word])
    return None


def _is_polite_in_kana(words: Words, last: int) -> bool:
    """True if the end is polite once its katakana is read as hiragana: オネガイシマス."""
    if not re.fullmatch("[ァ-ヶー]{2,}", words[last].text):
        return False
    import jaconv

    read = words_of(jaconv.kata2hira("".join(w.text for w in words[max(0, last - 5) : last + 1])))
    end = before_particles(read, last_word(read))
    return end >= 0 and is_polite(read, end)


def _is_foreign(words: Words) -> bool:
    """True for words without kana that no Japanese encoding can write: a Chinese sentence."""
    text = "".join(w.text for w in words)
    if re.search("[ぁ-ゖァ-ヺ]", text):
        return False
    try:
        text.encode("cp932")
    except UnicodeEncodeError:
        return True
    return False
