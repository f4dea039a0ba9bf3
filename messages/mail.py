"""Mailboxes: .eml and .mbox → one row for each mail, with the buyer's words or the reason why there are none."""

import binascii
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email import message_from_bytes
from email.errors import CloseBoundaryNotFoundDefect, MessageError, StartBoundaryNotFoundDefect
from email.message import Message
from email.parser import BytesHeaderParser
from typing import Any

from messages.charset import decode_mail_header, decode_text, html_charset
from messages.clean import (
    clean_message,
    find_asin,
    find_marketplace_in,
    find_order_ids,
    html_text,
    is_forward,
    is_html,
    is_relayed,
    words_end,
)
from messages.dates import read_moment
from messages.marketplaces import Marketplace, find_marketplace
from messages.rows import RawRow
from messages.sender import Sender, is_automatic_subject, read_sender, recipients, relay_marketplace

_MOST_PARTS = 500  # of one mail; more are no letter
_DEEPEST = 30  # mails within mails


def read_mail(data: bytes, name: str) -> Iterator[RawRow]:
    """Each mail of an .eml or .mbox as a row; `values` has the names of the columns of a message log.

    A mail that no buyer wrote has a `reason`: not_a_buyer_message, suspect_sender, empty_text, undecodable_bytes or
    truncated. Marks that do not cost a mail its answer are `issues`: missing_id, duplicate_id, unreadable_date,
    sender_not_amazon, and truncated where only what follows the buyer's words is lost.

    >>> mail = b"From: Ann <a1b2c3d4e5@marketplace.amazon.de>\\nSubject: Lampe\\nMessage-ID: <1@x>\\n\\nWo ist sie?\\n"
    >>> [(row.values["text"], row.values["marketplace"], row.issues) for row in read_mail(mail, "a.eml")]
    [('Wo ist sie?', 'DE', ('unreadable_date',))]
    """
    pieces = split_mailbox(data)
    own = _own_addresses(data[start:end] for start, end in pieces)
    seen: set[str] = set()
    is_mailbox = len(pieces) > 1 or data.startswith(b"From ")
    line, counted = 1, 0
    for number, (start, end) in enumerate(pieces, 1):
        line, counted = line + data.count(b"\n", counted, start), start
        place = f"mail {number}, line {line}"
        row = _row(number, place, data[start:end], own, is_mailbox, is_mailbox and end == len(data))
        message_id = row.values.get("message_id")
        if message_id and message_id in seen:
            row = replace(row, issues=(*row.issues, "duplicate_id"))
        seen.add(message_id or "")
        yield row


# --- Where one mail ends ----------------------------------------------------------------------------------------------

_POSTMARK = re.compile(rb"^From [^\r\n]{0,300}\r?\n", re.M)
_DATED = re.compile(
    rb"\d\d?:\d\d(?::\d\d)?.{0,12}\b(?:19|20)\d\d\b|\b(?:19|20)\d\d\b.{0,20}\d\d:\d\d"
    rb"|^From \S+@\S+\s*$|^From (?:-|MAILER-DAEMON|\?\?\?@\?\?\?)\s"
)
_HEADER = re.compile(rb">?[A-Za-z][A-Za-z0-9-]{0,60}:[ \t\r\n]|>?[A-Za-z][A-Za-z0-9-]{2,60}:\S|>From ")
_KNOWN_HEADER = re.compile(
    rb"^(?:From|To|Subject|Date|Message-ID|Received|Return-Path|MIME-Version|Content-Type|Delivered-To|Reply-To"
    rb"|DKIM-Signature|X-[A-Za-z-]+|Status|Sender|Authentication-Results|ARC-[A-Za-z-]+):",
    re.I | re.M,
)
_EMPTY = re.compile(rb"(?:[\x00\r\n \t]|\xef\xbb\xbf)*(?:From [^\r\n]*\s*)?")
_LENGTH = re.compile(rb"^Content-Length:[ \t]*(\d{1,12})[ \t]*\r?$", re.I | re.M)
_BODY = re.compile(rb"\r?\n\r?\n")


