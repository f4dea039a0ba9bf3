"""Which letters a text must hold for a pattern of re2 to match in it: what Aho-Corasick can look for beforehand."""

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from functools import reduce
from operator import itemgetter, or_
from types import MappingProxyType
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
_FEW = re.compile(r"\[((?:[0-9a-z]-[0-9a-z]|\\[^a-z0-9]|\\[sd]|[^\\\[\]^-])+(?:-|\\-)?)\]", re.DOTALL)  # characters
_IN_CLASS = re.compile(r"([0-9a-z])-([0-9a-z])|\\.|.", re.DOTALL)

_COMMON = frozenset("abcdefghilmnoprstuvwy ,.-'")  # letters and signs that two of say little
_BOUND = "\b"  # in a wording: a word begins or ends here
_IN_WORD = re.compile(r"[0-9A-Za-z_]|[^\x00-\x7f]")
_BOUNDS = re.compile(r"(?<=[0-9A-Za-z_])[\b]+|[\b]+(?=[0-9A-Za-z_])")
_PLAIN_WORD = re.compile(r"([\b]*)(?:([A-Za-z_ ]+)|([^\x00-\x7f]+))([\b]*)")
_GOES_ON = "\a"  # in a wording that a pattern surely matches: letters may follow
_WORD = re.compile(r"[\b]*[A-Za-z_]+\a?[\b]*|[^\x00-\x7f]+")
_APART = b"\x01"  # for a comma that follows a blank
_SIGNS = re.compile(rb"[$%@()\[\]{}<>*?^~#:/\x01]")  # that tell something, unlike those between words
_SPACED = bytes(
    i if i > 127 or chr(i).isalpha() or i == ord("_") or _SIGNS.match(bytes([i])) else b" 0"[chr(i).isdigit()]
    for i in range(256)
)
_BEYOND = re.compile(rb"[\x80-\xff]+")

Choice = frozenset[str]
Way = tuple[Choice, ...]


def spaced(text: bytes) -> bytes:
    """A text with a blank for all that stands between words of ASCII, 0 for a number, other letters as words apart.

    So every end of a word is a blank, which tells "if" from "gift".

    >>> spaced("as soon\\n as (id中) 25%, it's".encode()).decode()
    ' as soon as ( id 中 ) 0 % it s '
    """
    if not text.isascii():
        text = _BEYOND.sub(rb" \g<0> ", text)
    if b" ," in text or b"\n," in text:
        text = text.replace(b" ,", _APART).replace(b"\n,", _APART)
    text = text.translate(_SPACED)
    if _SIGNS.search(text):
        text = _SIGNS.sub(rb" \g<0> ", text)
    while b"00" in text:
        text = text.replace(b"00", b"0")
    return b" %b " % b" ".join(text.split())


class Needles:
    """One automaton over the letters that many patterns need; sets of patterns are the bits of an integer.

    >>> needles = Needles({"refund": "refunds? today", "soon": r"\\bsoon\\b|in a while", "when": "when"})
    >>> perhaps, surely = needles.found(b"a refund comes soon")
    >>> [name for name, bit in needles.bits.items() if perhaps & bit]
    ['soon']
    """

    def __init__(
        self,
        sources: Mapping[int | str, str],
        always: Container[int | str] = (),
        phrases: Mapping[str, Iterable[str]] = MappingProxyType({}),
    ) -> None:
        self.bits: dict[int | str, int] = {name: 1 << i for i, name in enumerate((*sources, *phrases))}
        pieces = {name: _ANY if name in always else _read(source) for name, source in sources.items()}
        pieces |= {name: _Piece(frozenset(w[:LONG] for w in wordings)) for name, wordings in phrases.items()}
        self.always = 0  # the patterns that need no letters
        self.longer: dict[int, list[tuple[int, int]]] = {}  # by the first choice of a way: all its choices, its pattern
        masks: dict[str, int] = {}  # by wording: what it makes likely, further left what it makes sure, then choices
        choices: dict[Choice, int] = {}
        for name, piece in pieces.items():
            bit = self.bits[name]
            for word in filter(_WORD.fullmatch, piece.sure):
                literal = _literal(word.split(_GOES_ON)[0])
                masks[literal] = masks.get(literal, 0) | bit | bit << len(pieces)
            for way in piece.needs:
                if not way:
                    self.always |= bit
                elif len(way) == 1:
                    masks |= {wording: masks.get(wording, 0) | bit for wording in way[0]}
                else:
                    places = [choices.setdefault(choice, 2 * len(pieces) + len(choices)) for choice in way]
                    self.longer.setdefault(places[0], []).append((sum({1 << place for place in places}), bit))
        for choice, place in choices.items():
            masks |= {wording: masks.get(wording, 0) | 1 << place for wording in choice}
        self.masks = list(masks.values())
        self.first = sum(1 << place for place in self.longer)
        self.automaton = ahocorasick_rs.BytesAhoCorasick([w.encode() for w in masks]) if masks else None

    def found(self, plain: bytes) -> tuple[int, int]:
        """The patterns that may match in the text, for no other does, and those of them that surely do."""
        if self.automaton is None:
            return self.always, 0
        matches = self.automaton.find_matches_as_indexes(spaced(plain), overlapping=True)
        held = reduce(or_, map(self.masks.__getitem__, map(itemgetter(0), matches)), self.always)
        for place in ones(held & self.first):
            for way, bit in self.longer[place]:
                if held & way == way:
                    held |= bit
        return held, held >> len(self.bits)


