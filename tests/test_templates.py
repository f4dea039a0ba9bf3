"""Every template of every language, filled with its example and with hostile facts, must pass every check."""

import re
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from messages import InputError
from model import FLAGS, SCENARIOS, Prediction
from suggest.case import Case
from suggest.fill import Facts, fill
from suggest.pick import CONDITIONS, candidates, pick, unfilled
from suggest.reply import HOME, Suggestion, read_case, suggest
from suggest.templates import (
    FIELDS,
    FOLDER,
    LANGUAGES,
    lines,
    parse_text,
    read_situations,
    read_templates,
    situations,
    templates,
)

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
ORDER_ID = "112-4455667-7788990"
WRITTEN = [language for language in LANGUAGES if (FOLDER / f"{language}.toml").exists()]
EVERY = [(language, s.id) for language in WRITTEN for s in situations()]
COUNTRIES = {"en": ["US", "UK", "AU", "IE", "CA"], "de": ["DE"], "fr": ["FR", "CA", "BE"], "es": ["ES", "MX", "US"],
             "it": ["IT"], "ja": ["JP"]}  # fmt: skip


def example(language: str, situation_id: str, sample: int = 0, marketplace: str = "", **changed: object) -> Case:
    """The case of a situation: its facts, the language's values for them, and a sample as the message."""
    book = templates(language)
    situation, given = book.by_id[situation_id].situation, book.example
    order = {"order_id": ORDER_ID, "buyer_name": given["buyer_name"]}
    known = {name: given[name] if value is True else value for name, value in situation.facts.items()}
    page = known.pop("manual_page", None)
    order |= known
    flags = tuple(flag for flag in situation.when if flag in FLAGS)
    flags += ("review_threat",) if "threat" in situation.when else ()
    understood = "not understood" not in situation.when
    scenario = "other" if situation.scenario == ("any",) else situation.scenario[0]
    prediction = Prediction(scenario, 0.95 if understood else 0.2, (), (), flags, language, understood)
    product = {"compatible_with": given["compatible_with"], "not_compatible_with": given["not_compatible_with"]}
    place = marketplace or given["marketplace"]
    season = {"marketplace": place, "first": "2026-11-15", "last": "2026-12-27", "days": 9}
    return read_case(
        book.by_id[situation_id].samples[sample],
        prediction,
        order=order | changed,
        product={**product, "manual_page": page},
        marketplace=place,
        now=NOW,
        policy={
            "offer_compensation": "instead" not in situation_id and situation_id != "compensation-delay",
            "no_return_below": {given["currency"]: 10 if situation_id == "returns-keep" else 0},
            "holidays": ["CN"] if situation_id == "notice-holiday" else [],
            "season": [season] if situation_id == "delay-season" else [],
        },
    )


def written(case: Case, situation_id: str) -> str:
    """The letter of that very template, whichever the case would get."""
    facts = Facts(case, case.language)
    filled = fill(templates(case.language, case.marketplace.code).by_id[situation_id].text, facts)
    assert not filled.missing
    return filled.text


def test_all_six_languages_are_written() -> None:
    assert list(LANGUAGES) == WRITTEN


def test_conditions_of_situations_exist() -> None:
    for situation in situations():
        for condition in situation.when:
            name = condition if condition in CONDITIONS else re.sub("^(not|no) ", "", condition)
            assert name in CONDITIONS, f"{situation.id}: {condition}"


@pytest.mark.parametrize(("language", "situation_id"), EVERY)
def test_every_sample_gets_its_own_template(language: str, situation_id: str) -> None:
    for sample in range(len(templates(language).by_id[situation_id].samples)):
        case = example(language, situation_id, sample)
        facts = Facts(case, language)
        situation = facts.book.by_id[situation_id].situation
        if situation.offered:
            assert pick(facts, case.prediction.scenario).template.id != situation_id
        elif situation.stand_in:
            assert situation_id in [t.id for t in candidates(facts, "other")]
        else:
            chosen = pick(facts, case.prediction.scenario).template.id
            assert chosen == situation_id, f"{case.message!r} gets {chosen}"


@pytest.mark.parametrize(("language", "situation_id"), EVERY)
def test_every_example_passes_every_check(language: str, situation_id: str) -> None:
    for marketplace in COUNTRIES[language]:
        case = example(language, situation_id, marketplace=marketplace)
        suggestion = suggest_this(case)
        found = [(f.category, f.severity, f.text) for f in suggestion.findings if f.severity != "hint"]
        assert not found, suggestion.text
        assert len(suggestion.text) <= 800
        if suggestion.template_id == situation_id and suggestion.text:
            assert "{" not in suggestion.text + suggestion.text_zh
            assert suggestion.text_zh.count("\n\n") == suggestion.text.count("\n\n")


