"""Works through logs of any size in parts: on one core, on several, or on a cluster; a stopped run goes on later."""

import hashlib
import json
import os
import shutil
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from messages.errors import InputError, LogError
from messages.log import Part, frames_of
from messages.output import TABLES, assemble, encode_rows, kind_beside, put_in_place, quarantine_beside, write_beside
from messages.privacy import mask

if TYPE_CHECKING:
    import pandas as pd

Item = TypeVar("Item")
Made = TypeVar("Made")
Submit = Callable[[Any], Any]  # gives a future

WORTH_A_PROCESS = 4_000  # below this, starting a worker costs more than it saves
SHOWN = 20  # rows of a batch that people see at once
FRESH = timedelta(hours=1)  # so long after it was stopped a run keeps its clock: replies name hours


@dataclass(frozen=True)
class Finished:
    """What became of one part: its rows and those set aside as bytes of the output's format, and what is counted.

    Of the `n_in` rows of the part `n_rows` were worked on and `n_aside` set aside; in a log of which only some rows are
    wanted, the others are left. `marks` is what later parts are held against, `lines` what goes to a further file.
    """

    body: bytes
    aside: bytes
    n_in: int
    n_rows: int
    n_aside: int
    columns: Sequence[str]
    aside_columns: Sequence[str]
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    shown: Sequence[Mapping[str, Any]] = ()
    shown_aside: Sequence[Mapping[str, Any]] = ()
    marks: Sequence[Any] = ()
    lines: bytes = b""

    def packed(self) -> bytes:
        """As one file: a line that says what it holds, the rows, the rows set aside, the lines."""
        told = {**vars(self), **{name: len(getattr(self, name)) for name in _PACKED}}
        return json.dumps(told).encode("ascii") + b"\n" + b"".join(getattr(self, name) for name in _PACKED)

    @classmethod
    def unpacked(cls, data: bytes) -> "Finished":
        """Read again what `packed` wrote.

        >>> part = Finished(b"1,Hello\\n", b"2,?\\n", 2, 1, 1, ["row", "text"], ["row", "text"])
        >>> Finished.unpacked(part.packed()).aside
        b'2,?\\n'
        """
        line, _, rest = data.partition(b"\n")
        told = json.loads(line)
        for name in _PACKED:
            told[name], rest = rest[: told[name]], rest[told[name] :]
        return cls(**told)


_PACKED = ("body", "aside", "lines")


def work_part(
    part: Part,
    *,
    table: "Callable[[pd.DataFrame], pd.DataFrame]",
    suffix: str,
    counted: Sequence[str],
    masked: bool,
) -> Finished:
    """Read the rows of a part, make the table of its messages, and write both for the output."""
    messages, aside = frames_of(part)
    return finished(table(messages), aside, suffix, counted, masked)


def finished(
    made: "pd.DataFrame", aside: "pd.DataFrame", suffix: str, counted: Sequence[str], masked: bool, **more: Any
) -> Finished:
    """A table of messages and what is set aside, written for the output, and counted; `more` as in `Finished`."""
    told = {
        "n_in": len(made) + len(aside),
        "n_rows": len(made),
        "counts": {name: {str(k): int(n) for k, n in made[name].value_counts().items()} for name in counted},
        "shown": _plain(made.head(SHOWN).assign(text=[text[:400] for text in made["text"].head(SHOWN)])),
    }
    body = encode_rows(made, suffix if suffix in TABLES else ".jsonl")
    return with_aside(aside, suffix, masked, body=body, columns=[*made.columns], **told, **more)


def with_aside(aside: "pd.DataFrame", suffix: str, masked: bool, **told: Any) -> Finished:
    """What became of a part, with what is set aside of it, `masked` or not, written for the file beside the output."""
    if masked:
        aside = aside.assign(text=[mask(text) for text in aside["text"]])
    return Finished(
        aside=encode_rows(aside, kind_beside(suffix)),
        n_aside=len(aside),
        aside_columns=[*aside.columns],
        shown_aside=_plain(aside.head(SHOWN).drop(columns=["text"])),
        **told,
    )