def ones(bits: int) -> Iterator[int]:
    """Which bits of a number are 1.

    >>> list(ones(0b101001))
    [0, 3, 5]
    """
    while bits:
        yield (bits & -bits).bit_length() - 1
        bits &= bits - 1


class _Unknown(Exception):
    """A sign whose meaning is not known here."""


class _Piece(NamedTuple):
    """What a piece of a pattern matches: all its wordings, if few, else the ways in which it can match.

    Whatever is a wording of `sure` it does match.
    """

    wordings: Choice | None = None
    ways: tuple[Way, ...] = ((),)
    sure: Choice = frozenset()

    @property
    def needs(self) -> tuple[Way, ...]:
        """The ways, of which none without a choice can be told from others."""
        return self.ways if self.wordings is None else (_told(self.wordings),)


def _all(wordings: Iterable[str]) -> _Piece:
    known = frozenset(wordings)
    return _Piece(known, sure=known)


_NOTHING = frozenset([""])
_ANY, _EMPTY, _BLANK = _Piece(), _Piece(_NOTHING), _all([" "])
_ESCAPED = {
    **dict.fromkeys("sn", _BLANK),
    **dict.fromkeys("BAz", _EMPTY),
    **dict.fromkeys("wWDS", _ANY),
    "d": _all("0"),
    "b": _all([_BOUND]),
}


def needles(source: str) -> tuple[Way, ...]:
    """The ways in which a pattern can match, each with choices of letters of which a spaced text holds one each.

    A way without a choice can always match.

    >>> [[sorted(choice) for choice in way] for way in needles(r"\\b(?:as\\s+soon|when)\\s+we .*[ck]ann|later .*on to")]
    [[[' as soon we ', ' when we '], ['cann', 'kann']], [['later '], ['on to']]]
    >>> needles(r"\\w+|we"), needles(r"\\pL soon"), [sorted(choice) for choice in needles(r"\\b(?:i|ask \\w+)\\b")[0]]
    (((),), ((),), [[' ask ', ' i ']])
    """
    return _read(source).needs


def _read(source: str) -> _Piece:
    tokens = _TOKEN.findall(source)
    try:
        piece, end = _alternatives(tokens, 0)
    except (_Unknown, IndexError):
        return _ANY
    return piece if end == len(tokens) else _ANY


def _alternatives(tokens: list[str], i: int, before: str = "", after: str = "") -> tuple[_Piece, int]:
    r"""What stands between | up to a closing bracket or the end, and the place of that.

    A \b before or after the brackets is one of every alternative.
    """
    pieces = []
    while True:
        piece, i = _sequence(tokens, i, before, after)
        pieces.append(piece)
        if i == len(tokens) or tokens[i] == ")":
            return (_one_of(pieces) if len(pieces) > 1 else piece), i
        i += 1


