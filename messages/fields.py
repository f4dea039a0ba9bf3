"""From rows to messages: what each cell means, and which rows are no messages of a buyer."""

import datetime
import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

from messages.clean import clean_message, find_asin, find_marketplace_in, find_order_ids
from messages.columns import known_scenarios, marketplace_names, not_the_buyer, plain_name
from messages.dates import day_first, read_moment
from messages.encoding import undecodable, visible_bytes
from messages.language import detect_languages
from messages.marketplaces import find_marketplace, marketplace
from messages.rows import RawRow
from messages.sender import read_sender, relay_marketplace
from messages.workbook import CellError, text_of

_UNSEEN = re.compile(
    r"[\s\x00-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0]*"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
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
    """How the columns of one file are read."""

    picked: Mapping[str, tuple[str, ...]]
    not_buyer: Mapping[str, frozenset[str]]
    nested_text: frozenset[str]
    day_first: bool | None
    marketplace: str
    scenario: str


def records_of(
    rows: Sequence[RawRow], picked: Mapping[str, tuple[str, ...]], market: str | None = None
) -> tuple[list[dict[str, Any]], bool]:
    """A record for each row, with its quarantine reason or "", and whether the file is labelled.

    >>> rows = [RawRow(1, {"Id": "7", "Text": "Hello"}), RawRow(2, {"Id": "8", "Text": " "})]
    >>> records, labelled = records_of(rows, {"message_id": ("Id",), "text": ("Text",)})
    >>> [(r["message_id"], r["text"], r["reason"]) for r in records]
    [('7', 'Hello', ''), ('8', ' ', 'empty_text')]
    """
    plan = _plan(rows, picked, market)
    records = [_record(row, plan) for row in rows]
    if "message_id" in picked:
        _mark_ids(records)
    if plan.scenario:
        _check_labels(records)
    good = [r for r in records if not r["reason"]]
    unknown = [r for r in good if not r["language"]]
    for record, language in zip(unknown, detect_languages([r["text"] for r in unknown]), strict=True):
        record["language"] = language
    for record in records:
        record["issues"] = " ".join(dict.fromkeys(record["issues"]))
        if record["reason"]:
            record |= {k: visible_bytes(record[k]) for k in ("text", "message_id", "place")}
    return records, bool(plan.scenario)


def _plan(rows: Sequence[RawRow], picked: Mapping[str, tuple[str, ...]], market: str | None) -> Plan:
    names = dict.fromkeys(key for row in rows for key in row.values)
    marks = not_the_buyer()
    code = "" if not market or market.upper() == "CN" else marketplace(market).code
    dates = (text_of(row.values.get(c)) for row in rows for c in picked.get("received_at", ()))
    texts = picked.get("text", ())
    nested = {c for c in texts if _mostly_nested([row.values.get(c) for row in rows])}
    return Plan(
        picked=picked,
        not_buyer={n: marks[plain_name(n)] for n in names if plain_name(n) in marks},
        nested_text=frozenset(nested),
        day_first=day_first(dates),
        marketplace=code,
        scenario=next((c for c in picked.get("scenario", ()) if _holds_labels([r.values.get(c) for r in rows])), ""),
    )


def _mostly_nested(values: Sequence[Any]) -> bool:
    filled = [v for v in values if v is not None]
    return sum(isinstance(v, (dict, list)) for v in filled) > 0.5 * len(filled)


def _holds_labels(values: Sequence[Any]) -> bool:
    """A column of labels: at least three in ten of its values are scenarios. A "Category" of a helpdesk is none."""
    filled = [plain_name(text_of(v)) for v in values if not is_blank(text_of(v))]
    return bool(filled) and sum(v in known_scenarios() for v in filled) >= 0.3 * len(filled)


def is_blank(text: str) -> bool:
    """True for a text that shows nothing: blanks, line ends, zero-width and filler characters.

    >>> is_blank(" \\u200b\\u3000\\n"), is_blank("-"), is_blank("👍")
    (True, False, False)
    """
    return _UNSEEN.fullmatch(text) is not None


def _record(row: RawRow, plan: Plan) -> dict[str, Any]:
    issues = list(row.issues)
    written, fault = _text(row, plan)
    text, from_mail = (clean_message(written), written) if _is_mail_text(written) else (written, "")
    market, buyer, case = _buyer(row, plan)
    subject = text_of(_cell(row, plan, "subject"))
    message_id = _id(_cell(row, plan, "message_id"), issues)
    record: dict[str, Any] = {
        "row": row.number,
        "message_id": message_id,
        "thread_id": _id(_cell(row, plan, "thread_id"), issues) or case,
        "order_id": _id(_cell(row, plan, "order_id"), issues)
        or next(iter(find_order_ids(f"{subject}\n{written}")), ""),
        "asin": _id(_cell(row, plan, "asin"), issues) or find_asin(f"{subject}\n{written}") or "",
        "marketplace": _marketplace(text_of(_cell(row, plan, "marketplace")))
        or market
        or (find_marketplace_in(from_mail) or "")
        or plan.marketplace,
        "language": _language(text_of(_cell(row, plan, "language"))),
        "direction": "buyer",
        "buyer": buyer,
        "subject": subject,
        "text": text,
        "scenario": text_of(row.values.get(plan.scenario)) if plan.scenario else "",
        "place": row.place,
    }
    record["received_at"] = _moment(_cell(row, plan, "received_at"), plan, record["marketplace"], issues)
    record["reason"] = row.reason or _reason(row, plan, record, fault)
    record["text"] = text if text or not record["reason"] else row.raw[:100_000]
    if "\ufffd" in text:
        issues.append("undecodable_bytes")
    record["issues"] = issues
    return record


def _reason(row: RawRow, plan: Plan, record: Mapping[str, Any], fault: str) -> str:
    used = [v for v in record.values() if isinstance(v, str)]
    if any(map(_SURROGATE.search, used)) or undecodable(row.raw):
        return "undecodable_bytes" if undecodable(row.raw) or any(map(undecodable, used)) else "lone_surrogate"
    if "\x00" in row.raw or any("\x00" in v for v in used):
        return "nul_bytes"
    if any(plain_name(text_of(row.values.get(c)).strip()[:40]) in values for c, values in plan.not_buyer.items()):
        return "not_a_buyer_message"
    writer = _writer(row, plan)
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


def _cell(row: RawRow, plan: Plan, field: str) -> Any:
    """The first filled cell of the columns that may hold a field."""
    for column in plan.picked.get(field, ()):
        value = row.values.get(column)
        if not isinstance(value, (dict, list)) and not is_blank(text_of(value)):
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


def _mark_ids(records: Sequence[dict[str, Any]]) -> None:
    """Say which ids are missing, stand twice, or lost their last digits in Excel (all of them end in zeros)."""
    long = [r for r in records if re.fullmatch(r"\d{16,}", r["message_id"])]
    if len(long) >= 2 and all(set(r["message_id"][15:]) == {"0"} for r in long):
        for record in long:
            record["message_id"] = ""
            record["issues"].append("id_precision_lost")
    counts = Counter(r["message_id"] for r in records)
    for record in records:
        if not record["message_id"]:
            record["issues"] += [] if "id_precision_lost" in record["issues"] else ["missing_id"]
        elif counts[record["message_id"]] > 1:
            record["issues"].append("duplicate_id")


def _sender(row: RawRow, plan: Plan) -> str:
    """The first cell about the buyer that holds an address."""
    cells = (row.values.get(column) for column in plan.picked.get("buyer", ()))
    return next((c[:2000] for c in cells if isinstance(c, str) and _ADDRESS.search(c[:2000])), "")


@lru_cache(maxsize=10_000)
def _writer_of(sender: str) -> str:
    return read_sender({"From": sender}.get).writer if sender else ""


def _writer(row: RawRow, plan: Plan) -> str:
    return _writer_of(_sender(row, plan))


def _buyer(row: RawRow, plan: Plan) -> tuple[str, str, str]:
    """Marketplace, hashed buyer and case id, as the relay address tells them; else a hashed address or name.

    What follows the + is the case, not the buyer.
    """
    found = _ADDRESS.search(_sender(row, plan))
    if found is None:
        name = text_of(_cell(row, plan, "buyer")).strip().casefold()
        return "", _hashed(name) if name else "", ""
    local, domain = found[1].casefold(), found[2].casefold().rstrip(".")
    market = relay_marketplace(domain)
    alias, _, case = local.partition("+") if market else (local, "", "")
    return (market.code if market else ""), _hashed(alias if market else f"{local}@{domain}"), case


def _hashed(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _marketplace(name: str) -> str:
    found = find_marketplace(name.strip().removeprefix("https://").rstrip("/")) if name else None
    return found.code if found else marketplace_names().get(plain_name(name), "") if name else ""


def _language(name: str) -> str:
    """`en` of `en-US`; what is no code is left to the text itself."""
    found = re.fullmatch(r"([a-z]{2})([-_][a-z]{2,4}){0,2}", name.strip().casefold())
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


def _check_labels(records: Sequence[dict[str, Any]]) -> None:
    """Set aside labels that are empty, unknown, or differ for one text; blanks, case and zero-width are forgiven."""
    for record in records:
        label = known_scenarios().get(plain_name(record["scenario"]), "")
        if not record["reason"] and not label:
            record["reason"] = "empty_label" if is_blank(record["scenario"]) else "unknown_label"
        record["scenario"] = label
    labels: dict[str, set[str]] = {}
    for record in records:
        if not record["reason"]:
            labels.setdefault(_same_text(record["text"]), set()).add(record["scenario"])
    for record in records:
        if not record["reason"] and len(labels[_same_text(record["text"])]) > 1:
            record["reason"] = "conflicting_label"


def _same_text(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
