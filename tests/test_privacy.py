"""What is personal stays out of copies, errors and what is past its time; nothing leaves the machine or its folder."""

# ruff: noqa: E501 – a case is one line

import gzip
import io
import json
import random
import re
import socket
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import phonenumbers
import pytest
import pytest_socket
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from messages import InputError, LogError, explain, mask, mask_personal, masked_table, purge, read_log
from messages.output import write_table
from messages.purge import Retention
from tests.files import workbook, zipped

ROOT = Path(__file__).parent.parent
NOW = datetime(2026, 11, 22, tzinfo=UTC)

# --- P25: what is masked in a text ------------------------------------------------------------------------------------

SENTENCES = [
    "{}", "My number is {}, please call.", "Tel. {}", "Rufen Sie mich an: {}.", "Mon numéro : {}", "llámame al {}",
    "Il mio numero è {}, grazie", "電話番号は{}です。", "Please ring {} after five", "Handy {} oder Mail",
]  # fmt: skip
COUNTRIES = ["US", "GB", "DE", "FR", "ES", "IT", "JP", "CA", "NL", "AT", "SE", "BE", "CN", "MX", "PL"]


def phones(n: int) -> list[tuple[str, str]]:
    """Numbers of many countries as people write them, each in a sentence."""
    chance, made = random.Random(7), []
    kinds = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE)
    forms = (PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.NATIONAL, PhoneNumberFormat.E164)
    while len(made) < n:
        example = phonenumbers.example_number_for_type(chance.choice(COUNTRIES), chance.choice(kinds))
        if example is None:
            continue
        digits = str(example.national_number)
        example.national_number = int(digits[:-5] + "".join(chance.choice("0123456789") for _ in range(5)))
        written = phonenumbers.format_number(example, chance.choice(forms)).replace(" ", chance.choice("  -."))
        made.append((written, chance.choice(SENTENCES).format(written)))
    return made


def test_most_telephone_numbers_are_masked():
    numbers = phones(1000)
    missed = [written for written, sentence in numbers if written in mask_personal(sentence)]
    assert len(missed) <= 150, missed[:20]


def cards(chance: random.Random) -> str:
    digits = chance.choice(["4", "51", "55", "34", "37"])
    digits += "".join(chance.choice("0123456789") for _ in range((14 if digits[0] == "3" else 15) - len(digits)))
    total = sum(sum(divmod(int(d) * (2 if i % 2 == 0 else 1), 10)) for i, d in enumerate(reversed(digits)))
    whole = digits + str(-total % 10)
    return chance.choice([whole, " ".join(re.findall("....?", whole)), "-".join(re.findall("....?", whole))])


def ibans(chance: random.Random) -> str:
    country, length = chance.choice([("DE", 18), ("FR", 23), ("ES", 20), ("IT", 23), ("GB", 18), ("NL", 14)])
    account = "".join(chance.choice("0123456789") for _ in range(length))
    check = 98 - int("".join(str(int(c, 36)) for c in f"{account}{country}00")) % 97
    whole = f"{country}{check:02}{account}"
    return chance.choice([whole, " ".join(re.findall(".{1,4}", whole))])


def orders(chance: random.Random) -> str:
    a, b, c = chance.randrange(100, 1000), chance.randrange(10**7), chance.randrange(10**7)
    whole = f"{a}-{b:07}-{c:07}"
    wide = whole.translate(str.maketrans("0123456789-", "０１２３４５６７８９－"))
    return chance.choice([whole, wide, whole.replace("-", " "), whole.replace("-", "")])


def mails(chance: random.Random) -> str:
    name = "".join(chance.choice("abcdefghij0123456789") for _ in range(9))
    relay = f"{name}{name}+{chance.randrange(16**8):08x}@marketplace.amazon.{chance.choice(['de', 'co.jp', 'com.mx'])}"
    return chance.choice([relay, f"{name}@mail.example", f"{name} (at) web [dot] de", f"{name}＠mail.example"])