def split_mailbox(data: bytes) -> list[tuple[int, int]]:
    """Where each mail begins and ends.

    A line "From …" begins a mail only if it is a postmark (an address or a date) with headers below; a buyer who
    writes "From my point of view" begins none. Content-Length, where it is right, covers even a postmark in a body.

    >>> box = b"From a@b Sat Nov 21 10:00:00 2026\\nFrom: x\\nTo: y\\n\\nHi\\n\\nFrom my view: lost\\n"
    >>> split_mailbox(box) == [(0, len(box))]
    True
    """
    starts = [0]
    position = 0
    while found := _POSTMARK.search(data, position):
        position = found.end()
        if _begins_mail(data, found):
            starts.append(found.start())
            position = max(position, _end_by_length(data, found.end()))
    pieces = zip(starts, [*starts[1:], len(data)], strict=True)
    return [(start, end) for start, end in pieces if not _EMPTY.fullmatch(data, start, end)]


def _begins_mail(data: bytes, found: re.Match[bytes]) -> bool:
    below = data[found.end() : found.end() + 4000]
    dated = _DATED.search(found.group()) is not None
    above = data[max(0, found.start() - 2) : found.start()]
    after_blank = found.start() == 0 or above.endswith((b"\n\n", b"\r\n")) or above == b"\n"
    if not _HEADER.match(below):
        return dated and after_blank and re.match(rb"\r?\n(?:\r?\n)*(?:From |\Z)|\Z", below) is not None
    head = _BODY.split(below, maxsplit=1)[0]
    known = len(_KNOWN_HEADER.findall(head))
    return known >= (1 if dated and after_blank else 2) and (dated or (after_blank and known >= 3))


def _end_by_length(data: bytes, start: int) -> int:
    """The end of a mail by its Content-Length, if a postmark or the end of the file follows there; else 0."""
    body = _BODY.search(data, start, start + 100_000)
    length = _LENGTH.search(data, start, body.start()) if body else None
    if body is None or length is None:
        return 0
    end = body.end() + int(length[1])
    return end if end == len(data) or re.match(rb"(?:\r?\n){0,2}From |(?:\r?\n){1,3}$", data[end : end + 10]) else 0


def _own_addresses(mails: Iterator[bytes]) -> frozenset[str]:
    """The seller's addresses: where the buyers' mails went."""
    own: set[str] = set()
    for mail in mails:
        head = _header_reader(BytesHeaderParser().parsebytes(_headers(mail)))
        if read_sender(head).writer == "buyer":
            own.update(recipients(head))
    return frozenset(address for address in own if not _is_relay(address))


def _headers(mail: bytes) -> bytes:
    mail = re.sub(
        rb"\A(?:[\r\n\x00 \t]|\xef\xbb\xbf)*(?:From [^\r\n]*\r?\n)?(?:>From [^\r\n]*\r?\n)*", b"", mail[:200_000]
    )
    found = _BODY.search(mail)
    return mail[: found.end()] if found else mail


def _header_reader(mail: Message, marketplace: str | None = None) -> Callable[[str], str]:
    fields = [(key.casefold(), value) for key, value in mail.raw_items()]

    def header(name: str) -> str:
        values = [str(value) for key, value in fields if key == name.casefold()]
        return ", ".join(decode_mail_header(value[:20_000], marketplace) for value in values[:5])

    return header


# --- One mail ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Body:
    """The text of a mail as it came, the buyer's words in it, and what went wrong."""

    whole: str = ""
    words: str = ""
    fault: str = ""
    is_cut: bool = False


@dataclass(frozen=True)
class _Letter:
    """What a mail, or the buyer's mail inside it, says; when it was sent is as it stands there."""

    sender: Sender
    marketplace: Marketplace | None
    body: _Body
    sent: str


