"""What was suggested, from which facts, by which template and model: lines that can be kept, without personal data."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model import model_in_use
from suggest.templates import FOLDER, SITUATIONS

if TYPE_CHECKING:
    from suggest.reply import Suggestion


def audit_line(row: int, s: "Suggestion", at: datetime) -> dict[str, Any]:
    """What is kept of a suggestion: names of facts with their sources, never a value, a name or a word of a buyer.

    `reply_sha256` proves later which reply it was; the versions say what to look at when it was wrong.
    """
    return {
        "at": at.isoformat(),
        "row": row,
        "status": s.status,
        "scenario": s.scenario,
        "probability": s.probability,
        "also": list(s.also),
        "flags": list(s.flags),
        "language": s.language,
        "template_id": s.template_id,
        "template_version": template_version(s.language),
        "model_version": model_version(),
        "facts": {name: fact.source for name, fact in s.facts.items()},
        "missing_facts": list(s.missing_facts),
        "compensation": f"{s.compensation.amount} {s.compensation.currency}" if s.compensation else "",
        "findings": [f.rule for f in s.findings],
        "reply_by": s.reply_by.isoformat(),
        "reply_sha256": digest(s.text),
    }


def append_audit(lines: Callable[[], Iterable[bytes]], path: Path, unless_there: bool = False) -> None:
    """Add lines to a file, whole or not at all; it may be there already.

    `unless_there` they are its last ones: a run that was stopped after it had added them is gone on with.
    """
    from messages.output import write_whole

    if unless_there and path.is_file() and _ends_with(path, lines):
        return

    def write(made: Path) -> None:
        with made.open("wb") as out:
            if path.exists():
                with path.open("rb") as old:
                    shutil.copyfileobj(old, out)
            out.writelines(lines())

    write_whole(path, write)


def _ends_with(path: Path, lines: Callable[[], Iterable[bytes]]) -> bool:
    start = path.stat().st_size - sum(map(len, lines()))
    with path.open("rb") as file:
        file.seek(max(start, 0))
        return start >= 0 and all(file.read(len(line)) == line for line in lines())


def digest(text: str) -> str:
    """SHA-256 of a reply, line ends and blanks around lines apart: a spreadsheet changes these by itself.

    >>> digest("Hello,\\r\\n\\r\\nthanks. ") == digest("Hello,\\n\\nthanks.")
    True
    """
    text = text.replace("_x000D_", "")  # how a workbook writes a carriage return
    lines = (line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").strip().split("\n"))
    return hashlib.sha256("\n".join(lines).encode("utf-8", "replace")).hexdigest()


@cache
def template_version(language: str) -> str:
    """Twelve digits that change when a template of the language, or when it is used, changes."""
    content = SITUATIONS.read_bytes() + (FOLDER / f"{language}.toml").read_bytes()
    return hashlib.sha256(content).hexdigest()[:12]


def model_version() -> str:
    """Twelve digits of the name that the model in use has in its manifest."""
    return _manifest(model_in_use())


@cache
def _manifest(path: Path) -> str:
    return str(json.loads((path / "manifest.json").read_text(encoding="utf-8")).get("sha256", ""))[:12]
