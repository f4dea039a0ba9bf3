"""Figures of the classifier, per scenario, language and kind, on messages that it has not learned from."""

import argparse
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from messages import SUPPORTED_LANGUAGES, InputError, LogError, mask
from model import FLAGS, SCENARIOS, Prediction, ScenarioClassifier, load_classifier
from model.encoder import N_READINGS, encode_sentences
from model.features import readable_each
from training.labelled import SAMPLES, Annotated, Labelled, corpus_sum, read_annotated, read_labelled

Array = NDArray[np.float32]
Progress = Callable[[float], None]

N_BINS = 10  # of the reliability diagram and the calibration error
N_POINTS = 100  # of the risk–coverage curve
N_MISTAKES = 25
QUOTED = 400  # characters of a message that a report quotes
SHARES = (0.1, 0.2, 0.4, 0.7, 1.0)  # of the messages, for the learning curve
MIN_FOR_CURVE = 40
PART = 256


@dataclass(frozen=True)
class Figures:
    """How right some predictions are; all shares from 0 to 1. `low` and `high` hold the accuracy with 95 % chance."""

    n_messages: int
    accuracy: float
    low: float
    high: float
    macro_f1: float
    calibration_error: float
    sure_share: float
    sure_wrong: float


def figures(truth: Sequence[str], found: Sequence[str], top: Sequence[float], sure: Sequence[bool]) -> Figures:
    """Accuracy, macro-F1, expected calibration error in ten bins, and what the sure ones are worth.

    Macro-F1 is over the scenarios that were labelled or found.

    >>> figures(["returns", "other"], ["returns", "returns"], [0.9, 0.6], [True, False])
    Figures(n_messages=2, accuracy=0.5, low=0.095, high=0.905, macro_f1=0.333, calibration_error=0.35, sure_share=0.5,
            sure_wrong=0.0)
    """
    from sklearn.metrics import f1_score

    right = np.array(truth) == np.array(found)
    certain = np.array(sure, bool)
    error = sum(abs(b["right"] - b["probability"]) * b["n"] for b in reliability(right, top)) / len(right)
    score = f1_score(truth, found, average="macro", zero_division=0)
    wrong = (~right[certain]).mean() if certain.any() else 0.0
    values = (right.mean(), *interval(int(right.sum()), len(right)), score, error, certain.mean(), wrong)
    return Figures(len(right), *(round(float(v), 3) for v in values))


