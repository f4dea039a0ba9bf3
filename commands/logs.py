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
    open_console,
    print_json,
    read_input,
    with_progress,
)  # fmt: skip

if TYPE_CHECKING:
    import pandas as pd

    from messages import Log
    from suggest import Policy, Suggestion


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
    log: LogFile,
    orders: Annotated[Path | None, typer.Option(help="a table with the fields of Order, one row an order")] = None,
    output: Output = None,
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

    from messages.output import TABLES
    from messages.tables import read_orders
    from suggest.policy import read_policy
    from suggest.sheet import SUFFIX, check_number

    read = read_input(log, output, marketplace, columns, encoding, (*TABLES, SUFFIX))
    is_page = output is not None and output.suffix.lower() == SUFFIX
    if is_page:
        check_number(len(read.messages), log.name)
    known = read_orders(orders) if orders else {}
    at = (now or datetime.now(UTC)).replace(tzinfo=UTC) if now is None or now.tzinfo is None else now
    settings = read_policy(policy)
    cases = [
        (
            row["text"],
            known.get(row["order_id"]) or _order_of(row),
            row["marketplace"] or marketplace or None,
            None if row["received_at"] != row["received_at"] else row["received_at"].to_pydatetime(),
        )
        for row in read.messages.to_dict("records")
    ]
    suggested = partial(_suggested, now=at, policy=settings)
    rows = with_progress("Suggesting", suggested, cases, workers, json)
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


def _suggested(cases: Sequence[tuple[Any, ...]], *, now: datetime, policy: "Policy") -> list[dict[str, Any]]:
    from suggest import suggest_reply

    return [
        _suggestion_row(
            suggest_reply(text, order=order, marketplace=marketplace, received_at=received, now=now, policy=policy)
        )
        for text, order, marketplace, received in cases
    ]


def _suggestion_row(s: "Suggestion") -> dict[str, Any]:
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
        "findings": " ".join(f"{f.category}: {f.text}" for f in s.findings),
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
