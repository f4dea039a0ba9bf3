"""Does it fit? Finds the model that a buyer asks about in the seller's lists: yes, no or unknown, never a guess."""

from collections.abc import Iterable
from typing import NamedTuple

import re2
from rapidfuzz.fuzz import ratio

from suggest.templates import fold

_TOKEN = re2.compile(r"[a-z]+|[0-9]+(?:[.,][0-9]+)*|[^\W0-9a-z_]+")
_TYPE_NUMBER = re2.compile(r"[a-z]-?[0-9]|[0-9]-?[a-z]")  # GSR 12V-15 needs no brand before it, desk 140 does
# After a model's name these make it another model.
_VARIANTS = (
    "pro", "max", "plus", "mini", "ultra", "lite", "se", "fe", "air", "xl", "xs", "xr", "s", "i", "ii", "iii", "iv",
    "v", "vi", "x", "neo", "edge", "fold", "flip", "gen", "generation", "mk", "mark", "series", "classic", "sport",
    "touring", "gti", "gtd", "rs", "st", "tdi", "tsi", "hdi", "dci", "cdi", "turbo", "hybrid", "junior", "kids",
)  # fmt: skip


def asked_model(message: str, fits: Iterable[str], fits_not: Iterable[str]) -> tuple[str, str]:
    """("yes", model), ("no", model) or ("unknown", "").

    Letters may hold a slip of the keyboard, numbers may not. A longer name wins over a shorter one, and a model
    that goes on ("iPhone 14 Pro" where the list says "iPhone 14") is not the listed one.

    >>> asked_model("Will it fit my Galaxy S21?", ["Galaxy S21", "Galaxy S22"], ["Galaxy S21 FE"])
    ('yes', 'Galaxy S21')
    >>> asked_model("Will it fit my galaxy s21 fe?", ["Galaxy S21"], ["Galaxy S21 FE"])
    ('no', 'Galaxy S21 FE')
    >>> asked_model("Will it fit my Galaxy S23 or S21 Ultra?", ["Galaxy S21"], [])
    ('unknown', '')
    >>> asked_model("passt das an die GSR12V-15?", ["Bosch GSR 12V-15"], [])
    ('yes', 'Bosch GSR 12V-15')
    """
    text = fold(message)
    words = list(_TOKEN.finditer(text))
    read = _Read(text, [w.group() for w in words], [w.end() for w in words])
    lists = (("yes", fits), ("no", fits_not))
    hits = [(length, answer, model) for answer, models in lists for model in models if (length := _length(model, read))]
    best = max((length for length, _, _ in hits), default=0)
    answers = {(answer, model) for length, answer, model in hits if length == best}
    if len({answer for answer, _ in answers}) != 1:
        return "unknown", ""
    longest = [fold(model) for _, model in answers]
    one_model = all(any(fold(model) in long for long in longest) for _, _, model in hits)
    return min(answers) if one_model or len({answer for _, answer, _ in hits}) == 1 else ("unknown", "")


class _Read(NamedTuple):
    """A message, its tokens and where each ends."""

    text: str
    tokens: list[str]
    ends: list[int]


def _length(model: str, read: _Read) -> int:
    """How many tokens of the model's name stand in the message in a row; 0 if it is not there whole."""
    _, _, rest = fold(model).partition(" ")
    short = _TOKEN.findall(rest) if _TYPE_NUMBER.search(rest) and len(rest) >= 5 else []
    return max(_hit(_TOKEN.findall(fold(model)), read), _hit(short, read))


def _hit(name: list[str], read: _Read) -> int:
    if sum(map(len, name)) < 2:
        return 0
    for at in range(len(read.tokens) - len(name) + 1):
        span = read.tokens[at : at + len(name)]
        if all(map(_same, name, span)) and not _goes_on(read, at + len(name) - 1):
            return len(name)
    return 0


def _same(ours: str, theirs: str) -> bool:
    if ours == theirs:
        return True
    is_word = ours.isalpha() and theirs.isalpha() and min(len(ours), len(theirs)) >= 5
    return is_word and abs(len(ours) - len(theirs)) <= 1 and ratio(ours, theirs) >= 85


def _goes_on(read: _Read, last: int) -> bool:
    """True if the name does not end here: "14 Pro", "VX300L", "VX300-L", "Golf 7 2015"."""
    if last + 1 == len(read.tokens):
        return False
    after = read.tokens[last + 1]
    between = read.text[read.ends[last] : read.ends[last + 1] - len(after)]
    glued = between in ("", "-", "/", ".") and after[0].isascii() and after != "s"
    return glued or after in _VARIANTS or after[0].isdigit()