def interval(n_right: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """The share that n_right of n stand for, with 95 % chance (Wilson 1927).

    >>> low, high = interval(90, 100)
    >>> round(low, 3), round(high, 3)
    (0.826, 0.945)
    """
    share, spread = n_right / n, z * z / n
    half = z * ((share * (1 - share) + spread / 4) / n) ** 0.5
    return (share + spread / 2 - half) / (1 + spread), (share + spread / 2 + half) / (1 + spread)


def reliability(right: Iterable[bool], top: Iterable[float]) -> list[dict[str, Any]]:
    """For each tenth of probability that occurs: how many messages, their mean probability, the share that is right.

    `low` and `high` hold that share with 95 % chance.

    >>> reliability([True, False], [0.95, 0.97])
    [{'from': 0.9, 'to': 1.0, 'n': 2, 'probability': 0.96, 'right': 0.5, 'low': 0.0945, 'high': 0.9055}]
    """
    hits, p = np.array(list(right), bool), np.array(list(top), float)
    bins = np.minimum((p * N_BINS).astype(int), N_BINS - 1)
    found = []
    for b in np.unique(bins).tolist():
        here = hits[bins == b]
        low, high = interval(int(here.sum()), len(here))
        shares = {"probability": p[bins == b].mean(), "right": here.mean(), "low": low, "high": high}
        found.append(
            {"from": b / N_BINS, "to": (b + 1) / N_BINS, "n": len(here)}
            | {name: round(float(share), 4) for name, share in shares.items()}
        )
    return found


def risk_coverage(right: Iterable[bool], top: Iterable[float]) -> list[dict[str, float]]:
    """If only the messages from some probability on are trusted: which share that is, and how much of it is wrong.

    Messages of equal probability are trusted together. El-Yaniv & Wiener 2010, https://jmlr.org/papers/v11/el-yaniv10a.html.

    >>> risk_coverage([True, False, True], [0.9, 0.5, 0.5])
    [{'probability': 0.9, 'coverage': 0.3333, 'risk': 0.0}, {'probability': 0.5, 'coverage': 1.0, 'risk': 0.3333}]
    """
    hits, p = np.array(list(right), bool), np.array(list(top), float)
    order = np.argsort(-p, kind="stable")
    trusted = np.arange(1, len(p) + 1)
    risk = np.cumsum(~hits[order]) / trusted
    last = np.flatnonzero(np.append(np.diff(p[order]) != 0, True))
    last = last[np.unique(np.linspace(0, len(last) - 1, N_POINTS).round().astype(int))]
    return [
        {
            "probability": round(float(p[order][i]), 4),
            "coverage": round(float(trusted[i] / len(p)), 4),
            "risk": round(float(risk[i]), 4),
        }
        for i in last
    ]


def recalls(pairs: dict[str, tuple[list[bool], list[bool]]]) -> dict[str, dict[str, Any]]:
    """Precision, recall and F1 of each thing that messages have and that was found; None where nothing decides it.

    >>> recalls({"review_threat": ([True, True, False], [True, False, False])})
    {'review_threat': {'precision': 1.0, 'recall': 0.5, 'f1': 0.667, 'n': 2, 'n_found': 1}}
    """
    table = {}
    for name, (wanted, got) in pairs.items():
        both, n, n_found = sum(map(min, wanted, got)), sum(wanted), sum(got)
        table[name] = {
            "precision": round(both / n_found, 3) if n_found else None,
            "recall": round(both / n, 3) if n else None,
            "f1": round(2 * both / (n + n_found), 3) if n + n_found else None,
            "n": n,
            "n_found": n_found,
        }
    return table


def measured(messages: Sequence[Labelled], probabilities: Array, sure: Sequence[bool], names: Sequence[str]) -> Any:
    """All figures that follow from labels and probabilities, ready for JSON; `names` are those of the columns."""
    from sklearn.metrics import confusion_matrix

    truth = [m.scenario for m in messages]
    found = [names[i] for i in probabilities.argmax(axis=1)]
    top = probabilities.max(axis=1).astype(float).tolist()
    right = [t == f for t, f in zip(truth, found, strict=True)]

    def part(chosen: Sequence[int]) -> dict[str, Any]:
        return vars(figures(*([values[i] for i in chosen] for values in (truth, found, top, sure))))  # type: ignore[arg-type]

    def parts(values: Sequence[str]) -> dict[str, Any]:
        return {v: part([i for i, w in enumerate(values) if w == v]) for v in _in_order(values)}

    shown = [n for n in names if n in truth or n in found]
    by_language = {
        language: recalls({s: ([t == s for t, _ in pairs], [f == s for _, f in pairs]) for s in shown})
        for language in _in_order([m.language for m in messages])
        if (pairs := [(t, f) for t, f, m in zip(truth, found, messages, strict=True) if m.language == language])
    }
    return {
        "overall": part(range(len(messages))),
        "language": parts([m.language for m in messages]),
        "kind": parts([m.kind for m in messages]) if len({m.kind for m in messages}) > 1 else {},
        "scenario": recalls({s: ([t == s for t in truth], [f == s for f in found]) for s in shown}),
        "scenario_by_language": by_language,
        "confusion": {"scenarios": shown, "counts": confusion_matrix(truth, found, labels=shown).tolist()},
        "most_confused": [
            {"labelled": t, "found": f, "n": n}
            for (t, f), n in Counter((t, f) for t, f in zip(truth, found, strict=True) if t != f).most_common(6)
        ],
        "reliability": reliability(right, top),
        "risk_coverage": risk_coverage(right, top),
    }


def _in_order(values: Iterable[str]) -> list[str]:
    """The values that occur: languages and kinds as Henji lists them, others after them."""
    known = (*SUPPORTED_LANGUAGES, "short", "medium", "long", "hard")
    seen = dict.fromkeys(values)
    return [v for v in known if v in seen] + [v for v in seen if v not in known]


def flag_figures(messages: Sequence[Labelled], predictions: Sequence[Prediction]) -> dict[str, Any]:
    """Precision and recall of every flag and of second asks; nothing for what nobody has labelled."""
    pairs = {flag: ([flag in m.flags for m in messages], [flag in p.flags for p in predictions]) for flag in FLAGS}
    asks = [({m.scenario, *m.also}, {p.scenario, *p.also}) for m, p in zip(messages, predictions, strict=True)]
    both = {"both asks of two": ([len(w) > 1 for w, _ in asks], [len(w) > 1 and w <= g for w, g in asks])}
    labelled = pairs if any(m.flags for m in messages) else {}
    return recalls(labelled | (both if any(m.also for m in messages) else {}))


def mistakes(
    messages: Sequence[Labelled], predictions: Sequence[Prediction], places: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The wrong readings that were held most likely, with the words that decided; personal data is masked."""
    wrong = [(m, p) for m, p in zip(messages, predictions, strict=True) if m.scenario != p.scenario]
    return [
        {
            "place": mask(places.get(m.id, m.id)),
            "language": m.language,
            "labelled": m.scenario,
            "also": list(m.also),
            "found": p.scenario,
            "probability": p.probability,
            "text": shortened(mask(m.text)),
            "why": [[mask(words), weight] for words, weight in p.why],
        }
        for m, p in sorted(wrong, key=lambda w: -w[1].probability)[:N_MISTAKES]
    ]


def shortened(text: str) -> str:
    """As much of a text as a report quotes."""
    return text if len(text) <= QUOTED else text[: QUOTED - 1].rstrip() + "…"


def learning_curve(messages: Sequence[Labelled], progress: Progress = lambda share: None) -> dict[str, Any] | None:
    """Macro-F1 on left-out messages as more of the others are learned from; None for fewer than forty.

    A stand-in for the second reader is fitted afresh for every share, in closed form: ridge regression on a radial
    basis kernel over sentence embeddings, from these messages alone. Where they come from three casts or more, whole
    casts are left out, otherwise every fifth message.
    """
    from sklearn.kernel_approximation import Nystroem
    from sklearn.linear_model import RidgeClassifier
    from sklearn.model_selection import GroupKFold, KFold
    from sklearn.model_selection import learning_curve as scores_by_size
    from sklearn.pipeline import make_pipeline

    if len(messages) < MIN_FOR_CURVE:
        return None
    casts = np.array([m.cast for m in messages])
    n_casts = len(np.unique(casts))
    whole_casts = n_casts >= 3
    folds = GroupKFold(min(n_casts, 5)) if whole_casts else KFold(5, shuffle=True, random_state=0)
    reader = make_pipeline(
        Nystroem(gamma=1.0, n_components=1000, random_state=0), RidgeClassifier(alpha=0.3, class_weight="balanced")
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fewer messages than landmarks, a scenario that no small share holds
        sizes, _, scores = scores_by_size(
            reader,
            _vectors([m.text for m in messages], progress),
            np.array([m.scenario for m in messages]),
            groups=casts if whole_casts else None,
            cv=folds,
            train_sizes=list(SHARES),
            scoring="f1_macro",
            shuffle=True,
            random_state=0,
        )
    points = [
        {
            "n_messages": int(n),
            "macro_f1": round(s.mean(), 4),
            "lowest": round(s.min(), 4),
            "highest": round(s.max(), 4),
        }
        for n, s in zip(sizes, scores, strict=True)
        if np.isfinite(s).all()
    ]
    return {"left_out": "whole casts" if whole_casts else "every fifth message", "points": points}


def _vectors(texts: Sequence[str], progress: Progress) -> Array:
    parts = []
    for start in range(0, len(texts), PART):
        progress(start / len(texts))
        parts.append(encode_sentences(readable_each(texts[start : start + PART])))
    return np.concatenate(parts) / np.sqrt(np.float32(N_READINGS))  # distances as those of one reading


def read_for_evaluation(
    path: Path, names: Sequence[str], columns: Mapping[str, str] | None = None, encoding: str | None = None
) -> Annotated:
    """The labelled messages to measure on: a folder such as `data/samples/unseen`, or any file that training reads.

    Where a file keeps rows out of training by a column `split`, it is these. Raises LogError with file, row, value,
    what is allowed and what to do.
    """
    if not path.is_dir():
        return read_annotated([path], names, columns=columns, encoding=encoding, kept_out=True)
    try:
        messages = read_labelled(path)
    except InputError as error:
        raise LogError(str(error)) from None
    return Annotated(tuple(messages), (), len(messages), {})


def evaluation(
    labelled: Annotated, classifier: ScenarioClassifier, title: str, progress: Progress = lambda share: None
) -> dict[str, Any]:
    """Everything that is known of a classifier: on labelled messages, and on the behaviour tests; ready for JSON.

    `title` names the messages in errors and in the report; `progress` hears the share that is done.
    Raises LogError when nothing can be measured on them.
    """
    from training.behaviour import behaviour

    names = [str(name) for name in classifier.classes_]
    messages = labelled.messages
    _check(labelled, names, title)
    predictions: list[Prediction] = []
    for start in range(0, len(messages), PART):
        progress(0.5 * start / len(messages))
        predictions += classifier.classify([m.text for m in messages[start : start + PART]])
    ranked = np.array([[dict(p.ranking)[name] for name in names] for p in predictions], np.float32)
    result = {
        "labelled": title,
        "left_out": dict(Counter(p.reason for p in labelled.problems if p.left_out)),
        "learned_from": _n_learned_from(messages),
        **measured(messages, ranked, [p.sure for p in predictions], names),
        "flag": flag_figures(messages, predictions),
        "mistakes": mistakes(messages, predictions, labelled.places),
        "learning_curve": learning_curve(messages, lambda share: progress(0.5 + 0.3 * share)),
    }
    progress(0.85)
    result["behaviour"] = behaviour(classifier)
    progress(1.0)
    return result


def _check(labelled: Annotated, names: Sequence[str], title: str) -> None:
    messages = labelled.messages
    allowed = f"Allowed: {' '.join(names)}."
    if not messages:
        why = f" {labelled.problems[0]}" if labelled.problems else ""
        raise LogError(f"{title}: no row has a scenario.{why} Fill the column scenario. {allowed}")
    unknown = next((m for m in messages if m.scenario not in names), None)
    if unknown:
        raise LogError(
            f"{title}, {labelled.places.get(unknown.id, unknown.id)}: the model knows no scenario "
            f"{unknown.scenario!r}. {allowed} Correct the row, or train a model on it first."
        )
    if len({m.scenario for m in messages}) == 1:
        raise LogError(
            f"{title}: all {len(messages):,} labelled messages are {messages[0].scenario!r}; nothing can be confused. "
            f"Label messages of two scenarios or more. {allowed}"
        )


def _n_learned_from(messages: Sequence[Labelled]) -> int:
    """How many of the messages the model in use is known to have learned from: figures on them flatter."""
    from training.promote import name_in_use, versions

    if any(v.name == name_in_use() and v.data_sha256 == corpus_sum(messages) for v in versions()):
        return len(messages)
    known = {m.text for m in read_labelled(SAMPLES / "labelled")} if (SAMPLES / "labelled").is_dir() else set()
    return sum(m.text in known for m in messages)


def out_of_cast_predictions(messages: Sequence[Labelled]) -> tuple[Array, list[bool]]:
    """Calibrated probabilities and `sure` from a cross-validation that leaves out whole casts of writing.

    Readers, temperatures and thresholds for a cast come from all other casts; nothing of it decides anything.
    """
    from training.train import Corpus, calibrate, cascade, fit_readers, is_sure

    corpus = Corpus.of(messages)
    fitted = fit_readers(corpus)
    probabilities = np.zeros((len(messages), len(SCENARIOS)), np.float32)
    sure = np.zeros(len(messages), bool)
    for cast in np.unique(corpus.casts):
        here = corpus.casts == cast
        settings = calibrate(fitted, corpus, ~here)
        probabilities[here] = cascade(fitted, corpus, here, settings)
        sure[here] = is_sure(probabilities[here], settings, corpus.languages[here])
    return probabilities, sure.tolist()


def main() -> None:
    """Cross-validation on the labelled messages by cast, then the model in use on the frozen unseen set."""
    from training.report import print_report, write_report

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--labelled", type=Path, default=SAMPLES / "labelled", help="folder of labelled CSV files")
    parser.add_argument("--unseen", type=Path, default=SAMPLES / "unseen", help="folder of the frozen set")
    parser.add_argument("-o", "--output", type=Path, help="write the report on the unseen set there, HTML and JSON")
    arguments = parser.parse_args()
    try:
        messages = read_labelled(arguments.labelled)
        held_out = measured(messages, *out_of_cast_predictions(messages), SCENARIOS)
        print_report({"labelled": "Cross-validation, whole casts of writing left out", **held_out})
        title = "Unseen set, by authors who saw no training message"
        unseen = evaluation(read_for_evaluation(arguments.unseen, SCENARIOS), load_classifier(), title)
        print_report(unseen)
        if arguments.output:
            write_report({**unseen, "cross_validation": held_out}, arguments.output)
    except InputError as error:
        parser.exit(3, f"{error}\n")


if __name__ == "__main__":
    main()
