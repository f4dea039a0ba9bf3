"""How often people sent a template as it was: counted by `henji learn` and `--approve`, a tie-breaker when picking."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from messages import InputError
from suggest.audit import digest
from suggest.templates import Template, Templates

REJECTED = ("rejected", "reject", "no", "x", "拒绝", "却下")
RECOGNISED = 0.5  # share of a template's sentences from which a reply was made from it
SHORTEST = 12  # characters of a piece that tells
KEPT = "henji.kept.json"  # beside henji.toml; counts by template, nothing that anybody wrote

Counts = Mapping[str, tuple[int, int]]


def share_kept(counts: Counts, template: str) -> float:
    """How likely a template is sent as it is, one half where nobody knows.

    >>> share_kept({"en/returns-open": (3, 1)}, "en/returns-open"), share_kept({}, "en/returns-open")
    (0.6666666666666666, 0.5)
    """
    kept, edited = counts.get(template, (0, 0))
    return (kept + 1) / (kept + edited + 2)


def added(counts: Counts, seen: Iterable[tuple[str, bool]]) -> dict[str, tuple[int, int]]:
    """The counts with more replies: (template, sent as it was).

    >>> added({"en/a": (1, 0)}, [("en/a", False), ("en/b", True)])
    {'en/a': (1, 1), 'en/b': (1, 0)}
    """
    new = dict(counts)
    for template, as_it_was in seen:
        kept, edited = new.get(template, (0, 0))
        new[template] = (kept + as_it_was, edited + (not as_it_was))
    return new


def outcomes(rows: Iterable[Mapping[str, str]]) -> list[tuple[str, str]]:
    """What became of each reply of an edited sheet: (template, "kept" | "edited" | "rejected").

    Emptied, or marked so in the column `status`, is rejected. Rows for which there was no reply are left out.

    >>> row = {"language": "en", "template_id": "a", "reply_sha256": digest("Hi."), "status": "ready", "reply": "Hi."}
    >>> outcomes([row, {**row, "reply": "Hi there."}, {**row, "reply": " "}, {**row, "status": "Rejected"}])
    [('en/a', 'kept'), ('en/a', 'edited'), ('en/a', 'rejected'), ('en/a', 'rejected')]
    """
    found = []
    for row in rows:
        if not row["template_id"] or row["reply_sha256"] == digest(""):
            continue
        is_rejected = not row["reply"].strip() or row["status"].strip().casefold() in REJECTED
        is_kept = digest(row["reply"]) == row["reply_sha256"]
        outcome = "rejected" if is_rejected else "kept" if is_kept else "edited"
        found.append((f"{row['language']}/{row['template_id']}", outcome))
    return found


def recognised(reply: str, book: Templates) -> tuple[str, bool] | None:
    """The template that a sent reply was made from, and whether all of it is still there; None for any other reply.

    Of each template are looked for the sentences between its fields.
    """
    text = " ".join(reply.split())
    best: tuple[float, int, str] = (0.0, 0, "")
    for template in book.by_id.values():
        pieces = [piece for piece in _pieces(template) if len(piece) >= SHORTEST]
        if pieces:
            there = sum(len(piece) for piece in pieces if piece in text)
            best = max(best, (there / sum(map(len, pieces)), there, template.id))
    share, _, name = best
    return (f"{book.language}/{name}", share == 1) if share >= RECOGNISED else None


def _pieces(template: Template) -> list[str]:
    body = [line for paragraph in template.text[1:-1] for line in paragraph if not line.optional]
    return [" ".join(part.split()) for line in body for part in line.parts[::2]]


def read_kept(path: Path) -> tuple[dict[str, tuple[int, int]], list[str]]:
    """The counts in a file and what they were counted in, nothing where it is not there.

    Raises InputError for any other file.
    """
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        counts = {str(name): (int(kept), int(edited)) for name, (kept, edited) in table["templates"].items()}
        return counts, [str(name) for name in table["read"]]
    except FileNotFoundError:
        return {}, []
    except (OSError, ValueError, AttributeError, TypeError, KeyError) as error:
        raise InputError(f"{path.name}: cannot be read ({error!r}). Delete it; henji learn writes it anew.") from None


def learn(seen: Iterable[tuple[str, bool]], source: Path, path: Path) -> bool:
    """Add what was seen in a file to the counts; False, and nothing is added, if that file was counted before."""
    from messages.output import write_text

    counts, read = read_kept(path)
    name = hashlib.sha256(source.read_bytes()).hexdigest()
    if name in read:
        return False
    table = {"templates": dict(sorted(added(counts, seen).items())), "read": [*read, name]}
    write_text(json.dumps(table, indent=1) + "\n", path)
    return True
