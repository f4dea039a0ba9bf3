"""Evaluation and labelling: the figures are right, the page is safe, the behaviour tests bite, twenty labels help."""

import json
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from sklearn import metrics
from sklearn.calibration import calibration_curve

import henji
from messages import SUPPORTED_LANGUAGES, LogError, mask
from messages.output import write_table
from model import SCENARIOS, Prediction, load_classifier
from model.encoder import encode_sentences
from model.features import normalise, readable
from training.behaviour import CHANGES, cases, failures
from training.evaluate import (
    evaluation,
    figures,
    flag_figures,
    learning_curve,
    measured,
    read_for_evaluation,
    recalls,
    reliability,
    risk_coverage,
)
from training.label_next import SHEET, doubt, farthest_first, label_sheet
from training.labelled import SAMPLES, Labelled, read_annotated, read_labelled, spread
from training.report import report_page
from training.train import Corpus, fit_readers

UNSEEN = read_labelled(SAMPLES / "unseen")


def labelled(text: str, scenario: str, language: str = "en", **more) -> Labelled:  # type: ignore[no-untyped-def]
    return Labelled(**{"id": "1", "group": "own", "kind": "short", "also": (), "flags": (), **more},
                    text=text, scenario=scenario, language=language)  # fmt: skip


# ---------------------------------------------------------------- the figures


@pytest.fixture(scope="module")
def made() -> tuple[list[str], np.ndarray]:
    """Labels and probabilities of 300 made messages, right in some two thirds."""
    random = np.random.default_rng(4)
    truth = random.integers(0, 6, 300)
    probabilities = random.dirichlet(np.ones(6), 300) + 0.5 * np.eye(6)[truth]
    return [SCENARIOS[i] for i in truth], probabilities / probabilities.sum(axis=1, keepdims=True)


def test_figures_are_those_of_scikit_learn(made: tuple[list[str], np.ndarray]) -> None:
    truth, probabilities = made
    found = [SCENARIOS[i] for i in probabilities.argmax(axis=1)]
    result = measured([labelled("x", t) for t in truth], probabilities, [True] * 300, SCENARIOS)
    assert result["overall"]["accuracy"] == pytest.approx(metrics.accuracy_score(truth, found), abs=5e-4)
    assert result["overall"]["macro_f1"] == pytest.approx(metrics.f1_score(truth, found, average="macro"), abs=5e-4)
    assert result["overall"]["sure_wrong"] == pytest.approx(1 - metrics.accuracy_score(truth, found), abs=5e-4)
    wanted = metrics.classification_report(truth, found, output_dict=True)
    for name, row in result["scenario"].items():
        assert (row["precision"], row["recall"], row["f1"]) == pytest.approx(
            [wanted[name][k] for k in ("precision", "recall", "f1-score")], abs=5e-4
        )
        assert row["n"] == wanted[name]["support"]
    assert result["confusion"]["counts"] == metrics.confusion_matrix(truth, found, labels=SCENARIOS).tolist()
    right, top = np.array(truth) == np.array(found), probabilities.max(axis=1)
    shares, means = calibration_curve(right, top, n_bins=10)
    assert [b["right"] for b in result["reliability"]] == pytest.approx(shares.tolist(), abs=1e-4)
    assert [b["probability"] for b in result["reliability"]] == pytest.approx(means.tolist(), abs=1e-4)
    n = np.array([b["n"] for b in result["reliability"]])
    assert n.sum() == 300
    assert result["overall"]["calibration_error"] == pytest.approx((n * abs(shares - means)).sum() / 300, abs=5e-4)


def test_risk_at_full_coverage_is_the_error_and_both_grow_with_the_messages(made: tuple[list[str], np.ndarray]) -> None:
    truth, probabilities = made
    right = np.array([SCENARIOS.index(t) for t in truth]) == probabilities.argmax(axis=1)
    curve = risk_coverage(right, probabilities.max(axis=1))
    assert curve[-1]["coverage"] == 1 and curve[-1]["risk"] == pytest.approx(1 - right.mean(), abs=1e-4)
    assert [p["coverage"] for p in curve] == sorted(p["coverage"] for p in curve) and len(curve) <= 100
    for point in curve[::10]:
        trusted = probabilities.max(axis=1) >= point["probability"] - 1e-4
        assert point["coverage"] == pytest.approx(trusted.mean(), abs=0.02)


def test_what_nothing_decides_is_none_not_nought() -> None:
    nothing = {"precision": None, "recall": None, "f1": None, "n": 0, "n_found": 0}
    assert recalls({"a": ([False], [False])}) == {"a": nothing}
    assert reliability([], []) == []
    assert figures(["other"], ["returns"], [0.5], [False]).sure_wrong == 0