def _row(number: int, place: str, data: bytes, own: Collection[str], is_mailbox: bool, is_last: bool) -> RawRow:
    start = len(data) - len(data.lstrip(b"\r\n\x00 \t\xef\xbb\xbf"))
    data = re.sub(rb"\A(?:From [^\r\n]*\r?\n)?(?:>From [^\r\n]*\r?\n)*", b"", data[start:])
    if is_mailbox:
        data = re.sub(rb"^>(>*From )", rb"\1", data, flags=re.M)
    for source in (data, _MIME_HEADER.sub(_ascii_only, data)):  # Python's parser trips over other bytes in these
        try:
            mail = message_from_bytes(source)
            return _row_of(number, place, mail, source, own, _ends_early(source, is_last))
        except (RecursionError, MessageError, ValueError, LookupError, AssertionError, AttributeError, TypeError):
            continue
    return RawRow(number, {}, place, "undecodable_bytes", (), data[:2000].decode("ascii", "backslashreplace"))


_MIME_HEADER = re.compile(rb"^Content-[A-Za-z-]{2,40}:.*(?:\r?\n[ \t].*)*", re.I | re.M)


def _ascii_only(found: re.Match[bytes]) -> bytes:
    return re.sub(rb"[^\x00-\x7f]", b"_", found.group())


def _row_of(number: int, place: str, mail: Message, data: bytes, own: Collection[str], is_torn: bool) -> RawRow:
    sender = read_sender(_header_reader(mail), own)
    market = find_marketplace(_header_reader(mail)("X-Marketplace-ID").split(",")[0]) or sender.marketplace
    hint = market.code if market else None
    header = _header_reader(mail, hint)
    outer = _Letter(sender, market, _body(mail, hint), header("Date"))
    letter = _forwarded(mail, outer) or outer
    sender, market, body = letter.sender, letter.marketplace, letter.body
    subject, message_id = header("Subject"), _first_word(header("Message-ID"))
    received = read_moment(letter.sent) or _postmarked(header)
    reason, direction = _verdict(sender, subject, body, data)
    marks = {
        "missing_id": not message_id,
        "unreadable_date": received is None,
        "truncated": body.is_cut or is_torn,
        "sender_not_amazon": not reason and sender.writer == "customer" and not is_relayed(body.whole),
    }
    values: dict[str, Any] = {
        "message_id": message_id or None,
        "thread_id": _thread_of(sender, header),
        "order_id": next(iter(find_order_ids(subject) or find_order_ids(body.whole)), None),
        "asin": find_asin(body.whole) or find_asin(subject),
        "marketplace": market.code if market else find_marketplace_in(body.whole, subject),
        "received_at": received,
        "direction": direction,
        "buyer": sender.address or None,
        "subject": subject,
        "text": body.words,
    }
    issues = tuple(mark for mark, is_there in marks.items() if is_there)
    return RawRow(number, values, place, reason, issues, body.whole[:4000])


def _first_word(text: str) -> str:
    return (text.split() or [""])[0]


def _thread_of(sender: Sender, header: Callable[[str], str]) -> str | None:
    """Amazon's case, or what mail programs thread by."""
    answered = _first_word(header("References")) or _first_word(header("In-Reply-To"))
    return sender.case or header("X-GM-THRID") or answered or None


def _verdict(sender: Sender, subject: str, body: _Body, data: bytes) -> tuple[str, str]:
    """The reason to set a mail aside, or "", and the direction it went."""
    if sender.writer == "impostor":
        return "suspect_sender", "unknown"
    direction = _direction(sender, subject, body)
    if direction != "buyer":
        return "not_a_buyer_message", direction
    if body.fault or _shows(body.words):
        return body.fault, direction
    return "truncated" if body.is_cut or not _BODY.search(data) else "empty_text", direction


def _direction(sender: Sender, subject: str, body: _Body) -> str:
    if sender.writer == "amazon" and not is_relayed(body.whole):
        return "amazon"
    if sender.writer == "seller":
        return "seller"
    by_machine = sender.writer == "machine" or (sender.writer == "customer" and is_automatic_subject(subject))
    return "system" if by_machine else "buyer"


