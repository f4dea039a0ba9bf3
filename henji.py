"""Henji (返事, "reply"): what each buyer wants, and a checked reply, in six languages.

The public names stand first; the `henji` command below only parses its arguments and calls them.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

    from messages import InputError, Log, LogError, Order, Product, Replies, Reply, read_log
    from model import ModelError, Prediction
    from suggest import Policy, Suggestion
    from suggest.tone import Finding
    from training.labelled import Annotated as Labels
    from training.promote import Version

__version__ = "0.1.0"
__all__ = [
    "Finding",
    "InputError",
    "Log",
    "LogError",
    "ModelError",
    "Order",
    "Policy",
    "Prediction",
    "Product",
    "Suggestion",
    "check_reply",
    "classify",
    "read_log",
    "suggest_reply",
]

_HOMES = {
    "messages": ("InputError", "Log", "LogError", "Order", "Product", "read_log"),
    "model": ("ModelError", "Prediction"),
    "suggest": ("Policy", "Suggestion"),
    "suggest.tone": ("Finding",),
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that `henji --help` answers at once."""
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"henji has no {name!r}. Public names: {', '.join(__all__)}.")


def classify(message: str) -> "Prediction":
    """What one message is about; for many, `load_classifier().classify(messages)` of `model` is faster.

    >>> classify("Where is my parcel?").scenario
    'logistics_delay'
    """
    from messages import InputError
    from model import load_classifier

    if not isinstance(message, str):
        raise InputError(f"A message is text, not {type(message).__name__}. Give a str.")
    return load_classifier().classify([message])[0]


def suggest_reply(
    message: str,
    *,
    order: "Order | Mapping[str, Any] | None" = None,
    product: "Product | Mapping[str, Any] | None" = None,
    marketplace: str | None = None,
    now: datetime | None = None,
    policy: "Policy | Mapping[str, Any] | None" = None,
) -> "Suggestion":
    """The best reply that the facts allow, checked, with what it lacks; it never invents a fact and sends nothing.

    `order`, `product` and `policy` take the class or a dict with its field names; `marketplace` a code such as "DE",
    an Amazon id or domain; `now` an aware time, else the clock of this machine.
    Raises InputError on an unknown key, marketplace or value.

    >>> s = suggest_reply("Wo bleibt mein Paket?", order={"order_id": "302-1234567-7654321"}, marketplace="DE")
    >>> s.language, s.scenario, "302-1234567-7654321" in s.text
    ('de', 'logistics_delay', True)
    """
    from suggest import suggest_reply

    return suggest_reply(message, order=order, product=product, marketplace=marketplace, now=now, policy=policy)


def check_reply(
    text: str,
    *,
    language: str | None = None,
    marketplace: str | None = None,
    message: str | None = None,
    order: "Order | Mapping[str, Any] | None" = None,
    policy: "Policy | Mapping[str, Any] | None" = None,
) -> "list[Finding]":
    """Every place in a reply that breaks a rule of tone or policy, from its beginning to its end.

    `language` is the buyer's; without it, that of `message`, else of the reply itself. `order=None` means that the
    order is not known, and checks that need it are left out; an order without `order_id` is a pre-sale question.
    Raises InputError on an unknown language, marketplace or key.

    >>> [f.category for f in check_reply("We will try our best to help you.", language="en")]
    ['vague']
    """
    from suggest import check_reply

    return check_reply(text, language=language, marketplace=marketplace, message=message, order=order, policy=policy)


# ------------------------------------------------------------------------------------------------ the command

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Henji (返事): what each buyer wants, and a checked reply. It never sends anything.",
)

