"""From rows to messages: what each cell means, and which rows are no messages of a buyer."""

import datetime
import hashlib
import re
import unicodedata
from array import array
from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import re2

from messages.clean import clean_message, find_asin, find_marketplace_in, find_order_ids
from messages.columns import known_scenarios, marketplace_names, not_the_buyer, pick_columns, plain_name
from messages.dates import day_first, read_moment
from messages.encoding import is_unicode, undecodable, visible_bytes
from messages.json_log import with_description
from messages.language import detect_languages
from messages.marketplaces import find_marketplace, marketplace
from messages.rows import Ending, RawRow, Rows
from messages.sender import read_sender, relay_marketplace
from messages.workbook import CellError, text_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FIRST_ROWS = 1000  # whose columns are nearly always all that there are
_LONG_ID = re.compile(r"\d{16,}")
_UNSEEN = re.compile(
    r"[\s\x00-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0]*"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_CODE = re.compile(r"([a-z]{2})([-_][a-z]{2,4}){0,2}")
_AS_TEXT = re.compile(r'="([^"]*)"')  # how exports keep Excel from reading an id as a number
_ROUNDED = re.compile(r"-?\d([.,]\d+)?[eE]\+\d{2,3}")
_ADDRESS = re.compile(r"([^\s<>@\"',;:()]{1,100})@([a-z0-9._-]{3,200})", re.I)
_MAIL_SIGNS = ("[commMgrTok:", "-o-pre-wrap")
_PAGE = re.compile(r"\s*<(?:!doctype|html|head|body|div|table|p)[\s>]", re.I)
_MARKER = re2.compile(r"-{6,}\s*\pL[^-\n]{3,60}-{6,}")
_DAY_FIRST = frozenset(
    {"UK", "DE", "FR", "IT", "ES", "NL", "BE", "IE", "PL", "TR", "IN", "AU", "BR", "MX", "SG", "AE", "SA", "EG"}
)


@dataclass(frozen=True)
class Plan:
    """How the rows of one file are read, as far as only the whole file tells."""

    picked: Mapping[str, tuple[str, ...]]
    not_buyer: Mapping[str, frozenset[str]] = field(default_factory=dict)
    nested_text: frozenset[str] = frozenset()
    day_first: bool | None = None
    marketplace: str = ""
    scenario: str = ""
    conflicting: frozenset[bytes] = frozenset()  # texts, hashed, that stand there with two labels
    rounded_ids: bool = False  # every long id ends in zeros: a spreadsheet rounded them
    described: bool = False  # tickets with a body and tickets with a description only


@dataclass(frozen=True)
class Survey:
    """What a whole file tells before its first row is read: the plan, and which ids stand there more than once.

    `repeated` holds the hashes of such ids in order; 8 bytes a row are kept while they are counted.
    """

    plan: Plan
    names: tuple[str, ...]
    n_rows: int
    readable: bool  # a row without damage is there
    repeated: "NDArray[np.uint64]"
    ending: Ending

    def repeats(self, row: RawRow) -> bool:
        """Whether the id of a row stands in another row too."""
        if not len(self.repeated):
            return False
        hashed = _hash_of_id(row, self.plan)
        at = self.repeated.searchsorted(hashed)
        return bool(at < len(self.repeated) and self.repeated[at] == hashed)


def survey(rows: Callable[[], Rows], chosen: Mapping[str, str] | None = None, market: str | None = None) -> Survey:
    """Go through all rows once; once more where columns turn up late, and where messages are labelled.

    >>> from messages.rows import Reading, given
    >>> rows = [RawRow(i, {"Id": name, "Text": "Hello"}) for i, name in enumerate("aba", 1)]
    >>> found = survey(lambda: given(Reading(rows)))
    >>> found.n_rows, found.plan.picked["text"], [found.repeats(row) for row in rows]
    (3, ('Text',), [True, False, True])
    """
    names: dict[str, None] = {}
    for row in islice(rows(), _FIRST_ROWS):
        names |= dict.fromkeys(row.values)
    code = "" if not market or market.upper() == "CN" else marketplace(market).code
    while True:
        plan = Plan(pick_columns(names, chosen), marketplace=code)
        found = _look_through(rows(), plan, names)
        if pick_columns(names, chosen) == plan.picked:
            break
    if found.plan.scenario:
        return replace(found, plan=replace(found.plan, conflicting=_conflicts(rows(), found.plan)))
    return found


def _look_through(rows: Rows, plan: Plan, names: dict[str, None]) -> Survey:
    """One walk over all rows; columns that turn up late are added to the names."""
    import numpy as np

    texts, dates = plan.picked.get("text", ()), plan.picked.get("received_at", ())
    nested, filled = Counter[str](), Counter[str]()
    known, labelled = Counter[str](), Counter[str]()
    told: set[bool | None] = set()
    hashes = array("Q")
    n_rows = n_long = n_zeros = 0
    readable = False
    while True:
        try:
            row = next(rows)
        except StopIteration as end:
            ending = end.value
            break
        n_rows += 1
        if not row.values.keys() <= names.keys():
            names |= dict.fromkeys(row.values)
        readable = readable or bool(row.values and not row.reason)
        for column in texts:
            value = row.values.get(column)
            filled[column] += value is not None
            nested[column] += isinstance(value, (dict, list))
        for column in dates if len(told) < 3 else ():
            told.add(day_first([text_of(row.values.get(column))]))
        for column in plan.picked.get("scenario", ()):
            label = text_of(row.values.get(column))
            if not is_blank(label):
                labelled[column] += 1
                known[column] += plain_name(label) in known_scenarios()
        if "message_id" in plan.picked:
            message_id = _id(_cell(row, plan, "message_id"), [])
            hashes.append(_hashed_id(message_id) if message_id else n_rows)
            if _LONG_ID.fullmatch(message_id):
                n_long += 1
                n_zeros += set(message_id[15:]) == {"0"}
    values, counts = np.unique(np.frombuffer(hashes, np.uint64), return_counts=True)
    marks = not_the_buyer()
    full = replace(
        plan,
        not_buyer={n: marks[plain_name(n)] for n in names if plain_name(n) in marks},
        nested_text=frozenset(c for c in texts if nested[c] > 0.5 * filled[c]),
        day_first=None if {True, False} <= told else next((t for t in told if t is not None), None),
        # A column of labels: at least three in ten of its values are scenarios. A "Category" of a helpdesk is none.
        scenario=next((c for c in plan.picked.get("scenario", ()) if known[c] >= max(0.3 * labelled[c], 1)), ""),
        rounded_ids=n_long >= 2 and n_zeros == n_long,
        described={"body", "description"} <= names.keys(),
    )
    return Survey(full, tuple(names), n_rows, readable, values[counts > 1], ending)


def _hash_of_id(row: RawRow, plan: Plan) -> int:
    message_id = _id(_cell(row, plan, "message_id"), [])
    return _hashed_id(message_id) if message_id else row.number


def _hashed_id(message_id: str) -> int:
    """A number that tells ids apart, too large for one of a row."""
    return hashed(message_id) % (1 << 64) | 1 << 63


def hashed(text: str) -> int:
    """A number of 64 bits that tells texts apart.

    >>> hashed("302-1234567-7654321") == hashed("302-1234567-7654321") != hashed("302-1234567-7654322")
    True
    """
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def records_of(rows: Sequence[RawRow], plan: Plan, repeated: Container[int] = ()) -> list[dict[str, Any]]:
    """A record for each row, with its quarantine reason or ""; `repeated` are numbers of rows whose id is not unique.

    The language is what the file says, or "".

    >>> rows = [RawRow(1, {"Id": "7", "Text": "Hello"}), RawRow(2, {"Id": "8", "Text": " "})]
    >>> records = records_of(rows, Plan({"message_id": ("Id",), "text": ("Text",)}))
    >>> [(r["message_id"], r["text"], r["reason"]) for r in records]
    [('7', 'Hello', ''), ('8', ' ', 'empty_text')]
    """
    records = []
    for row in rows:
        record = _record(row, plan)
        if "message_id" in plan.picked:
            _mark_id(record, plan, row.number in repeated)
        if plan.scenario:
            _check_label(record, plan)
        record["issues"] = " ".join(dict.fromkeys(record["issues"]))
        if record["reason"]:
            record |= {k: visible_bytes(record[k]) for k in ("text", "message_id", "place")}
        records.append(record)
    return records


def add_languages(records: Sequence[dict[str, Any]]) -> None:
    """Fill in the language of messages where the file does not say it."""
    unknown = [r for r in records if not r["language"] and not r["reason"]]
    for record, language in zip(unknown, detect_languages([r["text"] for r in unknown]), strict=True):
        record["language"] = language


def is_blank(text: str) -> bool:
    """True for a text that shows nothing: blanks, line ends, zero-width and filler characters.

    >>> is_blank(" \\u200b\\u3000\\n"), is_blank("-"), is_blank("👍")
    (True, False, False)
    """
    return _UNSEEN.fullmatch(text) is not None


def _record(row: RawRow, plan: Plan) -> dict[str, Any]:
    row = with_description(row) if plan.described else row
    issues = list(row.issues)
    written, fault = _text(row, plan)
    text, from_mail = (clean_message(written), written) if _is_mail_text(written) else (written, "")
    sender = _sender(row, plan)
    market, buyer, case = _buyer(sender, row, plan)
    subject = text_of(_cell(row, plan, "subject"))
    message_id = _id(_cell(row, plan, "message_id"), issues)
    record: dict[str, Any] = {
        "row": row.number,
        "message_id": message_id,
        "thread_id": _id(_cell(row, plan, "thread_id"), issues) or case,
        "order_id": _id(_cell(row, plan, "order_id"), issues)
        or next(iter(find_order_ids(f"{subject}\n{written}")), ""),
        "asin": _id(_cell(row, plan, "asin"), issues) or find_asin(f"{subject}\n{written}") or "",
        "marketplace": _site(row, plan) or market or (find_marketplace_in(from_mail) or "") or plan.marketplace,
        "language": _language(text_of(_cell(row, plan, "language"))),
        "direction": "buyer",
        "buyer": buyer,
        "subject": subject,
        "text": text,
        "scenario": text_of(row.values.get(plan.scenario)) if plan.scenario else "",
        "place": row.place,
    }
    record["received_at"] = _moment(_cell(row, plan, "received_at"), plan, record["marketplace"], issues)
    record["reason"] = row.reason or _reason(row, plan, record, sender, fault)
    record["text"] = text if text or not record["reason"] else row.raw[:100_000]
    if "\ufffd" in text:
        issues.append("undecodable_bytes")
    record["issues"] = issues
    return record


def _reason(row: RawRow, plan: Plan, record: Mapping[str, Any], sender: str, fault: str) -> str:
    used = " ".join([v for v in record.values() if isinstance(v, str)])
    whole = is_unicode(used) and is_unicode(row.raw)
    if not whole and (_SURROGATE.search(used) or undecodable(row.raw)):
        return "undecodable_bytes" if undecodable(row.raw) or undecodable(used) else "lone_surrogate"
    if "\x00" in row.raw or "\x00" in used:
        return "nul_bytes"
    if any(plain_name(text_of(row.values.get(c)).strip()[:40]) in values for c, values in plan.not_buyer.items()):
        return "not_a_buyer_message"
    writer = _writer(sender)
    if writer == "impostor":
        return "suspect_sender"
    # A mailbox says who wrote: Amazon also writes down what a buyer told it.
    if writer in ("amazon", "machine") and row.values.get("direction") != "buyer":
        return "not_a_buyer_message"
    return fault or ("empty_text" if is_blank(record["text"]) else "")


def _is_mail_text(text: str) -> bool:
    """True for a mail of Amazon's in a cell: its markers around the buyer's words, its footer, or a page of HTML.

    >>> _is_mail_text("<div>Hello</div>"), _is_mail_text("It shows <b>E1</b> and <br>")
    (True, False)
    """
    if any(sign in text for sign in _MAIL_SIGNS) or (text.rstrip().endswith(">") and _PAGE.match(text)):
        return True
    return text.count("------") >= 2 and _MARKER.search(_SURROGATE.sub(" ", text)) is not None


def _cell(row: RawRow, plan: Plan, name: str) -> Any:
    """The first filled cell of the columns that may hold a field."""
    for column in plan.picked.get(name, ()):
        value = row.values.get(column)
        if value is not None and not isinstance(value, (dict, list)) and not is_blank(text_of(value)):
            return value
    return None


def _text(row: RawRow, plan: Plan) -> tuple[str, str]:
    """The text, as it is, and why it is no text."""
    candidates = plan.picked.get("text", ())
    for column in candidates:
        value = row.values.get(column)
        around = column.rpartition(".")[0]
        if around in candidates and around not in plan.nested_text:
            continue
        if isinstance(value, CellError):
            return str(value), "spreadsheet_error"
        if isinstance(value, (dict, list)):
            if value and column not in plan.nested_text:
                return "", "invalid_json"
        elif not is_blank(text_of(value)):
            words = text_of(value)
            return (clean_message(words) if "html" in column.casefold() else words), ""
    first = row.values.get(candidates[0]) if candidates else None
    return (text_of(first) if isinstance(first, str) else ""), ""


def _id(value: Any, issues: list[str]) -> str:
    """An id as text. What a spreadsheet rounded is no id any more: better none than a wrong one.

    >>> _id(100.0, []), _id("1E5", []), _id(1.0000000000012344e16, []), _id("1,23457E+16", [])
    ('100', '1E5', '', '')
    """
    if isinstance(value, CellError):
        issues.append("spreadsheet_error")
        return ""
    text = text_of(value).strip()
    if quoted := _AS_TEXT.fullmatch(text):
        text = quoted[1]
    if isinstance(value, datetime.date):  # Excel took 3-12 for a day
        issues.append("id_precision_lost")
        return ""
    if value != value or (isinstance(value, float) and abs(value) >= 1e15) or _ROUNDED.fullmatch(text):
        if value == value:
            issues.append("id_precision_lost")
        return ""
    return text


def _mark_id(record: dict[str, Any], plan: Plan, is_repeated: bool) -> None:
    """Say that an id is missing, stands twice, or lost its last digits in Excel (all long ones end in zeros)."""
    if plan.rounded_ids and _LONG_ID.fullmatch(record["message_id"]):
        record["message_id"] = ""
        record["issues"].append("id_precision_lost")
    elif not record["message_id"]:
        record["issues"] += [] if "id_precision_lost" in record["issues"] else ["missing_id"]
    elif is_repeated:
        record["issues"].append("duplicate_id")


def _sender(row: RawRow, plan: Plan) -> str:
    """The first cell about the buyer that holds an address."""
    cells = (row.values.get(column) for column in plan.picked.get("buyer", ()))
    return next((c[:2000] for c in cells if isinstance(c, str) and _ADDRESS.search(c[:2000])), "")


@lru_cache(maxsize=10_000)
def _writer(sender: str) -> str:
    return read_sender({"From": sender}.get).writer if sender else ""


def _buyer(sender: str, row: RawRow, plan: Plan) -> tuple[str, str, str]:
    """Marketplace, hashed buyer and case id, as the relay address tells them; else a hashed address or name.

    What follows the + is the case, not the buyer.
    """
    found = _ADDRESS.search(sender) if sender else None
    if found is None:
        return "", hashed_sender(text_of(_cell(row, plan, "buyer"))), ""
    market = relay_marketplace(found[2].casefold().rstrip("."))
    case = found[1].casefold().partition("+")[2] if market else ""
    return (market.code if market else ""), hashed_sender(sender), case


def hashed_sender(sender: str) -> str:
    """Sixteen letters for who wrote: the relay's alias whatever case it is in, else the address, else the name.

    >>> one, other = "Ann <a1b2c3d4e5+9f8e@marketplace.amazon.de>", "A1B2C3D4E5@marketplace.amazon.de"
    >>> hashed_sender(one) == hashed_sender(other), hashed_sender("ann@a.example") == hashed_sender("ann@b.example")
    (True, False)
    """
    found = _ADDRESS.search(sender[:2000])
    name = sender.strip().casefold()
    if found:
        local, domain = found[1].casefold(), found[2].casefold().rstrip(".")
        name = local.partition("+")[0] if relay_marketplace(domain) else f"{local}@{domain}"
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16] if name else ""


