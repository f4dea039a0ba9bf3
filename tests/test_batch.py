"""Logs of any size: nothing lost or doubled, whatever stops a run, and the same bytes however it is run."""

import csv
import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from unittest import mock

import pandas as pd
import pytest
from batch_job import measured, run
from hypothesis import given, settings
from hypothesis import strategies as st

from commands.logs import _classified, _model_digest, _recalled
from messages import InputError, LogError, read_log
from messages.batch import Work, open_job, work_part, work_through
from messages.content import expanded
from messages.log import frames_of, read_parts

ROOT = Path(__file__).parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", "COLUMNS": "120"}
JOB = str(ROOT / "tests" / "batch_job.py")
SENTENCES = [
    "Where is my parcel? It should have been here on Tuesday.",
    "=1+1 ist keine Formel, sondern ein Text",
    "Line one\nline two, \"quoted\"",
    "届いた商品が壊れていました。",
    "",  # set aside
    "Tout va bien — merci",
]  # fmt: skip


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some 4,500 rows, every sixth of them without a text, two ids twice."""
    path = tmp_path_factory.mktemp("log") / "log.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["Message ID", "Marketplace", "Received", "Message"])
        for n in range(4_506):
            out.writerow([f"M{n % 4_504:05}", "DE", f"{n % 28 + 1:02}/03/2026 10:00", SENTENCES[n % 6]])
    return path


@pytest.fixture(scope="module")
def unbroken(log: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a run without any trouble writes."""
    folder = tmp_path_factory.mktemp("unbroken")
    job(log, folder / "out.csv")
    return digests(folder)


def start(log: Path, out: Path, *options: str) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command(log, out, *options), stdout=pipe, stderr=pipe, text=True, env=ENVIRONMENT, preexec_fn=heed
    )


def heed() -> None:
    """A run that is started in the background of a shell ignores an interrupt, and so would what it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)


def command(log: Path, out: Path, *options: str) -> list[str]:
    return [sys.executable, JOB, str(log), str(out), *options]


def job(log: Path, out: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**ENVIRONMENT, **environment}
    return subprocess.run(command(log, out, *options), capture_output=True, text=True, env=env, check=False, timeout=60)


def digests(folder: Path) -> dict[str, str]:
    """Every file in a folder, with what it holds: leftovers show too."""
    files = (f for f in folder.rglob("*") if f.is_file())
    return {str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in sorted(files)}


# --- Reading in parts ----------------------------------------------------------------------------------------------


def in_parts(path: Path) -> tuple[pd.DataFrame, pd.DataFrame, bool, tuple[str, ...]]:
    read = read_parts(path)
    frames = [frames_of(part) for part in read]
    messages, aside = (pd.concat(each, ignore_index=True) for each in zip(*frames, strict=True))
    return messages, aside, read.complete, read.notes


SMALL = "Id,Date,Message\n" + "".join(f"{n % 7},{n % 12 + 1:02}/13/2026,It hums {n}\n" for n in range(40))
LOGS = {
    "log.csv": SMALL,
    "quotes.csv": SMALL + '41,,"open\n42,,"two\nlines"\n43,short\n' + SMALL.replace("Id,", "Number,"),
    "log.tsv": SMALL.replace(",", "\t"),
    "log.jsonl": '{"id": 1, "message": "a"}\n{"id": 2, "description": "b", "body": null}\n{"id": 3, "body": "c"}\n{"id',
    "log.csv.gz": SMALL,
    "cut.csv.gz": SMALL,
    "log.parquet": SMALL,
    "labelled.csv": "text,scenario\n" + "It hums,returns\nIt hums,other\nWhere is it?,logistics_delay\n" * 4,
    "empty.csv": "Id,Message\n",
}


@pytest.mark.parametrize("name", LOGS)
def test_parts_hold_what_the_whole_log_holds(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which part a row is in does not matter: for dates, double ids, labels and damage the whole file counts."""
    import gzip
    import io

    path = tmp_path / name
    path.write_text(LOGS[name], encoding="utf-8")
    if name.endswith(".gz"):
        packed = gzip.compress(path.read_bytes())
        path.write_bytes(packed[: -20 if "cut" in name else None])
    if name.endswith(".parquet"):
        pd.read_csv(io.StringIO(LOGS[name]), dtype=str).to_parquet(path)
    monkeypatch.setattr("messages.log.PART", 3)
    whole = read_log(path)
    messages, aside, complete, notes = in_parts(path)
    without = whole.messages.drop(columns="language")
    pd.testing.assert_frame_equal(messages.drop(columns="language"), without, check_dtype=False)
    pd.testing.assert_frame_equal(aside, whole.quarantined, check_dtype=False)
    assert (complete, notes) == (whole.complete, whole.notes)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="measured where the system tells it")
