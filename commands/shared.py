"""What the commands share: their options, how a log is read, progress, and how a result is printed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from messages import Log


app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Henji (返事): what each buyer wants, and a checked reply. It never sends anything.",
)

LogFile = Annotated[Path, typer.Argument(metavar="LOG", help="CSV, TSV, XLSX, JSON(L), Parquet, .eml or .mbox")]
LogFiles = Annotated[
    list[str],
    typer.Argument(
        metavar="LOG…", help="CSV, TSV, XLSX, JSON(L), Parquet, .eml or .mbox; patterns, s3://… and its like"
    ),
]
OutputOrFolder = Annotated[
    str | None,
    typer.Option(
        "--output", "-o", metavar="OUT",
        help="CSV, TSV, XLSX, JSONL or Parquet, by its name; a name that ends in / is a folder of Parquet files",
    ),
]  # fmt: skip
Scheduler = Annotated[
    str, typer.Option(metavar="ADDRESS", help="of a Dask cluster, such as tcp://10.0.0.5:8786; or: local")
]
Masked = Annotated[bool, typer.Option("--mask", help="mask personal data in the texts that are set aside")]
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

SHOWN = 20
STYLES = {
    "ready": "green", "review": "yellow", "person": "bold red", "no_reply": "dim", "True": "green", "False": "yellow",
    "error": "bold red", "warning": "yellow", "hint": "cyan",
}  # fmt: skip


def read_input(
    log: Path,
    output: Path | None,
    marketplace: str | None,
    columns: Sequence[str] | None,
    encoding: str | None,
    suffixes: tuple[str, ...] | None = None,
) -> "Log":
    from messages import marketplace as known_marketplace
    from messages import read_log
    from messages.output import TABLES, check_output

    if output:
        check_output(output, suffixes or TABLES)
    code = known_marketplace(marketplace).code if marketplace else None
    return read_log(log, columns=chosen_columns(columns), encoding=encoding, marketplace=code)


def chosen_columns(columns: Sequence[str] | None) -> dict[str, str] | None:
    """The columns that the options `--map FIELD=NAME` name."""
    from messages import InputError

    chosen = dict(pair.partition("=")[::2] for pair in columns or [])
    if not all(chosen.values()):
        raise InputError(f"--map {' '.join(columns or [])}: write FIELD=NAME, such as --map text=Description.")
    return chosen or None


def with_progress(what: str, function: Any, items: Sequence[Any], workers: int, quiet: bool) -> list[Any]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from messages.batch import map_parts

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=open_console(), transient=True, disable=quiet) as progress:
        task = progress.add_task(what, total=len(items))
        return list(map_parts(function, items, workers=workers, report=lambda n: progress.advance(task, n)))


@contextmanager
def rows_bar(what: str, n_rows: int, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A progress bar with rate and time left, which is told how many more rows are done; nothing without a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """Rows a second."""

        def render(self, task: Any) -> Text:
            return Text(f"{task.speed:,.0f}/s" if task.speed else "", style="progress.data.speed")

    console = open_console()
    bar = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Progress(*bar, console=console, transient=True, disable=quiet or not console.is_terminal) as progress:
        task = progress.add_task(what, total=n_rows)
        yield lambda n: progress.advance(task, n)


@contextmanager
def share_bar(what: str, quiet: bool) -> Iterator[Callable[[float], None]]:
    """A progress bar that is told the share that is done."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    console = open_console()
    bar = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*bar, console=console, transient=True, disable=quiet or not console.is_terminal) as progress:
        task = progress.add_task(what, total=1.0)
        yield lambda share: progress.update(task, completed=share)


def print_json(value: Mapping[str, Any]) -> None:
    import json

    print(json.dumps(value, ensure_ascii=False, indent=1, default=str).encode("utf-8", "replace").decode("utf-8"))


def open_console() -> Any:
    from rich.console import Console

    return Console()
