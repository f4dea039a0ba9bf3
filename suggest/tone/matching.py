"""Where the phrases and patterns of all rules stand in a reply: one walk for the phrases, one for the patterns."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, reduce
from itertools import product
from operator import or_

import ahocorasick_rs
import re2

from messages import InputError
from suggest.tone.needles import Needles, ones
from suggest.tone.reading import FARTHEST, Reading, expanded, first_span, fold, options, pattern, spans, stands_in
from suggest.tone.rules import Rule, RuleBook, rule_book
from suggest.tone.signs import SIGNS

PHRASES = "phrases"  # what all phrases together are called among all that may occur
_ANCHOR = re.compile(r"(?<!\[)\^|\$")
_CHOICE = re.compile(r"\(([^()\[\]]*)\)|\[([^()\[\]]*)\]")  # the innermost first


def wordings(phrase: str) -> Iterator[str]:
    """Every wording that a phrase stands for: `(a|b)` is a choice, `[a|b]` may be left out.

    >>> sorted(wordings("(try|do) our [very ]best"))
    ['do our best', 'do our very best', 'try our best', 'try our very best']
    """
    said, *rest = _CHOICE.split(phrase)
    if not rest:
        yield " ".join(said.split()).replace(" *", "*")
        return
    pieces = [[said]]
    for either, perhaps, text in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        pieces += [either.split("|") if either is not None else [*perhaps.split("|"), ""], [text]]
    for chosen in product(*pieces):
        yield from wordings("".join(chosen))


def _is_letter(char: str) -> bool:
    """A letter of a script that writes blanks between words."""
    return char.isalnum() and char < "\u0e00"


class Phrases:
    """One Aho-Corasick automaton over many phrases; a match ends where words end, `*` lifts that at the end.

    >>> Phrases({"a": ["soon"], "b": ["next da*"]}).find(Reading.of("Sooner or later, next days, soon.", "en"))
    [('b', 17, 24), ('a', 28, 32)]
    """

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        self.names: list[str] = []
        self.open_end: list[bool] = []
        literals: list[str] = []
        for name, wanted in phrases.items():
            for wording in sorted({fold(w) for p in wanted for w in wordings(p)}):
                literals.append(wording.rstrip("*"))
                self.names.append(name)
                self.open_end.append(wording.endswith("*"))
        self.literals = literals
        self.automaton = ahocorasick_rs.AhoCorasick(literals) if literals else None

    def find(self, reading: Reading) -> list[tuple[str, int, int]]:
        """Name, start and end of every phrase in the plain text."""
        text = reading.plain
        if self.automaton is None:
            return []
        found = []
        for i, start, end in self.automaton.find_matches_as_indexes(text, overlapping=True):
            if start and _is_letter(text[start - 1]) and _is_letter(text[start]):
                continue
            if not self.open_end[i] and end < len(text) and _is_letter(text[end]) and _is_letter(text[end - 1]):
                continue
            found.append((self.names[i], start, end))
        return found


class Matcher:
    """What the rules of kind `avoid` and the word lists of one language look for.

    Aho-Corasick finds the phrases, and the letters without which a pattern or word list matches nowhere; only those
    whose letters stand in a reply are looked up. A set of re2 would find all in one walk, but for every text that is
    unlike those before it builds its states anew, which takes ten times as long as all the rest.
    """

    def __init__(self, book: RuleBook, signs: Mapping[str, str] | None = None) -> None:
        words = dict(book.words)
        self.language = book.language
        self.rules = {r.id: r for r in book.rules if r.kind == "avoid"}
        allowed = {f"allowed {r.id}": r.allowed for r in self.rules.values()}
        self.phrases = Phrases({r.id: r.phrases for r in self.rules.values()} | allowed)
        self.names = [r.id for r in self.rules.values() for _ in r.patterns]
        self.beside = {r.id: "|".join(f"(?:{p})" for p in r.beside) for r in self.rules.values() if r.beside}
        sources: dict[int | str, str] = dict(enumerate(p for r in self.rules.values() for p in r.patterns))
        sources |= {_beside(name): source for name, source in self.beside.items()}
        sources |= {name: _word_source(book.language, name, text) for name, text in words.items()}
        self.sources = {name: expanded(source, words) for name, source in sources.items()}
        self.sources.update(signs or {})
        self.foreseen = {name for name in self.beside if not _ANCHOR.search(self.sources[_beside(name)])}
        self.needles = Needles(self.sources, always=("common", "joint"), phrases={PHRASES: self.phrases.literals})
        self.avoided = (1 << len(self.names)) - 1
        self.sought = self.avoided | self.needles.bits[PHRASES]
        self.known_bits: dict[tuple[str, ...], int] = {}
        self.compiled: dict[int | str, re2._Regexp] = {}

    def occurring(self, reading: Reading) -> "Occurring":
        """Which patterns, word lists and signs occur in the plain text."""
        return Occurring(self, reading)

    def bits_of(self, names: tuple[str, ...]) -> int:
        """The bits of several patterns, word lists and signs; kept, as they are asked for in every reply."""
        found = self.known_bits.get(names)
        if found is None:
            found = self.known_bits[names] = reduce(or_, (self.needles.bits.get(name, 0) for name in names))
        return found

    def pattern(self, name: str | int) -> "re2._Regexp":
        """What is looked for under this name; compiled when a reply first has its letters."""
        found = self.compiled.get(name)
        if found is None:
            is_list = isinstance(name, str) and name in rule_book(self.language).words
            found = words_pattern(self.language, name) if is_list else re2.compile(self.sources[name], options())
            self.compiled[name] = found
        return found

    def matches(self, reading: Reading, occurring: "Occurring") -> list[tuple[Rule, int, int]]:
        """Rule, start and end of every match; of matches of one rule that overlap, the first and longest.

        What is beside nothing that a rule wants need not be looked for, but where quotes are blanked out or sentences
        cut, something can stand beside it that is not in the text.
        """
        if not occurring.perhaps & self.sought:
            return []
        found = self.phrases.find(reading) if occurring.may_hold(PHRASES) else []
        spared = [(n.removeprefix("allowed "), a, b) for n, a, b in found if n.startswith("allowed ")]
        hits = [f for f in found if not f[0].startswith("allowed ")]
        is_foreseen = len(reading.plain) <= FARTHEST and not reading.quotes
        for i in ones(occurring.perhaps & self.avoided):
            name = self.names[i]
            if not (is_foreseen and name in self.foreseen and _beside(name) not in occurring):
                hits += [(name, *span) for span in spans(self.pattern(i), reading.plain)]
        hits.sort(key=lambda f: (f[0], f[1], -f[2]))
        kept: list[tuple[Rule, int, int]] = []
        last: tuple[str, int] = ("", -1)
        known: dict[tuple[str, tuple[int, int]], bool] = {}
        for name, start, end in hits:
            if name == last[0] and start < last[1]:
                continue
            if any(n == name and a < end and start < b for n, a, b in spared):
                continue
            if name in self.beside:
                near = name, self._around(name, reading, start)
                if near not in known:
                    known[near] = stands_in(self.pattern(_beside(name)), reading.unquoted(*near[1]))
                if not known[near]:
                    continue
            kept.append((self.rules[name], start, end))
            last = (name, end)
        return kept

    def _around(self, name: str, reading: Reading, place: int) -> tuple[int, int]:
        around = self.rules[name].nearby
        return reading.sentences_around(place, around) if around else reading.sentence_at(place)


class Occurring:
    """The patterns, word lists and signs that occur in one reply, each looked for when it is first asked for."""

    def __init__(self, matcher: Matcher, reading: Reading) -> None:
        self.matcher = matcher
        self.plain = reading.plain.encode()
        self.bits = matcher.needles.bits
        self.perhaps, self.surely = matcher.needles.found(self.plain)

    def __contains__(self, name: str) -> bool:
        bit = self.bits.get(name, 0)
        if not self.perhaps & bit:
            return False
        if not self.surely & bit:
            if first_span(self.matcher.pattern(name), self.plain)[0] < 0:
                self.perhaps ^= bit
                return False
            self.surely |= bit
        return True

    def may_hold(self, *names: str) -> bool:
        """True if the letters stand in the reply that one of these needs."""
        return self.perhaps & self.matcher.bits_of(names) != 0


def _beside(name: str) -> str:
    """What the patterns of a rule's `beside` are called among all that may occur."""
    return f"beside {name}"