def test_of_a_large_log_only_parts_are_held(tmp_path: Path) -> None:
    """Ten times the rows, the same memory: measured in a process of its own, in which only the log is read."""
    code = (
        "import re, sys; from pathlib import Path; from messages.log import read_parts\n"
        "n = sum(len(part.rows) for part in read_parts(sys.argv[1]))\n"
        "print(n, int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]) // 1024)"
    )
    row = f"302-1234567-7654321,{'It hums and hums. ' * 20}\n"
    used = []
    for n in (3_000, 40_000):
        path = tmp_path / f"{n}.csv"
        path.write_text("Order ID,Message\n" + row * n, encoding="utf-8")
        told = subprocess.run(
            [sys.executable, "-c", code, path], capture_output=True, text=True, env=ENVIRONMENT, check=True
        )
        assert told.stdout.split()[0] == str(n)
        used.append(int(told.stdout.split()[1]))
    assert used[1] - used[0] < 8, used  # MB; the larger log has 15


# --- Stopped and gone on with --------------------------------------------------------------------------------------


def test_a_killed_run_goes_on_to_the_same_bytes(log: Path, unbroken: dict[str, str], tmp_path: Path) -> None:
    """Killed twice, the second time a little later; what was finished is not done again."""
    out = tmp_path / "out.csv"
    kept = []
    for n in (1, 3):
        running = start(log, out, "2", "", "0.1")
        wait_for(tmp_path / f".out.csv.henji/{n:06d}.part")
        running.kill()
        kept.append(int(running.communicate(timeout=20)[0]))
        assert not out.exists()
    last = job(log, out)
    assert kept[0] == 0 and kept[1] >= 2_000 and int(last.stdout) >= 4_000
    assert digests(tmp_path) == unbroken  # and nothing is left beside them


@pytest.mark.parametrize(
    ("sent", "code", "workers"), [(signal.SIGINT, 130, "1"), (signal.SIGINT, 130, "2"), (signal.SIGTERM, 143, "2")]
)
def test_a_stopped_run_ends_at_once_and_goes_on(
    log: Path, unbroken: dict[str, str], tmp_path: Path, sent: signal.Signals, code: int, workers: str
) -> None:
    out = tmp_path / "out.csv"
    out.write_text("old", encoding="utf-8")
    running = start(log, out, workers, "", "0.3")
    wait_for(tmp_path / ".out.csv.henji/000000.part")
    running.send_signal(sent)
    sent_at = time.monotonic()
    said = running.communicate(timeout=20)[1]
    assert time.monotonic() - sent_at < 2
    assert running.returncode == code and "Traceback" not in said, said
    assert out.read_text(encoding="utf-8") == "old"
    assert int(job(log, out, workers).stdout) >= 1_000
    assert digests(tmp_path) == unbroken


def test_another_input_is_begun_afresh(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    with pytest.raises(KeyboardInterrupt), open_job(out, ".csv", {"log": "a"}) as first:
        begun = first.started
        first._path(0).write_bytes(b"{}\n")
        first.kept = 1
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt), open_job(out, ".csv", {"log": "a"}) as again:
        assert (again.kept, again.started) == (1, begun)  # the same clock: replies name hours
        raise KeyboardInterrupt
    with open_job(out, ".csv", {"log": "b"}) as other:
        assert other.kept == 0 and sorted(p.name for p in other.folder.iterdir()) == ["job.json", "lock"]
    assert list(tmp_path.iterdir()) == []


def test_two_runs_do_not_write_one_output(tmp_path: Path) -> None:
    one, other = (open_job(tmp_path / "out.csv", ".csv", {}) for _ in range(2))
    with one, pytest.raises(InputError, match="another run of henji is writing"), other:
        pass