def test_flags_count_only_where_somebody_labelled_them() -> None:
    found = [Prediction("returns", 0.9, flags=("review_threat",)), Prediction("other", 0.9, flags=("suspicious",))]
    without = [labelled("a", "returns"), labelled("b", "other")]
    assert flag_figures(without, found) == {}
    with_flags = [labelled("a", "returns", flags=("review_threat",)), labelled("b", "other")]
    table = flag_figures(with_flags, found)
    assert (table["review_threat"]["precision"], table["review_threat"]["recall"]) == (1.0, 1.0)
    assert (table["suspicious"]["precision"], table["suspicious"]["recall"]) == (0.0, None)
    assert "both asks of two" not in table


def test_a_learning_curve_climbs_and_needs_forty_messages() -> None:
    curve = learning_curve(UNSEEN[:120])
    assert curve and curve["left_out"] == "every fifth message"
    assert curve["points"][-1]["n_messages"] == 96
    assert curve["points"][-1]["macro_f1"] > curve["points"][0]["macro_f1"] + 0.1
    assert all(p["lowest"] <= p["macro_f1"] <= p["highest"] for p in curve["points"])
    assert learning_curve(UNSEEN[:39]) is None


# ---------------------------------------------------------------- the report

HOSTILE = "</p><script>alert('mine')</script> {{ 7*7 }} write to anna@example.com, 030 1234567, 302-1234567-7654321"


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """A small evaluation, with a message that is read wrongly and tries to run in the page."""
    file = tmp_path_factory.mktemp("labelled") / "own.csv"
    rows = [(m.text, m.scenario, " ".join(m.flags), m.language) for m in UNSEEN[:12] + UNSEEN[60:100]]
    rows.append((f"Where is my parcel? {HOSTILE}", "usage_help", "", "en"))
    pd.DataFrame(rows, columns=["text", "scenario", "flags", "language"]).to_csv(file, index=False)
    classifier = load_classifier()
    return evaluation(read_for_evaluation(file, SCENARIOS), classifier, "own.csv")


def test_a_report_holds_every_part_and_the_same_as_json(result: dict) -> None:
    assert result["overall"]["n_messages"] == 53 and set(result["language"]) == {"en", "de"}
    again = json.loads(json.dumps(result))
    assert {"scenario", "confusion", "reliability", "risk_coverage", "learning_curve", "mistakes", "flag"} <= set(again)
    mistakes = again["mistakes"]
    assert mistakes == sorted(mistakes, key=lambda m: -m["probability"]) and all(m["why"] for m in mistakes)
    assert any(m["place"] == "own.csv, row 53 (line 54)" for m in mistakes)


def test_the_page_loads_nothing_runs_nothing_and_names_nobody(result: dict) -> None:
    page = report_page(result)
    assert page.count("<svg role=") == 4
    assert not re.search(r"(?:src|href)=\"(?!#)|url\((?!#)|@import|<script|<link|<iframe|\son\w+=", page)
    assert "&lt;script&gt;" in page and "{{ 7*7 }}" in page
    for text in (page, json.dumps(result)):
        assert not re.search("anna@|1234567", text)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_colours_are_the_page_s_own(result: dict) -> None:
    """So that charts can be read in light and dark; a colour of matplotlib's own would not follow."""
    charts = "".join(re.findall(r"<svg.*?</svg>", report_page(result), flags=re.DOTALL))
    assert "var(--blue)" in charts and "currentColor" in charts
    assert set(re.findall(r"#[0-9a-f]{6}\b", charts)) <= {"#000000"}  # matplotlib's default stroke of shapes it reuses


MISTAKES = [
    ("empty.csv", "", "is empty"),
    ("header.csv", "id,text,scenario\n", "holds no rows"),
    ("unfilled.csv", "id,text,scenario\n1,Where is it?,\n", "no row has a scenario.*Allowed: logistics_delay"),
    ("unknown.csv", "text,scenario\nIt fits?,returns\nWhere is it?,delivery\n",
     r"unknown.csv, row 2 \(line 3\): label 'delivery' is unknown.*Allowed: logistics_delay"),
    ("one.csv", "text,scenario\nIt hums,returns\nIt rattles,returns\n", "all 2 labelled messages are 'returns'"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "said"), MISTAKES)
