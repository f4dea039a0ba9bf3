"""What a team makes of the rules in henji.toml: switched off, other severities, rules of its own, hints on writing."""

import time
from pathlib import Path

import pytest

from messages import InputError
from suggest import Policy, check_reply, read_policy
from suggest.tone import TeamRules, check
from suggest.tone.rules import LANGUAGES
from suggest.tone.team import languages_of, shipped
from suggest.tone.writing import rules

OWN = """\
[[rule]]
id = "no-cheap"
category = "prohibited_words"
severity = "warning"
phrases = ["cheap(|er|est)"]
instead = "affordable"
message = "We say affordable."
message_zh = "请用 affordable。"
safe = true
flagged.en = ["A cheap cable.", "The cheaper one."]
clean.en = ["An affordable cable."]

[[rule]]
id = "kein-problem"
category = "vague"
severity = "hint"
patterns = ['kein(?:e)? problem']
unless = ["quoted"]
message = "Say what is done."
message_zh = "请说明处理方式。"
flagged.de = ["Das ist kein Problem."]
clean.de = ["Sie schrieben: „kein Problem“."]
"""


def settings(tmp_path: Path, table: str, own: str = OWN) -> Policy:
    (tmp_path / "own.toml").write_text(own, encoding="utf-8")
    (tmp_path / "henji.toml").write_text(table, encoding="utf-8")
    return read_policy(tmp_path / "henji.toml")


def found(text: str, policy: Policy, language: str = "en") -> list[tuple[str, str]]:
    said = check_reply(text, language=language, policy=policy)
    return [(f.rule, f.severity) for f in said if f.category != "missing_resolution"]


PROMISE = "We will try our best, it comes in due course."
CHANGES = [
    ("", PROMISE, "en", [("vague-effort", "error"), ("vague-time", "error")]),
    ('[rules]\noff = ["vague-effort"]', PROMISE, "en", [("vague-time", "error")]),
    ('[rules.severity]\nvague-time = "hint"', PROMISE, "en", [("vague-effort", "error"), ("vague-time", "hint")]),
    ('[rules]\nfiles = ["own.toml"]', "A cheap cable.", "en", [("no-cheap", "warning")]),
    ('[rules]\nfiles = ["own.toml"]', "Das ist kein Problem, cheap.", "de", [("kein-problem", "hint")]),
    ('[rules]\nfiles = ["own.toml"]\noff = ["no-cheap"]', "A cheap cable.", "en", []),
    ('[rules]\nfiles = ["own.toml"]\nseverity.no-cheap = "error"', "A cheap cable.", "en", [("no-cheap", "error")]),
    ("[rules]\nwriting = true", "It was recieved.", "en", [("misspelt", "hint")]),
    ("[rules]\nwriting = false", "It was recieved.", "en", []),
]


@pytest.mark.parametrize(("table", "text", "language", "wanted"), CHANGES)
def test_henji_toml_changes_what_is_found(tmp_path, table, text, language, wanted):
    assert found(text, settings(tmp_path, table), language) == wanted


def test_a_finding_of_an_own_rule_points_into_the_text_as_given(tmp_path):
    policy = settings(tmp_path, '[rules]\nfiles = ["own.toml"]')
    text = "A che\u200bap cable."
    (finding,) = [f for f in check_reply(text, language="en", policy=policy) if f.rule == "no-cheap"]
    assert finding.text == text[finding.start : finding.end] == "che\u200bap"
    assert (finding.message_zh, finding.instead, finding.source) == ("请用 affordable。", "affordable", "house")


