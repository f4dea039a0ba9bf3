"""Mailboxes, good and damaged: how many mails, who wrote them, and the right words."""

# ruff: noqa: E501 – a case is one line, however long its mail

import base64
import quopri
import time
from datetime import UTC, datetime

import pytest

from messages.charset import decode_mail_header, decode_text
from messages.mail import read_mail, split_mailbox
from messages.rows import RawRow
from messages.sender import is_lookalike, read_sender

RULE = "-" * 13
RELAY = "Ann Berg - Amazon Marketplace <a1b2c3d4e5f6g7h@marketplace.amazon.de>"
SENT = "Tue, 03 Nov 2026 10:00:00 +0100"


def body(words: str, begin: str = "Anfang der Nachricht", end: str = "Ende der Nachricht") -> str:
    return (
        f"Sie haben eine Nachricht erhalten.\n\n# 302-7654321-1234567:\n1 / Lampe [ASIN: B00SAMPLE2]\n\n"
        f"{RULE} {begin} {RULE}\n\n{words}\n\n{RULE} {end} {RULE}\n\nFall lösen\n[commMgrTok:A1]\nSPC-EUAmazon-1\n"
    )


def mail(text: str | bytes, headers: dict[str, str | None] | None = None, charset: str = "utf-8") -> bytes:
    fields = {
        "Message-ID": "<m1@mail.example>",
        "From": RELAY,
        "To": "shop@lamps.example",
        "Subject": "Frage (Bestellung: 302-7654321-1234567)",
        "Date": SENT,
        "MIME-Version": "1.0",
        "Content-Type": f"text/plain; charset={charset}",
        "Content-Transfer-Encoding": "8bit",
    } | (headers or {})
    head = "".join(f"{name}: {value}\n" for name, value in fields.items() if value is not None)
    return head.encode("utf-8", "surrogateescape") + b"\n" + (text if isinstance(text, bytes) else text.encode(charset))


def only(data: bytes) -> RawRow:
    rows = list(read_mail(data, "x.eml"))
    assert len(rows) == 1
    return rows[0]


def mailbox(*mails: bytes, postmark: bytes = b"From MAILER-DAEMON Sat Nov 21 00:00:00 2026\n") -> bytes:
    return b"\n".join(postmark + m.rstrip(b"\n") + b"\n" for m in mails)


def test_all_that_a_mail_says() -> None:
    data = mail(body("Wo ist sie?"), {"From": RELAY.replace("@", "+0f8c2a10-7d3e-4b52-9a11-2233445566aa@")})
    row = only(data)
    assert (row.number, row.reason, row.issues) == (1, "", ())
    assert row.values == {
        "message_id": "<m1@mail.example>",
        "thread_id": "0f8c2a10-7d3e-4b52-9a11-2233445566aa",
        "order_id": "302-7654321-1234567",
        "asin": "B00SAMPLE2",
        "marketplace": "DE",
        "received_at": datetime(2026, 11, 3, 9, tzinfo=UTC),
        "direction": "buyer",
        "buyer": "a1b2c3d4e5f6g7h@marketplace.amazon.de",
        "subject": "Frage (Bestellung: 302-7654321-1234567)",
        "text": "Wo ist sie?",
    }


# --- Charsets and transfer encodings ---

GERMAN = "Die Größe passt nicht – „zu groß“ für 5 €."
JAPANESE = "商品がまだ届きません。①追跡番号を教えてください。"