def _shows(text: str) -> bool:
    return bool(re.sub(r"[\s\u00a0\u200b-\u200f\u2060-\u2064\u3000\ufeff\ufe0f]", "", text))


def _postmarked(header: Callable[[str], str]) -> datetime | None:
    """When the last server took the mail, where it has no date of its own."""
    received = header("Received").partition(", from ")[0].rpartition(";")[2].strip()
    return read_moment(received) if received else None


# --- Forwarded mail ---------------------------------------------------------------------------------------------------

_FORWARDED_FROM = re.compile(
    r"^[ \t>*]{0,10}(?:From|Von|De|Da|Van|差出人|送信者|发件人)\s?[:：][^\n]{0,200}?"
    r"([\w.+-]{3,100}@marketplace\.amazon\.[a-z.]{1,6}[a-z])\b",
    re.M | re.I,
)
_FORWARDS = re.compile(r"(?:fwd?|wg|tr|rv|i|inoltro|doorst|転送|转发|enc)\s?[:：]", re.I)
_FORWARDED_ON = re.compile(
    r"^[ \t>*]{0,10}(?:Date|Sent|Gesendet|Datum|Envoyé|Fecha|Enviado(?: el)?|Data|Inviato|日付|日時|送信日時)"
    r"\s?[:：]\s?\*?([^\n]{5,80})",
    re.M | re.I,
)


def _forwarded(mail: Message, outer: _Letter) -> _Letter | None:
    """The buyer's mail that the shop or its helpdesk forwarded, attached or inline; an answer to it is none."""
    header = _header_reader(mail)
    if outer.sender.writer in ("buyer", "impostor") or any(map(_is_relay, recipients(header))):
        return None
    if mail.get_content_type() == "multipart/report":  # a bounce brings back what was sent
        return None
    return _attached(mail, outer) or _inline(header("Subject"), outer)


def _attached(mail: Message, outer: _Letter) -> _Letter | None:
    for part in _parts(mail):
        inner = part.get_payload(0) if part.is_multipart() and part.get_content_type() == "message/rfc822" else None
        if not isinstance(inner, Message):
            continue
        header = _header_reader(inner)
        sender = read_sender(header)
        if sender.marketplace and sender.writer == "buyer":
            body = _body(inner, sender.marketplace.code)
            return _Letter(sender, sender.marketplace, body, header("Date") or outer.sent)
    return None


def _inline(subject: str, outer: _Letter) -> _Letter | None:
    text = outer.body.whole
    line = _FORWARDED_FROM.search(text)
    if not line or outer.sender.writer not in ("customer", "seller"):
        return None
    if not (_FORWARDS.match(subject) or is_forward(text)):
        return None
    sender = read_sender({"From": line[1]}.get)
    words = clean_message(text[line.start() :].partition("\n\n")[2])
    sent = _FORWARDED_ON.search(text, max(0, line.start() - 300), line.end() + 600)
    return _Letter(
        sender,
        sender.marketplace or outer.marketplace,
        replace(outer.body, words=words),
        (sent[1].strip(" *") if sent else "") or outer.sent,
    )


def _is_relay(address: str) -> bool:
    return relay_marketplace(address.rpartition("@")[2]) is not None


# --- The text of a mail -----------------------------------------------------------------------------------------------

_AMAZONS_PRE = "-o-pre-wrap"  # in the style of the <pre> with the buyer's words
_STUB = re.compile(
    r"(?i)html.{0,60}(?:e-?mail|mail|message|view|reader|client)|(?:view|display|read).{0,60}html"
    r"|multi-?part message in MIME"
)


def _parts(mail: Message, depth: int = 0) -> list[Message]:
    """The leaves of a mail, attached mails as a whole."""
    if mail.get_content_maintype() == "multipart" and mail.is_multipart() and depth < _DEEPEST:
        parts = [part for part in mail.get_payload() if isinstance(part, Message)]
        return [leaf for part in parts[:_MOST_PARTS] for leaf in _parts(part, depth + 1)][:_MOST_PARTS]
    return [mail]