@pytest.mark.parametrize(
    ("made", "shown"), [(cards, "⟨card⟩"), (ibans, "⟨iban⟩"), (orders, "⟨order⟩"), (mails, "⟨mail⟩")]
)
def test_every_card_iban_order_and_address_is_masked(made, shown):
    chance = random.Random(11)
    for _ in range(300):
        found = made(chance)
        assert mask_personal(f"Here: {found}, thanks") == f"Here: {shown}, thanks", found
        assert found not in mask(f"Here: {found}, thanks"), "before training"


@pytest.mark.parametrize(
    "text",
    [
        "EAN 4006381333931", "Seriennummer 2026090311", "Model 1234567890", "2026-09-03 10:00", "03.09.2026", "20260903",
        "12 345 678 km", "1.299,00 €", "100-240 V, 50/60 Hz", "1920x1080", "192.168.178.1", "v1.2.3.4567", "LR44 357 1.5V",
        "tracking 1Z999AA10123456784", "DHL 00340434161094042557", "ISBN 978-3-16-148410-0", "B0SAMPLE12", "20000 mAh 22.5 W",
        "〒150-0001 東京都渋谷区1-2-3", "Nr. 4711-0815", "3,5 x 10,0 x 12,5 cm", "10115 Berlin", "iPhone 15 128 256 512",
        "追跡番号 123456789012", "IMEI 356938035643809", "S/N: 0123456789", "https://x.example/a/1234567890", "DIN 912 1000",
        "4111 1111 1111 1112",  # no card: its last digit is wrong
        "DE00 3704 0044 0532 0130 00",  # no IBAN
        "20260903112233445566",
    ],
)  # fmt: skip
def test_other_numbers_stay(text):
    assert mask_personal(f"About {text} I ask") == f"About {text} I ask"


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(st.characters(), max_size=200))
def test_any_text_can_be_masked(text):
    """P24."""
    assert mask_personal(mask_personal(text)) == mask_personal(text).encode("utf-8", "replace").decode("utf-8")


# --- A log full of secrets --------------------------------------------------------------------------------------------

SECRETS = {
    "mail": "wilhelmina.dokumente@post.example",
    "alias": "zq9x8w7v6u5t4s3",
    "name": "Wilhelmina Dokumente",
    "phone": "+49 171 9876543",
    "order": "304-9876543-1234567",
    "street": "77 Hinterdemwald",
}
HEAD = ["Message ID", "Order ID", "Marketplace", "Received", "Buyer email", "Full name", "Address", "Message"]
WORDS = f"Call {SECRETS['phone']} or write to {SECRETS['mail']} about {SECRETS['order']}, größer."


def rows(n: int = 4) -> list[list[str]]:
    relay = f"{SECRETS['alias']}@marketplace.amazon.de"
    day = "2026-09-0{}T10:00:00Z"
    return [
        [f"M{k}", SECRETS["order"], "DE", day.format(k), relay, SECRETS["name"], SECRETS["street"], WORDS]
        for k in range(1, n + 1)
    ]


def table(body: list[list[str]], head: list[str] | None = HEAD, delimiter: str = ",") -> str:
    return "".join(delimiter.join(f'"{c}"' for c in cells) + "\r\n" for cells in [*([head] if head else []), *body])


def with_bad_number(book: bytes) -> bytes:
    """A workbook whose number cell holds a name: the library's own error quotes it."""
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    cell = f'<c r="A2" t="n"><v>{SECRETS["name"]}</v></c>'.encode()
    members[sheet] = re.sub(rb'<c r="A2"[^>]*>.*?</c>', cell, members[sheet], count=1)
    return zipped(members)


