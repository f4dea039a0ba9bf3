"""The two readers: the words of every message are read, and the meaning of those whose words do not settle it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from messages import detect_languages
from model import features, signals
from model.artifact import PRETRAINED, ModelError, load_model
from model.encoder import N_DIMENSIONS, N_READINGS, encode_parts, encoder_version, sentences
from model.kernel import add_products, compare, memory, score, share
from model.prediction import Prediction
from model.products import at_least, one_thread, product, rounds_alike
from model.scenarios import SCENARIOS
from model.why import deciding_words

Array = NDArray[np.float32]
# Scenarios by number, the likeliest first; the probability of each; further asks; flags.
Judged = tuple[list[int], list[float], tuple[str, ...], tuple[str, ...]]
PART = 512
KERNEL_PART = 64  # messages, and
LANDMARK_PART = 2_048  # landmarks, whose nearness to each other fits a cache
NGRAM_ARRAYS = ("weights", "steps", "idf", "idf_step", "bias")
MAX_REASONED = 4_000
HINT = 0.3  # words' half of the margin of a second ask from which on the words alone do not settle a message
SENTENCES_FROM = 0.2  # margin of a second ask from which on a message is read sentence by sentence
VOTE = 32  # power of the kernel with which a landmark votes
SHARPNESS = 8  # of what a sentence asks: the likeliest scenario has nearly all of it
THANKS_POSSIBLE = 0.1  # thanks in a message that is less likely to be "other" are a manner of speaking
THANKS_RIGHT = 0.8  # share of right ones among the messages that the rules call thanks and nothing else


def settings_in_force() -> dict[str, Any]:
    """What a model must have been made for to be used by this Henji."""
    return {
        "bits": features.BITS,
        "character_ngrams": list(features.CHARACTER_NGRAMS),
        "word_ngrams": list(features.WORD_NGRAMS),
        "encoder": encoder_version(),
        "courtesies": features.courtesies_sum(),
        "dimensions": N_READINGS * N_DIMENSIONS,
    }


@dataclass(frozen=True)
class NgramReader:
    """What the words say, alone and as one half of what words and meaning say together.

    Linear on TF-IDF of hashed n-grams, unit length. `weights` has shape (2 ** bits, 2 * n_scenarios + 1): a column per
    scenario for the words alone, then one per scenario and one for a second ask that wait for the meaning to be added.
    The weights hold the inverse document frequencies `idf`, of shape (2 ** bits,), already; both are whole numbers, to
    be multiplied by `steps` (one per column) and `idf_step`.
    """

    weights: NDArray[np.int8]
    steps: Array
    idf: NDArray[np.uint8]
    idf_step: Array
    bias: Array

    def scores(self, normalised: Sequence[str]) -> tuple[Array, Array]:
        """Of the words alone, shape (len(normalised), n_scenarios), and their half, (…, n_scenarios + 1)."""
        totals = np.empty((len(normalised), self.weights.shape[1]))
        score(*features.tally(normalised), self.weights, self.idf, totals)
        scores = (totals / self.idf_step * self.steps + self.bias).astype(np.float32)
        n_scenarios = scores.shape[1] // 2
        return scores[:, :n_scenarios], scores[:, n_scenarios:]

    def shares(self, normalised: Sequence[str], scenarios: Sequence[int]) -> NDArray[np.float64]:
        """What each character of the texts adds to the score of its text's scenario above the mean of the others.

        The texts stand one after another, each with a blank before and after it.
        """
        codes, inside, ends = features.code_points(normalised)
        n_scenarios = self.weights.shape[1] // 2
        mixes = np.full((n_scenarios, n_scenarios), -1 / (n_scenarios - 1))
        np.fill_diagonal(mixes, 1)
        mixes *= self.steps[:n_scenarios] / self.idf_step
        shares = np.empty(len(codes))
        longest = int(np.diff(ends, prepend=0).max(initial=0))
        share(codes, inside, ends, *memory(longest), self.weights, self.idf, mixes, np.array(scenarios, int), shares)
        return shares


@dataclass(frozen=True)
class MeaningReader:
    """What the meaning adds to the words: how near a message is to each of many labelled landmarks.

    Radial basis kernel exp(-gamma * |x - landmark|²) on sentence embeddings, projected to their principal axes.
    `mean` has shape (n_dimensions,), `axes` (n_dimensions, n_axes), `landmarks` (n_landmarks, n_axes), to be multiplied
    by `steps` (n_axes,), `weights` (n_landmarks, n_scenarios + 1), the last column for a second ask, and `labels`
    (n_landmarks,) are the scenarios of the landmarks by number.
    """

    mean: Array
    axes: Array
    landmarks: NDArray[np.int8]
    steps: Array
    weights: Array
    labels: NDArray[np.int8]
    gamma: float

    def scores(self, vectors: Array) -> Array:
        """What is to be added to the scores of the words, shape (len(vectors), n_scenarios + 1)."""
        return self._compared(vectors)[0]

    def scores_and_votes(self, vectors: Array) -> tuple[Array, Array]:
        """The same, and the share of each scenario among the nearest landmarks, shape (len(vectors), n_scenarios).

        A landmark's vote is its kernel to the power of `VOTE`: the next few decide, where the scores hear all.
        """
        scores, votes = self._compared(vectors, voted=True)
        return scores, in_shares(votes)

    def _compared(self, vectors: Array, voted: bool = False) -> tuple[Array, Array]:
        """Scores and votes; these up to a factor.

        What of the kernel is the landmark's alone, exp(-gamma * |landmark|²), stands in its weights, what is the
        message's is multiplied at the end; between them is exp(2 * gamma * x @ landmark).
        """
        scores = np.zeros((len(vectors), self.weights.shape[1]), np.float32)
        votes = np.zeros((len(vectors), self.weights.shape[1] - 1), np.float32)
        for start in range(0, len(vectors), KERNEL_PART):
            x = product(vectors[start : start + KERNEL_PART] - self.mean, self.axes) * np.float32(2 * self.gamma)
            total, vote = scores[start : start + KERNEL_PART], votes[start : start + KERNEL_PART]  # views
            for near, parts in self._products(x):
                add_products(np.exp(near, out=near), self._parts[1][parts], total)
                if voted:
                    near *= self._parts[2][parts]
                    for _ in range(VOTE.bit_length() - 1):
                        np.square(near, out=near)
                    add_products(near, self._parts[3][parts], vote)
            total *= np.exp(-(x**2).sum(axis=1, keepdims=True) / (4 * self.gamma))
        return scores, votes

    def _products(self, x: Array) -> Iterator[tuple[Array, slice]]:
        """Of rows and the landmarks, and which parts of these; for one row a quarter is read, and all at once."""
        parts = self._parts[0]
        if len(x) == 1 and rounds_alike():
            into = np.empty((len(parts), 1, LANDMARK_PART), np.float32)
            compare(x[0], parts, self.steps, into[:, 0])
            yield into, slice(None)
        else:
            with one_thread():
                for i, part in enumerate(self._wide_parts):
                    yield (at_least(x, 2) @ part)[None, : len(x)], slice(i, i + 1)

    @cached_property
    def _parts(self) -> tuple[NDArray[np.int8], Array, Array, Array]:
        """Landmarks, weights, the landmarks' own factors and whom they vote for, as they are multiplied.

        Each of shape (n_parts, …, LANDMARK_PART). All parts are of one size, with landmarks of weight 0 at the end, so
        that all products round alike.
        """
        n_parts = -(-len(self.landmarks) // LANDMARK_PART)
        of_landmarks = np.exp(-self.gamma * ((self.landmarks * self.steps) ** 2).sum(axis=1, keepdims=True))

        def parted(rows: NDArray[Any]) -> NDArray[Any]:
            parts = at_least(rows, n_parts * LANDMARK_PART).reshape(n_parts, LANDMARK_PART, -1)
            return np.ascontiguousarray(parts.transpose(0, 2, 1))

        weights = (self.weights * of_landmarks).astype(np.float32)
        votes = (self.labels[:, None] == np.arange(self.weights.shape[1] - 1)).astype(np.float32)
        return parted(self.landmarks), parted(weights), parted(of_landmarks.astype(np.float32)), parted(votes)

    @cached_property
    def _wide_parts(self) -> Array:
        """The landmarks again, multiplied by their steps, as the library's product wants them."""
        return self._parts[0] * self.steps[:, None]


