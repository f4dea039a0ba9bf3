"""From message to reply: what is said, what is missing, how much, by when, and who must look."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messages import InputError, marketplaces
from model import FLAGS, SCENARIOS, Prediction
from suggest import Money, Policy, Suggestion, read_policy, suggest
from suggest.deadlines import reply_by
from suggest.fill import body_text, clean_text, numbered, product_name, say_day, say_money, say_time, say_zone
from suggest.models import asked_model
from suggest.names import greeting
from suggest.templates import LANGUAGES, letter

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
ID = "112-4455667-7788990"
OTHER_ID = "114-1111111-2222222"
SENT = {
    "order_id": ID,
    "ordered_at": "2026-11-10",
    "shipped_at": "2026-11-11",
    "carrier": "UPS",
    "tracking_id": "1Z84E772",
}


def reply(
    message: str,
    scenario: str,
    order: dict[str, Any] | None = None,
    *,
    flags: tuple[str, ...] = (),
    also: tuple[str, ...] = (),
    sure: bool = True,
    language: str = "en",
    **known: Any,
) -> Suggestion:
    prediction = Prediction(scenario, 0.9, ((scenario, 0.9), ("other", 0.1)), also, flags, language, sure)
    return suggest(message, prediction, order=order, now=NOW, **{"marketplace": "US"} | known)


# ---------------------------------------------------------------- which template

PICKED = [
    # message, scenario, order beside its id, template
    ("Where is it?", "logistics_delay", {"ordered_at": "2026-11-18"}, "delay-not-shipped"),
    ("Where is it?", "logistics_delay", {}, "delay-unknown"),  # nothing but the number: neither shipped nor not
    ("Where is it?", "logistics_delay", {"shipped_at": "2026-11-19", "eta": "2026-11-21"}, "delay-on-time-untracked"),
    ("Where is it?", "logistics_delay", {"shipped_at": "2026-11-19", "eta": "2026-11-20"}, "delay-late-untracked"),
    ("Where is it?", "logistics_delay", {**SENT, "eta": "2026-11-20"}, "delay-late-tracked"),
    ("Where is it?", "logistics_delay", {**SENT, "last_tracking_update": "2026-11-14"}, "delay-stuck"),
    ("Where is it?", "logistics_delay", {**SENT, "last_tracking_update": "2026-11-15"}, "delay-shipped-tracked"),
    ("It says delivered.", "logistics_delay", {**SENT, "delivered_at": "2026-11-20T10:00:00Z"}, "delay-not-received"),
    ("Where is it?", "logistics_delay", {**SENT, "delivered_at": "2026-11-25"}, "delay-shipped-tracked"),  # not yet
    ("Where is it?", "logistics_delay", {"ordered_at": "2026-11-18", "shipped_at": "2026-11-30"}, "delay-not-shipped"),
    ("Where is it?", "logistics_delay", {**SENT, "tracking_id": "1.23E+12"}, "delay-shipped-untracked"),
    ("Held by customs?", "logistics_delay", SENT, "delay-customs"),
    ("Where is it?", "logistics_delay", {**SENT, "fulfilment": "AFN"}, "delay-fba"),
    ("Return please", "returns", {"delivered_at": "2026-11-01", "return_window_days": 20}, "returns-open"),  # last day
    ("Return please", "returns", {"delivered_at": "2026-11-01", "return_window_days": 19}, "returns-over"),
    ("Return please", "returns", {"delivered_at": "2026-11-01"}, "returns-unknown"),
    ("Return please", "returns", {"return_window_days": 30}, "returns-unknown"),
    ("It came broken", "returns", {"delivered_at": "2026-01-01", "return_window_days": 30}, "returns-damaged"),
    ("Please cancel", "other", {"ordered_at": "2026-11-21"}, "other-cancel"),
    ("Please cancel", "other", SENT, "other-cancel-shipped"),
    ("Please cancel", "other", {"fulfilment": "FBA"}, "other-fba"),
    ("I want money off", "compensation_demand", {"order_total": 20, "currency": "USD"}, "compensation-offer"),
    ("I want money off", "compensation_demand", {"order_total": 20}, "compensation-total-unknown"),
    ("I want money off", "compensation_demand", {"order_total": 0, "currency": "USD"}, "compensation-total-unknown"),
    ("I want more", "compensation_demand", {"order_total": 20, "currency": "USD", "refund_status": "$4 refunded"},
     "compensation-already"),
    ("It is late, I want money", "compensation_demand", {**SENT, "order_total": 20, "currency": "USD"},
     "compensation-delay-offer"),
]  # fmt: skip


@pytest.mark.parametrize(("message", "scenario", "order", "template_id"), PICKED)
def test_the_situation_decides(message: str, scenario: str, order: dict[str, Any], template_id: str) -> None:
    assert reply(message, scenario, {"order_id": ID, **order}).template_id == template_id


NO_ORDER = [
    ("Where is it?", "logistics_delay", "delay-no-order", "order_id"),
    ("I want to return it", "returns", "returns-no-order", "order_id"),
    ("Give me money", "compensation_demand", "compensation-no-order", "order_id"),
    ("I need an invoice", "other", "order-unknown", "order_id"),  # the right template needs the number
    ("Does it fit?", "compatibility_presale", "presale-unknown", "product_specs"),
    ("How does it work?", "usage_help", "usage-unknown", "manual_steps"),
]


@pytest.mark.parametrize(("message", "scenario", "template_id", "missing"), NO_ORDER)
def test_without_an_order_it_is_asked_for_or_not_needed(
    message: str, scenario: str, template_id: str, missing: str
) -> None:
    s = reply(message, scenario, {})
    assert (s.template_id, s.status) == (template_id, "review" if s.missing_facts else "ready")
    assert missing in s.missing_facts
    assert "None" not in s.text and "{" not in s.text


def test_an_order_number_that_only_the_buyer_gives_is_named_but_proves_nothing() -> None:
    s = reply(f"Where is {ID.replace('1', '１')}?", "logistics_delay", {})
    assert s.template_id == "delay-unknown"
    assert ID in s.text and s.facts["order_id"].source == "message"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_nothing_is_told_of_an_order_when_another_one_is_quoted(scenario: str) -> None:
    order = {**SENT, "buyer_name": "Kay", "eta": "2026-11-20", "order_total": 50, "currency": "USD"}
    s = reply(f"What about {OTHER_ID}?", scenario, order)
    assert (s.template_id, s.status, s.compensation) == ("order-other", "review", None)
    for told in (ID, OTHER_ID, "UPS", "1Z84", "November 20"):
        assert told not in s.text


def test_the_right_order_quoted_beside_another_is_answered() -> None:
    assert reply(f"{ID} came, {OTHER_ID} too. Where is the rest?", "logistics_delay", SENT).template_id != "order-other"


# ---------------------------------------------------------------- what is said


def test_facts_come_with_their_source() -> None:
    s = reply("Where is it?", "logistics_delay", {**SENT, "eta": "2026-11-20", "buyer_name": "Kay"})
    assert s.facts["tracking_id"].source == "order.tracking_id"
    assert s.facts["resolve_by"].source == "now + policy.resolve_hours"
    assert all(fact.value in s.text for fact in s.facts.values())


def test_a_past_date_is_no_promise() -> None:
    s = reply("Where is it?", "logistics_delay", {**SENT, "eta": "2026-11-18"})
    assert "was expected on Wednesday, November 18" in s.text


def test_every_letter_names_its_order_once_it_is_known() -> None:
    for scenario in SCENARIOS:
        assert ID in reply("Please help", scenario, SENT).text


def test_two_asks_are_answered_in_one_letter() -> None:
    order = {**SENT, "eta": "2026-11-20"}
    s = reply("Where is it? And I need an invoice.", "logistics_delay", order, also=("other",))
    assert s.template_id == "delay-late-tracked"
    assert "On your other question: You need an invoice" in s.text
    assert s.text.count("Kind regards") == 1 and s.text_zh.count("此致") == 1
    assert "invoice" in s.missing_facts


def test_a_second_ask_that_does_not_fit_the_limit_is_reported() -> None:
    order = {**SENT, "eta": "2026-11-20"}
    s = reply("Where?", "logistics_delay", order, also=("returns",), policy={"max_characters": 500})
    assert len(s.text) <= 500
    assert "asks for more than is answered: returns" in s.reasons


def test_a_product_of_another_asin_gives_no_facts() -> None:
    known = {"product": {"asin": "B000000002", "manual_steps": "Press A."}}
    assert reply("How?", "usage_help", {"asin": "B000000001"}, **known).template_id == "usage-unknown"
    assert reply("How?", "usage_help", {"asin": "B000000002"}, **known).template_id == "usage-steps"


def test_steps_and_specifications_are_given_as_they_are() -> None:
    s = reply("How?", "usage_help", {"order_id": ID, "manual_steps": "Press SET for 5 seconds.\n2. Let go."})
    assert "1. Press SET for 5 seconds.\n2. Let go." in s.text
    s = reply("What size?", "compatibility_presale", {"product_specs": "Ø 9 cm, 230 V"})
    assert "Ø 9 cm, 230 V." in s.text


def test_texts_of_another_language_are_missing() -> None:
    s = reply("How?", "usage_help", {"manual_steps": {"de": "Drücken."}})
    assert (s.template_id, s.missing_facts) == ("usage-unknown", ("manual_steps",))


def test_a_plain_text_in_a_letter_of_another_language_is_looked_at() -> None:
    s = reply("How?", "usage_help", {"order_id": ID, "manual_steps": "Taste drücken."}, marketplace="DE")
    assert s.status == "review"


def test_contact_outside_is_declined_without_naming_any() -> None:
    s = reply("Where? Call me: 555 0100, or WhatsApp", "logistics_delay", SENT, flags=("contact_off_amazon",))
    assert "in this Amazon conversation" in s.text
    assert "WhatsApp" not in s.text and "555" not in s.text


def test_the_same_input_gives_the_same_reply() -> None:
    assert reply("Broken and torn", "returns", SENT) == reply("Broken and torn", "returns", SENT)


# ---------------------------------------------------------------- how far it can be trusted

PERSON = ["safety_or_injury", "legal_threat", "privacy_request", "abusive_language", "unsupported_language"]


@pytest.mark.parametrize("flag", PERSON)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_person_gets_a_holding_reply_without_money_or_facts(flag: str, scenario: str) -> None:
    order = {**SENT, "order_total": 50, "currency": "USD", "delivered_at": "2026-11-15"}
    s = reply("Give me 50 dollars", scenario, order, flags=(flag,), also=("returns",))
    assert (s.status, s.compensation, s.alternatives) == ("person", None, ())
    assert "November 22" in s.text and "UPS" not in s.text and "$" not in s.text
    assert s.reasons


def test_safety_comes_before_everything_else() -> None:
    s = reply("Burned, my lawyer writes", "returns", SENT, flags=("legal_threat", "safety_or_injury"))
    assert s.template_id == "person-safety" and "911" in s.text
    assert "999" in reply("Burned", "returns", SENT, flags=("safety_or_injury",), marketplace="UK").text


def test_every_marketplace_has_an_emergency_number_and_a_language() -> None:
    for code in marketplaces():
        s = reply("??", "returns", SENT, flags=("safety_or_injury",), language="other", marketplace=code)
        assert s.facts["emergency_number"].value.isdigit() and s.language in LANGUAGES


NOT_READY = [
    ({"sure": False}, "not sure what is asked"),
    ({"flags": ("asks_for_person",)}, "flag asks_for_person"),
    ({"flags": ("review_threat",)}, "flag review_threat"),
    ({"flags": ("suspicious",)}, "flag suspicious"),
]


@pytest.mark.parametrize(("known", "reason"), NOT_READY)
def test_what_is_doubtful_is_for_review(known: dict[str, Any], reason: str) -> None:
    order = {**SENT, "eta": "2026-11-25"}
    assert reply("When does it come?", "logistics_delay", order).status == "ready"
    s = reply("When does it come?", "logistics_delay", order, **known)
    assert s.status == "review" and any(r.startswith(reason) for r in s.reasons)


def test_thanks_alone_needs_no_reply() -> None:
    thanks = {"flags": ("no_reply_needed",)}
    s = reply("All good, thanks!", "other", SENT, **thanks)
    assert (s.status, s.text) == ("no_reply", "")
    assert reply("Thanks! And where is my invoice?", "other", SENT, **thanks).status == "review"
    assert reply("Thanks!", "other", SENT, also=("returns",), **thanks).status != "no_reply"


def test_noise_is_asked_about() -> None:
    assert reply("??? !", "returns", SENT).template_id == "unclear"


@pytest.mark.parametrize("message", ["cancel", "new address please", "I need an invoice"])
def test_what_a_person_must_do_is_never_ready_nor_said_to_be_done(message: str) -> None:
    s = reply(message, "other", {"order_id": ID, "ordered_at": "2026-11-20"})
    assert s.status == "review"
    for done in ("has been", "attached", "we have cancel", "we have changed"):
        assert done not in s.text


# ---------------------------------------------------------------- money

CAPS = [
    (19.99, "USD", "3.99"),  # 3.998 is rounded down
    (36, "EUR", "7.20"),
    (2799, "JPY", "559"),  # no decimals
    (0.04, "USD", None),  # nothing left
]


@pytest.mark.parametrize(("total", "currency", "cap"), CAPS)
def test_the_cap_is_rounded_down(total: float, currency: str, cap: str | None) -> None:
    s = reply(
        "I want something back", "compensation_demand", {"order_id": ID, "order_total": total, "currency": currency}
    )
    assert s.compensation == (Money(Decimal(cap), currency) if cap else None)
    assert ("goodwill" in s.text) == bool(cap)


@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if s != "compensation_demand"])
def test_money_is_offered_only_to_who_asks_for_it(scenario: str) -> None:
    s = reply("Hello, my parcel", scenario, {**SENT, "order_total": 50, "currency": "USD"})
    assert s.compensation is None and "$" not in s.text


NO_MONEY = [
    {"flags": ("review_threat",)},
    {"flags": ("chargeback_or_a_to_z",)},
    {"policy": {"offer_compensation": False}},
    {"policy": {"compensation_share": 0}},
]


@pytest.mark.parametrize("known", NO_MONEY)
def test_no_money_under_a_threat_or_against_the_policy(known: dict[str, Any]) -> None:
    order = {"order_id": ID, "order_total": 50, "currency": "USD"}
    s = reply("Half my money back or one star!", "compensation_demand", order, **known)
    assert s.compensation is None and "$" not in s.text
    assert not re.search(r"(?i)\b(reviews?|stars?|feedback|a-to-z|chargebacks?|bank|dispute)\b", s.text)
    assert all(a.compensation is None for a in s.alternatives)


def test_money_is_always_looked_at() -> None:
    s = reply("Something back?", "compensation_demand", {"order_id": ID, "order_total": 50, "currency": "USD"})
    assert s.status == "review" and "offers money: $10.00" in s.reasons


def test_alternatives_say_something_else() -> None:
    s = reply("Something back?", "compensation_demand", {"order_id": ID, "order_total": 50, "currency": "USD"})
    assert [a.template_id for a in s.alternatives] == ["compensation-instead"]
    assert len({s.text, *(a.text for a in s.alternatives)}) == 1 + len(s.alternatives)


# ---------------------------------------------------------------- time


def test_the_deadline_to_reply_counts_every_hour() -> None:
    friday = datetime(2026, 12, 25, 23, 30, tzinfo=UTC)
    assert reply_by(friday) == friday + timedelta(hours=24)
    assert reply("Hello", "other", SENT).reply_by == NOW + timedelta(hours=24)


ZONES = [
    ("US", "Sunday, November 22, 5:00 AM EST"),
    ("UK", "Sunday 22 November, 10:00"),
    ("AU", "Sunday 22 November, 9:00 pm AEDT"),
]


@pytest.mark.parametrize(("marketplace", "by"), ZONES)
def test_times_are_the_buyers_own(marketplace: str, by: str) -> None:
    assert by in reply("Where is it?", "logistics_delay", SENT, marketplace=marketplace).text


def test_a_promise_is_rounded_down_and_a_naive_time_is_utc() -> None:
    prediction = Prediction("logistics_delay", 0.9)
    naive = suggest("Where?", prediction, order=SENT, marketplace="UK", now=datetime(2026, 11, 21, 10, 59))
    assert "Sunday 22 November, 10:00" in naive.text
    assert naive.reply_by == datetime(2026, 11, 22, 10, 59, tzinfo=UTC)


def test_a_time_zone_moves_the_day() -> None:
    order = {**SENT, "delivered_at": "2026-11-20T23:30:00Z"}
    assert "Saturday 21 November" in reply("Not here", "logistics_delay", order, marketplace="AU").text


# ---------------------------------------------------------------- names, money and days

GREETED = [
    # name, language, marketplace, salutation
    ("Kayla", "en", "US", "Dear Kayla,"),
    ("Mr Smith", "en", "US", "Dear Mr. Smith,"),
    ("MR. JOHN SMITH", "en", "UK", "Dear Mr Smith,"),
    ("Dr. Jane Poe", "en", "UK", "Dear Dr. Jane Poe,"),  # no gender is guessed
    ("Mr and Mrs Poe", "en", "UK", "Hello,"),
    ("O'NEIL, SHAUN", "en", "UK", "Dear Shaun O'Neil,"),
    ("Ｍａｒｉａ　Ｒｏｓｓｉ", "en", "UK", "Dear Maria Rossi,"),
    ("Maria\u200b\u202e Rossi", "en", "UK", "Dear Maria Rossi,"),
    ("佐々木 由美", "en", "UK", "Hello,"),
    ("Иван Петров", "en", "UK", "Hello,"),
    ("A" * 200, "en", "UK", "Hello,"),
    ("Amazon Customer", "en", "UK", "Hello,"),
    ("NaN", "en", "UK", "Hello,"),
    ("K.", "en", "UK", "Hello,"),
    ("xkcdfgh", "en", "UK", "Hello,"),
    ("buyer_4711", "en", "UK", "Hello,"),
    ("anna@example.com", "en", "UK", "Hello,"),
    ("Smith Ltd", "en", "UK", "Hello,"),
    ("{order_id}", "en", "UK", "Hello,"),
    ("Anna 🙂", "en", "UK", "Hello,"),
    ("", "en", "UK", "Hello,"),
]


@pytest.mark.parametrize(("name", "language", "marketplace", "said"), GREETED)
def test_a_buyer_is_greeted_by_name_only_where_it_is_one(name: str, language: str, marketplace: str, said: str) -> None:
    assert greeting(name, language, letter(language, marketplace))[0] == said


MODELS = [
    # message, fits, fits not, answer
    ("Does it fit the Dyson V8?", ["Dyson V8"], [], "yes"),
    ("Does it fit the dyson v-8", ["Dyson V8"], [], "yes"),
    ("Dysson V8?", ["Dyson V8"], [], "yes"),  # a slip in a word
    ("Dyson V9?", ["Dyson V8"], [], "unknown"),  # never in a number
    ("Dyson V80?", ["Dyson V8"], [], "unknown"),
    ("Dyson V8L?", ["Dyson V8"], [], "unknown"),
    ("Dyson V8 Plus?", ["Dyson V8"], ["Dyson V10"], "unknown"),
    ("Dyson V10 or Dyson V8?", ["Dyson V8"], ["Dyson V10"], "unknown"),
    ("Ist es mit NA-VX300に合いますか", ["パナソニック NA-VX300"], [], "yes"),
    ("NA-VX300Lに合いますか", ["パナソニック NA-VX300"], [], "unknown"),
    ("desk 140?", ["Alder desk 140"], [], "unknown"),  # no brand and no type number
    ("x", ["x"], [], "unknown"),
    ("", ["Dyson V8"], [], "unknown"),
]


@pytest.mark.parametrize(("message", "fits", "fits_not", "answer"), MODELS)
def test_a_fit_is_never_guessed(message: str, fits: list[str], fits_not: list[str], answer: str) -> None:
    assert asked_model(message, fits, fits_not)[0] == answer


DAYS = [
    ("en", "US", "Sunday, March 1", "3:30 PM EST"),
    ("en", "GB", "Sunday 1 March", "15:30"),
    ("de", "DE", "Sonntag, 1. März", "15:30"),
    ("fr", "FR", "dimanche 1er mars", "15:30"),
    ("fr", "CA", "dimanche 1er mars", "15 h 30 HNE"),
    ("es", "ES", "domingo 1 de marzo", "15:30"),
    ("it", "IT", "domenica 1 marzo", "15:30"),
    ("ja", "JP", "3月1日(日)", "15:30"),
]


@pytest.mark.parametrize(("language", "country", "day", "time"), DAYS)
def test_days_and_times_are_written_as_in_the_country(language: str, country: str, day: str, time: str) -> None:
    from zoneinfo import ZoneInfo

    moment = datetime(2026, 3, 1, 15, 30, tzinfo=ZoneInfo("America/New_York" if country in ("US", "CA") else "UTC"))
    assert say_day(moment.date(), language, country, False) == day
    assert say_time(moment, language, country) + say_zone(moment, language, country) == time


AMOUNTS = [
    ("1234.5", "EUR", "de", "DE", "1.234,50 €"),
    ("1234.5", "EUR", "fr", "FR", "1 234,50 €"),
    ("1234.5", "GBP", "en", "GB", "£1,234.50"),
    ("1234.5", "MXN", "es", "MX", "$1,234.50"),
    ("1234", "JPY", "ja", "JP", "1,234円"),
]


@pytest.mark.parametrize(("amount", "currency", "language", "country", "said"), AMOUNTS)
def test_money_is_written_as_in_the_country(amount: str, currency: str, language: str, country: str, said: str) -> None:
    assert say_money(amount, currency, language, country) == said


def test_sellers_texts_are_cleaned() -> None:
    assert clean_text("Ａ－１\u200b {x} <br>230 V", "en") == "A-1 (x) 230 V"
    assert product_name("x" * 300, "en") is not None and len(product_name("x y " * 99, "en") or "") <= 70
    assert body_text("额定电压 220V", "en") is None
    assert body_text("定格電圧 100V", "ja") == "定格電圧 100V"
    assert numbered("1) A 2\n- B") == "1. A 2\n2. B"


# ---------------------------------------------------------------- policy and bad input

WRONG = [
    ({"order": {"colour": "red"}}, "Order has no field 'colour'"),
    ({"order": {"order_total": "a lot"}}, "Order.order_total: cannot read 'a lot'"),
    ({"order": {"currency": "XYZ"}}, "Order.currency"),
    ({"order": {"eta": "tomorrow"}}, "Order.eta"),
    ({"order": "302"}, "Order wants a dict"),
    ({"marketplace": "XX"}, "Unknown marketplace 'XX'"),
    ({"policy": {"resolve_hour": 1}}, "Policy has no setting 'resolve_hour'. Known: resolve_hours"),
    ({"policy": {"resolve_hours": 0}}, "Policy.resolve_hours: 0; wanted: whole hours from 1 to 336."),
    ({"policy": {"compensation_share": "20 %"}}, "wanted: a share between 0 and 1"),
    ({"policy": {"sign_off": "{x}"}}, "wanted: text without braces"),
    ({"policy": {"zone": "Shanghai"}}, "wanted: an IANA time zone"),
    ({"policy": 3}, "Policy wants a dict"),
]


@pytest.mark.parametrize(("known", "said"), WRONG)
def test_wrong_input_is_named(known: dict[str, Any], said: str) -> None:
    order = known.pop("order", {})
    with pytest.raises(InputError) as error:
        reply("Hello", "other", order, **known)
    assert said in str(error.value)


def test_a_policy_file_is_read_and_a_missing_one_is_the_default(tmp_path: Any) -> None:
    path = tmp_path / "henji.toml"
    assert read_policy(path) == Policy()
    path.write_text('[policy]\nshop_name = "Lumora"\ncompensation_share = 0.1\n', encoding="utf-8")
    policy = read_policy(path)
    assert policy.compensation_share == Decimal("0.1")
    assert reply("Hello", "other", SENT, policy=policy).text.endswith("Kind regards,\nLumora")
    path.write_text("[policy\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"Cannot read henji\.toml"):
        read_policy(path)


@settings(max_examples=150, deadline=None)
@given(
    message=st.text(st.characters(), max_size=300),
    name=st.text(st.characters(), max_size=60),
    scenario=st.sampled_from(SCENARIOS),
    flags=st.sets(st.sampled_from(FLAGS), max_size=3),
    order=st.dictionaries(
        st.sampled_from(
            ["order_id", "carrier", "tracking_id", "product_name", "product_specs", "manual_steps", "invoice"]
        ),
        st.text(st.characters(), max_size=80),
    ),
)
def test_any_text_gives_a_whole_reply(
    message: str, name: str, scenario: str, flags: set[str], order: dict[str, str]
) -> None:
    s = reply(message, scenario, {**order, "buyer_name": name}, flags=tuple(sorted(flags)))
    assert bool(s.text) != (s.status == "no_reply")
    assert not any(mark in s.text for mark in "{}\x00\u200b")
    s.text.encode("utf-8")


def test_a_message_of_a_megabyte_is_answered_at_once() -> None:
    import time

    start = time.perf_counter()
    reply("1234567 " * 131_072, "returns", {**SENT, "buyer_name": "a" * 10**6, "product_name": "b c" * 10**5})
    assert time.perf_counter() - start < 2
