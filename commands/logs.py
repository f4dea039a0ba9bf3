"""`henji classify` and `henji suggest`: logs in, a table out, and what was set aside beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.shared import (
    PAGE,
    STYLES,
    Columns,
    Encoding,
    Json,
    LogFiles,
    Market,
    Masked,
    OutputOrFolder,
    PolicyFile,
    Scheduler,
    Strict,
    Wanted,
    Workers,
    app,
    digest_of,
    each_part,
    open_console,
    print_after,
    print_json,
    read_log_parts,
    reading,
    run_batch,
    wanted_output,
)  # fmt: skip

if TYPE_CHECKING:
    import pandas as pd

    from messages import Order, Product, Threaded
    from messages.batch import Batch, Finished, Job, Work
    from messages.log import Parts
    from suggest import Policy, Suggestion, Waiting
    from suggest.sheet import Card
    from suggest.tone import Finding, Said


@app.command("classify")
def classify_log(
    logs: LogFiles,
    output: OutputOrFolder = None,
    marketplace: Market = None,
    columns: Columns = None,
    encoding: Encoding = None,
    fast: Annotated[bool, typer.Option("--fast", help="read the words alone: 3 times the speed, fewer sure")] = False,
    workers: Workers = 1,
    scheduler: Scheduler = "",
    masked: Masked = False,
    strict: Strict = False,
    json: Json = False,
) -> None:
    """Say what each message of an exported log is about."""
    from messages.batch import Work, work_part
    from messages.output import TABLES

    wanted = Wanted(*wanted_output(output, logs, (*TABLES, "")), workers, scheduler, json, masked, strict)
    read = _read_logs(logs, marketplace, columns, encoding, json)
    model = _model_digest()
    do = partial(
        work_part,
        table=partial(_classified, model=model, fast=fast),
        suffix=wanted.suffix or ".parquet",
        counted=("scenario", "language", "sure"),
        masked=masked,
    )
    settings = {"command": "classify", "model": model, "fast": fast}
    batch = run_batch(read, wanted, settings, lambda now: Work((part for log in read for part in log), do))
    _finish(batch, read, wanted, "classify")


@app.command("suggest")
def suggest_log(
    logs: Annotated[list[str] | None, typer.Argument(metavar="LOG…", help="as for classify")] = None,
    orders: Annotated[Path | None, typer.Option(help="orders: our columns, or an order report of Amazon's")] = None,
    products: Annotated[Path | None, typer.Option(help="products: a TOML file with a table for each ASIN")] = None,
    output: OutputOrFolder = None,
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
    scheduler: Scheduler = "",
    masked: Masked = False,
    strict: Strict = False,
    json: Json = False,
) -> None:
    """Propose a checked reply to each message of an exported log; OUT may be a page for a browser, .html, too."""
    from messages import InputError
    from messages.output import TABLES, check_output
    from messages.tables import read_orders, read_products
    from suggest.policy import read_policy

    if approve:
        _approve(approve, policy, json)
        return
    if not logs:
        raise InputError("LOG is missing. Name an exported log, or an edited sheet with --approve.")
    wanted = Wanted(*wanted_output(output, logs, (*TABLES, PAGE, "")), workers, scheduler, json, masked, strict)
    if audit:
        check_output(audit, (audit.suffix.lower(),))
    at = now.replace(tzinfo=UTC) if now and now.tzinfo is None else now
    seller = read_policy(policy)
    known = _Known(
        seller,
        read_orders(orders) if orders else {},
        read_products(products) if products else {},
        marketplace,
        _model_digest(),
        is_page=wanted.suffix == PAGE,
    )
    read = _read_logs(logs, marketplace, columns, encoding, json)
    files = [digest_of(path) for path in (orders, products)]
    settings = {
        "command": "suggest", "model": known.model, "policy": repr(seller), "files": files, "audit": bool(audit)
    }  # fmt: skip
    suggesting = _Suggesting(read, wanted, known, audit)
    batch = run_batch(read, wanted, settings, suggesting.begin, at, is_timed=True, end=suggesting.end)
    _finish(batch, read, wanted, "suggest")


@dataclass(frozen=True)
class _Known:
    """What is known beside the messages of a log."""

    policy: "Policy"
    orders: "Mapping[str, Order]"
    products: "Mapping[str, Product]"
    marketplace: str | None
    model: str
    is_page: bool


@dataclass(frozen=True)
class _Suggested:
    """What a worker makes of a part: the messages with their suggestions, and what others are held against."""

    messages: "pd.DataFrame"
    aside: "pd.DataFrame"
    suggestions: "list[Suggestion]"
    said: "list[Said]"
    earlier: Mapping[int, tuple[str, ...]]


def _suggest_part(threaded: "Threaded", *, known: _Known, now: datetime) -> _Suggested:
    """The suggestions for a part of a log, each by itself."""
    from messages.log import frames_of
    from suggest import said_by, suggest_batch

    _check_model(known.model)
    messages, aside = frames_of(threaded.part, languages=known.is_page)
    earlier = {row: tuple(said["text"] for said in before) for row, before in threaded.before.items()}
    cases = _waiting(messages.to_dict("records"), known, threaded.settled, earlier)
    found = suggest_batch(cases, now=now, policy=known.policy)
    of = f" of {threaded.part.file}" if threaded.part.file else ""
    said = [said_by(f"row {case.row}{of}", s, case.order) for case, s in zip(cases, found, strict=True)]
    if not known.is_page:  # which alone shows them
        found = [replace(s, alternatives=()) for s in found]
    return _Suggested(messages, aside, found, said, earlier)


class _Suggesting:
    """A run of suggest: what of each reply later ones are held against, and, for a page, its cards."""

    def __init__(self, read: "Sequence[Parts]", wanted: Wanted, known: _Known, audit: Path | None):
        from suggest.tone import Earlier

        self.read, self.wanted, self.known, self.audit = read, wanted, known, audit
        self.earlier = Earlier()
        self.cards: list[Card] = []

    def begin(self, now: datetime) -> "Work":
        """Read the threads of the logs, and say what is done with each part."""
        from messages import read_threads
        from messages.batch import Work
        from suggest.sheet import check_number

        with reading(self.wanted.json):
            logs = [read_threads(log, each=each_part(self.wanted)) for log in self.read]
        if self.known.is_page:
            check_number(sum(log.n_messages for log in logs), _name(self.read))
        do = partial(_suggest_part, known=self.known, now=now)
        return Work((part for log in logs for part in log), do, partial(self.settle, now=now), self.recall)

    def settle(self, made: _Suggested, now: datetime) -> "Finished":
        """A part with what is found between its replies and those before them, written for the output."""
        from messages.batch import finished
        from suggest import compared
        from suggest.audit import audit_line
        from suggest.sheet import cards

        each = [
            compared(s, said, self.earlier, self.known.policy)
            for s, said in zip(made.suggestions, made.said, strict=True)
        ]
        rows = made.messages["row"].tolist()
        lines = [audit_line(row, s, now) for row, s in zip(rows, each, strict=True)] if self.audit else []
        if self.known.is_page:
            self.cards += cards(made.messages.to_dict("records"), each, made.earlier)
        return finished(
            _sheet(made.messages, each),
            made.aside,
            self.wanted.suffix or ".parquet",
            ("status", "scenario", "language"),
            self.wanted.masked,
            marks=[said.kept() for said in made.said],
            lines="".join(_json_line(line) for line in lines).encode("utf-8"),
        )

    def recall(self, part: "Finished") -> None:
        """Hold later replies against those of a part that was finished before the run was stopped."""
        from suggest.tone import Said

        for kept in part.marks:
            self.earlier.add(Said(*kept))

    def end(self, job: "Job | None", batch: "Batch") -> None:
        """Put the output in its place, and add to the audit."""
        from suggest.audit import append_audit

        if job:
            job.put_in_place(batch.n_aside > 0)
        elif self.wanted.output:
            self._write_page(batch, self.wanted.output)
        if self.audit:
            append_audit(
                lambda: (part.lines for part in (job.parts() if job else batch.bodies)),
                self.audit,
                unless_there=job is not None and job.found == job.kept,
            )

    def _write_page(self, batch: "Batch", output: Path) -> None:
        from messages.output import assemble, quarantine_beside, write_text, write_whole
        from suggest.sheet import sheet_page

        write_text(sheet_page(self.cards, _name(self.read), self.known.policy.zone), output)
        beside = quarantine_beside(output, PAGE)
        if batch.n_aside:
            columns = batch.bodies[0].aside_columns
            asides = (part.aside for part in batch.bodies)
            write_whole(beside, lambda made: assemble(asides, columns, beside.suffix, made))
        else:
            beside.unlink(missing_ok=True)


def _read_logs(
    logs: Sequence[str], market: str | None, columns: Sequence[str] | None, encoding: str | None, quiet: bool
) -> "list[Parts]":
    """The logs that the names and patterns stand for, each gone through once."""
    from messages.content import expanded

    paths = expanded(logs)
    return [read_log_parts(path, market, columns, encoding, quiet, named=len(paths) > 1) for path in paths]


def _name(read: "Sequence[Parts]") -> str:
    return read[0].name if len(read) == 1 else f"{len(read)} logs"


def _json_line(line: Mapping[str, Any]) -> str:
    import json

    return json.dumps(line, ensure_ascii=False) + "\n"


def _sheet(messages: "pd.DataFrame", suggestions: "Sequence[Suggestion]") -> "pd.DataFrame":
    """The messages with what is suggested for each."""
    import pandas as pd

    found = pd.DataFrame([_suggestion_row(s) for s in suggestions], columns=_SUGGESTION_COLUMNS)
    found["reply_by"] = pd.to_datetime(found["reply_by"], utc=True)
    kept = messages.drop(columns=found.columns, errors="ignore")  # a labelled log has scenarios of its own
    return pd.concat([kept, found], axis=1)[["file", *_SHEET] if "file" in messages else _SHEET]


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


_RECALLED = 1 << 15  # messages whose rows are kept: in a large log many are sent again word for word
_LONGEST_RECALLED = 1_000  # characters


@cache
def _recalled(model: str, fast: bool) -> dict[str, tuple[Any, ...]]:
    """In this process: what was said of the messages met last."""
    return {}


def _classified(messages: "pd.DataFrame", *, model: str, fast: bool) -> "pd.DataFrame":
    """The messages with what the classifier says of each."""
    import pandas as pd

    from model import load_classifier

    _check_model(model)
    texts = messages["text"].tolist()
    recalled = _recalled(model, fast)
    told = {text: recalled[text] for text in texts if text in recalled}
    new = [text for text in dict.fromkeys(texts) if text not in told]
    said = {
        text: (
            p.language,
            p.scenario,
            p.probability,
            p.sure,
            " ".join(p.also),
            " ".join(p.flags),
            " ".join(p.reasons),
            ", ".join(words for words, _ in p.why),
        )
        for text, p in zip(new, load_classifier().classify(new, fast=fast), strict=True)
    }
    if len(recalled) + len(said) > _RECALLED:
        recalled.clear()
    recalled |= {text: row for text, row in said.items() if len(text) <= _LONGEST_RECALLED}
    told |= said
    found = pd.DataFrame([told[text] for text in texts], columns=_PREDICTION_COLUMNS)
    kept = messages.drop(columns=["language", "text"]).rename(columns={"scenario": "labelled"})
    return pd.concat([kept, found, messages[["text"]]], axis=1)


def _waiting(
    rows: Sequence[Mapping[Any, Any]],
    known: _Known,
    settled: Mapping[int, str],
    earlier: Mapping[int, tuple[str, ...]],
) -> "list[Waiting]":
    from suggest import Waiting

    cases = []
    for row in rows:
        order = known.orders.get(row["order_id"])
        asin = (order.asin if order else None) or row["asin"] or ""
        cases.append(
            Waiting(
                row=row["row"],
                message=row["text"],
                order=order or _order_of(row),
                product=known.products.get(asin.upper()),
                marketplace=row["marketplace"] or known.marketplace or None,
                received_at=None if row["received_at"] != row["received_at"] else row["received_at"].to_pydatetime(),
                earlier=earlier.get(row["row"], ()),
                settled=settled.get(row["row"], ""),
            )
        )
    return cases


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
        "reasons_zh": " ".join(s.reasons_zh),
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
    "reasons_zh",
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
    "reasons_zh",
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


def _finish(batch: "Batch", read: "Sequence[Parts]", wanted: Wanted, command: str) -> None:
    """Print the sum and what people want to see, and end with the right code."""
    wording = {"classify": "classified", "suggest": "suggested"}[command]
    incomplete = [log.name for log in read if not log.complete]
    if wanted.json:
        notes = [f"{log.name}: {note}" if len(read) > 1 else note for log in read for note in log.notes]
        print_json(
            {
                "log": _name(read),
                "in": batch.n_in,
                wording: batch.n_rows,
                "set_aside": batch.n_aside,
                "complete": not incomplete,
                "notes": notes,
                "counts": batch.counts,
                **({} if wanted.output else {"rows": batch.rows(), "quarantined": batch.rows_aside()}),
            }
        )
    else:
        total = f"{batch.n_in:,} in = {batch.n_rows:,} {wording} + {batch.n_aside:,} set aside"
        _print_batch(batch, f"{_name(read)}: {total}")
        print_after(batch, read, wanted, command)
    if incomplete:
        raise typer.Exit(3)
    if wanted.strict and batch.n_aside:
        raise typer.Exit(1)


def _print_batch(batch: "Batch", title: str) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

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


_HEADS = {"language": "lang", "probability": "p"}


def _cell(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
