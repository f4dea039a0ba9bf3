"""How time and memory are taken."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np


def per_second(work: Callable[[Sequence], object], items: Sequence, repeats: int = 3) -> float:
    """Items for each second that a core worked on them, in the best of some runs, after one to warm up.

    Time of the processor and not of the clock: what else the machine does is not counted.
    """
    work(items[:50])
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work(items)
        times.append(time.process_time() - start)
    return len(items) / min(times)


def latencies(one: Callable[[object], object], items: Sequence) -> tuple[float, float]:
    """p50 and p99 of one call, in milliseconds of the clock."""
    times = []
    for item in items:
        start = time.perf_counter()
        one(item)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times), float(np.percentile(times, 99))


def start_up(code: str) -> float:
    """Seconds of the clock that a fresh process takes, the best of three."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return min(times)


def resident(code: str) -> float:
    """MiB of memory that a fresh process holds at most (Linux; else 0)."""
    code += "; import sys; sys.path.insert(0, '.'); from bench.measure import peak; import os; print(peak(os.getpid()))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1]) / 1024


def watched(command: Sequence[str]) -> tuple[float, float]:
    """Seconds of the clock that a command takes, and MiB that its largest process holds at most (Linux; else 0)."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    most = 0
    while process.poll() is None:
        most = max([most, *(peak(pid) for pid in _family(process.pid))])
        time.sleep(0.2)
    took = time.perf_counter() - start
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {process.stderr.read().decode()}")
    return took, most / 1024


def _family(pid: int) -> list[int]:
    """A process and all that it started."""
    tasks = Path(f"/proc/{pid}/task")
    try:
        started = [int(n) for task in tasks.iterdir() for n in (task / "children").read_text().split()]
    except OSError:
        return [pid]
    return [pid, *(n for child in started for n in _family(child))]


def peak(pid: int) -> int:
    """KiB of memory that a process held at most."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


def n_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
