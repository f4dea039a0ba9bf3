"""Exports as helpdesks, shops and spreadsheets really write them: each file is built here, damage and all."""

import io
import json
import zipfile
from collections.abc import Callable

import openpyxl
import pytest

from messages.log import Log, read_log

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


def workbook(*sheets: tuple[str, list[list[object]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for cells in rows:
            sheet.append(cells)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


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


def test_a_page_called_xls_in_what_windows_calls_shift_jis(read):
    page = "<html><head><meta charset=shift_jis></head><table><tr><td>番号<td>内容<tr><td>1<td>①助かりました～</table>"
    assert texts(read(page.encode("cp932"), "a.xls")) == ["①助かりました～"]