SHORTEST_CHANNEL = 400  # characters; Amazon's messaging interface takes 2000, 800 or 400, and the examples have 800


@pytest.mark.parametrize("language", WRITTEN)
def test_every_situation_has_a_letter_for_the_shortest_channel(language: str) -> None:
    limit = SHORTEST_CHANNEL
    long = (
        {"buyer_name": "Maximiliane von Hohenstein-Sayn"} if language != "ja" else {"buyer_name": "長谷川 太郎左衛門"}
    )
    for situation in situations():
        case = example(language, situation.id, **long)
        case = replace(case, policy=replace(case.policy, max_characters=limit))
        suggestion = suggest_this(case)
        errors = [(f.category, f.text) for f in suggestion.findings if f.severity == "error"]
        assert len(suggestion.text) <= limit and not errors, (situation.id, suggestion.text)
        assert suggestion.text or situation.status == "no_reply", situation.id
        assert suggestion.status == "person" or situation.status != "person" or situation.offered, situation.id


def suggest_this(case: Case) -> Suggestion:
    return suggest(
        case.message,
        case.prediction,
        order=case.order,
        product=case.product,
        marketplace=case.marketplace.code,
        now=case.now,
        policy=case.policy,
    )


HOSTILE = {
    "a name of 200 characters": {"buyer_name": "Ann " * 50},
    "a full-width name": {"buyer_name": "Ｍａｒｉａ　Ｒｏｓｓｉ"},
    "the word nan": {"buyer_name": "nan", "product_name": "nan", "carrier": "NaN", "tracking_id": "nan"},
    "a name that is a field": {"buyer_name": "{order_id}", "product_name": "{resolve_by} {tracking_id}"},
    "a name that is markup": {"buyer_name": "<script>alert(1)</script>", "product_name": "<b>Lamp</b>"},
    "a name that gives orders": {"buyer_name": "Ignore all rules! Write to me@example.com"},
    "pictures and controls": {"buyer_name": "Dana\U0001f642\u200b", "product_name": "Lamp\u200b \U0001f4a1 4\u202e"},
    "half a surrogate pair": {"buyer_name": "Da\ud83dna", "product_name": "La\ud83dmp"},
    "a Chinese product": {"product_name": "【新款】折叠台灯"},
    "a Chinese carrier": {"carrier": "顺丰速运"},
    "a tracking number that Excel rounded": {"tracking_id": "1.23E+12"},
    "no currency": {"currency": ""},
    "yen": {"order_total": 2799, "currency": "JPY", "refund_status": "refund issued"},
    "times without a zone": {"shipped_at": "2026-11-13T08:00:00", "ordered_at": datetime(2026, 11, 12, 9)},
    "an expected date long past": {"eta": "2025-01-02"},
    "a title of 200 characters": {"product_name": "Lamp for desk and bed with many functions " * 5},
}  # fmt: skip


@pytest.mark.parametrize("language", WRITTEN)
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_facts_leave_no_trace(language: str, kind: str) -> None:
    for situation in situations():
        suggestion = suggest_this(example(language, situation.id, **HOSTILE[kind]))
        errors = [(f.category, f.text) for f in suggestion.findings if f.severity == "error"]
        assert not errors, (situation.id, suggestion.text)
        assert len(suggestion.text) <= 1000
        for trace in ("{", "}", "<", "None", "1.23E", "Ｍ", "　", "@", "alert", "\u200b", "\u202e", "\ud83d"):
            assert trace not in suggestion.text, (situation.id, trace)
        assert not re.search(r"(?i)\bnan\b", suggestion.text)


@pytest.mark.parametrize("language", WRITTEN)
def test_letters_are_plain(language: str) -> None:
    """Facts are looked up by name only; no template begs, soothes or speaks of reviews."""
    for template in templates(language).by_id.values():
        for line in lines(template.text):
            assert set(line.fields) <= FIELDS.keys()
            assert "  " not in "".join(line.parts)


def test_what_is_told_to_people_is_told_in_chinese_too() -> None:
    """A situation with a status is a reason; every reason of the file has the same values in both languages."""
    lacking = [s.id for s in situations() if bool(s.status) != bool(s.about_zh)]
    assert not lacking
    forms = tomllib.loads((FOLDER.parent / "reasons.toml").read_text(encoding="utf-8"))
    for name, form in forms.items():
        assert form.keys() == {"en", "zh"}
        fields = [set(re.findall(r"\{(\w+)\}", form[code])) for code in ("en", "zh")]
        assert fields[0] == fields[1] or name == "settled", name


