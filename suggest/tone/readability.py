"""How easily a long reply reads: one number by the published formula of its language, higher is easier."""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

from suggest.tone.reading import Reading, words_in

if TYPE_CHECKING:
    from pyphen import Pyphen

LONG_IN_WORDS = 60  # from here on a formula says anything
LONG_IN_CHARACTERS = 150  # the same in Japanese
LONGEST_WORD = 60  # letters; what is longer is none
SHORTEST_SENTENCE = 4  # words; in Japanese twice as many characters: what is shorter is a greeting or a heading

# Words in a sentence, and syllables in a word, cost so much; the lists of hyphens that find the syllables
FLESCH = {
    "en": (206.835, 1.015, 84.6, "en_US"),  # Flesch 1948; hyphens find too few syllables, which errs to no hint
    "de": (180.0, 1.0, 58.5, "de_DE"),  # Amstad 1978
    "fr": (207.0, 1.015, 73.6, "fr"),  # Kandel and Moles 1958
    "es": (206.835, 1.0, 62.3, "es"),  # Szigriszt-Pazos 1993
}
# What each scale calls very hard; Tateisi's has a mean of 50 and a deviation of 10
HARD = {"en": 30.0, "de": 30.0, "fr": 30.0, "es": 40.0, "it": 40.0, "ja": 20.0}

_RUNS = {"kanji": "[一-龥々]", "hiragana": "[ぁ-ゖー]", "katakana": "[ァ-ヺー]", "latin": "[A-Za-z]"}
_RUN = re.compile("|".join(f"(?P<{name}>{letters}+)" for name, letters in _RUNS.items()))


def is_hard(reading: Reading) -> bool:
    """True for a long reply that is very hard to read; a short one is as hard as its longest sentence.

    >>> is_hard(Reading.of("We refund you today. The money is with you on Friday. " * 10, "en"))
    False
    """
    score = ease(reading)
    return score is not None and score < HARD[reading.language]


def ease(reading: Reading) -> float | None:
    """Reading ease by the formula of the language; None for what is too short to be measured.

    >>> round(ease(Reading.of("Wir erstatten heute. Das Geld ist am Freitag da. " * 10, "de")))
    106
    """
    sentences = [reading.shown[a:b] for a, b in reading.sentences]
    if reading.language == "ja":
        return _tateisi([s for s in sentences if len(s) >= 2 * SHORTEST_SENTENCE])
    words = [found for s in sentences if len(found := words_in(s)) >= SHORTEST_SENTENCE]
    n_words = sum(map(len, words))
    if n_words < LONG_IN_WORDS:
        return None
    if reading.language == "it":  # Gulpease: Lucisano and Piemontese 1988
        return 89 + (300 * len(words) - 10 * sum(len(w) for found in words for w in found)) / n_words
    base, per_word, per_syllable, _ = FLESCH[reading.language]
    n_syllables = sum(_syllables(w, reading.language) for found in words for w in found)
    return base - per_word * n_words / len(words) - per_syllable * n_syllables / n_words


def _tateisi(sentences: Sequence[str]) -> float | None:
    """Tateisi, Ono and Yamada 1988: lengths of sentences and of runs of one script, commas for each full stop."""
    n_characters = sum(len("".join(s.split())) for s in sentences)
    if n_characters < LONG_IN_CHARACTERS:
        return None
    runs = sorted((str(m.lastgroup), len(m.group())) for s in sentences for m in _RUN.finditer(s))
    lengths = {name: [n for _, n in found] for name, found in groupby(runs, key=lambda run: run[0])}
    mean = {name: sum(found) / len(found) for name, found in lengths.items()}
    commas = sum(s.count("、") + s.count(",") for s in sentences) / len(sentences)
    return (
        115.79
        - 0.12 * n_characters / len(sentences)
        - 1.37 * mean.get("latin", 0.0)
        + 7.4 * mean.get("hiragana", 0.0)
        - 23.18 * mean.get("kanji", 0.0)
        - 5.4 * mean.get("katakana", 0.0)
        - 4.67 * commas
    )


@cache
def _hyphens(language: str) -> "Pyphen":
    from pyphen import Pyphen

    return Pyphen(lang=FLESCH[language][3], left=1, right=1)


@lru_cache(maxsize=20_000)
def _syllables(word: str, language: str) -> int:
    """Syllables of a word, found by the places where it may be divided.

    >>> [_syllables(w, "de") for w in ("Rücksendung", "Lieferung", "Paket")], _syllables("devolución", "es")
    ([3, 3, 2], 4)
    """
    hyphens = _hyphens(language)
    found = len(hyphens.positions(word[:LONGEST_WORD].lower())) + 1
    hyphens.hd.cache.clear()  # it would keep every word that it ever met; what is kept here is bounded
    return found
