"""Templates of a team's own, for the scenarios that it declared: data alone, in the files of [templates]."""

from dataclasses import dataclass, replace
from pathlib import Path

from messages import InputError
from suggest.templates import (
    LANGUAGES,
    STATUSES,
    Situation,
    Template,
    Templates,
    allow_keys,
    place,
    read_template,
    read_toml,
)


@dataclass(frozen=True)
class OwnTemplate:
    """One situation of a team's own and its template in each language that the team wrote it in."""

    situation: Situation
    by_language: tuple[Template, ...]


def read_own(path: Path) -> list[OwnTemplate]:
    """The templates of a file; a mistake is an InputError that names file, line and what is allowed."""
    table, raw = read_toml(path)
    found = []
    for name, row in table.items():
        with place(path, raw, f"[{name}]"):
            allow_keys(row, ["scenario", "status", "about", *LANGUAGES], f"template {name!r}")
            scenario, status = row.get("scenario"), row.get("status", "review")
            if not isinstance(scenario, str) or not scenario:
                raise ValueError(
                    f"template {name!r} lacks its scenario: one declared under [scenarios], or a shipped one"
                )
            if status not in STATUSES:
                raise ValueError(f"unknown status {status!r}; known: {' '.join(STATUSES[1:])}")
            written = [code for code in LANGUAGES if code in row]
            if not written:
                raise ValueError(f"template {name!r} is in no language; wanted: tables such as [{name}.en]")
            words = [bool(row[code].get("words")) for code in written]
            if len(set(words)) > 1:
                raise ValueError(f"template {name!r}: `words` in every language or in none")
            situation = Situation(name, (scenario,), words=words[0], status=status, about=row.get("about", ""))
            texts = tuple(read_template(row[code], situation, code, {}) for code in written)
            found.append(OwnTemplate(situation, texts))
    return found


def with_own(book: Templates, own: tuple[OwnTemplate, ...]) -> Templates:
    """The templates of a language, a team's own before the shipped ones."""
    mine = {t.id: t for each in own for t in each.by_language if t.language == book.language}
    if taken := mine.keys() & book.by_id.keys():
        raise InputError(f"[templates]: {min(taken)!r} is the name of a shipped template. Give yours another name.")
    return replace(book, by_id=mine | dict(book.by_id)) if mine else book
