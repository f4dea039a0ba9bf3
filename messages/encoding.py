"""The right text out of bytes: which encoding a log has, and which of its lines do not hold to it."""

import codecs
import io
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Generic, TypeVar

from messages.archive import MAX_BYTES, check_size
from messages.columns import HEADER_WITHIN, is_known_name
from messages.content import Content
from messages.errors import InputError, LogError

Item = TypeVar("Item")

_BOMS = (  # longest first: UTF-32 begins like UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BY_MARKETPLACE = {"JP": "cp932", "CN": "gb18030", "PL": "cp1250", "TR": "cp1254"}  # all others: cp1252
_DOMAIN = re.compile(rb"amazon\.(co\.jp|cn|pl|com\.tr|co\.uk|com|de|fr|it|es)\b")
_DOMAIN_CODEC = {b"co.jp": "cp932", b"cn": "gb18030", b"pl": "cp1250", b"com.tr": "cp1254"}
_CANDIDATES = (
    "cp932",
    "gb18030",
    "cp1252",
    "euc_jp",
    "mac_roman",
    "cp1250",
    "cp850",
    "big5",
    "cp949",
    "cp1254",
    "cp1251",
)
_SAMPLE = 200_000  # bytes of lines with something to decide
_ASCII = bytes(range(128))
_TAIL = 200  # lines at the end of a file among which remarks below the rows are looked for

_LATIN = "äöüßÄÖÜéèêëàâçîïôûùœæñáíóúü¿¡ìòÉÈÀÇÊÂÎÔÛŒÑÁÍÓÚÌÒ€£°«»’‘“”„–—…©®·×½²³"
_POLISH_TURKISH = "ąćęłńśźżĄĆĘŁŃŚŹŻğışçĞİŞ"
_COMMON_HAN = (
    "的一是不了我有在这您们请问货退订单没收到怎么用可以吗发快递产品质量好个大小要能和人来上时对为什使就说还都买卖家客户消息内容编号站点"
    "间姓名邮箱主题接时商品届注文番号受信日時購入者件名本返金送料色電源方法対応年月日何回合出入見分前後確認予定到着願致"
)
_ODD = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd\u2500-\u259f\uff61-\uff9f\u0370-\u04ff\u0100-\u024f§¤¦¬¯¸¼¾ÃÂŠšŽžŸ‡†‰ƒˆ˜¢¥¨ª¶¹º»¿]"
)


@dataclass(frozen=True)
class Again(Generic[Item]):
    """What can be gone through many times, made anew each time instead of being held."""

    make: Callable[[], Iterator[Item]]

    def __iter__(self) -> Iterator[Item]:
        return self.make()


@dataclass(frozen=True)
class Lines:
    """A text as lines with their ends; a byte that could not be decoded is a lone surrogate U+DC80 to U+DCFF.

    The lines can be gone through as often as needed; those of a large file are decoded anew each time.
    """

    lines: Iterable[str]
    encoding: str
    notes: tuple[str, ...] = ()
    complete: bool = True

    @cached_property
    def without_marks(self) -> Iterable[str]:
        """The lines without byte order marks, and without the end mark of DOS."""
        return Again(lambda: _without_marks(self.lines))

    @cached_property
    def tail(self) -> tuple[int, list[str]]:
        """How many lines there are without marks, and the last ones: looked for once, however often all are read."""
        n_lines = 0
        last: deque[str] = deque(maxlen=_TAIL)
        for n_lines, line in enumerate(self.without_marks, 1):  # noqa: B007
            last.append(line)
        return n_lines, list(last)


def _without_marks(lines: Iterable[str]) -> Iterator[str]:
    r"""The lines without byte order marks, and without the \x1a with which DOS ends a file."""
    held: str | None = None
    for line in lines:
        if held is not None:
            yield held
        held = line.removeprefix("\ufeff")
    if held is not None:
        yield held.rstrip("\x1a")


