"""What the check finds in whole replies, beside the order, and what hostile text does to it: nothing."""

import json
import re
import time
from datetime import date

import pytest

from messages import InputError, Order
from suggest.tone import Case, Earlier, Said, check, pipeline
from suggest.tone.learn import LEARNT, made_from
from suggest.tone.likeness import FILE, courting, likeness, reasons, reassuring
from suggest.tone.reading import FARTHEST, Reading, fold, words_in
from suggest.tone.rules import FOLDER, LANGUAGES, read_toml

ORDER = Order.of({"order_id": "302-1234567-1234567", "order_total": "49.90", "currency": "EUR", "carrier": "DHL"})
ID = "302-1234567-1234567"
TOO_MUCH = {"over_compensation", "missing_goodwill_statement"}
GOODWILL = " a goodwill gesture without admission of liability."


def categories(text, language="en", order=ORDER, **known):
    return {f.category for f in check(text, language=language, order=order, **known) if f.severity != "hint"}


# a reply, what is known beside it, the right findings, why
REPLIES = [
    ("en", f"Order {ID} left today and arrives on Tuesday.", {}, set(), "states what is done and when"),
    ("en", "The cable is 2 m long.", {"order": Order()}, set(), "pre-sale: there is no order to name"),
    ("en", "Your refund was issued today.", {}, {"missing_order_id"}, "an order, but no id"),
    ("en", "Your refund was issued today.", {"order": None}, set(), "the order is not known: not asked"),
    ("en", "Order 302-1234567-7654321 left today.", {}, {"wrong_order_id"}, "another order"),
    (
        "en",
        f"Order {ID}: you get 10 € back today,{GOODWILL}",
        {"order": Order.of({"order_id": ID})},
        {"over_compensation"},
        "the total is not known",
    ),
    ("en", f"Order {ID}: we sent 9.98 € back today,{GOODWILL}", {}, set(), "20 % of 49.90, to the cent"),
    ("en", f"Order {ID}: we sent 9.99 € back today,{GOODWILL}", {}, {"over_compensation"}, "one cent more"),
    ("en", f"Order {ID}: as last month we sent 4 € back today,{GOODWILL}", {}, {"over_compensation"}, "once per order"),
    (
        "es",
        f"Pedido {ID}: dé un cuarto de vuelta y le devolvemos hoy 49,90 €.",
        {},
        set(),
        "a turn of a screw, no share",
    ),
    ("en", f"Order {ID}: the cover unzips at the back.", {}, set(), "a brief answer gives the fact that was asked for"),
    ("en", f"Order {ID}: thank you for rating the return; refund 49.90 €.", {}, set(), "a rating of no product"),
    (
        "en",
        f"Order {ID}: we sent 4 € back today,{GOODWILL}",
        {"compensation_share": "0.05"},
        {"over_compensation"},
        "the seller allows 5 %",
    ),
    (
        "ja",
        f"ご注文番号{ID}につきまして、本日560円を返金いたしました。弊社の厚意によるもので、責任を認めるものではございません。",
        {"order": Order.of({"order_id": ID, "order_total": "2799", "currency": "JPY"})},
        {"over_compensation"},
        "559 yen: no half yen",
    ),
    ("de", f"Bestellung {ID} ist da: https://www.dhl.de/paket", {}, {"external_link"}, "a carrier's page"),
    (
        "de",
        f"Bestellung {ID} ist da: https://www.dhl.de/paket",
        {"allowed_links": ("dhl.de",)},
        set(),
        "allowed by the seller",
    ),
    ("en", f"Order {ID} is here: amazon.com.evil.shop/login", {}, {"external_link"}, "Amazon's name, another domain"),
    ("en", f"Order {ID} left today. {'It is well packed. ' * 60}", {}, {"too_long"}, "over 1000 characters"),
    ("en", f"Order {ID} left today. {'It is well packed. ' * 60}", {"max_characters": 2000}, set(), "a longer channel"),
    ("fr", f"Commande {ID} : tu peux garder le câble.", {}, {"form_of_address"}, "tu to a customer"),
    (
        "it",
        f"Ordine {ID}: l'offerta è valida oggi. Your parcel was sent to the address that you gave us.",
        {},
        {"wrong_language"},
        "one sentence",
    ),
    (
        "ja",
        f"ご注文番号{ID}は本日発送いたしました。감사합니다 고객님 좋은 하루 되세요.",
        {},
        {"wrong_language"},
        "Korean",
    ),
    ("de", f"Bestellung {ID} kommt mit UPS am 3. Mai.", {}, {"unsupported_claim"}, "the order says DHL"),
    ("de", f"Bestellung {ID}: Das Retourenetikett von UPS liegt bei.", {}, set(), "not how it was sent"),
    (
        "en",
        f"Order {ID} arrives on 3 May.",
        {"order": Order.of({"order_id": ID, "shipped_at": "2026-05-04"})},
        {"unsupported_claim"},
        "before it was shipped",
    ),
    (
        "en",
        f"Order {ID} arrives on 2 January.",
        {"order": Order.of({"order_id": ID, "shipped_at": "2026-12-30"})},
        set(),
        "next year",
    ),
    (
        "en",
        f"Order {ID}: the last scan is of 3 May, it arrives on 9 May.",
        {"order": Order.of({"order_id": ID, "eta": "2026-05-09"})},
        set(),
        "when it was seen, not when it comes",
    ),
    (
        "fr",
        f"La dernière mise à jour du suivi de la commande {ID} date du 3 mai ; elle arrive le 9 mai.",
        {"order": Order.of({"order_id": ID, "eta": "2026-05-09"})},
        set(),
        "when it was seen, in another language",
    ),
    (
        "ja",
        f"ご注文番号{ID}は5月3日にお届けの予定でしたが、大雪により遅れております。5月9日に到着いたします。",
        {"order": Order.of({"order_id": ID, "eta": "2026-05-09"})},
        set(),
        "when it should have come",
    ),
    (
        "en",
        f"Order {ID} arrives on 3 May.",
        {"order": Order.of({"order_id": ID, "shipped_at": "2026-05-04T01:00:00Z"})},
        set(),
        "still the 3rd in America",
    ),
    (
        "en",
        f"Order {ID}: your parcel has the number 0415 555 0132, call up the tracking with it today.",
        {"order": Order.of({"order_id": ID, "tracking_id": "04155550132"})},
        set(),
        "the tracking number of the order is no phone",
    ),
    (
        "de",
        f"Bestellung {ID}: Vorige Woche haben wir 4,00 € erstattet, heute überweisen wir noch einmal 3,00 €."
        " Das ist eine Geste; ein Zugeständnis in der Haftungsfrage liegt darin nicht.",
        {},
        {"over_compensation"},
        "below the cap, but the second one",
    ),
    (
        "es",
        f"Pedido {ID}: hoy le devolvemos los 49,90 € íntegros y puede quedarse la lámpara.",
        {},
        set(),
        "the price is a remedy, and keeping it is no sum",
    ),
    (
        "it",
        f"Ordine {ID}: oggi le rimborsiamo 5,00 € e la lampada resta a lei. È un gesto di cortesia,"
        " senza ammissione di responsabilità.",
        {"order": Order.of({"order_id": ID})},
        {"over_compensation"},
        "a part, of a total that is not known",
    ),
    (
        "en",
        f"Order {ID} left today. A few kind words on the listing page, please. Then a surprise is on its way to you.",
        {},
        {"review_manipulation"},
        "the reward stands in the sentence after the hint",
    ),
    ("en", "Order today and I return 5 € to you afterwards.", {"order": Order()}, TOO_MUCH, "money before a purchase"),
    ("de", "Der Deckel kostet 5 € weniger als im Mai.", {"order": Order()}, set(), "a price before a purchase"),
    ("fr", f"{ID} : vos 49,90 € sont sur votre carte depuis lundi.", {}, set(), "the whole price, back on the card"),
    (
        "fr",
        f"{ID} : vos 49,90 € sont sur votre carte depuis lundi.",
        {"order": Order.of({"order_id": ID})},
        set(),
        "of a total that is not known a refund may be the whole",
    ),
    ("en", f"Order {ID}: see www.amazon.com/manual.", {"scenario": "usage_help"}, {"link_only"}, "a link and no step"),
    ("en", f"Order {ID}: press SET; more on www.amazon.com/manual.", {"scenario": "usage_help"}, set(), "a step"),
]