def _site(row: RawRow, plan: Plan) -> str:
    """The marketplace of the first column that names one: a shop's own name is none."""
    names = (text_of(row.values.get(column))[:100] for column in plan.picked.get("marketplace", ()))
    return next(filter(None, map(_marketplace, names)), "")


@lru_cache(maxsize=10_000)
def _marketplace(name: str) -> str:
    found = find_marketplace(name.strip().removeprefix("https://").rstrip("/")) if name else None
    return found.code if found else marketplace_names().get(plain_name(name), "") if name else ""


def _language(name: str) -> str:
    """`en` of `en-US`; what is no code is left to the text itself."""
    found = _CODE.fullmatch(name.strip().casefold()) if name else None
    return {"jp": "ja", "cn": "zh"}.get(found[1], found[1]) if found else ""


def _moment(value: Any, plan: Plan, market: str, issues: list[str]) -> Any:
    if value is None:
        return None
    by_market = True if market in _DAY_FIRST else False if market == "US" else None
    moment = (
        None
        if isinstance(value, CellError)
        else read_moment(value, by_market if plan.day_first is None else plan.day_first)
    )
    if moment is None:
        issues.append("unreadable_date")
    return moment


def _check_label(record: dict[str, Any], plan: Plan) -> None:
    """Set aside a label that is empty, unknown, or differs for one text; blanks, case and zero-width are forgiven."""
    label = known_scenarios().get(plain_name(record["scenario"]), "")
    if not record["reason"]:
        if not label:
            record["reason"] = "empty_label" if is_blank(record["scenario"]) else "unknown_label"
        elif plan.conflicting and _same_text(record["text"]) in plan.conflicting:
            record["reason"] = "conflicting_label"
    record["scenario"] = label


def _conflicts(rows: Rows, plan: Plan) -> frozenset[bytes]:
    """The texts that stand in a labelled file with two labels."""
    labels: dict[bytes, str] = {}
    conflicting: set[bytes] = set()
    for row in rows:
        record = _record(row, plan)
        _check_label(record, plan)
        if not record["reason"]:
            text = _same_text(record["text"])
            if labels.setdefault(text, record["scenario"]) != record["scenario"]:
                conflicting.add(text)
    return frozenset(conflicting)


def _same_text(text: str) -> bytes:
    same = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return hashlib.blake2b(same.encode("utf-8", "surrogatepass"), digest_size=16).digest()
