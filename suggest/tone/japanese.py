"""The register of a Japanese reply, judged by the words that end each sentence: fugashi's words in a spaCy pipeline."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING

from suggest.tone.japanese_ends import (
    CONTRACTIONS,
    DICTIONARY_FORMS,
    before_particles,
    breaches_at_end,
    interjection,
    is_polite,
)
from suggest.tone.japanese_honorifics import honorific_breaches
from suggest.tone.japanese_polite import polite_end
from suggest.tone.japanese_rules import Breach, listed, register_rules
from suggest.tone.japanese_sentences import Sentence, Words, sentences
from suggest.tone.reading import Reading, remembered
from suggest.tone.rules import Finding

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc
    from spacy.vocab import Vocab


CLAUSE = 60  # words: how far a clause reaches


def check_japanese(text: str) -> list[Finding]:
    """Where the register of a Japanese reply breaks, in the order of the text.

    >>> for f in check_japanese("ご連絡ありがとうございます。商品は本日届くはずだ。よろしくね！"):
    ...     print(f.rule, f.severity, f.text, "->", f.instead)
    ja-plain-end error だ -> です
    ja-interjection error よろしくね -> よろしくお願いいたします
    >>> check_japanese("画面に「再起動せよ。」と出た場合は、電源を入れ直してください。")
    []
    """
    return findings_in(Reading.of(text, "ja"))


def findings_in(reading: Reading) -> list[Finding]:
    """The same for a reply that was read already; without a Doc, which would take as long as all the rest."""
    plain = _with_list_signs(reading)
    return [_finding(breach, reading) for breach in breaches(plain, list(sentences(plain)))]


# Folding makes a digit of ① and two line ends of one; both tell where a list or a paragraph begins
_LIST_SIGN = re.compile("[①-⓿❶-➓]|\r(?=\n)")


def _with_list_signs(reading: Reading) -> str:
    """The plain text with ①② as they were and one line end for each of Windows'."""
    if not _LIST_SIGN.search(reading.shown):
        return reading.plain
    plain = list(reading.plain)
    for m in _LIST_SIGN.finditer(reading.shown):
        plain[m.start()] = " " if m.group() == "\r" else m.group()
    return "".join(plain)


def _finding(breach: Breach, reading: Reading) -> Finding:
    rule = register_rules()[breach.rule]
    start, end = reading.original(breach.start, breach.end)
    instead, severity = breach.instead or rule.instead, breach.severity or rule.severity
    return Finding.of(rule, reading.text, start, end, instead=instead, severity=severity)


def breaches(plain: str, found: list[Sentence]) -> list[Breach]:
    """Every breach in the sentences of a reply, in the order of the text."""
    broken = list(_casual_words(plain, found))
    for sentence in found:
        for b in _looked_for(sentence.text, sentence.stop, sentence.ends):
            start, end = sentence.span(b.start, b.end)
            broken.append(replace(b, start=start, end=end))
    return sorted(set(broken), key=lambda b: (b.start, b.end, b.rule))


@remembered
def _looked_for(text: str, stop: str, ends: bool) -> tuple[Breach, ...]:
    """The breaches in one sentence, at their places in it."""
    sentence = Sentence(text, stop, ends)
    at_end = list(breaches_at_end(sentence)) if ends else []
    broken = at_end + list(honorific_breaches(sentence.words))
    if not any(b.rule != "ja-spoken-word" and b.rule != "ja-ellipsis" for b in at_end):
        broken += _beside_polite(sentence.words)
    return tuple(broken)


def _beside_polite(words: Words) -> Iterator[Breach]:
    """Contractions, plain clauses and talk in a sentence that ends politely."""
    head = "".join([w.text for w in words[:4]])
    if head.startswith(_casual_heads()):  # じゃあ、明日お送りします
        yield Breach("ja-mixed-clause" if head.startswith("だが") else "ja-casual-word", words.start(0), words.end(0))
    comma = next((i for i, pos in enumerate(map(_pos, words)) if pos == "補助記号-読点"), 0)
    found = interjection(words, 0, comma - 1) if comma else None
    if found and found.start == words.start(0) and words[0].text not in listed("closers"):  # ごめん、遅れました
        yield found
    for i in [i for i, w in enumerate(words) if w.pos in _OF_TALK or w.lemma == "超"]:
        word = words[i]
        if word.pos == "助動詞" and word.lemma in CONTRACTIONS:  # 遅れちゃって
            yield Breach("ja-contraction", words.start(i), words.end(i))
        elif _is_short_for_node(words, i):  # 知らせますんで、
            yield Breach("ja-casual-word", words.start(i - 1), words.end(i), "ので")
        elif word.pos == "助動詞" and word.lemma == "てる":  # 届いてます
            yield Breach("ja-spoken-word", words.start(i), words.end(i), "てい" if word.text == "て" else "")
        elif word.type == "助動詞-デス" and word.text in ("っす", "す"):  # いいっすよ、
            yield Breach("ja-casual-end", words.start(i), words.end(i), "です")
        elif word.pos == "助詞-終助詞" and _is_plain_aside(words, i):  # だよね、
            yield Breach("ja-casual-end", words.start(i), words.end(i))
        elif word.lemma == "超" and words[i + 1 : i + 2] and words[i + 1].type == "形容詞":  # 超早い
            yield Breach("ja-casual-word", words.start(i), words.end(i + 1))
        elif word.pos == "助詞-接続助詞" and i and _is_plain_clause(words, i):  # 試したが、
            first, polite = polite_end(words, i - 1)
            yield Breach("ja-mixed-clause", words.start(first), words.end(i), polite and polite + "が")


