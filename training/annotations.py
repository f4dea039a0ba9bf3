"""What annotators answered, out of the exports of doccano, Label Studio, Prodigy, Argilla, or any table."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from messages import LogError, read_rows
from messages.columns import pick_columns, plain_name
from messages.encoding import decode_lines, undecodable, visible_bytes
from messages.output import unguard
from messages.rows import RawRow, Reading
from messages.workbook import CellError

FASTTEXT = b"__label__"
ANNOTATORS = ("_annotator_id", "annotator", "annotator_id", "completed_by", "username", "user", "_session_id")
LABELS = ("label", "labels", "cats", "choice", "choices", "annotation")  # beside the names in messages/columns.toml
_LIST_TEXT = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|([^\s,\[\]'\"]+)")
_KNOWN_SHARE = 0.3  # of the filled cells of a column of labels, when its name does not say so


@dataclass(frozen=True)
class Answer:
    """What one annotator said of one message: the labels, the main one first, or why the answer does not count."""

    row: int
    place: str
    text: str
    labels: tuple[str, ...] = ()
    annotator: str = ""
    language: str = ""
    split: str = ""
    skipped: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Judged:
    """A record with one annotator's cells; which of them is the label is seen from the whole file."""

    row: RawRow
    cells: Mapping[str, Any] = field(default_factory=dict)
    annotator: str = ""
    skipped: str = ""


def read_answers(
    path: Path, scenarios: Iterable[str], columns: Mapping[str, str] | None = None, encoding: str | None = None
) -> list[Answer]:
    """Every answer in a labelled file, counted or not, in the order of its rows.

    `columns` names columns that are called something else: `{"text": "body", "scenario": "intent"}`.
    Raises LogError, with the file and what to do, when the file is damaged or holds no texts or labels.
    """
    reading = _fasttext(path, encoding) or read_rows(path, columns=columns, encoding=encoding)
    if not reading.complete:
        raise LogError(f"{path.name}: is incomplete: {' '.join(reading.notes)[:300]} Export or copy it again.")
    if not reading.rows:
        raise LogError(f"{path.name}: holds no rows. Export the labelled messages again.")
    whole = [row for row in reading.rows if not row.reason]
    judged = [j for row in whole for j in _judged(row)]
    chosen = columns or {}
    text_of = _text_reader(path.name, whole, chosen.get("text"))
    known = {plain_name(s) for s in scenarios}
    label = _label_column(path.name, judged, known, chosen.get("scenario"), text_of.names)
    picked = pick_columns(dict.fromkeys(key for row in whole for key in row.values))
    languages = [c for c in picked.get("language", ()) if c != label]
    answers = [Answer(r.number, r.place, "", skipped=r.reason) for r in reading.rows if r.reason]
    for j in judged:
        labels = _labels(j.cells.get(label), path.name, j.row)
        text = text_of(j.row)
        further = j.row.values.get("also")
        labels += tuple(further.split()) if isinstance(further, str) and label != "also" else ()
        answers.append(
            Answer(
                j.row.number,
                j.row.place,
                unguard(visible_bytes(text)),
                labels,
                j.annotator,
                next((str(v) for c in languages if (v := j.row.values.get(c))), ""),
                str(j.row.values.get("split") or ""),
                j.skipped or _damage(text),
                tuple(str(f) for cell in _listed(j.row.values.get("flags")) for f in str(cell).split()),
            )
        )
    return sorted(answers, key=lambda a: a.row)


def _fasttext(path: Path, encoding: str | None) -> Reading | None:
    """Lines `__label__A text`, as doccano writes them for fastText; None for any other file.

    A line may begin with several labels.
    """
    if not path.is_file() or not path.read_bytes().lstrip(b"\xef\xbb\xbf \r\n").startswith(FASTTEXT):
        return None
    rows: list[RawRow] = []
    for number, line in enumerate(decode_lines(path.read_bytes(), path.name, encoding).lines, 1):
        words = line.split()
        if not words:
            continue
        labels = [w.removeprefix("__label__") for w in words if w.startswith("__label__")]
        text = " ".join(w for w in words if not w.startswith("__label__"))
        rows.append(RawRow(len(rows) + 1, {"text": text, "label": labels}, f"line {number}"))
    return Reading(rows)


