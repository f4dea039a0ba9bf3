"""Which column of an export holds what: header names against the alias tables of `columns.toml`."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from messages.errors import InputError

FIELDS = (
    "message_id",
    "thread_id",
    "order_id",
    "asin",
    "marketplace",
    "language",
    "received_at",
    "direction",
    "buyer",
    "subject",
    "text",
    "scenario",
)
HEADER_WITHIN = 40  # lines above the header that a report's title may take
_DOUBTFUL = -1000  # rank of names that mean a message only if nothing better is there
_PART = 500  # a part of a name ranks this much lower than the whole
_REMARK = re.compile(r"[(\[（【].*$")
_NOT_LETTERS = re.compile(r"[\W_]+")
_RULE = re.compile("[-=_:+]{3,}")


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("columns.toml").read_text(encoding="utf-8"))


def plain_name(name: str) -> str:
    """A header or a marker word without case, accents, width, blanks and punctuation.

    >>> plain_name("Message ID"), plain_name("message_id"), plain_name("Käufer‑E‑Mail"), plain_name("ＡＳＩＮ")
    ('messageid', 'messageid', 'kauferemail', 'asin')
    """
    if name.isascii():
        return _NOT_LETTERS.sub("", name.lower())
    folded = unicodedata.normalize("NFKD", name.casefold())
    return _NOT_LETTERS.sub("", "".join(c for c in folded if unicodedata.category(c) != "Mn"))


@cache
def _aliases() -> dict[str, dict[str, int]]:
    """Field → plain alias → its place in the list; doubtful text names rank after all others."""
    fields = _tables()["fields"]
    ranks = {field: {plain_name(a): -i for i, a in reversed(list(enumerate(fields[field])))} for field in FIELDS}
    ranks["text"] |= {
        plain_name(a): _DOUBTFUL - i
        for i, a in enumerate(fields["text_if_nothing_better"])
        if plain_name(a) not in ranks["text"]
    }
    return ranks


def _plain_names(name: str) -> dict[str, int]:
    """A header's plain name, and at a cost those of its parts when it says a thing twice or adds a remark."""
    whole = plain_name(name)
    if len(name) >= 100 or whole in _all_aliases():
        return {whole: 0}
    parts = [*_REMARK.split(name), *re.split(r"[/|\n]", name)]
    return {plain_name(part): _PART for part in parts if part} | {whole: 0}


def pick_columns(names: Iterable[str], chosen: Mapping[str, str] | None = None) -> dict[str, tuple[str, ...]]:
    """Field → the columns that may hold it, best first; a field without a column is left out.

    A row takes the first column that is not blank there: an API export holds the text as `stripped_text`, or, where
    that is null, as `body_text`. A description counts as text only where nothing is called a message.

    >>> pick_columns(["Id", "Subject", "Nachricht", "Beschreibung"])
    {'message_id': ('Id',), 'subject': ('Subject',), 'text': ('Nachricht',)}
    >>> pick_columns(["Ticket ID", "Description"])["text"], "text" in pick_columns(["Id", "Subject", "Requester"])
    (('Description',), False)
    >>> pick_columns(["消息内容 / Message (original)"])
    {'text': ('消息内容 / Message (original)',)}
    """
    seen = list(dict.fromkeys(names))
    plain = {name: _plain_names(name) for name in seen}
    picked: dict[str, tuple[str, ...]] = {}
    for field, aliases in _aliases().items():
        costs = {
            name: [aliases[p] - cost for p, cost in parts.items() if p in aliases] for name, parts in plain.items()
        }
        rank = {name: max(ranks) for name, ranks in costs.items() if ranks}
        found = sorted(rank, key=lambda name: -rank[name])
        if field == "text" and found and rank[found[0]] > _DOUBTFUL:
            found = [name for name in found if rank[name] > _DOUBTFUL]
        if found:
            picked[field] = tuple(found)
    for field, name in (chosen or {}).items():
        picked[field] = (_existing(name, seen),)
    return picked


