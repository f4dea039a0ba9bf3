"""`henji check` and `henji rules`: what is read, what is found where, what is put right, and what a mistake says."""

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from commands import app
from messages import InputError, Order, Reply, read_replies, replies_of
from suggest import Policy, check_batch
from suggest.tone import TeamRules, check, corrected
from suggest.tone.fix import correction
from suggest.tone.team import shipped

ID = "302-1234567-1234567"
SOON = f"Order {ID}: we will refund you in due course."
GOOD = f"Order {ID} left today and arrives on Tuesday."


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["check", *map(str, arguments)], env={"COLUMNS": "100"})
    if isinstance(done.exception, InputError):
        return 2, str(done.exception)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def findings(*arguments: object) -> list[tuple[int, str]]:
    return [(f["row"], f["rule"]) for f in json.loads(run(*arguments, "--json")[1])["findings"]]


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode("utf-8"))
    return path


def sheet(path: Path, rows: list[dict[str, str]]) -> Path:
    frame = pd.DataFrame(rows)
    if path.suffix == ".xlsx":
        frame.to_excel(path, index=False)
    elif path.suffix == ".jsonl":
        frame.to_json(path, orient="records", lines=True, force_ascii=False)
    else:
        frame.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    return path


def replies_in(path: Path) -> list[Reply]:
    read = read_replies(path)
    return [reply for part in read for reply in replies_of(part, read.column, path.name)[0]]


ROWS = [{"order_id": ID, "reply": GOOD}, {"order_id": ID, "reply": SOON}]


