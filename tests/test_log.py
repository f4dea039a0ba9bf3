"""Exports of every format, whole and damaged: no row lost, none made up, the right text, and a clear refusal."""

import datetime
import gzip
import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messages.errors import InputError, LogError
from messages.log import Log, read_log
from tests.files import book_of, saved, workbook, zipped

HEAD = ["Message ID", "Order ID", "Marketplace", "Received", "Buyer email", "Message"]
TEXTS = [
    "The lamp flickers, what can I do?",
    "Die Größe passt nicht – „zu klein“.",
    "L’étagère est arrivée cassée, où l’envoyer ?",
    "¿Cuándo llega la mochila? Mañana viajo.",
    "Perché il tappeto è più corto?",
    "掃除機のフィルターはどこで買えますか。",
    "请问这个杯子可以放洗碗机吗？",
    "Thanks 👍 all good now",
]


def rows_of(texts=TEXTS, market="amazon.de"):
    return [
        [
            f"B{n:04}",
            f"302-{n:07}-{n * 7:07}",
            market,
            f"2026-10-{n % 28 + 1:02}T08:00:00Z",
            f"abc{n}def{n}x@marketplace.{market}",
            text,
        ]
        for n, text in enumerate(texts, 1)
    ]


def csv_of(rows, head=HEAD, delimiter=",", end="\r\n", always=True):
    def cell(value):
        quoted = '"' + value.replace('"', '""') + '"'
        return quoted if always or any(c in value for c in (delimiter, '"', "\n", "\r")) else value

    return end.join(delimiter.join(map(cell, row)) for row in [head, *rows]) + end


def read(tmp_path, data, name="log.csv", **options) -> Log:
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8"))
    log = read_log(path, **options)
    rows = sorted([*log.messages["row"], *log.quarantined["row"]])
    assert rows == list(range(1, len(rows) + 1)), "rows in = messages + quarantined, by position"
    return log


def texts(log):
    return log.messages["text"].tolist()


def reasons(log):
    return dict(zip(log.quarantined["row"], log.quarantined["reason"], strict=True))


# --- Encodings -----------------------------------------------------------------------------------------------------

GERMAN = [t for t in TEXTS if t.isascii()] + [
    "Die Größe passt nicht, schöne Grüße",
    "Für wen ist das? Äußerst ärgerlich",
]
JAPANESE = [
    "掃除機のフィルターはどこで買えますか。",
    "ソの表示が①番で止まり、能力～十分ではありません。",
    "返品したいです。",
]
CHINESE = ["请问这个杯子可以放洗碗机吗？", "还没有收到，什么时候发货？", "质量不好，要退货"]
FRENCH = ["L’étagère est arrivée cassée, où l’envoyer ?", "Ça ne marche pas, c’est gênant"]


@pytest.mark.parametrize(
    ("codec", "lines", "market"),
    [
        ("utf-8", TEXTS, "amazon.de"),
        ("utf-8-sig", TEXTS, "amazon.de"),
        ("utf-16", TEXTS, "amazon.de"),
        ("utf-16-le", TEXTS, "amazon.de"),  # without a mark
        ("utf-16-be", JAPANESE, "amazon.co.jp"),
        ("utf-32", TEXTS, "amazon.de"),
        ("gb18030", TEXTS, "amazon.com"),  # no mark, all languages in it
        ("gb18030", CHINESE, "amazon.com"),
        ("gbk", CHINESE, "amazon.de"),
        ("cp932", JAPANESE, "amazon.co.jp"),
        ("euc_jp", [t for t in JAPANESE if "①" not in t], "amazon.co.jp"),
        ("iso2022_jp", [t for t in JAPANESE if "①" not in t], "amazon.co.jp"),
        ("cp1252", GERMAN, "amazon.de"),
        ("cp1252", FRENCH, "amazon.fr"),
        ("mac_roman", GERMAN, "amazon.de"),
        ("cp850", GERMAN, "amazon.de"),
        ("iso8859-15", ["Ça coûte 30 € à l'unité", "Où est-il ? Déjà payé."], "amazon.fr"),
    ],
)
@pytest.mark.parametrize("always", [True, False])
def test_the_right_text_whatever_the_encoding(tmp_path, codec, lines, market, always):
    if codec == "iso8859-15":
        lines = [t.replace("€", "Euro") for t in lines]
    log = read(tmp_path, csv_of(rows_of(lines, market), always=always).encode(codec))
    assert texts(log) == lines
    assert log.complete


@pytest.mark.parametrize(
    ("market", "codec", "words"),
    [("JP", "cp932", "返品希望"), ("CN", "gb18030", "退款"), ("PL", "cp1250", "Proszę o zwrot")],
)
def test_of_few_words_the_marketplace_decides_the_encoding(tmp_path, market, codec, words):
    data = f"Id,Message\n1,{words}\n".encode(codec)
    assert texts(read(tmp_path, data, marketplace=market)) == [words]
    assert texts(read(tmp_path, data)) != [words]  # they could be of several encodings
    in_utf8 = f"Id,Message\n1,{words}\n".encode()
    assert texts(read(tmp_path, in_utf8, marketplace=market, encoding=codec)) == [words]  # which no hint outweighs


def test_utf16_with_japanese_headers_and_gb18030_with_its_mark(tmp_path):
    head = ["メッセージID", "注文番号", "マーケットプレイス", "受信日時", "購入者メール", "本文"]
    assert texts(read(tmp_path, csv_of(rows_of(JAPANESE), head).encode("utf-16"))) == JAPANESE
    head = ["消息编号", "订单号", "站点", "接收时间", "买家邮箱", "消息内容"]
    data = b"\x84\x31\x95\x33" + csv_of(rows_of(TEXTS), head, always=False).encode("gb18030")
    assert texts(read(tmp_path, data)) == TEXTS