def why_picked(name: str, field: str, chosen: Mapping[str, str] | None = None) -> str:
    """Why a column is taken for a field, in words.

    >>> why_picked("Description", "text"), why_picked("消息内容 / Message", "text")
    ('a name that is taken for want of a better one', 'a part of its name is known')
    >>> why_picked("Memo", "text", {"text": "Memo"}), why_picked("Nachricht", "text")
    ('you named it', 'a known name')
    """
    if (chosen or {}).get(field) is not None:
        return "you named it"
    aliases = _aliases()[field]
    plain = max(_plain_names(name), key=lambda p: aliases.get(p, 2 * _DOUBTFUL) - _plain_names(name)[p])
    if aliases.get(plain, 0) <= _DOUBTFUL:
        return "a name that is taken for want of a better one"
    return "a part of its name is known" if _plain_names(name)[plain] else "a known name"


def means(plain: str, field: str) -> bool:
    """Whether a plain name is one of a field's.

    >>> means("buyername", "buyer"), means("sku", "buyer")
    (True, False)
    """
    return plain in _aliases()[field]


@cache
def personal_columns() -> frozenset[str]:
    """Plain names of columns that hold addresses, telephone numbers and the like."""
    return frozenset(map(plain_name, _tables()["personal"]["columns"]))


def is_known_name(name: str) -> bool:
    """True for a header that any export is known to use.

    >>> is_known_name("本文"), is_known_name("ñ[Å¶")
    (True, False)
    """
    return plain_name(name) in _all_aliases()


@cache
def _all_aliases() -> frozenset[str]:
    return frozenset().union(*_aliases().values())


def check_chosen(chosen: Mapping[str, str] | None) -> None:
    """Raise InputError when a caller's `columns` names a field that a log does not have.

    >>> check_chosen({"body": "Description"})
    Traceback (most recent call last):
    messages.errors.InputError: columns: a log has no field 'body'. Known: message_id ...
    """
    for field in chosen or {}:
        if field not in FIELDS:
            raise InputError(
                f"columns: a log has no field {field!r}. Known: {' '.join(FIELDS)}. "
                'Write columns={"text": "Description"}.'
            )


def _existing(name: str, seen: Sequence[str]) -> str:
    same = [s for s in seen if s == name] or [s for s in seen if plain_name(s) == plain_name(name)]
    return same[0] if same else name


def find_header(rows: Sequence[Sequence[str]], chosen: Mapping[str, str] | None = None) -> tuple[int, int] | None:
    """The index of the header among the first rows and how many fields it names, or None.

    The header is the row that names most fields, text among them, so titles above it do not count. A row that
    holds one known word by chance is no header, unless it comes first or has one cell only; nor is one that names
    less than a row above it, which is the header of a file without messages.

    >>> find_header([["Report", ""], ["", ""], ["Message ID", "Message"], ["M1", "Hello"]])
    (2, 2)
    >>> find_header([["Id", "Subject"], ["1", "Hello"]]) is None
    True
    """
    best: tuple[int, int] | None = None
    without_text = 0
    wanted = plain_name((chosen or {}).get("text", ""))
    first = next((i for i, row in enumerate(rows) if any(c.strip() for c in row)), 0)
    for index, row in enumerate(rows[:HEADER_WITHIN]):
        names = [c for c in row if c.strip() and len(c) < 100]
        if wanted and wanted not in map(plain_name, names):
            continue
        picked = pick_columns(names)
        n_known = len(picked)
        if not wanted and ("text" not in picked or (n_known < 2 and index != first and len(names) > 1)):
            without_text = max(without_text, n_known)
            continue
        if n_known >= without_text and (best is None or n_known > best[1]):
            best = (index, n_known)
    return best


def is_header(cells: Sequence[str], head: Sequence[str]) -> bool:
    """True for a row that is the header once more, where two exports were put together.

    >>> is_header(["Id", "MESSAGE", ""], ["id", "message"]), is_header(["Id", "It came"], ["id", "message"])
    (True, False)
    """
    return plain_name(cells[0][:100]) == head[0] and [plain_name(c[:100]) for c in cells[: len(head)]] == list(head)


def filled_to(cells: Sequence[str]) -> int:
    """How many cells a row has when blank ones at its end are not counted.

    >>> filled_to(["M1", "", "Hello", "", " "])
    3
    """
    return next((n for n in range(len(cells), 0, -1) if cells[n - 1].strip()), 0)


