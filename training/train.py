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
    HINT,
    NGRAM_ARRAYS,
    PART,
    SENTENCES_FROM,
    VOTE,
    MeaningReader,
    NgramReader,
    evidence,
    for_first,
    for_second,
    in_shares,
    kernel,
    likeliest_second,
    places_and_peaks,
    settings_in_force,
    softmax,
    two_asks,
    weighed,
)
from model.encoder import encode_parts, sentences
from model.scenarios import SCENARIOS
from training.labelled import SAMPLES, Labelled, corpus_sum, read_labelled
from training.packed import Packed

Array = NDArray[np.float32]
Half = NDArray[np.float16]
Mask = NDArray[np.bool_]

# Chosen by leaving out whole casts; training/README.md has what was tried.
SVM_C = 1.0
SVM_TOLERANCE = 0.01  # a hundredth of it gives the same answers in twice the time
GAMMA = 1.0
RIDGE = 0.3
SECOND_SHARE = 0.25  # what a scenario that is asked for besides counts in the regression, beside 1 for the main one
READINGS = (0.4, 0.3, 0.3)  # what the whole message, its questions and its highest sentences weigh in a distance
N_AXES = 110
HARD_WEIGHT = 0.5  # of a message written to be hard: oddities are not learned by heart, and inboxes hold fewer of them
INBOXES = ("inbox", "28", "29")  # casts of messages as an inbox has them, which say what is sure
N_FOLDS = 4  # groups of casts that the words alone are calibrated on
KERNEL_ROWS = 200  # of the kernel matrix that are made at once
UNREACHABLE = 1.01  # a probability that no message has
NEVER = 1e6  # a sureness that no second ask has
SURE_ERROR = 0.02  # at most this share of the sure is wrong
UNREAD_LOSS = 0.001  # of all messages, that the words alone may get wrong where the meaning would have put them right
SECOND_ASK_RIGHT = 0.55  # of the messages of casts that are said to hold two asks, at least this share does
INBOX_SECOND_RIGHT = 0.5  # the same in an inbox, where one message in ten does
MIN_MESSAGES = 50  # a language with fewer is calibrated with all others together


@dataclass(frozen=True)
class Corpus:
    """Labelled messages with the features that both readers need, computed once."""

    names: tuple[str, ...]  # of the scenarios, in the order of the columns
    messages: list[Labelled]
    texts: list[str]  # as they are read
    ngrams: "features.NgramCounts"
    vectors: Half  # finer than the grid that they come to lie on
    sizes: NDArray[np.int64]  # how many sentences each has
    each: Half  # the vectors of all sentences
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
            *_encode_once(texts, progress),
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
        return np.where(hard & ~self.of_inbox, HARD_WEIGHT, 1).astype(np.float32)

    @property
    def of_inbox(self) -> Mask:
        """Whether each message was written as an inbox has them."""
        return np.isin(self.casts, INBOXES)

    def sentences_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where the sentences of some messages stand among those of all."""
        return _spans(self.sizes, rows)


def _encode_once(texts: Sequence[str], progress: Callable[[float], None]) -> tuple[Half, NDArray[np.int64], Half]:
    """The vector of each text, how many sentences it has, and theirs; what stands there several times is read once."""
    different = list(dict.fromkeys(texts))
    vectors, each, sizes = [], [], list[int]()
    for start in range(0, len(different), PART):
        progress(start / len(different))
        parts = [sentences(text) for text in different[start : start + PART]]
        of_part, of_sentences = encode_parts(parts)
        vectors.append(of_part.astype(np.float16))
        each.append(of_sentences.astype(np.float16))
        sizes += map(len, parts)
    number = {text: i for i, text in enumerate(different)}
    rows = np.array([number[text] for text in texts])
    counts = np.array(sizes)
    return np.concatenate(vectors)[rows], counts[rows], np.concatenate(each)[_spans(counts, rows)]


def _spans(sizes: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where the parts of some rows stand among those of all."""
    stops = np.cumsum(sizes)
    return np.concatenate([np.arange(stops[row] - sizes[row], stops[row]) for row in rows])


