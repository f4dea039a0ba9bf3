"""Every rule proves itself: its own sentences, and that each of its phrases and patterns is needed."""

import time
from dataclasses import replace

import pytest

from messages import InputError, Order
from suggest.tone.case import Case
from suggest.tone.check import LOOKS_FOR, check
from suggest.tone.matching import matcher, matcher_of
from suggest.tone.needles import Needles, needles
from suggest.tone.promises import CONDITIONS
from suggest.tone.reading import LONGEST, Reading
from suggest.tone.rules import CONDITIONS as NAMED
from suggest.tone.rules import KINDS, LANGUAGES, read_rules, rule_book

ORDER = Order.of({"order_id": "302-1234567-1234567", "order_total": "50.00", "currency": "EUR"})
RULES = [(language, rule) for language in LANGUAGES for rule in rule_book(language).rules]
AVOID = [
    (language, rule) for language, rule in RULES if rule.kind == "avoid" and any(c == language for c, _ in rule.flagged)
]


def name(value):
    return value if isinstance(value, str) else value.id


@pytest.mark.parametrize("language, rule", RULES, ids=name)
def test_a_rule_finds_its_flagged_sentences_and_no_clean_one(language, rule):
    found = {
        said: any(f.rule == rule.id for f in check(said, language=language, order=ORDER))
        for code, said in rule.flagged + rule.clean
        if code == language
    }
    assert found == {said: (code, said) in rule.flagged for code, said in rule.flagged + rule.clean if code == language}


def finds(rule, book, sentence):
    """True if this rule alone, as it stands, finds something in the sentence."""
    case = Case(Reading.of(sentence, book.language), order=ORDER)
    matcher = matcher_of(book.language, (rule,))
    hits = matcher.matches(case.reading, matcher.occurring(case.reading))
    return any(not any(CONDITIONS[u](case, a, b) for u in rule.unless) for _, a, b in hits)


@pytest.mark.parametrize("language, rule", AVOID, ids=name)
def test_without_any_one_phrase_or_pattern_a_flagged_sentence_is_missed(language, rule):
    book = rule_book(language)
    needless = []
    if len(rule.phrases) + len(rule.patterns) > 1 and rule.id != "field-left":
        for part in ("phrases", "patterns"):
            for i, left_out in enumerate(getattr(rule, part)):
                rest = getattr(rule, part)[:i] + getattr(rule, part)[i + 1 :]
                shorter = replace(rule, **{part: rest})
                if all(finds(shorter, book, said) for code, said in rule.flagged if code == language):
                    needless.append(left_out)
    assert needless == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_forty_near_misses_and_every_avoiding_rule_both_proofs(language):
    book = rule_book(language)
    clean = {said for rule in book.rules for code, said in rule.clean if code == language}
    assert len(clean) >= 40
    assert [r.id for r in book.rules if r.kind == "avoid" and not (r.flagged and r.clean)] == []


def test_every_kind_has_its_function_and_every_condition_its_question():
    assert set(LOOKS_FOR) | {"avoid", "duplicate", "register", "writing"} == set(KINDS)
    assert set(CONDITIONS) == set(NAMED)


RULE = """
[[rule]]
id = "x"
kind = "avoid"
category = "vague"
severity = "error"
source = "house"
phrases = ["soon"]
message = "m"
message_zh = "m"
flagged = ["soon"]
clean = ["now"]
"""
BROKEN = {
    'kind = "avoid"=>kind = "find"': "broken.toml, line 4, rule 'x': unknown kind 'find'. Allowed: avoid phone",
    'category = "vague"=>category = "tone"': "unknown category 'tone'. Allowed: ja_style",
    'severity = "error"=>severity = "fatal"': "line 6, rule 'x': unknown severity 'fatal'. Allowed: error warning hint",
    'source = "house"=>source = "me"': "unknown source 'me'. Allowed: amazon seller guide house",
    'message = "m"\n=>': "rule 'x': message is missing. Needed: id kind category",
    'clean = ["now"]=>': "rule 'x': clean is missing",
    'phrases = ["soon"]=>phrases = "soon"': "phrases wants a list of texts, not 'soon'",
    'phrases = ["soon"]=>': "kind 'avoid' needs phrases or patterns",
    'phrases = ["soon"]=>phrases = ["soon"]\nunless = ["never"]': "unless 'never'. Allowed: bounded instruction",
    'phrases = ["soon"]=>phrases = ["soon"]\nnearby = 9': "nearby 9. Allowed: 0 1 2.",
    'phrases = ["soon"]=>phrases = ["soon"]\nphrase = 1': "no field 'phrase'. Allowed: id kind category",
    'id = "x"=>id = ': "Rules broken.toml: Invalid value",
}  # fmt: skip


