"""The buyer's own words: what must go, what must stay, in six languages."""

# ruff: noqa: E501 – a case is one line, however long its mail

import time

import pytest

from messages.clean import clean_message, find_asin, find_marketplace_in, find_order_ids, html_text, is_html

RULE = "-" * 13
HEAD = "You have received a message.\n\n# 302-7654321-1234567:\n1 / Desk lamp, brass [ASIN: B00SAMPLE2]\n\n"
FOOT = "\n\nWas this email helpful? https://sellercentral.amazon.de/gp/satisfaction/survey-form.html\n\n[commMgrTok:A2B3]\n\nSPC-EUAmazon-123\n"


def wrapped(words: str, begin: str, end: str, head: str = HEAD, foot: str = FOOT) -> str:
    return f"{head}{RULE} {begin} {RULE}\n\n{words}\n\n{RULE} {end} {RULE}{foot}"


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("Begin message", "End message"),
        ("Message:", "End message"),
        ("Message: ", "Ende der Nachricht"),  # markers of two languages in one mail
        ("Anfang der Nachricht", "Ende der Kundennachricht"),
        ("Nachricht:", "Ende der Nachricht"),
        ("Début du message", "Fin du message"),
        ("DÃ©but du message", "Fin du message"),  # UTF-8 read as CP1252
        ("D?but du message", "Fin du message"),
        ("Debut du message", "FIN DU MESSAGE"),
        ("Message :", "Fin du message"),
        ("Iniciar mensaje", "Finalizar mensaje"),
        ("Mensaje:", "Fin del mensaje"),
        ("Inizio messaggio", "Fine messaggio"),
        ("Messaggio:", "Fine del messaggio"),
        ("メッセージはここから", "メッセージはここまで"),
        ("メッセージ：", "メッセージはここまで"),
        ("Mensagem:", "Encerrar mensagem"),
        ("Begin message / Début du message", "End message / Fin du message"),  # Canada
        ("Begin message", "某种未知的结尾"),  # an end in a language that no table knows
        ("Viestin alku", "Viestin loppu"),  # both unknown
    ],
)
def test_words_between_markers_of_any_language(begin: str, end: str) -> None:
    words = "Die Lampe flackert.\n\n  - am Abend\n  - 2 x pro Minute < 5 s"
    assert clean_message(wrapped(words, begin, end)) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"You have received a message. {RULE} Message: {RULE} Where is it? {RULE} End message {RULE} Was this email helpful?", "Where is it?"),
        (f"{RULE}Begin message{RULE}\nHi\n{RULE}End message{RULE}", "Hi"),
        ("―――――  Begin  message  ―――――\nHi\n―――――  End  message  ―――――", "Hi"),
        (wrapped("", "Begin message", "End message"), ""),  # a photo only
        (wrapped("Hi", "Begin message", "End message").replace("\n", "\r\n"), "Hi"),
        # the end is lost: the footer ends the words
        (f"{HEAD}{RULE} Begin message {RULE}\n\nIt is late.{FOOT}", "It is late."),
        # the begin is lost: the lines about the order go
        (f"{HEAD}It is late.\n\n{RULE} End message {RULE}{FOOT}", "It is late."),
        (f"{HEAD}Message:\nIt is late.{FOOT}", "It is late."),
        ("Sie haben eine Nachricht erhalten.\n\nBestellnummer 302-7654321-1234567:\n2 von Lampe [ASIN: B00SAMPLE2]\n\nWo ist sie?\n\nFall lösen\n[commMgrTok:X]", "Wo ist sie?"),
        # an older mail with markers of its own below the answer, or inside the words
        (wrapped(f"Blue.\n\nOn 3 Nov 2026, Lamp Shop wrote:\n> {RULE} Begin message {RULE}\n> Which?\n> {RULE} End message {RULE}", "Begin message", "End message"), "Blue."),
        (wrapped(f"Blue.\n\n-----Original Message-----\nFrom: Lamp Shop\nSent: Tuesday\nSubject: Re\n\n{RULE} Begin message {RULE}\nWhich?\n{RULE} End message {RULE}\n", "Begin message", "End message"), "Blue."),
        (f"Yes please.\n\n-----Original Message-----\nFrom: Lamp Shop - Amazon Marketplace\nSent: Tuesday, September 6\nSubject: Re\n\n{RULE} Begin message {RULE}\nRed?\n{RULE} End message {RULE}", "Yes please."),
        ("--- Danke ---", "--- Danke ---"),
        ("Message: it broke", "Message: it broke"),  # a buyer's own colon
    ],
)  # fmt: skip
def test_odd_wrappers(text: str, words: str) -> None:
    assert clean_message(text) == words