@pytest.mark.parametrize("name", ["r.csv", "r.tsv", "r.xlsx", "r.jsonl"])
def test_every_kind_of_table_is_read(tmp_path, name):
    assert findings(sheet(tmp_path / name, ROWS)) == [(2, "vague-time")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_a_text_is_read_in_its_encoding(tmp_path, encoding):
    path = tmp_path / "r.txt"
    path.write_bytes("お問い合わせありがとうございます。11月22日に新品を発送する。".encode(encoding))
    (found,) = json.loads(run(path, "--json")[1])["findings"]
    assert (found["category"], found["text"], found["instead"]) == ("ja_style", "する", "します")


LOG = [  # newest first, as helpdesks export
    ("3", "T1", "agent", "2026-11-20T12:00:00Z", "We will refund you in due course."),
    ("7", "T1", "agent", "2026-11-20T12:30:00Z", " "),  # sent without a word
    ("4", "T1", "internal note", "2026-11-20T13:00:00Z", "Call me, we refund soon as possible."),
    ("2", "T1", "buyer", "2026-11-20T10:00:00Z", f"Where is my order {ID}? It is late."),
    ("6", "T2", "agent", "2026-11-20T12:00:00Z", "Your refund was sent today and arrives on Monday."),
    ("5", "T2", "buyer", "2026-11-20T10:00:00Z", "Meine Lampe ist zerbrochen angekommen, ich möchte mein Geld zurück."),
]


def test_of_a_log_the_agents_replies_are_checked_against_the_message_before_them(tmp_path):
    names = ["Message ID", "Thread ID", "Direction", "Date", "Message"]
    log = write(tmp_path / "log.csv", pd.DataFrame(LOG, columns=names).to_csv(index=False))
    assert [(r.row, r.facts["language"], r.facts.get("order_id"), r.line) for r in replies_in(log)] == [
        (1, "en", ID, 2), (5, "de", None, 6)
    ]  # fmt: skip
    assert findings(log) == [(1, "order-id-missing"), (1, "vague-time"), (5, "other-language")]


def test_without_a_reply_the_columns_are_named(tmp_path):
    code, said = run(sheet(tmp_path / "x.csv", [{"Id": "1", "Subject": "Hi"}]))
    assert code == 2 and "no column `reply`" in said and "Columns seen: Id, Subject." in said


IGNORED = [
    (f"{SOON}\n[henji: ignore vague-time]\n", []),
    (f"  [Henji： ignore order-id-missing, vague-time]\n{SOON}", []),
    (f"{SOON}\n[henji: ignore vague-effort]", [(1, "vague-time")]),
    (f"Order {ID}.\n\n[henji: ignore vague-time]\n\n{SOON}", []),  # no third line break is left behind
]


@pytest.mark.parametrize(("text", "wanted"), IGNORED)
def test_a_line_in_a_reply_switches_rules_off_for_it(tmp_path, text, wanted):
    path = write(tmp_path / "r.txt", text)
    assert findings(path) == wanted
    (read,) = replies_in(path)
    assert "henji" not in read.text.lower()


def test_a_column_switches_rules_off_for_its_row(tmp_path):
    rows = [{"reply": SOON, "ignore": "vague-time"}, {"reply": SOON + " Bye.", "ignore": ""}]
    assert [(row, rule) for row, rule in findings(sheet(tmp_path / "r.csv", rows)) if rule == "vague-time"] == [
        (2, "vague-time")
    ]


def test_a_mark_that_is_left_in_a_reply_is_found():
    found = check(f"{GOOD} [henji: ignore vague-time]", language="en")
    assert [(f.category, f.text) for f in found] == [("unfilled_placeholder", "[henji: ignore vague-time]")]


MARK_MISTAKES = [
    (f"{SOON}\n[henji: ignore vague-tim]", "Row 1, rules to ignore: no rule 'vague-tim'. Did you mean vague-time"),
    (f"{SOON}\n[henji: off vague-time]", "r.txt: cannot read '[henji: off vague-time]'. Write [henji: ignore RULE]"),
]


@pytest.mark.parametrize(("text", "said"), MARK_MISTAKES)
def test_a_mistaken_mark_says_what_to_write(tmp_path, text, said):
    code, output = run(write(tmp_path / "r.txt", text))
    assert code == 2 and said in output


# what is wrong, and what is put in its place; the same where a person must decide
FIXES = [
    ("en", "Thanks，Ann！It left．", "Thanks, Ann! It left."),
    ("en", "At 10：30 it left.", "At 10:30 it left."),
    ("en", "Press 开始 twice.", "Press 开始 twice."),  # another script: for a translator
    ("en", "It is in the the box.", "It is in the box."),
    ("de", "Das Paket, das das Etikett trägt.", "Das Paket, das das Etikett trägt."),  # said twice rightly
    ("en", "One.\r\n\r\n\r\n\r\nTwo.", "One.\r\n\r\nTwo."),
    ("en", "It\u200b left\x07 today.", "It left today."),
    ("en", "It le\ufffdt today.", "It le\ufffdt today."),  # a letter was lost
    ("fr", "Un d&eacute;lai&nbsp;court.<br>Merci.", "Un délai court.\nMerci."),
    ("en", "It is <b>here</b> 😊.", "It is <b>here</b> 😊."),
    ("ja", "ﾊﾟｯｸをお送りいたしました。", "パックをお送りいたしました。"),
    ("ja", "我们がお送りいたしました。", "我们がお送りいたしました。"),
    ("ja", "商品は本日発送した。原因は電池切れだった。", "商品は本日発送しました。原因は電池切れでした。"),
    ("ja", "お客様がおっしゃられた件は了解。", "お客様がおっしゃった件は承知いたしました。"),
    ("ja", "後でお送りするね。", "後でお送りするね。"),  # talk has no one rewrite
    ("en", "We will try our best.", "We will try our best."),  # a rewrite is a person's, unless the rule says so
    ("en", "Mail he\u200blp@cosyhome.com\ud800", "Mail help@cosyhome.com\ud800"),
    ("en", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("language", "before", "after"), FIXES)
def test_only_what_needs_no_judgement_is_put_right(language, before, after):
    done = corrected(before, lambda text: check(text, language=language), TeamRules())
    assert done == after
    assert corrected(done, lambda text: check(text, language=language), TeamRules()) == done


def test_a_safe_rule_of_the_teams_is_put_right_with_its_capital(tmp_path):
    own = TeamRules.of({"files": ["own.toml"]}, write_own(tmp_path))
    done = corrected("Cheap and cheap.", lambda text: check(text, language="en", rules=own), own)
    assert done == "Affordable and affordable."


def write_own(folder: Path) -> Path:
    rule = (
        '[[rule]]\nid="no-cheap"\ncategory="writing"\nseverity="hint"\nphrases=["cheap"]\ninstead="affordable"\n'
        'safe=true\nmessage="m"\nmessage_zh="m"\nflagged.en=["It is cheap."]\nclean.en=["It is affordable."]\n'
    )
    write(folder / "own.toml", rule)
    return folder


def test_fix_shows_the_difference_and_writes_a_copy_beside_the_input(tmp_path):
    before = f"Order {ID}，it left today.\r\n[henji: ignore vague-time]\r\nIt is in the the box.\r\n"
    path, out = write(tmp_path / "r.txt", before), tmp_path / "out.txt"
    code, said = run(path, "--fix", "-o", out)
    assert code == 0
    assert "-It is in the the box.↵" not in said and "-It is in the the box." in said and "+It is in the box." in said
    assert path.read_bytes().decode() == before
    assert out.read_bytes().decode() == f"Order {ID}, it left today.\r\nIt is in the box.\r\n"


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "jsonl"])
def test_the_corrected_copy_of_a_table_keeps_all_else(tmp_path, suffix):
    rows = [
        {"n": "007", "order_id": ID, "reply": f"Order {ID} is in the the box today."},
        {"n": "'=1", "order_id": ID, "reply": GOOD},
    ]
    out = tmp_path / f"out.{suffix}"
    assert run(sheet(tmp_path / f"in.{suffix}", rows), "--fix", "-o", out)[0] == 0
    from messages.tables import read_table

    assert read_table(out).to_dict("records") == [rows[0] | {"reply": f"Order {ID} is in the box today."}, rows[1]]