def mail(k: int, day: str, domain: str = "de") -> bytes:
    return (
        f"From {SECRETS['mail']} {day}\nFrom: {SECRETS['name']} <{SECRETS['alias']}@marketplace.amazon.{domain}>\n"
        f"To: x@y.example\nDate: {day}\nMessage-ID: <{k}@x>\nContent-Type: text/plain; charset=utf-8\n\n{WORDS} No {k}\n\n"
    ).encode()


def seen_in(shown: str) -> list[str]:
    return [kind for kind, secret in SECRETS.items() if secret in shown or secret.split()[-1] in shown]


OBJECTS = [{"id": "1", "sender": {"name": SECRETS["name"], "email": SECRETS["mail"]}, "message": WORDS}] * 3


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", table(rows()).encode()),
        ("a.tsv", table(rows(), delimiter="\t").encode("utf-16")),
        ("a.xlsx", workbook(("S", [HEAD, *rows()]))),
        ("a.jsonl", "\n".join(map(json.dumps, OBJECTS)).encode()),
        ("a.json", json.dumps({"tickets": OBJECTS}).encode()),
        ("a.mbox", b"".join(mail(k, "Tue, 3 Nov 2026 10:00:00 +0000") for k in range(3))),
        ("a.csv", table([*rows(), ["M5", "short"], [*rows()[0], WORDS]]).encode()),  # damaged rows too
    ],
)
def test_a_masked_copy_of_a_log_holds_no_secret(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    copy = masked_table(tmp_path / name)
    assert seen_in(copy.to_csv()) == []
    assert "Call ⟨phone⟩ or write to ⟨mail⟩ about ⟨order⟩, größer." in copy.to_csv()
    assert len(copy) == len(read_log(tmp_path / name).messages) + len(read_log(tmp_path / name).quarantined)
    assert seen_in(str(explain(tmp_path / name))) == []


def test_no_column_is_explained_with_a_buyers_name(tmp_path):
    (tmp_path / "a.csv").write_text(table(rows()), encoding="utf-8")
    shown = {column.example for column in explain(tmp_path / "a.csv").columns if "buyer" in column.field}
    assert shown and all("⟨" in example for example in shown)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", table(rows(), None).encode()),  # no header: the first row is not shown
        ("a.csv", f"{SECRETS['name']},hello\n{SECRETS['name']},bye\n".encode()),
        ("a.csv", table([r[:-1] for r in rows()], HEAD[:-1]).encode()),
        ("a.csv", table([[*r, WORDS] for r in rows()]).encode()),
        ("a.csv", table(rows()).replace('"M2"', '"M2').encode() + b"\x00\xff\xfe"),
        ("a.csv.gz", gzip.compress(table(rows()).encode())[:-20]),
        ("a.xlsx", with_bad_number(workbook(("S", [HEAD, *rows()])))),
        ("a.xlsx", workbook(("S", [HEAD, *rows()]))[:-400]),
        ("a.jsonl", "\n".join(map(json.dumps, OBJECTS)).replace('"message"', "message", 1).encode()),
        ("a.json", json.dumps(OBJECTS)[:-40].encode()),
        ("a.parquet", b"PAR1" + WORDS.encode() * 20 + b"PAR1"),
        ("a.zip", zipped({"x.csv": table(rows(), None).encode(), "y.csv": b"\x00" * 50})),
        ("a.mbox", mail(1, "soon")[:-30]),
        ("a.txt", WORDS.encode() * 3),
    ],
)
def test_errors_and_notes_hold_no_secret(tmp_path, name, data, caplog):
    """P26: whatever is wrong, what is said of it names places and reasons, never what stands there."""
    (tmp_path / name).write_bytes(data)
    caplog.set_level("DEBUG")
    try:
        log = read_log(tmp_path / name)
        shown = " ".join([*log.notes, *log.quarantined["place"], *log.quarantined["reason"]])
    except LogError as error:
        shown = f"{error} {error.__cause__ or ''}"
        assert error.__suppress_context__ or not error.__context__
    assert seen_in(shown + caplog.text) == []
    assert [path.name for path in tmp_path.iterdir()] == [name], "no temporary file"