def unique_names(names: Sequence[str]) -> list[str]:
    """Header names as keys: a second "Note" becomes "Note (2)", a blank one is called by its place.

    >>> unique_names(["Note", "", "Note"])
    ['Note', 'column 2', 'Note (2)']
    """
    seen: dict[str, int] = {}
    unique = []
    for index, raw in enumerate(names, 1):
        name = raw.strip("\ufeff\u200b \t\r\n") or f"column {index}"
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return unique


def is_total(cells: Sequence[str]) -> bool:
    """True for a line below a table that sums it up or signs it off.

    >>> [is_total(row) for row in (["Total", "14", ""], ["合計：14件"], ["M00014", "", ""], ["Total loss, refund!"])]
    [True, True, False, False]
    """
    filled = list(islice((stripped for c in cells if (stripped := c.strip())), 4))
    if not filled or len(filled) > 3 or max(map(len, filled)) > 60:
        return False
    if not any(char.isalnum() for char in filled[0]):
        return len(filled) == 1
    letters = plain_name(re.sub(r"\d+", "", filled[0]))
    rest_is_numbers = all(any(char.isdigit() for char in cell) for cell in filled[1:])
    return rest_is_numbers and any(
        letters in (word, word + "件", word + "条") or letters.startswith(word + "of") for word in _totals()
    )


def is_rule(cells: Sequence[str]) -> bool:
    """True for a line that only parts the header from the rows.

    >>> is_rule(["----", "-------"]), is_rule(["-", "-"]), is_rule(["----"])
    (True, False, False)
    """
    if not _RULE.fullmatch(next(filter(str.strip, cells), "").strip()):
        return False
    filled = [stripped for c in cells if (stripped := c.strip())]
    return len(filled) > 1 and all(map(_RULE.fullmatch, filled))


def is_closing(cells: Sequence[str]) -> bool:
    """True for a remark below the last row: how many rows there were, when and by whom they were written.

    Between rows the same words may be a part of a text.

    >>> [is_closing([c]) for c in ("(14 rows affected)", "Generated 2026-10-02 by Ann", "共6条记录", "3 are missing")]
    [True, True, True, False]
    """
    first = cells[0].strip()
    if not first or len(cells) > 3 or len(first) > 100 or not any(c.isdigit() for c in "".join(cells)):
        return False
    words = re.findall(r"[^\W\d_]+", first)
    plain = plain_name(words[0]) if words else ""
    return plain in _totals() or any(plain.startswith(word) for word in _totals() if not word.isascii())


def same_names(names: Sequence[str], first: Sequence[str], chosen: Mapping[str, str] | None = None) -> list[str]:
    """The columns of a further table in the words of the first one, where both are the best for a field.

    >>> same_names(["No", "Description"], ["Message ID", "Message"])
    ['Message ID', 'Message']
    """
    here, there = pick_columns(names, chosen), pick_columns(first, chosen)
    taken = {here[field][0]: there[field][0] for field in here if field in there and there[field][0] not in names}
    return [taken.get(name, name) for name in names]


@cache
def _totals() -> frozenset[str]:
    return frozenset(plain_name(word) for word in _tables()["totals"]["words"])


@cache
def not_the_buyer() -> dict[str, frozenset[str]]:
    """Plain column name → the plain values in it that say: the buyer did not write this row."""
    marks: dict[str, frozenset[str]] = {}
    for rule in _tables()["not_the_buyer"]:
        values = frozenset(plain_name(v) for v in rule["values"])
        for column in rule["columns"]:
            marks[plain_name(column)] = marks.get(plain_name(column), frozenset()) | values
    return marks


@cache
def marketplace_names() -> dict[str, str]:
    """Country names as tables write them → marketplace code."""
    return {plain_name(name): code for code, names in _tables()["marketplaces"].items() for name in names}


@cache
def known_scenarios() -> dict[str, str]:
    """Plain label → label, for the labels of a training file."""
    return {plain_name(label): label for label in _tables()["scenarios"]["known"]}