@pytest.mark.parametrize(
    ("head", "question"),
    [
        ("On Tue, 3 Nov 2026 at 10:00, Lamp Shop <a1@marketplace.amazon.co.uk> wrote:", "Which colour?"),
        ("On Tue, 3 Nov 2026 at 10:00, Lamp Shop - Amazon Marketplace\n<a1@marketplace.amazon.co.uk> wrote:", "Which colour?"),
        ("Am 03.11.2026 um 10:00 schrieb Lampenshop <a1@marketplace.amazon.de>:", "Welche Farbe?"),
        ("Am Di., 3. Nov. 2026 um 10:00 Uhr schrieb Lampenshop\n<a1@marketplace.amazon.de>:", "Welche Farbe?"),
        ("Lampenshop <a1@marketplace.amazon.de> schrieb am Di., 3. Nov. 2026, 10:00:", "Welche Farbe?"),
        ("Le mar. 3 nov. 2026 à 10:00, Lampes <a1@marketplace.amazon.fr> a écrit :", "Quelle couleur ?"),
        ("Le mar. 3 nov. 2026 a 10:00, Lampes <a1@marketplace.amazon.fr> a ecrit :", "Quelle couleur ?"),
        ("El mar, 3 nov 2026 a las 10:00, Lámparas (<a1@marketplace.amazon.es>) escribió:", "¿Qué color?"),
        ("Il giorno mar 3 nov 2026 alle ore 10:00 Lampade <a1@marketplace.amazon.it> ha scritto:", "Che colore?"),
        ("2026年11月3日(火) 10:00 ランプ店 <a1@marketplace.amazon.co.jp>のメッセージ:", "何色ですか"),
        ("2026/11/03 10:00、ランプ店 <a1@marketplace.amazon.co.jp>のメール：", "何色ですか"),
        ("-----Original Message-----\nFrom: Lamp Shop\nSent: Tuesday, November 3, 2026\nTo: Ann\nSubject: RE: lamp\n", "Which colour?"),
        ("-----Ursprüngliche Nachricht-----\nVon: Lampenshop\nGesendet: Dienstag\nAn: Ann\nBetreff: AW: Lampe\n", "Welche Farbe?"),
        ("________________________________\nDe : Lampes\nEnvoyé : mardi 3 novembre\nÀ : Ann\nObjet : RE: lampe\n", "Quelle couleur ?"),
        ("De: Lámparas\nEnviado: martes\nPara: Ann\nAsunto: RE: lámpara\n", "¿Qué color?"),
        ("差出人: ランプ店\n送信日時: 2026年11月3日\n宛先: Ann\n件名: RE: ランプ\n", "何色ですか"),
    ],
)  # fmt: skip
def test_history_goes(head: str, question: str) -> None:
    assert clean_message(f"Blau / 青。\n\n{head}\n> {question}\n> \n> Danke") == "Blau / 青。"
    assert clean_message(f"Blau / 青。\n\n{head}\n\n{question}\n\nDanke") == "Blau / 青。"
    assert clean_message(f"{head}\n> {question}\n\nBlau / 青。") == "Blau / 青。"  # the answer stands below


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("On 3 Nov 2026, Shop wrote:\n> Which colour?\nBlue\n> Which size?\nL", "Blue\nL"),  # answers in between
        ("My husband wrote:\nit is broken", "My husband wrote:\nit is broken"),
        ("From: the box\nI took the lamp", "From: the box\nI took the lamp"),
        ("From my point of view it is lost.", "From my point of view it is lost."),
        ("An: aus geht nicht.\nVon: oben kommt Licht", "An: aus geht nicht.\nVon: oben kommt Licht"),
        ("> Where is my lamp?\n> It is late.", "Where is my lamp?\nIt is late."),  # nothing but a quote: it is the message
        ("On 3 Nov 2026, Ann <a@example.com> wrote:\n> Where is my lamp?", "Where is my lamp?"),
        ("Blue. On Tue, 3 Nov 2026 at 10:00, Shop <a@example.com> wrote: > Which colour? > Thanks", "Blue."),  # line breaks lost
        ("---------- Forwarded message ---------\nFrom: Ann - Amazon Marketplace <a1b2c3d4@marketplace.amazon.de>\nDate: Tue, 3 Nov 2026\nSubject: Lamp\nTo: <shop@example.com>\n\nWo ist sie?", "Wo ist sie?"),
        ("please answer\n\n---------- Forwarded message ---------\nFrom: Ann <a1b2c3d4@marketplace.amazon.de>\nDate: Tue, 3 Nov 2026\nSubject: Lamp\n\nWo ist sie?", "Wo ist sie?"),
        ("See what they say:\n\n---------- Forwarded message ---------\nFrom: Carrier <info@carrier.example>\nDate: Tue, 3 Nov 2026\nSubject: Delivered\n\nDelivered!", "See what they say:"),
    ],
)  # fmt: skip
def test_history_and_words(text: str, words: str) -> None:
    assert clean_message(text) == words


