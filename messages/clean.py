"""The buyer's own words out of a mail: without Amazon's wrapper, HTML, quoted history and what phones put below."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import re2

from messages.encoding import is_unicode
from messages.marketplaces import find_marketplace

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

_OPTIONS = re2.Options()
_OPTIONS.max_mem = 64 << 20  # the tables hold many phrases
_OPTIONS.log_errors = False


def _compiled(pattern: str) -> re2._Regexp:
    return re2.compile(pattern, _OPTIONS)


_DASH = "[-–—‐‑‒―−─━－_=*]"
_DASHES = _compiled(_DASH + "{3}")
_LONGEST_LINE = 600  # characters; a longer line is prose, never a header of a quoted mail


def clean_message(text: str) -> str:
    """The words that the buyer wrote, otherwise unchanged.

    What stands between Amazon's markers counts; where there are none, what is left without quotes, footers and
    signatures. Words are never thrown away altogether: if nothing but a quote is there, the quote is what was meant.

    >>> clean_message("------ Begin message ------\\n\\nWhere is it?\\n\\n------ End message ------")
    'Where is it?'
    >>> clean_message("Blau.\\n\\nAm 03.11.2026 schrieb Lampenshop:\\n> Farbe?\\n\\nVon meinem iPhone gesendet")
    'Blau.'
    """
    visible, hidden = without_surrogates(text)
    plain = html_text(visible) if is_html(visible) else visible
    plain = plain.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff")
    return with_surrogates(_own_words(plain, depth=0), hidden)


def _own_words(text: str, depth: int) -> str:
    text = _relayed(_inside_wrapper(text))
    own, quoted = _without_history(text)
    own = _without_signature(own)
    if _has_words(own) or not quoted or depth > 3:
        return own.strip()
    return _own_words(quoted, depth + 1) or own.strip()


def _has_words(text: str) -> bool:
    return any(c.isalnum() or c > "\u2000" for c in text)


# Lone surrogates are no Unicode: re2 and HTML parsers refuse them. They stand aside as private characters meanwhile.
_SURROGATES = re.compile("[\ud800-\udfff]")
_STANDINS = re.compile("[\U00100000-\U001007ff]")


def without_surrogates(text: str) -> tuple[str, bool]:
    """The text with private characters for lone surrogates, and whether there are any."""
    if is_unicode(text):
        return text, False
    return _SURROGATES.sub(lambda m: chr(0x100000 + ord(m[0]) - 0xD800), text), True


def with_surrogates(text: str, hidden: bool) -> str:
    """What `without_surrogates` hid, put back."""
    return _STANDINS.sub(lambda m: chr(ord(m[0]) - 0x100000 + 0xD800), text) if hidden else text


# --- HTML -------------------------------------------------------------------------------------------------------------

_HTML = _compiled(
    r"(?i)<(?:!doctype html|html|head|body|div|p|br|table|tbody|tr|td|pre|span|font|blockquote|style|center|ul|ol|li"
    r"|strong|h[1-6]|img|hr|o:p)(?:\s[^<>]*)?/?>|<a\s[^<>]*href[^<>]*>"
)
_BLOCKS = (
    "p, div, table, tr, ul, ol, li, blockquote, pre, h1, h2, h3, h4, h5, h6, hr, section, article, header, footer,"
    " center, dt, dd"
)
_HIDDEN = (
    "head, style, script, title, template, noscript, object, svg, [hidden],"
    " [style*='display:none'], [style*='display: none'],"
    " [style*='visibility:hidden'], [style*='visibility: hidden'], [style*='mso-hide:all'], [style*='mso-hide: all'],"
    " [style*='max-height:0'], [style*='font-size:0;'], [style*='font-size:0px'], [style*='opacity:0;']"
)
_QUOTES = (
    "blockquote[type=cite], .gmail_quote, .gmail_attr, .yahoo_quoted, .moz-cite-prefix, #appendonsend ~ *,"
    " #divRplyFwdMsg, #divRplyFwdMsg ~ *"
)
_BREAK, _BLOCK, _PARAGRAPH = "\ue00a", "\ue00b", "\ue00c"  # private characters, while blanks are folded
_BREAKS = _compiled(f"[ {_BREAK}{_BLOCK}{_PARAGRAPH}]*[{_BREAK}{_BLOCK}{_PARAGRAPH}][ {_BREAK}{_BLOCK}{_PARAGRAPH}]*")
_MOST_TAGS = 10_000  # in a mail; deeper nesting than any mail's makes a tree slow
_TAG = re.compile("<[^<>]*>")  # linear; re2 builds an object in Python for each of a million matches
_PRE = _compiled(r"(?is)<pre(?:\s[^<>]*)?>.*?(?:</pre\s*>|$)")
_AMAZON_PRE = "pre[style*='-o-pre-wrap']"


def is_html(text: str) -> bool:
    """Whether a text is HTML; an address in angle brackets and "x < 5" are none.

    >>> [is_html(t) for t in ("<p>Hi</p>", "Shop <a@example.com> wrote", "height < 5 and > 3", "Hallo<br/>Welt")]
    [True, False, False, True]
    """
    return "<" in text and _HTML.search(text) is not None


def html_text(html: str) -> str:
    """What a reader sees of an HTML mail; of Amazon's mail only the buyer's words, which stand in one <pre>.

    >>> html_text("<style>p{}</style><div style='display:none'>preview</div><p>Hello&nbsp;<b>you</b></p><p>Bye</p>")
    'Hello you\\n\\nBye'
    """
    from selectolax.lexbor import LexborHTMLParser

    html = html.replace("\r\n", "\n").replace("\r", "\n")
    for private in (_BREAK, _BLOCK, _PARAGRAPH):
        html = html.replace(private, "")
    if html.count("<") > _MOST_TAGS:
        return _folded(_TAG.sub(_BLOCK, html))
    tree = LexborHTMLParser(_PRE.sub(lambda m: _after_tag(m.group()).replace("\n", _BREAK), html))
    if (words := tree.css_first(_AMAZON_PRE)) is not None:
        for node in words.css("br"):
            node.replace_with("\n")
        return words.text().replace(_BREAK, "\n").replace("\xa0", " ").strip()
    _remove(tree, _HIDDEN)
    whole = tree.html or ""
    _remove(tree, _QUOTES)
    if not _has_words(tree.body.text() if tree.body else ""):
        tree = LexborHTMLParser(whole)
    root = tree.body
    if root is None:
        return ""
    for node in root.css("br"):
        node.replace_with(_BREAK)
    for node in root.css(_BLOCKS):
        edge = _PARAGRAPH if node.tag in ("p", "h1", "h2", "h3", "h4") else _BLOCK
        node.insert_before(edge)
        node.insert_after(edge)
    for node in root.css("td + td, th + th"):
        node.insert_before(" ")
    return _folded(root.text())


def _remove(tree: "LexborHTMLParser", selector: str) -> None:
    """Take out what matches, the outermost first: what stood inside is gone with it."""
    while (node := tree.css_first(selector)) is not None:
        node.decompose()


def _after_tag(pre: str) -> str:
    """HTML drops a line break right after <pre>."""
    start = pre.find(">") + 1
    return pre[:start] + pre[start:].removeprefix("\n")


def _folded(text: str) -> str:
    """Text with blanks folded as a browser folds them, and line breaks where blocks begin and end."""
    text = re2.sub(r"[ \t\n\f\v]+", " ", text).replace("\xad", "").replace("\u200c", "")
    shown = _BREAKS.sub(lambda m: "\n" * _height(m.group()), text).replace("\xa0", " ")
    return re2.sub(r"\n{2} +\n{2}", "\n\n", shown).strip()  # a paragraph that is only a blank


def _height(edges: str) -> int:
    """How many line breaks a browser shows for edges of blocks and <br> in a row."""
    before, *rest = edges.split(_BREAK)
    return max(len(rest) + bool(before.strip(" ") or not rest), 2 if _PARAGRAPH in edges else 1)


# --- Amazon's wrapper -------------------------------------------------------------------------------------------------


@cache
def _tables() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(Path(__file__).with_name("clean.toml").read_text(encoding="utf-8"))


def _loose(phrase: str) -> str:
    """A pattern for a phrase, forgiving blanks, case, the colon's width and letters that lost their accent.

    >>> bool(re2.fullmatch(_loose("Début du message"), "DÃ©but  du message")), _loose("Mensaje:").endswith("?")
    (True, True)
    """
    parts = []
    for char in phrase:
        if char == "…":
            parts.append(".*")
        elif char == " ":
            parts.append(r"[ \t\x{a0}\x{3000}]*")
        elif char in ":：":
            parts.append(r"[\s\x{a0}]?[:：]?")
        elif char in "'’":
            parts.append("(?:['’´`]|&#39;|.{2,3})")
        elif "\x80" < char < "\u0250":
            parts.append(rf"(?:{char}|[^\s:]{{0,3}})")
        else:
            parts.append(re.escape(char))
    return "".join(parts)


def _any(phrases: Iterable[str]) -> str:
    return "(?:" + "|".join(_loose(p) for p in sorted(phrases, key=len, reverse=True)) + ")"


@cache
def _markers() -> tuple[re2._Regexp, re2._Regexp]:
    """Patterns for a marker that we know and for one in a language that we do not know."""
    begin, end = _any(_tables()["markers"]["begin"]), _any(_tables()["markers"]["end"])
    label = rf"(?:[^\n/]{{0,40}}/[ \t]*)?(?:(?P<begin>{begin})|(?P<end>{end}))(?:[ \t]*/[^\n/]{{0,40}}?)?"
    known = rf"(?i){_DASH}{{3,}}[ \t]*{label}[ \t\n]*(?:{_DASH}{{3,}}|\z)"
    unknown = rf"{_DASH}{{8,}}[ \t]*\pL[^\n<>@-]{{1,60}}?[ \t]*{_DASH}{{8,}}"
    return _compiled(known), _compiled(unknown)


_EVIDENCE = _compiled(
    r"(?i)\[ASIN: ?[a-z0-9]{10}\]|\[commMgrTok:|SPC-\w{0,4}Amazon-|(?m:^# ?\D{0,20}[0-9]{3}-[0-9]{7}-[0-9]{7})"
)


def _inside_wrapper(text: str) -> str:
    """What stands between the first marker and the one that closes it; markers within quoted lines do not count."""
    if not _DASHES.search(text):
        return _between_headers(text) if _EVIDENCE.search(text) else text
    known, unknown = _markers()
    found = [m for m in known.finditer(text) if not _is_quoted_at(text, m.start())]
    if not found and _EVIDENCE.search(text):
        pair = list(unknown.finditer(text))[:2]
        return text[pair[0].end() : pair[1].start()] if len(pair) == 2 else _between_headers(text)
    if not found or _answers_a_quote(text[: found[0].start()]):
        return _between_headers(text) if _EVIDENCE.search(text) and not found else text
    first = found[0]
    if first.group("begin") is None:
        before = list(unknown.finditer(text[: first.start()]))
        return text[before[-1].end() : first.start()] if before else _between_headers(text[: first.start()])
    depth = 0
    for marker in found:
        depth += 1 if marker.group("begin") is not None else -1
        if depth == 0:
            return text[first.end() : marker.start()]
    last_end = next((m for m in reversed(found) if m.group("begin") is None), None)
    if last_end is not None:
        return text[first.end() : last_end.start()]
    after = text[first.end() :]
    closing = unknown.search(after)
    return after[: closing.start()] if closing else _above_footer(after)


def words_end(text: str) -> bool | None:
    """Whether a marker or a footer ends the buyer's words; None for a text without markers.

    >>> [words_end(t) for t in ("---- Message: ----\\nIt", "---- Message: ----\\nIt\\n[commMgrTok:A1]", "It")]
    [False, True, None]
    """
    visible, _ = without_surrogates(text)
    known, unknown = _markers()
    _, below = _frame()
    found = list(known.finditer(visible))
    if not found:
        return None
    if any(m.group("begin") is None for m in found):
        return True
    after = visible[found[0].end() :]
    return unknown.search(after) is not None or any(below.match(line) for line in after.split("\n"))


def _is_quoted_at(text: str, position: int) -> bool:
    return text[text.rfind("\n", 0, position) + 1 : position].lstrip(" \t").startswith(">")


def _answers_a_quote(before: str) -> bool:
    """Whether the marker belongs to an older mail below an answer: words, then the head of a quoted mail."""
    lines = before.split("\n")
    heads = (number for number in range(len(lines)) if _head_of_quote(lines, number))
    return (first := next(heads, None)) is not None and _has_words("\n".join(lines[:first]))


@cache
def _frame() -> tuple[re2._Regexp, re2._Regexp]:
    above, below = _tables()["wrapper"]["above"], _tables()["wrapper"]["below"]
    order = r"#? ?(?:\pL[\pL .°º:#]{0,30})?[0-9]{3}-[0-9]{7}-[0-9]{7}:?"
    item = (
        r"[0-9]{1,4} ?(?:/|x|of|von|de|di|的|点|件).*(?:\[ASIN: ?[A-Za-z0-9]{10}\])?.*|.*\[ASIN: ?[A-Za-z0-9]{10}\].*"
    )
    rule = rf"{_DASH}{{3,}}"
    return _compiled(rf"(?i)\s*(?:{_any(above)}|{order}|{item}|{rule})\s*"), _compiled(rf"(?i)\s*{_any(below)}")


def _between_headers(text: str) -> str:
    above, _ = _frame()
    lines = text.split("\n")
    start = 0
    while start < len(lines) and (not lines[start].strip() or _matches(above, lines[start])):
        start += 1
    return _above_footer("\n".join(lines[start:]))


def _above_footer(text: str) -> str:
    _, below = _frame()
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if len(line) <= _LONGEST_LINE and below.match(line):
            return "\n".join(lines[:number])
    return text


def _matches(pattern: re2._Regexp, line: str) -> bool:
    return len(line) <= _LONGEST_LINE and pattern.fullmatch(line) is not None


@cache
def _relay_patterns() -> tuple[re2._Regexp, re2._Regexp, re2._Regexp]:
    table = _tables()["relayed"]
    return (
        _compiled(rf"(?im)^\s*(?:Dear [^\n]{{0,60}}\n+\s*)?{_any(table['opening'])}"),
        _compiled(rf"(?im)^\s*{_any(table['details'])}\s{{0,2}}[:：]\s*"),
        _compiled(rf"(?i)\s*{_any(table['closing'])}"),
    )


def is_relayed(text: str) -> bool:
    """Whether Amazon's customer service writes down here what a buyer told it.

    >>> is_relayed("We've been contacted by a customer regarding the order identified below.\\nDetails: It broke.")
    True
    """
    opening, details, _ = _relay_patterns()
    visible, _ = without_surrogates(text[:20_000])
    return opening.search(visible) is not None and details.search(visible) is not None


def _relayed(text: str) -> str:
    if (":" not in text and "：" not in text) or not is_relayed(text):
        return text
    _, details, closing = _relay_patterns()
    lines = text[details.search(text).end() :].split("\n")
    for number, line in enumerate(lines):
        if number and len(line) <= _LONGEST_LINE and closing.match(line):
            return _above_footer("\n".join(lines[:number]))
    return _above_footer("\n".join(lines))


# --- Quoted history ---------------------------------------------------------------------------------------------------

_DATED = _compiled(r"[0-9０-９]{1,4} ?[-/.:年,]|[0-9]{1,2}\.? \pL{3,}|\pL{3,} [0-9]{1,2}|@")


@cache
def _history_patterns() -> dict[str, re2._Regexp]:
    table = _tables()["history"]
    wrote = _any(table["wrote"])
    title = rf"(?:{_any(table['original'])}|{_any(table['forwarded'])})"
    name = "|".join(re.escape(f) for f in sorted(table["fields"], key=len, reverse=True))
    return {
        "wrote": _compiled(rf"(?i)\s*{_DASH}{{0,5}}\s*{wrote}\s*"),
        "title": _compiled(
            rf"(?i)\s*(?:{_DASH}{{2,}}\s*{title}\s*:?\s*{_DASH}{{2,}}|{_any(table['forwarded'])}\s*[:：])\s*"
        ),
        "forwarded": _compiled(
            rf"(?i)\s*(?:{_DASH}{{2,}}\s*)?{_any(table['forwarded'])}\s*[:：]?\s*(?:{_DASH}{{2,}})?\s*"
        ),
        "field": _compiled(rf"(?i)\s*[*]?(?:{name})\s?[:：][*]?(?:\s.*|[^/\s].*)?"),
        "sender": _compiled(r"(?i)\s*[*]?(?:From|Von|De|Da|Van|Från|差出人|送信者|发件人|寄件者)\s?[:：]"),
        "rule": _compiled(rf"\s*{_DASH}{{8,}}\s*"),
        "inline": _compiled(
            r"(?i)[\s.!?。](?:On|Am|Le|El|Il|Em|Op)\s[^\n]{0,20}[0-9][^\n]{5,150}\s"
            r"(?:wrote|schrieb[^\n>:]{0,80}|a .?.?crit|escribi\S{1,2}|ha scritto|escreveu|schreef[^\n>:]{0,80})\s?:\s*>"
        ),
    }


def _without_history(text: str) -> tuple[str, str]:
    """The words above, between and below quoted lines, and the quoted mail if they are all that is there."""
    lines = text.split("\n")
    patterns = _history_patterns()
    own: list[str] = []
    quoted: list[str] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        if line.lstrip(" \t").startswith(">"):
            quoted.append(line.lstrip(" \t")[1:].removeprefix(" "))
            number += 1
        elif length := _head_of_quote(lines, number):
            number += length
            rest = number
            while rest < len(lines) and not lines[rest].strip():
                rest += 1
            if rest < len(lines) and not lines[rest].lstrip(" \t").startswith(">"):
                if _is_forward_of_buyer(lines[number - length : number]):
                    return "", "\n".join(lines[rest:])
                quoted.extend(lines[rest:])
                break
        else:
            own.append(line)
            number += 1
    words = "\n".join(own)
    if (
        "> " in words
        and "\n" not in words.strip()
        and len(words) < 20_000
        and (found := patterns["inline"].search(words))
    ):
        before = words[: found.start() + 1]
        return (before, words[found.end() :]) if _has_words(before) else ("", words[found.end() :])
    return words, "\n".join(quoted)


def is_forward(text: str) -> bool:
    """Whether a mail program wrote that a mail is forwarded here.

    >>> is_forward("Bitte antworten\\n---------- Weitergeleitete Nachricht ---------\\nVon: Ann"), is_forward("Hallo")
    (True, False)
    """
    visible, _ = without_surrogates(text[:20_000])
    return any(_matches(_history_patterns()["forwarded"], line) for line in visible.split("\n") if line.strip())


def _is_forward_of_buyer(head: Sequence[str]) -> bool:
    """A shop's mail program forwards the mail of a buyer: the words below are the ones that count."""
    patterns = _history_patterns()
    from_buyer = any("@marketplace.amazon." in line for line in head if patterns["sender"].match(line))
    return from_buyer and any(line.strip() and _matches(patterns["forwarded"], line) for line in head)