def test_some_lines_in_another_encoding_cost_only_those_lines(tmp_path):
    lines = csv_of(rows_of()).split("\r\n")
    data = b"\r\n".join(line.encode("cp1252" if n == 2 else "utf-8") for n, line in enumerate(lines))
    log = read(tmp_path, data)
    assert reasons(log) == {2: "undecodable_bytes"}
    assert texts(log) == [t for n, t in enumerate(TEXTS, 1) if n != 2]
    assert "�" not in "".join(log.quarantined["text"])
    assert "\\xdf" in log.quarantined["text"][0]


def test_an_encoding_that_the_caller_names_decides_where_utf8_does_not(tmp_path):
    polish = ["Żółta łódź, gdzie jest?", "Dziękuję, już działa"]
    data = csv_of(rows_of(polish)).encode("iso8859-2")
    assert texts(read(tmp_path, data, encoding="iso8859-2")) == polish
    with pytest.raises(InputError, match="Unknown encoding 'utf-9'"):
        read(tmp_path, data, encoding="utf-9")


def test_text_that_was_encoded_twice_is_decoded_twice_only_if_all_of_it_was(tmp_path):
    table = csv_of(rows_of(GERMAN))
    log = read(tmp_path, table.encode("utf-8").decode("cp1252").encode("utf-8"))
    assert texts(log) == GERMAN
    assert "encoded twice" in " ".join(log.notes)
    mixed = csv_of(rows_of(["Ã¤ is what I see on the box", "Größe?"]))
    assert texts(read(tmp_path, mixed))[0] == "Ã¤ is what I see on the box"


# --- Delimited text ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~", "\x1f", "¦", "||"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_any_delimiter_and_line_end(tmp_path, delimiter, end):
    lines = [*TEXTS, f"one{delimiter} two\nthree", 'she said "no"', "x" * 200_000]
    log = read(tmp_path, csv_of(rows_of(lines), delimiter=delimiter, end=end, always=False))
    assert [t.replace("\r", "\n") for t in texts(log)] == lines


def test_na_words_numbers_and_signs_are_texts(tmp_path):
    words = ["NA", "null", "None", "nan", "N/A", "-", "0", "#N/A", "TRUE", "=1+1", "\t=1", "?", "👍"]
    assert texts(read(tmp_path, csv_of(rows_of(words)))) == words


@pytest.mark.parametrize("blank", ["", "  ", "\u200b", "\ufeff\u3000\n", "\u00ad", "\u2800\u3164"])
def test_a_text_that_shows_nothing_is_empty(tmp_path, blank):
    log = read(tmp_path, csv_of(rows_of(["Hello", blank, "Bye"])))
    assert reasons(log) == {2: "empty_text"}


def quoted(n, text):
    """A line of the table whose last field is written as it stands."""
    return ",".join([*rows_of(["x"] * n)[n - 1][:-1], text])


GOOD = csv_of([], always=False)


@pytest.mark.parametrize(
    ("lines", "bad", "reason"),
    [
        # a quote that opens and never closes swallows nothing
        (
            [quoted(1, "fine"), quoted(2, '"27 inch is too big'), quoted(3, "fine"), quoted(4, "fine")],
            {2},
            "unbalanced_quote",
        ),
        # … nor does it if a later one closes it by chance, in its place
        (
            [quoted(1, "fine"), quoted(2, '"27 inch'), quoted(3, "fine"), quoted(4, 'only 24"'), quoted(5, "fine")],
            {2},
            "unbalanced_quote",
        ),
        # … or out of its place
        (
            [quoted(1, "fine"), quoted(2, '"27 inch'), quoted(3, "fine"), quoted(4, 'a 24" one'), quoted(5, "fine")],
            {2},
            "unbalanced_quote",
        ),
        # two that open
        ([quoted(1, '"a'), quoted(2, "fine"), quoted(3, '"b'), quoted(4, "fine")], {1, 3}, "unbalanced_quote"),
        # at the end of the file
        ([quoted(1, "fine"), quoted(2, "fine"), quoted(3, '"the end is missing')], {3}, "unbalanced_quote"),
        # the tail of a text with commas is not cut off
        ([quoted(1, "fine"), quoted(2, "late, cracked, and wet"), quoted(3, "fine")], {2}, "wrong_field_count"),
        ([quoted(1, "fine"), "B0002,302-0000002-0000014,amazon.de", quoted(3, "fine")], {2}, "wrong_field_count"),
        # blank lines and lines of delimiters are no rows; blank fields too many are harmless
        ([quoted(1, "fine"), "", "   ", ",,,,,", quoted(2, "fine,,,"), quoted(3, "fine")], set(), ""),
        # a line break in a text without quotes: one damaged row, not two
        (
            [quoted(1, "fine"), quoted(2, "first line"), "second line of it", quoted(3, "fine")],
            {2},
            "wrong_field_count",
        ),
        ([quoted(1, "fine"), quoted(2, "nul \x00 in it"), quoted(3, "fine")], {2}, "nul_bytes"),
        # quotes within a text, not doubled
        ([quoted(1, 'the "big" one'), quoted(2, '"it says "error" again"'), quoted(3, "fine")], set(), ""),
        # a second header, where two exports were put together
        ([quoted(1, "fine"), ",".join(HEAD), quoted(2, "fine")], set(), ""),
    ],
)
def test_damage_is_located(tmp_path, lines, bad, reason):
    log = read(tmp_path, GOOD + "\r\n".join(lines) + "\r\n")
    ids = {line.partition(",")[0] for line in lines if line.startswith("B0")}
    assert set(log.messages["message_id"]) | set(log.quarantined["message_id"]) == ids
    assert set(reasons(log)) == bad
    assert set(reasons(log).values()) <= {reason}


def test_a_long_letter_in_quotes_is_one_message(tmp_path):
    letter = (
        'Hello,\n\nI wrote, twice, "please".\n\n1, 2, 3, 4, 5, 6\n' + "A line, with commas, and more.\n" * 2000 + "Bye"
    )
    log = read(tmp_path, csv_of(rows_of(["short", letter, "short"]), end="\n"))
    assert texts(log) == ["short", letter, "short"]


