"""Figures of the classifier, per scenario, language and kind, on messages that it has not learned from."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from messages import SUPPORTED_LANGUAGES, InputError
from model import Prediction, load_classifier
from model.scenarios import FLAGS, SCENARIOS
from training.labelled import KINDS, SAMPLES, Labelled, read_labelled

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Figures:
    """How right some predictions are; all shares from 0 to 1."""

    n_messages: int
    accuracy: float
    macro_f1: float
    calibration_error: float
    sure_share: float
    sure_wrong: float


def figures(truth: Sequence[str], found: Sequence[str], top: Sequence[float], sure: Sequence[bool]) -> Figures:
    """Accuracy, macro-F1, expected calibration error in ten bins, and what the sure ones are worth.

    >>> figures(["returns", "other"], ["returns", "returns"], [0.9, 0.6], [True, False])
    Figures(n_messages=2, accuracy=0.5, macro_f1=0.333, calibration_error=0.35, sure_share=0.5, sure_wrong=0.0)
    """
    right = np.array([t == f for t, f in zip(truth, found, strict=True)], bool)
    p, certain = np.array(top, float), np.array(sure, bool)
    bins = np.minimum((p * 10).astype(int), 9)
    error = sum(abs(right[bins == b].mean() - p[bins == b].mean()) * (bins == b).mean() for b in set(bins.tolist()))
    scores = [f1(truth, found, s) for s in SCENARIOS if s in truth or s in found]
    wrong = float((~right[certain]).mean()) if certain.any() else 0.0
    values = (right.mean(), np.mean(scores), error, certain.mean(), wrong)
    return Figures(len(right), *(round(float(v), 3) for v in values))


def f1(truth: Sequence[str], found: Sequence[str], label: str) -> float:
    """The harmonic mean of precision and recall of one label, 0 where it is never found."""
    both = sum(t == f == label for t, f in zip(truth, found, strict=True))
    return 2 * both / max(1, sum(t == label for t in truth) + sum(f == label for f in found))


def out_of_cast_predictions(messages: Sequence[Labelled]) -> tuple[Array, list[bool]]:
    """Calibrated probabilities and `sure` from a cross-validation that leaves out whole casts of writing.

    Readers, temperatures and thresholds for a cast come from all other casts; nothing of it decides anything.
    """
    from training.train import Corpus, calibrate, cascade, is_sure, out_of_cast_scores

    corpus = Corpus.of(messages)
    first, second = out_of_cast_scores(corpus)
    probabilities = np.zeros((len(messages), len(SCENARIOS)), np.float32)
    sure = np.zeros(len(messages), bool)
    for cast in np.unique(corpus.casts):
        here = corpus.casts == cast
        settings = calibrate(first, second, corpus, ~here)
        probabilities[here] = cascade(first[here], second[here], settings, corpus.languages[here])
        sure[here] = is_sure(probabilities[here], settings, corpus.languages[here])
    return probabilities, sure.tolist()


def report(title: str, messages: Sequence[Labelled], probabilities: Array, sure: Sequence[bool]) -> dict[str, Any]:
    """Print the figures of one set of messages by scenario, language and kind; returns them for JSON."""
    truth = [m.scenario for m in messages]
    found = [SCENARIOS[i] for i in probabilities.argmax(axis=1)]
    top = probabilities.max(axis=1).tolist()

    def part(chosen: Sequence[int]) -> Figures:
        return figures(*([values[i] for i in chosen] for values in (truth, found, top, sure)))  # type: ignore[arg-type]

    everything = part(range(len(messages)))
    print(f"\n{title}\n  {'all':8} {_line(everything)}")
    result: dict[str, Any] = {"overall": vars(everything)}
    for name, values in (("language", SUPPORTED_LANGUAGES), ("kind", KINDS)):
        chosen = {v: [i for i, m in enumerate(messages) if getattr(m, name) == v] for v in values}
        result[name] = {v: vars(part(i)) for v, i in chosen.items() if i}
        for value, i in chosen.items():
            print(f"  {value:8} {_line(part(i))}" if i else f"  {value:8} none")
    result["scenario"] = _recall_table({s: ([t == s for t in truth], [f == s for f in found]) for s in SCENARIOS})
    confused = Counter((t, f) for t, f in zip(truth, found, strict=True) if t != f).most_common(6)
    print("  most confused: " + ", ".join(f"{t} read as {f} {n}" for (t, f), n in confused))
    return result


def report_flags(messages: Sequence[Labelled], predictions: Sequence[Prediction]) -> dict[str, Any]:
    """Print precision and recall of every flag and of second asks; returns them for JSON."""
    pairs = {flag: ([flag in m.flags for m in messages], [flag in p.flags for p in predictions]) for flag in FLAGS}
    asks = [({m.scenario, *m.also}, {p.scenario, *p.also}) for m, p in zip(messages, predictions, strict=True)]
    pairs["both asks of two"] = ([len(w) > 1 for w, _ in asks], [len(w) > 1 and w <= g for w, g in asks])
    return _recall_table(pairs)


def _line(f: Figures) -> str:
    return (
        f"n {f.n_messages:5,}  accuracy {f.accuracy:.3f}  macro-F1 {f.macro_f1:.3f}  calibration error "
        f"{f.calibration_error:.3f}  sure {f.sure_share:4.0%}, of these wrong {f.sure_wrong:.1%}"
    )


def _recall_table(pairs: dict[str, tuple[list[bool], list[bool]]]) -> dict[str, Any]:
    print(f"  {'':24}  precision  recall     F1     n")
    table = {}
    for name, (wanted, got) in pairs.items():
        both = sum(w and g for w, g in zip(wanted, got, strict=True))
        precision, recall = both / max(1, sum(got)), both / max(1, sum(wanted))
        score = 2 * both / max(1, sum(got) + sum(wanted))
        table[name] = {"precision": round(precision, 3), "recall": round(recall, 3), "n": sum(wanted)}
        print(f"  {name:24}      {precision:.3f}   {recall:.3f}  {score:.3f}  {sum(wanted):4}")
    return table


def evaluate(labelled: Path, unseen: Path) -> dict[str, Any]:
    """Cross-validation on the labelled messages by cast, then the shipped model on the frozen unseen set."""
    messages = read_labelled(labelled)
    probabilities, sure = out_of_cast_predictions(messages)
    result = {
        "cross_validation": report("Cross-validation, whole casts of writing left out", messages, probabilities, sure)
    }
    frozen = read_labelled(unseen)
    predictions = load_classifier().classify([m.text for m in frozen])
    ranked = np.array([[dict(p.ranking)[s] for s in SCENARIOS] for p in predictions], np.float32)
    result["unseen"] = report(
        "Unseen set, by authors who saw no training message", frozen, ranked, [p.sure for p in predictions]
    )
    result["unseen"]["flags"] = report_flags(frozen, predictions)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labelled", type=Path, default=SAMPLES / "labelled", help="folder of labelled CSV files")
    parser.add_argument("--unseen", type=Path, default=SAMPLES / "unseen", help="folder of the frozen set")
    parser.add_argument("--json", type=Path, help="write all figures there as well")
    arguments = parser.parse_args()
    try:
        result = evaluate(arguments.labelled, arguments.unseen)
    except InputError as error:
        sys.exit(str(error))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