def _head_of_quote(lines: Sequence[str], number: int) -> int:
    """How many lines from here on introduce a quoted mail; 0 when these are words.

    >>> _head_of_quote(["On Mon, 2 Nov 2026, Lamp Shop <a@example.com>", "wrote:", "> Hi"], 0)
    2
    >>> _head_of_quote(["-----Original Message-----", "From: Lamp Shop", "Sent: Monday", "Subject: Re", "", "Hi"], 0)
    4
    >>> _head_of_quote(["My husband wrote:", "it is broken"], 0)
    0
    """
    patterns = _history_patterns()
    line = lines[number]
    if not line.strip() or len(line) > _LONGEST_LINE:
        return 0
    if ("-" in line or ":" in line or "：" in line) and _matches(patterns["title"], line):
        rest = _next_words(lines, number + 1)
        return rest - number + _fields(lines, rest) if rest < len(lines) else 1
    if _matches(patterns["rule"], line):
        rest = _next_words(lines, number + 1)
        length = _fields(lines, rest)
        return rest - number + length if length >= 3 else 0
    if patterns["sender"].match(line) and (length := _fields(lines, number)) >= 3:
        return length
    if not any(other.rstrip().endswith((":", "：")) for other in lines[number : number + 3]):
        return 0
    joined = ""
    for length in range(1, 4):
        if number + length > len(lines) or not lines[number + length - 1].strip():
            return 0
        joined = f"{joined} {lines[number + length - 1].strip()}".strip()
        if len(joined) > 320:
            return 0
        if joined.endswith((":", "：")) and _matches(patterns["wrote"], joined) and _DATED.search(joined):
            return length
    return 0