# ------------------------------------------------------------------- who judged, and does it count


def _judged(row: RawRow) -> Iterator[_Judged]:
    """One for each annotator of a record, by the shape of the tool that wrote it."""
    values = row.values
    if isinstance(values.get("annotations"), list):
        yield from _label_studio(row, values["annotations"])
    elif any(str(key).endswith(".responses") for key in values):
        yield from _argilla(row)
    elif "accept" in values:
        yield _Judged(row, {"label": _listed(values["accept"])}, _annotator(values), _prodigy(values))
    else:
        yield _Judged(row, values, _annotator(values), _prodigy(values) or _cancelled(values))


def _label_studio(row: RawRow, annotations: Sequence[Any]) -> Iterator[_Judged]:
    """Label Studio's full JSON: `annotations[].result[].value.choices`, by the name of the question."""
    if not annotations:
        yield _Judged(row)
    for annotation in annotations:
        if not isinstance(annotation, dict):
            continue
        cells: dict[str, list[Any]] = {}
        results = annotation.get("result")
        for result in results if isinstance(results, list) else ():
            value = result.get("value") if isinstance(result, dict) else None
            if isinstance(value, dict) and "choices" in value:
                cells.setdefault(str(result.get("from_name", "choices")), []).extend(_listed(value["choices"]))
        yield _Judged(row, cells, _annotator(annotation), _cancelled(annotation))


def _argilla(row: RawRow) -> Iterator[_Judged]:
    """Argilla's flattened columns: lists of responses, users and statuses, side by side."""
    sides: dict[int, dict[str, Any]] = {}
    users: dict[int, str] = {}
    skipped: dict[int, str] = {}
    for key, cell in row.values.items():
        if not key.endswith(".responses"):
            continue
        names, statuses = (_listed(row.values.get(f"{key}.{part}")) for part in ("users", "status"))
        for i, response in enumerate(_listed(cell)):
            status = str(statuses[i]) if i < len(statuses) else "without status"
            users[i] = str(names[i]) if i < len(names) else str(i)
            skipped[i] = "" if status == "submitted" else f"answer {status}"
            sides.setdefault(i, {})[key.removesuffix(".responses")] = response
    for i, cells in sides.items():
        yield _Judged(row, cells, users[i], skipped[i])
    if not sides:
        yield _Judged(row)


def _prodigy(values: Mapping[str, Any]) -> str:
    """Why Prodigy's answer does not count, "" where it does or where there is none."""
    answer = str(values.get("answer") or "accept").strip().casefold()
    return "" if answer == "accept" or "answer" not in values else f"answer {answer[:20]}"


def _cancelled(values: Mapping[str, Any]) -> str:
    return "answer cancelled" if str(values.get("was_cancelled", "")).strip().casefold() in ("true", "1") else ""


def _annotator(values: Mapping[str, Any]) -> str:
    found = next((values[name] for name in ANNOTATORS if values.get(name)), "")
    return str(found.get("id", "")) if isinstance(found, dict) else str(found)


# ------------------------------------------------------------------- which column, which label


class _TextReader:
    """The message of a row: the first filled column that may hold it."""

    def __init__(self, names: Sequence[str]):
        self.names = names

    def __call__(self, row: RawRow) -> str:
        cells = (row.values.get(name) for name in self.names)
        return next((c for c in cells if isinstance(c, str) and c.strip()), "")


def _damage(text: str) -> str:
    """The reason code of a text that is no text of a buyer, "" for a whole one."""
    if isinstance(text, CellError):
        return "spreadsheet_error"
    if undecodable(text):
        return "undecodable_bytes"
    return "nul_bytes" if "\x00" in text else "lone_surrogate" if visible_bytes(text) != text else ""


