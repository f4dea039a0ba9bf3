"""A reply as the rules read it: folded to plain letters, cut into sentences, quotes known, every place traceable."""

import codecs
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache, wraps
from typing import TYPE_CHECKING, Literal, TypeVar

import re2

T = TypeVar("T")

FARTHEST = 1_000  # characters of one sentence that are read before and after a place
KEPT, SHORT = 8_000, 400  # sentences of which something is kept, and their characters or words
LONGEST = 20_000  # characters that are read; a reply may have 1,000, and what is beyond is said in `too_long`

# Characters that show nothing: zero-width, bidi marks, soft hyphen, variation selectors, the keycap frame of 1️⃣
INVISIBLE = "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
_LOOSE = re.compile(f"[{INVISIBLE}\ufe00-\ufe0f\ufeff\u20e3\u0300-\u036f\u3099\u309a\uff9e\uff9f]")
_DROPPED = re.compile(f"[{INVISIBLE}\ufe00-\ufe0f\ufeff\u20e3]")
_VOICED = "\uff9e\uff9f\u3099\u309a"
_MARKS = re.compile("[\u0300-\u036f\u3099\u309a\uff9e\uff9f]")

# Letters of other alphabets that look like ours: cоsyhome.com has a Russian о
_LOOKALIKES = {
    **dict(zip("аеорсухіїјѕһԁɡԛԝькмтвнп", "aeopcyxiijshdgqwbkmtbhn", strict=True)),
    **dict(zip("АЕОРСУХІЈЅКМТВНП", "aeopcyxijskmtbhn", strict=True)),
    **dict(zip("αορνιτκΑΒΕΗΙΚΜΝΟΡΤΥΧΖ", "aopvitkabehikmnoptyxz", strict=True)),
}

_SAME = {
    **_LOOKALIKES,
    **dict.fromkeys("’‘ʼ´`′＇", "'"),
    **dict.fromkeys("“”„‟″«»‹›＂", '"'),
    **dict.fromkeys("‐‑‒–—−", "-"),
    **{"ß": "s", "ø": "o", "Ø": "o", "đ": "d", "ł": "l", "ı": "i", "œ": "o", "Œ": "o", "æ": "a", "Æ": "a", "～": "~"},
    **{"\t": " ", "\r": "\n", "\u2028": "\n", "\u2029": "\n", "\x0b": "\n", "\x0c": "\n", "\x85": "\n"},
}


