"""`henji classify` and `henji suggest`: logs in, a table out, and what was set aside beside it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.shared import (
    STYLES,
    Columns,
    Encoding,
    Json,
    LogFiles,
    Market,
    Masked,
    Output,
    OutputOrFolder,
    PolicyFile,
    Scheduler,
    Strict,
    Workers,
    app,
    chosen_columns,
    open_console,
    print_json,
    read_input,
    rows_bar,
    with_progress,
)  # fmt: skip

if TYPE_CHECKING:
    import pandas as pd

    from messages import Log, Order, Product
    from messages.batch import Batch
    from messages.log import Parts
    from messages.threads import Threads
    from suggest import Policy, Suggestion, Waiting
    from suggest.tone import Finding


@dataclass(frozen=True)
class _Wanted:
    """What the options say of a run."""

    output: Path | None
    suffix: str  # "" for a folder
    workers: int
    scheduler: str
    masked: bool
    strict: bool
    json: bool


@app.command("classify")
def classify_log(
    logs: LogFiles,
    output: OutputOrFolder = None,
    marketplace: Market = None,
    columns: Columns = None,
    encoding: Encoding = None,
    fast: Annotated[bool, typer.Option("--fast", help="read the words alone: ten times the speed, fewer sure")] = False,
    workers: Workers = 1,
    scheduler: Scheduler = "",
    masked: Masked = False,
    strict: Strict = False,
    json: Json = False,
) -> None:
    """Say what each message of an exported log is about."""
    wanted = _Wanted(*_output(output, logs), workers, scheduler, masked, strict, json)
    read = _read_logs(logs, wanted, marketplace, columns, encoding)
    model = _model_digest()
    settings = {"command": "classify", "model": model, "fast": fast}
    table = partial(_classified, model=model, fast=fast)
    _run(read, wanted, settings, lambda now: table, ("scenario", "language", "sure"))


@app.command("suggest")
def suggest_log(
    log: Annotated[Path | None, typer.Argument(metavar="LOG", help="as for classify")] = None,
    orders: Annotated[Path | None, typer.Option(help="orders: our columns, or an order report of Amazon's")] = None,
    products: Annotated[Path | None, typer.Option(help="products: a TOML file with a table for each ASIN")] = None,
    output: Output = None,
    audit: Annotated[Path | None, typer.Option(help="add a line for each suggestion, without personal data")] = None,
    approve: Annotated[
        Path | None, typer.Option(metavar="SHEET", help="read an edited sheet back: kept, edited, rejected")
    ] = None,
    policy: PolicyFile = Path("henji.toml"),
    now: Annotated[datetime | None, typer.Option(help="the time of the replies, UTC; else the clock")] = None,
    marketplace: Market = None,
    columns: Columns = None,
    encoding: Encoding = None,
    workers: Workers = 1,
    masked: Masked = False,
    strict: Strict = False,
    json: Json = False,
) -> None:
    """Propose a checked reply to each message of an exported log; OUT may be a page for a browser, .html, too."""
    import pandas as pd

    from messages import InputError
    from messages.batch import Batch, finished
    from messages.output import TABLES, quarantine_beside, write_table
    from messages.privacy import mask
    from messages.tables import read_orders, read_products
    from messages.threads import read_threads
    from suggest.audit import append_audit, audit_line
    from suggest.batch import marked
    from suggest.policy import read_policy
    from suggest.sheet import SUFFIX, check_number

    if approve:
        _approve(approve, policy, json)
        return
    if log is None:
        raise InputError("LOG is missing. Name an exported log, or an edited sheet with --approve.")
    read = read_input(log, output, marketplace, columns, encoding, (*TABLES, SUFFIX))
    is_page = output is not None and output.suffix.lower() == SUFFIX
    if is_page:
        check_number(len(read.messages), log.name)
    known = read_orders(orders) if orders else {}
    at = (now or datetime.now(UTC)).replace(tzinfo=UTC) if now is None or now.tzinfo is None else now
    settings = read_policy(policy)
    sold = read_products(products) if products else {}
    threads = read_threads(log, columns=chosen_columns(columns), encoding=encoding, marketplace=marketplace)
    cases = _waiting(read.messages.to_dict("records"), known, sold, threads, marketplace)
    suggested = partial(_suggested, now=at, policy=settings)
    found_each = marked(with_progress("Suggesting", suggested, cases, workers, json), cases, settings)
    if audit:
        append_audit((audit_line(case.row, s, at) for case, s in zip(cases, found_each, strict=True)), audit)
    found = pd.DataFrame([_suggestion_row(s) for s in found_each], columns=_SUGGESTION_COLUMNS)
    found["reply_by"] = pd.to_datetime(found["reply_by"], utc=True)
    kept = read.messages.drop(columns=found.columns, errors="ignore")  # a labelled log has scenarios of its own
    table = pd.concat([kept, found], axis=1)[_SHEET]
    aside = read.quarantined.assign(text=read.quarantined["text"].map(mask)) if masked else read.quarantined
    batch = Batch()
    batch.add(finished(table, aside, ".jsonl", ("status", "scenario", "language")))
    wanted = _Wanted(output, output.suffix.lower() if output else ".jsonl", workers, "", masked, strict, json)
    if output:
        if is_page:
            _write_page(read, found_each, threads.earlier, settings.zone, log.name, output)
        else:
            write_table(table, output)
        beside = quarantine_beside(output, ".csv" if is_page else wanted.suffix)
        if len(aside):
            write_table(aside, beside)
        else:
            beside.unlink(missing_ok=True)
    _finish(batch, log.name, read.notes, [] if read.complete else [log.name], wanted, "suggest")


def _write_page(
    read: "Log",
    suggestions: "Sequence[Suggestion]",
    earlier: Mapping[int, Sequence[int]],
    zone: str,
    title: str,
    path: Path,
) -> None:
    from messages.output import write_text
    from suggest.sheet import cards, sheet_page

    write_text(sheet_page(cards(read.messages.to_dict("records"), suggestions, earlier), title, zone), path)


def _output(output: str | None, logs: Sequence[str], *further: str) -> tuple[Path | None, str]:
    """The output and its kind, by its ending; a name that ends in / is a folder of Parquet files."""
    from messages import InputError
    from messages.output import TABLES, check_folder, check_output

    if output is None:
        return None, ".jsonl"
    path = Path(output)
    if any(path.exists() and Path(log).exists() and path.samefile(log) for log in logs):
        raise InputError(f"{path}: is the log that is read; it is never written over. Give another name.")
    if output.endswith(("/", "\\")):
        check_folder(path)
        return path, ""
    check_output(path, (*TABLES, *further))
    return path, path.suffix.lower()


def _read_logs(
    logs: Sequence[str], wanted: _Wanted, market: str | None, columns: Sequence[str] | None, encoding: str | None
) -> "list[Parts]":
    """The logs that the names and patterns stand for, each gone through once."""
    from messages import InputError
    from messages import marketplace as known_marketplace
    from messages.content import expanded
    from messages.log import read_parts
    from messages.output import ROW_LIMIT

    code = known_marketplace(market).code if market else None
    chosen = chosen_columns(columns)
    paths = expanded(logs)
    console = open_console()
    with console.status("Reading …") if console.is_terminal and not wanted.json else nullcontext():
        read = [
            read_parts(path, columns=chosen, encoding=encoding, marketplace=code, named=len(paths) > 1)
            for path in paths
        ]
    n_rows = sum(log.n_rows for log in read)
    if wanted.suffix == ".xlsx" and n_rows > ROW_LIMIT:
        raise InputError(
            f"{wanted.output}: a worksheet holds {ROW_LIMIT:,} rows, these are {n_rows:,}. Write CSV or Parquet."
        )
    return read


def _model_digest() -> str:
    """What tells the model in use from any other."""
    import hashlib

    from model import model_in_use

    return hashlib.sha256((model_in_use() / "manifest.json").read_bytes()).hexdigest()


def _check_model(digest: str) -> None:
    """Raise ModelError in a worker whose model is another one."""
    from model import ModelError

    if _model_digest() != digest:
        raise ModelError(
            "A worker has another model in use than this machine. Copy the models there, or set HENJI_MODEL."
        )


def _run(
    read: "Sequence[Parts]",
    wanted: _Wanted,
    settings: Mapping[str, Any],
    table: "Callable[[datetime], Callable[[pd.DataFrame], pd.DataFrame]]",
    counted: tuple[str, ...],
    now: datetime | None = None,
) -> None:
    """Work through the logs, write the output and what was set aside, and say how many rows became what."""
    from importlib.metadata import version

    from messages.batch import open_job, work_part, work_through
    from messages.errors import Stopped

    logs = [(log.name, log.digest, log.settings) for log in read]
    told = {**settings, "version": version("henji"), "logs": logs, "masked": wanted.masked}
    n_rows = sum(log.n_rows for log in read)
    job = None
    try:
        with open_job(wanted.output, wanted.suffix, told, now) if wanted.output else nullcontext() as job:
            at = job.started if job else now or datetime.now(UTC)
            work = partial(
                work_part, table=table(at), suffix=wanted.suffix or ".parquet", counted=counted, masked=wanted.masked
            )
            if job and job.kept and not wanted.json:
                open_console().print(f"Going on where it was stopped: {job.n_rows:,} of {n_rows:,} rows are done.")
            with rows_bar(f"{settings['command'].capitalize()}", n_rows, wanted.json) as report:
                batch = work_through(read, work, job, workers=wanted.workers, scheduler=wanted.scheduler, report=report)
    except KeyboardInterrupt as stop:
        if job and job.kept:
            raise Stopped(
                f"Stopped: {job.n_rows:,} of {n_rows:,} rows are done and kept in {job.folder}. "
                "Give the same command again to go on, or delete that folder."
            ) from stop
        raise
    name = read[0].name if len(read) == 1 else f"{len(read)} logs"
    notes = [f"{log.name}: {note}" if len(read) > 1 else note for log in read for note in log.notes]
    _finish(batch, name, notes, [log.name for log in read if not log.complete], wanted, settings["command"])


def _classified(messages: "pd.DataFrame", *, model: str, fast: bool) -> "pd.DataFrame":
    """The messages with what the classifier says of each."""
    import pandas as pd

    from model import load_classifier

    _check_model(model)
    rows = [
        {
            "language": p.language,
            "scenario": p.scenario,
            "probability": p.probability,
            "sure": p.sure,
            "also": " ".join(p.also),
            "flags": " ".join(p.flags),
            "reasons": " ".join(p.reasons),
            "why": ", ".join(words for words, _ in p.why),
        }
        for p in load_classifier().classify(messages["text"].tolist(), fast=fast)
    ]
    found = pd.DataFrame(rows, columns=_PREDICTION_COLUMNS)
    kept = messages.drop(columns=["language", "text"]).rename(columns={"scenario": "labelled"})
    return pd.concat([kept, found, messages[["text"]]], axis=1)


def _waiting(
    records: Sequence[Mapping[Any, Any]],
    orders: "Mapping[str, Order]",
    products: "Mapping[str, Product]",
    threads: "Threads",
    marketplace: str | None,
) -> "list[Waiting]":
    from suggest import Waiting

    texts = {row["row"]: row["text"] for row in records}
    cases = []
    for row in records:
        order = orders.get(row["order_id"])
        asin = (order.asin if order else None) or row["asin"] or ""
        cases.append(
            Waiting(
                row=row["row"],
                message=row["text"],
                order=order or _order_of(row),
                product=products.get(asin.upper()),
                marketplace=row["marketplace"] or marketplace or None,
                received_at=None if row["received_at"] != row["received_at"] else row["received_at"].to_pydatetime(),
                earlier=tuple(texts[n] for n in threads.earlier.get(row["row"], ()) if n in texts),
                settled=threads.settled(row["row"]),
            )
        )
    return cases


def _suggested(cases: "Sequence[Waiting]", *, now: datetime, policy: "Policy") -> "list[Suggestion]":
    from suggest import suggest_batch

    return suggest_batch(cases, now=now, policy=policy)


def _approve(sheet: Path, policy: Path, json: bool) -> None:
    """Count what became of the replies of an edited sheet."""
    from collections import Counter

    from messages import InputError
    from messages.output import unguard
    from messages.tables import read_table
    from suggest.kept import KEPT, learn, outcomes

    table = read_table(sheet)
    if lacking := [
        name for name in ("reply", "status", "template_id", "language", "reply_sha256") if name not in table
    ]:
        raise InputError(f"{sheet}: no column {' '.join(lacking)}. Wanted: a sheet that henji suggest wrote, edited.")
    seen = outcomes({str(k): unguard(v) for k, v in row.items()} for row in table.to_dict("records"))
    is_new = learn(((name, outcome == "kept") for name, outcome in seen), sheet, policy.with_name(KEPT))
    counts = Counter(outcome for _, outcome in seen)
    if json:
        print_json({**{name: counts[name] for name in ("kept", "edited", "rejected")}, "counted": is_new})
        return
    said = ", ".join(f"{name} {counts[name]:,}" for name in ("kept", "edited", "rejected"))
    again = "" if is_new else " This sheet was counted before; nothing was added."
    open_console().print(f"{sheet.name}: {said}.{again}", markup=False, highlight=False)


def _findings_text(f: "Finding") -> str:
    """What was found; of a reply that repeats another one, which one."""
    return f.message if f.category == "near_duplicate" else f.text


def _suggestion_row(s: "Suggestion") -> dict[str, Any]:
    from suggest.audit import digest

    return {
        "language": s.language,
        "status": s.status,
        "scenario": s.scenario,
        "probability": s.probability,
        "also": " ".join(s.also),
        "flags": " ".join(s.flags),
        "template_id": s.template_id,
        "reply_by": s.reply_by,
        "reply": s.text,
        "reply_zh": s.text_zh,
        "missing_facts": " ".join(s.missing_facts),
        "compensation": f"{s.compensation.amount} {s.compensation.currency}" if s.compensation else "",
        "reasons": " ".join(s.reasons),
        "findings": " ".join(f"{f.category}: {_findings_text(f)}" for f in s.findings),
        "reply_sha256": digest(s.text),
    }


_PREDICTION_COLUMNS = ["language", "scenario", "probability", "sure", "also", "flags", "reasons", "why"]
_SUGGESTION_COLUMNS = [
    "language",
    "status",
    "scenario",
    "probability",
    "also",
    "flags",
    "template_id",
    "reply_by",
    "reply",
    "reply_zh",
    "missing_facts",
    "compensation",
    "reasons",
    "findings",
    "reply_sha256",
]
_SHEET = [
    "row",
    "status",
    "reply_by",
    "marketplace",
    "language",
    "order_id",
    "text",
    "reply",
    "reply_zh",
    "scenario",
    "probability",
    "also",
    "flags",
    "missing_facts",
    "compensation",
    "reasons",
    "findings",
    "template_id",
    "reply_sha256",
    "message_id",
    "received_at",
    "subject",
    "issues",
]


def _order_of(row: Mapping[Any, Any]) -> dict[str, Any] | None:
    """What the log itself knows of the order."""
    return {name: row[name] for name in ("order_id", "asin") if row[name]} or None


def _finish(
    batch: "Batch", name: str, notes: Sequence[str], incomplete: Sequence[str], wanted: _Wanted, command: str
) -> None:
    """Print the sum and what people want to see, and end with the right code."""
    wording = {"classify": "classified", "suggest": "suggested"}[command]
    if wanted.json:
        print_json(
            {
                "log": name,
                "in": batch.n_rows + batch.n_aside,
                wording: batch.n_rows,
                "set_aside": batch.n_aside,
                "complete": not incomplete,
                "notes": list(notes),
                "counts": batch.counts,
                **({} if wanted.output else {"rows": batch.rows(), "quarantined": batch.rows_aside()}),
            }
        )
    else:
        total = f"{batch.n_rows + batch.n_aside:,} in = {batch.n_rows:,} {wording} + {batch.n_aside:,} set aside"
        _print_batch(batch, f"{name}: {total}", notes, incomplete, wanted, command)
    if incomplete:
        raise typer.Exit(3)
    if wanted.strict and batch.n_aside:
        raise typer.Exit(1)


def _print_batch(
    batch: "Batch", title: str, notes: Sequence[str], incomplete: Sequence[str], wanted: _Wanted, command: str
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from messages.output import quarantine_beside

    console = open_console()
    shown = Table(title=title, title_justify="left", expand=True, box=SIMPLE_HEAD, pad_edge=False)
    first = batch.shown[0] if batch.shown else {}
    columns = [c for c in ("file", "row", "language", "status", "scenario", "probability", "sure") if c in first]
    for name in columns:
        shown.add_column(_HEADS.get(name, name), no_wrap=True)
    shown.add_column("flags, message", ratio=1, no_wrap=True, overflow="ellipsis")
    for row in batch.shown:
        cells = [Text(_cell(row[c]), style=STYLES.get(str(row[c]), "")) for c in columns]
        flags = Text(row["flags"] + " " if row["flags"] else "", style="magenta")
        shown.add_row(*cells, flags + Text(" ".join(row["text"].split())[:400], style="dim"))
    console.print(shown)
    if batch.n_rows > len(batch.shown):
        console.print(f"… and {batch.n_rows - len(batch.shown):,} more.")
    for name, counts in batch.counts.items():
        console.print(f"{name}: " + ", ".join(f"{k} {n:,}" for k, n in counts.items()), highlight=False)
    for row in batch.shown_aside:
        where = f"{row['file']}, " if "file" in row else ""
        console.print(Text(f"set aside: {where}row {row['row']} ({row['place']}): {row['reason']}", style="yellow"))
    if batch.n_aside > len(batch.shown_aside):
        console.print(f"… and {batch.n_aside - len(batch.shown_aside):,} more set aside.")
    for note in notes:
        console.print(Text(f"note: {note}", style="yellow"))
    for name in incomplete:
        console.print(Text(f"{name} is incomplete: export or copy it again.", style="bold red"))
    if wanted.output and batch.n_aside:
        beside = quarantine_beside(wanted.output, ".csv" if wanted.suffix == ".html" else wanted.suffix)
        again = beside.with_name(beside.name.replace(".quarantine", ".retried"))
        console.print(Text(f"Written: {wanted.output}, set aside: {beside}"))
        console.print(Text(f"Correct the texts there, then read only those: henji {command} {beside} -o {again}"))
    elif wanted.output:
        console.print(Text(f"Written: {wanted.output}"))


_HEADS = {"language": "lang", "probability": "p"}


def _cell(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
