"""Labelled messages: the folders of CSV files that the model learns from and is measured on."""

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from messages import SUPPORTED_LANGUAGES, InputError
from model.scenarios import FLAGS, SCENARIOS

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
KINDS = ("short", "medium", "long", "hard")
COLUMNS = ("id", "group", "kind", "language", "scenario", "also", "flags", "text")


@dataclass(frozen=True)
class Labelled:
    """One message with its scenario; `group` is the batch and cast that it was written in."""

    id: str
    group: str
    kind: str
    language: str
    scenario: str
    also: tuple[str, ...]
    flags: tuple[str, ...]
    text: str


def read_labelled(folder: Path) -> list[Labelled]:
    """All labelled messages of a folder, in the order of languages and rows.

    Raises InputError naming file, row, value and what is allowed.
    """
    files = [folder / f"{language}.csv" for language in SUPPORTED_LANGUAGES]
    missing = [f.name for f in files if not f.is_file()]
    if missing:
        raise InputError(f"{folder} lacks {', '.join(missing)}; one CSV per language with columns {' '.join(COLUMNS)}.")
    return [message for file in files for message in _read(file)]


def _read(file: Path) -> Iterator[Labelled]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines, strict=True)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise InputError(f"{file}: the columns are {reader.fieldnames}; wanted {' '.join(COLUMNS)}.")
        for number, row in enumerate(reader, 1):
            also, flags = tuple(row["also"].split()), tuple(row["flags"].split())
            for name, values, allowed in (
                ("scenario", (row["scenario"],), SCENARIOS),
                ("also", also, SCENARIOS),
                ("flags", flags, FLAGS),
                ("kind", (row["kind"],), KINDS),
                ("language", (row["language"],), SUPPORTED_LANGUAGES),
            ):
                unknown = [v for v in values if v not in allowed]
                if unknown:
                    raise InputError(
                        f"{file}, row {number}: {name} {unknown[0]!r} is unknown. Allowed: {' '.join(allowed)}."
                    )
            if not row["text"].strip():
                raise InputError(f"{file}, row {number}: the text is empty. Write the message or delete the row.")
            yield Labelled(
                row["id"], row["group"], row["kind"], row["language"], row["scenario"], also, flags, row["text"]
            )


def corpus_sum(messages: Iterable[Labelled]) -> str:
    """The SHA-256 of labelled messages: their texts, scenarios and order."""
    lines = (f"{m.scenario}\t{m.text}\0" for m in messages)
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def overlap(a: str, b: str, n: int = 5) -> float:
    """Share of character n-grams that two texts have in common (Jaccard), 0 to 1.

    >>> overlap("Where is my parcel?", "Where is my parcel??") > 0.9, overlap("Where is my parcel?", "It hums.")
    (True, 0.0)
    """
    grams = [{t[i : i + n] for i in range(max(1, len(t) - n + 1))} for t in (_flat(a), _flat(b))]
    return len(grams[0] & grams[1]) / len(grams[0] | grams[1])


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text.lower()).strip()