@dataclass(frozen=True)
class Fit:
    """Both readers, and what they say of each message when nobody of its cast was read.

    `alone` are the scores of the words, shape (n_messages, n_scenarios), `evidence` is what speaks for each scenario,
    (n_messages, n_scenarios, n_kinds), `both` are the scores of words and meaning together, the last one the margin of
    a second ask, (n_messages, n_scenarios + 1), `hints` the words' half of that margin, (n_messages,). Where there may
    be one, `places` say where in a message each scenario is asked for, `peaks` how plainly, (n_messages, n_scenarios).
    """

    ngrams: NgramReader
    meaning: MeaningReader
    alone: Array
    evidence: Array
    both: Array
    hints: Array
    places: Array
    peaks: Array


def fit_readers(corpus: Corpus) -> Fit:
    """Fit both readers, and answer for every cast as if it had been left out.

    Leaving out whole casts is the honest cross-validation: who writes a cast repeats himself. Together the readers are
    one kernel ridge regression in closed form. Its kernel is the sum of a linear one on the words and a radial one on
    the meaning.
    """
    order = np.argsort(corpus.casts, kind="stable")
    casts, scenarios = corpus.casts[order], corpus.scenarios[order]
    idf, idf_step = _inverse_document_frequencies(corpus.ngrams)
    x = _word_features(corpus.ngrams, idf, idf_step)[order]
    alone = np.empty((len(order), len(corpus.names)), np.float32)
    alone[order], words_alone, bias_alone = _fit_alone(x, scenarios, casts, len(corpus.names))
    mean, axes, steps, grid = _meaning_features(corpus, order)
    share = len(order) / len(corpus.names) / np.bincount(scenarios, minlength=len(corpus.names)).clip(1)
    member = np.column_stack([corpus.asks[order], corpus.two_asks[order]]).astype(np.float32)
    weight = share[scenarios] * corpus.weight[order]
    bias = np.average(member, axis=0, weights=weight).astype(np.float32)
    points = grid * steps
    matrix = _kernel_matrix(x, points, (RIDGE / weight).astype(np.float32))
    weights = matrix.invert(member - bias)  # from here on it is the inverse
    columns = np.column_stack([words_alone, x.T @ weights]) * (idf * idf_step)[:, None]
    column_steps = (np.abs(columns).max(axis=0) / 127).clip(1e-9).astype(np.float32)
    ngrams = NgramReader(
        np.rint(columns / column_steps).astype(np.int8),
        column_steps,
        idf,
        np.array([idf_step], np.float32),
        np.concatenate([bias_alone, bias]).astype(np.float32),
    )
    meaning = MeaningReader(mean, axes, grid, steps, weights, scenarios.astype(np.int8), GAMMA)

    votes, places, peaks = np.zeros((3, *alone.shape), np.float32)
    half, both = np.zeros((2, len(order), len(corpus.names) + 1), np.float32)
    spoken = np.zeros((corpus.sizes.sum(), len(corpus.names) + 1), np.float32)
    for cast, missed, without in _without_each(matrix, weights, casts):
        rows, words = order[cast], x.T @ without
        both[rows] = member[cast] - missed
        half[rows] = x[cast] @ words + bias
        votes[rows] = _votes(points, scenarios, cast, len(corpus.names))
        spoken[corpus.sentences_of(rows)] = half[rows].repeat(corpus.sizes[rows], axis=0)
        several = rows[corpus.sizes[rows] > 1]
        if len(several):
            folded = [features.fold(s) for i in several for s in sentences(corpus.texts[i])]
            of_sentences = _word_features(features.ngram_counts(folded), idf, idf_step)
            spoken[corpus.sentences_of(several)] = of_sentences @ words + bias
        close = rows[both[rows, -1] >= SENTENCES_FROM]
        if len(close):
            sizes, own = corpus.sizes[close], corpus.sentences_of(close)
            meant = ((np.tile(corpus.each[own], len(READINGS)) - mean) @ axes).astype(np.float32)
            near = np.concatenate([kernel(part, points, GAMMA) @ without for part in _in_parts(meant)])
            alike = (sizes == 1).repeat(sizes)[:, None]  # one sentence is the whole message
            said = np.where(alike, both[close].repeat(sizes, axis=0), spoken[own] + near)
            places[close], peaks[close] = places_and_peaks(said[:, :-1], sizes)
    gathered = evidence(alone, half, both, votes, spoken, corpus.sizes)
    return Fit(ngrams, meaning, alone, gathered, both, half[:, -1], places, peaks)