class _Fold(dict[int, str]):
    """One character in, one out: lower case, no accent, half and full width alike; learned as it is met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if 0xD800 <= code <= 0xDFFF:
            folded = "\ufffd"
        elif char in _SAME:
            folded = _SAME[char]
        else:
            wide = unicodedata.normalize("NFKC", char)
            folded = (wide if len(wide) == 1 else char).lower()
            folded = _SAME.get(folded, folded)
            if len(folded) != 1:
                folded = char
            if folded < "\u0370" or "\u1e00" <= folded < "\u1f00":
                folded = unicodedata.normalize("NFD", folded)[0]
            if folded.isspace() and folded != "\n":
                folded = " "
        self[code] = folded
        return folded


_FOLD = _Fold()


def fold(text: str) -> str:
    """The text in plain letters, character by character, so that every place stays where it was.

    >>> fold("Où est ｔｈｅ “ＤＨＬ” Päckchen?")
    'ou est the "dhl" packchen?'
    """
    return text.translate(_FOLD)


_WESTERN = "".join(fold(bytes([i]).decode("cp1252", "replace")) for i in range(256))


def _fold_western(text: str) -> str | None:
    """As `fold`, by one look at a table of 256 characters; None for a text that has others."""
    try:
        return codecs.charmap_decode(text.encode("cp1252"), "strict", _WESTERN)[0]
    except UnicodeEncodeError:
        return None


def _composed(text: str) -> tuple[str, list[int]]:
    """The text without invisible characters and with accents joined to their letters, and where each letter stood."""
    shown: list[str] = []
    places: list[int] = []
    i = 0
    while i < len(text):
        end = i + 1
        while end < len(text) and end - i < 8 and _MARKS.match(text[end]):
            end += 1
        if not _DROPPED.match(text[i]):
            cluster = text[i]
            if end - i > 1:
                form: Literal["NFC", "NFKC"] = "NFKC" if text[i + 1] in _VOICED else "NFC"
                cluster = unicodedata.normalize(form, text[i:end])
            shown.append(cluster[0])
            places.append(i)
        i = end
    places.append(len(text))
    return "".join(shown), places


# A set of signs comes first, which is looked for fast; then what may stand after which of them
_QUOTED = re.compile(
    r"[「『“„«»‹‚\"'‘](?:"
    r"(?<=「)[^」]{1,200}」|(?<=『)[^』]{1,200}』|(?<=“)[^”“]{1,200}[”“]|(?<=„)[^“”„\"\n]{1,200}[“”\"]|(?<=«)[^»]{1,200}»"
    r"|(?<=»)[^«]{1,200}«|(?<=‹)[^›]{1,200}›|(?<=‚)[^‘’]{1,200}[‘’]|(?<=\")[^\"\n]{1,200}\""
    r"|(?:(?<=[\s(:]['‘])|(?<=^['‘]))[^\'‘’\n]{1,120}[\'’](?=[\s.,;:!?)]|$))"
)
_ENDS = re.compile(r"[.!?…。！？\n](?:(?<=[.!?…])[.!?…]*[\"')\]]*(?=\s|$)|(?<=[。！？!?])[。！？!?]*|(?<=\n))")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'\-])(?:(?<![0-9]\s)[a-z]|ref|idnr|rif|mr|mrs|ms|mx|dr|st|sr|sra|srta|sres|dra|d|dna|no|nr|num|tel|art|bzw|ca|usw|etc|inkl|exkl|excl|mwst|ust|evtl|ggf|zzgl|max|min"
    r"|approx|incl|vs|e\.g|i\.e|z\.b|d\.h|u\.a|p\.ex|p\.ej|aprox|cod|sig|sigg|dott|prof|ing|ud|uds|vd|hr|fr|bd|str|std|mio|jan|feb|aug|sept|okt|nov|dez|dec"
    r"|[ap]\.m)\.$"
)  # fmt: skip
_MONTH = re.compile(
    r"\s+(?:jan|feb|mar|apr|mai|jun|jul|aug|sep|okt|oct|nov|dez|dec|janner|bis|und|oder|etage|stufe|kalenderwoche)"
)


_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_NO_LETTER = {code: " " for code in range(128) if not chr(code).isalpha() and chr(code) != "'"}


def words_in(text: str) -> list[str]:
    """The words of a text, each with what follows its first apostrophe.

    >>> words_in("It's 'here', 5 m_s"), words_in("¿Dónde está?")
    (["It's", 'here', 'm', 's'], ['Dónde', 'está'])
    """
    if not text.isascii():
        return _WORD.findall(text)
    letters = text.translate(_NO_LETTER)  # three times as fast
    found = letters.split()
    if "'" in letters:
        return [word for piece in found for word in (_WORD.findall(piece) if "'" in piece else (piece,))]
    return found


def remembered(function: Callable[..., T]) -> Callable[..., T]:
    """What a function says of a sentence or its words, kept for the last short ones: much is said again and again.

    >>> remembered(str.title)("kind regards")
    'Kind Regards'
    """
    known = lru_cache(maxsize=KEPT)(function)

    @wraps(function)
    def say(said: str | tuple[str, ...], *rest: object) -> T:
        return (known if len(said) <= SHORT else function)(said, *rest)

    say.cache_clear = known.cache_clear  # type: ignore[attr-defined]
    return say


@remembered
def _kept_words(sentence: str) -> tuple[str, ...]:
    return tuple(words_in(sentence))


if TYPE_CHECKING:
    kept = cached_property
else:

    class kept(cached_property):
        """What is found once for an object, as `cached_property`, but without its lock, which takes longer."""

        def __get__(self, instance, owner=None):
            """The value, which stands before this on the object from now on."""
            value = instance.__dict__[self.attrname] = self.func(instance)
            return value


@dataclass(frozen=True)
class Reading:
    """A reply and its plain form; `plain[i]` stands at `text[places[i]]` (or at i when nothing was left out).

    `is_western` says that Windows' code page for Western Europe has all its characters: no search for others finds any.
    """

    text: str
    language: str
    shown: str
    plain: str
    places: list[int] | None
    is_western: bool

    @classmethod
    def of(cls, text: str, language: str) -> "Reading":
        """Read a reply, at most LONGEST characters of it.

        >>> r = Reading.of("Write to he\\u200blp@cosyhome.com", "en")
        >>> r.plain, r.original(9, 13)
        ('write to help@cosyhome.com', (9, 14))
        """
        head = text[:LONGEST]
        is_loose = not head.isascii() and _LOOSE.search(head)
        shown, places = _composed(head) if is_loose else (head, None)
        western = _fold_western(shown)
        return cls(text, language, shown, western or fold(shown), places, western is not None)

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Where plain[start:end] stands in the text as it was given."""
        if self.places is None:
            return start, end
        return self.places[start], self.places[end - 1] + 1 if end > start else self.places[start]

    @kept
    def quotes(self) -> list[tuple[int, int]]:
        """Spans in quotation marks: product names, screen texts, the buyer's own words.

        >>> r = Reading.of('Press "Soon" twice', "en")
        >>> [r.plain[a:b] for a, b in r.quotes]
        ['"soon"']
        """
        return [m.span() for m in _QUOTED.finditer(self.shown)]

    def is_quoted(self, start: int, end: int) -> bool:
        """True if the span lies inside quotation marks."""
        i = bisect_right(self.quotes, (start, len(self.plain) + 1)) - 1
        return i >= 0 and end <= self.quotes[i][1]

    def unquoted(self, start: int, end: int) -> str:
        """The plain text between two places, with blanks where something is quoted."""
        text = self.plain[start:end]
        for a, b in self.quotes:
            if start <= a and b <= end:
                text = text[: a - start] + " " * (b - a) + text[b - start :]
        return text

    @kept
    def sentences(self) -> list[tuple[int, int]]:
        """Where each sentence begins and ends; a number's or an abbreviation's dot ends none, that of "13 h." does.

        >>> r = Reading.of("Guten Tag Hr. Ott, er kommt am 5. Mai. Danach z. B. bis 18 Uhr!\\nViele Grüße", "de")
        >>> [r.plain[a:b].strip() for a, b in r.sentences]
        ['guten tag hr. ott, er kommt am 5. mai.', 'danach z. b. bis 18 uhr!', 'viele gruse']
        """
        spans: list[tuple[int, int]] = []
        begin = 0
        for m in _ENDS.finditer(self.plain):
            start, end = m.span()
            if not self._goes_on(start, end) and not self.plain[begin:end].isspace():
                spans.append((begin, end))
                begin = end
        if self.plain[begin:].strip():
            spans.append((begin, len(self.plain)))
        return spans

    @kept
    def words(self) -> list[tuple[str, ...]]:
        """The words of every sentence, those in quotation marks left out."""
        return [_kept_words(self.unquoted(a, b)) for a, b in self.sentences]

    def _goes_on(self, start: int, end: int) -> bool:
        mark = self.plain[start]
        if mark == "\n":
            return self.language != "ja" and self.shown[end : end + 1].islower()
        if self.quotes and self.is_quoted(start, end + 1):
            return True
        if mark != ".":
            return False
        if self.shown[end : end + 2].strip().islower():
            return True
        if self.language != "ja" and _ABBREVIATION.search(self.plain[max(0, start - 6) : start + 1]):
            return True
        return self.language == "de" and self.plain[start - 1 : start].isdigit() and bool(_MONTH.match(self.plain, end))

    @kept
    def _begins(self) -> list[int]:
        return [start for start, _ in self.sentences]

    def _number_of_sentence(self, place: int) -> int:
        return max(bisect_right(self._begins, place) - 1, 0)

    def sentence_at(self, place: int) -> tuple[int, int]:
        """The sentence that holds this place, at most FARTHEST characters to either side: some text has no stop."""
        start, end = self.sentences[self._number_of_sentence(place)] if self.sentences else (0, len(self.plain))
        return max(start, place - FARTHEST), min(end, place + FARTHEST)

    def sentences_around(self, place: int, count: int) -> tuple[int, int]:
        """The sentence that holds this place, with so many before and after it."""
        i = self._number_of_sentence(place)
        near = self.sentences[max(i - count, 0) : i + count + 1] or [(0, len(self.plain))]
        return near[0][0], near[-1][1]