LogFile = Annotated[Path, typer.Argument(metavar="LOG", help="CSV, TSV, XLSX, JSON(L), Parquet, .eml or .mbox")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="OUT", help="CSV, TSV, XLSX, JSONL or Parquet, by its name")
]
Json = Annotated[bool, typer.Option("--json", help="print one JSON object for machines instead of tables")]
Market = Annotated[
    str | None, typer.Option("--marketplace", "-m", help="where the log does not say it: US, UK, DE, FR, ES, IT, JP …")
]
Columns = Annotated[
    list[str] | None,
    typer.Option("--map", help="a column by name, such as --map text=Description", metavar="FIELD=NAME"),
]
Encoding = Annotated[str | None, typer.Option(help="of a file that does not show it, such as cp932")]
Workers = Annotated[
    int, typer.Option("--workers", "-w", min=1, help="processes; the result is the same for any number")
]
Strict = Annotated[bool, typer.Option("--strict", help="exit with 1 when rows were set aside")]
PolicyFile = Annotated[Path, typer.Option("--policy", help="the seller's settings")]


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

    read = _read(log, output, marketplace, columns, encoding)
    texts = read.messages["text"].tolist()
    rows = _with_progress("Classifying", _classified, texts, workers, json)
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
    """Propose a checked reply to each message of an exported log."""
    from datetime import UTC

    import pandas as pd

    from messages.tables import read_orders
    from suggest.policy import read_policy

    read = _read(log, output, marketplace, columns, encoding)
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
    rows = _with_progress("Suggesting", suggested, cases, workers, json)
    found = pd.DataFrame(rows, columns=_SUGGESTION_COLUMNS)
    table = pd.concat([read.messages.drop(columns=["language"]), found], axis=1)[_SHEET]
    _finish(read, table, log, output, strict, json, ("status", "scenario", "language"))


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
        _print_json({"replies": len(rows), "findings": table, **({"corrected": changed} if fix else {})})
    elif fix:
        print_difference(_console(), replies.name, pairs)
        _console().print(title("What is left", found))
    else:
        print_findings(_console(), replies.name, found, settings.rules, chinese)
    if output and not json:
        _console().print(f"Written: {output}", markup=False)
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
        _print_json({"rules": rows})
    elif not output:
        print_rules(_console(), rows)


@app.command("train")
def train_model(
    labelled: Annotated[
        list[Path],
        typer.Argument(metavar="LABELLED…", help="tables, or exports of doccano, Label Studio, Prodigy or Argilla"),
    ],
    weight: Annotated[
        int | None,
        typer.Option(min=1, help="how often each of yours counts beside a shipped one; else 5, less for many"),
    ] = None,
    only: Annotated[bool, typer.Option("--only", help="learn from yours alone, not from the shipped ones")] = False,
    policy: PolicyFile = Path("henji.toml"),
    columns: Columns = None,
    encoding: Encoding = None,
    json: Json = False,
) -> None:
    """Learn from your own labelled messages as well; exits with 1 when the new model is worse and not put in use."""
    import dataclasses

    from model import SCENARIOS, declared_scenarios
    from training.labelled import CORPUS, read_annotated, read_labelled
    from training.promote import retrain

    declared = declared_scenarios(policy)
    corpus = read_labelled(CORPUS)
    own = read_annotated(labelled, (*SCENARIOS, *declared), () if only else corpus, _chosen(columns), encoding)
    if not json:
        _print_problems(own)
    with _share_bar("Training", json) as report:
        made = retrain(own, corpus, declared=declared, only=only, weight=weight, progress=report)
    if json:
        _print_json({**dataclasses.asdict(made), "problems": [dataclasses.asdict(p) for p in own.problems]})
    else:
        _print_version(made)
    if not made.promoted:
        raise typer.Exit(1)


@app.command("models")
def list_models(
    use: Annotated[
        str | None, typer.Option(metavar="NAME", help="put a promoted version, or `shipped`, in use")
    ] = None,
    rollback: Annotated[bool, typer.Option("--rollback", help="put the model in use that was before")] = False,
    json: Json = False,
) -> None:
    """List the models trained here, which one is in use, and why others were refused; or go back to one."""
    import dataclasses

    from model import models_folder
    from training.promote import name_in_use as name
    from training.promote import roll_back, use_version, versions

    if use:
        use_version(use)
    elif rollback:
        roll_back()
    if json:
        _print_json(
            {"in_use": name(), "folder": str(models_folder()), "versions": list(map(dataclasses.asdict, versions()))}
        )
    else:
        _print_models(versions(), name())


