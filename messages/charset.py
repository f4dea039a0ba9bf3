"""The right text out of one mail part: its charset is often named wrongly, or not at all."""

import binascii
import codecs
import re

from messages.encoding import plausibility

# Names that mail programs write and Python does not know, or that mean a larger set than they say.
_ALIASES = {
    "cp932": "shift_jis shift-jis sjis x-sjis ms_kanji windows-31j cp943c x-ms-cp932",
    "gb18030": "gb2312 gbk x-gbk gb_2312-80 euc-cn",
    "cp949": "ks_c_5601-1987 ks_c_5601 euc-kr",
    "big5hkscs": "big5 x-x-big5",
    "cp1252": "iso-8859-1 latin1 latin-1 iso_8859-1 iso8859-1 l1",
    "utf-8": "us-ascii ascii ansi_x3.4-1968 utf8mb4 unicode-1-1-utf-8 x-utf-8",
    "iso-8859-8": "iso-8859-8-i",
    "euc_jp": "x-euc-jp euc-jp",
    "iso2022_jp_ext": "iso-2022-jp iso-2022-jp-1 cp50220 cp50221",
    "mac_roman": "x-mac-roman macintosh",
    "utf-7": "unicode-1-1-utf-7",
}
_NAMES = {name: codec for codec, names in _ALIASES.items() for name in names.split()}
_UNUSABLE = frozenset({"unicode_escape", "raw_unicode_escape", "idna", "punycode", "undefined", "mbcs", "oem"})
_SEVERAL_BYTES = frozenset({"cp932", "gb18030", "euc_jp", "big5hkscs", "cp949", "euc_jis_2004", "shift_jis_2004", "hz"})
_BY_MARKETPLACE = {"JP": "cp932", "CN": "gb18030", "PL": "cp1250", "TR": "cp1254"}  # all others: cp1252
_GUESSES = ("cp932", "gb18030", "cp1252", "euc_jp", "mac_roman", "cp1250", "cp1254", "cp1251", "cp949", "big5")
_LIKELY = 0.25  # of plausibility(): below it a guess is a guess
_SURE = 0.7  # what a charset needs that hardly any mail uses
_SAMPLE = 20_000  # bytes that are looked at
_JIS = re.compile(rb"\x1b\$[@B(]|\x1b\([BIJ]")
_CHARSET_IN_HTML = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?([\w:.-]{2,40})""", re.I)


def decode_text(data: bytes, declared: str | None = None, marketplace: str | None = None) -> str | None:
    """The text of a mail part or header, or None when no charset is certain; never a replacement character.

    The order: strict UTF-8, because nothing else is UTF-8 by chance; the declared charset if it decodes strictly and
    gives words; the marketplace's usual charset; what looks most like a language of ours.

    >>> decode_text("Größe".encode("utf-8"), "iso-8859-1"), decode_text("Größe".encode("cp1252"), "utf-8")
    ('Größe', 'Größe')
    >>> decode_text("届きません".encode("cp932"), "iso-8859-1", "JP"), decode_text(b"\\x80\\x81\\x8d\\xff")
    ('届きません', None)
    """
    if data.isascii():
        return _decode_jis(data) if _JIS.search(data) else _ascii(data, known_codec(declared))
    codec = known_codec(declared)
    if codec and codec.startswith(("utf-16", "utf-32", "utf-7")):
        return _strict(data, codec)
    as_declared = _strict(data, codec) if codec else None
    as_utf8 = _strict(data, "utf-8")
    if (
        codec in _SEVERAL_BYTES
        and as_declared is not None
        and (as_utf8 is None or plausibility(data[:_SAMPLE], codec) >= plausibility(data[:_SAMPLE], "utf-8"))
    ):
        return as_declared
    if as_utf8 is not None:
        return repair_mojibake(as_utf8)
    if _is_damaged_utf8(data):
        return None
    hint = _BY_MARKETPLACE.get(marketplace, "cp1252") if marketplace else None
    best = _best(data, codec, hint)
    if best is None and codec == "cp1252" and hint != "cp932":
        return as_declared
    return _strict(data, best) if best else None


def _is_damaged_utf8(data: bytes) -> bool:
    """Whether most letters are UTF-8 and only some bytes are broken: no other charset makes that right."""
    text = data.decode("utf-8", "surrogateescape")
    broken = len(_BROKEN.findall(text))
    return len(text) - len(text.encode("ascii", "ignore")) - broken >= 2 * broken


_BROKEN = re.compile("[\udc80-\udcff]")


def html_charset(data: bytes) -> str | None:
    """The charset that an HTML page names itself.

    >>> html_charset(b'<meta http-equiv="Content-Type" content="text/html; charset=Shift_JIS">')
    'Shift_JIS'
    """
    found = _CHARSET_IN_HTML.search(data[:4000])
    return found[1].decode("ascii") if found else None


def known_codec(declared: str | None) -> str | None:
    """Python's name of a declared charset, None for what is none.

    >>> known_codec("Windows-31J"), known_codec("x-unknown"), known_codec("rot13"), known_codec('"utf-8"')
    ('cp932', None, None, 'utf-8')
    """
    name = (declared or "").strip("\"' \t\r\n").lower()
    try:
        info = codecs.lookup(_NAMES.get(name, name))
    except (LookupError, ValueError, UnicodeError):
        return None
    return info.name if info._is_text_encoding and info.name not in _UNUSABLE else None


def _strict(data: bytes, codec: str) -> str | None:
    try:
        text = data.decode(codec)
    except (UnicodeError, ValueError):
        return None
    return None if "\ufffd" in text and codec != "utf-8" else text


def _best(data: bytes, declared: str | None, hint: str | None) -> str | None:
    """The charset that gives words, None when none does; what is declared or usual wins over what is as good."""
    sample = b"".join(line for line in data[:_SAMPLE].splitlines(keepends=True) if not line.isascii()) or data[:_SAMPLE]
    scores = {
        codec: plausibility(sample, codec) + 0.3 * (codec == declared) + 0.15 * (codec == hint)
        for codec in dict.fromkeys((declared, hint, *_GUESSES))
        if codec and _strict(data, codec) is not None
    }
    best = max(scores, key=lambda codec: scores[codec], default=None)
    usual = best in (declared, hint, "cp1252", "cp932", "gb18030", "euc_jp")
    return best if best and scores[best] > (_LIKELY if usual else _SURE) else None


def _ascii(data: bytes, codec: str | None) -> str:
    if codec and codec.startswith(("utf-7", "hz")) and (text := _strict(data, codec)) is not None:
        return text
    return data.decode("ascii")


def _decode_jis(data: bytes) -> str | None:
    """ISO-2022-JP, whatever was declared, also with NEC's ① and half-width kana, which the standard lacks."""
    for codec in ("iso2022_jp", "iso2022_jp_ext", "iso2022_jp_2004"):
        if (text := _strict(data, codec)) is not None:
            return text
    out = []
    mode = b"B"
    for piece in re.split(rb"(\x1b\$[@B]|\x1b\([BIJ])", data):
        if piece.startswith(b"\x1b"):
            mode = piece[1:]
        elif mode in (b"$B", b"$@"):
            kanji = bytes(b | 0x80 if 0x20 < b < 0x7F else b for b in piece)
            out.append(_strict(kanji, "euc_jp") or _strict(kanji, "euc_jis_2004"))
        elif mode == b"(I":
            out.append("".join(chr(b + 0xFF40) if 0x20 < b < 0x60 else chr(b) for b in piece))
        else:
            out.append(piece.decode("ascii"))
    return None if None in out else "".join(out)  # type: ignore[arg-type]