def _next_words(lines: Sequence[str], number: int) -> int:
    while number < len(lines) and not lines[number].strip():
        number += 1
    return number


def _fields(lines: Sequence[str], number: int) -> int:
    """How many lines are fields of a mail's head, such as "From: …"; a long one may run over two lines."""
    pattern = _history_patterns()["field"]
    end = number
    while end < len(lines) and lines[end].strip():
        if _matches(pattern, lines[end]):
            end += 1
        elif end > number and end + 1 < len(lines) and _matches(pattern, lines[end + 1]):
            end += 2
        else:
            break
    return end - number


# --- Signatures -------------------------------------------------------------------------------------------------------


@cache
def _signature_patterns() -> tuple[re2._Regexp, re2._Regexp, re2._Regexp]:
    """Patterns for a line of its own, for the end of a line of words, and for the device that either must name."""
    table = _tables()["signatures"]
    phrase = _any(line.replace("…", "⋯") for line in table["lines"]).replace("⋯", r"[^\n!?！？。]*")
    link = r"(?:\s*[<(\[]?https?://\S{1,200}[>)\]]?)?"
    device = "|".join(rf"\b{re.escape(d)}\b" if d.isascii() else d for d in table["devices"])
    return (
        _compiled(rf"(?i)\s*[-–—_*]{{0,3}}\s*{phrase}{link}\s*[.。!]?\s*"),
        _compiled(rf"(?:[.!?。！？)\]]\s*|\s\s)(?P<sign>(?i:{phrase}){link})\s*[.。!]?\s*$"),
        _compiled(rf"(?i){device}"),
    )


