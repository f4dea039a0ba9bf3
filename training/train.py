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
    NGRAM_ARRAYS,
    PART,
    MeaningReader,
    NgramReader,
    doubted,
    kernel,
    settings_in_force,
    softmax,
)
from model.encoder import encode_sentences
from model.scenarios import SCENARIOS
from training.labelled import SAMPLES, Labelled, corpus_sum, read_labelled

Array = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Chosen by leaving out whole casts; training/README.md has what was tried.
SVM_C = 1.0
GAMMA = 1.0
RIDGE = 0.3
SECOND_SHARE = 0.25  # what a scenario that is asked for besides counts in the regression, beside 1 for the main one
READINGS = (0.4, 0.3, 0.3)  # what the whole message, its questions and its highest sentences weigh in a distance
N_AXES = 128
HARD_WEIGHT = 0.5  # of a message written to be hard: what is odd in it is not to be learned by heart
N_FOLDS = 4  # groups of casts that the words alone are calibrated on
KERNEL_ROWS = 1_000  # of the kernel matrix that are made at once
UNREACHABLE = 1.01  # a probability that no message has
SURE_ERROR = 0.02  # at most this share of the sure is wrong
UNREAD_LOSS = 0.001  # of all messages, that the words alone may get wrong where the meaning would have put them right
SECOND_ASK_RIGHT = 0.5  # of the messages that are said to hold two asks, at least this share does
DOUBTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5)
MIN_MESSAGES = 50  # a language with fewer is calibrated with all others together


@dataclass(frozen=True)
class Corpus:
    """Labelled messages with the features that both readers need, computed once."""

    names: tuple[str, ...]  # of the scenarios, in the order of the columns
    messages: list[Labelled]
    ngrams: "features.NgramCounts"
    vectors: Array
    scenarios: NDArray[np.int64]
    asks: Array  # shape (n_messages, n_scenarios): 1 for what a message asks, SECOND_SHARE for what it asks besides
    languages: NDArray[np.str_]
    casts: NDArray[np.str_]

    @classmethod
    def of(
        cls,
        messages: Sequence[Labelled],
        names: Sequence[str] = SCENARIOS,
        progress: Callable[[float], None] = lambda share: None,
    ) -> "Corpus":
        texts = [features.readable(m.text) for m in messages]
        return cls(
            tuple(names),
            list(messages),
            features.ngram_counts([features.fold(text) for text in texts]),
            _encode_once(texts, progress),
            np.array([names.index(m.scenario) for m in messages]),
            np.array([[(n == m.scenario) + SECOND_SHARE * (n in m.also) for n in names] for m in messages], np.float32),
            np.array([m.language for m in messages]),
            np.array([m.group.split("-")[-1] for m in messages]),
        )

    @property
    def two_asks(self) -> Mask:
        """Whether each message asks for a second thing."""
        return self.asks.sum(axis=1) > 1


def _encode_once(texts: Sequence[str], progress: Callable[[float], None]) -> Array:
    """The vector of each text; one that stands there several times is read once."""
    different = list(dict.fromkeys(texts))
    parts = []
    for start in range(0, len(different), PART):
        progress(start / len(different))
        parts.append(encode_sentences(different[start : start + PART]))
    place = {text: i for i, text in enumerate(different)}
    return np.concatenate(parts)[[place[text] for text in texts]]


@dataclass(frozen=True)
class Fit:
    """Both readers, and what they say of each message when nobody of its cast was read.

    `alone` are the scores of the words, shape (n_messages, n_scenarios), `both` those of words and meaning together,
    (n_messages, n_scenarios + 1).
    """

    ngrams: NgramReader
    meaning: MeaningReader
    alone: Array
    both: Array