MISTAKES = [
    (("r.txt", "-o", "r.txt"), "it is never written over"),
    (("r.txt", "--fix", "-o", "r.txt"), "it is never written over"),
    (("r.txt", "--fix", "-o", "out.csv"), "Allowed: .txt .md"),
    (("r.txt", "-o", "out.doc"), "Allowed: .csv .tsv .xlsx .jsonl .parquet .sarif"),
    (("missing.txt",), "missing.txt: no such file"),
    (("missing.mbox",), "missing.mbox: no such file"),
    (("r.txt", "-l", "sv"), "'sv'"),
]


@pytest.mark.parametrize(("arguments", "said"), MISTAKES)
def test_a_mistake_is_said_before_anything_is_written(tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "r.txt", SOON)
    code, output = run(*arguments)
    assert code == 2 and said in output
    assert [p.name for p in tmp_path.iterdir()] == ["r.txt"] and (tmp_path / "r.txt").read_text() == SOON


def sarif(path: Path) -> dict:
    out = path.with_suffix(".sarif")
    run(path, "-o", out)
    return json.loads(out.read_text(encoding="utf-8"))


def shape_faults(log: dict) -> list[str]:
    """Where a log lacks what SARIF 2.1.0 requires, or holds what it forbids."""
    faults = [] if log["version"] == "2.1.0" and log["$schema"].endswith("sarif-schema-2.1.0.json") else ["version"]
    for one in log["runs"]:
        driver = one["tool"]["driver"]
        ids = [rule["id"] for rule in driver["rules"]]
        faults += ["driver.name"] * (not driver["name"]) + ["rules not unique"] * (len(set(ids)) != len(ids))
        faults += [r["id"] for r in driver["rules"] if not r["shortDescription"]["text"]]
        faults += ["columnKind"] * (one["columnKind"] not in ("utf16CodeUnits", "unicodeCodePoints"))
        for result in one["results"]:
            faults += ["text"] * (not result["message"]["text"]) + ["index"] * (
                ids[result["ruleIndex"]] != result["ruleId"]
            )
            faults += ["level"] * (result["level"] not in ("none", "note", "warning", "error"))
            for location in result["locations"]:
                place = location["physicalLocation"]
                faults += ["uri"] * (not place["artifactLocation"]["uri"] or " " in place["artifactLocation"]["uri"])
                region = place.get("region", {"startLine": 1})
                faults += ["region"] * any(not isinstance(v, int) or v < 1 for v in region.values())
            for put in result.get("fixes", ()):
                for change in put["artifactChanges"]:
                    good = change["artifactLocation"]["uri"] and change["replacements"]
                    faults += [] if good and all("deletedRegion" in r for r in change["replacements"]) else ["fix"]
    return faults


TRICKY = f'Say "hi", Ann，\nit is 😊 in the the "blue" box, order {ID}.\n\n\n\nWe will try our best.'


@pytest.mark.parametrize("name", ["my replies.txt", "r.csv", "r.tsv", "r.jsonl", "r.xlsx"])
def test_sarif_has_its_shape_and_its_places_are_those_of_the_file(tmp_path, name):
    path = tmp_path / name
    rows = [{"n": "1", "reply": GOOD, "last": "x"}, {"n": 'a "b"\nc', "reply": TRICKY, "last": "y"}]
    write(path, TRICKY) if path.suffix == ".txt" else sheet(path, rows)
    log = sarif(path)
    assert shape_faults(log) == []
    results = log["runs"][0]["results"]
    assert {r["ruleId"] for r in results} >= {"foreign-characters", "doubled-word", "vague-effort", "markup"}
    assert len(results) == len(findings(path))
    if path.suffix == ".xlsx":
        assert all("region" not in r["locations"][0]["physicalLocation"] for r in results)
        return
    lines = path.read_text(encoding="utf-8").split("\n")
    for r in results:
        region = r["locations"][0]["physicalLocation"]["region"]
        if region["startLine"] == region["endLine"] and "\n" not in r["properties"]["text"]:
            written = lines[region["startLine"] - 1][region["startColumn"] - 1 : region["endColumn"] - 1]
            assert written == r["properties"]["text"]