@pytest.mark.parametrize(
    ("words", "actual", "declared", "domain"),
    [
        (GERMAN, "utf-8", "utf-8", "de"),
        (GERMAN, "utf-8", "iso-8859-1", "de"),  # declared wrongly
        (GERMAN, "utf-8", "us-ascii", "de"),
        (GERMAN, "utf-8", "x-unknown", "de"),
        (GERMAN, "cp1252", "iso-8859-1", "de"),  # dashes and quotes that Latin-1 lacks
        (GERMAN, "cp1252", "utf-8", "de"),
        (GERMAN, "cp1252", "us-ascii", "de"),
        (GERMAN, "cp1252", "", "de"),
        ("Prix en € : œuvre reçue cassée", "iso-8859-15", "iso-8859-15", "fr"),
        ("¿Dónde está? Llegó ayer mañana", "iso-8859-1", "rot13", "es"),  # a codec that is no charset
        ("Perché è così? Città", "cp1252", "unicode_escape", "it"),
        (JAPANESE, "utf-8", "iso-2022-jp", "co.jp"),
        (JAPANESE, "cp932", "shift_jis", "co.jp"),  # ① is not in Shift_JIS proper
        (JAPANESE, "cp932", "iso-8859-1", "co.jp"),
        (JAPANESE, "cp932", "utf-8", "co.jp"),
        (JAPANESE, "cp932", "", "co.jp"),
        (JAPANESE.replace("①", ""), "euc_jp", "euc-jp", "co.jp"),
        (JAPANESE.replace("①", ""), "euc_jp", "utf-8", "co.jp"),
        (JAPANESE.replace("①", ""), "iso2022_jp", "iso-2022-jp", "co.jp"),
        (JAPANESE.replace("①", ""), "iso2022_jp", "us-ascii", "co.jp"),
        ("我的订单还没有收到，请退款。", "gb18030", "gb2312", "de"),
        ("Gdzie jest moja paczka? Zażółć", "cp1250", "windows-1250", "pl"),
    ],
)
@pytest.mark.parametrize("encoding", ["8bit", "base64", "quoted-printable"])
def test_right_text(words: str, actual: str, declared: str, domain: str, encoding: str) -> None:
    data = body(words, "Begin message", "End message").replace("Fall lösen", "").encode(actual)
    data = {"8bit": data, "base64": base64.encodebytes(data), "quoted-printable": quopri.encodestring(data)}[encoding]
    kind = f"text/plain; charset={declared}" if declared else "text/plain"
    headers = {
        "Content-Type": kind,
        "Content-Transfer-Encoding": encoding,
        "From": f"x <a1b2c3d4e5@marketplace.amazon.{domain}>",
    }
    row = only(mail(data, headers))
    assert (row.reason, row.values["text"]) == ("", words)


def test_nec_characters_in_iso_2022_jp() -> None:
    row = only(
        mail(
            b"\x1b$B-!>&IJ$N7o\x1b(B \x1b(IJ]\x1b(B",
            {"Content-Type": "text/plain; charset=iso-2022-jp", "Content-Transfer-Encoding": "7bit"},
        )
    )
    assert row.values["text"] == "①商品の件 ﾊﾝ"


@pytest.mark.parametrize(
    ("data", "headers", "words"),
    [
        (b"Wo ist sie?\n", {"Content-Transfer-Encoding": "base64"}, "Wo ist sie?"),  # says base64, is not
        (b"Wo bleibt denn nur meine Lampe\n", {"Content-Transfer-Encoding": "base64"}, "Wo bleibt denn nur meine Lampe"),
        (base64.b64encode(b"Wo ist sie?") + b"\n\n-- list footer --", {"Content-Transfer-Encoding": "base64"}, None),
        (base64.b64encode("Wo ist die schöne Lampe? Ich warte seit Tagen.".encode()), {"Content-Transfer-Encoding": "7bit"}, "Wo ist die schöne Lampe? Ich warte seit Tagen."),
        (b"Wo ist die sch=C3=B6ne Lampe, die=\nse gr=C3=BCne?", {"Content-Transfer-Encoding": "7bit"}, "Wo ist die schöne Lampe, diese grüne?"),
        (b"10 = 10 und =ZZ bleibt, sch=F6n", {"Content-Transfer-Encoding": "quoted-printable", "Content-Type": "text/plain; charset=cp1252"}, "10 = 10 und =ZZ bleibt, schön"),
        (b"a=b=c", {"Content-Transfer-Encoding": "utf-8"}, "a=b=c"),
        ("\ufeffHallo".encode(), {}, "Hallo"),
        ("Die GrÃ¶ÃŸe passt nicht".encode(), {}, "Die Größe passt nicht"),  # encoded twice
        (b"Where is \nmy parcel?\n", {"Content-Type": "text/plain; format=flowed"}, "Where is my parcel?"),
        (b"one\r\ntwo\rthree", {}, "one\ntwo\nthree"),
        (b"<p>Hallo<br>Welt</p>", {"Content-Type": "text/html"}, "Hallo\nWelt"),
        (b"<p>Hallo</p><p>&nbsp;</p><p>Welt</p>", {"Content-Type": "text/html"}, "Hallo\n\nWelt"),  # Outlook
        ("<meta charset=shift_jis><p>届きません</p>".encode("cp932"), {"Content-Type": "text/html", "Content-Transfer-Encoding": "8bit"}, "届きません"),
    ],
)  # fmt: skip
def test_damaged_transfer(data: bytes, headers: dict[str, str | None], words: str | None) -> None:
    row = only(mail(data, headers))
    assert "\ufffd" not in str(row)
    assert words is None or (row.reason, row.values["text"]) == ("", words)


