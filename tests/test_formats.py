"""Exports as helpdesks, shops and spreadsheets really write them: each file is built here, damage and all."""

import json
from collections.abc import Callable

import pytest

from messages.errors import LogError
from messages.log import Log, read_log
from tests.files import workbook, zipped

HEAD = ["Message ID", "Order ID", "Marketplace", "Received", "Buyer email", "Message"]
GERMAN = ["Der Griff ist locker, was nun?", "Passt Größe XL für mich?", "Schöne Lampe, danke!"]
FRENCH = ["L'anse s'est cassée", "Où est mon colis ?", "Très bien, merci"]
SPANISH = ["¿Dónde está la señal de envío?", "Llegó rota, ¿qué hago?", "Mañana viajo a España"]
ITALIAN = ["È arrivato già rotto", "La qualità è pessima", "Però funziona più o meno"]


def row(n: int, text: str, domain: str = "amazon.de") -> list[str]:
    day = f"2026-09-{n % 28 + 1:02}T10:00:00Z"
    return [f"K{n:04}", f"303-{n:07}-{n * 13:07}", domain, day, f"q{n}w{n}e{n}r{n}t@marketplace.{domain}", text]


def line(cells: list[str], delimiter: str = ",", quote: str = '"', always: bool = False) -> str:
    special = (delimiter, quote, "\n", "\r")
    return delimiter.join(
        quote + c.replace(quote, 2 * quote) + quote if always or any(s in c for s in special) else c for c in cells
    )


def table(texts: list[str], head: list[str] = HEAD, delimiter: str = ",", **how: object) -> str:
    rows = [head, *(row(n, text) for n, text in enumerate(texts, 1))]
    return "".join(line(cells, delimiter, **how) + "\r\n" for cells in rows)  # type: ignore[arg-type]


@pytest.fixture
def read(tmp_path) -> Callable[..., Log]:
    def read_bytes(data: bytes | str, name: str = "log.csv", **options: object) -> Log:
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8"))
        log = read_log(path, **options)  # type: ignore[arg-type]
        rows = sorted([*log.messages["row"], *log.quarantined["row"]])
        assert rows == list(range(1, len(rows) + 1)), "rows in = messages + quarantined, by position"
        return log

    return read_bytes


def texts(log: Log) -> list[str]:
    return list(log.messages["text"])


# --- Delimited text ---------------------------------------------------------------------------------------------------