_pos = attrgetter("pos")
_OF_TALK = {"助動詞", "助詞-終助詞", "助詞-接続助詞"}


@cache
def _casual_heads() -> tuple[str, ...]:
    return tuple(listed("casual_heads"))


def _is_short_for_node(words: Words, i: int) -> bool:
    """True for the で of んで that stands for ので; んではありません is another."""
    if words[i].text != "で" or words[i].type != "助動詞-ダ" or not i or words[i - 1].text != "ん":
        return False
    return not words[i + 1 : i + 2] or words[i + 1].lemma not in ("は", "も", "有る", "御座る", "無い")


def _is_plain_aside(words: Words, i: int) -> bool:
    """True if a plain clause with a particle of talk ends at this word and a comma: だよね、…"""
    if (
        i + 1 == len(words)
        or words[i + 1].pos != "補助記号-読点"
        or words[i].text not in ("よ", "ね", "わ", "ぞ", "ぜ", "さ")
    ):
        return False
    core = before_particles(words, i)
    return core >= 0 and words[core].form.startswith("終止形") and not is_polite(words, core)


def _is_plain_clause(words: Words, i: int) -> bool:
    """True if a plain clause ends at this particle and stands beside the polite one: 試したが、…ませんでした."""
    before = words[i - 1]
    if words[i].text not in ("が", "けど", "けれど", "けれども") or is_polite(words, i - 1):
        return False
    if not before.form.startswith("終止形"):
        return False
    if words[i].text == "が" and (i + 1 == len(words) or words[i + 1].pos != "補助記号-読点"):
        return False
    return not any(_embeds(words, j) for j in range(i + 1, min(i + CLAUSE, len(words))))


def _embeds(words: Words, i: int) -> bool:
    """True if what stands before this word is told or made a noun: …とのこと, …と伺い, …の場合."""
    word, before = words[i], words[i - 1]
    if word.pos.startswith(("名詞", "形状詞-助動詞語幹", "助詞-準体助詞")) and before.form.startswith("連体形"):
        return True
    return word.text in ("と", "って") and before.form.startswith(DICTIONARY_FORMS)


def _casual_words(plain: str, found: list[Sentence]) -> Iterator[Breach]:
    """Casual words that are whole words of a sentence, and laughter anywhere."""
    if not _any_of("casual_words", "spoken_words", "laughter").search(plain):
        return
    for name, rule in (("casual_words", "ja-casual-word"), ("spoken_words", "ja-spoken-word")):
        hits = list(_any_of(name).finditer(plain))
        if hits:
            spans = [s.span(s.words.start(i), s.words.end(i)) for s in found for i in range(len(s.words))]
            starts, ends = {start for start, _ in spans}, {end for _, end in spans}
            for m in hits:
                if m.start() in starts and m.end() in ends:
                    yield Breach(rule, *m.span(), listed(name)[m.group()])
    for m in _any_of("laughter").finditer(plain):
        yield Breach("ja-casual-word", *m.span())


@cache
def _any_of(*names: str) -> "re.Pattern[str]":
    words = sorted((word for name in names for word in listed(name)), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, words)))


class UnidicTokenizer:
    """Makes a spaCy Doc of a reply in plain text; `doc.user_data` keeps text and sentences with UniDic features.

    Writing the features into the Doc as tags and lemmas would cost as much as the analysis itself.
    """

    def __init__(self, vocab: "Vocab") -> None:
        self.vocab = vocab

    def __call__(self, text: str) -> "Doc":
        from spacy.tokens import Doc

        found = list(sentences(text))
        tokens: list[str] = []
        place = 0
        for start, end in (s.span(s.words.start(i), s.words.end(i)) for s in found for i in range(len(s.words))):
            if start > place:
                tokens.append(text[place:start])
            tokens.append(text[start:end])
            place = end
        if place < len(text):
            tokens.append(text[place:])
        doc = Doc(self.vocab, words=tokens, spaces=[False] * len(tokens))
        doc.user_data["plain"], doc.user_data["sentences"] = text, found  # doc.text would be put together again
        return doc


def register(doc: "Doc") -> "Doc":
    """The component: breaches of register in `doc.user_data["breaches"]` and as labelled spans."""
    found = breaches(doc.user_data["plain"], doc.user_data["sentences"])
    doc.user_data["breaches"] = found
    spans = (doc.char_span(b.start, b.end, label=b.rule, alignment_mode="expand") for b in found)
    doc.spans["ja_style"] = [span for span in spans if span is not None]
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
