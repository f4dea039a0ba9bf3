"""`henji columns`, `mask` and `purge`: what a log was understood as, and what may be shown or kept of it."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from commands.shared import (
    Columns,
    Encoding,
    Json,
    LogFile,
    Market,
    Output,
    PolicyFile,
    app,
    chosen_columns,
    open_console,
    print_json,
)  # fmt: skip


@app.command("columns")
def show_columns(
    log: LogFile,
    marketplace: Market = None,
    columns: Columns = None,
    encoding: Encoding = None,
    json: Json = False,
) -> None:
    """Show how a log is understood: its format, its encoding, what each column is taken for and why."""
    from dataclasses import asdict

    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from messages import explain

    found = explain(log, columns=chosen_columns(columns), encoding=encoding, marketplace=marketplace)
    if json:
        print_json({"log": str(log), **asdict(found)})
        raise typer.Exit(0 if "text" not in found.missing else 3)
    console = open_console()
    encoded = f", {found.encoding}" if found.encoding else ""
    shown = Table(title=f"{log.name}: {found.form}{encoded}", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name in ("column", "is", "why", "filled", "an example, masked"):
        shown.add_column(name, justify="right" if name == "filled" else "left", overflow="fold")
    for column in found.columns:
        style = "bold green" if column.field == "text" else "" if column.field else "dim"
        cells = (column.name, column.field or "–", column.why, f"{column.filled:,}", column.example)
        shown.add_row(*(Text(cell) for cell in cells), style=style)
    console.print(shown)
    aside = sum(found.set_aside.values())
    reasons = ", ".join(f"{reason} {n:,}" for reason, n in found.set_aside.items())
    console.print(
        Text(
            f"{found.rows:,} rows: {found.messages:,} messages, {aside:,} set aside{f' ({reasons})' if aside else ''}."
        )
    )
    for note in found.notes:
        console.print(Text(f"note: {note}", style="yellow"))
    if found.missing:
        console.print(Text(f"Not in it: {' '.join(found.missing)}. Name a column with --map FIELD=NAME.", style="dim"))
    if "text" in found.missing:
        console.print(Text("No column holds the message text for certain: --map text=NAME.", style="bold red"))
        raise typer.Exit(3)


@app.command("mask")
def mask_log(
    log: LogFile,
    output: Output = None,
    marketplace: Market = None,
    columns: Columns = None,
    encoding: Encoding = None,
) -> None:
    """Write a copy of a log without personal data: the same rows and columns, buyers hashed."""
    from messages import masked_table
    from messages.output import TABLES, check_output, write_table

    suffix = log.suffix.lower() if log.suffix.lower() in TABLES else ".csv"
    out = output or log.with_name(f"{log.stem}.masked{suffix}")
    check_output(out)
    table = masked_table(log, columns=chosen_columns(columns), encoding=encoding, marketplace=marketplace)
    write_table(table, out)
    open_console().print(f"Written: {out}, {len(table):,} rows.", highlight=False)


@app.command("purge")
def purge_logs(
    logs: Annotated[
        list[Path], typer.Argument(metavar="LOG…", help="logs, outputs and labelled files; their quarantine goes along")
    ],
    older_than: Annotated[str | None, typer.Option(help="how old, such as 180d or 26w; else henji.toml")] = None,
    marketplaces: Annotated[
        list[str] | None, typer.Option(help="whose messages: EU, or codes such as DE; else henji.toml")
    ] = None,
    undated: Annotated[str | None, typer.Option(help="remove or keep rows without a date")] = None,
    certificate: Annotated[Path | None, typer.Option(help="where to write what was removed; else beside you")] = None,
    marketplace: Market = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would go, change nothing")] = False,
    now: Annotated[datetime | None, typer.Option(help="from when the age counts, UTC; else the clock")] = None,
    policy: PolicyFile = Path("henji.toml"),
    json: Json = False,
) -> None:
    """Remove old messages from logs, outputs and their quarantine, and certify it without their text."""
    import json as json_format
    from datetime import UTC

    from messages import InputError, purge, read_retention
    from messages import marketplace as known_marketplace
    from messages.output import check_output, write_text

    at = (now or datetime.now(UTC)).replace(tzinfo=UTC) if now is None or now.tzinfo is None else now
    codes = [code for given in marketplaces for code in given.replace(",", " ").split()] if marketplaces else None
    retention = read_retention(policy, older_than=older_than, marketplaces=codes, undated=undated)
    proof = certificate or Path(f"purge-{at:%Y%m%dT%H%M%SZ}.json")
    if proof.exists():
        raise InputError(f"{proof}: is there already. Name another certificate with --certificate.")
    check_output(proof, (".json",))
    site = known_marketplace(marketplace).code if marketplace else None
    told = purge(logs, retention, at, site=site, really=not dry_run)
    if not dry_run:
        write_text(json_format.dumps(told, indent=1, ensure_ascii=False) + "\n", proof)
    if json:
        print_json(told)
    else:
        console = open_console()
        for file in told["files"]:
            removed = file["removed_old"] + file["removed_undated"]
            console.print(f"{file['file']}: {removed:,} of {file['rows']:,} rows", highlight=False, markup=False)
        gone = "would go" if dry_run else "are gone"
        console.print(
            f"{told['removed']:,} rows received before {told['received_before'][:10]} or undated {gone}, "
            f"of {' '.join(told['marketplaces'])}.",
            highlight=False,
        )
        if told["kept_undated"]:
            console.print(f"{told['kept_undated']:,} rows without a date were kept.", style="yellow")
        if told["kept_unknown"]:
            where = "their marketplace is not known. Name it with --marketplace DE"
            console.print(f"{told['kept_unknown']:,} old or undated rows were kept: {where}.", style="yellow")
        if not dry_run:
            console.print(f"Certificate: {proof}", highlight=False)
    if told["kept_undated"] or told["kept_unknown"]:
        raise typer.Exit(1)