def _plain(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    return [{str(k): str(v) if hasattr(v, "isoformat") else v for k, v in r.items()} for r in frame.to_dict("records")]


@dataclass
class Batch:
    """What has become of the logs so far: rows in = rows out + rows set aside, and what people see of them."""

    n_in: int = 0
    n_rows: int = 0
    n_aside: int = 0
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    shown: list[Mapping[str, Any]] = field(default_factory=list)
    shown_aside: list[Mapping[str, Any]] = field(default_factory=list)
    bodies: list[Finished] = field(default_factory=list)  # kept only where there is no output

    def add(self, part: Finished) -> None:
        """Count one more part."""
        self.n_in += part.n_in
        self.n_rows += part.n_rows
        self.n_aside += part.n_aside
        for name, counts in part.counts.items():
            self.counts.setdefault(name, Counter()).update(counts)
        self.shown += part.shown[: SHOWN - len(self.shown)]
        self.shown_aside += part.shown_aside[: SHOWN - len(self.shown_aside)]

    def rows(self) -> list[dict[str, Any]]:
        """All rows, where there is no output."""
        return [json.loads(line) for part in self.bodies for line in part.body.splitlines()]

    def rows_aside(self) -> list[dict[str, Any]]:
        """All rows set aside, where there is no output."""
        return [json.loads(line) for part in self.bodies for line in part.aside.splitlines()]


def _as_it_is(part: Finished) -> Finished:
    return part


def _nothing(part: Finished) -> None:
    pass


@dataclass(frozen=True)
class Work:
    """What is done with parts: `do` with each by itself, wherever; then, in their order and here, `settle`.

    Where what is said of a part depends on those before it, `settle` remembers of each what counts; `recall` does so
    for a part that was finished before the run was stopped.
    """

    parts: Iterable[Any]
    do: Callable[[Any], Any]
    settle: Callable[[Any], Finished] = _as_it_is
    recall: Callable[[Finished], None] = _nothing


def work_through(
    work: Work,
    n_rows: int,
    job: "Job | None" = None,
    *,
    workers: int = 1,
    scheduler: str = "",
    report: Callable[[int], None] = lambda n: None,
) -> Batch:
    """Do the work on every part of logs with so many rows, and keep what becomes of them in the job.

    What is kept is the same for any number of workers, and whether the run was stopped on its way or not; `report`
    hears how many rows are done. Without a job all is kept in memory.
    Raises LogError where the rows do not add up, and InputError where a part cannot be kept.
    """
    batch = Batch()
    for part in job.parts() if job else ():
        batch.add(part)
        work.recall(part)
    report(batch.n_in)
    coming = islice(work.parts, job.kept if job else 0, None)
    with closing(in_order(work.do, coming, workers=worth(workers, n_rows, scheduler), scheduler=scheduler)) as done:
        for part in map(work.settle, done):
            batch.add(part)
            if job:
                job.keep(part)
            else:
                batch.bodies.append(part)
            report(part.n_in)
    if batch.n_in != n_rows:
        raise LogError(
            f"{n_rows:,} rows were counted and {batch.n_in:,} came: "
            "the log was changed while it was read. Run the command again."
        )
    return batch


def worth(workers: int, n_rows: int, scheduler: str) -> int:
    """How many processes so many rows are worth."""
    return workers if scheduler or n_rows >= WORTH_A_PROCESS else 1


@dataclass
class Job:
    """The folder beside an output in which finished parts wait; what it holds, the output will hold.

    `started` is the clock of the run that began it.
    """

    output: Path
    suffix: str
    folder: Path
    started: datetime
    found: int = 0  # parts that were finished when it was opened
    kept: int = 0  # parts that are finished

    def parts(self) -> Iterator[Finished]:
        """The finished parts, in their order."""
        for index in range(self.kept):
            yield Finished.unpacked(self._path(index).read_bytes())

    @property
    def n_in(self) -> int:
        """How many rows of the logs are done."""
        return sum(part.n_in for part in self.parts())

    def keep(self, part: Finished) -> None:
        """Keep one more part, whole or not at all."""
        with _writing(self.output):
            write_beside(self._path(self.kept), lambda path: path.write_bytes(part.packed()))
        self.kept += 1

    def put_in_place(
        self, with_aside: bool, put_together: Callable[[Iterable[bytes], Sequence[str], str, Path], None] = assemble
    ) -> None:
        """Put the parts together and in the place of the old output, and what was set aside beside it."""
        beside = quarantine_beside(self.output, self.suffix)
        made, made_aside = self.folder / f"output{self.output.suffix}", self.folder / f"aside{beside.suffix}"
        with _writing(self.output):
            first = next(self.parts())
            put_together((part.body for part in self.parts()), first.columns, self.suffix, made)
            if with_aside:
                assemble((part.aside for part in self.parts()), first.aside_columns, beside.suffix, made_aside)
                put_in_place(made_aside, beside)
            else:
                beside.unlink(missing_ok=True)
            put_in_place(made, self.output)

    def _path(self, index: int) -> Path:
        return self.folder / f"{index:06d}.part"


@contextmanager
def open_job(
    output: Path, suffix: str, settings: Mapping[str, Any], now: datetime | None = None, is_timed: bool = False
) -> Iterator[Job]:
    """The job of an output: the one that was stopped, if it was begun for the same input, settings and model.

    Where what is written depends on the time (`is_timed`) and no clock is named as `now`, one that was stopped within
    the hour is gone on with, by its own clock. The folder stays when the run is stopped, and is taken away when it
    ends, well or with an error. Raises InputError when another run writes the same output, or when nothing can be
    written there.
    """
    from filelock import FileLock, Timeout

    folder = output.with_name(f".{output.name}.henji")
    told = {**settings, "suffix": suffix, "now": now and now.isoformat()}
    key = hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode("utf-8")).hexdigest()
    lock = FileLock(folder / "lock")
    with _writing(output):
        folder.mkdir(exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise InputError(f"{output}: another run of henji is writing it. Wait for it, or name another.") from None
    try:
        with _writing(output):
            started, kept = _kept(folder, key, now, is_timed)
        job = Job(output, suffix, folder, started, kept, kept)
        yield job
    except KeyboardInterrupt:
        if not job.kept:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    except (InputError, OSError):
        shutil.rmtree(folder, ignore_errors=True)
        raise
    else:
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        lock.release()


def _kept(folder: Path, key: str, now: datetime | None, is_timed: bool) -> tuple[datetime, int]:
    """When the job in a folder was begun, and how many parts of it are finished; one of another key is begun afresh."""
    begun = folder / "job.json"
    clock = datetime.now(UTC)
    if begun.is_file():
        told = json.loads(begun.read_text(encoding="utf-8"))
        started = datetime.fromisoformat(told["started"])
        stopped = datetime.fromtimestamp(max(path.stat().st_mtime for path in (begun, *folder.glob("*.part"))), UTC)
        if told["key"] == key and (now or not is_timed or clock - stopped < FRESH):
            kept = 0
            while (folder / f"{kept:06d}.part").is_file():
                kept += 1
            return now or started, kept
    for path in folder.iterdir():
        if path.name != "lock":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    told = {"key": key, "started": clock.isoformat()}
    write_beside(begun, lambda path: path.write_text(json.dumps(told), encoding="utf-8"))
    return now or clock, 0


@contextmanager
def _writing(output: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"{output}: cannot be written ({error.strerror or error}). Nothing was changed.") from None


def in_order(
    function: Callable[[Item], Made], items: Iterable[Item], *, workers: int = 1, scheduler: str = ""
) -> Generator[Made, None, None]:
    """Yield `function` of each item in their order, from processes here or from the workers of a Dask scheduler.

    Items are taken only as fast as they are done, so that few are held. `scheduler` is an address such as
    `tcp://10.0.0.5:8786`, or `local` for a cluster of `workers` processes on this machine. `function` must be
    importable there, unless it runs here with one worker.

    >>> list(in_order(lambda n: 2 * n, [1, 2, 3]))
    [2, 4, 6]
    """
    if not scheduler and workers == 1:
        yield from map(function, items)
        return
    waiting: deque[Any] = deque()
    with _cluster(function, scheduler, workers) if scheduler else _processes(function, workers) as (submit, ahead):
        for item in items:
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
            waiting.append(submit(item))
        while waiting:
            yield waiting.popleft().result()


_brought: dict[str, Callable[[Any], Any]] = {}  # in a worker: what it was brought to do


def _bring(function: Callable[[Any], Any]) -> None:
    _brought["function"] = function


def _begin(function: Callable[[Any], Any], parent: int) -> None:
    """Begin as a process that works for another one: what stops that one ends this one too, whatever it was."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _bring(function)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _do(item: Any) -> Any:
    return _brought["function"](item)


@contextmanager
def _processes(function: Callable[[Any], Any], workers: int) -> Iterator[tuple[Submit, int]]:
    from joblib.externals.loky import ProcessPoolExecutor

    pool = ProcessPoolExecutor(workers, initializer=_begin, initargs=(function, os.getpid()))
    try:
        yield lambda item: pool.submit(_do, item), 2 * workers + 2
    finally:
        pool.shutdown(wait=True, kill_workers=True)


@contextmanager
def _cluster(function: Callable[[Any], Any], scheduler: str, workers: int) -> Iterator[tuple[Submit, int]]:
    """The workers of a cluster; a part whose worker is lost is done again by another."""
    try:
        from distributed import Client, LocalCluster, WorkerPlugin
    except ImportError:
        raise InputError('--scheduler needs Dask. Install it: pip install "henji[cluster]".') from None

    class Bring(WorkerPlugin):
        """Brings the function to each worker once, also to those that come later."""

        def setup(self, worker: Any) -> None:
            _bring(function)

    local = (
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) if scheduler == "local" else None
    )
    try:
        client = Client(local or scheduler)
    except (OSError, ValueError) as error:
        raise InputError(
            f"--scheduler {scheduler}: no scheduler answers there ({error}). Start one: dask scheduler."
        ) from None
    try:
        client.register_plugin(Bring(), name="henji")
        cores = sum(client.ncores().values())
        yield lambda item: client.submit(_do, item, pure=False), max(4 * cores, 16)
    finally:
        with suppress(TimeoutError):  # on a busy machine; what is not closed in time ends with this process
            client.close(timeout=1)
            if local:
                local.close(timeout=1)