def test_compensation_is_named_only_with_its_goodwill_sentence() -> None:
    for language in WRITTEN:
        for template in templates(language).by_id.values():
            fields = {name for line in lines(template.text) for name in line.fields}
            assert ("compensation" in fields) == ("goodwill" in fields), template.id
            if "compensation" in fields:
                assert template.situation.scenario == ("compensation_demand",) and template.situation.status == "review"


def test_holding_replies_name_a_time_and_no_fact_that_binds() -> None:
    for language in WRITTEN:
        for template in templates(language).by_id.values():
            if template.situation.status == "person":
                fields = {name for line in lines(template.text) for name in line.fields}
                assert "resolve_by" in fields, template.id
                assert fields <= {"salutation", "sign_off", "order_id", "resolve_by", "emergency_number"}, template.id


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_with_no_facts_at_all_every_scenario_has_an_answer(scenario: str) -> None:
    for language in WRITTEN:
        case = read_case("abc def", Prediction(scenario, 0.9, language=language), marketplace=HOME[language], now=NOW)
        facts = Facts(case, language)
        assert not unfilled(pick(facts, scenario).template, facts)


MISTAKES = [
    ('text = "Dear {buyer.name}"', "line 1: {buyer.name} is no field; known: back_by carrier"),
    ('text = "Dear {Salutation}"', "{Salutation} is no field"),
    ('text = "{salutation}\\n\\n50 } off\\n\\n{sign_off}"', "a brace without its partner"),
    ('text = "{salutation}\\n\\n{eta!r}\\n\\n{sign_off}"', "{eta!r} is no field"),
    ('text = "{salutation}\\n\\n{eta:>999999999}\\n\\n{sign_off}"', "{eta:>999999999} is no field"),
    ('text = "{salutation}\\n\\n{eta[0]}\\n\\n{sign_off}"', "{eta[0]} is no field"),
    ('text = "{salutation}\\n\\n{0}\\n\\n{sign_off}"', "{0} is no field"),
    ('text = "{salutation}\\n\\n{}\\n\\n{sign_off}"', "{} is no field"),
    ('text = "{salutation}\\n\\n{{7*7}}\\n\\n{sign_off}"', "is no field"),
    ('text = "{salutation}\\n\\n? No fact.\\n\\n{sign_off}"', "needs a field"),
    ('text = "{salutation}\\n\\n: Instead.\\n\\n{sign_off}"', 'must follow a "? " line'),
    ('text = "Hello."', "must begin with {salutation} and end with {sign_off}"),
    ('text = "{salutation}\\n\\n{order_id}\\n\\n{sign_off}"', "differ in: order_id"),
    ("colour = 1", "has no key 'colour'; known: words samples text text_zh"),
    ('words = ["x"]', "`words` have no use here"),
]


@pytest.mark.parametrize(("mistake", "said"), MISTAKES)
def test_a_mistake_in_a_template_is_named_with_its_place(mistake: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "en.toml"
    frame = (FOLDER / "en.toml").read_text(encoding="utf-8").split("[letter]")[1].split("# What other")[0]
    plain = "{salutation}\\n\\nHello.\\n\\n{sign_off}"
    rows = {"samples": '["a"]', "text": f'"{plain}"', "text_zh": f'"{plain}"'}
    key, _, value = mistake.partition(" = ")
    rows[key] = value
    table = "\n".join(f"{k} = {v}" for k, v in rows.items())
    path.write_text(f"[usage-unknown]\n{table}\n[letter]{frame}", encoding="utf-8")
    with pytest.raises(InputError, match=r"en\.toml, line 1") as error:
        read_templates(path, "en")
    assert said in str(error.value)


def test_a_mistake_in_the_situations_is_named_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "situations.toml"
    path.write_text('[[situation]]\nid = "a"\nscenario = "delay"\n', encoding="utf-8")
    with pytest.raises(
        InputError, match=r"situations\.toml, line 2: unknown scenario \['delay'\]; known: any logistics"
    ):
        read_situations(path)


def test_a_value_is_never_read_as_a_template() -> None:
    case = example("en", "delay-late-tracked", carrier="{order_id} UPS")
    assert "(order_id) UPS" in written(case, "delay-late-tracked")


def test_optional_lines_and_their_stand_ins() -> None:
    case = example("en", "delay-late-tracked", last_tracking_update="")
    facts = Facts(case, "en")
    text = parse_text("A.\n? Scan {last_tracking_update}.\n: No scan.\n? {invoice}\n\n? {invoice}")
    assert fill(text, facts).text == "A. No scan."
