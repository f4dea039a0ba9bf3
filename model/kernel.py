"""The inner loops of the first reader in machine code: a text is walked once, and no n-gram ever becomes an object."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

BITS = 18
LONGEST = 5  # characters of the longest character n-gram

_M = np.uint64(0x9E3779B97F4A7C15)
_WORD = np.uint64(1 << 40)
_PAIR = np.uint64(1 << 41)
_SHIFT = np.uint64(64 - BITS)
_SEEDS = np.array([pow(0x9E3779B97F4A7C15, n, 1 << 64) * n % (1 << 64) for n in range(LONGEST + 1)], np.uint64)
_FREQUENCY = 1 + np.log(np.arange(256).clip(1))  # of an n-gram that stands there so often
_TEXT = "u8[::1], b1[::1]"
_BLANK, _OPENS, _CLOSES = map(ord, " ⟨⟩")
_KATAKANA, _HAN, _HIRAGANA, _LETTER, _JOINS, _OF_WORD, _JAPANESE = (1 << bit for bit in range(7))  # kinds of characters
_MEMORY = "u8[::1], i4[::1], i4[:, ::1], i4[::1], i4[::1], u4[::1]"


def compiled(signature: str | None = None, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Machine code of a function, kept beside its source or else in the user's cache folder.

    Where neither can be written, it is made anew in every process. With a signature it is made at once.
    """

    def made(function: Callable[..., Any]) -> Any:
        given = {"nogil": True, "error_model": "numpy", **options}
        try:
            return njit(signature, cache=True, **given)(function)
        except (OSError, RuntimeError):  # a full disk, no folder to write to
            return njit(signature, **given)(function)

    return made


def memory(longest: int) -> tuple[Any, ...]:
    """What the loops write on for one text after another of up to so many characters.

    Hashes, buckets, where words start and stop; keys and counts of an open hash table, and which slots are taken.
    """
    n = (LONGEST + 2) * longest
    size = 1 << (2 * n).bit_length()
    return (
        np.empty(longest, np.uint64),
        np.empty(n, np.int32),
        np.empty((longest, 2), np.int32),
        np.empty(size, np.int32),
        np.empty(size, np.int32),
        np.empty(n, np.uint32),
    )


@compiled()
def _bucket(hashed: np.uint64) -> np.int32:
    """The best-mixed bits of a hash."""
    return np.int32(((hashed ^ (hashed >> np.uint64(32))) * _M) >> _SHIFT)


@compiled()
def _walk(codes: Any, inside: Any, hashes: Any, buckets: Any, edges: Any) -> tuple[int, int]:
    """Fill `buckets` with every n-gram of one text and `edges` with where its words start and stop.

    First the character n-grams from the shortest to the longest, then words, then pairs of words; returns how many
    n-grams and how many words. A hash is a polynomial over code points: that of a character n-gram begins with its
    length, that of a word with its first letter.
    """
    n = len(codes)
    hashes[:n] = 0
    at = 0
    for length in range(1, min(LONGEST, n) + 1):
        for i in range(n - length + 1):
            hashes[i] = hashes[i] * _M + codes[i + length - 1]
            buckets[at + i] = _bucket(hashes[i] + _SEEDS[length])
        at += n - length + 1
    n_words = 0
    i = 0
    while i < n:
        if inside[i]:
            edges[n_words, 0] = i
            word, power = np.uint64(0), np.uint64(1)
            while i < n and inside[i]:
                word += codes[i] * power
                power *= _M
                i += 1
            edges[n_words, 1] = i
            hashes[n_words] = word
            buckets[at + n_words] = _bucket(word + _WORD)
            n_words += 1
        i += 1
    at += n_words
    for k in range(n_words - 1):
        buckets[at + k] = _bucket(hashes[k] * np.uint64(31) + hashes[k + 1] * _M + _PAIR)
    return at + max(n_words - 1, 0), n_words


