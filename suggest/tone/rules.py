"""The rules of tone as data: what a rule holds, what a finding holds, and how rule files are read."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

from messages import InputError

LANGUAGES = ("en", "de", "fr", "es", "it", "ja")
SEVERITIES = ("error", "warning", "hint")
SOURCES = ("amazon", "seller guide", "house")
CATEGORIES = (
    "ja_style", "form_of_address", "vague", "generic_reassurance", "external_contact", "external_link",
    "review_manipulation", "prohibited_words", "missing_order_id", "wrong_order_id", "missing_diagnosis",
    "missing_resolution", "over_compensation", "missing_goodwill_statement", "admission_of_liability", "gift_card",
    "fullwidth_residue", "too_long", "unfilled_placeholder", "markup_or_control", "wrong_language",
    "unsupported_claim", "near_duplicate", "link_only", "writing",
)  # fmt: skip
FOLDER = Path(__file__).with_name("rules")


@dataclass(frozen=True)
class Rule:
    """One thing that a reply must not do; `kind` names the function that looks for it.

    A match of `phrases` or `patterns` counts when one of `beside` (if any) stands in the same sentence, or in one of
    the `nearby` sentences before and after it, when it does not lie inside one of `allowed`, and when none of the
    conditions in `unless` holds. `safe` says that `instead` may stand in the place of what was found as it is.
    """

    id: str
    kind: str
    category: str
    severity: str
    source: str
    message: str
    message_zh: str
    flagged: tuple[tuple[str, str], ...]
    clean: tuple[tuple[str, str], ...]
    phrases: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    instead: str = ""
    nearby: int = 0
    safe: bool = False


@dataclass(frozen=True)
class Finding:
    """One place in a reply where a rule was broken; `start` and `end` point into the text as it was given."""

    category: str
    rule: str
    severity: str
    start: int
    end: int
    text: str
    message: str
    message_zh: str
    instead: str
    source: str

    @classmethod
    def of(cls, rule: Rule, text: str, start: int, end: int, **said: str) -> "Finding":
        """The finding of this rule at text[start:end]; `said` replaces message, message_zh, instead or severity."""
        return cls(
            category=rule.category,
            rule=rule.id,
            severity=said.get("severity", rule.severity),
            start=start,
            end=end,
            text=text[start:end],
            message=said.get("message", rule.message),
            message_zh=said.get("message_zh", rule.message_zh),
            instead=said.get("instead", rule.instead),
            source=rule.source,
        )


KINDS = (
    "avoid", "phone", "email", "link", "over_compensation", "goodwill", "order_id", "other_order_id", "resolution",
    "diagnosis", "link_only", "residue", "simplified", "length", "field", "markup", "control", "breaks", "language",
    "address", "reassuring", "courting", "doubled", "carrier", "tracking", "arrival", "duplicate", "register",
    "writing",
)  # fmt: skip
CONDITIONS = (
    "bounded", "instruction", "negated", "denied", "refused", "quoted", "conditional", "supposed", "operated",
    "paid_with", "lawful", "domestic", "feature", "done", "left_free", "given_name",
    "namesake", "settled", "dated",
)  # fmt: skip


@dataclass(frozen=True)
class RuleBook:
    """The rules of one language and the word lists that its patterns and checks are written with.

    `numbers` are the number words that stand before "percent" or a currency, with their values.
    """

    language: str
    rules: tuple[Rule, ...]
    words: Mapping[str, str]
    numbers: Mapping[str, int] = field(default_factory=dict)


@cache
def rule_book(language: str) -> RuleBook:
    """The rules that ship with Henji for one language: those of every language and its own.

    >>> book = rule_book("de")
    >>> "vague-effort" in {r.id for r in book.rules}
    True
    >>> rule_book("sv")
    Traceback (most recent call last):
    messages.errors.InputError: No rules for language 'sv'. Known: en de fr es it ja.
    """
    if language not in LANGUAGES:
        raise InputError(f"No rules for language {language!r}. Known: {' '.join(LANGUAGES)}.")
    return read_rules(FOLDER / "all.toml", FOLDER / f"{language}.toml", language=language)


def read_rules(*paths: Path, language: str) -> RuleBook:
    """Read rule files, later ones over earlier ones; a mistake names file, rule and what is allowed."""
    defaults: dict[str, dict[str, str]] = {}
    words: dict[str, str] = {}
    numbers: dict[str, int] = {}
    rules: dict[str, Rule] = {}
    for path in paths:
        table = read_toml(path)
        known_only(table, ("category", "words", "numbers", "rule"), f"Rules {path.name}")
        defaults |= table.get("category", {})
        words |= {name: "".join(value.split("\n")) for name, value in table.get("words", {}).items()}
        numbers |= table.get("numbers", {})
        for row, place in rows_of(table, path):
            rule = read_rule(defaults.get(str(row.get("category", "")), {}) | row, place, language)
            rules[rule.id] = rule
    return RuleBook(language, tuple(rules.values()), words, numbers)


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a rule file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"Rules {path.name}: {error}. Wanted: a TOML file in UTF-8 with [[rule]] tables.") from None


def known_only(table: Mapping[str, Any], allowed: Iterable[str], where: str) -> None:
    """Raise InputError for a field that is not allowed there."""
    unknown = [k for k in table if k not in allowed]
    if unknown:
        raise InputError(f"{where}: no field {unknown[0]!r}. Allowed: {' '.join(allowed)}.")


@dataclass(frozen=True)
class Place:
    """Where a rule stands: its file, the how many-th it is there, and its name."""

    path: Path
    number: int
    id: str

    def of(self, field: str = "", said: str = "") -> str:
        """File, line and rule, as a mistake in one of its fields, or in one sentence of it, is reported."""
        text = self.path.read_text(encoding="utf-8")
        line = _line(text, self.number, field)
        below = text.splitlines()[line - 1 :]
        line += next((i for i, written in enumerate(below) if said and said in written), 0)
        return f"Rules {self.path.name}, line {line}, rule {self.id!r}"


def rows_of(table: Mapping[str, Any], path: Path) -> list[tuple[dict[str, Any], Place]]:
    """The [[rule]] tables of a file, each with its place."""
    rows = table.get("rule", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"Rules {path.name}: rules stand in [[rule]] tables, with two brackets.")
    return [(row, Place(path, i, str(row.get("id", "(without id)")))) for i, row in enumerate(rows)]


_LONG_TEXT = re.compile(r'"{3}.*?"{3}|\'{3}.*?\'{3}', re.DOTALL)


def _line(text: str, number: int, field: str) -> int:
    """The line of a field in the rule with this number, counted from 0; of the rule itself if it has none.

    >>> _line("[words]\\n[[rule]]\\nid = 'a'\\n[[rule]]\\nid = 'b'\\nkind = 'c'", 1, "kind")
    6
    """
    lines = _LONG_TEXT.sub(lambda m: "\n" * m.group().count("\n"), text).splitlines()
    starts = [i for i, line in enumerate(lines) if line.split("#")[0].replace(" ", "").strip() == "[[rule]]"]
    if number >= len(starts):
        return 1
    end = next((i for i in starts if i > starts[number]), len(lines))
    named = re.compile(rf"\s*[\"']?{re.escape(field)}[\"']?\s*[.=]")
    at = (i for i in range(starts[number] + 1, end) if field and named.match(lines[i]))
    return next(at, starts[number]) + 1


_LISTS = ("phrases", "patterns", "beside", "allowed", "unless")
_CHOICES = {"kind": KINDS, "category": CATEGORIES, "severity": SEVERITIES, "source": SOURCES}


def read_rule(row: Mapping[str, Any], place: Place, language: str) -> Rule:
    """A rule from its table; `language` is that of sentences that do not say theirs, "" if they must.

    Raises InputError with file, line, rule and what is allowed.
    """
    row = dict(row)
    names = [f.name for f in fields(Rule)]
    for name in row:
        if name not in names:
            raise InputError(f"{place.of(name)}: no field {name!r}. Allowed: {' '.join(names)}.")
    for name in _LISTS:
        value = row.get(name, ())
        if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) and v for v in value):
            raise InputError(f"{place.of(name)}: {name} wants a list of texts, not {value!r}.")
        row[name] = tuple(value)
    for name in ("flagged", "clean"):
        row[name] = tuple(_proof(row.get(name, ()), language, place, name))
    wanted = [f.name for f in fields(Rule) if f.default is MISSING]
    proven = row.get("kind") != "avoid"  # what needs an order or a scenario beside the reply is proven by the tests
    missing = [name for name in wanted if not row.get(name) and not (proven and name in ("flagged", "clean"))]
    if missing:
        raise InputError(f"{place.of(missing[0])}: {missing[0]} is missing. Needed: {' '.join(wanted)}.")
    for name in ("id", "kind", "category", "severity", "source", "message", "message_zh", "instead"):
        if not isinstance(row.get(name, ""), str):
            raise InputError(f"{place.of(name)}: {name} wants a text, not {row[name]!r}.")
    for name, allowed in _CHOICES.items():
        if row[name] not in allowed:
            raise InputError(f"{place.of(name)}: unknown {name} {row[name]!r}. Allowed: {' '.join(allowed)}.")
    if row.get("nearby", 0) not in (0, 1, 2):
        raise InputError(f"{place.of('nearby')}: nearby {row['nearby']!r}. Allowed: 0 1 2.")
    for name in row["unless"]:
        if name not in CONDITIONS:
            raise InputError(f"{place.of('unless')}: unless {name!r}. Allowed: {' '.join(CONDITIONS)}.")
    if (row["kind"] == "avoid") != bool(row["phrases"] or row["patterns"]):
        raise InputError(f"{place.of('kind')}: kind 'avoid' needs phrases or patterns, no other kind has them.")
    if row.get("safe", False) not in (True, False) or (
        row.get("safe")
        and not row.get("instead")
        and row["kind"] != "register"  # which rewrites word form by word form
    ):
        raise InputError(f"{place.of('safe')}: safe is true or false, and needs an `instead` to be put in place.")
    return Rule(**row)


def _proof(value: Any, language: str, place: Place, name: str) -> Iterable[tuple[str, str]]:
    """Sentences with their language: a list in the file of one language, a table of lists in all.toml."""
    table = value if isinstance(value, Mapping) else {language: value}
    for code, sentences in table.items():
        good = isinstance(sentences, (list, tuple)) and all(isinstance(s, str) for s in sentences)
        if not good or (sentences and code not in LANGUAGES):
            raise InputError(
                f"{place.of(name)}: {name} wants a list of sentences, or a table of them by language: "
                f"{' '.join(LANGUAGES)}."
            )
        yield from ((code, sentence) for sentence in sentences)