@pytest.mark.parametrize("change, said", BROKEN.items(), ids=lambda v: v[:30])
def test_a_mistake_in_a_rule_file_names_file_rule_and_what_is_allowed(change, said, tmp_path):
    before, _, after = change.partition("=>")
    path = tmp_path / "broken.toml"
    path.write_text(RULE.replace(before, after), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_rules(path, language="en")
    assert said in str(caught.value)


def test_a_pattern_that_cannot_be_read_names_the_rule(tmp_path):
    path = tmp_path / "broken.toml"
    path.write_text(RULE.replace('phrases = ["soon"]', "patterns = ['(soon', '{nobody} soon']"), encoding="utf-8")
    with pytest.raises(InputError, match="Rule 'x': cannot read pattern '\\(soon'"):
        matcher_of("en", read_rules(path, language="en").rules)


NEEDLES = [
    (r"\bas soon(?: as)?", [" as soon"]),
    (r"(?:day|week)s?\s+ago", ["day ago", "days ago", "week ago", "weeks ago"]),
    (r"all\s*by", ["all by", "allby"]),
    (r"(?:many|\d+)\s+stars", [" stars"]),
    (r"[ab]\x25{3,4}see+foot", [" % % % ", "foot"]),
    (r"(?:ask .*review|tell .*stars) soon", ["review", "tell ", "stars", " soon"]),  # three letters say little
    (r"\b(?:if|in case|unl\w+|[aeo]n)\b", [" if ", " in case ", " unl", " an ", " en ", " on "]),
    (r"can't\s*(?:\.|$)", ["can t"]),  # all between words is a blank
    (r"in \d+ days|by \d hours", ["0", " days", "by 0 hours"]),
    (r"id中|中国|\$5", ["id 中", "中国", " $ 0"]),
    (r"the|to", []),  # stands in every text
    (r"stars?|\w+", []),  # one alternative may be anything
    (r"(?:one star)*", []),
    (r"(?:one star){0,2}", []),
    (r"one\pL|two", []),  # what is not known here is looked for everywhere
    (r"(?i)one", []),
    (r"[[:alpha:]]one", []),
    (r"one)", []),
    (r"one (two", []),
    ("", []),
]


@pytest.mark.parametrize("pattern, letters", NEEDLES)
def test_letters_without_which_a_pattern_matches_nowhere(pattern, letters):
    assert {w for way in needles(pattern) for choice in way for w in choice} == set(letters)


SURE = [
    (r"\b(?:if|dank\w*)\b", "if so", True),
    (r"\b(?:if|dank\w*)\b", "besten dank!", True),
    (r"\b(?:if|dank\w*)\b", "a gift", False),
    (r"\bdank\w+\b", "besten dank!", False),  # it may be that, and is not
    (r"as soon", "as, soon", False),  # a blank may have been a comma
    (r"中国", "在中国。", True),
    (r"\b中国", "在中国", False),
    (r"\d days|4", "in 5 weeks", False),  # a number may be another
    (r"^soon", "too soon", False),
]


@pytest.mark.parametrize("pattern, text, is_sure", SURE)
def test_words_that_alone_make_a_pattern_match(pattern, text, is_sure):
    assert bool(Needles({"it": pattern}).found(text.encode())[1] & 1) == is_sure


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_matches_has_the_letters_that_it_needs(language):
    known = matcher(language)
    names = known.sources.keys() - {"joint"}  # Python's own expression, never asked for
    for text in {said for rule in rule_book(language).rules for c, said in rule.flagged + rule.clean if c == language}:
        for plain in {Reading.of(t, language).plain for t in (text, f" {text} ".replace(" ", "\n "), text.upper())}:
            perhaps, surely = known.needles.found(plain.encode())
            missed = [name for name in names if not perhaps & known.needles.bits[name]]
            assert not [name for name in missed if known.pattern(name).search(plain.encode())], text
            sure = [name for name in names if surely & known.needles.bits[name]]
            assert all(known.pattern(name).search(plain.encode()) for name in sure), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_rule_takes_more_than_nine_times_as_long_for_four_times_the_text(language):
    """P19: the sentences of every rule at once, and every pattern in linear time by the way it is matched."""
    book = rule_book(language)
    matcher = matcher_of(language, book.rules)
    patterns = [matcher.pattern(name) for name in matcher.sources if name != "joint"]
    assert patterns and {type(p).__module__ for p in patterns} == {"re2"}
    said = " ".join(s for rule in book.rules for code, s in rule.flagged[:3] if code == language) + " "
    seconds = []
    for n in (LONGEST // 4, LONGEST // 4, LONGEST):  # the first one warms up
        text = (said * (n // len(said) + 1))[:n]
        began = time.process_time()
        check(text, language=language, order=ORDER)
        seconds.append(time.process_time() - began)
    assert seconds[2] < 9 * max(seconds[1], 0.05), seconds