def test_quotes_with_backslash_and_blanks_after_the_comma(tmp_path):
    text = r'"He said \"yes\", then left"'
    log = read(tmp_path, GOOD + "\r\n".join([quoted(1, text), quoted(2, '"plain"')]))
    assert texts(log) == ['He said "yes", then left', "plain"]
    spaced = 'Message ID, Message\nM1, "one, two"\nM2, three\n'
    assert [t.strip() for t in texts(read(tmp_path, spaced))] == ["one, two", "three"]


def test_quotes_in_a_tab_separated_file_without_quoting_are_text(tmp_path):
    body = 'Message ID\tMessage\nM1\t24" is too big\nM2\t"Great" he said\nM3\t"open\n'
    assert texts(read(tmp_path, body, "log.tsv")) == ['24" is too big', '"Great" he said', '"open']


def test_titles_above_and_totals_below_are_no_rows(tmp_path):
    body = csv_of(rows_of(), delimiter=";", always=False)
    for above, below in [
        ("sep=;\r\nMessages\r\n;;;;;\r\n", "Total;8;;;;\r\n"),
        ("Berichtszeitraum: Oktober;;;;;\r\n\r\n", "Summe;;;;;8\r\n"),
        ("期間：10月\r\n", ";;;;;\r\n合計;8;;;;\r\n"),
        ("", "Gesamt: 8\r\n"),
        ("", "Total general;8\r\n"),
        ("", "--------\r\n"),
    ]:
        log = read(tmp_path, above + body + below)
        assert texts(log) == TEXTS
        assert not reasons(log)
        assert log.notes


def test_a_message_that_begins_like_a_total_is_a_message(tmp_path):
    log = read(tmp_path, "Message,Message ID\r\nTotal,M1\r\nTotal rubbish,M2\r\n")
    assert texts(log) == ["Total", "Total rubbish"]


def test_a_file_of_one_column_and_one_whose_lines_are_quoted_as_a_whole(tmp_path):
    assert texts(read(tmp_path, "Message\nHello, you\nBye; now\n")) == ["Hello, you", "Bye; now"]
    inner = csv_of(rows_of(["one, two", "three"]), always=False).splitlines()
    data = "\r\n".join('"' + line.replace('"', '""') + '"' for line in inner)
    assert texts(read(tmp_path, data)) == ["one, two", "three"]


def test_a_file_that_ends_within_a_row_is_not_complete(tmp_path):
    whole = csv_of(rows_of()).encode("utf-8")
    log = read(tmp_path, whole[:-30])
    assert not log.complete
    assert len(log.messages) + len(log.quarantined) == len(TEXTS)


@pytest.mark.parametrize(
    ("end", "noted"),
    [("2,Bye", True), ('2,"Bye"', False), ("2,Bye\n", False), ("2,Bye\r\n", False), ("Total,", False)],
)
def test_a_last_line_without_its_end_is_noted_and_kept(tmp_path, end, noted):
    """Some programs write it so; a file cut within its last word looks the same."""
    log = read(tmp_path, "Id,Message\n1,Hello\n" + end)
    assert log.complete and len(log.messages) == 1 + ("Bye" in end)
    assert any("line 3" in note and "no line end" in note for note in log.notes) == noted


def test_ids_are_text_and_marks_do_not_cost_a_row(tmp_path):
    ids = ["00123", "1E5", "12345678901234567890", "", "7", "7", "1.23457E+16"]
    log = read(tmp_path, csv_of([[i, *row[1:]] for i, row in zip(ids, rows_of(["x"] * 7), strict=True)]))
    assert log.messages["message_id"].tolist() == ["00123", "1E5", "12345678901234567890", "", "7", "7", ""]
    assert log.messages["issues"].tolist() == [
        "",
        "",
        "",
        "missing_id",
        "duplicate_id",
        "duplicate_id",
        "id_precision_lost",
    ]


# --- What the columns say ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        ["Ticket ID", "Order ID", "Product", "Created time", "Email", "Description"],
        ["Ticket Id", "Order number", "Store", "Created Time", "Requester Email", "Description"],
        ["Ticket URL", "Order", "Channel", "Created datetime", "Customer email", "Email body"],
        ["Nachrichten-ID", "Bestellnummer", "Marktplatz", "Empfangen am", "Käufer-E-Mail", "Nachricht"],
        ["Identifiant", "N° de commande", "Place de marché", "Reçu le", "E-mail de l’acheteur", "Texte du message"],
        ["ID del mensaje", "Número de pedido", "Mercado", "Fecha", "Correo del comprador", "Mensaje"],
        ["ID messaggio", "Numero ordine", "Sito", "Data ricezione", "Email acquirente", "Testo del messaggio"],
        ["お問い合わせ番号", "注文番号", "サイト", "受信日時", "購入者メールアドレス", "お問い合わせ内容"],
        ["消息编号", "平台订单号", "站点", "接收时间", "买家邮箱", "消息内容"],
        ["message_id", "order_id", "marketplace", "received_at", "buyer", "text"],
    ],
)
def test_headers_of_helpdesks_and_languages(tmp_path, head):
    log = read(tmp_path, csv_of(rows_of(), head))
    assert texts(log) == TEXTS
    first = log.messages.iloc[0]
    assert (first["order_id"], first["message_id"]) == ("302-0000001-0000007", "B0001")
    assert first["received_at"].isoformat() == "2026-10-02T08:00:00+00:00"
    assert len(first["buyer"]) == 16