def _without_signature(text: str) -> str:
    """Words without what a phone or a mail program puts below them; it always names itself.

    >>> _without_signature("Wo ist es?\\n\\nGesendet mit der GMX Mail App"), _without_signature("Gesendet mit DHL")
    ('Wo ist es?', 'Gesendet mit DHL')
    """
    whole, at_end, device = _signature_patterns()
    lines = text.rstrip("\n").split("\n")
    if "-- " in lines[-9:]:
        lines = lines[: len(lines) - 1 - lines[::-1].index("-- ")]
    signed = False
    while lines:
        line = lines[-1].strip()
        if not line or (signed and not line.strip("-–—_ ")):
            lines.pop()
        elif len(line) <= 200 and device.search(line) and whole.fullmatch(line):
            lines.pop()
            signed = True
        else:
            break
    if (
        lines
        and not signed
        and device.search(lines[-1][-200:])
        and (found := at_end.search(lines[-1][-200:]))
        and device.search(found.group("sign"))
    ):
        lines[-1] = lines[-1][: max(0, len(lines[-1]) - 200) + found.start("sign")]
    return "\n".join(lines).rstrip()


# --- What else a mail says --------------------------------------------------------------------------------------------

_WIDE = str.maketrans("０１２３４５６７８９－‐‑‒–—―−ー﹣", "0123456789----------")
_LONG_NUMBER = re.compile("[0-9０-９]{7}")
_ORDER_ID = _compiled(r"(?:^|[^0-9-])([0-9]{3})(?: ?- ?| )([0-9]{7})(?: ?- ?| )([0-9]{7})(?:[^0-9]|$)")
_ASIN = _compiled(
    r"(?i:\[\s?ASIN\s?[:：]\s?)([A-Za-z0-9]{10})\]|(?i:/(?:dp|gp/product|gp/aw/d|product-reviews)/)([A-Za-z0-9]{10})\b"
    r"|(?i:\bASIN\s?[:：]?\s?)([A-Za-z0-9]{10})\b|\b(B0[A-Z0-9]{8})\b"
)
_DOMAINS = _compiled(r"(?i)\bamazon\.(?:com?\.)?[a-z]{2,3}\b")
_MARKETPLACE_ID = _compiled(r"\bA[A-Z0-9]{12,14}\b")


