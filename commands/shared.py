"""What the commands share: their options, how a log is read, progress, and how a result is printed."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from messages.batch import Batch, Job, Work
    from messages.log import Parts

Made = TypeVar("Made")

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
PAGE = ".html"  # for people: not in parts, not gone on with
STYLES = {
    "ready": "green", "review": "yellow", "person": "bold red", "no_reply": "dim", "True": "green", "False": "yellow",
    "error": "bold red", "warning": "yellow", "hint": "cyan",
}  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """What the options say of a run."""

    output: Path | None
    suffix: str  # "" for a folder
    workers: int
    scheduler: str
    json: bool
    masked: bool = False
    strict: bool = False


def wanted_output(
    output: str | Path | None, logs: Sequence[str | Path], kinds: Sequence[str]
) -> tuple[Path | None, str]:
    """The output and its kind, by its ending; a name that ends in / is a folder of Parquet files."""
    from messages import InputError
    from messages.output import check_folder, check_output

    if output is None:
        return None, ".jsonl"
    path = Path(output)
    if any(path.exists() and Path(log).exists() and path.samefile(log) for log in logs):
        raise InputError(f"{path}: is the file that is read; it is never written over. Give another name.")
    if str(output).endswith(("/", "\\")) and "" in kinds:
        check_folder(path)
        return path, ""
    check_output(path, tuple(filter(None, kinds)))
    return path, path.suffix.lower()


def read_log_parts(
    log: str | Path,
    market: str | None,
    columns: Sequence[str] | None,
    encoding: str | None,
    quiet: bool,
    named: bool = False,
) -> "Parts":
    """A log, gone through once; its parts are `named` where there are several."""
    from messages import marketplace as known_marketplace
    from messages.log import read_parts

    code = known_marketplace(market).code if market else None
    with reading(quiet):
        return read_parts(log, columns=chosen_columns(columns), encoding=encoding, marketplace=code, named=named)


def digest_of(path: Path | None) -> str:
    """What tells the content of a file from any other; "" for none."""
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest() if path else ""


def reading(quiet: bool) -> Any:
    """What is shown while a file is looked through."""
    console = open_console()
    return console.status("Reading …") if console.is_terminal and not quiet else nullcontext()


def run_batch(
    read: "Sequence[Parts]",
    wanted: Wanted,
    settings: Mapping[str, Any],
    begin: "Callable[[datetime], Work]",
    now: datetime | None = None,
    is_timed: bool = False,
    end: "Callable[[Job | None, Batch], None] | None" = None,
) -> "Batch":
    """Work through the logs and put the output in place; `begin` gets the clock of the run and says what is done.

    The `settings` and the logs tell whether a run that was stopped is gone on with; where it `is_timed`, its clock too.
    `end` puts the output in place where more is to be done than to put its parts together.
    """
    from importlib.metadata import version

    from messages.batch import open_job, work_through
    from messages.errors import Stopped
    from messages.output import ROW_LIMIT

    n_rows = sum(log.n_rows for log in read)
    if wanted.suffix == ".xlsx" and n_rows > ROW_LIMIT:
        from messages import InputError

        raise InputError(
            f"{wanted.output}: a worksheet holds {ROW_LIMIT:,} rows, these are {n_rows:,}. Write CSV or Parquet."
        )
    logs = [(log.name, log.digest, log.settings) for log in read]
    told = {**settings, "version": version("henji"), "logs": logs, "masked": wanted.masked}
    job = None
    try:
        output = None if wanted.suffix == PAGE else wanted.output
        with open_job(output, wanted.suffix, told, now, is_timed) if output else nullcontext() as job:
            if job and job.kept and not wanted.json:
                open_console().print(f"Going on where it was stopped: {job.n_in:,} of {n_rows:,} rows are done.")
            work = begin(job.started if job else now or datetime.now(UTC))
            with rows_bar(f"{settings['command'].capitalize()}", n_rows, wanted.json) as report:
                batch = work_through(
                    work, n_rows, job, workers=wanted.workers, scheduler=wanted.scheduler, report=report
                )
            if end:
                end(job, batch)
            elif job:
                job.put_in_place(batch.n_aside > 0)
            return batch
    except KeyboardInterrupt as stop:
        if job and job.kept:
            raise Stopped(
                f"Stopped: {job.n_in:,} of {n_rows:,} rows are done and kept in {job.folder}. "
                "Give the same command again to go on, or delete that folder."
            ) from stop
        raise


def gather(
    what: str, do: Callable[[Any], tuple[int, Made]], parts: Iterable[Any], n_rows: int, wanted: Wanted
) -> Iterator[Made]:
    """What is made of each part, in order; `do` says how many rows it had, too."""
    from messages.batch import in_order, worth

    workers = worth(wanted.workers, n_rows, wanted.scheduler)
    with (
        rows_bar(what, n_rows, wanted.json) as report,
        closing(in_order(do, parts, workers=workers, scheduler=wanted.scheduler)) as each,
    ):
        for n_in, made in each:
            report(n_in)
            yield made


def each_part(wanted: Wanted) -> "Callable[..., Iterable[Any]]":
    """How a function is applied to every part of a log, in order."""
    from messages.batch import in_order, worth

    def each(do: Callable[[Any], Made], log: "Parts") -> Iterable[Made]:
        return in_order(
            do, log, workers=worth(wanted.workers, log.n_rows, wanted.scheduler), scheduler=wanted.scheduler
        )

    return each


def print_after(batch: "Batch", read: "Sequence[Parts]", wanted: Wanted, command: str) -> None:
    """What people should know of a run beside its result: what was set aside, noted, written."""
    from rich.text import Text

    from messages.output import quarantine_beside

    console = open_console()
    for row in batch.shown_aside:
        where = f"{row['file']}, " if "file" in row else ""
        console.print(Text(f"set aside: {where}row {row['row']} ({row['place']}): {row['reason']}", style="yellow"))
    if batch.n_aside > len(batch.shown_aside):
        console.print(f"… and {batch.n_aside - len(batch.shown_aside):,} more set aside.")
    for log in read:
        for note in log.notes:
            console.print(Text(f"note: {log.name}: {note}" if len(read) > 1 else f"note: {note}", style="yellow"))
    for log in read:
        if not log.complete:
            console.print(Text(f"{log.name} is incomplete: export or copy it again.", style="bold red"))
    if wanted.output and batch.n_aside:
        beside = quarantine_beside(wanted.output, wanted.suffix)
        again = beside.with_name(beside.name.replace(".quarantine", ".retried"))
        console.print(Text(f"Written: {wanted.output}, set aside: {beside}"))
        console.print(Text(f"Correct the texts there, then read only those: henji {command} {beside} -o {again}"))
    elif wanted.output:
        console.print(Text(f"Written: {wanted.output}"))


def chosen_columns(columns: Sequence[str] | None) -> dict[str, str] | None:
    """The columns that the options `--map FIELD=NAME` name."""
    from messages import InputError

    chosen = dict(pair.partition("=")[::2] for pair in columns or [])
    if not all(chosen.values()):
        raise InputError(f"--map {' '.join(columns or [])}: write FIELD=NAME, such as --map text=Description.")
    return chosen or None


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