def _text_reader(name: str, rows: Sequence[RawRow], chosen: str | None) -> _TextReader:
    seen = [str(k) for k in dict.fromkeys(key for row in rows for key in row.values)]
    if chosen:
        columns = [c for c in seen if chosen in (c, c.removeprefix("data."))]
    else:
        plain = {c.removeprefix("data."): c for c in reversed(seen)}  # Label Studio keeps the task in `data`
        columns = [plain[c] for c in pick_columns(plain).get("text", ())]
        columns += [c for c in seen if c.startswith("data.") or c == "data"]  # doccano's older name; a task's own
    if not columns:
        raise LogError(
            f"{name}: no column holds the messages. Columns seen: {', '.join(seen)[:300]}. "
            "Name it with --map text=COLUMN."
        )
    return _TextReader(columns)


def _label_column(
    name: str, judged: Sequence[_Judged], known: set[str], chosen: str | None, texts: Sequence[str]
) -> str:
    """The column of labels: the one named, else the best known name with known labels, else any column with them."""
    seen = list(dict.fromkeys(key for j in judged for key in j.cells if key not in texts))
    if chosen:
        if chosen not in seen:
            raise LogError(f"{name}: no column {chosen!r}. Columns seen: {', '.join(map(str, seen))[:300]}.")
        return chosen
    named = [c for c in pick_columns(seen).get("scenario", ()) if c in seen]
    named += [c for c in seen if plain_name(str(c)) in LABELS and c not in named]
    shares = {c: _known_labels([j.cells.get(c) for j in judged], known) for c in seen}
    candidates = [c for c in named if shares[c] > 0] or [c for c in seen if shares[c] >= _KNOWN_SHARE]
    if candidates:
        return candidates[0] if candidates[0] in named else max(candidates, key=shares.__getitem__)
    if named:
        return named[0]
    if any(j.cells for j in judged):
        raise LogError(
            f"{name}: no column holds scenarios. Columns seen: {', '.join(map(str, seen))[:300]}. "
            "Name it with --map scenario=COLUMN."
        )
    raise LogError(f"{name}: no message in it has a label. Label some and export it again.")


def _known_labels(cells: Sequence[Any], known: set[str]) -> float:
    """The share of filled cells that hold a known scenario."""
    filled = [labels for c in cells if (labels := _labels(c))]
    return sum(plain_name(labels[0][:100]) in known for labels in filled) / max(1, len(filled))


def _labels(cell: Any, name: str = "", row: RawRow | None = None) -> tuple[str, ...]:
    """The labels in a cell, in the order in which they were given.

    >>> _labels("returns#usage_help"), _labels(["returns"]), _labels({"choices": ["returns"]}), _labels(None)
    (('returns', 'usage_help'), ('returns',), ('returns',), ())
    >>> _labels('{"choices": ["returns", "other"]}'), _labels("['returns' 'other']"), _labels("  ")
    (('returns', 'other'), ('returns', 'other'), ())
    """
    if isinstance(cell, str) and cell.strip().startswith(("{", "[")):
        cell = _unpacked(cell)
    if isinstance(cell, dict):
        cell = cell.get("choices", [])
    if isinstance(cell, list):
        if row and any(isinstance(part, (list, dict)) for part in cell):
            raise LogError(
                f"{name}, row {row.number} ({row.place}): marks parts of the text, not the whole message. "
                "Export a project of text classification."
            )
        return tuple(str(part) for part in cell if part is not None and str(part).strip())
    return tuple(part for part in str(cell).split("#") if part.strip()) if cell is not None and cell == cell else ()


def _listed(cell: Any) -> list[Any]:
    """A cell that holds a list, also where a table wrote it as text.

    >>> _listed("['a' 'b']"), _listed('["a"]'), _listed(["a"]), _listed(None), _listed("a")
    (['a', 'b'], ['a'], ['a'], [], ['a'])
    """
    if isinstance(cell, str):
        cell = _unpacked(cell) if cell.strip().startswith("[") else cell
    if cell is None or cell == "":
        return []
    return cell if isinstance(cell, list) else [cell]


def _unpacked(cell: str) -> Any:
    """JSON, or a list as Python or NumPy writes it."""
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        found = _LIST_TEXT.findall(cell[:10_000])
        return [quoted or double or bare for quoted, double, bare in found if bare not in ("None", "nan")]