@compiled()
def _tally(buckets: Any, n: int, keys: Any, counts: Any, slots: Any) -> tuple[int, np.uint32]:
    """Count the first n buckets in an open hash table that is at least half empty.

    Returns how many different ones there are, `slots` says where; and the last slot of the table. In the place of each
    bucket is left the slot in which it is counted.
    """
    size = 16
    while size < 2 * n:
        size *= 2
    last = np.uint32(size - 1)
    keys[:size] = -1
    counts[:size] = 0
    n_found = 0
    for i in range(n):
        bucket = buckets[i]
        slot = np.uint32(bucket) & last
        while keys[slot] >= 0 and keys[slot] != bucket:
            slot = (slot + np.uint32(1)) & last
        keys[slot] = bucket
        buckets[i] = slot
        slots[n_found] = slot
        n_found += counts[slot] == 0  # no branch: which n-grams are new cannot be foretold
        counts[slot] += 1
    return n_found, last


@compiled()
def _frequency(n: int) -> float:
    """Sublinear: ten times the same n-gram say less than ten n-grams."""
    return _FREQUENCY[n] if n < len(_FREQUENCY) else 1 + np.log(n)


@compiled(f"void({_TEXT}, i8[::1], {_MEMORY}, i8[::1], i4[::1], i4[::1])")
def count(
    codes: Any, inside: Any, ends: Any, hashes: Any, buckets: Any, edges: Any, keys: Any, counts: Any, slots: Any,
    rows: Any, found: Any, how_often: Any,
) -> None:  # fmt: skip
    """Fill `found` and `how_often` with the n-grams of each text, `rows` with where they begin."""
    start = at = 0
    for m in range(len(ends)):
        n, _ = _walk(codes[start : ends[m]], inside[start : ends[m]], hashes, buckets, edges)
        n_found, _ = _tally(buckets, n, keys, counts, slots)
        for k in range(n_found):
            found[at + k], how_often[at + k] = keys[slots[k]], counts[slots[k]]
        start = ends[m]
        rows[m] = at
        at += n_found
    rows[len(ends)] = at


@compiled("void(i8[::1], i4[::1], i4[::1], i1[:, ::1], u1[::1], f8[:, ::1])")
def score(rows: Any, found: Any, how_often: Any, weights: Any, idf: Any, scores: Any) -> None:
    """Fill `scores` with frequency times weight, summed over the n-grams of each text and divided by its length.

    The length is that of the vector of frequency times inverse document frequency.
    """
    for m in range(len(scores)):
        total = scores[m]
        total[:] = 0
        squares = 0.0
        for k in range(rows[m], rows[m + 1]):
            frequency, bucket = _frequency(how_often[k]), np.uint32(found[k])
            for j in range(len(total)):
                total[j] += frequency * weights[bucket, j]
            squares += (frequency * idf[bucket]) ** 2
        for j in range(len(total)):
            total[j] /= np.sqrt(squares)


@compiled(f"void({_TEXT}, i8[::1], {_MEMORY}, i1[:, ::1], u1[::1], f8[:, ::1], i8[::1], f8[::1])")
def share(
    codes: Any, inside: Any, ends: Any, hashes: Any, buckets: Any, edges: Any, keys: Any, counts: Any, slots: Any,
    weights: Any, idf: Any, mixes: Any, chosen: Any, shares: Any,
) -> None:  # fmt: skip
    """Fill `shares` with what each character adds to the mix of the first scores that is chosen for its text.

    An n-gram is spread over its characters.
    """
    start = 0
    for m in range(len(ends)):
        text, words, mix, into = codes[start : ends[m]], inside[start : ends[m]], mixes[chosen[m]], shares[start:]
        n, n_words = _walk(text, words, hashes, buckets, edges)
        n_found, last = _tally(buckets, n, keys, counts, slots)
        worth = np.empty(last + 1, np.float64)  # of one occurrence
        squares = 0.0
        for k in range(n_found):
            slot = slots[k]
            frequency, bucket, total = _frequency(counts[slot]), np.uint32(keys[slot]), 0.0
            for j in range(len(mix)):
                total += mix[j] * weights[bucket, j]
            worth[slot] = total * frequency / counts[slot]
            squares += (frequency * idf[bucket]) ** 2
        into[: len(text)] = 0
        at = 0
        for length in range(1, LONGEST + 3):  # of character n-grams, then words, then pairs of words
            in_words = length - LONGEST
            for i in range(n_words - in_words + 1 if in_words > 0 else len(text) - length + 1):
                begin, end = i, i + length
                if in_words > 0:
                    begin, end = edges[i, 0], edges[i + in_words - 1, 1]
                each = worth[buckets[at]] / (end - begin)
                into[begin] += each
                if end < len(text):
                    into[end] -= each
                at += 1
        total = 0.0
        for i in range(len(text)):
            total += into[i]
            into[i] = total / np.sqrt(squares)
        start = ends[m]


