"""Messages as JSON: a line each, one array, or the answer of a helpdesk's API with its tickets and comments."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import Any

from messages.columns import pick_columns, unique_names
from messages.encoding import Again, Lines, undecodable, whole_text
from messages.errors import LogError
from messages.rows import Ending, RawRow, Reading, Rows, given

# Lists that hold records, outermost first; what surrounds such a list belongs to each of its records.
_RECORDS = (
    "tickets",
    "conversations",
    "data",
    "results",
    "records",
    "items",
    "rows",
    "messages",
    "comments",
    "threads",
    "hits",
    "value",
)
_INSIDE = ("messages", "comments", "threads", "conversation_parts")
_MAX_DEPTH = 40
_FORM_SAMPLE = 1000  # lines that tell whether each ends with the comma of an array, or holds a page of an answer
_WRAPPERS = ("data", "results", "hits", "_embedded", "response", "payload")
_NEXT_OBJECT = re.compile(r"\}\s*,\s*(?=\{)|\n(?=\{)")


class _Twice(dict[str, Any]):
    """An object that gave one key two values."""

    key = ""


def json_rows(source: Lines, name: str) -> Rows:
    """Rows of a JSON document or of JSON lines; a line that is no object is a row with a reason.

    >>> lines = Lines(['{"id": 12345678901234567890, "message": "Hello"}\\n', '{"id": 2,\\n'], "utf-8")
    >>> [(row.values, row.reason) for row in json_rows(lines, "log.jsonl")]
    [({'id': '12345678901234567890', 'message': 'Hello'}, ''), ({'id': '2'}, 'invalid_json')]
    """
    filled = Again(lambda: ((i, line) for i, line in enumerate(source.lines, 1) if line.strip(_BLANK)))
    head = list(islice(filled, 2))
    first = head[0][1]
    if len(head) == 1 or _parse(first) is _INVALID:
        whole = whole_text(source.lines, name)
        document = _parse(whole)
        if document is not _INVALID:
            return (yield from given(_of_document(document, source)))
        if len(head) == 1 or first.strip(_BLANK).startswith("[") or first.strip(_BLANK) == "{":
            return (yield from given(_of_array(whole, source, name)))
    return (yield from _of_lines(filled, source, name))


def with_description(row: RawRow) -> RawRow:
    """A ticket without comments beside tickets with them: its description is the body.

    >>> with_description(RawRow(1, {"description": "Where is it?"})).values["body"]
    'Where is it?'
    """
    if "description" not in row.values or row.values.get("body") is not None:
        return row
    return replace(row, values={**row.values, "body": row.values["description"]})


_BLANK = " \t\r\n\x00\ufeff\x1e\x1a\u200b\xa0\u3000"
_INVALID = object()
_BETWEEN = re.compile(f"[{_BLANK},]*+")


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    first: dict[str, Any] = {}
    for key, value in pairs:
        if key in first and first[key] != value:
            twice = _Twice(made)
            twice.key = key
            return twice
        first.setdefault(key, value)
    return made


# Numbers stay as they are written: an id of twenty digits is no float.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=str, parse_float=str, parse_constant=lambda _: None, strict=False
)


def _parse(text: str) -> Any:
    try:
        return _DECODER.decode(text.strip(_BLANK))
    except (ValueError, RecursionError):
        return _INVALID


def _of_lines(filled: Iterable[tuple[int, str]], source: Lines, name: str) -> Rows:
    head = [line for _, line in islice(filled, _FORM_SAMPLE)]
    commas = sum(line.rstrip(_BLANK).endswith("},") for line in head) * 2 > len(head)

    def parsed(line: str) -> Any:
        return _parse(line.rstrip(_BLANK + ",") if commas else line)

    pages = all(map(_is_page, map(parsed, head)))  # an answer of an API in each line
    count = number = 0
    line, last = "", ""
    is_any_valid = False
    for number, line in filled:
        rows = _rows_of_line(parsed(line), line, f"line {number}", pages, count)
        count += len(rows)
        is_any_valid = is_any_valid or any(row.reason != "invalid_json" for row in rows)
        last = rows[-1].reason if rows else last
        yield from rows
    if count and not is_any_valid:
        raise LogError(f"{name}: no valid JSON object in it. Export it again, as JSON lines or CSV.")
    if last == "invalid_json" and not line.endswith(("\n", "\r")):
        return Ending((*source.notes, f"The file seems to be cut: its last line, {number}, is no JSON."), False)
    return Ending(source.notes, source.complete)


def _rows_of_line(value: Any, line: str, place: str, pages: bool, n_before: int) -> list[RawRow]:
    is_record = isinstance(value, dict) and (_is_record(value) or _has_text(tuple(value)))
    if not isinstance(value, dict) and not (pages and _is_page(value)):
        return [RawRow(n_before + 1, _id_of(line), place, "invalid_json", (), line.rstrip("\r\n"))]
    records = [value] if is_record else list(_records(value))
    if records and records[0] is value:
        return _rows_of(value, place, line, n_before)
    return _rows_of_all(records, f"{place}, ", n_before)


def _is_page(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(record, dict) for record in value)


@lru_cache(maxsize=10_000)
def _has_text(names: tuple[str, ...]) -> bool:
    return "text" in pick_columns(names)


def _is_message(value: Any) -> bool:
    """Whether an object holds a text or a list of messages itself."""
    return isinstance(value, dict) and (
        _has_text(tuple(value)) or any(isinstance(value.get(key), list) for key in _INSIDE)
    )


def _opened(record: dict[str, Any]) -> dict[str, Any]:
    """A record whose message stands in an object of its own, with that object's fields among its own.

    >>> _opened({"_id": "a1", "_source": {"id": "7", "message": "Hello"}})
    {'id': '7', 'message': 'Hello', '_id': 'a1'}
    """
    if _is_message(record):
        return record
    for key, inner in record.items():
        if _is_message(inner):
            return {**inner, **{k: v for k, v in record.items() if k != key and k not in inner}}
    return record


def _of_document(document: Any, source: Lines) -> Reading:
    return Reading(_rows_of_all(_records(document), "", 0), source.notes, source.complete)


def _rows_of_all(records: Iterable[Any], where: str, n_before: int) -> list[RawRow]:
    rows: list[RawRow] = []
    for k, record in enumerate(records, 1):
        rows += _rows_of(record, f"{where}record {k}", "", n_before + len(rows))
    return rows


def _records(value: Any) -> Iterable[Any]:
    """The records in a document: of a list each, of a wrapper those of its list, else the object itself."""
    for _ in range(_MAX_DEPTH):
        if (table := _as_table(value)) is not None:
            return table
        if not isinstance(value, dict) or _is_record(value) or (inner := _wrapped(value)) is None:
            break
        value = inner
    return value if isinstance(value, list) else [value]


def _wrapped(value: Mapping[str, Any]) -> Any:
    """What a wrapper is around: a list of records, another wrapper, objects by their id, or a list further inside."""
    for inner in map(value.get, _RECORDS):
        if isinstance(inner, list) and (not inner or isinstance(inner[0], (dict, list))):
            return inner
    for inner in map(value.get, _WRAPPERS):
        if isinstance(inner, dict):
            return inner
    if len(value) > 1 and all(isinstance(inner, dict) for inner in value.values()):
        return [{"id": key, **inner} for key, inner in value.items()]
    return _list_within(value)


def _list_within(value: Mapping[str, Any]) -> list[Any] | None:
    """The outermost list of messages in an answer whose wrapping we do not know.

    >>> _list_within({"code": "0", "reply": {"page": {"list": [{"node": {"message": "Hello"}}]}}})
    [{'node': {'message': 'Hello'}}]
    """
    level: list[Mapping[str, Any]] = [value]
    for _ in range(6):
        for inner in (v for outer in level for v in outer.values() if isinstance(v, list)):
            if _is_page(inner) and _is_message(_opened(inner[0])):
                return inner
        inside = (v for outer in level for v in outer.values() if isinstance(v, dict))
        level = list(islice(inside, 1000))
    return None


def _as_table(value: Any) -> list[dict[str, Any]] | None:
    """Records of a table written as a header and rows of cells, or column by column, as pandas does.

    >>> _as_table([["id", "message"], ["1", "Hello"]])
    [{'id': '1', 'message': 'Hello'}]
    >>> _as_table({"id": {"0": "1"}, "message": {"0": "Hello"}})
    [{'id': '1', 'message': 'Hello'}]
    """
    if isinstance(value, list):
        return _of_cells(value)
    if not isinstance(value, dict):
        return None
    header, cells = value.get("columns"), value.get("data")
    if isinstance(header, list) and isinstance(cells, list):
        return _of_cells([header, *cells])
    return _of_columns(value) if "text" in pick_columns(value) and all(map(_is_column, value.values())) else None


def _of_cells(rows: Sequence[Any]) -> list[dict[str, Any]] | None:
    if not rows or not all(isinstance(row, list) for row in rows):
        return None
    header = [str(name) for name in rows[0]]
    if "text" not in pick_columns(header):
        return None
    return [dict(zip(unique_names(header), row, strict=False)) for row in rows[1:]]


def _of_columns(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    columns = {n: c if isinstance(c, dict) else {str(i): v for i, v in enumerate(c)} for n, c in table.items()}
    keys = dict.fromkeys(key for column in columns.values() for key in column)
    return [{name: column.get(key) for name, column in columns.items()} for key in keys]


def _is_column(value: Any) -> bool:
    """Cells by their number, or in a list."""
    if isinstance(value, dict):
        return bool(value) and all(key.isdigit() for key in value)
    return isinstance(value, list) and bool(value) and not any(isinstance(cell, (dict, list)) for cell in value)


def _is_record(value: Mapping[str, Any]) -> bool:
    """A ticket with its messages has an id of its own; a wrapper around tickets has none."""
    return any(key in value for key in ("id", "ticket_id", "message_id", "conversation_id", "subject", "slug"))


def _of_array(text: str, source: Lines, name: str) -> Reading:
    """The objects of an array, or objects one after the other, that is no valid JSON as a whole.

    After a damaged object, reading goes on at the next that is whole.
    """
    in_array = text.lstrip(_BLANK).startswith("[")
    rows: list[RawRow] = []
    line, counted = 1, 0
    begin = end = text.find("[") + 1 if in_array else 0
    for k, (at, end, value) in enumerate(_objects(text, begin, "]" if in_array else ""), 1):
        line, counted = line + text.count("\n", counted, at), at
        place, raw = f"record {k}, line {line}", text[at:end]
        if value is _INVALID:
            reason = "invalid_json" if end < len(text) else "truncated"
            rows.append(RawRow(len(rows) + 1, _id_of(raw), place, reason, (), raw[:100_000]))
        else:
            rows += _rows_of(value, place, raw, len(rows))
    if not any(not row.reason for row in rows):
        raise LogError(f"{name}: no valid JSON object in it. Export it again, as JSON lines or CSV.")
    below = text[end:].lstrip(_BLANK + ",")
    if in_array and (not below.startswith("]") or below[1:].strip(_BLANK)):
        return Reading(rows, (*source.notes, "The JSON array has no end: the file seems to be cut."), False)
    return Reading(rows, source.notes, source.complete)


def _objects(text: str, at: int, closing: str) -> Iterator[tuple[int, int, Any]]:
    """Where each object begins and ends, and the object; a damaged one ends where the next one begins."""
    while True:
        at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]
        if at == len(text) or text[at] == closing:
            return
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            following = _NEXT_OBJECT.search(text, at + 1)
            value, end = _INVALID, following.end() if following else len(text)
        yield at, end, value
        at = end


def _rows_of(record: Any, place: str, raw: str, n_before: int) -> list[RawRow]:
    """One row, or one for each message of a ticket that holds them."""
    if not isinstance(record, dict):
        raw = raw or json.dumps(record, ensure_ascii=False)
        return [RawRow(n_before + 1, {}, place, "invalid_json", (), raw[:100_000])]
    record = _opened(record)
    embedded = record.get("_embedded")
    if isinstance(embedded, dict):  # Help Scout
        record = {**record, **embedded}
    for key in _INSIDE:
        inner = record.get(key)
        inner = inner.get(key) if isinstance(inner, dict) else inner  # Intercom
        if isinstance(inner, list) and inner and all(isinstance(m, dict) for m in inner):
            return [
                _row(_of_ticket(message, record, key), f"{place}, {key[:-1]} {k}", "", n_before + k)
                for k, message in enumerate(inner, 1)
            ]
    return [_row(record, place, raw, n_before + 1)]


def _of_ticket(message: Mapping[str, Any], ticket: Mapping[str, Any], key: str) -> dict[str, Any]:
    """A message with what its ticket says about it; who is not the requester is an agent."""
    whole = {
        k: v for k, v in ticket.items() if k not in (key, "description", "body", "id", "via", "type", "text", "message")
    }
    whole |= {k: v for k, v in message.items() if v is not None or k not in whole}
    whole.setdefault("ticket_id", ticket.get("id"))
    author, requester = message.get("author_id"), ticket.get("requester_id")
    if author is not None and requester is not None and author != requester:
        whole["from_agent"] = "true"
    if isinstance(message, _Twice):
        whole = _Twice(whole)
        whole.key = message.key
    return whole


def _row(record: Mapping[str, Any], place: str, raw: str, number: int) -> RawRow:
    reason = "undecodable_bytes" if undecodable(raw) else ""
    if isinstance(record, _Twice):
        reason, place = reason or "invalid_json", f"{place}: two values for {record.key[:40]!r}"
    return RawRow(number, flat(record), place, reason, (), raw.rstrip("\r\n"))


def flat(record: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Nested objects as dotted names beside themselves, so that they can be found like columns.

    >>> flat({"id": "1", "sender": {"email": "a@b.example"}, "spam": False})
    {'id': '1', 'sender': {'email': 'a@b.example'}, 'sender.email': 'a@b.example', 'spam': 'false'}
    """
    values: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, bool):
            value = "true" if value else "false"
        values[f"{prefix}{key}"] = value
        if isinstance(value, dict) and depth < _MAX_DEPTH:
            values |= flat(value, f"{prefix}{key}.", depth + 1)
    return values


def _id_of(raw: str) -> dict[str, Any]:
    """The id in a damaged object, so that the row can be found again."""
    found = re.search(r'"(id|message_id|messageId|ticket_id)"\s*:\s*(?:"([^"\\]{1,200})"|(-?\d{1,40}))', raw[:10_000])
    return {found[1]: found[2] or found[3]} if found else {}