def test_buyers_are_hashed_in_all_that_is_read(tmp_path):
    (tmp_path / "a.csv").write_text(table(rows()), encoding="utf-8")
    log = read_log(tmp_path / "a.csv")
    assert not {"mail", "alias", "name"} & set(seen_in(log.messages.drop(columns=["text"]).to_csv()))
    assert log.messages["buyer"].str.fullmatch("[0-9a-f]{16}").all()


# --- P27: what is past its time ---------------------------------------------------------------------------------------

DATES = [("M1", "DE", "2026-05-01"), ("M2", "DE", "2026-10-01"), ("M3", "US", "2025-01-01"), ("M4", "FR", ""),
         ("M5", "FR", "2026-05-25"), ("M6", "IT", "2026-05-26"), ("M7", "DE", "2026-01-01"), ("M8", "US", "")]  # fmt: skip
STAYS = ["M2", "M3", "M6", "M8"]
PURGED = ["Message ID", "Marketplace", "Received", "Message"]


def dated() -> list[list[str]]:
    return [[i, site, f"{day}T00:00:00Z" if day else "", f"secret{i}x, größer\nsecond line"] for i, site, day in DATES]


def purgeable(name: str) -> bytes:
    frame = pd.DataFrame(dated(), columns=PURGED)
    stream = io.BytesIO()
    if name.endswith(".parquet"):
        frame.to_parquet(stream, index=False)
    elif name.endswith(".xlsx"):
        frame.to_excel(stream, index=False)
    elif name.endswith(".jsonl"):
        return "".join(json.dumps(dict(zip(PURGED, r, strict=True))) + "\n" for r in dated()).encode("utf-8-sig")
    elif name.endswith(".mbox"):
        days = {"": "unknown"}
        return b"".join(
            mail(int(i[1:]), days.get(day, f"{day} 00:00:00 +0000"), {"US": "com", "GB": "co.uk"}.get(site, site.lower()))
            .replace(WORDS.encode(), f"secret{i}x".encode())
            for i, site, day in DATES
        )  # fmt: skip
    else:
        codec = "utf-16" if "16" in name else "cp1252"
        data = table(dated(), PURGED, ";").encode(codec)
        return gzip.compress(data) if name.endswith(".gz") else data
    return stream.getvalue()


def raw(path: Path) -> str:
    """All that is in a file, unpacked, as letters."""
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    if data[:2] == b"PK":
        with zipfile.ZipFile(path) as archive:
            data = b"".join(archive.read(name) for name in archive.namelist())
    if data[:4] == b"PAR1":
        return str(pd.read_parquet(path).to_dict()) + data.decode("latin-1")
    return data.decode("utf-16" if data[:2] == b"\xff\xfe" else "latin-1")


