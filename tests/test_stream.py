"""`suggest` and `check` on logs of any size: killed, spread over processes or a cluster, the bytes are the same."""

import csv
import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

import messages.batch
import suggest.audit
from commands import app

ROOT = Path(__file__).parents[1]
NOW = "2026-11-22T10:00:00"
ASKS = [
    "Where is my parcel? It should have been here on Tuesday.",
    "The lid is dented, I want some money back, I keep it.",
    "Wie schalte ich die Lampe ein?",
    "届いた商品が壊れていました。返金してください。",
    "Thanks, all good now!",
    "",  # set aside
]  # fmt: skip
REPLIES = [
    "Order {id} left today. UPS brings it on 24 November.",
    "As a courtesy we credit you {n}.00 € for order {id} today. It is goodwill, no admission of liability.",
    "We will try our best with order {id}， and refund you in due course.",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 240 rows in 60 threads, each spread over all of it, and a table of replies; three rows are damaged."""
    folder = tmp_path_factory.mktemp("logs")
    chance = random.Random(6)
    with (folder / "log.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["Message ID", "Thread ID", "Direction", "Date", "Order ID", "Marketplace", "Message"])
        for n in range(240):
            order = f"302-1234567-{n % 60:07}"
            is_reply = n > 60 and chance.random() < 0.4
            text = chance.choice(REPLIES).format(id=order, n=n % 3 + 1) if is_reply else chance.choice(ASKS)
            day = f"2026-11-{n // 24 + 1:02}T{n % 24:02}:00:00Z"
            out.writerow([f"M{n}", f"T{n % 60}", "agent" if is_reply else "buyer", day, order, "DE", text])
            if n % 100 == 50:
                file.write('M,T,agent,"open\r\n')
    orders = [{"order_id": f"302-1234567-{n:07}", "order_total": "50", "currency": "EUR"} for n in range(60)]
    pd.DataFrame(orders).to_csv(folder / "orders.csv", index=False)
    return folder


def arguments(command: str, folder: Path, out: Path) -> list[str]:
    common = [str(folder / "log.csv"), "--orders", str(folder / "orders.csv"), "-o", str(out / "out.csv")]
    more = ["--now", NOW, "--audit", str(out / "audit.jsonl")] if command == "suggest" else []
    return [command, *common, *more, "--policy", str(folder / "henji.toml")]


def run(command: str, folder: Path, out: Path, *more: str) -> str:
    """Exit code 1 is that of findings."""
    out.mkdir(exist_ok=True)
    done = CliRunner().invoke(app, [*arguments(command, folder, out), *more], catch_exceptions=False)
    assert done.exit_code == (command == "check"), done.output
    return done.output


def digests(folder: Path) -> dict[str, str]:
    """Every file in a folder, with what it holds: leftovers show too."""
    files = (f for f in folder.rglob("*") if f.is_file())
    return {str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in sorted(files)}


@pytest.fixture(scope="module", params=["suggest", "check"])
def unbroken(request: pytest.FixtureRequest, folder: Path) -> tuple[str, dict[str, str]]:
    """A command, and what a run of it in one part leaves."""
    run(request.param, folder, folder / request.param)
    return request.param, digests(folder / request.param)


class Killed(BaseException):
    """As after kill -9: what stands on the disk stays as it is."""


@contextmanager
def killed_at(step: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Die at one of the moments at which something was written."""
    left = step

    def then_die(write: Callable[..., Any]) -> Callable[..., Any]:
        def written(*given: Any, **named: Any) -> None:
            nonlocal left
            write(*given, **named)
            left -= 1
            if left == 0:
                raise Killed

        return written

    with monkeypatch.context() as patch:
        for place, name in (
            (messages.batch, "write_beside"),
            (messages.batch, "put_in_place"),
            (suggest.audit, "append_audit"),
        ):
            patch.setattr(place, name, then_die(getattr(place, name)))
        yield


def test_killed_anywhere_and_run_again_it_ends_in_the_same_bytes(
    unbroken: tuple[str, dict[str, str]], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seven parts; whatever was written last, a part, rows set aside, the output, the audit, it is there once."""
    command, whole = unbroken
    monkeypatch.setattr("messages.log.PART", 40)
    chance = random.Random(4)
    kills = 0
    while True:
        try:
            with killed_at(chance.randrange(1, 5), monkeypatch):
                run(command, folder, tmp_path / "out")
            break
        except Killed:
            kills += 1
    assert kills > 2 and digests(tmp_path / "out") == whole


def test_one_that_is_killed_among_its_workers_goes_on_in_another_process(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real kill -9 of a process with two workers; one process alone goes on with what it left."""
    command, out = "check", tmp_path / "out"
    out.mkdir()
    code = (
        "import messages.log, messages.batch; messages.log.PART = 40; messages.batch.WORTH_A_PROCESS = 1\n"
        "from henji import main; main()"
    )
    given = [*arguments(command, folder, out), "-w", "2"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = subprocess.Popen([sys.executable, "-c", code, *given], cwd=ROOT, **quiet)
    wait_for(out / ".out.csv.henji" / "000001.part")
    running.kill()
    running.wait()
    assert not (out / "out.csv").exists()
    monkeypatch.setattr("messages.log.PART", 40)
    assert "Going on where it was stopped" in run(command, folder, out)
    run(command, folder, tmp_path / "whole")
    assert digests(out) == digests(tmp_path / "whole")


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """The address of a real scheduler with two workers, on this machine alone."""
    told = folder / "scheduler.json"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment}
    here = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(told)]
    dask = [sys.executable, "-m", "dask"]
    started = [subprocess.Popen([*dask, "scheduler", "--port", "0", *here], **quiet)]
    try:
        wait_for(told)
        work = [*dask, "worker", "--nthreads", "1", "--no-nanny", *here]
        started += [subprocess.Popen(work, **quiet) for _ in range(2)]
        yield json.loads(told.read_text(encoding="utf-8"))["address"]
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_a_cluster_suggests_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    """Parts of 40 rows under Dask: threads, repeats and the audit are those of a run in one part."""
    out = tmp_path / "out"
    out.mkdir()
    code = "import messages.log; messages.log.PART = 40\nfrom henji import main; main()"
    with cluster(tmp_path) as address:
        given = [*arguments("suggest", folder, out), "--scheduler", address]
        done = subprocess.run(
            [sys.executable, "-c", code, *given], cwd=ROOT, capture_output=True, text=True, check=False, timeout=240
        )
    assert done.returncode == 0, done.stderr
    run("suggest", folder, tmp_path / "here")
    assert digests(out) == digests(tmp_path / "here")


def test_several_logs_are_suggested_to_a_folder_and_rows_name_their_log(folder: Path, tmp_path: Path) -> None:
    """A reply that repeats one of another log says in which; threads are those of each log."""
    for name in ("b.csv", "a.csv"):
        (tmp_path / name).write_text(f"Message ID,Thread ID,Message\n1,T,{ASKS[0]}\n", encoding="utf-8")
    given = ["suggest", str(tmp_path / "*.csv"), "-o", f"{tmp_path / 'out'}/", "--now", NOW, "-m", "US"]
    assert CliRunner().invoke(app, given, catch_exceptions=False).exit_code == 0
    table = pd.read_parquet(tmp_path / "out")
    assert table[["file", "row", "reasons"]].iloc[:, :2].values.tolist() == [["a.csv", 1], ["b.csv", 1]]
    assert "See row 1 of a.csv." in table["findings"][1] and "See row" not in table["findings"][0]


def test_rows_whose_damage_hides_who_wrote_them_are_set_aside_beside_the_findings(folder: Path, tmp_path: Path) -> None:
    said = run("check", folder, tmp_path / "out")
    aside = pd.read_csv(tmp_path / "out" / "out.quarantine.csv", dtype=str)
    assert aside["reason"].tolist() == ["unbalanced_quote"] * len(aside) and len(aside) == 2
    assert "set aside: row" in said and "unbalanced_quote" in said