def find_order_ids(text: str) -> list[str]:
    """The order numbers in a text, in order, each once.

    >>> find_order_ids("注文１２３－４５６７８９０－１２３４５６７ and 302-1234567-1234567, not 4302-1234567-1234567")
    ['123-4567890-1234567', '302-1234567-1234567']
    """
    if not _LONG_NUMBER.search(text):  # so in most
        return []
    plain, _ = without_surrogates(text)
    ids: dict[str, None] = {}
    position = 0
    plain = plain.translate(_WIDE)
    while found := _ORDER_ID.search(plain, position):
        ids["-".join(found.groups())] = None
        position = found.end(3)
    return list(ids)


def find_asin(text: str) -> str | None:
    """The first product number in a text.

    >>> find_asin("1 of Lamp [ASIN: B00SAMPLE1]"), find_asin("amazon.de/dp/3551354014?x"), find_asin("BOXSHIPPED")
    ('B00SAMPLE1', '3551354014', None)
    """
    plain, _ = without_surrogates(text)
    found = _ASIN.search(plain)
    return next(g for g in found.groups() if g).upper() if found else None


def find_marketplace_in(*texts: str | None) -> str | None:
    """The code of the first marketplace that one of the texts names by its id or domain.

    >>> find_marketplace_in(None, "see amazon.co.jp/help"), find_marketplace_in("?mp=A1PA6795UKMFR9")
    ('JP', 'DE')
    """
    for text in filter(None, texts):
        plain, _ = without_surrogates(text)
        for pattern in (_MARKETPLACE_ID, _DOMAINS):
            for found in pattern.finditer(plain):
                if marketplace := find_marketplace(found.group()):
                    return marketplace.code
    return None