@pytest.mark.parametrize(
    "language, text, known, wanted, why", REPLIES, ids=lambda v: v[:30] if isinstance(v, str) else ""
)
def test_a_reply_gets_the_findings_that_belong_to_it(language, text, known, wanted, why):
    from decimal import Decimal

    if "compensation_share" in known:
        known = known | {"compensation_share": Decimal(known["compensation_share"])}
    assert categories(text, language, **{"order": ORDER} | known) == wanted, why


# the same promise with and without a bound, per language; a day in the past bounds nothing
PROMISES = [
    ("en", "We will get back to you{}.", " by Friday", " about your message of 3 May"),
    ("de", "Wir melden uns{} bei Ihnen.", " bis Freitag", " wegen Ihrer Nachricht vom 3. Mai"),
    ("fr", "Nous reviendrons vers vous{}.", " avant vendredi", " pour votre message du 3 mai"),
    ("es", "Le informaremos{}.", " antes del viernes", " sobre su mensaje del 3 de mayo"),
    ("it", "La terremo aggiornata{}.", " entro venerdì", " sul suo messaggio del 3 maggio"),
    ("ja", "{}ご連絡いたします。", "5月3日までに", "5月3日にいただいた件で、"),
]


@pytest.mark.parametrize("language, promise, bound, past", PROMISES, ids=lambda v: v if len(v) == 2 else "")
def test_a_promise_is_open_until_its_clause_has_a_bound_that_lies_ahead(language, promise, bound, past):
    def is_open(text):
        return "vague" in categories(text, language, order=None)

    assert (is_open(promise.format("")), is_open(promise.format(bound)), is_open(promise.format(past))) == (
        True,
        False,
        True,
    )


