"""Every signal proves itself by its own sentences; the rest of this file holds what a message as a whole decides."""

import time
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messages import SUPPORTED_LANGUAGES, InputError
from model.scenarios import FLAGS
from model.signals import FLAGS_BY_PHRASE, FOLDER, Signal, find_flags, finder, read_signals

MIN_FLAGGED, MIN_CLEAN = 8, 6
PROOFS = [(code, signal) for code in SUPPORTED_LANGUAGES for signal in finder(code).signals]
NAMES = [f"{code}-{signal.id}" for code, signal in PROOFS]
KINDS = tomllib.loads(Path(__file__).with_name("kinds_of_flags.toml").read_text(encoding="utf-8"))


def hits(sentence: str, code: str, flag: str) -> set[tuple[str, str]]:
    """(signal, phrase) of this flag in the sentence."""
    signals = finder(code).signals
    return {(signals[n].id, phrase) for n, phrase in finder(code).found(sentence) if signals[n].flag == flag}


@pytest.mark.parametrize(("code", "signal"), PROOFS, ids=NAMES)
def test_flagged_sentences_are_flagged_and_near_misses_are_not(code: str, signal: Signal) -> None:
    assert not [s for s in signal.flagged if not hits(s, code, signal.flag)]
    assert not [(s, found) for s in signal.clean if (found := hits(s, code, signal.flag))]


@pytest.mark.parametrize(("code", "signal"), PROOFS, ids=NAMES)
def test_a_deleted_phrase_fails_the_sentence_that_needed_it(code: str, signal: Signal) -> None:
    alone = [found for s in signal.flagged if len(found := hits(s, code, signal.flag)) == 1]
    assert not {(signal.id, phrase) for phrase in signal.phrases} - set().union(*alone)


@pytest.mark.parametrize("code", SUPPORTED_LANGUAGES)
def test_a_kind_of_message_is_found_in_every_language_and_its_near_misses_in_none(code: str) -> None:
    assert [k[code] for k in KINDS["kind"] if not hits(k[code], code, k["flag"])] == []
    assert [k[code] for k in KINDS["near_miss"] if hits(k[code], code, k["flag"])] == []


@pytest.mark.parametrize("code", SUPPORTED_LANGUAGES)
@pytest.mark.parametrize("flag", FLAGS_BY_PHRASE)
def test_every_flag_is_proved_in_every_language(code: str, flag: str) -> None:
    own = [s for s in finder(code).signals if s.flag == flag and not s.id.startswith("all-")]
    assert sum(len(s.flagged) for s in own) >= MIN_FLAGGED
    assert sum(len(s.clean) for s in own) >= MIN_CLEAN


@pytest.mark.parametrize("code", SUPPORTED_LANGUAGES)
def test_no_sentence_and_no_word_stands_twice(code: str) -> None:
    sentences = Counter(s for signal in finder(code).signals for s in (*signal.flagged, *signal.clean))
    assert [s for s, n in sentences.items() if n > 1] == []
    table = tomllib.loads((FOLDER / f"{code}.toml").read_text(encoding="utf-8"))
    doubled = {name: [w for w, n in Counter(entries).items() if n > 1] for name, entries in table["words"].items()}
    assert {name: words for name, words in doubled.items() if words} == {}


@pytest.mark.parametrize("code", SUPPORTED_LANGUAGES)
def test_every_entry_of_a_list_can_be_found(code: str) -> None:
    """An entry that lies inside an `allowed` phrase, or silences itself by `unless`, would be dead."""
    words: dict[str, list[str]] = {}
    for name in ("all", code):
        words |= tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))["words"]
    dead = [
        (signal.id, entry)
        for signal in finder(code).signals
        for name in words
        if f"{{{name}}}" in signal.phrases
        for entry in words[name]
        if (signal.id, f"{{{name}}}") not in hits(entry.strip("*"), code, signal.flag)
    ]
    assert dead == []


@pytest.mark.parametrize("code", SUPPORTED_LANGUAGES)
def test_every_list_is_used(code: str) -> None:
    names = tomllib.loads((FOLDER / f"{code}.toml").read_text(encoding="utf-8"))["words"]
    phrases = [p for s in finder(code).signals for p in (*s.phrases, *s.allowed, *s.unless)]
    assert [name for name in names if not any(f"{{{name}}}" in p for p in phrases)] == []