def test_the_buyer_is_hashed_and_the_case_is_the_thread(tmp_path):
    alias, domain = "q7w8e9r0t1y2u3i", "marketplace.amazon.fr"
    body = f"Message ID,Sender,Message\n1,Ann <{alias}+1f2e@{domain}>,a\n2,{alias}+9a9b@{domain},b\n"
    log = read(tmp_path, body)
    assert log.messages["buyer"].nunique() == 1
    assert log.messages["thread_id"].tolist() == ["1f2e", "9a9b"]
    assert set(log.messages["marketplace"]) == {"FR"}
    assert "q7w8" not in log.messages.to_csv()


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("Direction", "outbound", "not_a_buyer_message"),
        ("Direction", "Inbound", ""),
        ("方向", "发送", "not_a_buyer_message"),
        ("方向", "接收", ""),
        ("from_agent", "True", "not_a_buyer_message"),
        ("from_agent", "False", ""),
        ("Author", "Support", "not_a_buyer_message"),
        ("Visibility", "1", "not_a_buyer_message"),
        ("Visibility", "0", ""),
        ("Public", "no", "not_a_buyer_message"),
        ("Internal note", "yes", "not_a_buyer_message"),
        ("Type", "Internal note", "not_a_buyer_message"),
        ("Type", "Question", ""),
        ("Sender email", "donotreply@amazon.de", "not_a_buyer_message"),
        ("Sender email", "x1x2x3x4x5x6x7x@marketplace.amazon.com.evil.example", "suspect_sender"),
        ("Sender email", "help@amaz0n-support.example", "suspect_sender"),
        ("Sender email", "somebody@shop.example", ""),
    ],
)
def test_only_buyers_speak(tmp_path, column, value, reason):
    log = read(tmp_path, csv_of([["M1", value, "Hello"]], ["Id", column, "Message"]))
    assert reasons(log).get(1, "") == reason


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("2026-11-18T01:51:00+09:00", "2026-11-17T16:51"),
        ("18.11.2026 10:51", "2026-11-18T10:51"),
        ("2026/11/18 10:51:02 JST", "2026-11-18T01:51"),
        ("2026年11月18日 10時51分", "2026-11-18T10:51"),
        ("18/11/2026 10:51", "2026-11-18T10:51"),
        ("11/18/2026 10:51 PM", "2026-11-18T22:51"),
        ("18 nov. 2026 10:51", "2026-11-18T10:51"),
        ("18. März 2026", "2026-03-18T00:00"),
        ("Wed, 18 Nov 2026 10:51:00 +0100", "2026-11-18T09:51"),
        ("1763459460", "2025-11-18T09:51"),
        ("soon", None),
        ("2026-13-45", None),
    ],
)
def test_dates_are_utc_or_marked(tmp_path, written, read_as):
    log = read(tmp_path, csv_of([["1", written, "Hello"]], ["Id", "Date", "Message"]))
    moment = log.messages["received_at"][0]
    assert (None if read_as is None else moment.isoformat()[:16]) == read_as
    assert log.messages["issues"][0] == ("" if read_as else "unreadable_date")


def test_marketplaces_by_any_name(tmp_path):
    names = {"amazon.co.jp": "JP", "A1PA6795UKMFR9": "DE", "英国站": "UK", "Frankreich": "FR", "Mars": ""}
    log = read(tmp_path, csv_of([[str(n), name, "Hello"] for n, name in enumerate(names)], ["Id", "站点", "Message"]))
    assert log.messages["marketplace"].tolist() == list(names.values())


def test_a_labelled_file_is_checked(tmp_path):
    labels = ["returns", " Returns ", "RETURNS\u200b", "", "refunds", "other", "usage_help"]
    words = ["a b", "c", "d", "e", "f", "same", "Same "]
    log = read(tmp_path, csv_of([list(r) for r in zip(words, labels, strict=True)], ["Message", "Label"]))
    assert log.messages["scenario"].tolist() == ["returns"] * 3
    assert reasons(log) == {4: "empty_label", 5: "unknown_label", 6: "conflicting_label", 7: "conflicting_label"}
    plain = read(tmp_path, csv_of([["Hello", "Electronics"]], ["Message", "Category"]))
    assert "scenario" not in plain.messages


# --- JSON ----------------------------------------------------------------------------------------------------------


def test_json_lines_with_bad_lines_among_good(tmp_path):
    lines = [
        '{"id": 12345678901234567890, "message": "big id"}',
        '{"id": "2", "message": "cut',
        "",
        '["3", "an array"]',
        '{"id": "4", "message": NaN}',
        '{"id": "5", "message": "half \\ud83d"}',
        '{"id": "6", "message": "one", "message": "two"}',
        '{"id": "7", "message": {"text": "nested"}}',
        '{"id": "8", "message": "caf\\u00e9 \\ud83d\\ude00"}',
        "[" * 100_000,
        '{"id": 9, "message": 100}',
    ]
    log = read(tmp_path, "\ufeff" + "\n".join(lines), "log.jsonl")
    assert texts(log) == ["big id", "café 😀", "100"]
    assert log.messages["message_id"].tolist() == ["12345678901234567890", "8", "9"]
    assert list(reasons(log).values()) == [
        "invalid_json",
        "invalid_json",
        "empty_text",
        "lone_surrogate",
        "invalid_json",
        "invalid_json",
        "invalid_json",
    ]
    assert log.quarantined["message_id"].tolist()[0] == "2"


RECORDS = [{"id": n, "message": t} for n, t in enumerate(TEXTS, 1)]


@pytest.mark.parametrize(
    "document",
    [
        json.dumps(RECORDS),
        json.dumps(RECORDS, indent=2, ensure_ascii=False),
        json.dumps({"tickets": RECORDS}, indent=1),
        json.dumps({"meta": {"n": 8}, "data": RECORDS, "next": None}),
        json.dumps({"data": {"messages": RECORDS}}),
        "\n".join(json.dumps(r, indent=2) for r in RECORDS),  # objects one after the other
        "\n".join(json.dumps(r) + "," for r in RECORDS),
    ],
)
def test_json_in_any_wrapping(tmp_path, document):
    log = read(tmp_path, document, "log.json")
    assert texts(log) == TEXTS
    assert log.messages["message_id"].tolist() == [str(n) for n in range(1, 9)]