def kernel(a: Array, b: Array, gamma: float) -> Array:
    """exp(-gamma * squared distance) for every pair, shape (len(a), len(b)).

    >>> kernel(np.zeros((1, 2)), np.array([[0, 0], [0, 1]]), 1.0).round(2)
    array([[1.  , 0.37]])
    """
    squared = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None, :] - 2 * a @ b.T
    return np.exp(-gamma * np.maximum(squared, 0))


def in_shares(votes: Array) -> Array:
    """What part of its row each is, 0 where there are none.

    >>> in_shares(np.array([[3.0, 1.0], [0.0, 0.0]])).tolist()
    [[0.75, 0.25], [0.0, 0.0]]
    """
    return votes / votes.sum(axis=1, keepdims=True).clip(np.finfo(np.float32).tiny)


def evidence(
    alone: Array, half: Array, both: Array, votes: Array, spoken: Array, sizes: Sequence[int] | NDArray[np.int64]
) -> Array:
    """What speaks for each scenario, shape (n_messages, n_scenarios, 7).

    The scores of words and meaning, of the words' half and of words alone, the votes of the nearest landmarks, the
    words' half of the highest and of the mean of the sentences, and the first of these again where a second ask is
    likely. `spoken` is the words' half of every sentence, `sizes` how many sentences each message has.

    >>> alone, votes = np.array([[1.0, -1.0]]), np.array([[0.9, 0.1]])
    >>> half, both = np.array([[0.3, 0.1, 0.2]]), np.array([[0.8, 0.2, 0.5]])
    >>> spoken = np.array([[0.6, 0.0, 0.1], [0.0, 0.4, 0.1]])
    >>> evidence(alone, half, both, votes, spoken, [2])[0].round(2)
    array([[ 0.8 ,  0.3 ,  1.  , -0.1 ,  0.6 ,  0.3 ,  0.4 ],
           [ 0.2 ,  0.1 , -1.  , -2.29,  0.4 ,  0.2 ,  0.1 ]], dtype=float32)
    """
    starts = np.cumsum([0, *sizes[:-1]])
    spoken = spoken[:, :-1]
    asks = both[:, -1:]
    doubt = np.where(asks >= SENTENCES_FROM, asks.clip(0, 1), 0)
    return np.stack(
        [
            both[:, :-1],
            half[:, :-1],
            alone,
            np.log(votes + 1e-3),
            np.maximum.reduceat(spoken, starts),
            np.add.reduceat(spoken, starts) / np.array(sizes)[:, None],
            doubt * both[:, :-1],
        ],
        axis=2,
    ).astype(np.float32)