@app.command("evaluate")
def evaluate_model(
    labelled: Annotated[
        Path, typer.Argument(metavar="LABELLED", help="what `train` reads, with messages it has not learned from")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="HTML", help="the report; its figures as JSON stand beside it"),
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", metavar="FOLDER", help="another model than the one in use")
    ] = None,
    columns: Columns = None,
    encoding: Encoding = None,
    json: Json = False,
) -> None:
    """Measure the model in use on labelled messages, and write a report with pictures (evaluation.html)."""
    from rich.text import Text

    from model import load_classifier
    from training.evaluate import evaluation, read_for_evaluation
    from training.report import as_json, check_report, print_report, write_report

    output = output or (None if json else Path("evaluation.html"))
    if output:
        check_report(output)
    classifier = load_classifier(model)
    messages = read_for_evaluation(labelled, [str(s) for s in classifier.classes_], _chosen(columns), encoding)
    with _share_bar("Evaluating", json) as report:
        result = evaluation(messages, classifier, labelled.name, report)
    beside = write_report(result, output) if output else None
    if json:
        print(as_json(result), end="")
    else:
        print_report(result)
        _console().print(Text(f"Written: {output}, and the same figures: {beside}"))


@app.command("label")
def label_log(
    log: LogFile,
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="messages to choose")] = 200,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="OUT", help="the sheet; else the name of the log and .to-label.xlsx"),
    ] = None,
    policy: PolicyFile = Path("henji.toml"),
    marketplace: Market = None,
    columns: Columns = None,
    encoding: Encoding = None,
    workers: Workers = 1,
    json: Json = False,
) -> None:
    """Choose the messages most worth a label next, as a sheet to fill in; `henji train` reads it back."""
    from rich.text import Text

    from messages import InputError
    from messages.output import write_table
    from model import declared_scenarios, load_classifier
    from training.label_next import label_sheet

    sheet = output or Path(f"{log.stem}.to-label.xlsx")
    if sheet.exists():
        raise InputError(f"{sheet}: exists and may hold labels. Choose another name with -o, or move it away.")
    read = _read(log, sheet, marketplace, columns, encoding)
    scenarios = [*map(str, load_classifier().classes_), *declared_scenarios(policy)]
    predictions = _with_progress("Reading", _predicted, read.messages["text"].tolist(), workers, json)
    with _share_bar("Comparing", json) as report:
        chosen = label_sheet(read.messages, predictions, number, report)
    write_table(chosen, sheet, {"scenario": list(dict.fromkeys(scenarios))})
    if json:
        counts = {"in": len(read.messages) + len(read.quarantined), "chosen": len(chosen)}
        _print_json({"log": str(log), **counts, "set_aside": len(read.quarantined), "sheet": str(sheet)})
    else:
        console = _console()
        console.print(Text(f"{len(chosen):,} of {len(read.messages):,} messages chosen. Written: {sheet}"))
        console.print(Text("Fill in the column scenario, then: henji train ") + Text(str(sheet)))
    if not read.complete:
        raise typer.Exit(3)


def main() -> None:
    """The `henji` command. Exit codes: 0 done, 1 findings or rows set aside, 2 wrong use, 3 input refused."""
    from messages.errors import InputError, LogError

    try:
        sys.exit(app(standalone_mode=False) or 0)
    except InputError as error:
        _say(str(error))
        sys.exit(3 if isinstance(error, LogError) or type(error).__name__ == "ModelError" else 2)
    except (KeyboardInterrupt, typer.Abort):
        _say("Stopped. No output was written.")
        sys.exit(130)
    except Exception as error:
        if not hasattr(error, "format_message"):  # what the parser says of its arguments
            raise
        _say(f"{error.format_message()} See henji --help.")
        sys.exit(2)


# ------------------------------------------------------------------------------------------------ what it calls