def test_between_replies_repeats_and_a_second_sum_for_one_order_are_found(tmp_path):
    kind = "We offer it as a gesture of goodwill and without any admission of liability."
    order = {"order_id": ID, "order_total": "50.00", "currency": "EUR"}
    others = ("302-7654321-7654321", "302-7654321-7654322")
    known = "As I wrote, order {}: you get 5.00 € back today. It is goodwill, no admission of liability."
    rows = [
        order | {"reply": f"Order {ID}: we credit you 5.00 € today. {kind}"},
        order | {"reply": known.format(ID)},
        order | {"reply": f"For order {ID} you receive a courtesy credit of 4.00 € by Friday. {kind}"},
        *({"order_id": o, "reply": f"Order {o} left today. It arrives on Tuesday with UPS."} for o in others),
    ]  # fmt: skip
    found = json.loads(run(sheet(tmp_path / "r.csv", rows), "--json")[1])["findings"]
    between = [(f["row"], f["rule"], f["message"][-10:]) for f in found if "See row" in f["message"]]
    assert between == [(3, "over-the-cap", "See row 1."), (5, "near-duplicate", "See row 4.")]


def test_orders_of_a_file_count_before_what_the_row_says():
    reply = Reply(1, f"Order {ID} left today, it was shipped with UPS.", facts={"order_id": ID, "carrier": "UPS"})
    orders = {ID: Order.of({"order_id": ID, "carrier": "DHL"})}
    assert [f.rule for f in check_batch([reply], policy=Policy())[0].findings] == []
    assert [f.category for f in check_batch([reply], orders=orders, policy=Policy())[0].findings] == [
        "unsupported_claim"
    ]


def test_the_table_underlines_the_place_and_gives_the_reason_in_the_language_asked(tmp_path):
    path = write(tmp_path / "r.txt", f"您好 {SOON}".replace("您好", "Hi,"))
    code, said = run(path, "--language", "en")
    line = next(i for i, row in enumerate(said.splitlines()) if "in due course" in row)
    shown, marks = said.splitlines()[line : line + 2]
    assert code == 1
    assert shown[marks.index("^") : marks.rindex("^") + 1] == "in due course"
    assert "没有说明具体日期" in run(path, "--zh")[1]


def test_writing_is_a_hint_where_it_is_asked_for(tmp_path):
    path = write(tmp_path / "r.txt", f"Order {ID} was recieved today.")
    assert run(path)[0] == 0 and findings(path) == []
    assert findings(path, "--writing") == [(1, "misspelt")]


def test_rules_are_listed_with_source_languages_and_counts(tmp_path, monkeypatch):
    monkeypatch.chdir(write_own(tmp_path))
    write(
        tmp_path / "henji.toml", '[rules]\nfiles = ["own.toml"]\noff = ["vague-time"]\nseverity.vague-effort = "hint"\n'
    )
    done = CliRunner().invoke(app, ["rules", "--json"])
    rows = {r["rule"]: r for r in json.loads(done.output)["rules"]}
    assert set(rows) == {*shipped(), "no-cheap"}
    effort = rows["vague-effort"]
    assert (effort["severity"], effort["source"], effort["languages"]) == ("hint", "seller guide", "en de fr es it ja")
    assert effort["phrases"] > 20 and effort["flagged"] > 20 and effort["clean"] > 6
    assert (rows["no-cheap"]["state"], rows["vague-time"]["state"], rows["misspelt"]["state"]) == (
        "own", "off", "with --writing"
    )  # fmt: skip
    table = CliRunner().invoke(app, ["rules", "-l", "ja"], env={"COLUMNS": "100"}).output
    assert "Rules by language: en" in table and "vague-effort" in table and "misspelt" not in table


@pytest.mark.parametrize(
    "text", ["", "\ud800", "\u202e" * 999, "[henji" * 999, "😊" * 999, "[henji: ignore " + "a " * 9999]
)
def test_no_text_ends_in_a_traceback(tmp_path, text):
    path = tmp_path / "r.txt"
    path.write_bytes(text.encode("utf-8", "surrogatepass") + b"\xff\x00")
    for more in ((), ("--fix",), ("-o", tmp_path / "o.sarif")):
        assert run(path, *more)[0] in (0, 1, 2, 3)


def test_every_kind_that_is_put_right_gives_none_for_what_is_lost():
    for finding in check("It le\ufffdt 开始 <b>.", language="en"):
        assert correction(finding, TeamRules()) is None