@pytest.mark.parametrize(
    "name", ["a.csv", "a16.csv", "a.csv.gz", "a.xlsx", "a.jsonl", "a.parquet", "a.mbox"]
)  # fmt: skip
def test_old_messages_are_gone_and_the_others_are_as_they_were(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(purgeable(name))
    before = raw(path)
    proof = purge([path], Retention(), NOW)
    left = raw(path)
    assert [i for i, *_ in DATES if f"secret{i}x" in left] == STAYS
    assert (proof["removed"], proof["kept_undated"], proof["kept_unknown"]) == (4, 0, 0)
    assert "secret" not in json.dumps(proof) and proof["files"][0]["sha256_after"] != proof["files"][0]["sha256_before"]
    assert len(read_log(path).messages) == 4
    if name.startswith("a") and name.endswith((".csv", ".gz", ".jsonl")):  # every other byte as it was
        lines = before.splitlines(keepends=True)
        assert set(left.splitlines(keepends=True)) <= set(lines)
    assert purge([path], Retention(), NOW)["removed"] == 0
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_outputs_their_quarantine_and_what_a_stopped_run_left_are_purged(tmp_path):
    (tmp_path / "log.csv").write_bytes(table([*dated(), ["M9", "DE", "2026-01-01T00:00:00Z", ""]], PURGED).encode())
    log = read_log(tmp_path / "log.csv")
    for frame, name in [(log.messages, "out.csv"), (log.quarantined, "out.quarantine.csv")]:
        write_table(frame, tmp_path / name)
    (tmp_path / ".out.csv.henji").mkdir()
    (tmp_path / ".out.csv.henji" / "000001.part").write_text("secretM1x", encoding="utf-8")
    assert "M9" in raw(tmp_path / "out.quarantine.csv")
    proof = purge([tmp_path / "out.csv"], Retention(), NOW)
    assert (proof["removed"], proof["folders_of_stopped_runs"]) == (5, 1)
    assert "M9" not in raw(tmp_path / "out.quarantine.csv")
    assert {p.name for p in tmp_path.iterdir()} == {"log.csv", "out.csv", "out.quarantine.csv"}


@pytest.mark.parametrize(
    ("retention", "site", "gone"),
    [
        (Retention(), None, "M1 M4 M5 M7"),
        (Retention(undated="keep"), None, "M1 M5 M7"),
        (Retention(marketplaces=("FR", "amazon.com")), None, "M3 M4 M5 M8"),
        (Retention(days=30), None, "M1 M2 M4 M5 M6 M7"),
        (Retention(days=9999), None, "M4"),
    ],
)
def test_whose_messages_and_how_old_is_the_users_choice(tmp_path, retention, site, gone):
    path = tmp_path / "a.csv"
    path.write_bytes(purgeable("a.csv"))
    told = purge([path], retention, NOW, site=site, really=False)
    assert path.read_bytes() == purgeable("a.csv")  # a dry run
    purge([path], retention, NOW, site=site)
    assert " ".join(i for i, *_ in DATES if f"secret{i}x" not in raw(path)) == gone
    assert told["removed"] == len(gone.split())


def test_rows_of_an_unknown_marketplace_are_not_kept_silently(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Id,Date,Message\n1,2025-01-01,old\n2,2026-11-01,new\n3,,undated\n", encoding="utf-8")
    assert purge([path], Retention(), NOW)["kept_unknown"] == 2
    proof = purge([path], Retention(), NOW, site="DE")
    assert (proof["removed"], path.read_text(encoding="utf-8")) == (2, "Id,Date,Message\n2,2026-11-01,new\n")


def test_nothing_is_changed_when_one_file_cannot_be_purged(tmp_path):
    good, bad = tmp_path / "a.csv", tmp_path / "b.zip"
    good.write_bytes(purgeable("a.csv"))
    bad.write_bytes(zipped({"x.csv": purgeable("a.csv")}))
    with pytest.raises(LogError, match=r"b\.zip: 4 of its rows are to go"):
        purge([good, bad], Retention(), NOW)
    assert good.read_bytes() == purgeable("a.csv")


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"older_than": "6 months"}, "wanted: days or weeks"),
        ({"undated": "maybe"}, "wanted: remove or keep"),
        ({"marketplaces": ["Mars"]}, "Unknown marketplace 'Mars'"),
        ({"days": 3}, "Known: older_than marketplaces undated"),
    ],
)
def test_a_wrong_setting_is_named(setting, sentence):
    with pytest.raises(InputError, match=sentence):
        Retention.of(setting)


# --- The commands -----------------------------------------------------------------------------------------------------