@pytest.mark.parametrize(
    "data",
    [
        "Die Größe passt überhaupt nicht für die Tür".encode() + b"\xff\xfe\xc3 oder",  # UTF-8 with broken bytes
        b"\x80\x81\x8d\x8f\x90\x9d\xff\xfe" * 5,
        "届きません".encode() + b"\xe3\x81 " + "お願いします".encode(),
    ],
)
def test_what_nobody_can_read_is_set_aside(data: bytes) -> None:
    row = only(mail(data))
    assert row.reason == "undecodable_bytes"
    assert "\ufffd" not in row.raw


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("=?UTF-8?B?R3LDtsOfZQ==?=", "Größe"),
        ("=?utf-8?q?Gr=C3=B6=C3=9Fe_und?= mehr", "Größe und mehr"),
        ("=?utf-8?B?R3LD?= =?utf-8?B?tsOfZQ==?=", "Größe"),  # cut within a character
        ("=?iso-8859-1?Q?Gr=F6=DFe?=", "Größe"),
        ("=?utf-8?B?R3LDtsOfZQ?=", "Größe"),  # padding lost
        ("=?x-unknown?B?R3LDtsOfZQ==?=", "Größe"),
        ("=?utf-8*de?Q?Gr=C3=B6=C3=9Fe?=", "Größe"),  # with a language, RFC 2231
        (f"=?iso-2022-jp?B?{base64.b64encode('返品'.encode('iso2022_jp')).decode()}?=", "返品"),
        (f"=?shift_jis?B?{base64.b64encode('①返品'.encode('cp932')).decode()}?=", "①返品"),
        (f"=?gb2312?B?{base64.b64encode('退货'.encode('gb18030')).decode()}?=", "退货"),
        ("plain", "plain"),
        ("=?utf-8?B?", "=?utf-8?B?"),
        ("a\n  b", "a b"),
        ("", ""),
    ],
)
def test_headers(raw: str, text: str) -> None:
    assert decode_mail_header(raw) == text