def weighed(evidence: Array, calibration: Mapping[str, Any]) -> Array:
    """The logits of the scenarios before they are brought to the temperature of a language.

    >>> weighed(np.array([[[1.0, 2.0], [0.0, 1.0]]]), {"weights": [2.0, 0.5], "bias": [0.0, 0.25]}).tolist()
    [[3.0, 0.75]]
    """
    weights, bias = (np.array(calibration[name], np.float32) for name in ("weights", "bias"))
    logits: Array = (evidence * weights).sum(axis=2) + bias  # not a product: a row comes out the same beside any others
    return logits


def places_and_peaks(scores: Array, sizes: Sequence[int] | NDArray[np.int64]) -> tuple[Array, Array]:
    """Where in a message each scenario is asked for, from 0 for its first sentence to 1 for its last, and how plainly.

    `scores` are those of all sentences, `sizes` how many each message has. Both have shape (len(sizes), n_scenarios);
    a peak is the largest share that a scenario has of one sentence.

    >>> places, peaks = places_and_peaks(np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]), [2, 1])
    >>> places.round(2).tolist(), peaks.round(2).tolist()
    ([[0.0, 1.0], [0.5, 0.5]], [[1.0, 1.0], [0.5, 0.5]])
    """
    shares = softmax(SHARPNESS * scores)
    along = np.concatenate([np.linspace(0, 1, n) if n > 1 else [0.5] for n in sizes])[:, None]
    starts = np.cumsum([0, *sizes[:-1]])
    places = np.add.reduceat(shares * along, starts) / np.add.reduceat(shares, starts)
    return places.astype(np.float32), np.maximum.reduceat(shares, starts).astype(np.float32)


def for_second(scores: Array, asks: Array, peaks: Array) -> Array:
    """What speaks for each scenario as a second ask, shape (len(scores), n_scenarios, 3).

    The score of words and meaning, which is a quarter for what is asked besides, how plain the plainest sentence is,
    and the margin of a second ask.
    """
    return np.stack([scores, np.log(peaks + 1e-3), np.broadcast_to(asks[:, None], peaks.shape)], axis=2)