def _body(mail: Message, market: str | None) -> _Body:
    """The best text of a mail, and whether all of it is there."""
    parts = _parts(mail)
    texts = [(part, _text(part, market)) for part in parts if _is_text(part)]
    is_cut = _is_cut(mail)
    if not texts:
        return _Body(is_cut=is_cut)
    plain, html = _plain_and_html(texts)
    words = _words(plain, html)
    unread = [part for part, text in texts if text is None]
    if unread and not _shows(words):
        return _Body(_payload(unread[0]).decode("ascii", "backslashreplace"), "", "undecodable_bytes", is_cut)
    ends = _words_end(plain, html)
    is_last = texts[-1][0] is parts[-1] and not (plain and html)  # nothing stands below
    is_torn = ends is False or (is_cut and ends is None and is_last)
    return _Body(_whole(plain, html), words, "truncated" if is_torn else "", is_cut or is_torn)


def _plain_and_html(texts: Sequence[tuple[Message, str | None]]) -> tuple[str, str]:
    plain = [text.strip("\r\n") for part, text in texts if text and text.strip() and not _is_page(part)]
    html = [text for part, text in texts if text and _is_page(part)]
    return "\n\n".join(plain), "\n".join(html)


def _is_page(part: Message) -> bool:
    return part.get_content_type() == "text/html"


def _words(plain: str, html: str) -> str:
    """The buyer's words: Amazon's HTML shows them alone; otherwise plain text, then HTML."""
    is_stub = html and len(plain) < 300 and _STUB.search(plain)
    words = ""
    for text in (html if _AMAZONS_PRE in html else "", "" if is_stub else plain, html):
        if text and not _shows(words):
            words = clean_message(text)
    return words


def _whole(plain: str, html: str) -> str:
    if plain or not html:
        return plain
    return re.sub(r"<[^<>]{0,2000}>", " ", html) if _AMAZONS_PRE in html else html_text(html)


def _words_end(plain: str, html: str) -> bool | None:
    """Whether what stands around the buyer's words is closed; None where nothing stands there."""
    if plain:
        return words_end(plain)
    start = html.find(_AMAZONS_PRE)
    return None if start < 0 else "</pre" in html[start:].casefold()


def _is_text(part: Message) -> bool:
    """Whether a part is something to read, not a file that came along."""
    if part.get_content_type() not in ("text/plain", "text/html"):
        return False
    disposition = str(part.get("Content-Disposition", "")).strip().casefold()
    return not disposition.startswith("attachment") and not (
        part.get_filename() and not disposition.startswith("inline")
    )


def _text(part: Message, market: str | None) -> str | None:
    """A part's text, or None when its charset is not certain."""
    data = _payload(part).removeprefix(b"\xef\xbb\xbf")
    declared = part.get_content_charset() or (html_charset(data) if _is_page(part) else None)
    text = decode_text(data, declared, market)
    if text is None and (cut := _whole_characters(data)) is not None:
        text = decode_text(cut, declared, market)
    if text is None or ("\ufffd" in text and b"\xef\xbf\xbd" not in data):
        return None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _says(part, "format", "flowed") and not is_html(text):
        text = _unflowed(text, _says(part, "delsp", "yes"))
    return text


def _says(part: Message, name: str, value: str) -> bool:
    return str(part.get_param(name)).casefold() == value


def _whole_characters(data: bytes) -> bytes | None:
    """UTF-8 that ends within a character, without that character."""
    for cut in (1, 2, 3):
        if len(data) >= cut and data[-cut] >= 0xC0:
            return data[:-cut]
    return None