# --- Mojibake ---------------------------------------------------------------------------------------------------------

_NO_CP1252 = (0x81, 0x8D, 0x8F, 0x90, 0x9D)
_CP1252 = {bytes([b]).decode("cp1252"): b for b in range(0x80, 0xA0) if b not in _NO_CP1252}
_AS_BYTE = {chr(b): b for b in range(256)} | _CP1252
_SUSPECT = re.compile(f"[\u00c2-\u00f4][\u0080-\u00bf{''.join(_CP1252)}]")


def repair_mojibake(text: str) -> str:
    """Text that was UTF-8, read as CP1252 and written again, as it was; line by line, only where it is certain.

    Certain means: every letter outside ASCII of a line is a byte of valid UTF-8, which nobody writes by chance.

    >>> repair_mojibake("DÃ©but du message\\nTrès bien, Ã propos")
    'Début du message\\nTrès bien, Ã propos'
    >>> repair_mojibake("å±Šã\\x81\\x8dã\\x81¾ã\\x81\\x9bã‚“")
    '届きません'
    """
    if not _SUSPECT.search(text):
        return text
    return "".join(_repaired(line) for line in text.splitlines(keepends=True))


def _repaired(line: str) -> str:
    if not _SUSPECT.search(line):
        return line
    try:
        return bytes(_AS_BYTE[c] for c in line).decode("utf-8")
    except (KeyError, UnicodeDecodeError):
        return line


# --- Headers ----------------------------------------------------------------------------------------------------------


_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?\n]*)\?=")
_LONE = re.compile("[\ud800-\udc7f\udd00-\udfff]")


def decode_mail_header(raw: str, marketplace: str | None = None) -> str:
    """A header in words: encoded words in any charset, raw bytes, or both; what cannot be read stays as it is.

    Encoded words side by side are joined before they are decoded: mail programs cut in the middle of a character.

    >>> decode_mail_header("=?x-sjis?B?ldSVaYLMjI8=?= / =?utf-8?Q?Gr=C3=B6=C3?=  =?utf-8?Q?=9Fe_1?=")
    '返品の件 / Größe 1'
    >>> decode_mail_header("Gr\\udcf6\\udcdfe"), decode_mail_header("=?utf-8?B?broken")
    ('Größe', '=?utf-8?B?broken')
    """
    data = raw.encode("utf-8", "replace" if _LONE.search(raw) else "surrogateescape")
    text = _readable(data, None, marketplace)
    words: list[tuple[str, bytes]] = []  # charset and bytes, as encoded or as it stood in between
    end = 0
    for found in _ENCODED_WORD.finditer(text):
        between = text[end : found.start()]
        if between.strip() or not words:
            words.append(("utf-8", between.encode("utf-8", "replace")))
        charset = found[1].partition("*")[0].lower() + "\0"  # told apart from what stood in between
        content = _base64(found[3]) if found[2] in "bB" else binascii.a2b_qp(found[3].encode("utf-8"), header=True)
        if words[-1][0] == charset:
            content = words.pop()[1] + content
        words.append((charset, content))
        end = found.end()
    words.append(("utf-8", text[end:].encode("utf-8", "replace")))
    joined = "".join(_readable(content, charset.rstrip("\0"), marketplace) for charset, content in words)
    return re.sub(r"[\x00-\x20\x7f]+", " ", joined).strip()


def _readable(data: bytes, charset: str | None, marketplace: str | None) -> str:
    text = decode_text(data, charset, marketplace)
    return text if text is not None else data.decode("ascii", "backslashreplace")


def _base64(text: str) -> bytes:
    """What base64 holds, also where its end is missing or blanks came in."""
    clean = re.sub(r"[^A-Za-z0-9+/]", "", text)
    clean = clean[:-1] if len(clean) % 4 == 1 else clean
    return binascii.a2b_base64(clean + "=" * (-len(clean) % 4))
