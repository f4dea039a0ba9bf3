"""Characters that do not belong into a reply: another script's residue, markup, control characters, too many."""

import re
from collections.abc import Iterator
from functools import cache

from suggest.tone.case import Case
from suggest.tone.reading import INVISIBLE, LONGEST

Spans = Iterator[tuple[int, int]]  # of the text as it was given, unlike the spans of all other modules

_HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_EASTERN = re.compile(f"[{_HAN}\u3040-\u30ff]+")
_WIDE = re.compile("[\uff01-\uff5e\u3000-\u3003\u300c-\u300f\u3010-\u3011\uff61\uffe5]+")
_HALF = "\uff61-\uff9f"
_HALF_KANA = re.compile(f"[{_HALF}]+")
_IN_NAMES = "圳鑫鄞溧漯邳郫涪滁淄嵊涿睢沂"  # of towns and firms, written the same everywhere: 深圳 is right in Japanese
_LETTER = re.compile(r"[^\W\d_]")

_TAG = re.compile(
    r"</?(?:a|abbr|b|i|u|p|br|hr|em|div|img|font|span|strong|table|tbody|tr|td|th|ul|ol|li|h[1-6]|html|body|head|center|small|big|sub|sup"
    r"|code|pre|style|script|iframe|meta|link|button|form|input|title|s|del|ins|blockquote|section|video)(?:\s[^<>]{0,300})?\s?/?>|<!--|<!doctype",
    re.IGNORECASE,
)  # fmt: skip
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8}\d{0,2});", re.IGNORECASE)
_MARKDOWN = re.compile(
    r"\*\*[^*\n]{1,200}\*\*|\[[^\]\n]{1,100}\]\(https?:|^#{1,4} \w|\[/?(?:b|i|u|url|img|color)(?:=[^\]]{0,80})?\]|```",
    re.MULTILINE | re.IGNORECASE,
)
_PLAIN_SIGNS = "★☆♪♫♬♭♮♯☎☏☐☑☒☓☆☛☞♀♂♠♣♥♦✓✔✕✖✗✘✚✛✜✝" + "".join(map(chr, range(0x2776, 0x2794)))
_PICTURES = "".join(c for c in map(chr, range(0x2600, 0x27C0)) if c not in _PLAIN_SIGNS)
_MAY_SHOW = re.compile("[\u20e3\u231a-\u27bf\u2b1b-\u2b55\ufe0f\U0001f000-\U0001faff]")
_EMOJI = re.compile(
    f"(?:[\U0001f000-\U0001faff⭐⭕⬛⬜⌚⌛⏩-⏳{_PICTURES}]|[!-\u3299]\ufe0f|[0-9#*]\u20e3)"
    "[\ufe0f\u200d\u20e3\U0001f3fb-\U0001f3ff\U0001f000-\U0001faff]*"
)
_MARK = re.compile(r"\[henji\b[^\[\]\n]{0,200}\]")
_NAMES = re.compile(r"\b(?:(?:LAST|FIRST|SUR|CUSTOMER|BUYER|KUNDEN|NACH|VOR)NAME|PRENOM|APELLIDOS?|COGNOME)\b")
_NAME_ENDS = ("NAME", "PRENOM", "APELLIDO", "COGNOME")
_CAPITALS = re.compile(r"(?<![\w.])[A-Z]{2,}(?:_[A-Z]{2,})+(?![\w.]\w)", re.ASCII)
_CONTROL = re.compile(
    f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f{INVISIBLE}\ufeff\ufff9-\ufffd\ue000-\uf8ff\ud800-\udfff]+"
)
_BREAK = "(?:\r\n|\r(?!\n)|[\n\u2028\u2029\x85])"
_MAY_BREAK = re.compile(r"\n *\n *\n")
_BREAKS = re.compile(f"{_BREAK}(?:[ \t\u3000]{{0,40}}{_BREAK}){{2,}}")


def _head(case: Case) -> str:
    return case.reading.text[:LONGEST]