def test_a_then_after_a_bounded_sentence_is_bounded_and_alone_is_not():
    assert "vague" not in categories("DHL answers by Friday. Then we will let you know.", order=None)
    assert "vague" in categories("Then we will let you know.", order=None)


def test_findings_stand_in_the_order_of_the_text_and_point_into_it_as_given():
    text = "Hi\u200b Bo, he\u200blp@cosyhome.com or ｃａｌｌ　ｍｅ ﾃｽﾄ. Naïve: cafe\u0301 soon!"
    found = check(text, language="en", order=None)
    assert [f.start for f in found] == sorted(f.start for f in found)
    assert all(f.text == text[f.start : f.end] for f in found)
    assert {"he\u200blp@cosyhome.com", "ｃａｌｌ　ｍｅ"} <= {f.text for f in found}


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC"])
def test_composed_and_decomposed_letters_are_read_alike(form):
    import unicodedata

    text = unicodedata.normalize(form, "Nous vous répondrons dès que possible, très chère cliente.")
    assert "vague" in categories(text, "fr", order=None)


def test_the_rewrite_holds_the_sellers_own_deadline():
    (found,) = [
        f for f in check("We will try our best, order 1.", language="en", resolve_hours=12) if f.category == "vague"
    ]
    assert found.instead == "We will give you a full answer within 12 hours."
    assert found.message_zh and found.source == "seller guide"


def test_an_unknown_language_is_an_error_that_names_the_known_ones():
    with pytest.raises(InputError, match="No rules for language 'sv'"):
        check("Hej", language="sv")


@pytest.mark.parametrize("language", ["de", "ja"])
def test_the_spacy_pipeline_says_the_same(language):
    text = {"de": "Wir melden uns in Kürze.", "ja": "近日中にお送りいたします。"}[language]
    doc = pipeline(language)(text)
    assert doc.user_data["findings"] == check(text, language=language)
    assert {span.label_ for span in doc.spans["tone"]} <= {f.rule for f in doc.user_data["findings"]}


def test_the_same_letter_to_two_buyers_is_a_near_duplicate_and_another_letter_is_not():
    orders = [
        Order.of({"buyer_name": n, "product_name": p})
        for n, p in (("Ann", "red lamp"), ("Bob", "blue fan"), ("Cy", "mat"))
    ]
    batch = [
        "Hi Ann, the red lamp left today. It arrives on 3 May. Ann, keep the box.",
        "Hi Bob, the blue fan left today. It arrives on 9 June. Bob, keep the box.",
        "Hi Cy, hold SET for 3 seconds. The light turns green.",
    ]
    cases = [Case(Reading.of(text, "en"), order=order) for text, order in zip(batch, orders, strict=True)]
    earlier = Earlier()
    found = [earlier.findings(Said.of(f"row {n}", case), case.reading.text) for n, case in enumerate(cases, 1)]
    assert [[(row, f.category) for row, f in each] for each in found] == [[], [("row 1", "near_duplicate")], []]


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_that_readers_of_likeness_learnt_from_are_found_and_clean_ones_are_not(language):
    written = read_toml(FOLDER / "likeness.toml")[language]
    found = {
        kind: [any(f.category in LEARNT for f in check(said, language=language)) for said in sentences]
        for kind, sentences in written.items()
    }
    assert sum(found["clean"]) == 0
    for kind in LEARNT:
        assert sum(found[kind]) >= 0.9 * len(found[kind])


def test_a_sentence_that_sounds_like_comfort_is_one_with_few_facts():
    warm, fact = (
        "we live for the smiles of our buyers and never rest",
        "the lid was cut to 12 cm and fits the small pan",
    )
    assert likeness(warm, "en", "generic_reassurance") > 0 > likeness(fact, "en", "generic_reassurance")
    assert reasons(warm, "en", "generic_reassurance", 3)


def test_the_readers_of_likeness_were_made_from_the_sentences_beside_them():
    made = json.loads(FILE.read_text(encoding="utf-8"))["made_from"]
    assert made == made_from(), "likeness.toml has changed: run `python -m suggest.tone.learn`"


