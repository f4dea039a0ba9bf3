"""Labels → model: fits both readers, calibrates them on messages of casts they have not read, writes the arrays."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from messages import SUPPORTED_LANGUAGES, InputError
from model import features
from model.artifact import PRETRAINED, save_model
from model.classifier import (
    MEANING_ARRAYS,
    NGRAM_ARRAYS,
    PART,
    MeaningReader,
    NgramReader,
    kernel,
    settings_in_force,
    softmax,
)
from model.encoder import encode, one_thread
from model.scenarios import SCENARIOS
from training.labelled import SAMPLES, Labelled, corpus_sum, read_labelled

Array = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Chosen by leaving out whole casts; training/README.md has what was tried.
SVM_C = 1.0
GAMMA = 1.0
RIDGE = 0.3
N_AXES = 256
N_LANDMARKS = 5_000
WEIGHT_FIRST = 0.25  # of the n-gram reader's margin beside the meaning reader's regression
UNREACHABLE = 1.01  # a probability that no message has
SURE_ERROR = 0.02  # at most this share of the sure is wrong
SECOND_ASK_RIGHT = 0.5  # of the messages that are said to hold two asks, at least this share does
MIN_MESSAGES = 50  # a language with fewer is calibrated with all others together


@dataclass(frozen=True)
class Corpus:
    """Labelled messages with the features that both readers need, computed once."""

    names: tuple[str, ...]  # of the scenarios, in the order of the columns
    messages: list[Labelled]
    ngrams: "features.NgramCounts"
    vectors: Array
    scenarios: NDArray[np.int64]
    two_asks: Mask
    languages: NDArray[np.str_]
    casts: NDArray[np.str_]

    @classmethod
    def of(
        cls,
        messages: Sequence[Labelled],
        names: Sequence[str] = SCENARIOS,
        progress: Callable[[float], None] = lambda share: None,
    ) -> "Corpus":
        return cls(
            tuple(names),
            list(messages),
            features.ngram_counts([features.normalise(m.text) for m in messages]),
            _encode_once([features.readable(m.text) for m in messages], progress),
            np.array([names.index(m.scenario) for m in messages]),
            np.array([bool(m.also) for m in messages]),
            np.array([m.language for m in messages]),
            np.array([m.group.split("-")[-1] for m in messages]),
        )


def _encode_once(texts: Sequence[str], progress: Callable[[float], None]) -> Array:
    """The vector of each text; one that stands there several times is read once."""
    different = list(dict.fromkeys(texts))
    parts = []
    for start in range(0, len(different), PART):
        progress(start / len(different))
        parts.append(encode(different[start : start + PART]))
    place = {text: i for i, text in enumerate(different)}
    return np.concatenate(parts)[[place[text] for text in texts]]


@dataclass(frozen=True)
class Readers:
    """Both readers as fitted on some of the messages."""

    ngrams: NgramReader
    meaning: MeaningReader

    def scores(self, texts: Sequence[str]) -> tuple[Array, Array]:
        first = self.ngrams.scores([features.normalise(t) for t in texts])
        return first, self.meaning.scores(encode([features.readable(t) for t in texts]))


def fit_readers(corpus: Corpus, chosen: Mask) -> Readers:
    """Fit both readers on the chosen messages."""
    return Readers(_fit_ngrams(corpus, chosen), _fit_meaning(corpus, chosen))


def _fit_ngrams(corpus: Corpus, chosen: Mask) -> NgramReader:
    """Linear support vector machine, one scenario against the rest, on sublinear TF-IDF of unit length."""
    from scipy import sparse
    from sklearn.svm import LinearSVC

    rows, buckets, counts = corpus.ngrams
    shape = (len(corpus.messages), 1 << features.BITS)
    x = sparse.csr_matrix((1 + np.log(counts), buckets, rows), shape=shape)[chosen]
    document_frequency = np.bincount(x.indices, minlength=shape[1])
    idf = np.log((1 + x.shape[0]) / (1 + document_frequency)) + 1
    x = x.multiply(idf).tocsr()
    lengths = np.sqrt(x.multiply(x).sum(axis=1)).A1
    svm = LinearSVC(C=SVM_C, class_weight="balanced", random_state=0)
    x = sparse.diags(1 / lengths) @ x
    svm.fit(x, corpus.scenarios[chosen])
    weights = np.zeros((shape[1], len(corpus.names) + 1))
    bias = np.full(len(corpus.names) + 1, -10.0)
    weights[:, svm.classes_] = (svm.coef_ * idf).T
    bias[svm.classes_] = svm.intercept_
    if corpus.two_asks[chosen].any():
        svm.fit(x, corpus.two_asks[chosen])
        weights[:, -1] = svm.coef_[0] * idf
        bias[-1] = svm.intercept_[0]
    return NgramReader(weights.astype(np.float16), idf.astype(np.float16), bias.astype(np.float32))


def _fit_meaning(corpus: Corpus, chosen: Mask) -> MeaningReader:
    """Kernel ridge regression in closed form, every scenario weighing the same."""
    x = corpus.vectors[chosen]
    mean = x.mean(axis=0)
    _, axes = np.linalg.eigh((x - mean).T @ (x - mean))
    axes = axes[:, ::-1][:, :N_AXES]
    axes = _as_shipped(axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]))
    projected = (x - mean) @ axes
    landmarks = _as_shipped(projected[np.random.default_rng(0).permutation(len(x))[:N_LANDMARKS]])
    k = kernel(projected, landmarks, GAMMA).astype(np.float64)
    among = kernel(landmarks, landmarks, GAMMA).astype(np.float64)
    member = np.eye(len(corpus.names))[corpus.scenarios[chosen]]
    share = (len(x) / len(corpus.names) / member.sum(axis=0).clip(1))[corpus.scenarios[chosen], None]
    member = np.column_stack([member, corpus.two_asks[chosen]])
    bias = (share * member).mean(axis=0)
    system = k.T @ (share * k) + RIDGE * among + 1e-6 * np.eye(len(landmarks))
    weights = np.linalg.solve(system, k.T @ (share * (member - bias)))
    return MeaningReader(mean, axes, landmarks, weights.astype(np.float32), bias.astype(np.float32), GAMMA)


def _as_shipped(values: Array) -> Array:
    """Rounded to the half precision in which the model file holds them."""
    return values.astype(np.float16).astype(np.float32)


def out_of_cast_scores(corpus: Corpus, progress: Callable[[float], None] = lambda share: None) -> tuple[Array, Array]:
    """Scores of both readers for every message, from readers that saw nobody of its cast.

    Each of shape (n_messages, n_scenarios + 1). This is the honest cross-validation: who writes a cast repeats himself.
    """
    first = np.zeros((len(corpus.messages), len(corpus.names) + 1), np.float32)
    second = np.zeros_like(first)
    casts = np.unique(corpus.casts)
    for n_done, cast in enumerate(casts):
        progress(n_done / len(casts))
        left_out = corpus.casts == cast
        readers = fit_readers(corpus, ~left_out)
        first[left_out] = readers.ngrams.scores(
            [features.normalise(m.text) for m, out in zip(corpus.messages, left_out, strict=True) if out]
        )
        second[left_out] = readers.meaning.scores(corpus.vectors[left_out])
    return first, second


def calibrate(first: Array, second: Array, corpus: Corpus, chosen: Mask) -> dict[str, Any]:
    """Temperatures and thresholds, each for "all" and per language, from scores on unseen messages."""
    first, second = first[chosen], second[chosen]
    scenarios, languages = corpus.scenarios[chosen], corpus.languages[chosen]
    together = second + WEIGHT_FIRST * first
    settings: dict[str, Any] = {"weight_first": WEIGHT_FIRST}
    for name, scores in (("temperature_first", first), ("temperature", together)):
        settings[name] = _per_language(_temperature, scores[:, :-1], scenarios, languages)
    alone = _probabilities(first, settings["temperature_first"], languages)
    settings["accept_first"] = _per_language(partial(_threshold, error=SURE_ERROR / 2), alone, scenarios, languages)
    final = cascade(first, second, settings, languages)
    settings["sure"] = _per_language(partial(_threshold, error=SURE_ERROR), final, scenarios, languages)
    settings["second_ask"] = _second_ask(together[:, -1], corpus.two_asks[chosen])
    return settings


def _second_ask(margins: Array, two_asks: Mask) -> float:
    """The lowest margin from which on enough of the messages do hold two asks."""
    order = np.argsort(-margins, kind="stable")
    right = np.cumsum(two_asks[order]) >= SECOND_ASK_RIGHT * np.arange(1, len(order) + 1)
    return round(float(margins[order][np.flatnonzero(right)[-1]]), 4) if right.any() else UNREACHABLE


def cascade(first: Array, second: Array, settings: dict[str, Any], languages: NDArray[np.str_]) -> Array:
    """Calibrated probabilities: the second reader speaks where the first is not certain enough."""
    alone = _probabilities(first, settings["temperature_first"], languages)
    together = _probabilities(second + WEIGHT_FIRST * first, settings["temperature"], languages)
    return np.where((alone.max(axis=1) >= _values(settings["accept_first"], languages))[:, None], alone, together)


def is_sure(probabilities: Array, settings: dict[str, Any], languages: NDArray[np.str_]) -> Mask:
    """Whether each message's likeliest scenario passes the threshold of its language."""
    return probabilities.max(axis=1) >= _values(settings["sure"], languages)