@pytest.mark.parametrize(
    "signature",
    [
        "Sent from my iPhone", "Sent from my Samsung Galaxy smartphone.", "Get Outlook for iOS<https://aka.ms/o0ukef>", "Sent from Yahoo Mail for iPhone", "Sent from Outlook for Android",
        "Von meinem iPhone gesendet", "Gesendet mit der GMX Mail App", "Von meinem Samsung Galaxy Smartphone gesendet.", "Diese Nachricht wurde von meinem Android Mobiltelefon mit WEB.DE Mail gesendet.", "Gesendet von Outlook für Android",
        "Envoyé de mon iPhone", "Envoyé depuis mon téléphone Android", "Télécharger Outlook pour iOS", "Envoyé à partir de Outlook pour Android",
        "Enviado desde mi iPhone", "Enviado desde Outlook para Android", "Obtener Outlook para iOS",
        "Inviato da iPhone", "Inviato dal mio smartphone Samsung Galaxy.", "Scarica Outlook per iOS",
        "iPhoneから送信", "Androidのスマートフォンから送信", "Yahoo!メール - Androidから送信", "Outlook for iOS を入手",
    ],
)  # fmt: skip
def test_phones_sign_nothing(signature: str) -> None:
    assert clean_message(f"Wo ist 青い lamp?\n\n{signature}") == "Wo ist 青い lamp?"
    assert clean_message(f"Wo ist 青い lamp?\n\n--\n{signature}\n") == "Wo ist 青い lamp?"
    assert clean_message(signature) == ""
    assert clean_message(f"{signature}\nis what my phone says") == f"{signature}\nis what my phone says"


@pytest.mark.parametrize(
    "text",
    [
        "Gesendet mit DHL", "Envoyé avec Colissimo", "Enviado con SEUR", "Inviato con corriere", "Sent via courier to the wrong house", "近所の店から送信しました",
        "Best,\nAnn", "  two\n\n\n   blanks", "1 < 2 > 0", "<3 the lamp", "tom@example.com <- mine", "NA", "null", "?", "🙏", "\u200f", "=SUM(A1)",
        "------------\nthree things:\n------------", "lone \ud83d surrogate\nSent from my iPad by hand?", "a\x00b",
    ],
)  # fmt: skip
def test_words_stay_as_they_are(text: str) -> None:
    assert clean_message(text) == text.strip()


PRE = "<pre style='white-space: pre-wrap; white-space: -moz-pre-wrap; white-space: -o-pre-wrap;'>"