OTHER_HEAD = ["Nachricht", "Nr"]
OTHER = "".join(line([t, f"N{n}"]) + "\r\n" for n, t in enumerate(FRENCH, 1))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (table([*GERMAN, "tab \t in it", "two\nlines"], delimiter="\t"), [*GERMAN, "tab \t in it", "two\nlines"]),
        (table(["it's, ok", *GERMAN], quote="'", always=True), ["it's, ok", *GERMAN]),
        (table(["it's, ok", *GERMAN], quote="'"), ["it's, ok", *GERMAN]),
        ("sep=;\r\n" + table(GERMAN), GERMAN),  # and commas all the same
        ('"sep=|"\r\n' + table(GERMAN, delimiter="|"), GERMAN),
        (table(GERMAN, ["Message\nID", "Order", "Site", "Received\n(UTC)", "Buyer email", "Message\n(buyer)"]), GERMAN),
        ("# tool 2.1\n# rows: 3\n" + table(GERMAN), GERMAN),
        # remarks below the rows
        (table(GERMAN) + "\r\nTotal messages: 3\r\nGenerated 2026-10-02 10:00 by Ann\r\n", GERMAN),
        (table(GERMAN) + "\r\n(3 rows affected)\r\n", GERMAN),
        (table(GERMAN) + "\r\n*** End of list ***\r\n", GERMAN),
        (table(GERMAN) + "Anzahl Nachrichten: 3,,,,,\r\n", GERMAN),
        (table(GERMAN) + "共3条记录,,,,,\r\n导出时间：2026-10-01 10:00,,,,,\r\n", GERMAN),
        (
            "| Id | Message |\n|----|---------|\n| 1 | one |\n| 2 | two |\n",
            [" one ", " two "],
        ),  # a line below the header
        # two exports put together
        (table(GERMAN[:1]) + "\ufeff" + table(GERMAN[1:]), GERMAN),
        (table(GERMAN) + ",".join(OTHER_HEAD) + "\r\n" + OTHER, GERMAN + FRENCH),  # with other columns
        ("\ufeff" + table(GERMAN[:1]) + "\ufeff" + line(row(2, "b")) + "\r\n", [GERMAN[0], "b"]),
    ],
)
def test_every_dialect_and_what_stands_around_the_rows(read, data, words):
    log = read(data)
    assert texts(log) == words
    assert len(log.quarantined) == 0 and log.complete
    assert not any("\ufeff" in i for i in log.messages["message_id"])


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda cells: line(cells[:2]), "wrong_field_count"),  # a short row begins with an id: it is a row
        (lambda cells: cells[0], "wrong_field_count"),
        (lambda cells: line(cells, always=True).replace('"amazon.de"', '"amazon.de'), "unbalanced_quote"),
    ],
)
def test_a_short_row_is_not_taken_for_the_end_of_the_row_above(read, damage, reason):
    lines = [line(c) for c in [HEAD, *(row(n, t) for n, t in enumerate(GERMAN, 1))]]
    log = read("\r\n".join([*lines[:2], damage(row(2, "x y z")), lines[3]]) + "\r\n")
    assert texts(log) == [GERMAN[0], GERMAN[2]]
    assert log.quarantined[["row", "reason"]].values.tolist() == [[2, reason]]


@pytest.mark.parametrize(
    ("words", "codec"),
    [(SPANISH, "mac_roman"), (ITALIAN, "cp850"), (FRENCH, "mac_roman"), (GERMAN, "cp850"), (SPANISH, "cp1252")],
)
@pytest.mark.parametrize("columns", [["Id", "Text"], None])
def test_one_byte_encodings_are_told_apart_by_what_words_look_like(read, words, codec, columns):
    data = "".join(f"{n},{line([t])}\r\n" for n, t in enumerate(words, 1))
    assert texts(read((f"Id,Text\r\n{data}" if columns else table(words)).encode(codec))) == words


def test_text_encoded_twice_below_a_byte_order_mark(read):
    twice = table(GERMAN).encode("utf-8").decode("cp1252").encode("utf-8-sig")
    assert texts(read(twice)) == GERMAN


# --- What the columns mean --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        ["Ticket ID", "Order ID", "Channel", "Created At", "Customer Email", "Message Body"],  # eDesk
        ["Ticket Number", "Sales Order ID", "Channel", "Created Time (Ticket)", "Email", "Description"],  # Zoho
        ["Ticket ID", "Order ID", "Marketplace", "Date", "Buyer Email", "Message From Buyer"],  # ChannelReply
        ["messageId", "amazonOrderId", "marketplaceId", "receivedDate", "buyerEmail", "messageBody"],
        ["msg_id", "order_no", "site", "create_time", "buyer_email", "msg_content"],
        ["Message ID", "Order", "Store", "Date", "From", "Message content (plain text)"],
        ["Vorgangsnummer", "Bestellnummer", "Kanal", "Eingangsdatum", "Absender", "Kundenanfrage"],
        ["Réf.", "Commande", "Canal", "Date du message", "Acheteur", "Message de l’acheteur"],
        ["Nº de ticket", "Nº de pedido", "Tienda", "Fecha", "Correo", "Consulta del cliente"],
        ["N. ticket", "N. ordine", "Negozio", "Data", "Mittente", "Richiesta del cliente"],
        ["問い合わせ番号", "注文番号", "店舗", "受付日時", "メールアドレス", "お問い合わせ本文"],
        ["邮件ID", "平台订单号", "店铺", "收件时间", "买家邮箱", "邮件正文"],  # ERPs
        ["消息编号", "订单编号", "国家", "接收时间", "买家邮箱", "买家消息内容"],
        ["訊息編號", "訂單編號", "站點", "接收時間", "買家信箱", "訊息內容"],
    ],
)
def test_headers_of_helpdesks_and_erps(read, head):
    first = read(table(GERMAN, head)).messages.iloc[0]
    assert (first["text"], first["message_id"], first["order_id"]) == (GERMAN[0], "K0001", "303-0000001-0000013")
    assert (first["marketplace"], str(first["received_at"])[:10], len(first["buyer"])) == ("DE", "2026-09-02", 16)