def test_what_is_no_object_in_a_page_of_an_answer_costs_itself(tmp_path):
    lines = [{"results": [{"id": "1", "message": "Where is it?"}, ["2", "no object"]]}, {"results": [["3"], "4", None]}]
    log = read(tmp_path, "".join(json.dumps(line) + "\n" for line in lines), "log.jsonl")
    assert texts(log) == ["Where is it?"]
    assert reasons(log) == dict.fromkeys((2, 3, 4, 5), "invalid_json")


def test_a_cut_array_is_not_complete_and_keeps_what_is_whole(tmp_path):
    document = json.dumps(RECORDS, indent=1, ensure_ascii=False)
    log = read(tmp_path, document[: len(document) * 2 // 3], "log.json")
    assert not log.complete
    assert texts(log) == TEXTS[: len(log.messages)] and len(log.messages) >= 4
    assert list(reasons(log).values()) in (["truncated"], [])


def test_a_bad_object_in_an_array_costs_itself(tmp_path):
    document = json.dumps(RECORDS, ensure_ascii=False).replace('"id": 3, "message":', '"id": 3, "message"')
    log = read(tmp_path, document, "log.json")
    assert texts(log) == [t for n, t in enumerate(TEXTS, 1) if n != 3]
    assert reasons(log) == {3: "invalid_json"}


def test_tickets_with_comments_become_messages(tmp_path):
    ticket = {
        "id": 900,
        "subject": "Lamp",
        "description": "It flickers",
        "requester_id": 5,
        "created_at": "2026-10-01T00:00:00Z",
        "comments": [
            {"id": 1, "author_id": 5, "body": "It flickers", "public": True, "created_at": "2026-10-01T00:00:00Z"},
            {"id": 2, "author_id": 8, "body": "Which model?", "public": True, "created_at": "2026-10-01T01:00:00Z"},
            {"id": 3, "author_id": 8, "body": "ask Bob", "public": False, "created_at": "2026-10-01T02:00:00Z"},
            {"id": 4, "author_id": 5, "body": "The red one", "public": True, "created_at": "2026-10-01T03:00:00Z"},
        ],
    }
    log = read(
        tmp_path, json.dumps(ticket) + "\n" + json.dumps({"id": 901, "subject": "x", "description": "Late"}) + "\n"
    )
    assert texts(log) == ["It flickers", "The red one", "Late"]
    assert log.messages["thread_id"].tolist()[:2] == ["900", "900"]
    assert log.messages["subject"].tolist()[1] == "Lamp"
    assert reasons(log) == {2: "not_a_buyer_message", 3: "not_a_buyer_message"}


def test_gorgias_and_reamaze_messages(tmp_path):
    sender = {"email": "q7w8e9r0t1y2u3i@marketplace.amazon.es"}
    gorgias = [
        {
            "id": 1,
            "ticket_id": 7,
            "from_agent": False,
            "sender": sender,
            "stripped_text": None,
            "body_text": "Hola",
            "body_html": "<p>Hola</p>",
        },
        {"id": 2, "ticket_id": 7, "from_agent": True, "sender": {"email": "me@shop.example"}, "body_text": "Buenas"},
    ]
    log = read(tmp_path, json.dumps({"data": gorgias}), "g.json")
    assert (texts(log), reasons(log)) == (["Hola"], {2: "not_a_buyer_message"})
    assert log.messages["marketplace"][0] == "ES"
    reamaze = [
        {
            "body": "Ciao",
            "visibility": 0,
            "created_at": "2026-10-01T00:00:00Z",
            "user": {"name": "A"},
            "conversation": {"subject": "S", "slug": "s-1"},
        },
        {"body": "note", "visibility": 1, "conversation": {"subject": "S", "slug": "s-1"}},
    ]
    log = read(tmp_path, json.dumps({"messages": reamaze}), "r.json")
    assert (texts(log), reasons(log)) == (["Ciao"], {2: "not_a_buyer_message"})
    assert log.messages["thread_id"][0] == "s-1"


def test_a_damaged_byte_in_a_code_of_seven_bits_costs_its_row(tmp_path):
    texts_of = ["返品したいです。", "まだ届きません。", "説明書がありません。"]
    data = csv_of(rows_of(texts_of, "amazon.co.jp"), always=False).encode("iso2022_jp")
    at = data.index("まだ".encode("iso2022_jp")[3:7])
    log = read(tmp_path, data[:at] + b"\x01" + data[at + 1 :], "log.csv")
    assert texts(log) == [texts_of[0], texts_of[2]]
    assert reasons(log) == {2: "undecodable_bytes"}


# --- Workbooks and Parquet -----------------------------------------------------------------------------------------


def test_a_workbook_with_everything_in_it(tmp_path):
    head = ["Message ID", "Received", "Message"]
    day = datetime.datetime(2026, 10, 3, 9, 30)
    one = [
        ["Report"],
        [],
        head,
        ["A1", day, "first"],
        ["A2", None, "#N/A"],
        ["A3", None, "=B1&C1"],
        [None, None, None],
        [42, None, 100],
        ["Total", 4, None],
    ]
    book = book_of(
        ("Oct", one),
        ("Notes", [["nothing here"]]),
        ("Nov", [head, ["A5", "soon", "a\nb"], ["A5", None, "_x0041_ and _x000D_"]]),
    )
    book["Oct"]["C5"].data_type = "e"
    book["Oct"].row_dimensions[4].hidden = True
    log = read(tmp_path, saved(book), "log.xlsx")
    assert texts(log) == ["first", "100", "a\nb", "A and \r"]
    assert log.messages["message_id"].tolist() == ["A1", "42", "A5", "A5"]
    assert log.messages["issues"].tolist() == ["", "", "unreadable_date duplicate_id", "duplicate_id"]
    assert reasons(log) == {2: "spreadsheet_error", 3: "spreadsheet_error"}
    assert log.messages["received_at"][0].isoformat() == "2026-10-03T09:30:00+00:00"
    assert any("'Notes' was left out" in note for note in log.notes)
    assert log.quarantined["place"][0] == "sheet Oct, row 5"


def test_ids_that_a_workbook_rounded_are_no_ids(tmp_path):
    rows = [["Message ID", "Message"], [1.0000000000012344e16, "a"], [10000000000012348, "b"], [123.0, "c"]]
    log = read(tmp_path, workbook(("S", rows)), "log.xlsx")
    assert log.messages["message_id"].tolist() == ["", "", "123"]
    assert log.messages["issues"].tolist() == ["id_precision_lost", "id_precision_lost", ""]


def test_the_content_decides_not_the_name(tmp_path):
    table = csv_of(rows_of(TEXTS))
    book = workbook(("S", [HEAD, *rows_of()]))
    cells = "".join(
        "<tr>" + "".join(f"<td>{c.replace('<', '&lt;')}</td>" for c in row) + "</tr>" for row in [HEAD, *rows_of()]
    )
    page = f"<html><head><meta charset=utf-8></head><body><table>{cells}</table></body></html>"
    for data, name in [(table, "a.xlsx"), (table, "a.parquet"), (table, "a.json"), (book, "a.csv"), (page, "a.xls")]:
        assert texts(read(tmp_path, data, name)) == TEXTS, name


def parquet(table, **options):
    import pyarrow as pa
    import pyarrow.parquet as pq

    stream = io.BytesIO()
    pq.write_table(pa.table(table), stream, **options)
    return stream.getvalue()


def test_parquet_types(tmp_path):
    import pyarrow as pa

    table = {
        "Message ID": pa.array([2**60 + 1, 2**60 + 2, None, 4], pa.int64()),
        "Message": pa.array(["one", None, "three", "one"]).dictionary_encode(),
        "Received": pa.array(
            [datetime.datetime(2026, 10, 1, tzinfo=datetime.UTC)] * 4, pa.timestamp("ns", tz="Asia/Tokyo")
        ),
        "raw": pa.array([b"\xff", b"a", None, b""]),
        "nothing": pa.nulls(4),
        "sender": pa.array([{"email": "q7w8e9r0t1y2u3i@marketplace.amazon.it"}] * 4),
    }
    log = read(tmp_path, parquet(table), "log.parquet")
    assert texts(log) == ["one", "three", "one"]
    assert log.messages["message_id"].tolist() == [str(2**60 + 1), "", "4"]
    assert reasons(log) == {2: "empty_text"}
    assert set(log.messages["marketplace"]) == {"IT"}
    binary = read(tmp_path, parquet({"id": [1, 2], "text": pa.array(["größer".encode(), b"\xff\xfe?"])}), "log.parquet")
    assert (texts(binary), reasons(binary)) == (["größer"], {2: "undecodable_bytes"})


@pytest.mark.parametrize("compression", ["none", "snappy", "zstd"])
@pytest.mark.parametrize("dictionary", [True, False])
@pytest.mark.parametrize("n_rows", [1, 20_000])
def test_a_parquet_file_without_checksums_says_so(tmp_path, compression, dictionary, n_rows):
    table = {"message": [f"where is it now {n}" for n in range(n_rows)]}
    for checked in (True, False):
        data = parquet(table, write_page_checksum=checked, compression=compression, use_dictionary=dictionary)
        log = read(tmp_path, data, "log.parquet")
        assert any("no checksums; damage in it cannot be seen" in note for note in log.notes) == (not checked)


def test_a_flipped_bit_in_a_parquet_page_is_refused(tmp_path):
    data = bytearray(
        parquet(
            {"id": ["1", "2"], "message": ["where is it now", "bye"]},
            write_page_checksum=True,
            write_statistics=False,
            compression="none",
            use_dictionary=False,
        )
    )
    data[data.find(b"where is") + 2] ^= 1
    with pytest.raises(LogError, match="damaged Parquet"):
        read(tmp_path, bytes(data), "log.parquet")


# --- Archives ------------------------------------------------------------------------------------------------------


def test_packed_files_are_read(tmp_path):
    table = csv_of(rows_of()).encode("utf-8")
    half = len(table) // 2
    for data, name in [
        (gzip.compress(table), "a.csv.gz"),
        (gzip.compress(table[:half]) + gzip.compress(table[half:]), "a.csv.gz"),
        (zipped({"a.csv": table, "__MACOSX/._a.csv": b"\x00\x05", "folder/": b""}), "a.zip"),
        (zipped({"a.xlsx": workbook(("S", [HEAD, *rows_of()]))}), "a.zip"),
        (gzip.compress("\n".join(map(json.dumps, RECORDS)).encode()), "a.jsonl.gz"),
    ]:
        assert texts(read(tmp_path, data, name)) == TEXTS


def test_members_that_point_outside_are_left_out_and_said(tmp_path):
    table = csv_of(rows_of()).encode("utf-8")
    log = read(
        tmp_path, zipped({"../../evil.csv": table, "/abs.csv": table, "c:\\x.csv": table, "good.csv": table}), "a.zip"
    )
    assert texts(log) == TEXTS
    assert sum("points outside" in note for note in log.notes) == 3


def test_two_logs_in_one_archive_are_counted_through(tmp_path):
    first, second = (csv_of(rows_of(part)).encode("utf-8") for part in (TEXTS[:3], TEXTS[3:]))
    log = read(tmp_path, zipped({"1.csv": first, "2.csv": second}), "a.zip")
    assert texts(log) == TEXTS
    assert log.messages["row"].tolist() == list(range(1, 9))


def test_a_cut_gzip_is_incomplete_and_its_last_row_is_set_aside(tmp_path):
    data = gzip.compress(csv_of(rows_of([f"{n} " + "größer " * n for n in range(1, 200)])).encode("utf-8"))
    log = read(tmp_path, data[: len(data) // 2], "a.csv.gz")
    assert not log.complete
    assert list(reasons(log).values()) == ["truncated"]
    assert all(t == f"{n} " + "größer " * n for n, t in enumerate(texts(log), 1))


PAGE = "<html><head><meta charset={}></head><table><tr><td>消息编号<td>消息内容<tr><td>1<td>请问可以退货吗？</table>"
WRAPPED = "-------------  Begin message -------------\n\nWhere is it?\n\n------------- End message -------------"


@pytest.mark.parametrize(
    ("data", "name", "words", "complete"),
    [
        (PAGE.format("gb2312").encode("gb2312"), "a.xls", ["请问可以退货吗？"], True),
        (PAGE.format("utf-8")[:-12], "a.xls", [], False),  # the last row of a cut page may be cut
        (json.dumps(RECORDS, ensure_ascii=False).encode("utf-16"), "a.json", TEXTS, True),
        ("\n".join(json.dumps(r, ensure_ascii=False) for r in RECORDS).encode("utf-16-le"), "a.jsonl", TEXTS, True),
        ("".join(json.dumps(r) for r in RECORDS), "a.jsonl", TEXTS, True),  # no line ends
        ("".join(f"\x1e{json.dumps(r)}\n" for r in RECORDS), "a.json", TEXTS, True),  # RFC 7464
        (json.dumps({"x1": {"message": "a"}, "x2": {"message": "b"}}), "a.json", ["a", "b"], True),
        (json.dumps({"columns": ["id", "message"], "data": [["1", "a"]]}), "a.json", ["a"], True),
        (gzip.compress(b"Id,Message\n1,a\n") + b"garbage", "a.csv.gz", ["a"], False),
        (gzip.compress(b"Id,Message\n1,a\n") + b"\x00" * 99, "a.csv.gz", ["a"], True),
        (b"Id,Message\n1,a\n" + b"\x00" * 4096, "a.csv", ["a"], False),
        (b"Id,Message\r\n1,a\r\n\x1a", "a.csv", ["a"], True),
        ("Id,Message\r\n1,größer\r\n".encode("utf-16")[:-1], "a.csv", ["größer"], False),
        ("番号,内容\n1,不良品返品希望\n".encode("cp932"), "a.csv", ["不良品返品希望"], True),  # the header tells
        ("Id,Message\n1,amazon.co.jp ｷｬﾝｾﾙ ｼﾀｲﾃﾞｽ\n".encode("cp932"), "a.csv", ["amazon.co.jp ｷｬﾝｾﾙ ｼﾀｲﾃﾞｽ"], True),
        ("消息内容 / Message (original),Id\na,1\n", "a.csv", ["a"], True),
        (f'Ticket ID,Description\n1,"{WRAPPED}"\n2,"x < 5\n> y"\n', "a.csv", ["Where is it?", "x < 5\n> y"], True),
    ],
)
def test_odd_files_that_can_be_read(tmp_path, data, name, words, complete):
    log = read(tmp_path, data, name)
    assert (texts(log), log.complete) == (words, complete)


@pytest.mark.parametrize(
    ("charset", "damage"),
    [
        ("gb2312", b"\xff"),
        ("gb18030", b"\x81\x30\x81<"),  # of this one two bytes are ASCII
        ("euc-jp", b"\x8f"),
        ("windows-1255", b"\xff"),  # only the page says that it is Hebrew
    ],
)
def test_a_damaged_byte_of_a_page_costs_its_row_and_no_other(tmp_path, charset, damage):
    word = {"gb2312": "退货", "gb18030": "退货", "euc-jp": "返品", "windows-1255": "שלום"}[charset]
    page = f"<meta charset={charset}><table><tr><td>Id<td>Message<tr><td>1<td>{word}@<tr><td>2<td>{word}</table>"
    log = read(tmp_path, page.encode(charset).replace(b"@", damage), "a.xls")
    assert texts(log) == [word]
    assert reasons(log) == {1: "undecodable_bytes"}


# --- Refusals ------------------------------------------------------------------------------------------------------


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


BOOK = workbook(("S", [HEAD, *rows_of()]))
PACKED = gzip.compress(b"Id,Message\n" + b"1,hello there\n" * 500)


@pytest.mark.parametrize(
    ("data", "name", "sentence"),
    [
        (b"", "a.csv", "is empty"),
        (b"\xef\xbb\xbf\r\n \n", "a.csv", "is empty"),
        (b"\xff\xfe", "a.csv", "is empty"),
        (b"\x00" * 5000, "a.csv", "is empty"),
        ("Id,Requester,Subject,Status\n1,Ann,Hi,open\n", "zendesk.csv", "Columns seen: Id, Requester, Subject, Status"),
        ("Id,Mesage\n1,Hi\n", "a.csv", r'columns={"text": "Mesage"}'),
        ("just a letter\nwith two lines\n", "a.txt", "no column holds the message text"),
        (b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x04text\x94.", "a.csv", "never loaded"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, "a.csv", "an image"),
        (b"%PDF-1.7\n", "a.csv", "a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "a.xlsx", "remove the password"),
        (bytes(range(256)) * 20, "a.csv", "no format that we know"),
        (BOOK[: len(BOOK) // 2], "a.xlsx", "damaged or cut"),
        (flipped(BOOK, BOOK.find(b"xl/worksheets/sheet1.xml") + 60), "a.xlsx", "damaged"),
        (parquet({"id": ["1"], "message": ["x"]})[:-20], "a.parquet", "damaged Parquet"),
        (parquet({"id": ["1"], "subject": ["x"]}), "a.parquet", "Columns seen: id, subject"),
        (flipped(PACKED, len(PACKED) - 6), "a.csv.gz", "damaged gzip"),
        (gzip.compress(b"\x00" * 50_000_000), "bomb.csv.gz", "200 times its size"),
        (zipped({"bomb.csv": b"a" * 50_000_000}), "bomb.zip", "200 times its size"),
        (zipped({"xl/workbook.xml": b"<x/>", "xl/worksheets/sheet1.xml": b" " * 50_000_000}), "bomb.xlsx", "200 times"),
        (zipped({"../x.csv": b"Id,Message\n1,a\n"}), "a.zip", "points outside"),
        (zipped({"b.zip": zipped({"a.csv": b"Id,Message\n1,a\n"})}), "a.zip", "archive within an archive"),
        (zipped({"word/document.xml": b"<x/>"}), "a.docx", "no .xlsx workbook"),
        ("[1, 2, 3", "a.json", "no valid JSON object"),
        ('{"tickets": [{"id": 1, "subject": "x"}]}', "a.json", "Columns seen: id, subject"),
        ("<?xml version='1.0'?><Workbook></Workbook>", "a.xls", "an XML document"),
        ("<html><body><p>Sign in</p></body></html>", "a.xls", "no column holds"),
        ('\t"7"\n', "a.csv", "no column holds"),  # a line in quotes, behind a tab: was taken off without end
    ],
)
def test_what_is_no_log_is_refused_by_name_and_reason(tmp_path, data, name, sentence):
    with pytest.raises(LogError) as error:
        read(tmp_path, data, name)
    assert name in str(error.value)
    assert sentence in str(error.value)


def test_a_refusal_shows_no_data_of_buyers(tmp_path):
    with pytest.raises(LogError) as error:
        read(tmp_path, csv_of(rows_of()).split("\r\n", 1)[1])
    assert "marketplace.amazon" not in str(error.value) and "302-" not in str(error.value)


def test_folders_and_missing_files_are_refused(tmp_path):
    with pytest.raises(LogError, match="is a folder"):
        read_log(tmp_path)
    with pytest.raises(LogError, match=r"nothing\.csv: no such file"):
        read_log(tmp_path / "nothing.csv")


def test_a_header_alone_is_a_log_without_messages(tmp_path):
    log = read(tmp_path, GOOD)
    assert len(log.messages) == 0 and log.complete and log.notes


def test_the_caller_may_name_a_column(tmp_path):
    log = read(tmp_path, "Id,What they wrote,Message\n1,Hello,sent\n", columns={"text": "what they wrote"})
    assert texts(log) == ["Hello"]
    with pytest.raises(InputError, match="no field 'body'"):
        read(tmp_path, "Id,Message\n1,x\n", columns={"body": "Message"})


# --- Promises ------------------------------------------------------------------------------------------------------

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"), min_size=1, max_size=40)


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_no_row_is_lost_and_none_made_up(tmp_path, data):
    """P1: random tables with random damage; each row is there once, as a message or with a reason."""
    lines = data.draw(st.lists(CELLS, min_size=3, max_size=12))
    delimiter = data.draw(st.sampled_from([",", ";", "\t"]))
    rows = csv_of(rows_of([f"tü {t}" for t in lines]), delimiter=delimiter, end="\n").encode("utf-8")
    kind = data.draw(st.sampled_from(["none", "quote", "nul", "byte", "short"]))
    table = rows.split(b'\n"B')
    at = data.draw(st.integers(1, len(table) - 1))
    if kind == "quote":
        table[at] = table[at].rstrip(b'"\n') + (b"\n" if at == len(table) - 1 else b"")
    elif kind == "nul":
        table[at] = table[at].replace(b'"t', b'"t\x00')
    elif kind == "byte":
        table[at] = table[at].replace(b'"t', b'"t\xe9')
    elif kind == "short":
        table[at] = table[at].split(delimiter.encode())[0] + (b"\n" if at == len(table) - 1 else b"")
    log = read(tmp_path, b'\n"B'.join(table))
    ids = [*log.messages["message_id"], *log.quarantined["message_id"]]
    assert len(ids) == len(lines)
    assert set(log.quarantined["row"]) <= {at}
    good = [f"tü {t}" for n, t in enumerate(lines, 1) if n not in set(log.quarantined["row"])]
    assert [t.replace("\r\n", "\n") for t in texts(log)] == good
    if kind in ("nul", "short"):
        assert set(log.quarantined["row"]) == {at}


@settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.binary(max_size=400),
    st.sampled_from(["a.csv", "a.json", "a.xlsx", "a.parquet", "a.eml"]),
    st.sampled_from(
        [b"", b"Id,Message\n1,", b"[{", b'{"id":1,"message":"', b"PK\x03\x04", b"\x1f\x8b\x08\x00", b"PAR1"]
    ),
)
def test_any_bytes_are_read_or_refused(tmp_path, tail, name, head):
    try:
        read(tmp_path, head + tail, name)
    except LogError as error:
        assert name in str(error)


def test_the_same_bytes_whatever_the_clock_and_the_hash_seed(tmp_path):
    """P8."""
    import os
    import subprocess
    import sys

    (tmp_path / "log.csv").write_text(
        csv_of([*rows_of(), ["x", "", "", "03.04.2026 10:00", "", "x"]]), encoding="utf-8"
    )
    code = "from messages.log import read_log; l = read_log(r'%s'); print(l.messages.to_csv(), l.quarantined.to_csv())"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code % (tmp_path / "log.csv")],
            env={**os.environ, "TZ": zone, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8", "LC_ALL": "C"},
            capture_output=True,
            check=True,
        ).stdout
        for zone, seed in [("Asia/Tokyo", "1"), ("America/Los_Angeles", "2")]
    }
    assert len(outputs) == 1


def test_reading_is_quick_where_every_line_opens_a_quote(tmp_path):
    import time

    lines = "".join(f'{n},"open {n}\n' for n in range(30_000))
    start = time.process_time()
    log = read(tmp_path, "Id,Message\n" + lines)
    assert len(log.messages) + len(log.quarantined) == 30_000
    assert time.process_time() - start < 5


def test_one_row_of_a_million_characters(tmp_path):
    text = 'word "word", ' * 80_000
    assert texts(read(tmp_path, csv_of(rows_of(["a", text, "b"])))) == ["a", text, "b"]
