"""`henji check` and `henji rules`: what must not be sent, and the rules that say so."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.shared import Json, Market, Output, PolicyFile, app, open_console, print_json

if TYPE_CHECKING:
    from messages import Replies, Reply
    from suggest import Policy
    from suggest.tone import Finding


@app.command("check")
def check_replies(
    replies: Annotated[
        Path,
        typer.Argument(metavar="REPLIES", help="a text, a table with a column `reply`, or a log with agents' replies"),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="findings as CSV, XLSX, JSONL, Parquet or SARIF; with --fix the corrected copy",
        ),
    ] = None,
    fix: Annotated[bool, typer.Option("--fix", help="show what can be put right without judgement")] = False,
    orders: Annotated[Path | None, typer.Option(help="a table with the fields of Order, one row an order")] = None,
    language: Annotated[str | None, typer.Option("--language", "-l", help="of the buyer: en de fr es it ja")] = None,
    marketplace: Market = None,
    policy: PolicyFile = Path("henji.toml"),
    writing: Annotated[bool, typer.Option("--writing", help="hints on spelling and long sentences too")] = False,
    chinese: Annotated[bool, typer.Option("--zh", help="reasons in Chinese")] = False,
    json: Json = False,
) -> None:
    """Find wrong tone and policy breaches in replies; exits with 1 when one must not be sent.

    A line `[henji: ignore RULE]` in a reply, or a cell in a column `ignore`, switches a rule off there.
    """
    import dataclasses

    from messages import read_replies
    from messages.tables import read_orders
    from suggest import check_batch
    from suggest.tone import corrected
    from suggest.tone.report import print_difference, print_findings, title

    settings = _with_hints(policy, writing)
    if output:
        _check_findings_output(output, replies, fix)
    read = read_replies(replies)
    known = read_orders(orders) if orders else {}

    def check(rows: Sequence["Reply"]) -> "list[list[Finding]]":
        return check_batch(rows, language=language, marketplace=marketplace, orders=known, policy=settings)

    def put_right(row: "Reply") -> str:
        return corrected(row.text, lambda text: check([dataclasses.replace(row, text=text)])[0], settings.rules)

    rows: tuple[Reply, ...] = read.rows
    pairs: list[tuple[int, str, str]] = []
    if fix:
        rows = tuple(dataclasses.replace(row, text=put_right(row)) for row in read.rows)
        pairs = [(old.row, old.text, new.text) for old, new in zip(read.rows, rows, strict=True)]
    found = list(zip(rows, check(rows), strict=True))
    table = [{"row": row.row, **dataclasses.asdict(f)} for row, findings in found for f in findings]
    if output and fix:
        _write_corrected(read, [row.text for row in rows], replies, output)
    elif output:
        _write_findings(table, replies, found, settings, output)
    if json:
        changed = [{"row": row, "before": a, "after": b} for row, a, b in pairs if a != b]
        print_json({"replies": len(rows), "findings": table, **({"corrected": changed} if fix else {})})
    elif fix:
        print_difference(open_console(), replies.name, pairs)
        open_console().print(title("What is left", found))
    else:
        print_findings(open_console(), replies.name, found, settings.rules, chinese)
    if output and not json:
        open_console().print(f"Written: {output}", markup=False)
    if any(row["severity"] == "error" for row in table):
        raise typer.Exit(1)


@app.command("rules")
def list_rules(
    language: Annotated[str | None, typer.Option("--language", "-l", help="only those of one language")] = None,
    policy: PolicyFile = Path("henji.toml"),
    output: Output = None,
    json: Json = False,
) -> None:
    """List every rule of the check: its severity, source, languages, and how much it holds."""
    import pandas as pd

    from messages import InputError
    from messages.output import write_table
    from suggest.policy import read_policy
    from suggest.tone.report import print_rules, rule_rows
    from suggest.tone.rules import LANGUAGES

    if language and language not in LANGUAGES:
        raise InputError(f"No rules for language {language!r}. Known: {' '.join(LANGUAGES)}.")
    rows = [r for r in rule_rows(read_policy(policy).rules) if not language or language in r["languages"].split()]
    if output:
        write_table(pd.DataFrame(rows), output)
    if json:
        print_json({"rules": rows})
    elif not output:
        print_rules(open_console(), rows)


def _with_hints(policy: Path, writing: bool) -> "Policy":
    """The seller's settings, with hints on writing where they were asked for here."""
    from dataclasses import replace

    from suggest.policy import read_policy

    settings = read_policy(policy)
    return replace(settings, rules=replace(settings.rules, writing=True)) if writing else settings


def _check_findings_output(output: Path, replies: Path, fix: bool) -> None:
    """Raise InputError, before any work is done, for an output that is the input or of the wrong kind."""
    from messages import InputError
    from messages.output import check_output
    from messages.replies import TABLES, TEXTS

    if output.exists() and replies.exists() and output.samefile(replies):
        raise InputError(f"{output}: is the file that is read; it is never written over. Give another name.")
    if fix:
        check_output(output, TEXTS if replies.suffix.lower() in TEXTS else TABLES)
    else:
        check_output(output, (".csv", ".tsv", ".xlsx", ".jsonl", ".parquet", ".sarif"))


def _write_findings(
    table: list[dict[str, Any]],
    replies: Path,
    found: "Sequence[tuple[Reply, Sequence[Finding]]]",
    settings: "Policy",
    output: Path,
) -> None:
    import dataclasses
    import json
    from importlib.metadata import version

    import pandas as pd

    from messages.output import write_table, write_text
    from suggest.tone import Finding
    from suggest.tone.report import sarif

    if output.suffix.lower() == ".sarif":
        log = sarif(replies, found, settings.rules, version("henji"))
        write_text(json.dumps(log, ensure_ascii=False, indent=1) + "\n", output)
    else:
        write_table(pd.DataFrame(table, columns=["row", *(f.name for f in dataclasses.fields(Finding))]), output)


def _write_corrected(read: "Replies", texts: Sequence[str], replies: Path, output: Path) -> None:
    """A copy of the file with the corrected replies, all else as it was; a log's replies as a table of their own."""
    import pandas as pd

    from messages.output import unguard, write_table, write_text
    from messages.replies import TEXTS

    if output.suffix.lower() in TEXTS:
        write_text("".join(texts), output)
    elif read.table is not None:
        table = read.table.assign(**{read.column: list(texts)})
        is_guarded = replies.suffix.lower() != ".jsonl"  # what we wrote for a spreadsheet is not guarded twice
        write_table(table.map(unguard) if is_guarded else table, output)
    else:
        rows = [{"row": r.row, **r.facts, "reply": t} for r, t in zip(read.rows, texts, strict=True)]
        write_table(pd.DataFrame(rows), output)
