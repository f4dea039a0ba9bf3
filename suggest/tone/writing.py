"""Hints on how a reply is written: words that are misspelt, sentences that are too long, replies that are hard."""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

from suggest.tone.case import Case
from suggest.tone.readability import is_hard
from suggest.tone.reading import fold
from suggest.tone.rules import FOLDER, Finding, Rule, read_rules

SPELT = ("en", "de", "fr", "es", "it")  # Japanese has no misspelt words, only wrong ones
SPELT_THROUGH = 2_000  # characters: no channel takes more, and to correct pages of no language takes long
SHORTEST = 5  # letters of a word that is looked at; German nouns, which names look like, have more
SHORTEST_NOUN = 7
COMMON = 300  # how often a right word stands in the word list of subtitles, where several words are near
LONGEST_SENTENCE = {"ja": 100}  # characters, as in Japanese guides to technical writing
LONGEST_IN_WORDS = 40

# A word on its own: no part of an address, a file name, an id or a compound with a hyphen
_WORD = re.compile(r"(?<![\w@./\\_#&;'’-])[^\W\d_]+(?:['’][^\W\d_]+)*(?![\w@/\\_#{}-]|[.:]\S)", re.UNICODE)
_TITLE = re.compile(r"(?:frau|herrn?|liebe[rs]?|hallo|guten tag|familie|von) (?:\w+ )?$")
_ENCLITIC = re.compile(r"(?:me|te|se|nos|os|l[oaei]s?|mi|ti|si|ci|vi|ne|gli|gliel[oaei]|[mtcv]el[oaei])$")
_PREFIX = re.compile(r"^(?:pre|ri|re|ré|r|dis|dés?|in|im|un|non|anti|auto|inter|micro|mini|multi|super|sub|over|trans)")
_LINKS = ("", "s", "es", "n", "en", "e", "er")  # between the parts of a German compound


@cache
def rules() -> dict[str, Rule]:
    """The rules of this room by id."""
    return {rule.id: rule for rule in read_rules(FOLDER / "writing.toml", language="en").rules}


def hints(case: Case) -> Iterator[Finding]:
    """Misspelt words, each with the right one, long sentences, and the longest one of a reply that is hard to read.

    >>> from suggest.tone.reading import Reading
    >>> [(f.text, f.instead) for f in hints(Case(Reading.of("We recieved it today, Mr Osei.", "en")))]
    [('recieved', 'received')]
    """
    text = case.reading.text
    for start, end, right in _misspelt(case):
        yield Finding.of(rules()["misspelt"], text, *case.reading.original(start, end), instead=right)
    for start, end in case.reading.sentences:
        if _is_long(case.plain[start:end], case.reading.language):
            yield Finding.of(rules()["long-sentence"], text, *_from_its_first_letter(case, start, end))
    if is_hard(case.reading):
        longest = max(case.reading.sentences, key=lambda sentence: sentence[1] - sentence[0])
        yield Finding.of(rules()["hard-to-read"], text, *_from_its_first_letter(case, *longest))


def _from_its_first_letter(case: Case, start: int, end: int) -> tuple[int, int]:
    said = case.plain[start:end]
    return case.reading.original(start + len(said) - len(said.lstrip()), end)


def _is_long(sentence: str, language: str) -> bool:
    if language in LONGEST_SENTENCE:
        return len("".join(sentence.split())) > LONGEST_SENTENCE[language]
    return len(sentence) > LONGEST_IN_WORDS and len(sentence.split()) > LONGEST_IN_WORDS


def _misspelt(case: Case) -> Iterator[tuple[int, int, str]]:
    language = case.reading.language
    if language not in SPELT:
        return
    left_alone = _named(case)
    for m in _WORD.finditer(case.reading.shown, 0, SPELT_THROUGH):
        word = m.group().replace("’", "'")
        if word != word.lower() and not _is_noun(case, word, m.start()):
            continue
        right = correction(word.lower(), language)
        if right and fold(word) not in left_alone and not case.reading.is_quoted(*m.span()):
            yield *m.span(), right.capitalize() if word[0].isupper() else right