# --- Who wrote it ---


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, ""),
        ({"From": "a1b2c3d4e5+133a066e@marketplace.amazon.com.mx"}, ""),
        ({"From": "A1B2C3D4E5@Marketplace.Amazon.CO.UK"}, ""),
        ({"From": "Ann <no-reply-amazon-iba-buyer@marketplace.amazon.it>"}, ""),  # business buyers share it
        ({"From": "=?utf-8?B?QW5u?= <a1b2c3d4e5@marketplace.amazon.co.jp>"}, ""),
        ({"From": '"Berg, Ann" <a1b2c3d4e5@marketplace.amazon.de>'}, ""),
        ({"Reply-To": "a1b2c3d4e5f6g7h+c1@marketplace.amazon.de"}, ""),
        ({"X-Space-Notification-Type": "BBC_MESSAGE_SENT_TO_MERCHANT", "Precedence": "bulk", "Auto-Submitted": "auto-generated"}, ""),
        ({"Authentication-Results": "mx; spf=pass; dkim=pass; dmarc=pass"}, ""),
        # Amazon and the seller
        ({"X-Space-Notification-Type": "BBC_MESSAGE_CONFIRMATION_TO_MERCHANT"}, "not_a_buyer_message"),
        ({"From": "donotreply@amazon.com", "X-Space-Notification-Type": "BBC_MESSAGE_CONFIRMATION_TO_MERCHANT"}, "not_a_buyer_message"),
        ({"From": "Amazon <donotreply@amazon.co.jp>"}, "not_a_buyer_message"),
        ({"From": "atoz-guarantee-no-reply@amazon.com"}, "not_a_buyer_message"),
        ({"From": "cb-seller-notification@amazon.de", "X-Space-Notification-Type": "BRC_SELLER_NOTIFICATION"}, "not_a_buyer_message"),
        ({"From": "community-help@amazon.fr"}, "not_a_buyer_message"),
        ({"From": "x@sellercentral.amazon.es"}, "not_a_buyer_message"),
        ({"From": "shop@lamps.example", "To": "a1b2c3d4e5@marketplace.amazon.de"}, "not_a_buyer_message"),  # our answer
        # machines
        ({"From": "MAILER-DAEMON@mx.lamps.example", "Return-Path": "<>"}, "not_a_buyer_message"),
        ({"From": "x@post.example", "Subject": "Undelivered Mail Returned to Sender"}, "not_a_buyer_message"),
        ({"Auto-Submitted": "auto-replied"}, "not_a_buyer_message"),
        ({"Subject": "Automatische Antwort: Lampe"}, "not_a_buyer_message"),
        ({"Subject": "Réponse automatique : lampe"}, "not_a_buyer_message"),
        ({"Subject": "Respuesta automática: lámpara"}, "not_a_buyer_message"),
        ({"Subject": "Risposta automatica: lampada"}, "not_a_buyer_message"),
        ({"Subject": "自動返信: ランプ"}, "not_a_buyer_message"),
        ({"Subject": "Out of office"}, "not_a_buyer_message"),
        ({"From": "news@carrier.example", "List-Unsubscribe": "<https://x>"}, "not_a_buyer_message"),
        ({"From": "noreply@carrier.example"}, "not_a_buyer_message"),
        # impostors
        ({"From": "Ann <a1b2c3d4e5@marketplace.amazon.com.evil.example>"}, "suspect_sender"),
        ({"From": "Ann <a1b2c3d4e5@marketplace.arnazon.de>"}, "suspect_sender"),
        ({"From": "Ann <a1b2c3d4e5@marketplace.amazon.xyz>"}, "suspect_sender"),
        ({"From": "Ann <a1b2c3d4e5@marketplace-amazon.de>"}, "suspect_sender"),
        ({"From": "Ann <a1b2c3d4e5@amaz0n.de>"}, "suspect_sender"),
        ({"From": "Ann <a1b2c3d4e5@marketplace.аmazon.de>"}, "suspect_sender"),  # Cyrillic а
        ({"From": "Ann - Amazon Marketplace <ann@mail.example>"}, "suspect_sender"),
        ({"From": "=?utf-8?Q?=D0=90mazon_Support?= <ann@mail.example>"}, "suspect_sender"),
        ({"From": '"a1b2c3d4e5@marketplace.amazon.de" <ann@mail.example>'}, "suspect_sender"),
        ({"Reply-To": "refund@mail.example"}, "suspect_sender"),
        ({"From": "Amazon <donotreply@amazon.de>", "Reply-To": "x@mail.example"}, "suspect_sender"),
        ({"Authentication-Results": "mx; spf=fail; dkim=fail; dmarc=fail"}, "suspect_sender"),
        ({"From": "Ann <ann@mail.example>", "X-Space-Notification-Type": "BBC_MESSAGE_SENT_TO_MERCHANT"}, "suspect_sender"),
    ],
)  # fmt: skip
def test_who_wrote(headers: dict[str, str | None], reason: str) -> None:
    row = only(mail("Wo ist sie?", headers))
    assert row.reason == reason
    assert (row.values["direction"] == "buyer") == (reason == "")