def _one_of(pieces: list[_Piece]) -> _Piece:
    sure = frozenset[str]().union(*(p.sure for p in pieces))
    wordings = [p.wordings for p in pieces if p.wordings is not None]
    if len(wordings) == len(pieces):
        return _Piece(frozenset().union(*wordings), sure=sure)
    return _Piece(ways=_few([way for p in pieces for way in p.needs], WAYS), sure=sure)


def _few(ways: list[Way], most: int) -> tuple[Way, ...]:
    """The ways with all those of one choice as one; of too many the best choices are one."""
    if not all(ways):
        return _ANY.ways
    simple = [way for way in ways if len(way) == 1]
    others = list(dict.fromkeys(way for way in ways if len(way) > 1))
    if len(others) + bool(simple) > most:
        simple, others = [(max(way, key=worth),) for way in ways], []
    return (*others, *([(_shortest(frozenset().union(*(choice for (choice,) in simple))),)] if simple else []))


def _sequence(tokens: list[str], i: int, before: str, after: str) -> tuple[_Piece, int]:
    ways: tuple[Way, ...] = ((),)
    run = sure = frozenset([before])
    is_whole = True
    while i < len(tokens) and tokens[i] not in ("|", ")"):
        is_bound = all(wording.endswith(_BOUND) for wording in run)
        piece, i = _repeated(tokens, i, _BOUND if is_bound else "", after)
        wordings = piece.wordings
        if wordings is not None and _are_few(run, wordings):
            before_it, run = run, _joined(run, wordings)
            sure = run if sure is before_it and piece.sure is wordings else _sure(sure, piece.sure)
            continue
        sure = _sure(sure, piece.sure)
        is_whole = False
        ways = _both(_both(ways, (_told(run),)), piece.ways)
        run = _NOTHING if wordings is None else wordings
    run, sure = _joined(run, frozenset([after])), _joined(sure, frozenset([after]))
    return (_Piece(run, sure=sure) if is_whole else _Piece(ways=_both(ways, (_told(run),)), sure=sure)), i


def _sure(first: Choice, second: Choice) -> Choice:
    return _joined(first, second) if _are_few(first, second) else frozenset()


def _are_few(first: Choice, second: Choice) -> bool:
    return len(first) == 1 or len(second) == 1 or len(first) * len(second) <= MOST


def _joined(first: Choice, second: Choice) -> Choice:
    return frozenset([a + b[a[-1:] == " " == b[:1] :] for a in first for b in second])


def _both(first: tuple[Way, ...], second: tuple[Way, ...]) -> tuple[Way, ...]:
    """The ways to match one thing after another."""
    if len(first) * len(second) > WAYS:
        second = _few(list(second), 1)
    if len(first) * len(second) > WAYS:
        first = _few(list(first), 1)
    return tuple(_best(dict.fromkeys((*a, *b))) for a in first for b in second)


def _best(choices: Iterable[Choice]) -> Way:
    """The choices that tell most; those of short words are not looked for beside better ones."""
    best = sorted(choices, key=worth, reverse=True)[:CHOICES]
    return tuple(choice for choice in best if worth(choice)[0] > 3 or worth(best[0])[0] < 5)


def _told(choice: Choice) -> Way:
    """A choice as a way to match, if it tells anything: not where one of its wordings stands in nearly every text."""
    literals = frozenset(map(_literal, choice))
    return () if any(map(_is_common, literals)) else (_shortest(literals),)


def _literal(wording: str) -> str:
    """A wording as it stands in a spaced text, without the blanks around it that it does not ask for."""
    plain = _PLAIN_WORD.fullmatch(wording)  # most are, and the rest takes ten times as long
    if plain:
        begins, word, other, ends = plain.groups()
        return other or (" " * bool(begins) + word + " " * bool(ends)).replace("  ", " ")
    bounded = _BOUNDS.sub(" ", wording).replace(_BOUND, "")
    literal = spaced(bounded.encode()).decode()
    if literal == " 0 " or _IN_WORD.match(bounded[:1]):
        literal = literal[1:]
    return literal[:-1] if literal == "0 " or _IN_WORD.match(bounded[-1:]) else literal


def _is_common(literal: str) -> bool:
    """True for two letters that may be a part of any word."""
    bare = literal.strip()
    return not bare or (len(bare) < 3 and literal != f" {bare} " and _COMMON.issuperset(literal))


