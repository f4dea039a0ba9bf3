"""Speed of each step beside a peer in the same run: `make bench`. Ratios count; times are this machine's."""

import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from henji import check_reply, suggest_reply
from messages.tables import read_orders, read_table
from model import load_classifier
from model.encoder import encode
from model.features import fold, readable
from training.labelled import SAMPLES, read_labelled

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


def per_second(work: Callable[[Sequence], object], items: Sequence, repeats: int = 3) -> float:
    """Items a second in the best of some runs, after one to warm up."""
    work(items[:20])
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work(items)
        times.append(time.perf_counter() - start)
    return len(items) / min(times)


def latencies(work: Callable[[object], object], items: Sequence) -> tuple[float, float]:
    """p50 and p99 of one call, in milliseconds."""
    times = []
    for item in items:
        start = time.perf_counter()
        work(item)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times), float(np.percentile(times, 99))


def start_up(code: str) -> float:
    """Seconds of a fresh process."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    messages = read_labelled(SAMPLES / "labelled")
    random = np.random.default_rng(0)
    texts = [messages[i].text for i in random.choice(len(messages), 1000, replace=False)]
    folded = [fold(readable(t)) for t in texts]
    classifier = load_classifier()
    peer = make_pipeline(
        make_union(
            TfidfVectorizer(analyzer="char", ngram_range=(1, 5), sublinear_tf=True),
            TfidfVectorizer(analyzer="word", ngram_range=(1, 2), sublinear_tf=True),
        ),
        LinearSVC(),
    ).fit(folded[:300], [i % 6 for i in range(300)])

    table = Table(title=f"{platform.machine()}, Python {platform.python_version()}, one core", title_justify="left")
    for name in ("step", "items/s", "beside scikit-learn's pipeline", "p50 ms", "p99 ms"):
        table.add_column(name, justify="left" if name == "step" else "right")
    base = per_second(peer.decision_function, folded)
    table.add_row("scikit-learn: TF-IDF of the same n-grams + LinearSVC", f"{base:,.0f}", "1.0 ×", "", "")
    kernel = per_second(classifier.ngrams.scores, folded)
    table.add_row("n-gram reader, the same n-grams", f"{kernel:,.0f}", f"{kernel / base:.1f} ×", "", "")
    meaning = per_second(lambda part: classifier.meaning.scores(encode(part)), texts)
    table.add_row("meaning reader", f"{meaning:,.0f}", f"{meaning / base:.1f} ×", "", "")

    orders = read_orders(SAMPLES / "orders.csv")
    log = read_table(SAMPLES / "log.csv").to_dict("records") * 4
    cases = [(row["Message"], orders.get(row["Order ID"]), row["Marketplace"]) for row in log]
    replies = read_table(SAMPLES / "replies.csv").to_dict("records") * 20
    steps: list[tuple[str, Callable, Sequence]] = [
        ("classify, everything", lambda t: classifier.classify([t]), texts[:300]),
        (
            "check_reply",
            lambda r: check_reply(r["reply"], language=r["language"], marketplace=r["marketplace"]),
            replies,
        ),
        ("suggest_reply", lambda c: suggest_reply(c[0], order=c[1], marketplace=c[2], now=NOW), cases),
    ]
    table.add_row("classify, in a batch", f"{per_second(classifier.classify, texts, 1):,.0f}", "", "", "")
    for name, one, items in steps:
        rate = per_second(lambda part, one=one: [one(item) for item in part], items, 1)
        p50, p99 = latencies(one, items)
        table.add_row(name + ", one by one", f"{rate:,.0f}", "", f"{p50:.2f}", f"{p99:.2f}")
    console = Console(width=120)
    console.print(table)
    console.print(f"henji --help: {start_up('import commands'):.2f} s in a fresh process")
    first = "from henji import suggest_reply; suggest_reply('Where is my parcel?')"
    console.print(f"first suggestion: {start_up(first):.2f} s in a fresh process")


if __name__ == "__main__":
    main()
