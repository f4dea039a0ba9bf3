"""`henji init`, `due`, `evidence` and `learn`: the seller's settings, what waits, what to keep, what people sent."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.shared import (
    SHOWN,
    Columns,
    Encoding,
    Json,
    LogFile,
    Market,
    Output,
    PolicyFile,
    Scheduler,
    Wanted,
    Workers,
    app,
    each_part,
    gather,
    open_console,
    print_json,
    read_log_parts,
    reading,
    wanted_output,
)  # fmt: skip

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from messages import Threaded
    from messages.log import Part
    from suggest import Policy

Now = Annotated[datetime | None, typer.Option(help="the time to count from, UTC; else the clock")]


@app.command("init")
def write_settings(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="OUT", help="the file to write")] = Path(
        "henji.toml"
    ),
    shop: Annotated[str | None, typer.Option(help="the shop's name, as letters end with it")] = None,
    zone: Annotated[str | None, typer.Option(help="the team's clock, such as Asia/Shanghai")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="ask nothing: take the defaults")] = False,
) -> None:
    """Write a henji.toml in which every setting is explained; asks for the shop's name and the team's clock."""
    from messages import InputError
    from messages.output import write_text
    from suggest.policy import Policy, settings_text

    if output.exists():
        raise InputError(f"{output}: is there already and is not written over. Edit it, or name another with -o.")
    if shop is None:
        shop = "" if yes else typer.prompt("Name of the shop, as letters end with it", default="", show_default=False)
    if zone is None:
        zone = "" if yes else typer.prompt("The team's clock, such as Asia/Shanghai", default="", show_default=False)
    policy = Policy(shop_name=shop.strip(), zone=zone.strip())
    write_text(settings_text(policy), output)
    open_console().print(f"Written: {output}. Every line says what it does.", markup=False)


@app.command("due")
def list_due(
    log: LogFile,
    policy: PolicyFile = Path("henji.toml"),
    now: Now = None,
    marketplace: Market = None,
    columns: Columns = None,
    encoding: Encoding = None,
    output: Output = None,
    workers: Workers = 1,
    scheduler: Scheduler = "",
    json: Json = False,
) -> None:
    """List the messages that wait for a reply, what is due soonest first, by the team's clock and the buyer's."""
    import pandas as pd

    from messages import read_threads
    from messages.output import TABLES, write_table
    from suggest.policy import read_policy

    settings, at = read_policy(policy), _aware(now)
    wanted = Wanted(*wanted_output(output, [log], TABLES), workers, scheduler, json)
    read = read_log_parts(log, marketplace, columns, encoding, json)
    with reading(json):
        threads = read_threads(read, each=each_part(wanted))
    do = partial(_due_part, policy=settings, at=at, market=marketplace)
    rows, undated = [], 0
    for part_rows, part_undated in gather("Due", do, threads, read.n_rows, wanted):
        rows += part_rows
        undated += part_undated
    rows.sort(key=lambda due: due["reply_by"])
    if output:
        write_table(pd.DataFrame(rows, columns=list(_DUE)), output)
    if json:
        print_json({"now": at, "due": rows, "undated": undated})
    else:
        _print_due(rows, undated, log.name, settings, at)


def _due_part(
    threaded: "Threaded", *, policy: "Policy", at: datetime, market: str | None
) -> tuple[int, tuple[list[dict[str, Any]], int]]:
    """The messages of a part that wait, and how many more have no date."""
    from messages.log import frames_of
    from model import load_classifier

    messages = frames_of(threaded.part)[0].to_dict("records")
    waiting = [row for row in messages if row["row"] not in threaded.settled]
    found = load_classifier().classify([row["text"] for row in waiting])
    dated = [(row, p) for row, p in zip(waiting, found, strict=True) if row["received_at"] == row["received_at"]]
    return len(threaded.part.rows), ([_due(row, p, policy, at, market) for row, p in dated], len(waiting) - len(dated))


_DUE = (
    "row", "order_id", "marketplace", "scenario", "reply_by", "left", "due_team", "due_buyer", "presale_by", "holiday",
    "text",
)  # fmt: skip


def _due(row: Mapping[Any, Any], prediction: Any, policy: "Policy", at: datetime, market: str | None) -> dict[str, Any]:
    from messages import marketplace as find_marketplace
    from suggest.deadlines import left, reply_by
    from suggest.reply import HOME

    received = row["received_at"].to_pydatetime()
    by = reply_by(received)
    place = find_marketplace(row["marketplace"] or market or HOME.get(prediction.language, "US"))
    team = _zone(policy, place.timezone)
    is_presale = prediction.scenario == "compatibility_presale"
    return {
        "row": row["row"],
        "order_id": row["order_id"],
        "marketplace": place.code,
        "scenario": "no_reply_needed" if "no_reply_needed" in prediction.flags else prediction.scenario,
        "reply_by": by,
        "left": left(by, at),
        "due_team": f"{by.astimezone(team):%d %b %H:%M}",
        "due_buyer": f"{by.astimezone(place.timezone):%d %b %H:%M}",
        "presale_by": received + timedelta(hours=policy.presale_hours) if is_presale else None,
        "holiday": policy.holiday(by.astimezone(team).date()),
        "text": row["text"],
    }


def _zone(policy: "Policy", buyers: "ZoneInfo") -> "ZoneInfo":
    from zoneinfo import ZoneInfo

    return ZoneInfo(policy.zone) if policy.zone else buyers


def _print_due(rows: list[dict[str, Any]], undated: int, name: str, policy: "Policy", at: datetime) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    console = open_console()
    shown = Table(
        title=f"{name}: {len(rows):,} wait for a reply",
        title_justify="left",
        box=SIMPLE_HEAD,
        expand=True,
        pad_edge=False,
    )
    for head, width in (("row", 4), ("left", 9), ("team", 12), ("buyer", 15), ("before", 6), ("scenario", 15)):
        shown.add_column(head, no_wrap=True, min_width=width, max_width=width)
    shown.add_column("message", ratio=1, no_wrap=True, overflow="ellipsis")
    for row in rows[:SHOWN]:
        hours = (row["reply_by"] - at).total_seconds() / 3600
        style = "bold red" if hours < 0 else "red" if hours < 4 else "yellow" if hours < 12 else ""
        presale = row["presale_by"]
        shown.add_row(
            str(row["row"]),
            Text(row["left"], style=style),
            Text(row["due_team"] + (f" ({row['holiday']})" if row["holiday"] else "")),
            f"{row['due_buyer']} {row['marketplace']}",
            f"{presale.astimezone(_zone(policy, presale.tzinfo)):%H:%M}" if presale else "",
            row["scenario"],
            Text(" ".join(row["text"].split())[:300], style="dim"),
        )
    console.print(shown)
    if len(rows) > SHOWN:
        console.print(f"… and {len(rows) - SHOWN:,} more; all of them with -o.")
    if undated:
        console.print(Text(f"{undated:,} more have no date that can be read: look at them first.", style="yellow"))
    if holidays := sorted({row["holiday"] for row in rows if row["holiday"]}):
        said = f"Public holiday: {', '.join(holidays)}. Amazon's 24 hours run on; an automatic reply is no reply."
        console.print(Text(said, style="yellow"))


@app.command("evidence")
def keep_evidence(
    log: LogFile,
    output: Output = None,
    now: Now = None,
    marketplace: Market = None,
    columns: Columns = None,
    encoding: Encoding = None,
    workers: Workers = 1,
    scheduler: Scheduler = "",
    json: Json = False,
) -> None:
    """Keep what buyers wrote who threaten with a review or a claim: the original text, UTC times, SHA-256."""
    import pandas as pd

    from messages.output import TABLES, write_table

    wanted = Wanted(*wanted_output(output, [log], TABLES), workers, scheduler, json)
    read = read_log_parts(log, marketplace, columns, encoding, json)
    kept_at = _aware(now).isoformat(timespec="seconds")
    of_log = {"log": log.name, "log_sha256": read.digest, "kept_at": kept_at}
    rows: list[dict[str, Any]] = []
    n_messages = 0
    for part_rows, n in gather("Evidence", _evidence_part, read, read.n_rows, wanted):
        rows += [row | of_log for row in part_rows]
        n_messages += n
    if output:
        write_table(pd.DataFrame(rows, columns=_EVIDENCE), output)
    if json:
        print_json({"evidence": rows})
        return
    console = open_console()
    for kept in rows[:SHOWN]:
        console.print(f"row {kept['row']}, order {kept['order_id'] or 'not known'}, {kept['flags']}", markup=False)
        console.print(f"  {kept['received_at']}  {kept['sha256']}", highlight=False, markup=False, soft_wrap=True)
    written = f" Written: {output}." if output else " Keep it with -o OUT."
    console.print(f"{len(rows):,} of {n_messages:,} messages threaten.{written}", markup=False)


def _evidence_part(part: "Part") -> tuple[int, tuple[list[dict[str, Any]], int]]:
    """The threats in a part, each as the export has it, and how many messages there are."""
    import hashlib

    from messages.log import frames_of, originals
    from model import load_classifier

    messages, _ = frames_of(part)
    found = load_classifier().classify(messages["text"].tolist())
    texts = originals(part)
    rows = []
    for row, p in zip(messages.to_dict("records"), found, strict=True):
        threats = [flag for flag in ("review_threat", "chargeback_or_a_to_z") if flag in p.flags]
        if not threats:
            continue
        original = texts.get(row["row"]) or row["text"]
        received = row["received_at"]
        rows.append(
            {
                "row": row["row"],
                "order_id": row["order_id"],
                "message_id": row["message_id"],
                "marketplace": row["marketplace"],
                "received_at": received.isoformat() if received == received else "",
                "flags": " ".join(threats),
                "text": original,
                "sha256": hashlib.sha256(original.encode("utf-8", "replace")).hexdigest(),
            }
        )
    return len(part.rows), (rows, len(messages))


_EVIDENCE = [
    "row", "order_id", "message_id", "marketplace", "received_at", "flags", "text", "sha256", "log", "log_sha256",
    "kept_at",
]  # fmt: skip


@app.command("learn")
def learn_from_replies(
    log: Annotated[Path, typer.Argument(metavar="LOG", help="a log with agents' replies, or a table with `reply`")],
    policy: PolicyFile = Path("henji.toml"),
    workers: Workers = 1,
    scheduler: Scheduler = "",
    json: Json = False,
) -> None:
    """Count how often people sent a template as it was; where two fit alike, the one that they keep is taken."""
    from collections import Counter

    from messages import read_replies
    from suggest.kept import KEPT, learn

    wanted = Wanted(None, "", workers, scheduler, json)
    with reading(json):
        replies = read_replies(log, each_part(wanted))
    n_replies = 0
    seen: Counter[tuple[str, bool]] = Counter()
    do = partial(_recognised_part, column=replies.column, name=log.name)
    for part_seen, n in gather("Learn", do, replies, replies.log.n_rows, wanted):
        seen.update(part_seen)
        n_replies += n
    is_new = learn(seen.elements(), log, policy.with_name(KEPT))
    n_seen, kept = seen.total(), sum(n for (_, as_it_was), n in seen.items() if as_it_was)
    counts = {"replies": n_replies, "kept": kept, "edited": n_seen - kept, "counted": is_new}
    if json:
        print_json(counts)
        return
    console = open_console()
    own = n_replies - n_seen
    said = f"{n_replies:,} replies: {kept:,} templates sent as they were, {n_seen - kept:,} edited, {own:,} other."
    console.print(said, highlight=False)
    console.print(f"Counted in {policy.with_name(KEPT)}." if is_new else "This file was counted before.", markup=False)


def _recognised_part(threaded: "Threaded", *, column: str, name: str) -> tuple[int, tuple[list[tuple[str, bool]], int]]:
    """The templates known again in the replies of a part, each as it was or not, and how many replies there are."""
    from messages import detect_language, find_marketplace, replies_of
    from suggest.kept import recognised
    from suggest.templates import LANGUAGES, templates

    seen = []
    replies, _ = replies_of(threaded, column, name)
    for reply in replies:
        language = reply.facts.get("language") or detect_language(reply.text)
        if language in LANGUAGES:
            market = find_marketplace(reply.facts.get("marketplace"))
            if found := recognised(reply.text, templates(language, market.code if market else "")):
                seen.append(found)
    return len(threaded.part.rows), (seen, len(replies))


def _aware(now: datetime | None) -> datetime:
    now = now or datetime.now(UTC)
    return now.replace(tzinfo=UTC) if now.tzinfo is None else now.astimezone(UTC)