def likeliest_second(evidence: Array, logits: Array, weights: Sequence[float]) -> tuple[NDArray[np.int64], Array]:
    """The scenario beside the main one that most speaks for, and how much, of each message."""
    sureness = evidence @ np.array(weights)
    sureness[np.arange(len(logits)), logits.argmax(axis=1)] = -np.inf
    return sureness.argmax(axis=1), sureness.max(axis=1)


def for_first(logits: Array, asks: Array, places: Array, pairs: NDArray[np.int64]) -> Array:
    """What speaks for the first of each pair of scenarios, shape (len(logits), 2): how much likelier, how much earlier.

    The surer a second ask is, the more its place says.
    """
    first, second = np.take_along_axis(logits, pairs, 1).T
    before, after = np.take_along_axis(places, pairs, 1).T
    return np.column_stack([first - second, (after - before) * asks.clip(0, 1)])


def in_order(logits: Array, asks: Array, places: Array, pairs: NDArray[np.int64], order: Sequence[float]) -> Array:
    """The logits with each pair weighed anew: of two asks, people mostly name the one that matters first.

    The probabilities of the two together stay what they were.

    >>> logits, places = np.log(np.array([[0.5, 0.4, 0.1]])), np.array([[1.0, 0.0, 0.5]])
    >>> np.exp(in_order(logits, np.array([1.0]), places, np.array([[0, 1]]), (1.0, 3.0))).round(2)
    array([[0.05, 0.85, 0.1 ]])
    """
    evidence = for_first(logits, asks, places, pairs) @ np.array(order)
    together = np.logaddexp.reduce(np.take_along_axis(logits, pairs, 1), axis=1)
    anew = together[:, None] - np.logaddexp(0, np.column_stack([-evidence, evidence]))
    ordered = logits.copy()
    np.put_along_axis(ordered, pairs, anew.astype(logits.dtype), 1)
    return ordered


def two_asks(
    logits: Array, both: Array, places: Array, peaks: Array, calibration: Mapping[str, Any]
) -> tuple[Array, NDArray[np.int64]]:
    """The logits with the main ask of two where it belongs, and the other one of each message, -1 for none.

    `both` are the scores of words and meaning, the last one for a second ask. Less is needed to weigh which of two is
    the main ask than to say that there are two.
    """
    scores, asks = both[:, :-1], both[:, -1]
    second, sureness = likeliest_second(for_second(scores, asks, peaks), logits, calibration["second_weights"])
    heard = np.flatnonzero(sureness >= calibration["second_ask"])
    pairs = np.column_stack([logits.argmax(axis=1), second])[heard]
    anew = in_order(logits[heard], asks[heard], places[heard], pairs, calibration["order"])
    beaten = ~(pairs == anew.argmax(axis=1)[:, None]).any(axis=1)  # by a third scenario: then all stays as it was
    anew[beaten] = logits[heard[beaten]]
    ordered, further = logits.copy(), np.full(len(logits), -1)
    said = sureness[heard] >= calibration["second_said"]
    ordered[heard], further[heard] = anew, np.where(said, pairs.sum(axis=1) - anew.argmax(axis=1), -1)
    return ordered, further


def softmax(logits: Array) -> Array:
    """Probabilities along the last axis."""
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


