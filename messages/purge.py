"""Takes messages that are older than they may be kept out of files, and certifies it without a word of theirs."""

import gzip
import hashlib
import re
import shutil
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from messages.content import Content, open_content
from messages.encoding import decode_lines
from messages.errors import InputError, LogError
from messages.log import read_parts
from messages.marketplaces import marketplace, marketplaces
from messages.output import write_whole

_AGE = re.compile(r"(\d{1,5})\s*([dw])")
_ON_LINES = re.compile(r"lines? (\d+)(?: to (\d+))?(?=$|, )")
_ON_SHEET = re.compile(r"sheet (.+), row (\d+)$", re.S)
_OF_MAILBOX = re.compile(r"mail (\d+), line \d+$")
_OF_TABLE = re.compile(r"row (\d+)$")


@dataclass(frozen=True)
class Retention:
    """How long messages of which marketplaces are kept, and whether those without a date go with the old ones."""

    days: int = 180
    marketplaces: tuple[str, ...] = ("EU",)
    undated: str = "remove"

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> "Retention":
        """From the table [retention] of henji.toml, or options of the same names.

        >>> Retention.of({"older_than": "26w", "marketplaces": ["EU", "UK"]}).days
        182
        >>> Retention.of({"older_than": "half a year"})
        Traceback (most recent call last):
        messages.errors.InputError: retention.older_than: 'half a year'; wanted: days or weeks, such as 180d or 26w.
        """
        unknown = table.keys() - {"older_than", "marketplaces", "undated"}
        if unknown:
            raise InputError(
                f"[retention] has no setting {', '.join(map(repr, sorted(unknown)))}. "
                "Known: older_than marketplaces undated."
            )
        age = _AGE.fullmatch(str(table.get("older_than", "180d")).strip())
        if not age:
            wanted = "wanted: days or weeks, such as 180d or 26w."
            raise InputError(f"retention.older_than: {table['older_than']!r}; {wanted}")
        undated = table.get("undated", "remove")
        if undated not in ("remove", "keep"):
            raise InputError(f"retention.undated: {undated!r}; wanted: remove or keep.")
        codes = tuple(table.get("marketplaces", ("EU",)))
        found = cls(int(age[1]) * (7 if age[2] == "w" else 1), codes, undated)
        _ = found.codes
        return found

    @property
    def codes(self) -> frozenset[str]:
        """The codes of the marketplaces; EU stands for all of the Union.

        >>> sorted(Retention().codes)
        ['BE', 'DE', 'ES', 'FR', 'IE', 'IT', 'NL', 'PL', 'SE']
        """
        union = [m.code for m in marketplaces().values() if m.in_eu]
        named = [union if name.upper() == "EU" else [marketplace(name).code] for name in self.marketplaces]
        return frozenset(code for codes in named for code in codes)