def test_a_shops_name_is_no_marketplace_but_the_country_beside_it_is(read):
    log = read("Id,Store,Country,Message\n1,Lumora,Italien,Ciao\n2,amazon.fr,,Salut\n")
    assert list(log.messages["marketplace"]) == ["IT", "FR"]


HELPDESK = ["Ticket ID", "Subject", "Status", "Source", "Type", "Created time", "Email"]


def test_a_helpdesk_export_without_the_message_is_refused_though_a_row_looks_like_a_header(read):
    rows = [[f"{n}", "Lamp", "Open", "Email", "Question", "2026-09-01", "Email"] for n in range(3)]
    with pytest.raises(LogError, match="Columns seen: Ticket ID, Subject"):
        read("".join(line(cells) + "\r\n" for cells in [HELPDESK, *rows]))


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        *((w, "2026-09-03T14:05") for w in (
            "2026年9月3日 14時5分", "令和8年9月3日 午後2時5分", "R8.9.3 14:05", "2026/09/03(木) 午後2:05",
            "午後2:05 2026/9/3", "2026年9月3日 下午2:05", "２０２６/０９/０３ １４：０５", "20260903T140500Z",
            "20260903140500", "2026-09-03T14:05:00.1234567Z", "3-Sep-2026 14:05", "03-Sep-26 2:05 PM",
            "Thu Sep  3 14:05:00 2026", "2026 Sep 3 14:05", "14:05 03.09.2026", "3 septembre 2026 à 14h05",
            "jeudi 3 sept. 2026 14 h 05", "3. September 2026 um 14:05 Uhr", "03.09.2026 16:05 MESZ",
            "September 3rd, 2026 2:05 p.m.", "3 de septiembre de 2026, 14:05", "3 set 2026 14:05",
            "/Date(1788444300000)/", "2026-09-03 23:05 Asia/Tokyo", "2026-09-03 23:05 JST", "1788444300",
        )),
        ("平成31年4月1日", "2019-04-01T00:00"),
        ("令和元年5月2日", "2019-05-02T00:00"),
        ("2026-02-30", None),
        ("0000-00-00 00:00:00", None),
        ("03/04/2026", None),  # nothing in the column says which is the day
    ],
)  # fmt: skip
def test_a_date_however_it_is_written(read, written, moment):
    log = read(line(["Id", "Date", "Message"]) + "\n" + line(["1", written, "Hello"]) + "\n")
    found = log.messages["received_at"][0]
    assert (None if found != found else found.isoformat()[:16]) == moment


# --- JSON -------------------------------------------------------------------------------------------------------------

OBJECTS = [{"id": f"{n}", "message": t} for n, t in enumerate(GERMAN, 1)]


@pytest.mark.parametrize(
    "document",
    [
        json.dumps(OBJECTS[:1]) + "\n" + json.dumps(OBJECTS[1:]),  # an answer of an API in each line
        "\n".join(json.dumps({"tickets": [o], "next_page": "x"}) for o in OBJECTS),
        json.dumps({"status": "success", "result": {"list": OBJECTS, "total": 3}}),
        json.dumps({"code": 0, "msg": "ok", "data": {"records": OBJECTS}}),
        json.dumps({"data": {"messages": {"edges": [{"node": o, "cursor": "c"} for o in OBJECTS]}}}),
        json.dumps({"took": 1, "hits": {"total": 3, "hits": [{"_id": "x", "_source": o} for o in OBJECTS]}}),
        json.dumps([{"helpdesk_ticket": {"id": o["id"], "description": o["message"]}} for o in OBJECTS]),
        json.dumps([{"id": o["id"], "data": {"text": o["message"]}, "annotations": []} for o in OBJECTS]),
        json.dumps({"data": [{"id": o["id"], "attributes": {"body": o["message"]}} for o in OBJECTS]}),
    ],
)
def test_messages_are_found_in_any_answer_of_an_api(read, document):
    log = read(document, "log.json")
    assert (texts(log), list(log.messages["message_id"])) == (GERMAN, ["1", "2", "3"])