def test_customers_without_amazon_stay_with_a_mark() -> None:
    data = mailbox(
        mail("Wo ist sie?", {"From": "Ann <ann@mail.example>"}),
        mail("Danke", {"From": "tom@web.example", "Message-ID": "<m2@x>"}),
    )
    assert [(r.reason, r.issues, r.values["buyer"]) for r in read_mail(data, "x.mbox")] == [
        ("", ("sender_not_amazon",), "ann@mail.example"),
        ("", ("sender_not_amazon",), "tom@web.example"),
    ]


def test_the_sellers_own_mails_are_known_by_where_the_buyers_wrote_to() -> None:
    answer = mail(
        "Ist unterwegs.", {"From": "Shop <shop@lamps.example>", "To": "helpdesk@lamps.example", "Message-ID": "<m2@x>"}
    )
    rows = list(read_mail(mailbox(mail("Wo ist sie?"), answer), "x.mbox"))
    assert [r.reason for r in rows] == ["", "not_a_buyer_message"]


def test_a_bounce_that_brings_back_a_buyers_mail_is_no_second_message() -> None:
    text, headers = parts((PLAIN, "not delivered"), ("Content-Type: message/rfc822", mail(body("Wo?")).decode()))
    report = {**headers, "Content-Type": 'multipart/report; boundary="B"', "From": "mailer-daemon@mx.example"}
    assert only(mail(text, report)).reason == "not_a_buyer_message"


def test_customer_service_relays_a_buyers_words() -> None:
    text = "Hello,\n\nWe've been contacted by a customer regarding the order identified below.\n\nOrder#: 302-7654321-1234567\nItem: Lamp\nReason: Other\n\nDetails: It never came.\n\nSincerely,\nCustomer Service"
    row = only(mail(text, {"From": "Amazon <cust.service03@amazon.com>"}))
    assert (row.reason, row.values["text"], row.values["order_id"]) == ("", "It never came.", "302-7654321-1234567")


@pytest.mark.parametrize(
    "domain",
    ["gmail.com", "amazing-lamps.example", "marketplace.amazon.com.tr", "amazon.sa", "amazonia-lodge.example", ""],
)
def test_no_lookalike(domain: str) -> None:
    assert not is_lookalike(domain)


def test_marketplace_from_header_then_sender_then_text() -> None:
    assert only(mail("Hi", {"X-Marketplace-ID": "A1VC38T7YXB528"})).values["marketplace"] == "JP"
    assert only(mail("Hi")).values["marketplace"] == "DE"
    assert only(mail("I saw it on amazon.fr", {"From": "ann@mail.example"})).values["marketplace"] == "FR"
    assert only(mail("Hi", {"From": "ann@mail.example", "Subject": "x"})).values["marketplace"] is None


# --- Parts ---


def parts(*leaves: tuple[str, str], kind: str = "mixed", close: bool = True) -> tuple[str, dict[str, str | None]]:
    text = (
        "preamble\n" + "".join(f"--B\n{head}\n\n{content}\n" for head, content in leaves) + ("--B--\n" if close else "")
    )
    return text, {"Content-Type": f'multipart/{kind}; boundary="B"', "Content-Transfer-Encoding": None}


PLAIN, HTML = "Content-Type: text/plain; charset=utf-8", "Content-Type: text/html; charset=utf-8"
PHOTO = "Content-Type: image/jpeg; name=x.jpg\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=x.jpg"
PRE = "<pre style='white-space: pre-wrap; white-space: -o-pre-wrap;'>{}</pre>"