@compiled()
def _until(kinds: Any, bit: int, i: int, stop: int) -> int:
    """Where a run of characters of a kind that begins at i ends."""
    while i < stop and kinds[i] & bit:
        i += 1
    return i


@compiled()
def _piece(codes: Any, kinds: Any, i: int, stop: int) -> int:
    """Where the readable piece that begins at i ends; i where there is none."""
    kind = kinds[i]
    if codes[i] == _OPENS:
        end = _until(kinds, _OF_WORD, i + 1, stop)
        return end + 1 if i + 1 < end < stop and codes[end] == _CLOSES else i
    if kind & _KATAKANA:
        return _until(kinds, _KATAKANA, i, stop)
    if kind & _HAN:
        return _until(kinds, _HIRAGANA, _until(kinds, _HAN, i, stop), stop)
    if kind & _HIRAGANA:
        return _until(kinds, _HIRAGANA, i, stop)
    end = _until(kinds, _LETTER, i, stop)
    while i < end and end + 1 < stop and kinds[end] & _JOINS and kinds[end + 1] & _LETTER:
        end = _until(kinds, _LETTER, end + 1, stop)
    return end


@compiled("void(u8[::1], u1[::1], i8[::1], f8[::1], i8[:, :, ::1], f8[:, ::1])")
def decide(codes: Any, kinds: Any, ends: Any, shares: Any, spans: Any, worths: Any) -> None:
    """Fill `spans` with the phrases of each text that have the largest shares and `worths` with those, largest first.

    Texts stand one after another, each between blanks. Pieces whose share is positive are put together with the one
    before, up to four blanks, 40 characters, or 12 where the further one is Japanese.
    """
    start = 0
    for m in range(len(ends)):
        begin, stop = start + 1, ends[m] - 1
        start = ends[m]
        until = np.empty(max(stop - begin, 0) + 1)
        until[0] = 0.0
        for i in range(begin, stop):
            until[i - begin + 1] = until[i - begin] + shares[i]
        phrases, values = np.empty((len(until), 2), np.int64), np.empty(len(until))
        n = n_blanks = 0
        first, last = begin, begin - 2  # of the last phrase
        i = begin
        while i < stop:
            end = _piece(codes, kinds, i, stop)
            if end == i:
                i += 1
                continue
            value = until[end - begin] - until[i - begin]
            if value > 0:
                is_next = i == last or (i == last + 1 and codes[last] == _BLANK)
                if is_next and end - first <= 40:
                    n_blanks = 0
                    for k in range(first, end):
                        n_blanks += codes[k] == _BLANK
                    is_next = n_blanks < 4
                    if end - first > 12:
                        for k in range(i, end):
                            is_next = is_next and not kinds[k] & _JAPANESE
                else:
                    is_next = False
                if is_next:
                    values[n - 1] += value
                else:
                    first, n = i, n + 1
                    phrases[n - 1, 0], values[n - 1] = first - begin, value
                last = end
                phrases[n - 1, 1] = last - begin
            i = end
        for k in range(min(n, len(worths[m]))):
            best = np.argmax(values[:n])
            worths[m, k], spans[m, k] = values[best], phrases[best]
            values[best] = -1.0


@compiled("void(f4[:, :, ::1], f4[:, :, ::1], f4[:, ::1])", fastmath={"reassoc", "contract"})
def add_products(rows: Any, others: Any, into: Any) -> None:
    """Add to `into` the products of each row with each of the others, part by part.

    No row's sum depends on the rows beside it.
    """
    for p in range(len(rows)):
        for i in range(rows.shape[1]):
            row = rows[p, i]
            for k in range(others.shape[1]):
                other, total = others[p, k], np.float32(0)
                for j in range(len(row)):
                    total += row[j] * other[j]
                into[i, k] += total