def fit_readers(corpus: Corpus) -> Fit:
    """Fit both readers, and answer for every cast as if it had been left out.

    Leaving out whole casts is the honest cross-validation: who writes a cast repeats himself.
    """
    order = np.argsort(corpus.casts, kind="stable")
    back = np.argsort(order)
    casts, scenarios = corpus.casts[order], corpus.scenarios[order]
    x, idf, idf_step = _word_features(corpus, order)
    alone, words_alone, bias_alone = _fit_alone(x, scenarios, casts, len(corpus.names))
    mean, axes, steps, grid = _meaning_features(corpus, order)
    share = len(order) / len(corpus.names) / np.bincount(scenarios, minlength=len(corpus.names)).clip(1)
    member = np.column_stack([corpus.asks[order], corpus.two_asks[order]]).astype(np.float32)
    hard = np.array([m.kind == "hard" for m in corpus.messages])[order]
    weight = share[scenarios] * np.where(hard, HARD_WEIGHT, 1)
    bias = np.average(member, axis=0, weights=weight).astype(np.float32)
    points = grid * steps
    weights, both = _regress(x, points, member - bias, (RIDGE / weight).astype(np.float32), casts)
    columns = np.column_stack([words_alone, x.T @ weights]) * (idf * idf_step)[:, None]
    column_steps = (np.abs(columns).max(axis=0) / 127).clip(1e-9).astype(np.float32)
    ngrams = NgramReader(
        np.rint(columns / column_steps).astype(np.int8),
        column_steps,
        idf,
        np.array([idf_step], np.float32),
        np.concatenate([bias_alone, bias]).astype(np.float32),
    )
    meaning = MeaningReader(mean, axes, grid, steps, weights, GAMMA)
    return Fit(ngrams, meaning, alone[back], (both + bias)[back])


def _fit_alone(
    x: Any, scenarios: NDArray[np.int64], casts: NDArray[np.str_], n_scenarios: int
) -> tuple[Array, Array, Array]:
    """Linear support vector machine on the words: scores for left-out casts, then weights and bias on all.

    The casts are left out in `N_FOLDS` groups.
    """
    from sklearn.svm import LinearSVC

    svm = LinearSVC(C=SVM_C, class_weight="balanced", random_state=0)

    def fitted(rows: Mask) -> tuple[Array, Array]:
        weights, bias = np.zeros((x.shape[1], n_scenarios), np.float32), np.full(n_scenarios, -10.0, np.float32)
        present = np.unique(scenarios[rows])
        if len(present) == 1:
            bias[present] = 0
            return weights, bias
        svm.fit(x[rows], scenarios[rows])
        signs = np.array([[-1], [1]]) if len(present) == 2 else 1  # of two classes only the second has a margin
        weights[:, present], bias[present] = (signs * svm.coef_).T, np.ravel(signs * svm.intercept_[:, None])
        return weights, bias

    scores = np.zeros((len(scenarios), n_scenarios), np.float32)
    for group in np.array_split(np.unique(casts), N_FOLDS):
        left_out = np.isin(casts, group)
        if left_out.any():
            weights, bias = fitted(~left_out)
            scores[left_out] = x[left_out] @ weights + bias
    return scores, *fitted(np.ones(len(scenarios), bool))


def _regress(x: Any, points: Array, target: Array, ridge: Array, casts: NDArray[np.str_]) -> tuple[Array, Array]:
    """The weight of every message, and what a regression without its cast says of it; rows sorted by cast.

    Kernel ridge regression in closed form. The kernel is the sum of a linear one on the words and a radial one on the
    meaning. The inverse G of kernel plus ridge also gives, without another fit, what a regression without the rows c
    says of them: y_c - (G_cc)⁻¹ (G y)_c (leave-one-out in block form, Rasmussen & Williams 2006, section 5.4.2,
    http://gaussianprocess.org/gpml/).
    """
    from scipy.linalg import blas

    inverse = _inverse(x, points, ridge)
    weights = blas.ssymm(1.0, inverse, target, lower=True)
    left_out = np.zeros_like(target)
    edges = np.flatnonzero(casts[1:] != casts[:-1]) + 1
    for rows in np.split(np.arange(len(casts)), edges):
        block = np.tril(inverse[rows[0] : rows[-1] + 1, rows[0] : rows[-1] + 1])
        block += np.tril(block, -1).T
        left_out[rows] = target[rows] - np.linalg.solve(block, weights[rows])
    return weights, left_out