def _per_language(
    measure: Callable[[Array, NDArray[np.int64]], float],
    scores: Array,
    scenarios: NDArray[np.int64],
    languages: NDArray[np.str_],
) -> dict[str, float]:
    values = {"all": measure(scores, scenarios) or UNREACHABLE}
    for language in SUPPORTED_LANGUAGES:
        here = languages == language
        if here.sum() >= MIN_MESSAGES:
            values[language] = measure(scores[here], scenarios[here]) or values["all"]
    return {name: round(float(value), 4) for name, value in values.items()}


def _values(setting: dict[str, float], languages: NDArray[np.str_]) -> Array:
    return np.array([setting.get(code, setting["all"]) for code in languages], np.float32)


def _probabilities(scores: Array, temperatures: dict[str, float], languages: NDArray[np.str_]) -> Array:
    return softmax(scores[:, :-1] / _values(temperatures, languages)[:, None])


def _temperature(scores: Array, scenarios: NDArray[np.int64]) -> float:
    """The temperature with the smallest log loss (Guo et al. 2017)."""
    candidates = np.geomspace(0.02, 3, 120)
    losses = [-np.log(softmax(scores / t)[np.arange(len(scores)), scenarios] + 1e-12).mean() for t in candidates]
    return float(candidates[int(np.argmin(losses))])