def henji(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module('henji', run_name='__main__')"
    command = [sys.executable, "-c", code, str(ROOT), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)


def test_columns_mask_and_purge_from_the_shell(tmp_path):
    (tmp_path / "a.csv").write_text("Nr;Memo\n1;Call +49 171 9876543\n", encoding="utf-8")
    (tmp_path / "b.csv").write_bytes(purgeable("a.csv"))
    (tmp_path / "henji.toml").write_text('[retention]\nolder_than = "26w"\nundated = "keep"\n', encoding="utf-8")
    refused = henji(tmp_path, "columns", "a.csv")
    assert (refused.returncode, "--map text=" in refused.stderr) == (3, True)
    told = json.loads(henji(tmp_path, "columns", "a.csv", "--map", "text=Memo", "--json").stdout)
    assert [(c["name"], c["field"], c["why"]) for c in told["columns"]] == [
        ("Nr", "message_id", "a known name"),
        ("Memo", "text", "you named it"),
    ]
    assert (told["form"], told["columns"][1]["example"]) == ("delimited text, fields parted by ';'", "Call ⟨phone⟩")
    assert henji(tmp_path, "mask", "a.csv", "--map", "text=Memo").returncode == 0
    assert "⟨phone⟩" in (tmp_path / "a.masked.csv").read_text(encoding="utf-8-sig")
    purged = henji(tmp_path, "purge", "b.csv", "--marketplaces", "EU", "--certificate", "c.json", "--now", "2026-11-22")
    assert purged.returncode == 1  # an undated row was kept, as henji.toml says
    assert "1 rows without a date were kept" in purged.stdout
    proof = json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))
    assert (proof["removed"], proof["kept_undated"], proof["older_than_days"]) == (2, 1, 182)


# --- P23, P28: nothing leaves its folder or the machine ---------------------------------------------------------------

WATCHED = """
import sys
def watch(event, arguments):
    if event.startswith(("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "urllib.Request")):
        raise SystemExit(f"network: {event} {arguments}")
    if event in ("os.system", "subprocess.Popen", "pty.spawn"):
        raise SystemExit(f"program: {event} {arguments}")
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        name = str(arguments[0])
        if not name.startswith(sys.argv[2]) and "__pycache__" not in name and not name.startswith("/dev/"):
            raise SystemExit(f"written: {name}")
sys.addaudithook(watch)
sys.path.insert(0, sys.argv[1])
from messages import read_log, masked_table, explain
for path in sys.argv[3:]:
    read_log(path); masked_table(path).to_csv(); explain(path)
from henji import suggest_reply
suggest_reply("Where is my parcel?", marketplace="DE")
print("done")
"""


@pytest.mark.filterwarnings("ignore:A test tried")
def test_no_test_of_this_suite_reaches_the_network():
    with pytest.raises(pytest_socket.SocketBlockedError):
        socket.socket()


def test_reading_writes_nowhere_starts_nothing_and_calls_nobody(tmp_path):
    attached = mail(1, "Tue, 3 Nov 2026 10:00:00 +0000").replace(
        b"\n\n", b'\nContent-Disposition: attachment; filename="../../out.sh"\n\n', 1
    )
    bodies = {
        "slip.zip": zipped({"../../out.csv": table(rows()).encode(), "/tmp/out.csv": b"x", "a.csv": table(rows()).encode()}),
        "mail.eml": attached + b"More words https://tracker.example/pixel.gif",
        "page.xls": f"<table><tr><td>Id<td>Message<tr><td>1<td>{WORDS}<img src=http://x.example/a></table>".encode(),
        "book.xlsx": workbook(("S", [HEAD, ["1", "", "", "", "", "", "", '=HYPERLINK("http://x.example","y")'], *rows()])),
    }  # fmt: skip
    for name, data in bodies.items():
        (tmp_path / name).write_bytes(data)
    paths = [str(tmp_path / name) for name in bodies]
    done = subprocess.run(
        [sys.executable, "-B", "-c", WATCHED, str(ROOT), str(tmp_path / "nowhere"), *paths],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("done\n", "")
    assert {p.name for p in tmp_path.iterdir()} == set(bodies)