def _word_features(corpus: Corpus, order: NDArray[np.int64]) -> tuple[Any, NDArray[np.uint8], float]:
    """Sublinear TF-IDF of the hashed n-grams, rows of unit length; the inverse document frequencies on a grid."""
    from scipy import sparse

    rows, buckets, counts = corpus.ngrams
    shape = (len(corpus.messages), 1 << features.BITS)
    x = sparse.csr_matrix((1 + np.log(counts), buckets, rows), shape=shape, dtype=np.float32)[order]
    document_frequency = np.bincount(x.indices, minlength=shape[1])
    exact = np.log((1 + x.shape[0]) / (1 + document_frequency)) + 1
    step = float(np.float32(exact.max() / 255))
    idf = np.rint(exact / step).astype(np.uint8)
    x = x.multiply(idf.astype(np.float32) * step).tocsr()
    lengths = np.sqrt(x.multiply(x).sum(axis=1)).A1
    return sparse.diags((1 / lengths).astype(np.float32)) @ x, idf, step


def _meaning_features(corpus: Corpus, order: NDArray[np.int64]) -> tuple[Array, Array, Array, NDArray[np.int8]]:
    """Mean, principal axes, and the messages along them on a grid of 255 steps an axis, as the file holds them."""
    vectors = corpus.vectors[order]
    mean = vectors.mean(axis=0)
    spread = ((vectors - mean) ** 2).sum(axis=0)
    of_readings = spread.reshape(len(READINGS), -1).sum(axis=1)
    scale = np.sqrt(np.array(READINGS) * of_readings[0] / of_readings).repeat(len(mean) // len(READINGS))
    scaled = (vectors - mean) * scale.astype(np.float32)
    _, axes = np.linalg.eigh(scaled.T @ scaled)
    axes = axes[:, ::-1][:, :N_AXES]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    axes = (axes * scale[:, None]).astype(np.float16).astype(np.float32)
    projected = (vectors - mean) @ axes
    steps = (np.abs(projected).max(axis=0) / 127).clip(1e-9).astype(np.float32)
    return mean, axes, steps, np.rint(projected / steps).astype(np.int8)


def _inverse(x: Any, points: Array, ridge: Array) -> Array:
    """The inverse of kernel matrix plus ridge, lower half, in the memory of one matrix of shape (n, n)."""
    from scipy.linalg import lapack

    n = len(points)
    k = np.empty((n, n), np.float32, order="F")
    for start in range(0, n, KERNEL_ROWS):
        stop = min(start + KERNEL_ROWS, n)
        k[start:, start:stop] = kernel(points[start:], points[start:stop], GAMMA)
        k[start:, start:stop] += (x[start:] @ x[start:stop].T).toarray()
    k[np.diag_indices(n)] += ridge
    k, failed = lapack.spotrf(k, lower=1, overwrite_a=1, clean=0)
    if not failed:
        k, failed = lapack.spotri(k, lower=1, overwrite_c=1)
    if failed:
        raise ArithmeticError("The regression cannot be solved; the features hold values that are not finite.")
    return k


def calibrate(fitted: Fit, corpus: Corpus, chosen: Mask) -> dict[str, Any]:
    """Temperatures and thresholds, each for "all" and per language, from scores on messages of left-out casts."""
    alone, both = fitted.alone[chosen], fitted.both[chosen]
    scenarios, languages = corpus.scenarios[chosen], corpus.languages[chosen]
    settings: dict[str, Any] = {"doubt": _doubt(both, scenarios)}
    for name, scores in (("temperature_first", alone), ("temperature", doubted(both, settings["doubt"]))):
        settings[name] = _per_language(_temperature, scores, scenarios, languages)
    first = _probabilities(alone, settings["temperature_first"], languages)
    settings["second_ask"] = _second_ask(both[:, -1], corpus.two_asks[chosen])
    lost = _lost_without_meaning(first, both, settings, corpus.two_asks[chosen], scenarios)
    certain = np.column_stack([first.max(axis=1), lost])
    settings["accept_first"] = _per_language(_acceptance, certain, scenarios, languages)
    settings["sure_first"] = _per_language(partial(_threshold, error=SURE_ERROR), first, scenarios, languages)
    final = cascade(alone, both, settings, languages)
    settings["sure"] = _per_language(partial(_threshold, error=SURE_ERROR), final, scenarios, languages)
    return settings


def _lost_without_meaning(
    first: Array, both: Array, settings: dict[str, Any], two_asks: Mask, scenarios: NDArray[np.int64]
) -> Array:
    """What each message loses when its words alone are read: the right scenario, a second ask; below 0 it gains."""
    right_together = both[:, :-1].argmax(axis=1) == scenarios
    heard = two_asks & (both[:, -1] >= settings["second_ask"])
    return right_together.astype(np.float32) - (first.argmax(axis=1) == scenarios) + heard


def _acceptance(certain: Array, _: NDArray[np.int64]) -> float:
    """The lowest probability of the words alone from which on the meaning adds next to nothing; 0 for none.

    `certain` holds that probability and what is lost, shape (n_messages, 2).
    """
    order = np.argsort(-certain[:, 0], kind="stable")
    lost = np.cumsum(certain[order, 1])
    borne = np.flatnonzero(lost <= UNREAD_LOSS * len(order))
    return float(certain[order[borne[-1]], 0]) if len(borne) else 0.0


def _second_ask(margins: Array, two_asks: Mask) -> float:
    """The lowest margin from which on enough of the messages do hold two asks."""
    order = np.argsort(-margins, kind="stable")
    right = np.cumsum(two_asks[order]) >= SECOND_ASK_RIGHT * np.arange(1, len(order) + 1)
    return round(float(margins[order][np.flatnonzero(right)[-1]]), 4) if right.any() else UNREACHABLE


def cascade(alone: Array, both: Array, settings: dict[str, Any], languages: NDArray[np.str_]) -> Array:
    """Calibrated probabilities: the second reader is heard where the first is not certain enough."""
    first = _probabilities(alone, settings["temperature_first"], languages)
    together = _probabilities(doubted(both, settings["doubt"]), settings["temperature"], languages)
    return np.where((first.max(axis=1) >= _values(settings["accept_first"], languages))[:, None], first, together)


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
    return softmax(scores / _values(temperatures, languages)[:, None])


def _temperature(scores: Array, scenarios: NDArray[np.int64]) -> float:
    """The temperature with the smallest log loss (Guo et al. 2017)."""
    candidates = np.geomspace(0.02, 3, 120)
    return float(min(candidates, key=lambda t: _log_loss(scores / t, scenarios)))


def _doubt(both: Array, scenarios: NDArray[np.int64]) -> float:
    """How much a likely second ask flattens the probabilities, with the smallest log loss."""

    def loss(doubt: float) -> float:
        scores = doubted(both, doubt)
        return _log_loss(scores / _temperature(scores, scenarios), scenarios)

    return min(DOUBTS, key=loss)


def _log_loss(logits: Array, scenarios: NDArray[np.int64]) -> float:
    return float(-np.log(softmax(logits)[np.arange(len(logits)), scenarios] + 1e-12).mean())


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
    corpus = Corpus.of(messages, scenarios, lambda share: progress(0.4 * share))
    fitted = fit_readers(corpus)
    progress(0.95)
    calibration = calibrate(fitted, corpus, np.ones(len(messages), bool))
    meaning = fitted.meaning
    arrays = {f"ngram_{name}": getattr(fitted.ngrams, name) for name in NGRAM_ARRAYS}
    arrays |= {"meaning_mean": meaning.mean, "meaning_axes": meaning.axes.astype(np.float16)}
    arrays |= {"meaning_landmarks": meaning.landmarks, "meaning_steps": meaning.steps}
    arrays |= {"meaning_weights": meaning.weights.astype(np.float16)}
    settings = {
        "scenarios": list(scenarios),
        **settings_in_force(),
        "gamma": GAMMA,
        "calibration": calibration,
        "n_messages": len(messages),
    }
    progress(1.0)
    return Fitted(arrays, settings, cascade(fitted.alone, fitted.both, calibration, corpus.languages))


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