def _is_noun(case: Case, word: str, start: int) -> bool:
    """True for a German noun that is not a name by its place: Frau Vogt."""
    if case.reading.language != "de" or len(word) < SHORTEST_NOUN or word[1:] != word[1:].lower():
        return False
    return not _TITLE.search(case.plain[max(0, start - 40) : start])


def _named(case: Case) -> frozenset[str]:
    """Words of the buyer's message and of the order: how they are written is not ours to say."""
    order = case.order
    texts: list[Any] = [case.message]
    if order is not None:
        texts += [order.buyer_name, order.product_name, order.carrier, order.product_specs, order.manual_steps]
    plain = (fold(str(t)) for t in texts if t)
    return frozenset(w for t in plain for w in re.findall(r"\w+(?:'\w+)*", t))


@lru_cache(maxsize=50_000)
def correction(word: str, language: str) -> str:
    """The common word that one change makes of this one, or "" where it is known or nothing is near.

    A change at the first letter, or of the ending alone, is more often another word or form than a slip.

    >>> [correction(w, c) for w, c in (("recieved", "en"), ("pakets", "de"), ("recibdo", "es"), ("lumora", "it"))]
    ['received', '', 'recibido', '']
    """
    if len(word) < (4 if language in ("es", "fr", "it") else SHORTEST) or len(word) > 30 or is_known(word, language):
        return ""
    speller = _speller(language)
    near = [w for w in speller.edit_distance_1(word) if _is_slip(word, w) and _is_listed(w, language)]
    best = max(near, key=lambda w: (fold(w) == fold(word), len(w), speller[w], w), default="")
    return best if len(near) == 1 or any(speller[w] >= COMMON for w in near) else ""


def _is_slip(word: str, right: str) -> bool:
    if not (word.isascii() and right.isascii()) and fold(word) == fold(right):
        return True
    same_ending = word[-1] == right[-1] and word[:-1] != right
    return len(word) >= SHORTEST and word[0] == right[0] and same_ending and word not in right and "'" not in word


def is_known(word: str, language: str) -> bool:
    """True if a word list has the word, its parts, or what is left without what grammar adds.

    >>> [is_known(w, "de") for w in ("rücksendeetikett", "bestelung")], is_known("devolverle", "es")
    ([True, False], True)
    """
    if _is_listed(word, language):
        return True
    if "'" in word:  # l'appareil, dell'ordine, we've
        return all(len(part) < SHORTEST or is_known(part, language) for part in word.split("'"))
    if language != "en" and _is_listed(word, "en"):  # team, account, smartphone
        return True
    if language == "de":
        return _is_compound(word)
    if language in ("es", "it") and _is_with_pronoun(word, language):
        return True
    prefix = _PREFIX.match(word)
    return prefix is not None and len(word) - prefix.end() >= 4 and _is_listed(word[prefix.end() :], language)


def _is_compound(word: str, depth: int = 0) -> bool:
    heads = (i for i in range(3, len(word) - 2) if _is_listed(word[:i], "de"))
    rests = (word[i + len(link) :] for i in heads for link in _LINKS if word[i:].startswith(link))
    return any(
        len(rest) >= 3 and (_is_listed(rest, "de") or (depth < 2 and len(rest) > 6 and _is_compound(rest, depth + 1)))
        for rest in rests
    )


def _is_with_pronoun(word: str, language: str) -> bool:
    """Devolverle, púlselo, inviarcelo: a form of a verb with the pronouns that hang on it."""
    for _ in range(2):
        m = _ENCLITIC.search(word)
        if m is None:
            return False
        word = word[: m.start()]
        bare = word.translate(str.maketrans("áéíóú", "aeiou"))
        if len(word) >= 3 and any(_is_listed(w, language) for w in (word, bare, bare + "e")):
            return True
    return False


@lru_cache(maxsize=100_000)
def _is_listed(word: str, language: str) -> bool:
    import simplemma

    return word in _speller(language) or bool(simplemma.is_known(word, lang=language))


@cache
def _speller(language: str) -> Any:
    from spellchecker import SpellChecker

    return SpellChecker(language=language, distance=1)
