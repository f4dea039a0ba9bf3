"""A team's day: settings, what is due, evidence, order files, threads, edited sheets, what is learned from them."""

import hashlib
import json
import tomllib
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from commands import app
from messages import InputError
from messages.log import read_parts
from messages.output import write_table
from messages.tables import read_orders, read_products, read_table
from messages.threads import read_threads
from model import Prediction
from suggest import Policy, Suggestion, Waiting, compared, read_policy, said_by, suggest, suggest_batch
from suggest.kept import KEPT, read_kept, recognised
from suggest.templates import templates
from suggest.tone import Earlier

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
ID = "302-1234567-7654321"
LOG = [
    # message, thread, who, minute, text
    ("M1", "T1", "buyer", "00", "Where is my parcel?"),
    ("M2", "T1", "agent", "01", "I am asking DHL."),
    ("M3", "T2", "buyer", "02", "The mug is cracked, refund me half or you get one star. I keep it."),
    ("M4", "T3", "buyer", "03", "How do I clean the filter?"),
    ("M5", "T3", "buyer", "04", "Hello? Anybody there? I asked about the filter."),
    ("M6", "", "buyer", "05", "Thanks, all good now!"),
]


def run(*arguments: str | Path) -> str:
    done = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def log(tmp_path: Path) -> Path:
    columns = ["Message ID", "Thread ID", "From", "Received", "Text"]
    rows = [(m, t, who, f"2026-11-21T08:{minute}:00Z", text) for m, t, who, minute, text in LOG]
    table = pd.DataFrame(rows, columns=columns).assign(**{"Order ID": ID, "Marketplace": "DE"})
    table.loc[5, "Order ID"] = ""
    path = tmp_path / "log.csv"
    table.to_csv(path, index=False, encoding="utf-8")
    return path


# ---------------------------------------------------------------- settings


def test_init_explains_every_setting_and_writes_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "henji.toml"
    run("init", "-o", path, "--shop", 'Lu "M"', "--zone", "Asia/Shanghai")
    assert read_policy(path) == Policy(shop_name='Lu "M"', zone="Asia/Shanghai")
    text = path.read_text(encoding="utf-8")
    named = {name for name in Policy.__dataclass_fields__ if f"{name} =" in text or f"[policy.{name}]" in text}
    assert Policy.__dataclass_fields__.keys() - named == {"rules", "own", "kept"}  # tables and files of their own


def test_init_writes_nothing_over(tmp_path: Path) -> None:
    path = tmp_path / "henji.toml"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="is not written over"):
        CliRunner().invoke(app, ["init", "-y", "-o", str(path)], catch_exceptions=False, standalone_mode=False)
    assert path.read_text(encoding="utf-8") == "mine"


WRONG = [
    ({"holidays": ["Atlantis"]}, "Policy.holidays: 'Atlantis'; wanted: a country such as CN"),
    ({"return_paid_by": "nobody"}, 'wanted: "seller", "buyer" or ""'),
    ({"no_return_below": {"EUR": "much"}}, r"wanted: amounts by currency"),
    ({"no_return_below": {"XXL": 10}}, r"wanted: amounts by currency"),
    ({"season": [{"marketplace": "DE"}]}, "wanted in every row: marketplace first last days"),
    ({"season": [{"marketplace": "DE", "first": "2026-12-27", "last": "2026-12-01", "days": 7}]}, "first before last"),
    ({"season": [{"marketplace": "Mars", "first": "2026-12-01", "last": "2026-12-27", "days": 7}]}, "Unknown market"),
    ({"season": [{"marketplace": "DE", "first": "soon", "last": "2026-12-27", "days": 7}]}, "days such as 2026-12-01"),
]


