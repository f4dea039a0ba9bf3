"""An evaluation for people and machines: tables on the screen, one HTML file with pictures, the same as JSON."""

import io
import json
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from messages import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUFFIX = ".html"
MOST_FAILURES = 40  # of the behaviour tests, told in the report

# Colours that no chart has, each replaced by what the page says for light and for dark.
_INK, _LINE, _BLUE, _ORANGE, _PAPER = "#010101", "#020202", "#030303", "#040404", "#050505"
_COLOURS = {
    _INK: "currentColor",
    _LINE: "var(--line)",
    _BLUE: "var(--blue)",
    _ORANGE: "var(--orange)",
    _PAPER: "var(--paper)",
}
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 10,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": _LINE,
    "grid.linewidth": 0.6,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}


# ------------------------------------------------------------------------------------------------ pictures


def picture(name: str, says: str, draw: Callable[["Axes"], None]) -> str:
    """A chart as SVG for a page: text stays text, colours are the page's, `says` is read aloud in its place."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(5.4, 4.0))
        FigureCanvasSVG(figure)
        draw(figure.add_subplot())
        out = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(out, format="svg", transparent=True, metadata=nothing)
    svg = re.sub(r"<metadata>.*?</metadata>", "", out.getvalue()[out.getvalue().index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = re.sub("|".join(_COLOURS), lambda colour: _COLOURS[colour[0]], svg)
    width, height = re.findall(r'(?:width|height)="([\d.]+)pt"', svg)[:2]
    head = (
        f'<svg role="img" aria-label="{says}" viewBox="0 0 {width} {height}" xmlns:xlink="http://www.w3.org/1999/xlink"'
    )
    return re.sub(r"<svg[^>]*", head, svg, count=1)


def _confusion(axes: "Axes", confusion: Mapping[str, Any]) -> None:
    names, counts = confusion["scenarios"], confusion["counts"]
    for row, line in enumerate(counts):
        for column, n in enumerate(line):
            share = n / max(1, sum(line))
            colour = _BLUE if row == column else _ORANGE
            axes.add_patch(_square(column, row, colour, share))
            ink = _PAPER if share > 0.5 else _INK
            if n:
                axes.text(column, row, f"{n:,}", ha="center", va="center", color=ink, fontsize=11)
    places = range(len(names))
    readable = [name.replace("_", "_\n") for name in names]
    axes.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(names) - 0.5, -0.5), ylabel="labelled")
    axes.set_xticks(places, readable, fontsize=8)
    axes.set_yticks(places, readable, fontsize=8)
    axes.set_xlabel("read as")
    axes.spines[:].set_visible(False)


def _square(column: int, row: int, colour: str, share: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((column - 0.48, row - 0.48), 0.96, 0.96, facecolor=colour, alpha=0.04 + 0.9 * share, linewidth=0)


def _reliability(axes: "Axes", bins: list[dict[str, Any]]) -> None:
    total = sum(b["n"] for b in bins)
    axes.plot([0, 1], [0, 1], color=_INK, alpha=0.45, linestyle="--", linewidth=1.2)
    middle, shares = [(b["from"] + b["to"]) / 2 for b in bins], [b["n"] / total for b in bins]
    axes.bar(middle, shares, 0.09, color=_BLUE, alpha=0.18, label="share of all messages")
    for b in bins:
        axes.plot([b["probability"]] * 2, [b["low"], b["high"]], color=_BLUE, linewidth=1.5, alpha=0.6)
        axes.annotate(f"{b['n']:,}", (b["probability"], b["right"]), (7, -3), textcoords="offset points", fontsize=8)
    points = [b["probability"] for b in bins], [b["right"] for b in bins]
    axes.plot(*points, "o", color=_BLUE, markersize=6, label="share that is right, with its 95 % interval")
    axes.set(xlim=(0, 1.06), ylim=(0, 1.03), xlabel="probability that the model gave", ylabel="share")
    axes.grid(axis="y")
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1), ncols=2, fontsize=9)


def _risk_coverage(axes: "Axes", result: Mapping[str, Any]) -> None:
    curve, overall = result["risk_coverage"], result["overall"]
    coverage, risk = ([point[name] for point in curve] for name in ("coverage", "risk"))
    axes.plot(coverage, risk, color=_BLUE, linewidth=2)
    axes.fill_between(coverage, risk, color=_BLUE, alpha=0.12, linewidth=0)
    told = f"sure: {overall['sure_share']:.0%} of the messages, {overall['sure_wrong']:.1%} of these wrong"
    axes.plot(overall["sure_share"], overall["sure_wrong"], "D", color=_ORANGE, markersize=7, label=told, clip_on=False)
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1), fontsize=9)
    top = max(0.05, *risk) * 1.2
    axes.set(xlim=(0, 1.01), ylim=(0, top), xlabel="share of the messages that are trusted", ylabel="of these wrong")
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.grid(axis="y")


def _learning_curve(axes: "Axes", points: list[dict[str, Any]]) -> None:
    sizes = [p["n_messages"] for p in points]
    lowest, highest = ([p[k] for p in points] for k in ("lowest", "highest"))
    axes.fill_between(sizes, lowest, highest, color=_BLUE, alpha=0.15, linewidth=0)
    axes.plot(sizes, [p["macro_f1"] for p in points], "o-", color=_BLUE, linewidth=2, markersize=6)
    for p in points:
        axes.annotate(
            f"{p['macro_f1']:.2f}", (p["n_messages"], p["macro_f1"]), (0, 8), textcoords="offset points",
            ha="center", fontsize=9,
        )  # fmt: skip
    axes.set(xlim=(0, sizes[-1] * 1.06), ylim=(0, 1), xlabel="messages learned from", ylabel="macro-F1 on the others")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.grid(axis="y")


def _pictures(result: Mapping[str, Any]) -> dict[str, str]:
    drawn = {
        "confusion": picture("confusion", "Confusion matrix", lambda a: _confusion(a, result["confusion"])),
        "reliability": picture(
            "reliability", "Reliability diagram", lambda a: _reliability(a, result["reliability"])
        ),
        "risk_coverage": picture("risk", "Risk–coverage curve", lambda a: _risk_coverage(a, result)),
    }  # fmt: skip
    curve = result.get("learning_curve")
    if curve and curve["points"]:
        points = curve["points"]
        drawn["learning_curve"] = picture("learning", "Learning curve", lambda a: _learning_curve(a, points))
    return drawn


# ------------------------------------------------------------------------------------------------ the page


def report_page(result: Mapping[str, Any]) -> str:
    """The evaluation as one HTML page that loads nothing; whatever a buyer wrote is escaped."""
    from jinja2 import Environment, FileSystemLoader
    from markupsafe import Markup

    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    pages.filters |= {"percent": _percent, "two": lambda v: "–" if v is None else f"{v:.2f}", "n": lambda v: f"{v:,}"}
    drawn = {name: Markup(svg) for name, svg in _pictures(result).items()}
    behaviour = result.get("behaviour") or {"table": [], "failures": []}
    return pages.get_template("report.html").render(
        r=result, pictures=drawn, behaviour=behaviour, told=_told_failures(behaviour["failures"])
    )


def _told_failures(failures: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Some failures of each test and kind, so that no kind crowds out the others."""
    kinds: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for failure in failures:
        kinds.setdefault((failure["test"], failure["kind"]), []).append(failure)
    each = max(2, MOST_FAILURES // max(1, len(kinds)))
    return [failure for some in kinds.values() for failure in some[:: max(1, len(some) // each)][:each]]


def _percent(share: float | None, digits: int = 0) -> str:
    return "–" if share is None else f"{share:.{digits}%}"


def check_report(path: Path) -> None:
    """Raise InputError, before any work is done, when a report could not be written there."""
    if path.suffix.lower() != SUFFIX:
        raise InputError(f"{path}: a report is one HTML page. Name it {path.stem or 'report'}{SUFFIX}.")
    if not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist. Create it or choose another.")
    if path.is_dir():
        raise InputError(f"{path}: is a folder. Give the name of a file.")


def write_report(result: Mapping[str, Any], path: Path) -> Path:
    """Write the page, and the same figures as JSON beside it; returns the name of the JSON file.

    Each file appears whole or not at all. Raises InputError naming the file and the reason.
    """
    check_report(path)
    beside = path.with_suffix(".json")
    _write_whole(report_page(result), path)
    _write_whole(as_json(result), beside)
    return beside


def as_json(result: Mapping[str, Any]) -> str:
    """The figures as JSON text, lone surrogates replaced."""
    return json.dumps(result, ensure_ascii=False, indent=1).encode("utf-8", "replace").decode("utf-8") + "\n"


def _write_whole(text: str, path: Path) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(text.encode("utf-8", "replace"))
            os.fsync(out.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}). Nothing was changed.") from None
    finally:
        Path(name).unlink(missing_ok=True)


# ------------------------------------------------------------------------------------------------ the screen


def print_report(result: Mapping[str, Any]) -> None:
    """The figures as tables on the screen."""
    from rich.console import Console
    from rich.text import Text

    console = Console()
    console.print(Text(f"\n{result['labelled']}", style="bold"))
    if n := result.get("learned_from"):
        console.print(Text(f"The model has learned from {n:,} of these messages: the figures flatter.", "yellow"))
    if left_out := result.get("left_out"):
        told = ", ".join(f"{reason} {n:,}" for reason, n in left_out.items())
        console.print(Text(f"Rows left out: {told}.", "yellow"))
    parts = {"all": result["overall"], **result["language"], **result["kind"]}
    console.print(_parts_table(parts))
    console.print(_recall_table("scenario", result["scenario"]))
    if result.get("flag"):
        console.print(_recall_table("flag", result["flag"]))
    confused = ", ".join(f"{c['labelled']} read as {c['found']} {c['n']}" for c in result["most_confused"])
    console.print(Text(f"Most confused: {confused or 'nothing'}."))
    if result.get("behaviour"):
        console.print(_behaviour_table(result["behaviour"]["table"]))
        console.print(_behaviour_by_scenario(result["behaviour"]["table"]))


def _table(title: str, *heads: str) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for number, head in enumerate(heads):
        table.add_column(head, justify="right" if number else "left", no_wrap=number == 0)
    return table


def _parts_table(parts: Mapping[str, Mapping[str, Any]]) -> Any:
    heads = ("", "n", "accuracy", "95 %", "macro-F1", "calibration", "sure", "wrong")
    table = _table("", *heads)
    for name, f in parts.items():
        near = f"{f['low']:.2f}–{f['high']:.2f}"
        shares = (f"{f['accuracy']:.3f}", near, f"{f['macro_f1']:.3f}", f"{f['calibration_error']:.3f}")
        table.add_row(name, f"{f['n_messages']:,}", *shares, f"{f['sure_share']:.0%}", f"{f['sure_wrong']:.1%}")
    return table


def _recall_table(title: str, recalls: Mapping[str, Mapping[str, Any]]) -> Any:
    table = _table("", title, "precision", "recall", "F1", "n")
    for name, r in recalls.items():
        numbers = ("–" if r[k] is None else f"{r[k]:.3f}" for k in ("precision", "recall", "f1"))
        table.add_row(name, *numbers, f"{r['n']:,}")
    return table


def _behaviour_table(rows: list[dict[str, Any]]) -> Any:
    """By language, in per cent, with the target beside each test."""
    languages = list(rows[0]["language"])
    table = _table("Behaviour: failures in per cent, by language", "test", "n", "all", *languages)
    for row in rows:
        target = row["target"]
        wanted = "" if target is None else f" ≤ {100 * target:.0f}"
        head = f"{row['test']}{wanted}" if row["kind"] == "all" else f"  {row['kind']}"
        shares = (_failed(row["language"][code]["share"], None) for code in languages)
        table.add_row(head, str(row["n"]), _failed(row["share"], target), *shares)
    return table


def _behaviour_by_scenario(rows: list[dict[str, Any]]) -> Any:
    """The three tests as a whole, in per cent; the page and the JSON hold each kind."""
    tests = [row for row in rows if row["kind"] == "all"]
    table = _table("Behaviour: failures in per cent, by scenario", "scenario", *(row["test"] for row in tests))
    for name in tests[0]["scenario"]:
        table.add_row(name, *(_failed(row["scenario"][name]["share"], row["target"]) for row in tests))
    return table


def _failed(share: float | None, target: float | None) -> Any:
    from rich.text import Text

    if share is None:
        return Text("–")
    return Text(f"{100 * share:.1f}", style="" if target is None else "bold red" if share > target else "green")