def decode_lines(
    data: bytes | Content, name: str, encoding: str | None = None, marketplace: str | None = None
) -> Lines:
    """Decode a log, line by line, so that one bad line costs one line.

    The order of decisions: byte order mark, strict UTF-8, the encoding that the caller names, the marketplace
    (named by the caller or by the addresses in the log), and only then a look at which letters come out. A few bad
    lines in a log that is otherwise UTF-8 do not make it something else.

    >>> decode_lines("日本語\\n".encode("utf-16"), "log.csv")
    Lines(lines=['日本語\\n'], encoding='utf-16-le', notes=(), complete=True)
    >>> decode_lines("注文番号,本文\\n1,表示能力\\n".encode("cp932"), "log.csv").encoding
    'cp932'
    """
    head = data[:_SAMPLE] if isinstance(data, bytes) else data.head
    bom, codec = next(((bom, codec) for bom, codec in _BOMS if head.startswith(bom)), (b"", ""))
    if wide := codec if codec.startswith(("utf-16", "utf-32")) else "" if codec else _wide_without_bom(head):
        return _decode_wide((data if isinstance(data, bytes) else data.data())[len(bom) :], wide)
    lines: Iterable[bytes] = (
        data[len(bom) :].splitlines(keepends=True)
        if isinstance(data, bytes)
        else Again(lambda: _without(bom, data.lines()))
    )
    if codec:
        return _undo_double_encoding(_decode(lines, codec)) if codec == "utf-8" else _decode(lines, codec)
    if re.search(rb"\x1b\$[@B]|\x1b\(J", head) and all(map(bytes.isascii, lines)):
        return _decode(lines, "iso2022_jp_ext")
    if _is_utf8(lines):
        return _undo_double_encoding(_decode(lines, "utf-8"))
    codec = _known(encoding) if encoding else _likely_codec(lines, marketplace, name)
    return _decode(lines, codec)


def why_encoding(head: bytes, codec: str, named: str | None = None) -> str:
    """What decided the encoding of a file, in words.

    >>> why_encoding("größer".encode("utf-8"), "utf-8"), why_encoding("a".encode("utf-16"), "utf-16-le")
    ('nothing else is valid UTF-8 by chance', 'its byte order mark says so')
    """
    if any(head.startswith(bom) for bom, _ in _BOMS):
        return "its byte order mark says so"
    if codec.startswith(("utf-16", "utf-32")):
        return "every second byte is NUL"
    if head.isascii() and codec == "utf-8":
        return "its beginning is ASCII"
    if codec == "utf-8":
        return "nothing else is valid UTF-8 by chance"
    if named:
        return "you named it"
    return "by the letters that come out, the names of its columns and the addresses in it"


def _without(bom: bytes, lines: Iterator[bytes]) -> Iterator[bytes]:
    yield from filter(None, [next(lines)[len(bom) :]])
    yield from lines


def whole_text(lines: Iterable[str], name: str) -> str:
    """The lines put together, for the formats that cannot be read line by line; LogError when they are too long.

    >>> whole_text(["a\\n", "b"], "log.json")
    'a\\nb'
    """
    kept: list[str] = []
    size = 0
    for line in lines:
        kept.append(line)
        size += len(line)
        check_size(name, size, MAX_BYTES)
    return "".join(kept)


def is_unicode(text: str) -> bool:
    r"""False where a lone surrogate stands in a text.

    >>> is_unicode("日本"), is_unicode("\ud83d")
    (True, False)
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def beyond_ascii(text: str) -> set[str]:
    """The characters of a text that are not ASCII.

    >>> sorted(beyond_ascii("Größe und Maß"))
    ['ß', 'ö']
    """
    return set(text.encode("utf-8", "surrogatepass").translate(None, _ASCII).decode("utf-8", "surrogatepass"))


def undecodable(text: str) -> bool:
    """True when a byte of the source could not be decoded.

    >>> undecodable(b"caf\\xe9".decode("utf-8", "surrogateescape")), undecodable("café")
    (True, False)
    """
    return _ESCAPED.search(text) is not None


def visible_bytes(text: str) -> str:
    r"""Show undecodable bytes as \xNN and lone surrogates as \uNNNN, so that the text can be written anywhere.

    >>> print(visible_bytes("caf\udce9 \ud83d"))
    caf\xe9 \ud83d
    """
    if not _SURROGATE.search(text):
        return text
    return _SURROGATE.sub(
        lambda m: f"\\x{ord(m[0]) - 0xDC00:02x}" if "\udc80" <= m[0] <= "\udcff" else f"\\u{ord(m[0]):04x}", text
    )


_ESCAPED = re.compile("[\udc80-\udcff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def _known(encoding: str) -> str:
    try:
        b"".decode(encoding)  # also refuses base64 and its like, which are no encodings of text
        return codecs.lookup(encoding).name
    except (LookupError, ValueError, TypeError):
        raise InputError(
            f"Unknown encoding {encoding!r}. Known are Python's names, such as utf-8, cp932, gb18030, cp1252."
        ) from None


def _damaged(error: UnicodeError) -> tuple[str, int]:
    """As "surrogateescape", which refuses ASCII: of a damaged byte of seven bits only that it is one is told."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + max(byte, 0x80)) for byte in error.object[error.start : error.end]), error.end