@pytest.mark.parametrize(("settings", "said"), WRONG)
def test_a_wrong_setting_says_what_is_wanted(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Policy.of(settings)


# ---------------------------------------------------------------- what the policy changes in a reply


def reply(message: str, scenario: str, order: dict[str, Any], language: str = "de", **policy: Any) -> Suggestion:
    prediction = Prediction(scenario, 0.95, [(scenario, 0.95), ("other", 0.05)], (), (), language, True)
    market = {"de": "DE", "en": "US"}[language]
    return suggest(message, prediction, order={"order_id": ID, **order}, marketplace=market, now=NOW, policy=policy)


SEASON = {"marketplace": "DE", "first": "2026-11-20", "last": "2026-12-27", "days": 7}
SENT = {"shipped_at": "2026-11-19", "carrier": "DHL", "tracking_id": "1"}


def test_a_season_is_told_while_it_lasts() -> None:
    s = reply("Wo ist es?", "logistics_delay", SENT, season=[SEASON])
    assert "Bis Sonntag, 27. Dezember" in s.text and "bis zu 7 Tage" in s.text
    assert s.facts["season"].source == "policy.season"
    later = [SEASON | {"first": "2026-12-01"}]
    assert "bis zu 7 Tage" not in reply("Wo ist es?", "logistics_delay", SENT, season=later).text
    other = [SEASON | {"marketplace": "FR"}]
    assert "bis zu 7 Tage" not in reply("Wo ist es?", "logistics_delay", SENT, season=other).text


IN_SEASON = [
    # order, template, day until which the season's time runs
    ({}, "delay-season", "26. November"),  # no expected date is known
    ({"eta": "2026-11-20"}, "delay-season", "26. November"),
    ({"eta": "2026-11-24"}, "delay-on-time-tracked", None),  # that day is nearer
    ({"shipped_at": "2026-11-13", "eta": "2026-11-20"}, "delay-late-tracked", None),  # eight days: late even so
    ({"last_tracking_update": "2026-11-14", "shipped_at": "2026-11-14"}, "delay-stuck", None),
    ({"fulfilment": "FBA", "eta": "2026-11-20"}, "delay-fba", None),
]


@pytest.mark.parametrize(("order", "template_id", "until"), IN_SEASON)
def test_a_season_has_a_letter_of_its_own(order: dict[str, Any], template_id: str, until: str | None) -> None:
    s = reply("Wo ist es?", "logistics_delay", SENT | order, season=[SEASON])
    assert s.template_id == template_id and s.text.count("bis zu 7 Tage") == (template_id != "delay-fba")
    assert s.text.count(until or "no day") == (2 if until else 0)
    assert not until or s.facts["season_until"].source == "order.shipped_at + policy.season"


PAGES = [
    # page of the manual, allowed domains, whether a letter gives it
    ("https://www.amazon.de/dp/B0LAMP", [], True),
    ("https://help.lumora.example/lamp", ["lumora.example"], True),
    ({"de": "https://www.amazon.de/dp/B0LAMP"}, [], True),
    ({"en": "https://www.amazon.de/dp/B0LAMP"}, [], False),  # of another language
    ("https://help.lumora.example/lamp", [], False),
    ("http://www.amazon.de/dp/B0LAMP", [], False),
    ("https://lumora.com/@amazon.de", [], False),
    ("https://www.amazon.de@lumora.com/", [], False),
    ("https://www.amazon.de/{order_id}", [], False),
    ("www.amazon.de", [], False),
    ("https://www.amazon.de/dp/B0LAMP and call us", [], False),
]


@pytest.mark.parametrize(("page", "allowed", "is_given"), PAGES)
def test_a_page_of_the_manual_is_given_where_its_link_is_allowed(page: Any, allowed: list[str], is_given: bool) -> None:
    prediction = Prediction("usage_help", 0.95, [("usage_help", 0.95), ("other", 0.05)], (), (), "de", True)
    known = {"order": {"order_id": ID}, "marketplace": "DE", "now": NOW, "policy": {"allowed_links": allowed}}
    s = suggest("Wie wechsle ich den Filter?", prediction, product={"manual_page": page}, **known)
    assert (s.template_id == "usage-page") == is_given == ("https" in s.text)
    assert not [f for f in s.findings if f.severity == "error"]
    is_refused = not is_given and not isinstance(page, dict)
    assert ("manual_page" in s.missing_facts) == is_refused == any("allowed_links" in zh for zh in s.reasons_zh)
    steps = {"manual_page": page, "manual_steps": "Filter herausziehen.\nNeuen Filter einsetzen."}
    s = suggest("Wie wechsle ich den Filter?", prediction, product=steps, **known)
    assert s.template_id == "usage-steps" and ("https" in s.text) == is_given


def test_a_season_that_has_ended_is_an_error_and_no_guess() -> None:
    ended = SEASON | {"first": "2025-12-01", "last": "2025-12-27"}
    with pytest.raises(InputError, match=r"the row for DE ended on 2025-12-27\. Give it new days or take it out"):
        reply("Wo ist es?", "logistics_delay", SENT, season=[ended])


def test_a_public_holiday_warns_and_offers_a_notice() -> None:
    order = {"order_id": ID, **SENT, "eta": "2026-12-28"}
    prediction = Prediction("logistics_delay", 0.95, [("logistics_delay", 0.95)], (), (), "de", True)
    at = datetime(2026, 12, 24, 9, tzinfo=UTC)
    known = {"order": order, "marketplace": "DE", "now": at, "policy": {"holidays": ["DE"], "zone": "Europe/Berlin"}}
    s = suggest("Wo ist es?", prediction, **known)
    assert s.status == "review" and "Amazon's 24 hours run on" in " ".join(s.reasons)
    notice = next(a for a in s.alternatives if a.template_id == "notice-holiday")
    assert "27. Dezember" in notice.text  # 25 and 26 December are public holidays
    assert s.reply_by == datetime(2026, 12, 25, 9, tzinfo=UTC)  # the clock runs on


RETURNS = {"delivered_at": "2026-11-15", "return_window_days": 30}


@pytest.mark.parametrize(("by", "said"), [("seller", "kostenlos"), ("buyer", "tragen Sie"), ("", None)])
def test_who_pays_for_the_way_back(by: str, said: str | None) -> None:
    s = reply("Ich möchte das zurückgeben.", "returns", RETURNS, return_paid_by=by)
    assert (said in s.text) if said else ("kostenlos" not in s.text and "tragen Sie" not in s.text)


KEPT_THERE = [
    # message, total, template: faulty and cheap stays with the buyer
    ("kam kaputt an", 9.99, "returns-keep"),
    ("kam kaputt an", 10.01, "returns-damaged"),
    ("kam kaputt an", None, "returns-damaged"),
    ("gefällt mir nicht", 9.99, "returns-open"),
]


@pytest.mark.parametrize(("message", "total", "template"), KEPT_THERE)
def test_what_is_faulty_and_cheap_need_not_come_back(message: str, total: float | None, template: str) -> None:
    order = {**RETURNS, "order_total": total, "currency": "EUR"}
    assert reply(message, "returns", order, no_return_below={"EUR": 10}).template_id == template


def test_what_people_keep_breaks_a_tie_between_templates_that_fit_alike() -> None:
    message = "cracked, not working"
    first = reply(message, "returns", RETURNS, "en").template_id
    other = {"returns-damaged": "returns-defective", "returns-defective": "returns-damaged"}[first]
    assert (
        reply(message, "returns", RETURNS, "en", kept={f"en/{other}": (9, 0), f"en/{first}": (0, 9)}).template_id
        == other
    )


OWN = """
[spare-part]
scenario = "spare_parts"
status = "review"
[spare-part.en]
samples = ["Can I buy a new knob?"]
text = '''
{salutation}

? You would like a spare part for order {order_id}.
: You would like a spare part.
Please write here which one; I will answer by {resolve_by}.

{sign_off}
'''
text_zh = '''
{salutation}

? 您需要订单 {order_id} 的备件。
: 您需要备件。
请在此说明是哪一个，我会在 {resolve_by} 之前答复。

{sign_off}
'''
"""


def test_a_scenario_of_ones_own_has_templates_by_data_alone(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text(OWN, encoding="utf-8")
    (tmp_path / "henji.toml").write_text('[templates]\nfiles = ["ours.toml"]\n', encoding="utf-8")
    policy = read_policy(tmp_path / "henji.toml")
    prediction = Prediction("spare_parts", 0.9, [("spare_parts", 0.9)], language="en")
    s = suggest("I need a knob", prediction, order={"order_id": ID}, marketplace="US", now=NOW, policy=policy)
    assert (s.template_id, s.status) == ("spare-part", "review") and f"a spare part for order {ID}" in s.text
    german = Prediction("spare_parts", 0.9, [("spare_parts", 0.9)], language="de")  # not written in German
    s = suggest("Ein Knopf fehlt", german, order={"order_id": ID}, marketplace="DE", now=NOW, policy=policy)
    assert s.status == "review" and "no template is written for it" in " ".join(s.reasons)


OWN_WRONG = [
    (OWN.replace('scenario = "spare_parts"', ""), "lacks its scenario"),
    (OWN.replace("{order_id}", "{order.id}"), r"\{order.id\} is no field"),
    (OWN.replace("[spare-part.en]", "[spare-part.nl]"), "has no key 'nl'; known: scenario status about en de"),
    (OWN.replace('"review"', '"maybe"'), "unknown status 'maybe'"),
    (OWN.replace("[spare-part", "[unclear"), "is the name of a shipped template"),
]


@pytest.mark.parametrize(("text", "said"), OWN_WRONG)
def test_a_mistake_in_a_template_of_ones_own_is_named(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text(text, encoding="utf-8")
    (tmp_path / "henji.toml").write_text('[templates]\nfiles = ["ours.toml"]\n', encoding="utf-8")
    with pytest.raises(InputError, match=said):
        policy = read_policy(tmp_path / "henji.toml")
        suggest("x y z", Prediction("other", 0.9, [("other", 0.9)]), marketplace="US", now=NOW, policy=policy)


# ---------------------------------------------------------------- threads


def test_only_the_last_unanswered_message_of_a_thread_waits(log: Path) -> None:
    (part,) = read_threads(read_parts(log))
    assert part.settled == {1: "answered already, in row 2", 4: "answered together with row 5"}
    assert [(row, [said["text"] for said in before]) for row, before in part.before.items()] == [(5, [LOG[3][4]])]


def test_what_the_threads_of_a_log_tell_does_not_depend_on_its_parts_and_their_order(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Newest first, a row a part: what was said before stands in a part that comes later."""
    table = pd.read_csv(log, dtype=str, keep_default_na=False)
    back = tmp_path / "back.csv"
    table[::-1].to_csv(back, index=False)
    monkeypatch.setattr("messages.log.PART", 1)
    told = list(read_threads(read_parts(back)))
    why = {row: said for part in told for row, said in part.settled.items()}
    assert why == {6: "answered already, in row 5", 3: "answered together with row 2"}
    assert {row: [s["text"] for s in said] for part in told for row, said in part.before.items()} == {2: [LOG[3][4]]}
    replies = list(read_threads(read_parts(back), of_replies=True))
    assert {row: [s["text"] for s in said] for part in replies for row, said in part.before.items()} == {5: [LOG[0][4]]}


def test_a_thread_is_answered_as_a_whole() -> None:
    earlier = ("How do I clean the filter of the purifier?",)
    asked, thanked, settled = suggest_batch(
        [
            Waiting(2, "Hello? Anybody there?", {"order_id": ID}, earlier=earlier),
            Waiting(4, "Found it, thank you!", {"order_id": ID}, earlier=earlier),
            Waiting(5, "Where is it?", {"order_id": ID}, settled="answered already, in row 6"),
        ],
        now=NOW,
        policy=Policy(),
    )
    assert asked.scenario == "usage_help" and thanked.status == "no_reply"
    assert (settled.status, settled.text, settled.reasons) == ("no_reply", "", ("answered already, in row 6",))
    assert settled.reasons_zh == ("不需要单独回复：见第 6 行",)


def test_replies_of_a_batch_are_held_against_each_other() -> None:
    order = {"order_id": ID, "order_total": 50, "currency": "USD", "delivered_at": "2026-11-15"}
    cases = [
        Waiting(row, "The lid is dented, I want some money back, I keep it.", order, marketplace="US") for row in (1, 2)
    ]
    earlier = Earlier()
    first, second = (
        compared(s, said_by(f"row {case.row}", s, case.order), earlier, Policy())
        for case, s in zip(cases, suggest_batch(cases, now=NOW, policy=Policy()), strict=True)
    )
    assert "near_duplicate" not in [f.category for f in first.findings]
    assert "See row 1." in next(f.message for f in second.findings if f.category == "near_duplicate")
    assert "row 1 offers money for this order already" in second.reasons


# ---------------------------------------------------------------- files that sellers have

REPORT = (
    "amazon-order-id\tpurchase-date\torder-status\tfulfillment-channel\tproduct-name\tsku\tasin\tquantity\tcurrency\t"
    "item-price\n"
    f"{ID}\t2026-11-12T16:20:00+00:00\tShipped\tMerchant\tMug\tS1\tB0C9WXK4Q2\t1\tEUR\t12.50\n"
    f"{ID}\t2026-11-12T16:20:00+00:00\tShipped\tMerchant\tPlate\tS2\tB0C9WXK4Q3\t1\tEUR\t7.50\n"
    "303-1234567-7654321\t2026-11-13T16:20:00+00:00\tShipped\tAmazon\tLamp\tS3\tB0C9WXK4Q4\t1\tEUR\t1299.00\n"
)


def test_an_order_report_of_amazons_is_read_as_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_text(REPORT, encoding="utf-8")
    two, fba = read_orders(path).values()
    assert (two.order_total, two.currency, two.fulfilment) == (Decimal("20.00"), "EUR", "FBM")
    assert two.product_name is None and two.asin is None  # two items: neither is the one
    assert (fba.fulfilment, fba.product_name, fba.order_total) == ("FBA", "Lamp", Decimal("1299.00"))


FILES = [
    ("订单号,买家姓名,订单金额,币种,发货时间,物流公司,运单号\n",
     '302-1,Anna,"1.299,00 €",EUR,2026/11/13 08:00,DHL,0034\n'),
    ("Bestellnummer;Käufername;Gesamtbetrag;Währung;Versanddatum;Versanddienstleister;Sendungsnummer\n",
     "302-1;Anna;1299,00;EUR;13.11.2026 08:00;DHL;0034\n"),
    ("注文番号,購入者名,注文合計,通貨,発送日,配送業者,追跡番号\n",
     "302-1,Anna,1299.00,EUR,2026年11月13日 08:00,DHL,0034\n"),
]  # fmt: skip


@pytest.mark.parametrize(("header", "row"), FILES)
def test_order_files_of_other_systems_are_read(header: str, row: str, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(header + row, encoding="utf-8-sig")
    order = read_orders(path)["302-1"]
    assert (order.buyer_name, order.order_total, order.carrier) == ("Anna", Decimal("1299.00"), "DHL")
    assert (order.tracking_id, order.shipped_at) == ("0034", datetime(2026, 11, 13, 8, tzinfo=UTC))


def test_what_an_export_says_in_two_ways_is_not_known(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("order-id,total,currency,ship-date\n302-1,1.234,EUR,03/04/2026\n", encoding="utf-8")
    order = read_orders(path)["302-1"]
    assert (order.order_total, order.shipped_at) == (None, None)


def test_products_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "products.toml"
    path.write_text('[b0c9wxk4q2]\nname = "Mug"\nspecs.de = "300 ml"\ncompatible_with = ["A", "B"]\n', encoding="utf-8")
    product = read_products(path)["B0C9WXK4Q2"]
    assert (product.name, product.specs, product.compatible_with) == ("Mug", {"de": "300 ml"}, ("A", "B"))
    path.write_text('[B0C9WXK4Q2]\ncolour = "red"\n', encoding="utf-8")
    with pytest.raises(InputError, match="B0C9WXK4Q2: Product has no field 'colour'"):
        read_products(path)


# ---------------------------------------------------------------- the commands


def test_suggest_answers_threads_and_keeps_an_audit_without_personal_data(log: Path, tmp_path: Path) -> None:
    orders, products = tmp_path / "orders.csv", tmp_path / "products.toml"
    orders.write_text(f"order_id,buyer_name,asin\n{ID},Dana Whitlock,B0C9WXK4Q2\n", encoding="utf-8")
    products.write_text('[B0C9WXK4Q2]\nname = "Purifier"\nmanual_steps = "Rinse the filter."\n', encoding="utf-8")
    out, audit = tmp_path / "out.csv", tmp_path / "audit.jsonl"
    options = ("--orders", orders, "--products", products, "-o", out, "--audit", audit, "--now", "2026-11-21T10:00:00")
    run("suggest", log, *options, "--policy", tmp_path / "henji.toml")
    rows = {row["message_id"]: row for row in read_table(out).to_dict("records")}
    assert rows["M1"]["status"] == "no_reply" and "answered already" in rows["M1"]["reasons"]
    assert "不需要单独回复" in rows["M1"]["reasons_zh"]
    assert rows["M4"]["reply"] == "" and "together with row 5" in rows["M4"]["reasons"]
    assert "Rinse the filter" in rows["M5"]["reply"]
    lines = [json.loads(line) for line in audit.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == 5 and lines[3]["template_id"] == "usage-steps"
    assert lines[3]["facts"]["steps"] == "order.manual_steps"
    assert lines[3]["reply_sha256"] == rows["M5"]["reply_sha256"]
    for personal in ("Dana", "Whitlock", ID, "Rinse", "filter", "cracked"):
        assert personal not in audit.read_text(encoding="utf-8")


def test_an_edited_sheet_is_read_back_once(log: Path, tmp_path: Path) -> None:
    out, policy = tmp_path / "out.xlsx", tmp_path / "henji.toml"
    run("suggest", log, "-o", out, "--now", "2026-11-21T10:00:00", "--policy", policy)
    table = read_table(out)
    replied = table.index[table["reply"] != ""].tolist()
    kept, edited = replied[:2]
    table.loc[kept, "reply"] = table.loc[kept, "reply"].replace("\n", "\r\n") + " "  # as Excel leaves it
    table.loc[edited, "reply"] += "\nP.S."
    table.loc[replied[2:], "status"] = "rejected"
    write_table(table, out)
    said = json.loads(run("suggest", "--approve", out, "--policy", policy, "--json"))
    assert said == {"kept": 1, "edited": 1, "rejected": len(replied) - 2, "counted": True}
    counts, _ = read_kept(tmp_path / KEPT)
    assert sum(kept for kept, _ in counts.values()) == 1
    assert json.loads(run("suggest", "--approve", out, "--policy", policy, "--json"))["counted"] is False
    assert read_kept(tmp_path / KEPT)[0] == counts


def test_learn_knows_a_template_again_in_what_agents_sent(tmp_path: Path) -> None:
    sent = reply("Where is it?", "logistics_delay", {**SENT, "buyer_name": "Dana Whitlock"}, "en").text
    first, _, rest = sent.partition(". ")
    rows = [sent, f"Hi Dana,\n\n{rest}", "I will call the carrier on Monday."]
    path = tmp_path / "sent.csv"
    pd.DataFrame({"reply": rows, "language": "en", "marketplace": "US"}).to_csv(path, index=False)
    said = json.loads(run("learn", path, "--policy", tmp_path / "henji.toml", "--json"))
    assert (said["replies"], said["kept"]) == (3, 1) and said["counted"]
    assert recognised(rows[2], templates("en", "US")) is None and first not in rows[1]


def test_due_lists_what_waits_the_soonest_first(log: Path, tmp_path: Path) -> None:
    policy = tmp_path / "henji.toml"
    policy.write_text('[policy]\nzone = "Asia/Shanghai"\nholidays = ["CN"]\n', encoding="utf-8")
    said = json.loads(run("due", log, "--policy", policy, "--now", "2026-11-22T08:02:30", "--json"))
    assert [row["row"] for row in said["due"]] == [3, 5, 6]  # 1 is answered, 4 goes with 5
    first = said["due"][0]
    assert (first["left"], first["due_team"], first["due_buyer"]) == ("over 0:01", "22 Nov 16:02", "22 Nov 09:02")
    shown = run("due", log, "--policy", policy, "--now", "2026-11-22T08:02:30")
    assert "3 wait for a reply" in shown


def test_evidence_keeps_the_original_with_its_sum(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "evidence.csv"
    run("evidence", log, "-o", out, "--now", "2026-11-21T10:00:00")
    (row,) = read_table(out).to_dict("records")
    original = LOG[2][4]
    assert (row["row"], row["order_id"], row["text"]) == ("3", ID, original)
    assert (row["received_at"], row["flags"]) == ("2026-11-21T08:02:00+00:00", "review_threat")
    assert row["sha256"] == hashlib.sha256(original.encode()).hexdigest()
    assert row["log_sha256"] == hashlib.sha256(log.read_bytes()).hexdigest()


def test_a_season_row_may_be_written_as_toml_days(tmp_path: Path) -> None:
    rows = "[[policy.season]]\nmarketplace = 'DE'\nfirst = 2026-12-01\nlast = 2026-12-27\ndays = 7\n"
    assert tomllib.loads(rows)["policy"]["season"][0]["first"] == date(2026, 12, 1)
    (tmp_path / "henji.toml").write_text(rows, encoding="utf-8")
    assert read_policy(tmp_path / "henji.toml").season[0].days == 7