@pytest.mark.parametrize(
    ("html", "words"),
    [
        (f"<html><head><title>t</title></head><body><p>Vous avez reçu un message.</p>{PRE}Ligne 1\n\n  ligne 2 &amp; &lt;3</pre><p>Cet e-mail</p></body></html>", "Ligne 1\n\n  ligne 2 & <3"),
        (f"<body>{PRE}</pre><p>footer</p></body>", ""),  # a photo only
        (f"<body>{PRE}one<br>two</pre></body>", "one\ntwo"),
        ("<html><style>p{color:red}</style><script>alert(1)</script><div style='display:none;max-height:0'>preview</div><div>Hi<br>there</div><div>you</div></html>", "Hi\nthere\nyou"),
        (f"<div>{RULE} Message: {RULE}</div><div>Wo ist sie?</div><div>{RULE} Ende der Nachricht {RULE}</div>", "Wo ist sie?"),
        ("<div>Blue</div><div class='gmail_quote'><div class='gmail_attr'>On 3 Nov 2026, Shop wrote:</div><blockquote type='cite'>Which?</blockquote></div>", "Blue"),
        ("<blockquote type='cite'>Only a quote</blockquote>", "Only a quote"),
        ("Hallo<br />Welt<br>\n", "Hallo\nWelt"),
        ("<p>unclosed <b>bold <i>words", "unclosed bold words"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<p>Caf&eacute; &#8364;5 &#x65E5;&nbsp;本</p>", "Café €5 日 本"),
        ("<!DOCTYPE html><html><body></body></html>", ""),
    ],
)  # fmt: skip
def test_html(html: str, words: str) -> None:
    assert is_html(html)
    assert clean_message(html) == words


RELAYED = "Hello Lamp Shop,\n\nWe've been contacted by a customer regarding the order identified below.\n\n--------------------\nOrder#: 302-7654321-1234567\nItem: Desk lamp\nReason: Defective\n\nDetails: {}\n\nTo contact the customer, use the Contact Buyer page.\n\nSincerely,\nCustomer Service Department\nAmazon.de"


def test_customer_service_relays_words() -> None:
    assert (
        clean_message(RELAYED.format("The switch broke.\nShe wants a new one."))
        == "The switch broke.\nShe wants a new one."
    )


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("302-7654321-1234567 und 302-7654321-1234567", ["302-7654321-1234567"]),
        ("#302-7654321-1234567,303-7654321-1234567", ["302-7654321-1234567", "303-7654321-1234567"]),
        ("２４９－７６５４３２１－１２３４５６７", ["249-7654321-1234567"]),
        ("302‑7654321–1234567", ["302-7654321-1234567"]),  # dashes that word processors write
        ("302 7654321 1234567", ["302-7654321-1234567"]),
        ("1302-7654321-1234567 302-7654321-12345678 3027654321", []),
        ("", []),
    ],
)
def test_order_ids(text: str, ids: list[str]) -> None:
    assert find_order_ids(text) == ids


def test_asin_and_marketplace() -> None:
    assert find_asin("see https://www.amazon.de/Lampe/dp/B00SAMPLE2/ref=x") == "B00SAMPLE2"
    assert find_asin("【ASIN： B00SAMPLE2】 and [ASIN: 3551354014]") == "B00SAMPLE2"
    assert find_asin("lamp 3551354014") is None
    assert find_marketplace_in("", "https://sellercentral.amazon.co.uk/x") == "UK"
    assert find_marketplace_in("amazon.example") is None


@pytest.mark.parametrize(
    "text",
    [
        "> " * 500_000, "-" * 1_000_000, f"{RULE} Begin message " * 30_000, "On 1 " * 200_000, "<div>" * 100_000, "<pre " * 100_000, "From: a\n" * 120_000, "\n" * 1_000_000,
        "Sent from my " * 80_000, "schrieb " * 120_000, "a" * 1_000_000, "(" * 500_000, "1/" * 400_000, "302-7654321-" * 80_000, "\ud800" * 300_000, "On 3 Nov\n" * 100_000,
    ],
)  # fmt: skip
def test_hostile_text_is_quick(text: str) -> None:
    start = time.process_time()
    (
        clean_message(text),
        find_order_ids(text),
        find_asin(text),
        find_marketplace_in(text),
        html_text(text[:100_000].replace("\ud800", "")),
    )
    assert time.process_time() - start < 2
