"""Which letters a text must hold for a pattern of re2 to match in it: what Aho-Corasick can look for beforehand."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import ahocorasick_rs

MOST = 400  # wordings that a piece of a pattern is written out as
WAYS = 40  # in which a pattern can match, each with letters of its own
CHOICES = 3  # of one way that are looked for, those that tell most
LONG = 12  # letters of a wording; more hardly say more
_PLAIN = r"(?:[^\\\[\](){}?*+.^$|\n]|\\s\+)"
_TOKEN = re.compile(
    rf"\(\?:(?:{_PLAIN}|\|)+\)|{_PLAIN}+(?![?*+{{])"
    r"|\\x[0-9a-f]{2}|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?:|\{\d+(?:,\d*)?\}|.",
    re.DOTALL,
)
_FEW = re.compile(r"\[((?:\\[^a-z0-9]|\\s|[^\\\[\]^-])+(?:-|\\-)?)\]", re.DOTALL)  # a class that lists its characters
_IN_CLASS = re.compile(r"\\.|.", re.DOTALL)

_COMMON = frozenset("abcdefghilmnoprstuvwy ,.-'")  # letters and signs that two of say little

Choice = frozenset[str]
Way = tuple[Choice, ...]


def collapsed(plain: str) -> str:
    """A plain text with one blank for all that stands between words, and one at both ends.

    >>> collapsed("as soon\\n as")
    ' as soon as '
    """
    text = f" {plain} ".replace("\n", " ")
    while "  " in text:
        text = text.replace("  ", " ")
    return text


class Needles:
    """One automaton over the letters that many patterns need.

    >>> Needles({0: "refunds? today", "soon": "soon|in a while"}).may_match("a refund comes in a while")
    {'soon'}
    """

    def __init__(self, sources: Mapping[int | str, str]) -> None:
        self.always: set[int | str] = set()  # those that need no letters
        enough: dict[str, set[int | str]] = {}  # by a wording that is all that they need
        holds: dict[str, set[Choice]] = {}  # the choices of longer ways by the wordings of which they hold one
        self.longer: dict[Choice, list[tuple[int | str, frozenset[Choice]]]] = {}  # by the first choice of a way
        for name, source in sources.items():
            for way in needles(source):
                for choice in way:
                    for wording in choice:
                        holds.setdefault(wording, set()).update([choice] if len(way) > 1 else [])
                        enough.setdefault(wording, set()).update([name] if len(way) == 1 else [])
                if len(way) > 1:
                    self.longer.setdefault(way[0], []).append((name, frozenset(way)))
                elif not way:
                    self.always.add(name)
        self.enough, self.holds = list(enough.values()), list(holds.values())
        self.automaton = ahocorasick_rs.AhoCorasick(list(holds)) if holds else None

    def may_match(self, plain: str) -> set[int | str]:
        """The names of the patterns that may match in the text: no other does."""
        if self.automaton is None:
            return self.always
        found = {i for i, _, _ in self.automaton.find_matches_as_indexes(collapsed(plain), overlapping=True)}
        names = self.always.union(*map(self.enough.__getitem__, found))
        held = set[Choice]().union(*map(self.holds.__getitem__, found))
        for first in held & self.longer.keys():
            names.update([name for name, way in self.longer[first] if way <= held])
        return names


class _Unknown(Exception):
    """A sign whose meaning is not known here."""


class _Piece(NamedTuple):
    """What a piece of a pattern matches: all its wordings, if few, else the ways in which it can match."""

    wordings: Choice | None = None
    ways: tuple[Way, ...] = ((),)

    @property
    def needs(self) -> tuple[Way, ...]:
        """The ways, of which none without a choice can be told from others."""
        return self.ways if self.wordings is None else (_told(self.wordings),)


_NOTHING = frozenset([""])
_ANY, _EMPTY, _BLANK = _Piece(), _Piece(_NOTHING), _Piece(frozenset([" "]))
_ESCAPED = {**dict.fromkeys("sn", _BLANK), **dict.fromkeys("bBAz", _EMPTY), **dict.fromkeys("wWdDS", _ANY)}


def needles(source: str) -> tuple[Way, ...]:
    """The ways in which a pattern can match, each with choices of letters of which a collapsed text holds one each.

    A way without a choice can always match.

    >>> [[sorted(choice) for choice in way] for way in needles(r"\\b(?:as\\s+soon|when)\\s+we .*[ck]ann|later .*on to")]
    [[['as soon we ', 'when we '], ['cann', 'kann']], [['later '], ['on to']]]
    >>> needles(r"\\d+|we"), needles(r"\\pL soon")
    (((),), ((),))
    """
    tokens = _TOKEN.findall(source)
    try:
        piece, end = _alternatives(tokens, 0)
    except (_Unknown, IndexError):
        return _ANY.ways
    return piece.needs if end == len(tokens) else _ANY.ways


def _alternatives(tokens: list[str], i: int) -> tuple[_Piece, int]:
    """What stands between | up to a closing bracket or the end, and the place of that."""
    pieces = []
    while True:
        piece, i = _sequence(tokens, i)
        pieces.append(piece)
        if i == len(tokens) or tokens[i] == ")":
            return (_one_of(pieces) if len(pieces) > 1 else piece), i
        i += 1


def _one_of(pieces: list[_Piece]) -> _Piece:
    wordings = [p.wordings for p in pieces if p.wordings is not None]
    if len(wordings) == len(pieces):
        return _Piece(frozenset().union(*wordings))
    return _Piece(ways=_few([way for p in pieces for way in p.needs], WAYS))


def _few(ways: list[Way], most: int) -> tuple[Way, ...]:
    """The ways with all those of one choice as one; of too many the best choices are one."""
    if not all(ways):
        return _ANY.ways
    simple = [way for way in ways if len(way) == 1]
    others = list(dict.fromkeys(way for way in ways if len(way) > 1))
    if len(others) + bool(simple) > most:
        simple, others = [(max(way, key=worth),) for way in ways], []
    return (*others, *([(_shortest(frozenset().union(*(choice for (choice,) in simple))),)] if simple else []))


def _sequence(tokens: list[str], i: int) -> tuple[_Piece, int]:
    ways: tuple[Way, ...] = ((),)
    run = _NOTHING
    is_whole = True
    while i < len(tokens) and tokens[i] not in ("|", ")"):
        piece, i = _repeated(tokens, i)
        wordings = piece.wordings
        if wordings is not None and len(run) * len(wordings) <= MOST:
            run = wordings if run is _NOTHING else _joined(run, wordings)
            continue
        is_whole = False
        ways = _both(_both(ways, (_told(run),)), piece.ways)
        run = _NOTHING if wordings is None else wordings
    return (_Piece(run) if is_whole else _Piece(ways=_both(ways, (_told(run),)))), i


def _joined(first: Choice, second: Choice) -> Choice:
    return frozenset([a + b[a[-1:] == " " == b[:1] :] for a in first for b in second])


def _both(first: tuple[Way, ...], second: tuple[Way, ...]) -> tuple[Way, ...]:
    """The ways to match one thing after another."""
    if len(first) * len(second) > WAYS:
        second = _few(list(second), 1)
    if len(first) * len(second) > WAYS:
        first = _few(list(first), 1)
    joined = (dict.fromkeys((*a, *b)) for a in first for b in second)
    return tuple(tuple(sorted(choices, key=worth, reverse=True)[:CHOICES]) for choices in joined)


def _told(choice: Choice) -> Way:
    """A choice as a way to match, if it tells anything: not where one of its wordings stands in nearly every text."""
    if any(len(wording.strip()) < 3 and _COMMON.issuperset(wording) for wording in choice):
        return ()
    return (_shortest(choice),)


def _repeated(tokens: list[str], i: int) -> tuple[_Piece, int]:
    piece, i = _single(tokens, i)
    while i < len(tokens) and (tokens[i] in ("?", "*", "+") or tokens[i].startswith("{")):
        sign, i = tokens[i], i + 1
        if sign == "{":
            raise _Unknown
        may_lack = sign in ("?", "*") or sign.startswith("{0")
        if piece in (_BLANK, _EMPTY) or (sign == "?" and piece.wordings is not None):
            piece = _Piece(piece.wordings | {""}) if may_lack and piece.wordings else piece
        elif may_lack:
            piece = _ANY
        elif piece.wordings is not None and len(piece.wordings) == 1:
            least = int(re.findall(r"\d+", sign)[0]) if sign != "+" else 1  # x{3,12} holds xxx
            piece = _Piece(ways=(_told(frozenset([w * min(least, LONG) for w in piece.wordings])),))
        else:
            piece = _Piece(ways=piece.needs)
    return piece, i


def _single(tokens: list[str], i: int) -> tuple[_Piece, int]:
    token = tokens[i]
    if token[:3] == "(?:" and len(token) > 3:  # a list of words
        return _Piece(frozenset(_blanks(token[3:-1]).split("|"))), i + 1
    if token in ("(", "(?:"):
        piece, end = _alternatives(tokens, i + 1)
        if tokens[end] != ")":
            raise _Unknown
        return piece, end + 1
    if len(token) > 1 and token[0] == "[":
        few = _FEW.fullmatch(token)
        if few:
            return _Piece(frozenset(" " if c in ("\\s", "\n") else c[-1] for c in _IN_CLASS.findall(few[1]))), i + 1
        if "[:" in token[1:]:
            raise _Unknown
        return _ANY, i + 1
    if token[0] == "\\" and token[:3] != "\\s+":
        if len(token) == 4:
            return _Piece(frozenset([chr(int(token[2:], 16))])), i + 1
        if token[1:] not in _ESCAPED and token[1:].isalnum():
            raise _Unknown
        return _ESCAPED.get(token[1:], _Piece(frozenset([token[1:]]))), i + 1
    if token in ("^", "$"):
        return _EMPTY, i + 1
    if token in ("?", "*", "+", "[", "\\") or token[0] == "{":
        raise _Unknown
    return _ANY if token == "." else _Piece(frozenset([_blanks(token)])), i + 1


def _blanks(plain: str) -> str:
    return re.sub(" +", " ", plain.replace("\\s+", " ").replace("\n", " "))


def worth(choice: Iterable[str]) -> tuple[int, int]:
    """How seldom a choice may occur: the length of its shortest wording, then how few there are."""
    lengths = [len(wording) for wording in choice]
    return min(lengths), -len(lengths)


def _shortest(choice: Choice) -> Choice:
    """A choice cut to LONG letters, without what begins like another of its wordings."""
    kept: list[str] = []
    for wording in sorted({wording[:LONG] for wording in choice}):
        if not (kept and wording.startswith(kept[-1])):
            kept.append(wording)
    return frozenset(kept)