def pattern(source: str, words: dict[str, str] | None = None) -> "re2._Regexp":
    """A pattern over plain text: `{name}` is a word list of the language, ` … ` up to five words, a blank any blanks.

    >>> pattern("wir {will} … zurück", {"will": "(?:werden|wollen)"}).search("wir werden bald zuruck").span()
    (0, 22)
    """
    return re2.compile(expanded(source, words or {}), options())


def first_span(sought: "re2._Regexp", text: bytes, start: int = 0) -> tuple[int, int]:
    """Where a pattern of re2 first stands in a text from a place on; (-1, -1) if nowhere.

    This is what `search` of re2 calls; all that it does beside takes longer than most searches.
    """
    found: tuple[int, int] = sought._regexp.Match(_ANYWHERE, text, start, len(text))[0]
    return found


_ANYWHERE = re2._Anchor.UNANCHORED


def stands_in(sought: "re2._Regexp", text: str) -> bool:
    """True if a pattern of re2 stands anywhere in a text; as bytes, for which re2 need not count characters."""
    return first_span(sought, text.encode())[0] >= 0


def spans(sought: "re2._Regexp", text: str) -> Iterator[tuple[int, int]]:
    """Where a pattern of re2 stands in a text.

    >>> [list(spans(re2.compile("da[ys]"), text)) for text in ("4 days", "4 jours, 4 días, 4 days")]
    [[(2, 5)], [(19, 22)]]
    >>> list(spans(re2.compile("é?"), "aé"))
    [(0, 0), (1, 2), (2, 2)]
    """
    data = text.encode()
    is_ascii = len(data) == len(text)
    place = read = 0  # characters, and the bytes that they are
    begin = 0
    while begin <= len(data):
        start, end = first_span(sought, data, begin)
        if start < 0:
            return
        if is_ascii:
            yield start, end
        else:
            first = place + len(data[read:start].decode())
            place, read = first + len(data[start:end].decode()), end
            yield first, place
        begin = end
        if start == end:
            begin += 1
            while begin < len(data) and data[begin] & 0xC0 == 0x80:  # within a character
                begin += 1


def expanded(source: str, words: dict[str, str]) -> str:
    """The regular expression that a pattern stands for."""
    for _ in range(4):
        source = re.sub(r"\{([a-z_]+)\}", lambda m: f"(?:{words[m.group(1)]})", source)
    source = source.replace(" … ", r"(?: [^ .!?;\n]+){0,5} ").replace("…", r"[^.!?;。！？\n]{0,40}?")
    folded = "".join(c if c.isascii() else fold(c) for c in source)
    return folded.replace(" ?", r"\s*").replace(" ", r"\s+")


def options() -> "re2.Options":
    """Room for large alternatives; no messages on standard error."""
    chosen = re2.Options()
    chosen.max_mem = 64 << 20  # what is found in many different texts is kept up to here, for each language
    chosen.log_errors = False
    return chosen
