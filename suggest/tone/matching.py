"""Where the phrases and patterns of all rules stand in a reply: one walk for the phrases, one for the patterns."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

import ahocorasick_rs
import re2

from suggest.tone.reading import Reading, expanded, fold, options, pattern
from suggest.tone.rules import Rule, RuleBook

_CHOICE = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")


def wordings(phrase: str) -> Iterator[str]:
    """Every wording that a phrase stands for: `(a|b)` is a choice, `[a|b]` may be left out.

    >>> sorted(wordings("(try|do) our [very ]best"))
    ['do our best', 'do our very best', 'try our best', 'try our very best']
    """
    m = _CHOICE.search(phrase)
    if m is None:
        yield phrase
        return
    choices = m.group(1).split("|") if m.group(1) is not None else [*m.group(2).split("|"), ""]
    for choice in choices:
        yield from wordings(phrase[: m.start()] + choice + phrase[m.end() :])


def _is_letter(char: str) -> bool:
    """A letter of a script that writes blanks between words."""
    return char.isalnum() and char < "\u0e00"


class Phrases:
    """One Aho-Corasick automaton over many phrases; a match ends where words end, `*` lifts that at the end.

    >>> Phrases({"a": ["soon"], "b": ["next da*"]}).find(Reading.of("Sooner or later, next days, soon.", "en"))
    [('b', 17, 24), ('soon'...
    """

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        self.names: list[str] = []
        self.open_end: list[bool] = []
        literals = []
        for name, wanted in phrases.items():
            for wording in sorted({fold(w) for p in wanted for w in wordings(p)}):
                literals.append(wording.rstrip("*"))
                self.names.append(name)
                self.open_end.append(wording.endswith("*"))
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


class Patterns:
    """Many patterns; one walk with re2's set says which occur at all, and only those are looked up."""

    def __init__(self, patterns: Mapping[str, Iterable[str]], words: Mapping[str, str]) -> None:
        self.names: list[str] = []
        self.compiled = []
        self.set = re2.Set.SearchSet(options())
        for name, wanted in patterns.items():
            for source in wanted:
                self.names.append(name)
                self.compiled.append(pattern(source, dict(words)))
                self.set.Add(expanded(source, dict(words)))
        if self.names:
            self.set.Compile()

    def find(self, reading: Reading) -> list[tuple[str, int, int]]:
        """Name, start and end of every match in the plain text."""
        if not self.names:
            return []
        occurring = self.set.Match(reading.plain) or []
        return [(self.names[i], *m.span()) for i in occurring for m in self.compiled[i].finditer(reading.plain)]


class Matcher:
    """What the rules of kind `avoid` look for, with the words beside and the wordings that are allowed."""

    def __init__(self, rules: Iterable[Rule], words: Mapping[str, str]) -> None:
        self.rules = {r.id: r for r in rules if r.kind == "avoid"}
        looked_for = {r.id: r.phrases for r in self.rules.values()}
        allowed = {f"allowed {r.id}": r.allowed for r in self.rules.values()}
        self.phrases = Phrases(looked_for | allowed)
        self.patterns = Patterns({r.id: r.patterns for r in self.rules.values()}, words)
        self.beside = {r.id: [pattern(b, dict(words)) for b in r.beside] for r in self.rules.values() if r.beside}

    def matches(self, reading: Reading) -> list[tuple[Rule, int, int]]:
        """Rule, start and end of every match; of matches of one rule that overlap, the first and longest."""
        found = self.phrases.find(reading)
        spared = [(n.removeprefix("allowed "), a, b) for n, a, b in found if n.startswith("allowed ")]
        hits = [f for f in found if not f[0].startswith("allowed ")] + self.patterns.find(reading)
        hits.sort(key=lambda f: (f[0], f[1], -f[2]))
        kept: list[tuple[Rule, int, int]] = []
        last: tuple[str, int] = ("", -1)
        for name, start, end in hits:
            if name == last[0] and start < last[1]:
                continue
            if any(n == name and a <= start and end <= b for n, a, b in spared):
                continue
            if not self._is_beside(name, reading, start):
                continue
            kept.append((self.rules[name], start, end))
            last = (name, end)
        return kept

    def _is_beside(self, name: str, reading: Reading, place: int) -> bool:
        if name not in self.beside:
            return True
        sentence = reading.unquoted(*reading.sentence_at(place))
        return any(p.search(sentence) for p in self.beside[name])


@cache
def words_pattern(language: str, name: str) -> "re2._Regexp":
    """One word list of a language as a compiled pattern."""
    from suggest.tone.rules import rule_book

    words = dict(rule_book(language).words)
    is_whole = language == "ja" or words[name].startswith(("^", r"\b")) or words[name].endswith("$") or name == "joint"
    return pattern(f"{{{name}}}" if is_whole else rf"\b{{{name}}}\b", words)


def matcher(book: RuleBook) -> Matcher:
    """The matcher of a rule book, built once."""
    return _matcher(book.language)


@cache
def _matcher(language: str) -> Matcher:
    from suggest.tone.rules import rule_book

    book = rule_book(language)
    return Matcher(book.rules, book.words)
