"""`henji train`, `models`, `evaluate` and `label`: the user's own model, from labels to use."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.shared import (
    SHOWN,
    Columns,
    Encoding,
    Json,
    LogFile,
    Market,
    PolicyFile,
    Wanted,
    Workers,
    app,
    chosen_columns,
    gather,
    open_console,
    print_json,
    read_log_parts,
    share_bar,
    wanted_output,
)  # fmt: skip

if TYPE_CHECKING:
    import pandas as pd

    from messages.log import Part
    from model import Prediction
    from training.labelled import Annotated as Labels
    from training.promote import Version


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
    own = read_annotated(labelled, (*SCENARIOS, *declared), () if only else corpus, chosen_columns(columns), encoding)
    if not json:
        _print_problems(own)
    with share_bar("Training", json) as report:
        made = retrain(own, corpus, declared=declared, only=only, weight=weight, progress=report)
    if json:
        print_json({**dataclasses.asdict(made), "problems": [dataclasses.asdict(p) for p in own.problems]})
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
        print_json(
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
    messages = read_for_evaluation(labelled, [str(s) for s in classifier.classes_], chosen_columns(columns), encoding)
    with share_bar("Evaluating", json) as report:
        result = evaluation(messages, classifier, labelled.name, report)
    beside = write_report(result, output) if output else None
    if json:
        print(as_json(result), end="")
    else:
        print_report(result)
        open_console().print(Text(f"Written: {output}, and the same figures: {beside}"))


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
    import pandas as pd
    from rich.text import Text

    from messages import InputError
    from messages.output import TABLES, write_table
    from model import declared_scenarios, load_classifier
    from training.label_next import label_sheet

    sheet = output or Path(f"{log.stem}.to-label.xlsx")
    if sheet.exists():
        raise InputError(f"{sheet}: exists and may hold labels. Choose another name with -o, or move it away.")
    wanted = Wanted(*wanted_output(str(sheet), [log], TABLES), workers, "", json)
    read = read_log_parts(log, marketplace, columns, encoding, json)
    scenarios = [*map(str, load_classifier().classes_), *declared_scenarios(policy)]
    predictions: list[Prediction] = []
    frames = []
    for messages, found in gather("Reading", _predicted_part, read, read.n_rows, wanted):
        frames.append(messages)
        predictions += found
    messages = pd.concat(frames, ignore_index=True)
    with share_bar("Comparing", json) as report:
        chosen = label_sheet(messages, predictions, number, report)
    write_table(chosen, sheet, {"scenario": list(dict.fromkeys(scenarios))})
    if json:
        counts = {"in": read.n_rows, "chosen": len(chosen), "set_aside": read.n_rows - len(messages)}
        print_json({"log": str(log), **counts, "sheet": str(sheet)})
    else:
        console = open_console()
        console.print(Text(f"{len(chosen):,} of {len(messages):,} messages chosen. Written: {sheet}"))
        console.print(Text("Fill in the column scenario, then: henji train ") + Text(str(sheet)))
    if not read.complete:
        raise typer.Exit(3)


def _predicted_part(part: "Part") -> "tuple[int, tuple[pd.DataFrame, list[Prediction]]]":
    from messages.log import frames_of
    from model import load_classifier

    messages, _ = frames_of(part, languages=True)
    return len(part.rows), (messages, load_classifier().classify(messages["text"].tolist()))


def _print_problems(own: "Labels") -> None:
    from collections import Counter

    from rich.text import Text

    console = open_console()
    aside = sum(p.left_out for p in own.problems)
    console.print(
        f"{own.n_answers:,} answers: {len(own.messages):,} messages to learn from, {aside:,} answers left out."
    )
    for reason, n in Counter(p.reason for p in own.problems).most_common():
        console.print(f"  {reason} {n:,}", highlight=False)
    for problem in own.problems[:SHOWN]:
        console.print(Text(str(problem), style="yellow" if problem.left_out else "dim"))
    if len(own.problems) > SHOWN:
        console.print(f"… and {len(own.problems) - SHOWN:,} more.")


def _print_version(made: "Version") -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    console = open_console()
    for doubt in made.doubts[:SHOWN]:
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
    open_console().print(shown)