def _repeated(tokens: list[str], i: int, before: str, after: str) -> tuple[_Piece, int]:
    piece, i = _single(tokens, i, before, after)
    sure, first = piece.sure, i
    if tokens[i - 1 : i + 1] == [r"\w", "*"]:
        sure = frozenset([_GOES_ON])
    while i < len(tokens) and (tokens[i] in ("?", "*", "+") or tokens[i].startswith("{")):
        sign, i = tokens[i], i + 1
        if sign == "{":
            raise _Unknown
        may_lack = sign in ("?", "*") or sign.startswith("{0")
        if i == first + 1:  # a second sign says that few are enough
            sure = sure if sign == "+" or _GOES_ON in sure else sure | {""} if sign in ("?", "*") else frozenset()
        if piece.wordings in (_BLANK.wordings, _NOTHING) or (sign == "?" and piece.wordings is not None):
            piece = _Piece(piece.wordings | {""}) if may_lack and piece.wordings else piece
        elif may_lack:
            piece = _ANY
        elif piece.wordings is not None and len(piece.wordings) == 1:
            least = int(re.findall(r"\d+", sign)[0]) if sign != "+" else 1  # x{3,12} holds xxx
            piece = _Piece(ways=(_told(frozenset([w * min(least, LONG) for w in piece.wordings])),))
        else:
            piece = _Piece(ways=piece.needs)
    return piece._replace(sure=sure), i


def _single(tokens: list[str], i: int, before: str, after: str) -> tuple[_Piece, int]:
    token = tokens[i]
    if token[:3] == "(?:" and len(token) > 3:  # a list of words
        return _all(_blanks(token[3:-1]).split("|")), i + 1
    if token in ("(", "(?:"):
        following = tokens[_closing(tokens, i) + 1 :][:1] or ["|"]
        if following[0][0] in "?*+{":
            before = after = ""
        elif following[0] not in ("|", ")"):
            after = _BOUND if following[0] == r"\b" else ""
        piece, end = _alternatives(tokens, i + 1, before, after)
        if tokens[end] != ")":
            raise _Unknown
        return piece, end + 1
    if len(token) > 1 and token[0] == "[":
        few = _FEW.fullmatch(token)
        if few:
            return _all(c for found in _IN_CLASS.finditer(few[1]) for c in _characters(found)), i + 1
        if "[:" in token[1:]:
            raise _Unknown
        return _ANY, i + 1
    if token[0] == "\\" and token[:3] != "\\s+":
        if len(token) == 4:
            return _all([chr(int(token[2:], 16))]), i + 1
        if token[1:] not in _ESCAPED and token[1:].isalnum():
            raise _Unknown
        return _ESCAPED.get(token[1:], _all([token[1:]])), i + 1
    if token in ("^", "$"):
        return _EMPTY, i + 1
    if token in ("?", "*", "+", "[", "\\") or token[0] == "{":
        raise _Unknown
    return _ANY if token == "." else _all([_blanks(token)]), i + 1


def _characters(found: "re.Match[str]") -> Iterable[str]:
    """The characters that a piece of a class stands for."""
    if found[1]:
        return map(chr, range(ord(found[1]), ord(found[2]) + 1))
    return "0" if found[0] == r"\d" else " " if found[0] in (r"\s", "\n") else found[0][-1]


def _closing(tokens: list[str], i: int) -> int:
    """The place of the bracket that closes the one at this place."""
    depth = 0
    for end in range(i, len(tokens)):
        depth += (tokens[end] in ("(", "(?:")) - (tokens[end] == ")")
        if not depth:
            return end
    raise _Unknown


def _blanks(plain: str) -> str:
    return re.sub(" +", " ", plain.replace("\\s+", " ").replace("\n", " "))


def worth(choice: Iterable[str]) -> tuple[int, int]:
    """How seldom a choice may occur: the length of its shortest wording, then how few there are."""
    lengths = [len(wording.strip()) for wording in choice]
    return min(lengths), -len(lengths)


def _shortest(choice: Choice) -> Choice:
    """A choice cut to LONG letters, without what begins like another of its wordings."""
    kept: list[str] = []
    for wording in sorted({wording[:LONG] for wording in choice}):
        if not (kept and wording.startswith(kept[-1])):
            kept.append(wording)
    return frozenset(kept)
