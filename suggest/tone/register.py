"""The language of a reply and how it addresses the buyer."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

from messages import detect_language
from suggest.tone.case import Case
from suggest.tone.characters import is_eastern, is_simplified
from suggest.tone.reading import fold, remembered, spans, words_in
from suggest.tone.rules import LANGUAGES, rule_book

Spans = Iterator[tuple[int, int]]

_KANA = re.compile("[\u3041-\u30ff]")
_GREETING = re.compile("[你您](?:们)?好|大家好|[早晚]上好|下午好")  # 你好、木村様。 says nothing about the body
_DOUBLED = re.compile(r"\b([^\W\d_]{2,})[ \n]+\1\b")
_SAID_TWICE = {
    "sie",
    "die",
    "der",
    "das",
    "nous",
    "vous",
    "bye",
    "that",
    "had",
    "very",
    "bon",
    "ha",
    "knock",
    "si",
    "ganz",
}


_PLACES = {language: 20 * i for i, language in enumerate(LANGUAGES) if language != "ja"}
_OTHERS = {mine: [place for language, place in _PLACES.items() if language != mine] for mine in LANGUAGES}
_MOST = (1 << 20) - 1  # votes that one place holds; a reply is read up to LONGEST characters


@cache
def _votes() -> dict[str, int]:
    """One vote for every language of which a word is one of the commonest; a greeting says nothing about the body.

    Each vote stands at the language's place, so that a plain sum counts them all.
    """
    votes: Counter[str] = Counter()
    for language, place in _PLACES.items():
        votes.update(dict.fromkeys(_listed(language, "common") - _listed(language, "greeting"), 1 << place))
    return votes


@remembered
def _votes_in(words: tuple[str, ...]) -> int:
    return sum(filter(None, map(_votes().get, words)))


def _listed(language: str, name: str) -> set[str]:
    return set(fold(dict(rule_book(language).words)[name]).split("|"))


def wrong_language(case: Case) -> Spans:
    """Sentences in another language than the buyer's, decided by their commonest words, in doubt by a detector.

    Product names, quotes, ids and short sentences do not count.
    """
    yield from case.once("wrong language", lambda: _wrong_language(case))


def _wrong_language(case: Case) -> Spans:
    if case.reading.language == "ja":
        yield from _not_japanese(case)
    elif not case.reading.is_western and is_eastern(case.reading.shown):
        yield 0, len(case.plain)
    else:
        yield from _not_western(case)


def _not_japanese(case: Case) -> Spans:
    for a, b in case.reading.sentences:
        sentence = _GREETING.sub("", case.reading.unquoted(a, b))
        if _KANA.search(sentence):
            continue
        words = words_in(sentence)
        latin = [w for w in words if w.isascii() and w in _votes()]
        chinese = any(is_simplified(c) for c in sentence)
        foreign = sum(len(w) for w in words if not w.isascii()) >= 5 and detect_language(sentence) == "other"
        if chinese or foreign or len(latin) >= 3:
            yield a, b


def _not_western(case: Case) -> Spans:
    mine = case.reading.language
    place = _PLACES[mine]
    known = others = 0
    doubtful: list[tuple[int, int]] = []
    wrong: list[tuple[int, int]] = []
    for (a, b), words in zip(case.reading.sentences, case.reading.words, strict=True):
        votes = _votes_in(words)
        own = votes >> place & _MOST
        other = max([votes >> place & _MOST for place in _OTHERS[mine]]) if votes != own << place else 0
        known += own
        others += len(words)
        surely, perhaps = other > 2 * own, other > own
        if (other >= 3 and (surely or (perhaps and _is_detected(case, a, b)))) or _is_elsewhere(case, a, b):
            wrong.append((a, b))
        elif len(words) >= 4 and own * 10 < len(words):
            doubtful.append((a, b))
    if wrong:
        yield from wrong
    elif doubtful and others >= 6 and _is_doubted(case, doubtful, known, others):
        yield 0, len(case.plain)


def _is_elsewhere(case: Case, start: int, end: int) -> bool:
    """True if three common words of languages that we do not write stand in a sentence, and the detector agrees."""
    if "elsewhere" not in case.occurring:
        return False
    said = case.reading.unquoted(start, end)
    found = {said[a:b] for a, b in spans(case.word("elsewhere"), said)}
    return len(found) >= 3 and _is_detected(case, start, end)


def _is_detected(case: Case, start: int, end: int) -> bool:
    return detect_language(case.reading.shown[start:end]) not in (case.reading.language, "")


def _is_doubted(case: Case, doubtful: list[tuple[int, int]], known: int, others: int) -> bool:
    """True if the body is in another language, be the salutation right: the detector reads what is in doubt."""
    body = " ".join(case.reading.shown[a:b] for a, b in doubtful)
    if known * 8 >= others and 2 * len(words_in(body)) < others:
        return False
    text = body if known * 8 >= others else case.reading.shown
    return detect_language(text) not in (case.reading.language, "")


def mixed_address(case: Case) -> Spans:
    """Familiar forms (du, tu, tú) where the buyer is to be addressed formally, or both in one reply."""
    if "familiar" in rule_book(case.reading.language).words:
        for a, b in case.where("familiar"):
            if not case.reading.is_quoted(a, b) and case.plain[b : b + 1] != "-":  # die Du-Taste
                yield a, b


def doubled_words(case: Case) -> Spans:
    """A word written twice in a row."""
    words = case.plain.split()
    if any(map(str.startswith, words[1:], words)):
        yield from (m.span() for m in _DOUBLED.finditer(case.plain) if m[1] not in _SAID_TWICE)
