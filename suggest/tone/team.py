"""What a team makes of the rules: some switched off, some more or less severe, some of its own."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Self

from messages import InputError
from suggest.tone import promises, writing
from suggest.tone.case import Case
from suggest.tone.japanese_rules import register_rules
from suggest.tone.matching import matcher_of
from suggest.tone.reading import Reading
from suggest.tone.rules import (
    LANGUAGES,
    SEVERITIES,
    Finding,
    Place,
    Rule,
    known_only,
    read_rule,
    read_toml,
    rows_of,
    rule_book,
)  # fmt: skip

ALLOWED = ("off", "severity", "files", "writing")
_DEFAULTS = {"kind": "avoid", "source": "house"}  # what a rule of a team need not say


@dataclass(frozen=True)
class TeamRules:
    """The [rules] of henji.toml: ids switched off, other severities by id, own rules, hints on writing."""

    off: tuple[str, ...] = ()
    severity: Mapping[str, str] = field(default_factory=dict)
    own: tuple[Rule, ...] = ()
    writing: bool = False

    @classmethod
    def of(cls, table: Mapping[str, Any], folder: Path = Path()) -> Self:
        """From the table in henji.toml; names of files count from its folder.

        >>> TeamRules.of({"off": ["vague-effort"], "severity": {"vague-time": "hint"}}).severity["vague-time"]
        'hint'
        >>> TeamRules.of({"severity": {"vague-time": "fatal"}})
        Traceback (most recent call last):
        messages.errors.InputError: [rules.severity] vague-time: unknown severity 'fatal'. Allowed: error warning hint.
        """
        if not isinstance(table, Mapping):
            raise InputError(f"[rules] wants a table with {' '.join(ALLOWED)}, not {table!r}.")
        known_only(table, ALLOWED, "[rules]")
        own = tuple(rule for name in _texts(table, "files") for rule in read_own(folder / name))
        off, severity = _texts(table, "off"), table.get("severity", {})
        if not isinstance(severity, Mapping):
            raise InputError(f'[rules] severity wants a table such as vague-time = "hint", not {severity!r}.')
        if not isinstance(table.get("writing", False), bool):
            raise InputError(f"[rules] writing: {table['writing']!r}; wanted: true or false.")
        if twice := [rule.id for i, rule in enumerate(own) if rule.id in {r.id for r in own[:i]}]:
            raise InputError(f"[rules] files: two rules are called {twice[0]!r}. Give each an id of its own.")
        known = (*shipped(), *(rule.id for rule in own))
        check_ids(off, known, "[rules] off")
        check_ids(severity, known, "[rules.severity]")
        for name, level in severity.items():
            if level not in SEVERITIES:
                allowed = " ".join(SEVERITIES)
                raise InputError(f"[rules.severity] {name}: unknown severity {level!r}. Allowed: {allowed}.")
        return cls(off, dict(severity), own, table.get("writing", False))

    def __bool__(self) -> bool:
        """True if anything is changed."""
        return bool(self.off or self.severity or self.own or self.writing)

    @property
    def known(self) -> tuple[str, ...]:
        """The ids of every rule, shipped and own."""
        return (*shipped(), *(rule.id for rule in self.own))


def _texts(table: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = table.get(name, ())
    if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
        raise InputError(f"[rules] {name} wants a list of texts, not {value!r}.")
    return tuple(value)


def check_ids(ids: Sequence[str] | Mapping[str, Any], known: Sequence[str], where: str) -> None:
    """Raise InputError for a rule that nobody knows, with those that are called alike and all that there are."""
    for name in ids:
        if name not in known:
            alike = get_close_matches(name, known, 3, 0.5)
            near = f" Did you mean {' or '.join(alike)}?" if alike else ""
            raise InputError(f"{where}: no rule {name!r}.{near} Known: {' '.join(known)}.")


@cache
def shipped() -> dict[str, tuple[tuple[str, Rule], ...]]:
    """Every rule that ships, by id, with the languages it is for.

    >>> [language for language, _ in shipped()["vague-effort"]][:2], "misspelt" in shipped()
    (['en', 'de'], True)
    """
    found: dict[str, list[tuple[str, Rule]]] = {}
    for language in LANGUAGES:
        register = tuple(register_rules().values()) if language == "ja" else ()
        for rule in (*rule_book(language).rules, *register):
            found.setdefault(rule.id, []).append((language, rule))
    for rule in writing.rules().values():
        found[rule.id] = [(language, rule) for language in languages_of(rule)]
    return {name: tuple(rules) for name, rules in found.items()}


def languages_of(rule: Rule) -> tuple[str, ...]:
    """The languages of a rule that stands in one file for several: those of the sentences that it flags."""
    return tuple(language for language in LANGUAGES if language in {code for code, _ in rule.flagged})


def read_own(path: Path) -> list[Rule]:
    """The rules of a team's file, each proven by its own sentences.

    Raises InputError with file, line and rule for a field that is wrong and for a sentence that proves the contrary.
    """
    table = read_toml(path)
    known_only(table, ("language", "rule"), f"Rules {path.name}")
    language = table.get("language", "")
    if language not in ("", *LANGUAGES):
        raise InputError(f"Rules {path.name}: unknown language {language!r}. Allowed: {' '.join(LANGUAGES)}.")
    rules = []
    for row, place in rows_of(table, path):
        rule = read_rule(_DEFAULTS | row, place, language)
        if rule.id in shipped():
            raise InputError(
                f"{place.of('id')}: a shipped rule is called so. Choose another id, or change that rule's severity "
                "under [rules.severity] in henji.toml."
            )
        if rule.kind != "avoid":
            raise InputError(f"{place.of('kind')}: kind {rule.kind!r} needs code. Allowed: avoid.")
        _prove(rule, place)
        rules.append(rule)
    return rules


def _prove(rule: Rule, place: Place) -> None:
    for name in dict.fromkeys(re.findall(r"\{([a-z_]+)\}", " ".join((*rule.patterns, *rule.beside)))):
        for language in languages_of(rule):
            if name not in (words := rule_book(language).words):
                known = " ".join(sorted(words))
                raise InputError(f"{place.of('patterns')}: no words {{{name}}} in {language}. Known: {known}.")
    for wanted, sentences in (("flagged", rule.flagged), ("clean", rule.clean)):
        for language, said in sentences:
            try:
                found = list(_broken(Case(Reading.of(said, language)), (rule,)))
            except InputError as error:
                raise InputError(f"{place.of('patterns')}: {error}") from None
            if bool(found) != (wanted == "flagged"):
                fault = "is not found" if wanted == "flagged" else "is found"
                raise InputError(
                    f"{place.of(wanted, said)}: “{said}” {fault}, but stands under {wanted}.{language}. "
                    "Change the phrases or the sentence."
                )
            if rule.safe and found and list(_broken(Case(Reading.of(rule.instead, language)), (rule,))):
                raise InputError(f"{place.of('instead')}: the rule finds its own `instead`, so it cannot be safe.")


def changed(found: list[Finding], case: Case, team: TeamRules) -> list[Finding]:
    """The findings as the team wants them, its own and hints on writing among them, in the order of the text."""
    found = list(found)
    language = case.reading.language
    own = tuple(rule for rule in team.own if language in languages_of(rule))
    for rule, start, end in _broken(case, own) if own else ():
        found.append(Finding.of(rule, case.reading.text, *case.reading.original(start, end)))
    if team.writing:
        found += writing.hints(case)
    found = [
        replace(f, severity=team.severity[f.rule]) if f.rule in team.severity else f
        for f in found
        if f.rule not in team.off
    ]
    return sorted(found, key=lambda f: (f.start, f.end, f.category, f.rule))


def _broken(case: Case, rules: tuple[Rule, ...]) -> Iterator[tuple[Rule, int, int]]:
    matcher = _own_matcher(case.reading.language, rules)
    for rule, start, end in matcher.matches(case.reading, matcher.occurring(case.reading)):
        if not any(promises.CONDITIONS[name](case, start, end) for name in rule.unless):
            yield rule, start, end


_own_matcher = cache(matcher_of)