def _unflowed(text: str, without_blank: bool) -> str:
    """Lines as they were typed: a mail program broke them after a blank (RFC 3676).

    >>> _unflowed("Where is \\nmy parcel?\\n-- \\nAnn", False)
    'Where is my parcel?\\n-- \\nAnn'
    """
    out: list[str] = []
    joins = False
    for line in text.split("\n"):
        line = line.removeprefix(" ") if line.startswith((" From ", " >", "  ")) else line
        if joins and not line.startswith(">"):
            out[-1] = (out[-1][:-1] if without_blank else out[-1]) + line
        else:
            out.append(line)
        joins = line.endswith(" ") and line != "-- " and not line.startswith(">")
    return "\n".join(out)


_BASE64_LINES = re.compile(rb"\s*(?:[A-Za-z0-9+/]{40,100}\s+)*[A-Za-z0-9+/]{4,100}={0,2}\s*")
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]")
_PROSE = re.compile(rb"(?i)[a-z]{1,20},? [a-z]{1,20},? [a-z]{1,20}\b")
_QUOTED = re.compile(rb"=(?:[C-F][0-9A-F]=[89AB][0-9A-F]|[ \t]?\r?\n)")


def _payload(part: Message) -> bytes:
    """The bytes of a part, its transfer encoding undone, also where that is damaged or not declared."""
    raw = _as_sent(part)
    encoding = _transfer_encoding(part)
    if encoding in ("base64", "b64", "base-64"):
        return _base64(raw)
    if encoding in ("quoted-printable", "quotedprintable", "qp"):
        return binascii.a2b_qp(raw)
    if encoding in ("x-uuencode", "uuencode", "uue", "x-uue"):
        unpacked = part.get_payload(decode=True)
        return unpacked if isinstance(unpacked, bytes) else raw
    if len(_QUOTED.findall(raw[:20_000])) >= 2 and raw.isascii():
        return binascii.a2b_qp(raw)
    if len(raw) > 40 and _BASE64_LINES.fullmatch(raw[:200_000]) and _reads_well(decoded := _base64(raw)):
        return decoded
    return raw


def _transfer_encoding(part: Message) -> str:
    return str(part.get("Content-Transfer-Encoding", "")).casefold().split(";")[0].strip()


def _as_sent(part: Message) -> bytes:
    """The bytes of a part as they are in the file: the parser gives them only where no encoding is declared."""
    declared = part.get_all("Content-Transfer-Encoding", [])
    del part["Content-Transfer-Encoding"]
    raw = part.get_payload(decode=True)
    for value in declared:
        part["Content-Transfer-Encoding"] = value
    return raw if isinstance(raw, bytes) else b""


def _reads_well(data: bytes) -> bool:
    text = data.decode("utf-8", "replace")
    return text.isprintable() or sum(c.isprintable() or c in "\r\n\t" for c in text) > 0.98 * len(text)


def _base64(raw: bytes) -> bytes:
    """What base64 holds; blanks and strange characters in it are skipped, a torn end is left out.

    A body that says base64 and is plain text stays what it is.
    """
    clean = re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
    if len(clean) < 0.95 * len(re.sub(rb"[\s=]", b"", raw)) or _PROSE.search(raw[:2000]):
        return raw
    clean = clean[:-1] if len(clean) % 4 == 1 else clean
    return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))


# --- Cut mails --------------------------------------------------------------------------------------------------------


def _ends_early(data: bytes, is_last: bool) -> bool:
    """Whether the last mail of a mailbox stops within a line; its words may be whole all the same."""
    return is_last and not data.endswith((b"\n", b"\r"))


def _is_cut(mail: Message) -> bool:
    """Whether a mail ends before its end: a multipart without its last boundary, base64 without its last bytes."""
    for part in [mail, *_parts(mail)]:
        if any(
            isinstance(defect, (CloseBoundaryNotFoundDefect, StartBoundaryNotFoundDefect)) for defect in part.defects
        ):
            return True
        if _transfer_encoding(part) == "base64" and _is_text(part):
            raw = _as_sent(part)
            if len(_NO_BASE64.sub(b"", raw)) % 4 and not _PROSE.search(raw[:2000]):
                return True
    return False