def read_retention(path: str | Path = "henji.toml", **given: Any) -> Retention:
    """The table [retention] of a file, if it is there, with what is given (and not None) in its place."""
    path = Path(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("retention", {}) if path.exists() else {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"Cannot read {path.name}: {error}.") from None
    return Retention.of({**table, **{name: value for name, value in given.items() if value is not None}})


@dataclass(frozen=True)
class Purged:
    """What became of one file: counts and hashes, no text, no name and no id.

    `removed_undated` and `removed_old` are the rows that went; `kept_undated` the ones without a date that were to
    be kept; `kept_unknown` old or undated ones whose marketplace nobody knows.
    """

    file: str
    sha256_before: str
    sha256_after: str
    rows: int
    removed_old: int = 0
    removed_undated: int = 0
    kept_undated: int = 0
    kept_unknown: int = 0

    @property
    def removed(self) -> int:
        """All rows that went."""
        return self.removed_old + self.removed_undated


def purge(
    logs: Sequence[str | Path],
    retention: Retention,
    now: datetime,
    *,
    site: str | None = None,
    really: bool = True,
) -> dict[str, Any]:
    """Remove the rows of logs and outputs that are past their time; the certificate of it.

    The quarantine beside an output is purged too, and what a stopped run left beside it is deleted. Everything is
    read before anything is changed; each file is changed whole or not at all, its other rows stay byte for byte
    where it is text. `site` is the marketplace of rows that name none. With `really=False` nothing is changed.

    Raises LogError for a file that cannot be read, or rows that cannot be taken out of it.
    """
    cutoff = now - timedelta(days=retention.days)
    paths = list(dict.fromkeys(found for log in logs for found in _with_quarantine(Path(log))))
    plans = [_plan(path, retention, cutoff, site) for path in paths]
    files = [_carry_out(plan) if really else plan.told for plan in plans]
    left = [folder for path in paths if (folder := path.with_name(f".{path.name}.henji")).is_dir()]
    for folder in left if really else ():
        shutil.rmtree(folder)
    return {
        "purged_at" if really else "would_be_purged_at": now.isoformat(),
        "older_than_days": retention.days,
        "received_before": cutoff.isoformat(),
        "marketplaces": sorted(retention.codes),
        "rows_without_a_marketplace_are_of": site or "",
        "removed": sum(f.removed for f in files),
        "kept_undated": sum(f.kept_undated for f in files),
        "kept_unknown": sum(f.kept_unknown for f in files),
        "folders_of_stopped_runs": len(left),
        "files": [asdict(f) for f in files],
    }


def _with_quarantine(path: Path) -> Iterator[Path]:
    """A file, or the parts of an output that is a folder of Parquet, and what was set aside beside it."""
    yield from sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    for beside in sorted(path.parent.glob("*.quarantine.*")):
        if beside.name.startswith(f"{path.stem}.quarantine.") and beside != path:
            yield beside


@dataclass(frozen=True)
class _Plan:
    """What is to go from a file: the places of its rows."""

    path: Path
    content: Content
    places: tuple[str, ...]
    staying: frozenset[str]  # places on the same lines
    told: Purged


def _plan(path: Path, retention: Retention, cutoff: datetime, site: str | None) -> _Plan:
    codes = retention.codes
    counts = {"removed_old": 0, "removed_undated": 0, "kept_undated": 0, "kept_unknown": 0}
    places: list[str] = []
    staying: list[str] = []
    rows = 0
    content = open_content(path)
    for part in read_parts(path, marketplace=site, as_it_lies=True):
        for row, record in zip(part.rows, part.records(), strict=True):
            rows += 1
            verdict = _verdict(record["marketplace"], record["received_at"], codes, cutoff, retention.undated)
            if verdict:
                counts[verdict] += 1
            (places if verdict.startswith("removed") else staying).append(row.place)
    told = Purged(path.name, content.digest, content.digest, rows, **counts)
    lines = {m[0] for place in places if (m := _ON_LINES.match(place))}
    shared = frozenset(place for place in staying if (m := _ON_LINES.match(place)) and m[0] in lines)
    plan = _Plan(path, content, tuple(places), shared, told)
    if places:
        _check(plan)
    return plan


def _verdict(site: str, received: datetime | None, codes: Collection[str], cutoff: datetime, undated: str) -> str:
    """Which count a row belongs to; "" for one that is kept.

    >>> from datetime import UTC
    >>> day, before = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    >>> [_verdict(site, when, {"DE"}, day, "remove") for site in ("DE", "US", "") for when in (before, day, None)]
    ['removed_old', '', 'removed_undated', '', '', '', 'kept_unknown', '', 'kept_unknown']
    """
    if (site and site not in codes) or (received is not None and received >= cutoff):
        return ""
    if not site:
        return "kept_unknown"
    return "removed_old" if received is not None else "removed_undated" if undated == "remove" else "kept_undated"


def _check(plan: _Plan) -> None:
    """Raise LogError, before anything is changed, when rows cannot be taken out of this kind of file."""
    kinds = (_ON_LINES, _ON_SHEET, _OF_MAILBOX, _OF_TABLE)
    if not any(all(kind.match(place) for place in plan.places) for kind in kinds) or plan.staying:
        raise LogError(
            f"{plan.path.name}: {len(plan.places)} of its rows are to go, but single rows cannot be taken out of an "
            "archive or a JSON document. Unpack it, export it as CSV or JSON lines, or delete it."
        )
    if plan.content.fault:
        raise LogError(f"{plan.path.name}: {plan.content.fault} Copy it again, or delete it.")


def _carry_out(plan: _Plan) -> Purged:
    path, first = plan.path, plan.places[0] if plan.places else ""
    if not plan.places:
        return plan.told
    try:
        if _ON_LINES.match(first):
            write_whole(path, lambda made: _write_lines(plan, made))
        elif _ON_SHEET.match(first):
            write_whole(path, lambda made: _write_workbook(plan, made))
        elif _OF_TABLE.match(first):
            write_whole(path, lambda made: _write_parquet(plan, made))
        elif mails := _other_mails(plan):
            write_whole(path, lambda made: made.write_bytes(mails))
        else:
            path.unlink()
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}). It was not purged.") from None
    after = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""
    return Purged(**{**asdict(plan.told), "sha256_after": after})


def _write_lines(plan: _Plan, made: Path) -> None:
    r"""The file without the lines of its old rows, every other byte as it was."""
    gone: set[int] = set()
    for place in plan.places:
        found = _ON_LINES.match(place)
        assert found
        gone.update(range(int(found[1]), int(found[2] or found[1]) + 1))
    kept = (line for number, line in enumerate(_byte_lines(plan.content), 1) if number not in gone)
    with gzip.open(made, "wb") if plan.content.packed else made.open("wb") as out:
        out.writelines(kept)


def _byte_lines(content: Content) -> Iterator[bytes]:
    source = decode_lines(content, content.name)
    if not source.encoding.startswith(("utf-16", "utf-32")):
        return content.lines()
    mark = "\ufeff" if content.head.startswith("\ufeff".encode(source.encoding)) else ""
    texts = (mark * (number == 0) + line for number, line in enumerate(source.lines))
    return (text.encode(source.encoding, "surrogatepass") for text in texts)


def _write_workbook(plan: _Plan, made: Path) -> None:
    """The workbook without its old rows, from below, so that those above keep their numbers."""
    import openpyxl

    rows: dict[str, list[int]] = {}
    for place in plan.places:
        found = _ON_SHEET.match(place)
        assert found
        rows.setdefault(found[1], []).append(int(found[2]))
    book = openpyxl.load_workbook(plan.path)
    for title, numbers in rows.items():
        end = begin = 0
        for number in [*sorted(numbers, reverse=True), 0]:
            if end and number == begin - 1 and number:
                begin = number
                continue
            if end:
                book[title].delete_rows(begin, end - begin + 1)
            begin = end = number
    book.save(made)


def _write_parquet(plan: _Plan, made: Path) -> None:
    import pyarrow.parquet as pq

    gone = {int(place.removeprefix("row ")) for place in plan.places}
    table = pq.read_table(plan.path, page_checksum_verification=True)
    kept = [number for number in range(table.num_rows) if number + 1 not in gone]
    pq.write_table(table.take(kept), made, write_page_checksum=True)


def _other_mails(plan: _Plan) -> bytes:
    from messages.mail import split_mailbox

    data = plan.content.data()
    gone = {int(found[1]) for place in plan.places if (found := _OF_MAILBOX.match(place))}
    return b"".join(data[a:b] for number, (a, b) in enumerate(split_mailbox(data), 1) if number not in gone)
