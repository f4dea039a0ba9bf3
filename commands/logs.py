"""`henji classify` and `henji suggest`: a log in, a table out, and what was set aside beside it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.shared import (
    SHOWN,
    STYLES,
    Columns,
    Encoding,
    Json,
    LogFile,
    Market,
    Output,
    PolicyFile,
    Strict,
    Workers,
    app,
    chosen_columns,
    open_console,
    print_json,
    read_input,
    with_progress,
)  # fmt: skip

if TYPE_CHECKING:
    import pandas as pd

    from messages import Log, Order, Product
    from messages.threads import Threads
    from suggest import Policy, Suggestion, Waiting
    from suggest.tone import Finding


@app.command("classify")
def classify_log(
    log: LogFile,
    output: Output = None,
    marketplace: Market = None,
    columns: Columns = None,
    encoding: Encoding = None,
    workers: Workers = 1,
    strict: Strict = False,
    json: Json = False,
) -> None:
    """Say what each message of an exported log is about."""
    import pandas as pd

    read = read_input(log, output, marketplace, columns, encoding)
    texts = read.messages["text"].tolist()
    rows = with_progress("Classifying", _classified, texts, workers, json)
    found = pd.DataFrame(rows, columns=_PREDICTION_COLUMNS)
    kept = read.messages.drop(columns=["language", "text"])
    table = pd.concat([kept, found, read.messages[["text"]]], axis=1)
    _finish(read, table, log, output, strict, json, ("scenario", "language", "sure"))


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
    strict: Strict = False,
    json: Json = False,
) -> None:
    """Propose a checked reply to each message of an exported log; OUT may be a page for a browser, .html, too."""
    from datetime import UTC

    import pandas as pd

    from messages import InputError
    from messages.output import TABLES
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
    rows = [_suggestion_row(s) for s in found_each]
    found = pd.DataFrame(rows, columns=_SUGGESTION_COLUMNS)
    table = pd.concat([read.messages.drop(columns=["language"]), found], axis=1)[_SHEET]
    write = partial(_write_page, read, [row["suggestion"] for row in rows], settings.zone, log.name)
    _finish(read, table, log, output, strict, json, ("status", "scenario", "language"), write if is_page else None)


def _write_page(read: "Log", suggestions: "Sequence[Suggestion]", zone: str, title: str, path: Path) -> None:
    from messages.output import write_text
    from suggest.sheet import cards, sheet_page

    write_text(sheet_page(cards(read.messages.to_dict("records"), suggestions), title, zone), path)


def _classified(texts: Sequence[str]) -> list[dict[str, Any]]:
    from model import load_classifier

    return [
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
        for p in load_classifier().classify(texts)
    ]


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
        "suggestion": s,
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
    read: "Log",
    table: "pd.DataFrame",
    log: Path,
    output: Path | None,
    strict: bool,
    json: bool,
    counted: Sequence[str],
    write: Callable[[Path], None] | None = None,
) -> None:
    """Write the output and what was set aside, print the sum, and end with the right code."""
    from messages.output import write_table

    aside = len(read.quarantined)
    wording = "suggested" if "status" in table.columns else "classified"
    total = f"{len(table) + aside:,} in = {len(table):,} {wording} + {aside:,} set aside"
    beside = output.with_name(f"{output.stem}.quarantine{'.csv' if write else output.suffix}") if output else None
    if output and beside:
        (write or partial(write_table, table))(output)
        if aside:
            write_table(read.quarantined, beside)
        else:
            beside.unlink(missing_ok=True)
    if json:
        print_json(
            {
                "log": str(log),
                "in": len(table) + aside,
                wording: len(table),
                "set_aside": aside,
                "complete": read.complete,
                "notes": list(read.notes),
                "counts": {name: {str(k): int(n) for k, n in table[name].value_counts().items()} for name in counted},
                **({} if output else {"rows": _plain(table), "quarantined": _plain(read.quarantined)}),
            }
        )
    else:
        _print_log(read, table, log, output, beside if aside else None, total, counted)
    if not read.complete:
        raise typer.Exit(3)
    if strict and aside:
        raise typer.Exit(1)


def _plain(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    return [{str(k): str(v) if hasattr(v, "isoformat") else v for k, v in r.items()} for r in frame.to_dict("records")]


def _print_log(
    read: "Log",
    table: "pd.DataFrame",
    log: Path,
    output: Path | None,
    beside: Path | None,
    total: str,
    counted: Sequence[str],
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    console = open_console()
    shown = Table(title=f"{log.name}: {total}", title_justify="left", expand=True, box=SIMPLE_HEAD, pad_edge=False)
    columns = [c for c in ("row", "language", "status", "scenario", "probability", "sure") if c in table.columns]
    for name in columns:
        shown.add_column(_HEADS.get(name, name), no_wrap=True)
    shown.add_column("flags, message", ratio=1, no_wrap=True, overflow="ellipsis")
    for row in table.head(SHOWN).to_dict("records"):
        cells = [Text(_cell(row[c]), style=STYLES.get(str(row[c]), "")) for c in columns]
        flags = Text(row["flags"] + " " if row["flags"] else "", style="magenta")
        shown.add_row(*cells, flags + Text(" ".join(row["text"].split())[:400], style="dim"))
    console.print(shown)
    if len(table) > SHOWN:
        console.print(f"… and {len(table) - SHOWN:,} more.")
    for name in counted:
        counts = table[name].value_counts()
        console.print(f"{name}: " + ", ".join(f"{k} {n:,}" for k, n in counts.items()), highlight=False)
    for row in read.quarantined.head(SHOWN).to_dict("records"):
        console.print(Text(f"set aside: row {row['row']} ({row['place']}): {row['reason']}", style="yellow"))
    for note in read.notes:
        console.print(Text(f"note: {note}", style="yellow"))
    if not read.complete:
        console.print(Text(f"{log.name} is incomplete: export or copy it again.", style="bold red"))
    if output:
        console.print(Text(f"Written: {output}" + (f", set aside: {beside}" if beside else "")))


_HEADS = {"language": "lang", "probability": "p"}


def _cell(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