DAMAGED = "henji.damaged"  # for `bytes.decode`: what cannot be decoded is marked, and the rest kept, in every encoding
codecs.register_error(DAMAGED, _damaged)


def _decode(lines: Iterable[bytes], codec: str) -> Lines:
    """Decode line by line, again each time; what was decoded once is not kept unless it was held already."""
    decoded: Iterable[str] = Again(lambda: (line.decode(codec, DAMAGED) for line in lines))
    return Lines(list(decoded) if isinstance(lines, list) else decoded, codec)


def _decode_wide(data: bytes, codec: str) -> Lines:
    """Decode UTF-16 and UTF-32, as a whole."""
    unit = 2 if codec.startswith("utf-16") else 4
    cut = len(data) % unit
    whole = data[: len(data) - cut]
    try:
        text = whole.decode(codec, "surrogatepass")
    except UnicodeDecodeError as error:
        text = whole[: error.start].decode(codec, "surrogatepass")
        cut = len(data) - error.start
    notes = (f"The file ends within a character: the last {cut} bytes are no {codec.upper()}.",) if cut else ()
    # In UTF-16 half a pair is a damaged byte of the file, not an escape that somebody wrote.
    text = _SURROGATE.sub("\udcff", text) if _SURROGATE.search(text) else text
    return Lines(list(io.StringIO(text.removeprefix("\ufeff"), newline="")), codec, notes, not cut)