# message, language, scenario, flags, why
MESSAGES = [
    ("Thanks, all sorted.", "en", "other", ("no_reply_needed",), "only thanks"),
    ("Thanks, all sorted.", "en", "returns", (), "the classifier saw an ask"),
    ("Thanks. My lawyer says hello.", "en", "other", ("legal_threat",), "another flag needs an answer"),
    ("Danke! Wo ist meine Rechnung?", "de", "other", (), "a question"),
    ("¡Gracias! Mándenme la factura.", "es", "other", (), "a wish"),
    ("Gdzie jest paczka?", "other", "other", ("unsupported_language",), "by definition"),
    ("👍👍", "", "other", ("no_reply_needed",), "no language at all"),
    ("弁護士に相談します", "", "other", ("legal_threat",), "unknown language: all are tried"),
    ("Mein Anwalt meldet sich", "other", "returns", ("legal_threat", "unsupported_language"), "misjudged language"),
    ("DER STECKER QUALMT", "de", "usage_help", ("safety_or_injury",), "capitals"),
    ("der stecker ist angeschmort und es riecht nach Gas", "de", "returns", ("safety_or_injury",), "lower case"),
    ("loeschen sie meine daten", "de", "other", ("privacy_request",), "umlaut typed as oe"),
    ("loschen sie meine daten", "de", "other", ("privacy_request",), "umlaut left out"),
    ("jai ete electrocute", "fr", "returns", ("safety_or_injury",), "no accents, no apostrophe"),
    ("MI ABOGADO LES ESCRIBE", "es", "other", ("legal_threat",), "capitals without accents"),
    ("ﾍﾞﾝｺﾞｼ ﾆ ｿｳﾀﾞﾝ ｼﾏｽ", "ja", "returns", ("legal_threat",), "half-width kana with blanks"),
    ("Ｍｙ ｌａｗｙｅｒ ｗｉｌｌ ｃａｌｌ", "en", "other", ("legal_threat",), "full width"),
    ("Mon\u00a0avocat vous e\u0301crira", "fr", "other", ("legal_threat",), "decomposed accent, hard blank"),
    ("my law\u200byer", "en", "other", ("legal_threat",), "zero-width character inside a word"),
    ("How do I burn a CD?", "en", "usage_help", (), "burning a CD hurts nobody"),
    ("You are hot sellers", "en", "other", (), "hot, but nothing burns"),
    ("It fires up first time", "en", "usage_help", (), "a motor fires up"),
    ("", "en", "other", (), "nothing"),
    ("\ud800 \udfff", "en", "other", (), "lone surrogates"),
]


@pytest.mark.parametrize(("message", "code", "scenario", "flags", "why"), MESSAGES, ids=[row[-1] for row in MESSAGES])
def test_flags_of_a_message(message: str, code: str, scenario: str, flags: tuple[str, ...], why: str) -> None:
    assert find_flags(message, code, scenario=scenario) == flags


def test_a_second_topic_is_a_flag_and_flags_keep_their_order() -> None:
    found = find_flags(
        "It caught fire. My lawyer, GDPR, A-to-z, 1 star!", "en", scenario="returns", also=["usage_help"]
    )
    assert found == tuple(f for f in FLAGS if f in found)
    assert {"two_topics", "safety_or_injury", "legal_threat", "privacy_request", "review_threat"} <= set(found)


SIGNAL = """
[words]
who = ["lawyer*", "judge"]
[[signal]]
id = "x"
flag = "legal_threat"
phrases = ["my {who}"]
flagged = ["My lawyer."]
clean = ["My law."]
"""
MISTAKES = [
    ('flag = "legal_threat"', 'flag = "rude"', "unknown flag 'rude'. Allowed: review_threat"),
    ('phrases = ["my {who}"]', 'phrases = ["{whom}"]', "no list 'whom' for '{whom}'. Lists under [words]: who"),
    ('phrases = ["my {who}"]', "phrases = []", "phrases wants a list of texts, not []"),
    ('phrases = ["my {who}"]', 'phrases = ["{who} calls"]', "'lawyer* calls' is no phrase"),
    ('phrases = ["my {who}"]', 'phrases = ["!!"]', "'!!' is no phrase"),
    ('phrases = ["my {who}"]', 'phrase = ["my {who}"]', "no field 'phrase'. Allowed: id flag phrases"),
    ('clean = ["My law."]', "", "clean is missing. Needed: id flag phrases flagged clean"),
    (
        'clean = ["My law."]',
        'clean = ["My law."]\nunless = ["a … b"]',
        'unless wants plain phrases, without "…" and "+"',
    ),
    ("[words]", "[lists]", "no field 'lists'. Allowed: words signal"),
    ("[words]", "[words", "Wanted: a TOML file in UTF-8"),
]


@pytest.mark.parametrize(("right", "wrong", "sentence"), MISTAKES)
def test_a_mistake_names_file_and_signal_and_what_is_allowed(
    tmp_path: Path, right: str, wrong: str, sentence: str
) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(SIGNAL.replace(right, wrong), encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_signals("en", path)
    assert "wrong.toml" in str(error.value)
    assert sentence in str(error.value)


def test_a_phrase_with_a_gap_stays_in_its_sentence_and_near(tmp_path: Path) -> None:
    path = tmp_path / "gap.toml"
    path.write_text(SIGNAL.replace('["my {who}"]', '["my … judge", "sue + {who}"]'), encoding="utf-8")
    flags = read_signals("en", path).flags
    assert flags("my dear judge") and flags("I sue, says the lawyers' club") and flags("the lawyer will sue")
    assert not flags("That is my judgement") and not flags("judge my cable") and not flags("My cable. Judge it")
    assert not flags("my " + "very " * 20 + "old judge")


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(codec=None), max_size=200), st.sampled_from((*SUPPORTED_LANGUAGES, "other", "")))
def test_nothing_raises_on_any_text(text: str, code: str) -> None:
    assert set(find_flags(text, code, scenario="other")) <= set(FLAGS)


@pytest.mark.parametrize("code", ("en", "de", "ja"))
@pytest.mark.parametrize("piece", ["a", " ", "my hand fire tv burned ", "火傷した指を", "?! ", "´", "ﾞ", "\ud800", "👍"])
def test_a_long_message_takes_linear_time(code: str, piece: str) -> None:
    finder(code)
    seconds = []
    for n_characters in (20_000, 80_000, 1_000_000):
        start = time.process_time()
        find_flags(piece * (n_characters // len(piece)), code, scenario="other")
        seconds.append(time.process_time() - start)
    assert seconds[1] < max(8 * seconds[0], 0.1)  # four times the text; eight leaves room for a busy machine
    assert seconds[2] < 2