class ScenarioClassifier:
    """Routes buyer messages to scenarios, as a scikit-learn estimator does: `predict`, `predict_proba`, `classes_`.

    One kernel ridge regression with two kernels, fitted together: a linear one on n-grams, which every message is
    read by, and one on its meaning, added where the n-grams alone are not certain. Probabilities are calibrated per
    language by temperature (Guo et al. 2017, https://arxiv.org/abs/1706.04599).
    """

    def __init__(
        self,
        ngrams: NgramReader,
        meaning: MeaningReader,
        calibration: dict[str, Any],
        scenarios: Sequence[str] = SCENARIOS,
    ):
        self.ngrams = ngrams
        self.meaning = meaning
        self.calibration = calibration
        self.classes_ = np.array(scenarios)
        self._names = list(scenarios)

    def decision_function(self, messages: Sequence[str]) -> Array:
        """Calibrated log-probabilities up to a constant per row, shape (len(messages), n_scenarios)."""
        return self._read(_checked(messages))[0]

    def predict_proba(self, messages: Sequence[str]) -> Array:
        """Calibrated probabilities, shape (len(messages), n_scenarios), columns in the order of `classes_`."""
        return softmax(self.decision_function(messages))

    def predict(self, messages: Sequence[str]) -> NDArray[np.str_]:
        """The likeliest scenario of each message."""
        return self.classes_[self.decision_function(messages).argmax(axis=1)]

    def classify(self, messages: Sequence[str], *, fast: bool = False, why: bool = True) -> list[Prediction]:
        """Everything that is known of each message, in the order given.

        `fast` reads the words alone: three times the speed, less often right, fewer are sure, no second ask is found.
        Without `why` that stays empty.
        """
        messages = _checked(messages)
        logits, further, normalised, languages = self._read(messages, fast)
        sure = self._per_language("sure_first" if fast else "sure", languages).tolist()
        rows = zip(messages, languages, softmax(logits).tolist(), further.tolist(), strict=True)
        judged = [self._judged(*row) for row in rows]
        words = self._why(normalised, [order[0] for order, *_ in judged]) if why else [[] for _ in messages]
        told = zip(messages, languages, sure, judged, words, strict=True)
        return [self._prediction(*of_message) for of_message in told]

    def _read(
        self, messages: Sequence[str], fast: bool = False
    ) -> tuple[Array, NDArray[np.int64], list[str], list[str]]:
        """Logits, the second ask (-1 for none), the text that the first reader saw, and the language of each."""
        logits = np.zeros((len(messages), len(self.classes_)), np.float32)
        further = np.full(len(messages), -1)
        normalised: list[str] = []
        languages: list[str] = []
        for start in range(0, len(messages), PART):
            texts = features.readable_each(messages[start : start + PART])
            codes = detect_languages(texts)
            folded = [features.fold(text) for text in texts]
            logits[start : start + PART], further[start : start + PART] = self._read_part(texts, folded, codes, fast)
            normalised += folded
            languages += codes
        return logits, further, normalised, languages

    def _read_part(
        self, texts: Sequence[str], folded: Sequence[str], languages: Sequence[str], fast: bool
    ) -> tuple[Array, NDArray[np.int64]]:
        alone, half = self.ngrams.scores(folded)
        further = np.full(len(texts), -1)
        logits = alone / self._per_language("temperature_first", languages)[:, None]
        settled = softmax(logits).max(axis=1) >= self._per_language("accept_first", languages)
        settled &= half[:, -1] < HINT
        settled |= np.array(languages) == "other"
        unsure = [] if fast else np.flatnonzero(~settled).tolist()
        if unsure:
            parts = [sentences(texts[i]) for i in unsure]
            sizes = np.array([len(part) for part in parts])
            vectors, each = encode_parts(parts)
            meant, votes = self.meaning.scores_and_votes(vectors)
            both = half[unsure] + meant
            spoken = self._spoken(parts, sizes, half[unsure])
            gathered = evidence(alone[unsure], half[unsure], both, votes, spoken, sizes)
            temperature = self._per_language("temperature", [languages[i] for i in unsure])
            read = weighed(gathered, self.calibration) / temperature[:, None]
            close = np.flatnonzero(both[:, -1] >= SENTENCES_FROM)
            if len(close):
                of_close = np.isin(np.repeat(np.arange(len(parts)), sizes), close)
                said = self._said(both[close], spoken[of_close], each[of_close], sizes[close])
                read[close], also = two_asks(read[close], both[close], *said, self.calibration)
                further[[unsure[i] for i in close]] = also
            logits[unsure] = read
        for i, language in enumerate(languages):
            if language == "other":  # by definition: a language that we do not support is the scenario "other"
                logits[i] = np.where(self.classes_ == "other", 0, -4)
        return logits, further

    def _spoken(self, parts: Sequence[Sequence[str]], sizes: NDArray[np.int64], half: Array) -> Array:
        """The words' half of every sentence's scores; that of the text where it is one sentence."""
        spoken = half.repeat(sizes, axis=0)
        several = (sizes > 1).repeat(sizes)
        if several.any():
            folded = [features.fold(sentence) for part in parts if len(part) > 1 for sentence in part]
            _, spoken[several] = self.ngrams.scores(folded)
        return spoken

    def _said(self, whole: Array, spoken: Array, vectors: Array, sizes: NDArray[np.int64]) -> tuple[Array, Array]:
        """Where in each text every scenario is asked for, and how plainly; a sentence is read as a message.

        `whole` are the scores of the texts, `spoken` the words' half of their sentences, `vectors` the meaning of
        these, `sizes` how many each text has.
        """
        scores = whole.repeat(sizes, axis=0)
        several = (sizes > 1).repeat(sizes)
        if several.any():
            scores[several] = spoken[several] + self.meaning.scores(np.tile(vectors[several], N_READINGS))
        return places_and_peaks(scores[:, :-1], sizes)

    def _per_language(self, name: str, languages: Sequence[str]) -> Array:
        values = self.calibration[name]
        return np.array([values.get(language, values["all"]) for language in languages], np.float32)

    def _judged(self, message: str, language: str, probabilities: list[float], further: int) -> Judged:
        names = self._names
        order = sorted(range(len(names)), key=probabilities.__getitem__, reverse=True)
        also = (names[further],) if further >= 0 else ()
        other = names.index("other")
        of_other = probabilities[other]
        assumed = names[order[0]] if of_other < THANKS_POSSIBLE else "other"
        flags = signals.find_flags(message, language, also=also, scenario=assumed)
        if "no_reply_needed" in flags and of_other < THANKS_RIGHT:  # thanks and nothing else is "other" by definition
            thanks = [(1 - THANKS_RIGHT) * p + THANKS_RIGHT * (i == other) for i, p in enumerate(probabilities)]
            return self._judged(message, language, thanks, -1)
        return order, probabilities, also, flags

    def _why(self, normalised: Sequence[str], scenarios: Sequence[int]) -> list[list[tuple[str, float]]]:
        """The words that decided for a scenario, of each message."""
        why: list[list[tuple[str, float]]] = []
        for start in range(0, len(normalised), PART):
            texts = [text[:MAX_REASONED] for text in normalised[start : start + PART]]
            why += deciding_words(texts, self.ngrams.shares(texts, scenarios[start : start + PART]))
        return why

    def _prediction(
        self, message: str, language: str, sure_from: float, judged: Judged, why: list[tuple[str, float]]
    ) -> Prediction:
        order, probabilities, also, flags = judged
        ranking = [(self._names[i], round(probabilities[i], 4)) for i in order]
        (scenario, probability), (second, less) = ranking[:2]
        reasons = []
        if not any(c.isalnum() for c in message):
            reasons.append("The message has no words.")
        elif probability < sure_from:
            reasons.append(f"{scenario} is {probability:.0%} likely, {second} {less:.0%}; sure from {sure_from:.0%}.")
        if len(message) > features.MAX_CHARACTERS:
            reasons.append(f"Only the first {features.MAX_CHARACTERS:,} of {len(message):,} characters were read.")
        return Prediction(scenario, probability, ranking, also, flags, language, not reasons, tuple(reasons), why)