@pytest.mark.parametrize(
    ("leaves", "words"),
    [
        ([(PLAIN, body("Wo ist sie?"))], "Wo ist sie?"),
        ([(PLAIN, "Hallo"), (HTML, "<p>Hallo Welt</p>")], "Hallo"),
        ([(PLAIN, ""), (HTML, "<p>Hallo Welt</p>")], "Hallo Welt"),
        ([(PLAIN, "Your mail program does not show HTML mails."), (HTML, "<p>Hallo Welt</p>")], "Hallo Welt"),
        ([(PLAIN, "Wo ist\nsie?"), (HTML, PRE.format("Wo ist sie?"))], "Wo ist sie?"),  # the HTML is not wrapped at 76
        ([(PLAIN, "Hallo"), (PHOTO, "/9j/4AAQ")], "Hallo"),
        ([(PLAIN, "Hallo"), (PLAIN + "\nContent-Disposition: attachment; filename=log.txt", "secret")], "Hallo"),
        ([(PLAIN, "Hallo"), (PHOTO, "/9j/4AAQ"), (PLAIN, "Welt")], "Hallo\n\nWelt"),  # words around a photo
        ([(PHOTO, "/9j/4AAQ")], ""),
        ([(HTML, f"<p>Sie haben eine Nachricht erhalten</p>{PRE.format('')}<p>[commMgrTok:A]</p>")], ""),
    ],
)
def test_parts(leaves: list[tuple[str, str]], words: str) -> None:
    text, headers = parts(*leaves)
    row = only(mail(text, headers))
    assert (row.reason, row.values["text"]) == ("" if words else "empty_text", words)


@pytest.mark.parametrize("text", ["", "\n\n", "\u200b", "Von meinem iPhone gesendet", body("")])
def test_empty(text: str) -> None:
    assert only(mail(text)).reason == "empty_text"


def test_a_buyers_mail_attached_by_the_shop() -> None:
    inner = mail(body("Wo ist sie?"), {"Date": "Mon, 02 Nov 2026 08:00:00 +0000", "Message-ID": "<inner@x>"}).decode()
    text, headers = parts((PLAIN, "please answer"), ("Content-Type: message/rfc822", inner))
    row = only(mail(text, headers | {"From": "Tom <tom@lamps.example>", "Subject": "Fwd"}))
    assert (row.reason, row.values["text"], row.values["marketplace"]) == ("", "Wo ist sie?", "DE")
    assert row.values["received_at"] == datetime(2026, 11, 2, 8, tzinfo=UTC)
    assert row.values["message_id"] == "<m1@mail.example>"


def test_a_buyers_mail_forwarded_inline() -> None:
    text = f"---------- Weitergeleitete Nachricht ---------\nVon: {RELAY}\nDate: Mon, 02 Nov 2026 08:00:00 +0000\nBetreff: Frage\nAn: shop@lamps.example\n\n{body('Wo ist sie?')}"
    row = only(mail(text, {"From": "Tom <tom@lamps.example>"}))
    assert (row.reason, row.issues, row.values["text"], row.values["buyer"]) == (
        "",
        (),
        "Wo ist sie?",
        "a1b2c3d4e5f6g7h@marketplace.amazon.de",
    )


def test_an_answer_that_quotes_the_buyer_is_no_second_message() -> None:
    quoted = f"We send a new one.\n\n-----Original Message-----\nFrom: {RELAY}\nSent: Monday\nTo: shop\nSubject: lamp\n\nIt broke."
    headers = {"From": "Tom <tom@lamps.example>", "Subject": "RE: lamp"}
    assert only(mail(quoted, headers | {"To": RELAY})).reason == "not_a_buyer_message"
    assert only(mail(quoted)).values["text"] == "We send a new one."  # a buyer quotes the shop: same form
    row = only(mail(quoted, headers | {"Subject": "FW: lamp"}))  # Outlook forwards so
    assert (row.reason, row.values["text"]) == ("", "It broke.")