MISTAKES = [
    ('[rules]\noff = ["vague-efort"]', OWN, "[rules] off: no rule 'vague-efort'. Did you mean vague-effort"),
    ('[rules]\noff = ["vague-efort"]', OWN, "misspelt"),  # all that are known are named
    ('[rules]\noff = "vague-effort"', OWN, "off wants a list of texts"),
    ("[rules]\nof = []", OWN, "no field 'of'. Allowed: off severity files writing"),
    ('[rules]\nwriting = "yes"', OWN, "wanted: true or false"),
    ("rules = 3", OWN, "[rules] wants a table"),
    ("[rules]\nseverity = 3", OWN, "severity wants a table"),
    ('[rules.severity]\nvague-time = "low"', OWN, "unknown severity 'low'. Allowed: error warning hint"),
    ('[rules.severity]\nx = "hint"', OWN, "[rules.severity]: no rule 'x'"),
    ('[rules]\nfiles = ["nowhere.toml"]', OWN, "nowhere.toml"),
    ('[rules]\nfiles = ["own.toml", "own.toml"]', OWN, "two rules are called 'no-cheap'"),
]
OWN_MISTAKES = [
    ('severity = "warning"=>severity = "low"', "own.toml, line 4, rule 'no-cheap': unknown severity 'low'. Allowed:"),
    ('category = "vague"=>category = "tone"', "own.toml, line 15, rule 'kein-problem': unknown category 'tone'"),
    ('id = "no-cheap"=>id = "vague-effort"', "line 2, rule 'vague-effort': a shipped rule is called so"),
    ('category = "vague"=>category = "vague"\nkind = "phone"', "line 16, rule 'kein-problem': kind"),
    ('unless = ["quoted"]=>unless = ["quotd"]', "line 18, rule 'kein-problem': unless 'quotd'. Allowed: bounded"),
    ("unless = [\"quoted\"]\n=>", "line 21, rule 'kein-problem': “Sie schrieben: „kein Problem“.” is found"),
    ('"The cheaper one."=>\n  "The dear one."', "line 11, rule 'no-cheap': “The dear one.” is not found"),
    ("flagged.en = [=>flagged = [", "line 10, rule 'no-cheap': flagged wants a list of sentences, or a table"),
    ("flagged.en = [=>flagged.sv = [", "by language: en de fr es it ja"),
    ('instead = "affordable"=>instead = "as cheap"', "line 6, rule 'no-cheap': the rule finds its own `instead`"),
    ('instead = "affordable"\n=>', "line 8, rule 'no-cheap': safe is true or false, and needs an `instead`"),
    ("safe = true=>safe = true\ncolour = 1", "line 10, rule 'no-cheap': no field 'colour'. Allowed: id kind"),
    ("'kein(?:e)? problem'=>'kein(?:e problem'", "line 17, rule 'kein-problem': Rule 'kein-problem': cannot"),
    ("'kein(?:e)? problem'=>'{nobody} problem'", "line 17, rule 'kein-problem': no words {nobody} in de. Known:"),
    ("message = \"Say what is done.\"=>message = 3", "line 19, rule 'kein-problem': message wants a text, not 3"),
    ("[[rule]]\nid = \"kein=>[rule]\nid = \"kein", "own.toml"),
    ("[[rule]]\nid = \"no=>[words]\na = 'b'\n[[rule]]\nid = \"no", "no field 'words'. Allowed: language rule"),
    ("[[rule]]\nid = \"no=>language = 'sv'\n[[rule]]\nid = \"no", "unknown language 'sv'. Allowed: en de"),
    ("[[rule]]\nid = \"no=>note = '''\n[[rule]]\n'''\n[[rule]]\nid = \"no", "no field 'note'"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "own", "said"), MISTAKES)
def test_a_mistake_in_henji_toml_names_what_is_known(tmp_path, table, own, said):
    with pytest.raises(InputError) as caught:
        settings(tmp_path, table, own)
    assert said in str(caught.value)


@pytest.mark.parametrize(("change", "said"), OWN_MISTAKES)
def test_a_mistake_in_an_own_rule_names_file_line_and_what_is_allowed(tmp_path, change, said):
    before, _, after = change.partition("=>")
    assert before in OWN
    with pytest.raises(InputError) as caught:
        settings(tmp_path, '[rules]\nfiles = ["own.toml"]', OWN.replace(before, after, 1))
    assert said in str(caught.value)


def test_a_file_of_one_language_needs_no_language_at_each_sentence(tmp_path):
    own = 'language = "en"\n' + OWN.partition("\n\n")[0].replace(".en", "")
    policy = settings(tmp_path, '[rules]\nfiles = ["own.toml"]', own)
    assert found("A cheap cable.", policy) == [("no-cheap", "warning")]


def test_without_changes_the_check_says_what_it_says_without_a_team():
    assert check(PROMISE, language="en", rules=TeamRules()) == check(PROMISE, language="en")


HINTS = [(rule, language) for rule in rules().values() for language in languages_of(rule)]


@pytest.mark.parametrize(("rule", "language"), HINTS, ids=lambda v: v if isinstance(v, str) else v.id)
def test_a_hint_on_writing_finds_its_flagged_sentences_and_no_clean_one(rule, language):
    def is_found(said):
        return any(f.rule == rule.id for f in check(said, language=language, rules=TeamRules(writing=True)))

    assert [said for code, said in rule.flagged if code == language and not is_found(said)] == []
    assert [said for code, said in rule.clean if code == language and is_found(said)] == []


def test_words_of_the_buyer_and_of_the_order_are_left_alone():
    def hints(**known):
        found = check_reply("The recieved cable.", language="en", policy={"rules": {"writing": True}}, **known)
        return [f.text for f in found if f.rule == "misspelt"]

    assert hints() == ["recieved"]
    assert hints(message="I recieved it") == hints(order={"product_name": "Recieved Cable"}) == []


def test_every_rule_that_ships_says_where_it_comes_from():
    assert {language for rules in shipped().values() for language, _ in rules} == set(LANGUAGES)
    assert all(rule.source and rule.message and rule.message_zh for rows in shipped().values() for _, rule in rows)


@pytest.mark.parametrize("language", LANGUAGES)
def test_hints_on_pages_of_no_language_are_not_slow(language):
    check("A word.", language=language, rules=TeamRules(writing=True))  # the dictionaries are read once a process
    words = ("".join(chr(97 + i * 104_729 // 26**k % 26) for k in range(8)) for i in range(2_000))
    for said in (" ".join(words), "ab" * 10_000, "申し" * 10_000, "\ud800 x y z. " * 2_000):
        begun = time.process_time()
        check(said, language=language, rules=TeamRules(writing=True))
        assert time.process_time() - begun < 2, said[:20]