def _read(
    log: Path, output: Path | None, marketplace: str | None, columns: Sequence[str] | None, encoding: str | None
) -> "Log":
    from messages import marketplace as known_marketplace
    from messages import read_log
    from messages.output import check_output

    if output:
        check_output(output)
    code = known_marketplace(marketplace).code if marketplace else None
    return read_log(log, columns=_chosen(columns), encoding=encoding, marketplace=code)


def _chosen(columns: Sequence[str] | None) -> dict[str, str] | None:
    """The columns that the options `--map FIELD=NAME` name."""
    from messages import InputError

    chosen = dict(pair.partition("=")[::2] for pair in columns or [])
    if not all(chosen.values()):
        raise InputError(f"--map {' '.join(columns or [])}: write FIELD=NAME, such as --map text=Description.")
    return chosen or None


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


def _predicted(texts: Sequence[str]) -> "list[Prediction]":
    from model import load_classifier

    return load_classifier().classify(texts)


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


def _with_progress(what: str, function: Any, items: Sequence[Any], workers: int, quiet: bool) -> list[Any]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from messages.batch import map_parts

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_console(), transient=True, disable=quiet) as progress:
        task = progress.add_task(what, total=len(items))
        return list(map_parts(function, items, workers=workers, report=lambda n: progress.advance(task, n)))