def test_a_mail_that_the_buyer_forwards_does_not_hide_the_words() -> None:
    text, headers = parts(
        (PLAIN, "Look what they wrote"),
        ("Content-Type: message/rfc822", "From: x@carrier.example\nSubject: y\n\nDelivered!"),
    )
    assert only(mail(text, headers)).values["text"] == "Look what they wrote"


# --- Ids and dates ---


@pytest.mark.parametrize(
    ("headers", "issues"),
    [
        ({"Message-ID": None}, ("missing_id",)),
        ({"Message-ID": ""}, ("missing_id",)),
        ({"Date": "yesterday"}, ("unreadable_date",)),
        ({"Date": None}, ("unreadable_date",)),
        ({"Date": "Tue, 99 Nov 2026 10:00:00 +0100"}, ("unreadable_date",)),
        ({"Date": None, "Received": "from a by b with SMTP; Tue, 3 Nov 2026 09:00:00 +0000"}, ()),
        ({"Date": "Tue, 3 Nov 2026 09:00:00 -0000 (UTC)"}, ()),
        ({"Date": "3 Nov 2026 09:00:00 GMT"}, ()),
    ],
)
def test_marks(headers: dict[str, str | None], issues: tuple[str, ...]) -> None:
    row = only(mail("Wo ist sie?", headers))
    assert (row.reason, row.issues) == ("", issues)
    assert row.values["received_at"] in (None, datetime(2026, 11, 3, 9, tzinfo=UTC))


def test_duplicate_ids_are_marked_and_kept() -> None:
    rows = list(read_mail(mailbox(mail("one"), mail("two"), mail("three", {"Message-ID": "<m3@x>"})), "x.mbox"))
    assert [(r.number, r.values["text"], r.issues) for r in rows] == [
        (1, "one", ()),
        (2, "two", ("duplicate_id",)),
        (3, "three", ()),
    ]


# --- Mailboxes ---


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        (mailbox(mail("Hi\n\nFrom my point of view it is lost.\nPlease refund."), mail("two")), ["Hi\n\nFrom my point of view it is lost.\nPlease refund.", "two"]),
        (mailbox(mail("Hi\n\nFrom: me\nSubject: lamp"), mail("two")), ["Hi\n\nFrom: me\nSubject: lamp", "two"]),
        (mailbox(mail("Hi\n\nFrom Tuesday on:\nNote: nothing came"), mail("two")), ["Hi\n\nFrom Tuesday on:\nNote: nothing came", "two"]),
        (mailbox(mail("Hi\n\n>From my view"), mail("two")), ["Hi\n\nFrom my view", "two"]),  # mboxrd
        (mailbox(mail("one"), mail("two")).replace(b"\n", b"\r\n"), ["one", "two"]),
        (mailbox(mail("one"), mail("two"), postmark=b"From - Tue Nov  3 10:00:00 2026\n"), ["one", "two"]),  # Thunderbird
        (mailbox(mail("one"), mail("two"), postmark=b"From ann@mail.example  Tue Nov  3 10:00:00 2026 +0100\n"), ["one", "two"]),
        (mailbox(mail("one"), mail("two"), postmark=b"From 1589@xxx Tue Nov 03 10:00:00 +0000 2026\n"), ["one", "two"]),  # Takeout
        (mailbox(mail("one"), mail("two")).replace(b"\n\nFrom MAILER", b"\nFrom MAILER"), ["one", "two"]),  # no blank line between
        (b"\n\n" + mailbox(mail("one"), b"", mail("two")), ["one", "two"]),
        (b"\xef\xbb\xbf" + mail("one"), ["one"]),
        (b"From ann@mail.example Tue Nov  3 10:00:00 2026\n" + mail("one"), ["one"]),  # an .eml with a postmark
    ],
)  # fmt: skip
def test_mailbox(data: bytes, texts: list[str]) -> None:
    assert [r.values["text"] for r in read_mail(data, "x.mbox")] == texts