def _votes(points: Array, scenarios: NDArray[np.int64], left_out: NDArray[np.int64], n_scenarios: int) -> Array:
    """The share of each scenario among the nearest of the others, shape (len(left_out), n_scenarios)."""
    voters = np.delete(np.arange(len(points)), left_out)
    labels = np.eye(n_scenarios, dtype=np.float32)[scenarios[voters]]
    near = [kernel(part, points[voters], VOTE * GAMMA) @ labels for part in _in_parts(points[left_out])]
    return in_shares(np.concatenate(near))


def _in_parts(rows: Array) -> list[Array]:
    return np.split(rows, range(KERNEL_ROWS, len(rows), KERNEL_ROWS))


def _fit_alone(
    x: Any, scenarios: NDArray[np.int64], casts: NDArray[np.str_], n_scenarios: int
) -> tuple[Array, Array, Array]:
    """Linear support vector machine on the words: scores for left-out casts, then weights and bias on all.

    The casts are left out in `N_FOLDS` groups.
    """
    from sklearn.svm import LinearSVC

    def fitted(rows: Mask) -> tuple[Array, Array]:
        weights, bias = np.zeros((x.shape[1], n_scenarios), np.float32), np.full(n_scenarios, -10.0, np.float32)
        present = np.unique(scenarios[rows])
        if len(present) == 1:
            bias[present] = 0
            return weights, bias
        svm = LinearSVC(C=SVM_C, class_weight="balanced", tol=SVM_TOLERANCE, random_state=0)
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
    inverse: Packed, weights: Array, casts: NDArray[np.str_]
) -> Iterator[tuple[NDArray[np.int64], Array, Array]]:
    """For every cast, rows sorted by cast: its rows, how far a regression without it misses them, and its weights.

    With the inverse G of kernel plus ridge and the weights a that miss nothing but the ridge, a regression without the
    rows c misses them by (G_cc)⁻¹ a_c, and its weights are a - G_.c (G_cc)⁻¹ a_c: leave-one-out in block form
    (Rasmussen & Williams 2006, section 5.4.2, http://gaussianprocess.org/gpml/).
    """
    edges = np.flatnonzero(casts[1:] != casts[:-1]) + 1
    for rows in np.split(np.arange(len(casts)), edges):
        columns = inverse.columns(rows[0], rows[-1] + 1)
        missed = np.linalg.solve(columns[rows], weights[rows])
        without = weights - columns @ missed
        without[rows] = 0
        yield rows, missed, without


def _inverse_document_frequencies(ngrams: "features.NgramCounts") -> tuple[NDArray[np.uint8], float]:
    """Of every bucket, on a grid, and its step."""
    document_frequency = np.bincount(ngrams.buckets, minlength=1 << features.BITS)
    exact = np.log(len(ngrams.rows) / (1 + document_frequency)) + 1
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
    vectors = corpus.vectors[order].astype(np.float32)
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


def _kernel_matrix(x: Any, points: Array, ridge: Array) -> Packed:
    """The kernels of all pairs of messages, with the ridge."""
    from joblib import Parallel, delayed

    def columns(start: int) -> tuple[int, Array]:
        stop = start + KERNEL_ROWS
        near = kernel(points[start:], points[start:stop], GAMMA)
        near += (x[start:] @ x[start:stop].T).toarray()
        near[np.diag_indices(near.shape[1])] += ridge[start:stop]
        return start, near

    matrix = Packed(len(points))
    starts = range(0, len(points), KERNEL_ROWS)
    for made in Parallel(n_jobs=-1, prefer="threads", return_as="generator")(map(delayed(columns), starts)):
        matrix.put(*made)
    return matrix


