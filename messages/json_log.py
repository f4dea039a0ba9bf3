"""Messages as JSON: a line each, one array, or the answer of a helpdesk's API with its tickets and comments."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
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
        value = parsed(line)
        place = f"line {number}"
        if (pages and _is_page(value)) or (
            isinstance(value, dict) and not _is_record(value) and not _has_text(tuple(value))
        ):
            rows: list[RawRow] = []
            for k, record in enumerate(_records(value), 1):
                told = (place, line) if record is value else (f"{place}, record {k}", "")
                rows += _rows_of(record, *told, count + len(rows))
        elif isinstance(value, dict):
            rows = _rows_of(value, place, line, count)
        else:
            rows = [RawRow(count + 1, _id_of(line), place, "invalid_json", (), line.rstrip("\r\n"))]
        count += len(rows)
        is_any_valid = is_any_valid or any(row.reason != "invalid_json" for row in rows)
        last = rows[-1].reason if rows else last
        yield from rows
    if count and not is_any_valid:
        raise LogError(f"{name}: no valid JSON object in it. Export it again, as JSON lines or CSV.")
    if last == "invalid_json" and not line.endswith(("\n", "\r")):
        return Ending((*source.notes, f"The file seems to be cut: its last line, {number}, is no JSON."), False)
    return Ending(source.notes, source.complete)


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
    records = list(_records(document))
    rows: list[RawRow] = []
    for index, record in enumerate(records, 1):
        place = f"record {index}"
        if isinstance(record, dict):
            rows += _rows_of(record, place, "", len(rows))
        else:
            raw = json.dumps(record, ensure_ascii=False)
            rows.append(RawRow(len(rows) + 1, {}, place, "invalid_json", (), raw[:100_000]))
    return Reading(rows, source.notes, source.complete)


def _records(value: Any) -> Iterator[Any]:
    """The records in a document: of a list each, of a wrapper those of its list, else the object itself."""
    if (table := _as_table(value)) is not None:
        yield from table
        return
    if isinstance(value, list):
        yield from value
        return
    if isinstance(value, dict):
        for key in _RECORDS:
            inner = value.get(key)
            is_list = isinstance(inner, list) and (not inner or isinstance(inner[0], (dict, list)))
            if is_list and not _is_record(value):
                yield from _records(inner)
                return
        for key in _WRAPPERS:
            if isinstance(value.get(key), dict) and not _is_record(value):
                yield from _records(value[key])
                return
        if len(value) > 1 and all(isinstance(v, dict) for v in value.values()) and not _is_record(value):
            for key, inner in value.items():  # objects by their id
                yield {"id": key, **inner}
            return
        if not _is_record(value) and (inner := _list_within(value)) is not None:
            yield from _records(inner)
            return
    yield value


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
    if isinstance(value, dict) and isinstance(value.get("columns"), list) and isinstance(value.get("data"), list):
        value = [value["columns"], *value["data"]]
    if isinstance(value, list) and value and all(isinstance(row, list) for row in value):
        header = [str(c) for c in value[0]]
        if "text" in pick_columns(header):
            return [dict(zip(unique_names(header), row, strict=False)) for row in value[1:]]
    if isinstance(value, dict) and "text" in pick_columns(value) and all(map(_is_column, value.values())):
        columns = {n: c if isinstance(c, dict) else {str(i): v for i, v in enumerate(c)} for n, c in value.items()}
        keys = dict.fromkeys(key for column in columns.values() for key in column)
        return [{name: column.get(key) for name, column in columns.items()} for key in keys]
    return None


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
    rows: list[RawRow] = []
    notes = list(source.notes)
    at = text.find("[") + 1 if text.lstrip(_BLANK).startswith("[") else 0
    in_array = at > 0
    complete = source.complete
    ended = False
    records = 0
    while True:
        while at < len(text) and text[at] in _BLANK + ",":
            at += 1
        if at >= len(text):
            break
        if text[at] == "]" and in_array:
            ended = not text[at + 1 :].strip(_BLANK)
            break
        records += 1
        place = f"record {records}, line {text.count(chr(10), 0, at) + 1}" if records < 20_000 else f"record {records}"
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            following = _NEXT_OBJECT.search(text, at + 1)
            end = following.end() if following else len(text)
            raw = text[at:end]
            rows.append(
                RawRow(
                    len(rows) + 1, _id_of(raw), place, "invalid_json" if following else "truncated", (), raw[:100_000]
                )
            )
            at = end
            continue
        if isinstance(value, dict):
            rows += _rows_of(value, place, text[at:end], len(rows))
        else:
            rows.append(RawRow(len(rows) + 1, {}, place, "invalid_json", (), text[at:end][:100_000]))
        at = end
    if in_array and not ended:
        complete = False
        notes.append("The JSON array has no end: the file seems to be cut.")
    if not any(not row.reason for row in rows):
        raise LogError(f"{name}: no valid JSON object in it. Export it again, as JSON lines or CSV.")
    return Reading(rows, tuple(notes), complete)


def _rows_of(record: dict[str, Any], place: str, raw: str, n_before: int) -> list[RawRow]:
    """One row, or one for each message of a ticket that holds them."""
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
