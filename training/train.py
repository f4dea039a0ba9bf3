"""Labels → model: fits both readers, calibrates them on messages of casts they have not read, writes the arrays."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
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
    SENTENCES_FROM,
    MeaningReader,
    NgramReader,
    doubted,
    for_first,
    for_second,
    kernel,
    likeliest_second,
    places_and_peaks,
    settings_in_force,
    softmax,
    two_asks,
)
from model.encoder import encode_sentences, sentences
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
HARD_WEIGHT = 0.5  # of a message written to be hard: oddities are not learned by heart, and inboxes hold fewer of them
INBOX = "inbox"  # the cast that nobody learns from: messages as an inbox has them, which say what is sure
N_FOLDS = 4  # groups of casts that the words alone are calibrated on
KERNEL_ROWS = 200  # of the kernel matrix that are made at once
UNREACHABLE = 1.01  # a probability that no message has
NEVER = 1e6  # a sureness that no second ask has
SURE_ERROR = 0.02  # at most this share of the sure is wrong
UNREAD_LOSS = 0.001  # of all messages, that the words alone may get wrong where the meaning would have put them right
SECOND_ASK_RIGHT = 0.55  # of the messages of casts that are said to hold two asks, at least this share does
INBOX_SECOND_RIGHT = 1 / 3  # the same in an inbox, where one message in twenty does
DOUBTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5)
MIN_MESSAGES = 50  # a language with fewer is calibrated with all others together


@dataclass(frozen=True)
class Corpus:
    """Labelled messages with the features that both readers need, computed once."""

    names: tuple[str, ...]  # of the scenarios, in the order of the columns
    messages: list[Labelled]
    texts: list[str]  # as they are read
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
        texts = features.readable_each([m.text for m in messages])
        return cls(
            tuple(names),
            list(messages),
            texts,
            features.ngram_counts([features.fold(text) for text in texts]),
            _encode_once(texts, progress),
            np.array([names.index(m.scenario) for m in messages]),
            np.array([[(n == m.scenario) + SECOND_SHARE * (n in m.also) for n in names] for m in messages], np.float32),
            np.array([m.language for m in messages]),
            np.array([m.cast for m in messages]),
        )

    @property
    def two_asks(self) -> Mask:
        """Whether each message asks for a second thing."""
        return self.asks.sum(axis=1) > 1

    @property
    def weight(self) -> Array:
        """How much each message counts, in what is learned and in what is promised."""
        hard = np.array([m.kind == "hard" for m in self.messages])
        return np.where(hard & self.is_learned, HARD_WEIGHT, 1).astype(np.float32)

    @property
    def is_learned(self) -> Mask:
        """Whether each message is learned from."""
        return self.casts != INBOX


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
    """Both readers, and what they say of each message when nobody of its cast was read; the inbox never is.

    `alone` are the scores of the words, shape (n_messages, n_scenarios), `both` those of words and meaning together,
    (n_messages, n_scenarios + 1). Where a second ask may be, `places` say where in a message each scenario is asked
    for, `peaks` how plainly, (n_messages, n_scenarios) both.
    """

    ngrams: NgramReader
    meaning: MeaningReader
    alone: Array
    both: Array
    places: Array
    peaks: Array


def fit_readers(corpus: Corpus) -> Fit:
    """Fit both readers, and answer for every cast as if it had been left out.

    Leaving out whole casts is the honest cross-validation: who writes a cast repeats himself. Together the readers are
    one kernel ridge regression in closed form. Its kernel is the sum of a linear one on the words and a radial one on
    the meaning.
    """
    from scipy.linalg import blas

    learned = corpus.is_learned
    order = np.flatnonzero(learned)[np.argsort(corpus.casts[learned], kind="stable")]
    inbox = np.flatnonzero(~learned)
    casts, scenarios = corpus.casts[order], corpus.scenarios[order]
    idf, idf_step = _inverse_document_frequencies(corpus.ngrams, learned)
    x = _word_features(corpus.ngrams, idf, idf_step)[order]
    alone, both, places, peaks = (np.zeros((len(learned), len(corpus.names) + i), np.float32) for i in (0, 1, 0, 0))
    alone[order], words_alone, bias_alone = _fit_alone(x, scenarios, casts, len(corpus.names))
    mean, axes, steps, grid = _meaning_features(corpus, order)
    share = len(order) / len(corpus.names) / np.bincount(scenarios, minlength=len(corpus.names)).clip(1)
    member = np.column_stack([corpus.asks[order], corpus.two_asks[order]]).astype(np.float32)
    weight = share[scenarios] * corpus.weight[order]
    bias = np.average(member, axis=0, weights=weight).astype(np.float32)
    points = grid * steps
    inverse = _inverse(x, points, (RIDGE / weight).astype(np.float32))
    weights = blas.ssymm(1.0, inverse, member - bias, lower=True)

    def answers(texts: Sequence[str], without: Array) -> Array:
        words = _word_features(features.ngram_counts([features.fold(text) for text in texts]), idf, idf_step)
        meant = ((encode_sentences(texts) - mean) @ axes).astype(np.float32)
        parts = range(0, len(texts), KERNEL_ROWS)
        near = np.concatenate([kernel(meant[i : i + KERNEL_ROWS], points, GAMMA) @ without for i in parts])
        return near + words @ (x.T @ without) + bias

    def read_sentences(rows: NDArray[np.int64], without: Array) -> None:
        close = rows[both[rows, -1] >= SENTENCES_FROM]
        parts = [sentences(corpus.texts[i]) for i in close]
        if parts:
            said = answers([sentence for part in parts for sentence in part], without)[:, :-1]
            places[close], peaks[close] = places_and_peaks(said, [len(part) for part in parts])

    for cast, missed, without in _without_each(inverse, weights, casts):
        both[order[cast]] = member[cast] - missed
        read_sentences(order[cast], without)
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
    if len(inbox):
        alone[inbox], half = ngrams.scores([features.fold(corpus.texts[i]) for i in inbox])
        both[inbox] = half + meaning.scores(corpus.vectors[inbox])
        read_sentences(inbox, weights)
    return Fit(ngrams, meaning, alone, both, places, peaks)


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


def _without_each(
    inverse: Array, weights: Array, casts: NDArray[np.str_]
) -> Iterator[tuple[NDArray[np.int64], Array, Array]]:
    """For every cast, rows sorted by cast: its rows, how far a regression without it misses them, and its weights.

    With the inverse G of kernel plus ridge and the weights a that miss nothing but the ridge, a regression without the
    rows c misses them by (G_cc)⁻¹ a_c, and its weights are a - G_.c (G_cc)⁻¹ a_c: leave-one-out in block form
    (Rasmussen & Williams 2006, section 5.4.2, http://gaussianprocess.org/gpml/). Of the inverse the lower half is read.
    """
    edges = np.flatnonzero(casts[1:] != casts[:-1]) + 1
    for rows in np.split(np.arange(len(casts)), edges):
        start, stop = rows[0], rows[-1] + 1
        block = np.tril(inverse[start:stop, start:stop])
        block += np.tril(block, -1).T
        missed = np.linalg.solve(block, weights[rows])
        without = np.zeros_like(weights, order="C")
        without[stop:] = weights[stop:] - inverse[stop:, start:stop] @ missed
        without[:start] = weights[:start] - inverse[start:stop, :start].T @ missed
        yield rows, missed, without


def _inverse_document_frequencies(ngrams: "features.NgramCounts", learned: Mask) -> tuple[NDArray[np.uint8], float]:
    """Of every bucket, on a grid, and its step."""
    buckets = ngrams.buckets[learned.repeat(np.diff(ngrams.rows))]
    document_frequency = np.bincount(buckets, minlength=1 << features.BITS)
    exact = np.log((1 + learned.sum()) / (1 + document_frequency)) + 1
    step = float(np.float32(exact.max() / 255))
    return np.rint(exact / step).astype(np.uint8), step


def _word_features(ngrams: "features.NgramCounts", idf: NDArray[np.uint8], idf_step: float) -> Any:
    """Sublinear TF-IDF of the hashed n-grams, rows of unit length."""
    from scipy import sparse

    rows, buckets, counts = ngrams
    shape = (len(rows) - 1, len(idf))
    x = sparse.csr_matrix((1 + np.log(counts), buckets, rows), shape=shape, dtype=np.float32)
    x = x.multiply(idf.astype(np.float32) * idf_step).tocsr()
    lengths = np.sqrt(x.multiply(x).sum(axis=1)).A1.clip(1e-9)
    return sparse.diags((1 / lengths).astype(np.float32)) @ x


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
    """Temperatures and thresholds, each for "all" and per language, from scores on messages of left-out casts.

    The casts were asked for oddities. Where there is an inbox, its messages say how much surer one may be than on them,
    and from when on one is sure; they are too few to say it per language.
    """
    inbox, chosen = chosen & ~corpus.is_learned, chosen & corpus.is_learned
    alone, both = fitted.alone[chosen], fitted.both[chosen]
    scenarios, languages, weight = corpus.scenarios[chosen], corpus.languages[chosen], corpus.weight[chosen]
    per_language = partial(_per_language, scenarios=scenarios, languages=languages, weight=weight)
    settings: dict[str, Any] = {"doubt": _doubt(both, scenarios, weight)}
    for name, scores in (("temperature_first", alone), ("temperature", doubted(both, settings["doubt"]))):
        settings[name] = per_language(_temperature, scores)
    if inbox.any():
        settings |= _eased(settings, fitted, corpus, inbox)
    settings |= _second_asks(fitted, corpus, chosen, inbox, settings)
    first = _probabilities(alone, settings["temperature_first"], languages)
    together, further = _together(fitted, corpus, chosen, settings)
    # What a message loses when its words alone are read: the right scenario, a second ask; below 0 it gains.
    lost = (together.argmax(axis=1) == scenarios).astype(np.float32) - (first.argmax(axis=1) == scenarios)
    lost += corpus.two_asks[chosen] & (further >= 0)
    settings["accept_first"] = per_language(_acceptance, np.column_stack([first.max(axis=1), lost]))
    if not inbox.any():
        settled = _settled(first, together, settings, languages)
        return settings | {"sure_first": per_language(_threshold, first), "sure": per_language(_threshold, settled)}
    first = _probabilities(fitted.alone[inbox], settings["temperature_first"], corpus.languages[inbox])
    for name, of_inbox in (("sure_first", first), ("sure", cascade(fitted, corpus, inbox, settings))):
        threshold = _threshold(of_inbox, corpus.scenarios[inbox], corpus.weight[inbox]) or UNREACHABLE
        settings[name] = {"all": round(threshold, 4)}
    return settings


def _eased(settings: dict[str, Any], fitted: Fit, corpus: Corpus, inbox: Mask) -> dict[str, Any]:
    """The temperatures, each multiplied by what suits the inbox best."""
    scenarios, languages, weight = corpus.scenarios[inbox], corpus.languages[inbox], corpus.weight[inbox]
    scores = {
        "temperature_first": fitted.alone[inbox],
        "temperature": doubted(fitted.both[inbox], settings["doubt"]),
    }
    eased = {}
    for name, of_inbox in scores.items():
        ease = _temperature(of_inbox / _values(settings[name], languages)[:, None], scenarios, weight)
        eased[name] = {code: round(value * ease, 4) for code, value in settings[name].items()}
    return eased


def _acceptance(certain: Array, _: NDArray[np.int64], weight: Array) -> float:
    """The lowest probability of the words alone from which on the meaning adds next to nothing; 0 for none.

    `certain` holds that probability and what is lost, shape (n_messages, 2).
    """
    order = np.argsort(-certain[:, 0], kind="stable")
    lost = np.cumsum((certain[:, 1] * weight)[order])
    borne = np.flatnonzero(lost <= UNREAD_LOSS * weight.sum())
    return float(certain[order[borne[-1]], 0]) if len(borne) else 0.0


def _second_asks(fitted: Fit, corpus: Corpus, chosen: Mask, inbox: Mask, settings: dict[str, Any]) -> dict[str, Any]:
    """What a second ask is known by, from when on it is heard and said, and which of two asks is the main one.

    Two logistic regressions: on every scenario but the likeliest of the messages that may hold two asks, and on the
    pairs that are heard of which one is the main ask. From when on a buyer is told to ask two things says the inbox.
    """
    from sklearn.linear_model import LogisticRegression

    chosen, inbox = (mask & (fitted.both[:, -1] >= SENTENCES_FROM) for mask in (chosen, inbox))
    nothing = {"second_weights": [0.0, 0.0, 1.0], "second_ask": NEVER, "second_said": NEVER, "order": [1.0, 0.0]}
    logits, asks, weight = _logits(fitted, corpus, chosen, settings), fitted.both[chosen, -1], corpus.weight[chosen]
    asked, scenarios = corpus.asks[chosen] > 0, corpus.scenarios[chosen]
    main = logits.argmax(axis=1)
    beside = np.arange(len(corpus.names)) != main[:, None]
    is_second = asked & asked[np.arange(len(main)), main][:, None]
    if len(np.unique(is_second[beside])) < 2:
        return nothing
    evidence = for_second(logits, asks, fitted.peaks[chosen])
    each = np.broadcast_to(weight[:, None], beside.shape)[beside]
    second_weights = LogisticRegression().fit(evidence[beside], is_second[beside], sample_weight=each).coef_[0]
    second, sureness = likeliest_second(evidence, logits, second_weights)
    second_ask = second_said = _least(sureness, corpus.two_asks[chosen], SECOND_ASK_RIGHT)
    if inbox.any():
        of_inbox = _logits(fitted, corpus, inbox, settings)
        evidence = for_second(of_inbox, fitted.both[inbox, -1], fitted.peaks[inbox])
        _, sure_of = likeliest_second(evidence, of_inbox, second_weights)
        second_said = max(second_ask, _least(sure_of, corpus.two_asks[inbox], INBOX_SECOND_RIGHT))
    pairs = np.column_stack([main, second])
    known = (sureness >= second_ask) & (pairs == scenarios[:, None]).any(axis=1)
    is_first = main[known] == scenarios[known]
    if len(np.unique(is_first)) < 2:
        return nothing
    earlier = for_first(logits[known], asks[known], fitted.places[chosen][known], pairs[known])
    order = LogisticRegression(fit_intercept=False).fit(earlier, is_first, sample_weight=weight[known]).coef_[0]
    rounded = {
        name: [round(float(w), 4) for w in ws] for name, ws in (("second_weights", second_weights), ("order", order))
    }
    return {"second_ask": second_ask, "second_said": second_said, **rounded}


def _least(sureness: Array, two_asks: Mask, share: float) -> float:
    """How sure one must be of a second ask, that of the messages that are said to hold two this share does."""
    order = np.argsort(-sureness, kind="stable")
    right = np.cumsum(two_asks[order]) >= share * np.arange(1, len(order) + 1)
    return round(float(sureness[order][np.flatnonzero(right)[-1]]), 4) if right.any() else NEVER


def _logits(fitted: Fit, corpus: Corpus, chosen: Mask, settings: dict[str, Any]) -> Array:
    scores = doubted(fitted.both[chosen], settings["doubt"])
    return scores / _values(settings["temperature"], corpus.languages[chosen])[:, None]


def _together(fitted: Fit, corpus: Corpus, chosen: Mask, settings: dict[str, Any]) -> tuple[Array, NDArray[np.int64]]:
    """Calibrated probabilities of words and meaning, two asks in their order, and the second asks."""
    logits = _logits(fitted, corpus, chosen, settings)
    further = np.full(len(logits), -1)
    asks = fitted.both[chosen, -1]
    close = asks >= SENTENCES_FROM
    said = fitted.places[chosen][close], fitted.peaks[chosen][close]
    logits[close], further[close] = two_asks(logits[close], asks[close], *said, settings)
    return softmax(logits), further


def cascade(fitted: Fit, corpus: Corpus, chosen: Mask, settings: dict[str, Any]) -> Array:
    """Calibrated probabilities: the second reader is heard where the first is not certain enough."""
    languages = corpus.languages[chosen]
    first = _probabilities(fitted.alone[chosen], settings["temperature_first"], languages)
    together, _ = _together(fitted, corpus, chosen, settings)
    return _settled(first, together, settings, languages)


def _settled(first: Array, together: Array, settings: dict[str, Any], languages: NDArray[np.str_]) -> Array:
    return np.where((first.max(axis=1) >= _values(settings["accept_first"], languages))[:, None], first, together)


def is_sure(probabilities: Array, settings: dict[str, Any], languages: NDArray[np.str_]) -> Mask:
    """Whether each message's likeliest scenario passes the threshold of its language."""
    return probabilities.max(axis=1) >= _values(settings["sure"], languages)


def _per_language(
    measure: Callable[[Array, NDArray[np.int64], Array], float],
    scores: Array,
    scenarios: NDArray[np.int64],
    languages: NDArray[np.str_],
    weight: Array,
) -> dict[str, float]:
    values = {"all": measure(scores, scenarios, weight) or UNREACHABLE}
    for language in SUPPORTED_LANGUAGES:
        here = languages == language
        if here.sum() >= MIN_MESSAGES:
            values[language] = measure(scores[here], scenarios[here], weight[here]) or values["all"]
    return {name: round(float(value), 4) for name, value in values.items()}


def _values(setting: dict[str, float], languages: NDArray[np.str_]) -> Array:
    return np.array([setting.get(code, setting["all"]) for code in languages], np.float32)


def _probabilities(scores: Array, temperatures: dict[str, float], languages: NDArray[np.str_]) -> Array:
    return softmax(scores / _values(temperatures, languages)[:, None])


def _temperature(scores: Array, scenarios: NDArray[np.int64], weight: Array) -> float:
    """The temperature with the smallest log loss (Guo et al. 2017)."""
    candidates = np.geomspace(0.02, 3, 120)
    return float(min(candidates, key=lambda t: _log_loss(scores / t, scenarios, weight)))


def _doubt(both: Array, scenarios: NDArray[np.int64], weight: Array) -> float:
    """How much a likely second ask flattens the probabilities, with the smallest log loss."""

    def loss(doubt: float) -> float:
        scores = doubted(both, doubt)
        return _log_loss(scores / _temperature(scores, scenarios, weight), scenarios, weight)

    return min(DOUBTS, key=loss)


def _log_loss(logits: Array, scenarios: NDArray[np.int64], weight: Array) -> float:
    right = softmax(logits)[np.arange(len(logits)), scenarios]
    return float(-np.average(np.log(right + 1e-12), weights=weight))


def _threshold(probabilities: Array, scenarios: NDArray[np.int64], weight: Array) -> float:
    """The lowest probability from which on at most `SURE_ERROR` is wrong, one more mistake allowed for; 0 for none."""
    top = probabilities.max(axis=1)
    order = np.argsort(-top, kind="stable")
    wrong = np.cumsum((weight * (probabilities.argmax(axis=1) != scenarios))[order])
    allowed = np.flatnonzero(wrong + 1 <= SURE_ERROR * np.cumsum(weight[order]))
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
    learned = [m for m in messages if m.cast != INBOX]
    absent = sorted({*scenarios} - {m.scenario for m in learned})
    if absent:
        raise InputError(f"No labelled message for {', '.join(absent)}. Every scenario needs some; add rows.")
    if len({m.cast for m in learned}) < 2:
        raise InputError("All messages are of one cast; calibration needs two or more. Give `group` another number.")
    corpus = Corpus.of(messages, scenarios, lambda share: progress(0.4 * share))
    fitted = fit_readers(corpus)
    progress(0.95)
    everything = np.ones(len(messages), bool)
    calibration = calibrate(fitted, corpus, everything)
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
    return Fitted(arrays, settings, cascade(fitted, corpus, everything, calibration))


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