def _checked(messages: Iterable[str]) -> list[str]:
    if isinstance(messages, str):
        raise TypeError("Give a list of messages, not one string; for a single message use henji.classify.")
    return ["" if m is None else str(m) for m in messages]


@cache
def load_classifier(path: Path = PRETRAINED) -> ScenarioClassifier:
    """The trained classifier; every file is verified first, and scikit-learn is not imported.

    Raises ModelError when the model is missing, damaged, or made for other scenarios or features.
    """
    arrays, settings = load_model(Path(path))
    names = settings.get("scenarios")
    further = names[len(SCENARIOS) :] if isinstance(names, list) else []  # a team's own, declared in henji.toml
    for name, wanted in {"scenarios": [*SCENARIOS, *further], **settings_in_force()}.items():
        if settings.get(name) != wanted:
            raise ModelError(
                f"The model at {path} was made with {name} = {settings.get(name)}, this Henji uses {wanted}. "
                'Run "make train" to rebuild it.'
            )
    return ScenarioClassifier(
        NgramReader(**{name: arrays[f"ngram_{name}"] for name in NGRAM_ARRAYS}),
        MeaningReader(
            arrays["meaning_mean"],
            arrays["meaning_axes"].astype(np.float32),
            arrays["meaning_landmarks"],
            arrays["meaning_steps"],
            arrays["meaning_weights"].astype(np.float32),
            arrays["meaning_labels"],
            settings["gamma"],
        ),
        settings["calibration"],
        settings["scenarios"],
    )