WARM = {  # both readers must read it: words of warmth and of reviews, no number
    "en": "the joy \udfff of our buyers and their review ",
    "de": "die freude \udfff unserer kunden und ihre bewertung ",
    "fr": "la joie \udfff de nos clients et leur avis ",
    "es": "la alegria \udfff de los clientes y su opinion ",
    "it": "la gioia \udfff dei clienti e la loro recensione ",
    "ja": "お客様の笑顔\udfffと評価が",
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("end", ["", ". ", "。", "\n"])
def test_readers_of_likeness_take_twice_the_time_for_twice_the_text(language, end):
    def seconds(letters):
        said = WARM[language] + end
        case = Case(Reading.of(said * (letters // len(said)), language), order=ORDER)
        assert "reviewish" in case.occurring
        begun = time.process_time()
        assert all(a <= b for look in (reassuring, courting) for a, b in look(case))
        return time.process_time() - begun

    once, twice = (min(seconds(n) for _ in range(2)) for n in (50_000, 100_000))
    assert twice < 3 * once + 0.05
    assert seconds(1_000_000) < 2


HOSTILE = [
    "",
    " ",
    "\n" * 5000,
    "\x00\x01",
    "\ud800",
    "soon \udfff soon",
    "😊" * 5000,
    "\u202e\u200b" * 3000,
    "مرحبا بكم " * 500,
    "(" * 20000,
    "[" * 20000,
    "<" * 20000,
    "&#" * 9000,
    "a@" * 9000,
    "a." * 9000,
    "0 " * 9000,
    "5-" * 9000,
    "o1" * 9000,
    "soon " * 4000,
    "we will " * 3000,
    "dot com " * 3000,
    "12.1." * 4000,
    "\"'" * 9000,
    "“" * 9000,
    "「" * 9000,
    "e\u0301" * 9000,
    "\u0301" * 20000,
    "review " * 3000,
    "five stars " * 2000,
    "$5 off " * 3000,
    "、" * 9000,
    "申" * 9000,
    "ー" * 9000,
    "not " * 5000,
]


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "it", "ja"])
def test_no_text_makes_the_check_fail_and_none_makes_it_slow(language):
    for text in HOSTILE:
        begun = time.process_time()
        for f in check(text, language=language, order=ORDER):
            assert f.text == text[f.start : f.end]
        assert time.process_time() - begun < 2, f"{text[:20]!r} in {language}"


def test_a_megabyte_is_cut_and_the_finding_says_that_it_is_too_long():
    begun = time.process_time()
    assert "too_long" in categories("We will try our best. " * 50_000)
    assert time.process_time() - begun < 2


def test_a_day_can_be_given_without_a_time():
    order = Order(order_id=ID, eta=date(2026, 5, 9))
    assert categories(f"Order {ID} arrives on 7 May.", order=order) == {"unsupported_claim"}


FAMILIAR = {  # an imperative at the head of a sentence, and a noun or a form of the third person that looks like it
    "de": ("Drück die Taste zweimal.", "Der Druck ist zu hoch; bitte halten Sie die Du-Taste."),
    "fr": ("Appuie sur la touche.", "La touche appuie sur le ressort ; appuyez deux fois."),
    "es": ("Pulsa el botón.", "El motor pulsa cuando usted abre la tapa."),
    "it": ("Premi il tasto.", "Il concorso ha tre premi; prema il tasto."),
}


@pytest.mark.parametrize("language", FAMILIAR)
def test_an_imperative_of_the_familiar_form_is_found_at_the_head_of_a_sentence_only(language):
    familiar, polite = ({f.category for f in check(said, language=language)} for said in FAMILIAR[language])
    assert "form_of_address" in familiar
    assert "form_of_address" not in polite


def test_a_sentence_without_end_is_read_only_so_far():
    reading = Reading.of("soon " * 4000, "en")
    start, end = reading.sentence_at(10_000)
    assert (start, end) == (10_000 - FARTHEST, 10_000 + FARTHEST)


def test_a_western_text_is_folded_by_the_table_as_it_is_letter_by_letter():
    for code in set(range(256)) - {0x81, 0x8D, 0x8F, 0x90, 0x9D}:
        char = bytes([code]).decode("cp1252")
        assert Reading.of(char, "en").is_western or char == "\u00ad"
        assert Reading.of(f"a{char}b", "en").plain in (fold(f"a{char}b"), "ab")
    assert not Reading.of("ł", "en").is_western


@pytest.mark.parametrize(
    "said", ["it's o'clock, rock'n'roll", "'so' m_s x2y a.b", "l'appareil qu'il a", "é'a b'é", "''"]
)
def test_words_are_cut_in_plain_letters_as_in_any(said):
    assert words_in(said) == re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", said)