def test_of_two_runs_at_once_one_is_whole(log: Path, unbroken: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    running = [start(log, out, "1", "", "0.05") for _ in range(2)]
    said = [process.communicate(timeout=60)[1] for process in running]
    assert 0 in [p.returncode for p in running] and {p.returncode for p in running} <= {0, 2}, said
    assert "Traceback" not in "".join(said) and digests(tmp_path) == unbroken


# --- No room, no permission ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [3_000, 200_000], ids=["no room for a part", "no room for the whole"])
def test_a_full_disk_leaves_the_old_output_and_nothing_else(log: Path, tmp_path: Path, limit: int) -> None:
    """A limit on the size of files is what a full disk looks like to a program."""
    out = tmp_path / "out.csv"
    out.write_text("old", encoding="utf-8")
    done = subprocess.run(
        command(log, out), capture_output=True, text=True, env=ENVIRONMENT, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "out.csv: cannot be written (File too large). Nothing was changed." in done.stderr
    assert [f.name for f in tmp_path.iterdir()] == ["out.csv"] and out.read_text(encoding="utf-8") == "old"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_no_permission_is_said(log: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        assert "cannot be written (Permission denied)" in job(log, tmp_path / "out.csv").stderr
    finally:
        tmp_path.chmod(0o700)


# --- The same bytes ------------------------------------------------------------------------------------------------


def test_workers_locale_zone_and_hash_seed_do_not_matter(log: Path, unbroken: dict[str, str], tmp_path: Path) -> None:
    other = {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C", "LANG": "C"}
    done = job(log, tmp_path / "out.csv", "2", **other)
    assert done.returncode == 0, done.stderr
    assert digests(tmp_path) == unbroken


def test_a_message_that_comes_again_is_judged_as_the_first_time(tmp_path: Path) -> None:
    said = [
        "Where is my parcel?",
        "Danke, hat sich erledigt!",
        "My lawyer will call you.",
        "Where is my parcel? " * 60,
        "Where is my parcel?",
    ]
    for name, texts in {"once.csv": said, "again.csv": [*said[::-1], *said]}.items():
        rows = "".join(f'{n},"{text}"\n' for n, text in enumerate(texts))
        (tmp_path / name).write_text(f"Id,Message\n{rows}", encoding="utf-8")
    each = [frames_of(part)[0] for name in ("once.csv", "again.csv") for part in read_parts(tmp_path / name)]
    once, again = (_classified(messages, model=_model_digest(), fast=True).drop(columns=["row"]) for messages in each)
    expected = dict(zip(once["text"], once.drop(columns=["message_id"]).to_dict("records"), strict=True))
    assert again.drop(columns=["message_id"]).to_dict("records") == [expected[text] for text in again["text"]]
    assert again["message_id"].tolist() == [str(n) for n in range(len(again))]
    assert all(len(text) <= 1_000 for text in _recalled(_model_digest(), True))


@pytest.mark.parametrize("name", ["out.jsonl", "out.parquet", "out.xlsx", "out"])
def test_every_kind_of_output_holds_all_rows(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.csv"
    path.write_text("Id,Message\n" + "".join(f"{n},{'It hums' * (n % 6 > 0)}\n" for n in range(600)), encoding="utf-8")
    monkeypatch.setattr("messages.log.PART", 100)
    monkeypatch.setattr("messages.output.PARTS_OF_FILE", 4)
    (tmp_path / "made").mkdir()
    out = tmp_path / "made" / name
    run(str(path), str(out))
    readers = {".jsonl": lambda p: pd.read_json(p, lines=True), ".xlsx": pd.read_excel}
    frame = readers.get(out.suffix, pd.read_parquet)(out)
    assert frame["row"].tolist() == [n + 1 for n in range(600) if n % 6]
    beside = "out.quarantine" + (out.suffix or ".parquet")
    assert sorted(p.name for p in out.parent.iterdir()) == sorted([name, beside])
    made = digests(out.parent)
    run(str(path), str(out))  # in the place of what is there
    assert digests(out.parent) == made


# --- A cluster -----------------------------------------------------------------------------------------------------


def test_a_worker_of_a_cluster_is_killed_and_nothing_is_lost(
    log: Path, unbroken: dict[str, str], tmp_path: Path
) -> None:
    """A real scheduler with two workers, on this machine alone; one of them dies in mid-run."""
    told = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": ENVIRONMENT}
    here = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(told)]
    started = [subprocess.Popen([*dask, "scheduler", "--port", "0", *here], **quiet)]
    try:
        wait_for(told)
        work = [*dask, "worker", "--nthreads", "1", "--no-nanny", *here]
        started += [subprocess.Popen(work, **quiet) for _ in range(2)]
        (tmp_path / "made").mkdir()
        out = tmp_path / "made" / "out.csv"
        running = start(log, out, "1", json.loads(told.read_text(encoding="utf-8"))["address"], "0.2")
        wait_for(out.parent / ".out.csv.henji" / "000000.part")
        started[1].kill()
        said = running.communicate(timeout=60)[1]
        assert running.returncode == 0, said
        assert digests(out.parent) == unbroken
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_a_scheduler_that_is_not_there_is_named(log: Path, tmp_path: Path) -> None:
    hasty = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "1s"}
    done = job(log, tmp_path / "out.csv", "1", "tcp://127.0.0.1:9", **hasty)
    assert done.returncode == 2 and "no scheduler answers there" in done.stderr and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


# --- What was set aside, again -------------------------------------------------------------------------------------


def test_only_what_was_set_aside_is_read_again(tmp_path: Path) -> None:
    """Corrected texts are read under their old row numbers; who is no buyer stays aside."""
    path = tmp_path / "log.csv"
    rows = ['1,buyer,"Where is it?"', "2,buyer,", "3,agent,We reply", "4,buyer,=1+1,too many", "5,buyer,Thanks"]
    path.write_text("Id,Direction,Message\n" + "\n".join(rows) + "\n", encoding="utf-8")
    run(str(path), str(tmp_path / "out.csv"))
    beside = tmp_path / "out.quarantine.csv"
    aside = pd.read_csv(beside, dtype=str, keep_default_na=False)
    assert aside[["row", "reason"]].values.tolist() == [
        ["2", "empty_text"], ["3", "not_a_buyer_message"], ["4", "wrong_field_count"],
    ]  # fmt: skip
    aside.loc[0, "text"] = "'=It hums"  # as a person sees a guarded cell
    aside.to_csv(beside, index=False)
    again = read_log(beside)
    assert again.messages[["row", "message_id", "text"]].values.tolist() == [[2, "2", "=It hums"], [4, "4", "=1+1"]]
    assert again.quarantined[["row", "reason"]].values.tolist() == [[3, "not_a_buyer_message"]]


# --- Nothing lost, nothing left ------------------------------------------------------------------------------------

CELLS = st.text(st.sampled_from("ab,;\"'\t\n =é日\x00"), max_size=12)


@given(st.lists(CELLS, min_size=1, max_size=12), st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_rows_in_are_rows_out_and_rows_set_aside(cells: list[str], size: int) -> None:
    """Whatever stands in the cells, and however the rows are parted: every row is there once, at its place."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.csv"
        path.write_text("Id,Message\n" + "\n".join(f"M{n},{cell}" for n, cell in enumerate(cells)), encoding="utf-8")
        try:
            whole = read_log(path)
        except LogError:  # NULs that look like UTF-16, or no header: refused either way
            with pytest.raises(LogError):
                read_parts(path)
            return
        with mock.patch("messages.log.PART", size):
            read = read_parts(path)
            frames = [frames_of(part) for part in read]
        numbers = sorted(int(n) for pair in frames for frame in pair for n in frame["row"])
        assert numbers == list(range(1, read.n_rows + 1))
        assert sum(len(messages) for messages, _ in frames) == len(whole.messages)
        assert sum(len(aside) for _, aside in frames) == len(whole.quarantined)


def test_a_log_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("Id,Message\n1,It hums\n2,It hums\n", encoding="utf-8")
    read = read_parts(path)
    path.write_text("Id,Message\n1,It hums\n", encoding="utf-8")
    with pytest.raises(LogError), open_job(tmp_path / "out.csv", ".csv", {}) as job:
        work_through(Work(read, WORK), read.n_rows, job)
    assert [p.name for p in tmp_path.iterdir()] == ["log.csv"]


WORK = partial(work_part, table=measured, suffix=".csv", counted=(), masked=True)


def test_what_waits_beside_the_output_holds_no_more_than_the_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run stopped in its middle: masked is masked there too, cells that no column takes stand nowhere."""
    path = tmp_path / "log.csv"
    private = "1,It hums,Ann Berg,IBAN DE89370400440532013000\n2,mail anna@example.com,too,many,fields\n"
    path.write_text("Id,Message,Name,Note\n" + private * 3, encoding="utf-8")
    monkeypatch.setattr("messages.log.PART", 2)
    read = read_parts(path)
    with pytest.raises(KeyboardInterrupt), open_job(tmp_path / "out.csv", ".csv", {}) as job:
        for part in read:
            job.keep(WORK(part))
        raise KeyboardInterrupt
    waiting = b"".join(p.read_bytes() for p in job.folder.iterdir())
    assert b"It hums" in waiting
    assert not [word for word in (b"anna@example.com", b"Ann Berg", b"DE8937") if word in waiting]


def test_a_pattern_stands_for_several_logs_and_each_row_names_its_own(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.csv").write_text("Id,Message\n1,It hums\n2,\n", encoding="utf-8")
    paths = expanded([str(tmp_path / "*.csv")])
    assert [Path(p).name for p in paths] == ["a.csv", "b.csv"]
    frames = [frames_of(part) for path in paths for part in read_parts(path, named=True)]
    assert [[*frame["file"], *frame["row"]] for pair in frames for frame in pair] == [
        ["a.csv", 1], ["a.csv", 2], ["b.csv", 1], ["b.csv", 2],
    ]  # fmt: skip
    with pytest.raises(LogError, match="no file has such a name"):
        expanded([str(tmp_path / "*.tsv")])


def test_a_url_is_read_like_a_file() -> None:
    fsspec = pytest.importorskip("fsspec")
    with fsspec.open("memory://logs/log.csv", "wb") as out:
        out.write(b"Id,Message\n1,It hums\n")
    assert [len(part.rows) for part in read_parts("memory://logs/log.csv")] == [1]
    assert expanded(["memory://logs/*.csv"]) == ["memory:///logs/log.csv"]
