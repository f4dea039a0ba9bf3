"""Which letters a text must hold for a pattern of re2 to match in it: what Aho-Corasick can look for beforehand."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import ahocorasick_rs

MOST = 400  # wordings that a piece of a pattern is written out as
CHOICES = 3  # of one pattern that are looked for, those that tell most
LONG = 12  # letters of a wording; more hardly say more
_TOKEN = re.compile(
    r"\\x[0-9a-f]{2}|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?:|\{\d+(?:,\d*)?\}|[^\\\[\](){}?*+.^$|\n]+(?![?*+{])|.",
    re.DOTALL,
)
_FEW = re.compile(r"\[((?:\\[^a-z0-9]|\\s|[^\\\[\]^-])+(?:-|\\-)?)\]", re.DOTALL)  # a class that lists its characters
_IN_CLASS = re.compile(r"\\.|.", re.DOTALL)

_COMMON = frozenset("abcdefghijklmnopqrstuvwxyz ,.-'")

Choice = frozenset[str]


def collapsed(plain: str) -> str:
    """A plain text with one blank for all that stands between words, and one at both ends.

    >>> collapsed("as soon\\n as")
    ' as soon as '
    """
    return " ".join(["", *plain.split(), ""])


@dataclass(frozen=True)
class _Piece:
    """What a piece of a pattern matches: all its wordings, if few, else choices of one wording each that it holds."""

    wordings: Choice | None = None
    held: tuple[Choice, ...] = ()

    @property
    def choices(self) -> tuple[Choice, ...]:
        if self.wordings is None:
            return self.held
        return () if "" in self.wordings else (self.wordings,)


_ANY, _EMPTY, _BLANK = _Piece(), _Piece(frozenset([""])), _Piece(frozenset([" "]))
_ESCAPED = {**dict.fromkeys("sn", _BLANK), **dict.fromkeys("bBAz", _EMPTY), **dict.fromkeys("wWdDS", _ANY)}


class Needles:
    """One automaton over the letters that many patterns need; each choice of letters is one bit of a number.

    >>> known = Needles({0: "refunds? today", "soon": "soon|in a while"})
    >>> held = known.held("a refund comes in a while")
    >>> known.numbers(held), known.may_match("soon", held), known.may_match("later", held)
    ([], True, False)
    """

    def __init__(self, sources: Mapping[str | int, str]) -> None:
        bits: dict[str, int] = {}
        self.needed: dict[str | int, int] = {}
        count = 0
        for name, source in sources.items():
            needed = 0
            for choice in sorted(filter(_is_seldom, needles(source)), key=worth, reverse=True)[:CHOICES]:
                needed |= 1 << count
                for letters in choice:
                    bits[letters] = bits.get(letters, 0) | 1 << count
                count += 1
            self.needed[name] = needed
        self.bits = list(bits.values())
        self.automaton = ahocorasick_rs.AhoCorasick(list(bits)) if bits else None
        self.numbered = [(name, needed) for name, needed in self.needed.items() if isinstance(name, int)]

    def held(self, plain: str) -> int:
        """The bits of all choices of which the text holds one."""
        held = 0
        if self.automaton:
            found = self.automaton.find_matches_as_indexes(collapsed(plain), overlapping=True)
            for i in {m[0] for m in found}:
                held |= self.bits[i]
        return held

    def numbers(self, held: int) -> list[int]:
        """The patterns called by a number that may match."""
        return [name for name, needed in self.numbered if held & needed == needed]

    def may_match(self, name: str | int, held: int) -> bool:
        """False if a pattern matches nowhere in the text, or nothing is known by this name."""
        needed = self.needed.get(name)
        return needed is not None and held & needed == needed


class _Unknown(Exception):
    """A sign whose meaning is not known here."""


def needles(source: str) -> tuple[Choice, ...]:
    """Choices of letters of which a collapsed text holds one each wherever the pattern matches; () if none is known.

    >>> [sorted(choice) for choice in needles(r"\\b(?:as\\s+soon|when)\\s+we .*[ck]an")]
    [['as soon we ', 'when we '], ['can', 'kan']]
    >>> needles(r"\\d+|we"), needles(r"\\pL x")
    ((), ())
    """
    tokens = _TOKEN.findall(source)
    try:
        piece, end = _alternatives(tokens, 0)
    except (_Unknown, IndexError):
        return ()
    return tuple(_shortest(choice) for choice in piece.choices) if end == len(tokens) else ()


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
    best = [max(p.choices, key=worth, default=None) for p in pieces]
    known = [choice for choice in best if choice is not None]
    return _Piece(held=(frozenset().union(*known),)) if len(known) == len(pieces) else _ANY


def _sequence(tokens: list[str], i: int) -> tuple[_Piece, int]:
    held: list[Choice] = []
    run: Choice = frozenset([""])
    is_whole = True
    while i < len(tokens) and tokens[i] not in ("|", ")"):
        piece, i = _repeated(tokens, i)
        wordings = piece.wordings
        if wordings is not None and len(run) * len(wordings) <= MOST and (len(wordings) == 1 or worth(run)[0] < LONG):
            run = frozenset([a + b[a[-1:] == " " == b[:1] :] for a in run for b in wordings])
            continue
        is_whole = False
        held += [run, *piece.held]
        run = frozenset([""]) if wordings is None else wordings
    return (_Piece(run) if is_whole else _Piece(held=tuple(c for c in (*held, run) if "" not in c))), i


def _repeated(tokens: list[str], i: int) -> tuple[_Piece, int]:
    piece, i = _single(tokens, i)
    while i < len(tokens) and (tokens[i] in ("?", "*", "+") or tokens[i].startswith("{")):
        sign, i = tokens[i], i + 1
        if sign == "{":
            raise _Unknown
        may_lack = sign in ("?", "*") or sign.startswith("{0")
        if piece in (_BLANK, _EMPTY) or (sign == "?" and piece.wordings is not None):
            piece = _Piece(piece.wordings | {""}) if may_lack and piece.wordings else piece
        else:
            piece = _ANY if may_lack else _Piece(held=piece.choices)
    return piece, i


def _single(tokens: list[str], i: int) -> tuple[_Piece, int]:
    token = tokens[i]
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
    if token[0] == "\\":
        if len(token) == 4:
            return _Piece(frozenset([chr(int(token[2:], 16))])), i + 1
        if token[1:] not in _ESCAPED and token[1:].isalnum():
            raise _Unknown
        return _ESCAPED.get(token[1:], _Piece(frozenset([token[1:]]))), i + 1
    if token in ("^", "$"):
        return _EMPTY, i + 1
    if token in ("?", "*", "+", "[", "\\") or token[0] == "{":
        raise _Unknown
    return _ANY if token == "." else _Piece(frozenset([" " if token == "\n" else token])), i + 1


def worth(choice: Iterable[str]) -> tuple[int, int]:
    """How seldom a choice may occur: the length of its shortest wording, then how few there are."""
    lengths = [len(wording) for wording in choice]
    return min(lengths), -len(lengths)


def _is_seldom(choice: Choice) -> bool:
    """False if one of the wordings stands in nearly every text."""
    return not any(len(wording) < 3 and _COMMON.issuperset(wording) for wording in choice)


def _shortest(choice: Choice) -> Choice:
    """A choice cut to LONG letters, without what begins like another of its wordings."""
    cut = {wording[:LONG] for wording in choice}
    return frozenset(w for w in cut if not any(w[:n] in cut for n in range(1, len(w))))