@compiled(fastmath={"contract"})
def _add_eight(into: Any, rows: Any, first: int, by: Any) -> None:
    """Add eight rows of a matrix, from one of its columns on, each multiplied and added before the next."""
    last = first + len(into)
    a, b, c, d = rows[0, first:last], rows[1, first:last], rows[2, first:last], rows[3, first:last]
    e, f, g, h = rows[4, first:last], rows[5, first:last], rows[6, first:last], rows[7, first:last]
    for j in range(len(into)):
        total = into[j]
        total += by[0] * a[j]
        total += by[1] * b[j]
        total += by[2] * c[j]
        total += by[3] * d[j]
        total += by[4] * e[j]
        total += by[5] * f[j]
        total += by[6] * g[j]
        total += by[7] * h[j]
        into[j] = total


@compiled(fastmath={"contract"})
def _add_eight_twice(into: Any, also: Any, rows: Any, first: int, by: Any, other: Any) -> None:
    """The same for two sums at once: what is read of the matrix is read once."""
    last = first + len(into)
    a, b, c, d = rows[0, first:last], rows[1, first:last], rows[2, first:last], rows[3, first:last]
    e, f, g, h = rows[4, first:last], rows[5, first:last], rows[6, first:last], rows[7, first:last]
    for j in range(len(into)):
        total, second = into[j], also[j]
        total, second = total + by[0] * a[j], second + other[0] * a[j]
        total, second = total + by[1] * b[j], second + other[1] * b[j]
        total, second = total + by[2] * c[j], second + other[2] * c[j]
        total, second = total + by[3] * d[j], second + other[3] * d[j]
        total, second = total + by[4] * e[j], second + other[4] * e[j]
        total, second = total + by[5] * f[j], second + other[5] * f[j]
        total, second = total + by[6] * g[j], second + other[6] * g[j]
        total, second = total + by[7] * h[j], second + other[7] * h[j]
        into[j], also[j] = total, second


@compiled("void(f4[:, ::1], f4[:, ::1], i8, i8[::1], f4[:, ::1])", fastmath={"contract"})
def multiply(rows: Any, matrix: Any, first: int, stops: Any, into: Any) -> None:
    """Fill `into` with the products of rows and a matrix, from one of its columns on; its length is divided by 8.

    Products are added up one after another as far as each of `stops`, and then these sums.
    """
    sums = np.empty(into.shape, np.float32)
    into[:] = 0
    start = 0
    for stop in stops:
        sums[:] = 0
        for k in range(start, stop, 8):
            for i in range(1, len(rows), 2):
                by, other = rows[i - 1, k : k + 8], rows[i, k : k + 8]
                _add_eight_twice(sums[i - 1], sums[i], matrix[k : k + 8], first, by, other)
            if len(rows) % 2:
                _add_eight(sums[-1], matrix[k : k + 8], first, rows[-1, k : k + 8])
        for i in range(len(rows)):
            for j in range(into.shape[1]):
                into[i, j] += sums[i, j]
        start = stop


@compiled(fastmath={"contract"})
def _add_eight_steps(into: Any, rows: Any, by: Any, steps: Any) -> None:
    """The same for rows of whole numbers, each row counted in steps of its own."""
    a, b, c, d, e, f, g, h = rows[0], rows[1], rows[2], rows[3], rows[4], rows[5], rows[6], rows[7]
    for j in range(len(into)):
        total = into[j]
        total += by[0] * (np.float32(a[j]) * steps[0])
        total += by[1] * (np.float32(b[j]) * steps[1])
        total += by[2] * (np.float32(c[j]) * steps[2])
        total += by[3] * (np.float32(d[j]) * steps[3])
        total += by[4] * (np.float32(e[j]) * steps[4])
        total += by[5] * (np.float32(f[j]) * steps[5])
        total += by[6] * (np.float32(g[j]) * steps[6])
        total += by[7] * (np.float32(h[j]) * steps[7])
        into[j] = total


@compiled("void(f4[::1], i1[:, :, ::1], f4[::1], f4[:, ::1])", fastmath={"contract"})
def compare(row: Any, parts: Any, steps: Any, into: Any) -> None:
    """Fill `into` with the products of a row and each part of a matrix of whole numbers times `steps`."""
    into[:] = 0
    for p in range(len(parts)):
        for k in range(0, len(row), 8):
            _add_eight_steps(into[p], parts[p, k : k + 8], row[k : k + 8], steps[k : k + 8])