@contextmanager
def _share_bar(what: str, quiet: bool) -> Iterator[Callable[[float], None]]:
    """A progress bar that is told the share that is done."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    console = _console()
    bar = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*bar, console=console, transient=True, disable=quiet or not console.is_terminal) as progress:
        task = progress.add_task(what, total=1.0)
        yield lambda share: progress.update(task, completed=share)


def _finish(
    read: "Log", table: "pd.DataFrame", log: Path, output: Path | None, strict: bool, json: bool, counted: Sequence[str]
) -> None:
    """Write the output and what was set aside, print the sum, and end with the right code."""
    from messages.output import write_table

    aside = len(read.quarantined)
    wording = "suggested" if "status" in table.columns else "classified"
    total = f"{len(table) + aside:,} in = {len(table):,} {wording} + {aside:,} set aside"
    beside = output.with_name(f"{output.stem}.quarantine{output.suffix}") if output else None
    if output and beside:
        write_table(table, output)
        if aside:
            write_table(read.quarantined, beside)
        else:
            beside.unlink(missing_ok=True)
    if json:
        _print_json(
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

    console = _console()
    shown = Table(title=f"{log.name}: {total}", title_justify="left", expand=True, box=SIMPLE_HEAD, pad_edge=False)
    columns = [c for c in ("row", "language", "status", "scenario", "probability", "sure") if c in table.columns]
    for name in columns:
        shown.add_column(_HEADS.get(name, name), no_wrap=True)
    shown.add_column("flags, message", ratio=1, no_wrap=True, overflow="ellipsis")
    for row in table.head(_SHOWN).to_dict("records"):
        cells = [Text(_cell(row[c]), style=_STYLES.get(str(row[c]), "")) for c in columns]
        flags = Text(row["flags"] + " " if row["flags"] else "", style="magenta")
        shown.add_row(*cells, flags + Text(" ".join(row["text"].split())[:400], style="dim"))
    console.print(shown)
    if len(table) > _SHOWN:
        console.print(f"… and {len(table) - _SHOWN:,} more.")
    for name in counted:
        counts = table[name].value_counts()
        console.print(f"{name}: " + ", ".join(f"{k} {n:,}" for k, n in counts.items()), highlight=False)
    for row in read.quarantined.head(_SHOWN).to_dict("records"):
        console.print(Text(f"set aside: row {row['row']} ({row['place']}): {row['reason']}", style="yellow"))
    for note in read.notes:
        console.print(Text(f"note: {note}", style="yellow"))
    if not read.complete:
        console.print(Text(f"{log.name} is incomplete: export or copy it again.", style="bold red"))
    if output:
        console.print(Text(f"Written: {output}" + (f", set aside: {beside}" if beside else "")))


_SHOWN = 20
_HEADS = {"language": "lang", "probability": "p"}
_STYLES = {
    "ready": "green", "review": "yellow", "person": "bold red", "no_reply": "dim", "True": "green", "False": "yellow",
    "error": "bold red", "warning": "yellow", "hint": "cyan",
}  # fmt: skip


def _cell(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


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

    import pandas as pd

    from messages.output import write_table, write_text
    from suggest.tone import Finding
    from suggest.tone.report import sarif

    if output.suffix.lower() == ".sarif":
        log = sarif(replies, found, settings.rules, __version__)
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


def _print_problems(own: "Labels") -> None:
    from collections import Counter

    from rich.text import Text

    console = _console()
    aside = sum(p.left_out for p in own.problems)
    console.print(
        f"{own.n_answers:,} answers: {len(own.messages):,} messages to learn from, {aside:,} answers left out."
    )
    for reason, n in Counter(p.reason for p in own.problems).most_common():
        console.print(f"  {reason} {n:,}", highlight=False)
    for problem in own.problems[:_SHOWN]:
        console.print(Text(str(problem), style="yellow" if problem.left_out else "dim"))
    if len(own.problems) > _SHOWN:
        console.print(f"… and {len(own.problems) - _SHOWN:,} more.")


def _print_version(made: "Version") -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    console = _console()
    for doubt in made.doubts[:_SHOWN]:
        console.print(Text(f"look again: {doubt}", style="yellow"))
    title = f"{made.figures.n_messages:,} messages that neither model has learned from: {made.against} → {made.name}"
    shown = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name in ("", made.against, made.name, "points"):
        shown.add_column(name, justify="left" if not name else "right", no_wrap=True)
    pairs = [("macro-F1", made.before.macro_f1, made.figures.macro_f1)]
    pairs += [(s, r, made.figures.scenario[s]) for s, r in made.before.scenario.items()]
    pairs += [(c, r, made.figures.language[c]) for c, r in made.before.language.items()]
    for what, old, new in pairs:
        style = "green" if new > old else "red" if new < old else "dim"
        shown.add_row(what, f"{old:.1%}", f"{new:.1%}", Text(f"{100 * (new - old):+.1f}", style=style))
    console.print(shown)
    if made.own is not None and made.own_before is not None:
        console.print(
            f"Of your {made.n_own:,} messages right: shipped model {made.own_before:.0%}, this one {made.own:.0%} "
            "(each while it was left out).",
            highlight=False,
        )
    if made.promoted:
        console.print(Text(f"In use: {made.name}. To go back: henji models --rollback", style="green"))
    else:
        console.print(Text(f"Refused; {made.against} stays in use. {' '.join(made.reasons)}", style="bold red"))


def _print_models(versions: "Sequence[Version]", in_use: str) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=SIMPLE_HEAD, pad_edge=False, expand=True)
    for name in ("model", "trained", "messages", "yours", "macro-F1"):
        shown.add_column(name, no_wrap=True)
    shown.add_column("state", ratio=1)
    states = {True: Text("in use", style="green"), False: Text("")}
    shown.add_row("shipped", "", "", "", "", states[in_use == "shipped"])
    for v in versions:
        more = f" And {len(v.reasons) - 1} more." if len(v.reasons) > 1 else ""
        state = states[in_use == v.name] if v.promoted else Text(f"refused: {v.reasons[0]}{more}", style="red")
        when = v.trained_at[:16].replace("T", " ")
        shown.add_row(
            v.name, when, f"{v.n_messages:,}", f"{v.n_own:,}", f"{v.figures.macro_f1:.1%}", state or Text("promoted")
        )
    _console().print(shown)


def _print_json(value: Mapping[str, Any]) -> None:
    import json

    print(json.dumps(value, ensure_ascii=False, indent=1, default=str).encode("utf-8", "replace").decode("utf-8"))


def _console() -> Any:
    from rich.console import Console

    return Console()


def _say(line: str) -> None:
    print(f"henji: {line}", file=sys.stderr)


if __name__ == "__main__":
    main()