def test_what_cannot_be_measured_is_refused_in_one_sentence(
    tmp_path: Path, name: str, content: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    code, err = run(monkeypatch, capsys, "evaluate", str(tmp_path / name), "-o", str(tmp_path / "out.html"))
    assert code == 3 and re.search(said, err) and len(err.splitlines()) == 1
    assert not (tmp_path / "out.html").exists()


def test_a_report_goes_into_an_html_file_in_a_folder_that_exists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    for out, said in (("out.pdf", "Name it out.html"), ("nowhere/out.html", "does not exist")):
        code, err = run(monkeypatch, capsys, "evaluate", str(tmp_path / "x.csv"), "-o", str(tmp_path / out))
        assert code == 2 and said in err


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, *arguments: str) -> tuple[int, str]:
    """The command in this process; its exit code and what it said in the error stream."""
    monkeypatch.setattr(sys, "argv", ["henji", *arguments])
    with pytest.raises(SystemExit) as end:
        henji.main()
    return int(end.value.code or 0), capsys.readouterr().err


def test_rows_kept_out_of_training_are_those_that_measure(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text("text,scenario,split\nIt hums,returns,train\nWhere is it?,other,test\n", encoding="utf-8")
    assert [m.text for m in read_for_evaluation(file, SCENARIOS).messages] == ["Where is it?"]
    assert [m.text for m in read_annotated([file]).messages] == ["It hums"]


def test_an_unknown_flag_is_named_and_left_out(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text("text,scenario,flags\nIt hums,returns,revew_threat safety_or_injury\n", encoding="utf-8")
    read = read_annotated([file])
    assert read.messages[0].flags == ("safety_or_injury",)
    assert "'revew_threat' is unknown" in read.problems[0].said and not read.problems[0].left_out


# ---------------------------------------------------------------- behaviour


@pytest.mark.parametrize("language", SUPPORTED_LANGUAGES)
def test_every_language_has_eight_plain_messages_of_every_scenario(language: str) -> None:
    here = [c for c in cases() if c.language == language]
    for scenario in SCENARIOS:
        assert sum(c.kind == "plain" and c.scenarios == (scenario,) for c in here) >= 8
        assert any(c.kind == "negation" and c.scenarios == (scenario,) for c in here)
        assert {c.kind for c in here if c.test == "direction" and c.scenarios == (scenario,)} == {
            "second ask",
            "same ask",
        }
    assert sum(c.kind == "two asks" for c in here) >= 8
    kinds = {c.kind for c in here if c.test == "invariance"}
    assert {"typo", "capitals", "no punctuation", "courtesy", "name", "order id", "emoji"} <= kinds
    assert ("no accents" in kinds) == (language not in ("en", "ja")) and ("half width" in kinds) == (language == "ja")


def test_no_behaviour_message_was_learned_from_and_none_stands_there_twice() -> None:
    learned = {normalise(m.text) for m in read_labelled(SAMPLES / "labelled")}
    written = [c.message for c in cases() if c.test == "minimum function"]
    assert len(set(written)) == len(written)
    assert not [text for text in written if normalise(text) in learned]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("text", ["", "?", "\ud800", "a", "あ", "👍🏽" * 50, "x" * 1000])
def test_changes_bear_any_text(change: str, text: str) -> None:
    assert all(isinstance(CHANGES[change](text, language), str) for language in SUPPORTED_LANGUAGES)


class Reader:
    """A reader that knows one rule, so that what the tests must find is known."""

    def __init__(self, rule) -> None:  # type: ignore[no-untyped-def]
        self.rule = rule

    def predict_proba(self, texts: list[str]) -> np.ndarray:
        return np.array([np.eye(6)[SCENARIOS.index(self.rule(t))] * 0.5 + 1 / 12 for t in texts])


BITES = [
    ("capitals", lambda t: "returns" if t.isupper() else "other"),
    ("small letters", lambda t: "returns" if t.islower() else "other"),
    ("emoji", lambda t: "returns" if "😡" in t else "other"),
    ("name", lambda t: "returns" if "\n" in t else "other"),
    ("no punctuation", lambda t: "other" if re.search("[.,?!。、？！]", t) else "returns"),
    ("order id", lambda t: "returns" if re.search(r"\d{7}", t) else "other"),
    ("courtesy", lambda t: "returns" if re.search("Madam|Damen|Madame|Estimados|Gentili|お世話", t) else "other"),
    ("half width", lambda t: "returns" if re.search("[ｦ-ﾟ]", t) else "other"),
]


@pytest.mark.parametrize(("kind", "rule"), BITES)
def test_a_reader_that_minds_what_does_not_matter_fails_there(kind: str, rule) -> None:  # type: ignore[no-untyped-def]
    chosen = [c for c in cases() if c.test == "invariance"]
    failed = Counter(f.case.kind for f in failures(Reader(rule), chosen))  # type: ignore[arg-type]
    assert failed.most_common(1)[0][0] == kind


def test_a_reader_with_one_answer_fails_each_other_scenario_and_never_rises() -> None:
    failed = failures(Reader(lambda t: "returns"), cases())  # type: ignore[arg-type]
    assert "invariance" not in {f.case.test for f in failed}
    assert not [f for f in failed if f.case.test == "minimum function" and "returns" in f.case.scenarios]
    plain = [f for f in failed if f.case.kind == "plain"]
    assert len(plain) == sum(c.kind == "plain" and c.scenarios != ("returns",) for c in cases())
    assert {f.case.kind for f in failed if f.case.test == "direction"} == {"second ask"}


@pytest.mark.parametrize(("test", "kind", "borne"), [
    ("minimum function", "all", 0.05), ("invariance", "all", 0.02), ("direction", "all", 0.05),
])  # fmt: skip
def test_the_shipped_model_behaves(result: dict, test: str, kind: str, borne: float) -> None:
    row = next(r for r in result["behaviour"]["table"] if (r["test"], r["kind"]) == (test, kind))
    assert row["share"] <= borne


# ---------------------------------------------------------------- what to label next


def test_the_doubtful_and_different_come_first_and_nothing_twice() -> None:
    """Two doubtful twins, one sure message, one in another language, one without words."""
    texts = ["Ich weiß nicht recht, der Karton", "ich weiß nicht recht,  der Karton", "Where is my parcel? It is late.",
             "Waar blijft mijn pakketje? Ik wacht al twee weken op de levering.", "👍"]  # fmt: skip
    frame = pd.DataFrame({"row": range(1, 6), "message_id": ["a", "b", "anna@example.com", "d", "e"], "text": texts})
    sheet = label_sheet(frame, load_classifier().classify(texts), 5)
    assert tuple(sheet.columns) == SHEET
    assert sheet["id"].tolist() in (["a", "row 3"], ["b", "row 3"])  # an id that names somebody gives way to its row
    assert not sheet[["scenario", "also", "flags"]].to_numpy().any()
    assert not set(sheet["suggested"]) & set(SCENARIOS)  # or an unfilled sheet could be read as labelled


def test_farther_beats_a_little_more_doubtful() -> None:
    vectors = np.array([[0, 0], [0, 0.1], [1, 0], [1, 0]], np.float32)
    assert farthest_first(vectors, np.array([1.0, 0.9, 0.5, 0.4], np.float32), 3) == [0, 2, 1]
    assert farthest_first(vectors, np.zeros(4, np.float32), 3) == []


def test_doubt_is_least_where_a_label_teaches_nothing() -> None:
    close = [("returns", 0.41), ("other", 0.4)]
    assert doubt(Prediction("returns", 0.41, close)) == 0.99
    assert doubt(Prediction("returns", 0.41, close, language="other")) == 0
    assert doubt(Prediction("returns", 0.41, close, reasons=("The message has no words.",))) == 0


def test_masked_text_is_read_as_the_whole_one() -> None:
    """So that labels on a masked sheet teach what labels on the messages would."""
    texts = [m.text for m in UNSEEN] + [HOSTILE, "My name is Anna Berg, DE89 3704 0044 0532 0130 00, B0C9WXK4Q2"]
    assert [normalise(mask(t)) for t in texts] == [normalise(t) for t in texts]


@pytest.mark.parametrize("suffix", ["xlsx", "csv", "jsonl"])
def test_a_filled_sheet_is_read_back(tmp_path: Path, suffix: str) -> None:
    texts = ["=SUM(A1) kaputt, was nun?", "Der Deckel fehlt, und wie geht er auf?", "Hm, der Karton."]
    frame = pd.DataFrame({"row": [1, 2, 3], "message_id": ["a", "b", "c"], "text": texts})
    sheet = label_sheet(frame, load_classifier().classify(texts), 3).sort_values("id")
    sheet["scenario"] = ["returns", "compensation_demand", ""]
    sheet["also"] = ["", "usage_help", ""]
    file = tmp_path / f"sheet.{suffix}"
    write_table(sheet, file, {"scenario": SCENARIOS})
    read = read_annotated([file])
    assert [(m.text, m.scenario, m.also) for m in read.messages] == [
        (texts[0], "returns", ()),
        (texts[1], "compensation_demand", ("usage_help",)),
    ]
    assert [p.reason for p in read.problems] == ["empty_label"]


def test_the_workbook_offers_the_scenarios(tmp_path: Path) -> None:
    file = tmp_path / "sheet.xlsx"
    write_table(pd.DataFrame({"text": ["a", "b"], "scenario": ["", ""]}), file, {"scenario": SCENARIOS})
    offered = openpyxl.load_workbook(file).active.data_validations.dataValidation[0]
    assert str(offered.sqref) == "B2:B3" and offered.formula1 == f'"{",".join(SCENARIOS)}"'


def test_label_writes_a_sheet_and_never_over_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    code, err = run(monkeypatch, capsys, "label", str(SAMPLES / "log.csv"), "-n", "5")
    assert (code, err) == (0, "")
    assert len(pd.read_excel(tmp_path / "log.to-label.xlsx")) == 5
    code, err = run(monkeypatch, capsys, "label", str(SAMPLES / "log.csv"), "-n", "5")
    assert code == 2 and "may hold labels" in err


# ---------------------------------------------------------------- twenty messages of a newcomer

SPARE_PARTS = [
    "Where can I buy a new lid for the blender?",
    "Do you sell the glass tray of the microwave on its own?",
    "I need another set of brushes for the robot. Which item is that in your shop?",
    "Our dog ate the remote. Can I order a single remote?",
    "Is there a replacement battery for the vacuum that I can purchase?",
    "The rubber seal is worn out after two years. How do I order a new seal?",
    "Can one get the drip tray as a spare part?",
    "What does a new charging cable for the shaver cost?",
    "I lost two of the feet of the shelf and would like to order some.",
    "Could you tell me the part number of the filter cartridge?",
    "I'd like to buy an extra shelf board for the bookcase I have.",
    "Are the ear pads available separately?",
    "My jug fell down, my own fault. Where do I get just the jug?",
    "Please quote me a price for one spare wheel.",
    "Need two more hooks like those in the box, can I pay for them?",
    "Do you stock needles for the sewing machine?",
    "I wish to purchase the power adapter only.",
    "Which bulb do I have to order when this one burns out?",
    "Can I buy the screws again? I misplaced the bag when moving.",
    "Is the blade of the slicer sold as a spare?",
]
SPARE_PARTS_UNSEEN = [
    "My cat chewed the hose. Can I order only the hose?",
    "Do you have the knob of the oven as a spare part?",
    "I would like to purchase a second basket for the fryer.",
    "How much is a new cover for the cushion?",
    "Is the mop head available on its own?",
    "I broke the handle myself. Where could I buy a new handle?",
    "What is the part number of the lower drawer?",
    "Can I get extra dust bags from you, and at what price?",
    "The plug got lost, do you sell single plugs?",
    "I need another nozzle for the hair dryer, can it be ordered?",
]


def test_twenty_messages_teach_a_scenario_of_one_s_own(tmp_path: Path) -> None:
    """On a small corpus, so that it is quick; before, the scenario did not exist."""
    corpus = [m for m in read_labelled(SAMPLES / "labelled") if m.group in ("en-01", "en-02", "en-03")]
    own = spread([labelled(t, "spare_parts", id=f"{i:x}") for i, t in enumerate(SPARE_PARTS)], ("01", "02", "03"))
    unseen = [m for m in UNSEEN if m.language == "en"]
    texts = [*SPARE_PARTS_UNSEEN, *(m.text for m in unseen)]
    found = {}
    for learned, names in ((corpus, SCENARIOS), ([*corpus, *own * 5], (*SCENARIOS, "spare_parts"))):
        fitted = fit_readers(Corpus.of(learned, names))
        _, words = fitted.ngrams.scores([normalise(t) for t in texts])
        scores = words + fitted.meaning.scores(encode_sentences([readable(t) for t in texts]))
        found[len(names)] = np.array(names)[scores[:, :-1].argmax(axis=1)]
    n = len(SPARE_PARTS_UNSEEN)
    assert (found[7][:n] == "spare_parts").mean() >= 0.7
    truth = np.array([m.scenario for m in unseen])
    assert (found[7][n:] == truth).mean() >= (found[6][n:] == truth).mean() - 0.05


def test_a_scenario_that_the_model_does_not_know_is_refused_by_the_measure() -> None:
    from training.labelled import Annotated

    messages = (labelled("Do you sell the lid?", "spare_parts"), labelled("It hums", "returns"))
    with pytest.raises(LogError, match=r"the model knows no scenario 'spare_parts'.*Allowed: logistics_delay"):
        evaluation(Annotated(messages, (), 2, {"1": "own.csv, row 1"}), load_classifier(), "own.csv")