def test_content_length_covers_a_postmark_in_a_body() -> None:
    inner = "see:\n\nFrom MAILER-DAEMON Sat Nov 21 00:00:00 2026\nFrom: x@y.example\nTo: z@y.example\nSubject: quoted\n\nbye\n"
    data = mailbox(mail(inner, {"Content-Length": str(len(inner))}), mail("two"))
    assert len(split_mailbox(data)) == 2
    wrong = mailbox(mail("one", {"Content-Length": "99999"}), mail("two"))
    assert len(split_mailbox(wrong)) == 2


@pytest.mark.parametrize(
    ("data", "reason", "issues"),
    [
        (mail(body("Wo ist sie?"))[:-55], "", ()),  # only the footer is cut, nothing shows it
        (mail(body("Wo ist sie? " * 20))[:450], "truncated", ("truncated",)),  # a begin marker without an end
        (mail("")[:120], "truncated", ("unreadable_date",)),  # within the headers
        (mail(*parts((PLAIN, "Hallo"), (PHOTO, "/9j/4AAQ"), close=False)), "", ("truncated",)),  # only the photo is cut
        (mail(*parts((PLAIN, "Hallo"), close=False)), "truncated", ("truncated",)),
        (mail(base64.encodebytes(body("Wo ist sie? " * 20).encode())[:403], {"Content-Transfer-Encoding": "base64"}), "truncated", ("truncated",)),
        (mail(f"<p>Hallo</p>{PRE.format('Wo ist')}"[:-9], {"Content-Type": "text/html"}), "truncated", ("truncated",)),
    ],
)  # fmt: skip
def test_cut_mails_are_told(data: bytes, reason: str, issues: tuple[str, ...]) -> None:
    row = only(data)
    assert (row.reason, row.issues) == (reason, issues)


def test_a_mailbox_that_stops_within_a_line_is_told_and_keeps_the_words() -> None:
    rows = list(read_mail(mailbox(mail("one"), mail("two")).rstrip(b"\n"), "x.mbox"))
    assert [(r.values["text"], r.issues) for r in rows] == [("one", ()), ("two", ("truncated", "duplicate_id"))]


@pytest.mark.parametrize(
    "data",
    [
        b"From: x\n" * 50_000, b"From a Sat Nov 21 10:00:00 2026\n" * 20_000, b"Subject: " + b"=?utf-8?Q?a?= " * 30_000 + b"\n\nx",
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\nContent-Type: multipart/mixed; boundary=b\n\n" * 3000,
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 30_000, b"Content-Type: message/rfc822\n\n" * 2000,
        b"From: " + b"<" * 200_000 + b"\n\nx", b"From: " + b"a@" * 200_000 + b"\n\nx", b"X: y\n\n" + b"a" * 1_000_000, b"X: y\n\n" + b"=" * 1_000_000, b"X: y\n\n" + b"\xe3\x81" * 400_000,
        b"Content-Type: text/html\n\n" + b"<div>" * 200_000, b"Content-Transfer-Encoding: base64\n\n" + b"QUJD " * 200_000, b"\x00" * 1000, b"", bytes(range(256)) * 100,
        b"Content-Type: text/plain; charset*=utf-8''%FF\nSubject: \xff\xfe\n\n\xed\xa0\x80",
    ],
)  # fmt: skip
def test_hostile_mail_ends_soon_and_without_a_traceback(data: bytes) -> None:
    start = time.process_time()
    for row in read_mail(data, "x"):
        assert "\ufffd" not in str(row.values.get("text", ""))
    assert time.process_time() - start < 3


def test_marketplace_decides_between_charsets() -> None:
    assert decode_text("届きません".encode("cp932"), None, "JP") == "届きません"
    assert read_sender({"From": ""}.get).writer == "customer"  # type: ignore[arg-type]