def residue(case: Case) -> Spans:
    """Full-width characters, and Chinese or Japanese words outside quotation marks, in a Western reply.

    A reply that is Chinese as a whole is in the wrong language instead.
    """
    text = _head(case)
    if case.reading.language == "ja" or case.reading.is_western or is_eastern(text):
        return
    yield from (m.span() for m in _WIDE.finditer(text))
    quotes = [case.reading.original(a, b) for a, b in case.reading.quotes]
    for m in _EASTERN.finditer(text):
        if not any(a <= m.start() and m.end() <= b for a, b in quotes):
            yield m.span()


def is_eastern(text: str) -> bool:
    """True if most letters are Chinese or Japanese.

    >>> is_eastern("然后打开电源, OK"), is_eastern("Press 开始 twice")
    (True, False)
    """
    eastern = sum(len(m.group()) for m in _EASTERN.finditer(text))
    return eastern > 0 and 2 * eastern > len(_LETTER.findall(text))


def simplified(case: Case) -> Spans:
    """Half-width kana and simplified Chinese characters in a Japanese reply."""
    if case.reading.language != "ja":
        return
    text = _head(case)
    if _simplified(_HALF).search(text):
        yield from (m.span() for m in _HALF_KANA.finditer(text))
        yield from (m.span() for m in _simplified().finditer(text))


@cache
def _simplified(others: str = "") -> "re.Pattern[str]":
    """Every character that is simplified, one by one: those of GB 2312, seventy rows of 94 from 0xb0a1; and others."""
    written = bytes(byte for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF) for byte in (row, cell))
    return re.compile(f"[{others}{''.join(c for c in written.decode('gb2312', 'ignore') if is_simplified(c))}]")


@cache
def is_simplified(char: str) -> bool:
    """True for a character that mainland China writes and Japan's own character set lacks.

    >>> [is_simplified(c) for c in "们会語圳"]
    [True, False, False, False]
    """
    return _fits(char, "gb2312") and not _fits(char, "cp932") and char not in _IN_NAMES


def _fits(char: str, encoding: str) -> bool:
    try:
        char.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def fields_left(case: Case) -> Iterator[tuple[int, int]]:
    """Fields in capitals that nobody filled: CUSTOMER_NAME, and marks to the check, which no buyer should read.

    Their spans are the plain text's.
    """
    if "[henji" in case.plain:
        yield from (m.span() for m in _MARK.finditer(case.plain))
    for m in _CAPITALS.finditer(case.reading.shown) if "_" in case.plain else ():
        if case.word("field").search(m.group().lower().replace("_", " ")):
            yield m.span()
    if any(word in case.reading.shown for word in _NAME_ENDS):
        yield from (m.span() for m in _NAMES.finditer(case.reading.shown))


def too_long(case: Case) -> Spans:
    """What is beyond the channel's limit."""
    if len(case.reading.text) > case.max_characters:
        yield case.max_characters, len(case.reading.text)


def markup(case: Case) -> Spans:
    """HTML tags and entities, Markdown and emoji; "<" and "&" as signs of their own are none."""
    text = _head(case)
    for sign, pattern in (
        ("<", _TAG),
        ("&", _ENTITY),
        ("*", _MARKDOWN),
        ("[", _MARKDOWN),
        ("#", _MARKDOWN),
        ("`", _MARKDOWN),
    ):
        if sign in text:
            yield from (m.span() for m in pattern.finditer(text))
    if not case.reading.is_western and _MAY_SHOW.search(text):
        yield from (m.span() for m in _EMOJI.finditer(text))


def control(case: Case) -> Spans:
    """Control, zero-width, bidi, private-use and broken characters."""
    text = _head(case)
    if not (text.isascii() and text.replace("\n", " ").isprintable()):
        yield from (m.span() for m in _CONTROL.finditer(text))


def many_breaks(case: Case) -> Spans:
    """More than two line breaks in a row."""
    if _MAY_BREAK.search(case.plain):
        yield from (m.span() for m in _BREAKS.finditer(_head(case)))