def calibrate(fitted: Fit, corpus: Corpus, chosen: Mask) -> dict[str, Any]:
    """What each kind of evidence weighs, temperatures and thresholds, from answers on messages of left-out casts.

    Temperatures and thresholds stand for "all" and per language. The casts were asked for oddities. Where there is an
    inbox, its messages say how much surer one may be than on the casts, and from when on one is sure; what weighs how
    much they do not say, for they are much alike, and other inboxes are not.
    """
    inbox, casts = chosen & corpus.of_inbox, chosen & ~corpus.of_inbox
    scenarios, languages, weight = corpus.scenarios[casts], corpus.languages[casts], corpus.weight[casts]
    per_language = partial(_per_language, scenarios=scenarios, languages=languages, weight=weight)
    settings: dict[str, Any] = _weights(fitted.evidence[casts], scenarios, weight)
    for name, scores in (("temperature_first", fitted.alone), ("temperature", weighed(fitted.evidence, settings))):
        settings[name] = per_language(_temperature, scores[casts])
        if inbox.any():
            of_inbox = scores[inbox] / _values(settings[name], corpus.languages[inbox])[:, None]
            ease = _temperature(of_inbox, corpus.scenarios[inbox], corpus.weight[inbox])
            settings[name] = {code: round(value * ease, 4) for code, value in settings[name].items()}
    settings |= _second_asks(fitted, corpus, casts, inbox, settings)
    first = _probabilities(fitted.alone[casts], settings["temperature_first"], languages)
    together, further = _together(fitted, corpus, casts, settings)
    # What a message loses when its words alone are read: the right scenario, a second ask; below 0 it gains.
    lost = (together.argmax(axis=1) == scenarios).astype(np.float32) - (first.argmax(axis=1) == scenarios)
    lost += corpus.two_asks[casts] & (further >= 0)
    lost[fitted.hints[casts] >= HINT] = 0  # these are read twice
    settings["accept_first"] = per_language(_acceptance, np.column_stack([first.max(axis=1), lost]))
    if not inbox.any():
        settled = _settled(fitted, casts, first, together, settings, languages)
        return settings | {"sure_first": per_language(_threshold, first), "sure": per_language(_threshold, settled)}
    first = _probabilities(fitted.alone[inbox], settings["temperature_first"], corpus.languages[inbox])
    for name, of_inbox in (("sure_first", first), ("sure", cascade(fitted, corpus, inbox, settings))):
        threshold = _threshold(of_inbox, corpus.scenarios[inbox], corpus.weight[inbox]) or UNREACHABLE
        settings[name] = {"all": round(threshold, 4)}
    return settings


def _weights(evidence: Array, scenarios: NDArray[np.int64], weight: Array) -> dict[str, Any]:
    """What each kind of evidence weighs, the same for every scenario, and the bias of each scenario.

    A conditional logit (McFadden 1974, https://eml.berkeley.edu/reprints/mcfadden/zarembka.pdf): a message chooses
    among the scenarios. Far fewer numbers than a regression for every scenario, and as right.
    """
    from scipy.optimize import minimize

    spread = evidence.std(axis=(0, 1)).clip(1e-6)
    scaled = (evidence / spread).astype(np.float64)
    n_kinds = scaled.shape[2]
    chosen = np.eye(scaled.shape[1])[scenarios]

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights, bias = parameters[:n_kinds], parameters[n_kinds:]
        probabilities = softmax(scaled @ weights + bias)
        missed = weight[:, None] * (probabilities - chosen)
        by_kind = np.einsum("nk,nkj->j", missed, scaled)
        likelihood = weight @ np.log((probabilities * chosen).sum(axis=1) + 1e-300)
        value = 0.5 * parameters @ parameters - likelihood
        return value, np.concatenate([by_kind, missed.sum(axis=0)]) + parameters

    found = minimize(loss, np.zeros(n_kinds + scaled.shape[1]), jac=True, method="L-BFGS-B").x
    return {
        "weights": [round(float(w), 4) for w in found[:n_kinds] / spread],
        "bias": [round(float(b), 4) for b in found[n_kinds:]],
    }


def _acceptance(certain: Array, _: NDArray[np.int64], weight: Array) -> float:
    """The lowest probability of the words alone from which on the meaning adds next to nothing; 0 for none.

    `certain` holds that probability and what is lost, shape (n_messages, 2).
    """
    order = np.argsort(-certain[:, 0], kind="stable")
    lost = np.cumsum((certain[:, 1] * weight)[order])
    borne = np.flatnonzero(lost <= UNREAD_LOSS * weight.sum())
    return float(certain[order[borne[-1]], 0]) if len(borne) else 0.0