# --- Several tables in one file ---------------------------------------------------------------------------------------


TICKETS = [["Ticket ID", "Description"], *([f"T{n}", t] for n, t in enumerate(FRENCH, 1))]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.xlsx", workbook(("Nov", [HEAD, *(row(n, t) for n, t in enumerate(GERMAN, 1))]), ("Dec", TICKETS))),
        ("a.zip", zipped({"1.csv": table(GERMAN).encode(), "2.xlsx": workbook(("Dec", TICKETS))})),
        ("a.zip", zipped({"1.csv": table(GERMAN).encode(), "2.tsv": "\n".join(map("\t".join, TICKETS)).encode()})),
    ],
)
def test_tables_with_other_columns_in_one_file(read, name, data):
    log = read(data, name)
    assert texts(log) == GERMAN + FRENCH
    assert list(log.messages["message_id"]) == ["K0001", "K0002", "K0003", "T1", "T2", "T3"]


@pytest.mark.parametrize(
    "below",
    [
        [["Total: 3 messages"], ["Exported on 2026-10-01 by Ann"]],
        [[], ["共3条记录"], ["导出时间：2026-10-01 10:00:00"]],
        [["合計", 3]],
    ],
)
def test_remarks_below_the_rows_of_a_sheet_are_no_rows(read, below):
    log = read(workbook(("S", [HEAD, *(row(n, t) for n, t in enumerate(GERMAN, 1)), *below])), "a.xlsx")
    assert texts(log) == GERMAN and len(log.quarantined) == 0 and log.notes


def test_two_broken_bytes_among_utf8_do_not_make_it_another_encoding(read):
    log = read(table(["?? hello", "5 £ more", "plain"]).encode().replace(b"??", b"\xc0\xaf"))
    assert texts(log) == ["5 £ more", "plain"]
    assert list(log.quarantined["reason"]) == ["undecodable_bytes"]


def test_a_mailbox_whose_first_header_is_damaged_is_still_a_mailbox(read):
    mail = "From a@b.example Tue Oct  6 10:00:00 2026\n{}: {}@marketplace.amazon.de\nTo: x@y.example\nSubject: Lampe\n"
    body = "Date: Tue, 6 Oct 2026 10:00:00 +0000\nMessage-ID: <{}@x>\n\nWo ist {}?\n\n"
    mails = [
        mail.format(field, "a1b2c3d4e5") + body.format(k, k) for k, field in enumerate(["Fr\x01m", "From", "From"])
    ]
    log = read("".join(mails), "a.mbox")
    assert texts(log)[-2:] == ["Wo ist 1?", "Wo ist 2?"] and len(log.messages) + len(log.quarantined) == 3


def test_a_page_called_xls_in_what_windows_calls_shift_jis(read):
    page = "<html><head><meta charset=shift_jis></head><table><tr><td>番号<td>内容<tr><td>1<td>①助かりました～</table>"
    assert texts(read(page.encode("cp932"), "a.xls")) == ["①助かりました～"]


def test_a_mailbox_with_the_line_ends_of_an_old_mac(read):
    mail = (
        "From: a1b2c3d4e5@marketplace.amazon.de\rTo: x@y.example\rDate: Tue, 6 Oct 2026 10:00:00 +0000\r\rWo ist sie?\r"
    )
    assert texts(read(f"From a@b.example Tue Oct  6 10:00:00 2026\r{mail}\r" * 2, "a.mbox")) == ["Wo ist sie?"] * 2