def _word_source(language: str, name: str, text: str) -> str:
    """A word list as a pattern; in languages with blanks its words are whole words, unless the list says where."""
    says_where = text.startswith(("^", r"\b", "(?:\\b")) or text.endswith("$") or name == "joint"
    return f"{{{name}}}" if language == "ja" or says_where else rf"\b{{{name}}}\b"


@cache
def words_pattern(language: str, name: str) -> "re2._Regexp":
    """One word list of a language as a compiled pattern."""
    words = dict(rule_book(language).words)
    source = _word_source(language, name, words[name])
    if name == "joint":  # a dozen places in every reply: Python's own expressions hand out matches faster
        return re.compile(expanded(source, words))
    return pattern(source, words)


def matcher_of(language: str, rules: tuple[Rule, ...]) -> Matcher:
    """A matcher of these rules and of those word lists alone that their patterns name.

    A mistake in a pattern names the rule, the pattern and what is known.
    """
    known = rule_book(language).words
    for rule in rules:
        for source in (*rule.patterns, *rule.beside):
            try:
                pattern(source, dict(known))
            except (re2.error, KeyError) as error:
                names = " ".join(f"{{{name}}}" for name in sorted(known))
                raise InputError(
                    f"Rule {rule.id!r}: cannot read pattern {source!r}: {error}. Known words: {names}."
                ) from None
    used: dict[str, str] = {}
    open_names = set(re.findall(r"\{([a-z_]+)\}", " ".join(p for r in rules for p in (*r.patterns, *r.beside))))
    while open_names:
        name = open_names.pop()
        if name in known and name not in used:
            used[name] = known[name]
            open_names |= set(re.findall(r"\{([a-z_]+)\}", known[name]))
    return Matcher(RuleBook(language, rules, used))


@cache
def matcher(language: str) -> Matcher:
    """The matcher of the rules that ship for a language, built once, with every pattern ready for use."""
    found = Matcher(rule_book(language), SIGNS)
    for name in found.needles.bits.keys() - {"joint", PHRASES}:
        found.pattern(name)
    return found