def _wide_without_bom(data: bytes) -> str | None:
    """UTF-16 without a mark: every second byte of ASCII is NUL, always on the same side."""
    sample = data[:_SAMPLE]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) < 4 or max(even, odd) < len(sample) * 0.04 or min(even, odd) > max(even, odd) * 0.05:
        return None
    codec = "utf-16-be" if even > odd else "utf-16-le"
    text = sample[: len(sample) // 2 * 2].decode(codec, "replace")
    return codec if "\n" in text or "\r" in text or len(text) < 1000 else None


def _is_utf8(lines: Iterable[bytes]) -> bool:
    """True for UTF-8, also where some lines are something else: those are damage, not another encoding.

    In a log that is not UTF-8 hardly any line is valid UTF-8 by chance.
    """
    if _all_utf8(lines):
        return True
    good_lines = bad_lines = good = bad = 0
    for line in lines:
        if line.isascii():
            continue
        text = line.decode("utf-8", "surrogateescape")
        n_bad = len(_ESCAPED.findall(text))
        good += len(text) - len(text.encode("ascii", "ignore")) - n_bad
        bad += n_bad
        good_lines, bad_lines = good_lines + (not n_bad), bad_lines + bool(n_bad)
    return (
        not bad_lines or good >= 2 * bad or (good_lines > 0 and good_lines * (9 if good_lines > 1 else 1) >= bad_lines)
    )


def _all_utf8(lines: Iterable[bytes]) -> bool:
    try:
        for line in lines:
            line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _likely_codec(lines: Iterable[bytes], marketplace: str | None, name: str) -> str:
    telling: list[bytes] = []
    size = 0
    for line in lines:
        if not line.isascii():
            telling.append(line)
            size += len(line)
            if size > _SAMPLE:
                break
    sample = b"".join(telling)[: _SAMPLE * 2]
    hint = _BY_MARKETPLACE.get(marketplace.upper(), "cp1252") if marketplace else _hint_of_addresses(lines)
    weight = 0.4 if marketplace else 0.2
    names = {codec: _known_names(lines, codec) for codec in _CANDIDATES}
    named = {codec for codec in _CANDIDATES if names[codec] == max(names.values()) > 0}
    scores = {
        codec: plausibility(sample, codec) + weight * (codec == hint) + 0.5 * (codec in named) for codec in _CANDIDATES
    }
    best = max(_CANDIDATES, key=lambda codec: scores[codec])
    if scores[best] > 0.1:
        return best
    from charset_normalizer import from_bytes

    guess = from_bytes(sample, cp_exclusion=["utf_7", "utf_16", "utf_16_le", "utf_16_be", "utf_32"]).best()
    if guess is None:
        raise LogError(
            f"{name}: its encoding is not known (it is not UTF-8, CP932, GB18030 or CP1252). "
            "Save it as UTF-8, or name the encoding."
        )
    return guess.encoding


def _known_names(lines: Iterable[bytes], codec: str) -> int:
    """How many names of columns, other than ASCII, the first lines hold in this encoding."""
    head = b"".join(line for line in islice(lines, HEADER_WITHIN) if not line.isascii() and len(line) < 5000)
    cells = re.split(r"[,;\t|\r\n\"]+", head.decode(codec, "replace"))
    return sum(not cell.isascii() and len(cell) < 50 and is_known_name(cell) for cell in set(cells))


def _hint_of_addresses(lines: Iterable[bytes]) -> str | None:
    """The codec of the marketplace whose addresses fill the log, if one has at least four in five."""
    votes: dict[str, int] = {}
    for line in lines:
        for domain in set(_DOMAIN.findall(line)):
            codec = _DOMAIN_CODEC.get(domain, "cp1252")
            votes[codec] = votes.get(codec, 0) + 1
    top = max(votes, key=lambda codec: votes[codec], default=None)
    return top if top and votes[top] >= 0.8 * sum(votes.values()) else None


def plausibility(sample: bytes, codec: str) -> float:
    """How much a decoded sample looks like one of our languages: 1 for all its letters, below 0 for debris.

    >>> german = "Größe und Maße für Österreich".encode("cp1252")
    >>> plausibility(german, "cp1252") > plausibility(german, "mac_roman")
    True
    """
    text = sample.decode(codec, "replace")
    letters = [c for c in text if c > "\x7f"]
    if not letters:
        return 0.0
    expected = _EXPECTED | (frozenset(_POLISH_TURKISH) if codec in ("cp1250", "cp1254") else frozenset())
    good: float = sum(c in expected or "\u3041" <= c <= "\u30fe" for c in letters)
    good += (
        sum("\uff01" <= c <= "\uff5e" or "\u3001" <= c <= "\u3011" or "\uac00" <= c <= "\ud7a3" for c in letters) * 0.7
    )
    good += sum("\u4e00" <= c <= "\u9fff" and c not in expected for c in letters) * 0.2
    narrow_kana = sum(map(len, _NARROW_KANA.findall(text)))
    odd = sum(bool(_ODD.match(c)) and c not in expected for c in letters) + 2 * text.count("\ufffd") - narrow_kana
    good += 0.6 * narrow_kana
    if codec in _ONE_BYTE:  # Größe, “¿Qué?”: foreign letters stand alone or in pairs, never five in a row
        odd += 2 * sum(len(run) for run in _LONG_RUN.findall(text)) + 2 * len(_WITHIN_WORDS.findall(text))
    return (good - odd) / len(letters)


_EXPECTED = frozenset(_LATIN + _COMMON_HAN)
_ONE_BYTE = frozenset({"cp1252", "cp1250", "cp1254", "cp850", "mac_roman"})
_NARROW_KANA = re.compile("[\uff61-\uff9f]{2,}")
_LONG_RUN = re.compile("[^\x00-\x7f]{5,}")
_WITHIN_WORDS = re.compile(
    "[a-zß-ÿ][À-ÖØ-ÞŒ]|[a-z][–‡†‰•¿¡°®£§¶“„][a-z]|\\bÀ[a-z]|[a-z]—[a-z]*[‡–]"
)  # giÖ, Espa–a, Àqué
_AS_BYTES = {chr(b): b for b in range(256)} | {
    bytes([b]).decode("cp1252"): b for b in range(0x80, 0xA0) if b not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}


def _undo_double_encoding(lines: Lines) -> Lines:
    """UTF-8 that was taken for CP1252 and written as UTF-8 once more: "Ã¤" for "ä", in every line.

    Done only if each line with a foreign letter turns into valid UTF-8; one line that does not shows that the
    log is as it should be.
    """
    foreign = False
    for line in lines.lines:
        if not line.isascii():
            if _decoded_twice(line) is None:
                return lines
            foreign = True
    if not foreign:
        return lines
    fixed: Iterable[str] = Again(lambda: (_decoded_twice(line) or line for line in lines.lines))
    note = "The file was encoded twice (Ã¤ for ä); it was decoded twice."
    return Lines(list(fixed) if isinstance(lines.lines, list) else fixed, "utf-8", (note,), lines.complete)


def _decoded_twice(line: str) -> str | None:
    try:
        return bytes(_AS_BYTES[c] for c in line).decode("utf-8")
    except (KeyError, UnicodeDecodeError):
        return None