def _threshold(probabilities: Array, scenarios: NDArray[np.int64], error: float) -> float:
    """The lowest probability from which on at most this share is wrong, one more mistake allowed for; 0 for none."""
    top = probabilities.max(axis=1)
    order = np.argsort(-top, kind="stable")
    wrong = np.cumsum(probabilities.argmax(axis=1)[order] != scenarios[order])
    allowed = np.flatnonzero(wrong + 1 <= error * np.arange(1, len(order) + 1))
    return float(top[order][allowed[-1]]) if len(allowed) else 0.0


@dataclass(frozen=True)
class Fitted:
    """A model before it is written, and how likely it holds each scenario for messages of casts it has not read.

    `held_out` has shape (n_messages, n_scenarios), in the order of the messages it was fitted on.
    """

    arrays: dict[str, NDArray[Any]]
    settings: dict[str, Any]
    held_out: Array


def fit(
    messages: Sequence[Labelled],
    scenarios: Sequence[str] = SCENARIOS,
    progress: Callable[[float], None] = lambda share: None,
) -> Fitted:
    """Fit on all messages, calibrate on left-out casts. A message that is there several times weighs as much more.

    `progress` hears the share that is done. The same messages give the same arrays.
    Raises InputError when a scenario is missing or there is only one cast.
    """
    absent = sorted({*scenarios} - {m.scenario for m in messages})
    if absent:
        raise InputError(f"No labelled message for {', '.join(absent)}. Every scenario needs some; add rows.")
    if len({m.group.split("-")[-1] for m in messages}) < 2:
        raise InputError("All messages are of one cast; calibration needs two or more. Give `group` another number.")
    with one_thread():
        corpus = Corpus.of(messages, scenarios, lambda share: progress(0.4 * share))
        first, second = out_of_cast_scores(corpus, lambda share: progress(0.4 + 0.5 * share))
        everything = np.ones(len(messages), bool)
        calibration = calibrate(first, second, corpus, everything)
        progress(0.9)
        readers = fit_readers(corpus, everything)
    arrays = {f"ngram_{name}": getattr(readers.ngrams, name) for name in NGRAM_ARRAYS}
    arrays |= {f"meaning_{name}": getattr(readers.meaning, name) for name in MEANING_ARRAYS}
    arrays |= {f"meaning_{name}": arrays[f"meaning_{name}"].astype(np.float16) for name in ("axes", "landmarks")}
    settings = {
        "scenarios": list(scenarios),
        **settings_in_force(),
        "gamma": GAMMA,
        "calibration": calibration,
        "n_messages": len(messages),
    }
    progress(1.0)
    return Fitted(arrays, settings, cascade(first, second, calibration, corpus.languages))


def train(messages: Sequence[Labelled], path: Path = PRETRAINED) -> str:
    """Fit and write the model; returns its name.

    Its answers on held-out casts go into the file, so that a retrained model can be compared with it.
    """
    fitted = fit(messages)
    answers = {"held_out": fitted.held_out.argmax(axis=1).astype(np.int8)}
    return save_model(path, fitted.arrays | answers, fitted.settings | {"corpus": corpus_sum(messages)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labelled", type=Path, default=SAMPLES / "labelled", help="folder of labelled CSV files")
    parser.add_argument("-o", "--output", type=Path, default=PRETRAINED, help="folder of the model")
    arguments = parser.parse_args()
    try:
        messages = read_labelled(arguments.labelled)
        name = train(messages, arguments.output)
    except InputError as error:
        sys.exit(str(error))
    print(f"{len(messages):,} messages → {arguments.output}, model {name[:12]}.")


if __name__ == "__main__":
    main()