def _second_asks(fitted: Fit, corpus: Corpus, casts: Mask, inbox: Mask, settings: dict[str, Any]) -> dict[str, Any]:
    """What a second ask is known by, from when on it is heard and said, and which of two asks is the main one.

    Two logistic regressions: on every scenario but the likeliest of the messages that may hold two asks, and on the
    pairs that are heard of which one is the main ask. From when on a buyer is told to ask two things says the inbox.
    """
    from sklearn.linear_model import LogisticRegression

    casts, inbox = (mask & (fitted.both[:, -1] >= SENTENCES_FROM) for mask in (casts, inbox))
    nothing = {"second_weights": [0.0, 0.0, 1.0], "second_ask": NEVER, "second_said": NEVER, "order": [1.0, 0.0]}
    logits, asks, weight = _logits(fitted, corpus, casts, settings), fitted.both[casts, -1], corpus.weight[casts]
    asked, scenarios = corpus.asks[casts] > 0, corpus.scenarios[casts]
    main = logits.argmax(axis=1)
    beside = np.arange(len(corpus.names)) != main[:, None]
    is_second = asked & asked[np.arange(len(main)), main][:, None]
    if len(np.unique(is_second[beside])) < 2:
        return nothing
    told = for_second(fitted.both[casts, :-1], asks, fitted.peaks[casts])
    each = np.broadcast_to(weight[:, None], beside.shape)[beside]
    second_weights = LogisticRegression().fit(told[beside], is_second[beside], sample_weight=each).coef_[0]
    second, sureness = likeliest_second(told, logits, second_weights)
    second_ask = second_said = _least(sureness, corpus.two_asks[casts], SECOND_ASK_RIGHT)
    if inbox.any():
        of_inbox = _logits(fitted, corpus, inbox, settings)
        told = for_second(fitted.both[inbox, :-1], fitted.both[inbox, -1], fitted.peaks[inbox])
        _, sure_of = likeliest_second(told, of_inbox, second_weights)
        second_said = max(second_ask, _least(sure_of, corpus.two_asks[inbox], INBOX_SECOND_RIGHT))
    pairs = np.column_stack([main, second])
    known = (sureness >= second_ask) & (pairs == scenarios[:, None]).any(axis=1)
    is_first = main[known] == scenarios[known]
    if len(np.unique(is_first)) < 2:
        return nothing
    earlier = for_first(logits[known], asks[known], fitted.places[casts][known], pairs[known])
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
    return (
        weighed(fitted.evidence[chosen], settings) / _values(settings["temperature"], corpus.languages[chosen])[:, None]
    )


def _together(fitted: Fit, corpus: Corpus, chosen: Mask, settings: dict[str, Any]) -> tuple[Array, NDArray[np.int64]]:
    """Calibrated probabilities of words and meaning, two asks in their order, and the second asks."""
    logits = _logits(fitted, corpus, chosen, settings)
    further = np.full(len(logits), -1)
    both = fitted.both[chosen]
    close = both[:, -1] >= SENTENCES_FROM
    said = fitted.places[chosen][close], fitted.peaks[chosen][close]
    logits[close], further[close] = two_asks(logits[close], both[close], *said, settings)
    return softmax(logits), further


def cascade(fitted: Fit, corpus: Corpus, chosen: Mask, settings: dict[str, Any]) -> Array:
    """Calibrated probabilities: the second reader is heard where the first is not certain enough."""
    languages = corpus.languages[chosen]
    first = _probabilities(fitted.alone[chosen], settings["temperature_first"], languages)
    together, _ = _together(fitted, corpus, chosen, settings)
    return _settled(fitted, chosen, first, together, settings, languages)


def _settled(
    fitted: Fit, chosen: Mask, first: Array, together: Array, settings: dict[str, Any], languages: NDArray[np.str_]
) -> Array:
    by_words = (first.max(axis=1) >= _values(settings["accept_first"], languages)) & (fitted.hints[chosen] < HINT)
    return np.where(by_words[:, None], first, together)


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
    absent = sorted({*scenarios} - {m.scenario for m in messages})
    if absent:
        raise InputError(f"No labelled message for {', '.join(absent)}. Every scenario needs some; add rows.")
    if len({m.cast for m in messages}) < 2:
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
    arrays |= {"meaning_weights": meaning.weights.astype(np.float16), "meaning_labels": meaning.labels}
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
