"""Retraining: every format read, every bad label named, and no model in use that is worse, half or changed."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import henji
from messages import InputError, LogError
from model import SCENARIOS, ModelError, declared_scenarios, load_classifier
from model.artifact import load_model, save_model
from model.in_use import model_in_use, names_in_use
from training.labelled import CORPUS, Annotated, Labelled, read_annotated, read_labelled, spread
from training.promote import (
    CASTS_OF_OWN,
    Figures,
    Version,
    refusals,
    retrain,
    roll_back,
    use_version,
    usual_weight,
    versions,
)
from training.train import fit, train

ALL = read_labelled(CORPUS)


def some(groups: Sequence[str], languages: Sequence[str], n: int) -> list[Labelled]:
    """Up to n short messages of each group and scenario, with one ask."""
    seen: dict[tuple[str, str], int] = {}
    chosen = []
    for m in ALL:
        cell = m.group, m.scenario
        if m.language in languages and m.group[-2:] in groups and m.kind in ("short", "medium") and not m.also:
            seen[cell] = seen.get(cell, 0) + 1
            chosen += [m] if seen[cell] <= n else []
    return chosen


def annotated(messages: Sequence[Labelled]) -> Annotated:
    """The messages as if a team had labelled them."""
    own = [replace(m, id=hashlib.sha256(m.text.encode()).hexdigest()[:16]) for m in messages]
    return Annotated(tuple(own), (), len(own), {m.id: f"new.csv, row {n}" for n, m in enumerate(own, 1)})


SMALL = some(("01", "02"), ("en", "de", "ja"), 6)
GOOD = some(("03", "04", "05"), ("en", "de", "ja"), 8)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of 216 messages in the place of the shipped one."""
    path = tmp_path_factory.mktemp("shipped")
    train(SMALL, path)
    return path


@pytest.fixture
def again(shipped: Path, tmp_path: Path) -> Callable[..., Version]:
    def retrained(messages: Sequence[Labelled], **options: Any) -> Version:
        return retrain(annotated(messages), SMALL, **{"folder": tmp_path, "shipped": shipped, "weight": 2, **options})

    return retrained


@pytest.fixture(scope="module")
def promoted(shipped: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Version]:
    """A folder in which a good set was promoted, and its version."""
    folder = tmp_path_factory.mktemp("models")
    return folder, retrain(annotated(GOOD), SMALL, folder=folder, shipped=shipped, weight=2)


def sums(folder: Path) -> dict[str, str]:
    """What is in a folder, locks left out."""
    files = [f for f in sorted(folder.rglob("*")) if f.is_file() and f.suffix != ".lock"]
    return {str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


# ---------------------------------------------------------------- reading labelled files

TEXTS = ("Where is my parcel? It is late.", "Wie koppelt man das Gerät?", "返品したいです。")
LABELS = ("logistics_delay", "usage_help", "returns")
ROWS = list(zip(TEXTS, LABELS, strict=True))


def lines(records: Sequence[Any]) -> str:
    return "\n".join(json.dumps(r, ensure_ascii=False) for r in records)


def label_studio(label: str, **more: Any) -> dict[str, Any]:
    result = [{"from_name": "topic", "to_name": "text", "type": "choices", "value": {"choices": [label]}}]
    return {"completed_by": {"id": 1}, "was_cancelled": False, "result": result, **more}


FORMATS = [
    ("table.csv", "text,scenario\n" + "\n".join(f'"{t}",{s}' for t, s in ROWS)),
    ("table.tsv", "Nachricht\tEtikett\n" + "\n".join(f"{t}\t{s}" for t, s in ROWS)),
    ("doccano.csv", "id,text,label\n" + "\n".join(f'{n},"{t}",{s}' for n, (t, s) in enumerate(ROWS))),
    ("doccano.jsonl", lines([{"id": 1, "text": t, "label": [s]} for t, s in ROWS])),
    ("doccano_intent.jsonl", lines([{"text": t, "entities": [], "cats": [s]} for t, s in ROWS])),
    ("doccano_old.jsonl", lines([{"data": t, "labels": [s]} for t, s in ROWS])),
    ("doccano_fasttext.txt", "\n".join(f"__label__{s} {t}" for t, s in ROWS)),
    ("ls_min.json", json.dumps([{"text": t, "topic": s, "annotation_id": 7, "lead_time": 3.5} for t, s in ROWS])),
    (
        "ls_min_choices.json",
        json.dumps([{"text": t, "topic": {"choices": [s]}, "annotator": 1, "annotation_id": 7} for t, s in ROWS]),
    ),
    (
        "ls.csv",
        "annotation_id,annotator,id,lead_time,topic,text\n"
        + "\n".join(f'{n},1,{n},3.2,{s},"{t}"' for n, (t, s) in enumerate(ROWS)),
    ),
    ("ls_full.json", json.dumps([{"id": 1, "data": {"text": t}, "annotations": [label_studio(s)]} for t, s in ROWS])),
    (
        "ls_full_other_name.json",
        json.dumps([{"id": 1, "data": {"review": t}, "annotations": [label_studio(s)]} for t, s in ROWS]),
    ),
    ("prodigy.jsonl", lines([{"text": t, "label": s, "answer": "accept", "_input_hash": 1} for t, s in ROWS])),
    (
        "prodigy_choice.jsonl",
        lines([{"text": t, "options": [{"id": s}], "accept": [s], "answer": "accept"} for t, s in ROWS]),
    ),
    (
        "argilla.jsonl",
        lines(
            [
                {
                    "text": t,
                    "label.responses": [s],
                    "label.responses.users": ["u1"],
                    "label.responses.status": ["submitted"],
                    "label.suggestion": "other",
                    "label.suggestion.score": 0.9,
                }
                for t, s in ROWS
            ]
        ),
    ),
    (
        "argilla.csv",
        "text,label.responses,label.responses.users,label.responses.status,label.suggestion\n"
        + "\n".join(f"\"{t}\",['{s}'],['u1'],['submitted'],other" for t, s in ROWS),
    ),
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(("name", "content"), FORMATS, ids=[name for name, _ in FORMATS])
def test_every_export_gives_the_same_messages(name: str, content: str, encoding: str, tmp_path: Path) -> None:
    if name.endswith(".txt") and encoding == "utf-16":
        pytest.skip("fastText lines are UTF-8")
    (tmp_path / name).write_text(content, encoding=encoding)
    read = read_annotated([tmp_path / name])
    assert [(m.text, m.scenario) for m in read.messages] == ROWS
    assert [m.language for m in read.messages] == ["en", "de", "ja"] and not read.problems


def test_a_workbook_and_a_chinese_table_are_read(tmp_path: Path) -> None:
    import pandas as pd

    pd.DataFrame(ROWS, columns=["消息内容", "标签"]).to_excel(tmp_path / "new.xlsx", index=False)
    (tmp_path / "gbk.csv").write_bytes(
        "消息内容,标签\n返品したいです,returns\nどこですか,logistics_delay".encode("gb18030")
    )
    assert len(read_annotated([tmp_path / "new.xlsx"]).messages) == 3
    assert [m.text for m in read_annotated([tmp_path / "gbk.csv"]).messages] == ["返品したいです", "どこですか"]


BYTES = (
    "".join(f"Maß Größe Nr. {'ä' * n},other\n" for n in range(1, 9)).encode().join((b"text,label\n", b"M\xe4h,other\n"))
)

# File, content, reasons of its problems, and the labels that are learned.
PROBLEMS = [
    ("a.csv", "text,label\nWhere is it?,\n", ["empty_label"], []),
    ("a.csv", "text,label\n ,returns\nWhere is it?,other\n", ["empty_text"], ["other"]),
    ("a.csv", "text,label\nWhere is it?, Logistics-Delay\n", ["label_variant"], ["logistics_delay"]),
    ("a.csv", "text,label\nWhere is it?,returns\nWHERE  is it?,other\n", ["conflicting_label"], []),
    ("a.csv", "text,label\nIt hums,returns\nIt hums,returns\nIt hums,other\n", ["conflicting_label"], ["returns"]),
    ("a.csv", "text,label\nIt hums,returns\nIt hums,returns\n", ["duplicate_text"], ["returns"]),
    ("a.csv", "text,label,split\nIt hums,returns,train\nit hums,returns,test\n", ["held_back", "duplicate_text"], []),
    ("a.csv", "text,label\nGdzie jest moja paczka? Czekam,returns\n", ["unsupported_language"], []),
    ("a.csv", "text,label\nIt hums and it clicks,returns#usage_help\n", [], ["returns"]),
    ("p.jsonl", lines([{"text": "It hums", "label": "returns", "answer": "reject"}]), ["not_accepted"], []),
    ("p.jsonl", lines([{"text": "It hums", "label": "returns", "answer": "ignore"}]), ["not_accepted"], []),
    ("p.jsonl", lines([{"text": "It hums", "accept": [], "options": [], "answer": "accept"}]), ["empty_label"], []),
    (
        "ls.json",
        json.dumps([{"data": {"text": "It hums"}, "annotations": [label_studio("other", was_cancelled=True)]}]),
        ["not_accepted"],
        [],
    ),
    (
        "ls.json",
        json.dumps([{"id": 1, "data": {"text": "It hums"}, "annotations": [label_studio(s) for s in LABELS[:2]]}]),
        ["conflicting_label"],
        [],
    ),
    (
        "argilla.jsonl",
        lines(
            [
                {
                    "text": "It hums",
                    "label.responses": ["other", "returns"],
                    "label.responses.users": ["a", "b"],
                    "label.responses.status": ["draft", "submitted"],
                }
            ]
        ),
        ["not_accepted"],
        ["returns"],  # a draft is no vote
    ),
    ("bytes.csv", BYTES, ["undecodable_bytes"], ["other"] * 8),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "reasons", "learned"), PROBLEMS)
def test_problems_are_named_and_only_good_answers_are_learned(
    name: str, content: str | bytes, reasons: list[str], learned: list[str], tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    read = read_annotated([tmp_path / name])
    assert sorted({p.reason for p in read.problems}) == sorted(reasons)
    assert [m.scenario for m in read.messages] == learned
    assert all(str(p).startswith(f"{name}, row {p.row} (") for p in read.problems)


# Content, and what the refusal says.
REFUSED = [
    ("text,label\nOk,other\nIt hums,refund\n", r"a\.csv, row 2 \(line 3\): label 'refund' is unknown.*Allowed: logist"),
    ("text,label\nIt hums,spare parts\n", r"declare it in henji\.toml under \[scenarios\]: spare_parts = "),
    ("text,label\nIt hums,return\n", "Did you mean 'returns'"),
    ("text,label\nIt hums,call 030 1234567\n", "label 'call ⟨phone⟩' is unknown"),  # a column of messages, masked
    ("", "is empty"),
    ("text,label\n", "holds no rows"),
    ("order,label\n1,other\n", "no column"),
    ("text,price\nIt hums,3\n", "no column holds scenarios.*--map scenario=COLUMN"),
    ('[{"text": "It hums", "label": "other"}, {"text": "It', "incomplete"),
    ('{"text": "It hums", "label": [[0, 2, "NAME"]]}', "marks parts of the text"),
]


@pytest.mark.parametrize(("content", "said"), REFUSED)
def test_what_cannot_be_learned_from_is_refused_with_what_to_do(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(content, encoding="utf-8")
    with pytest.raises(LogError, match=said):
        read_annotated([tmp_path / "a.csv"])


def test_what_the_corpus_holds_is_not_learned_twice(tmp_path: Path) -> None:
    same, other = SMALL[0], SMALL[-1]
    file = tmp_path / "new.jsonl"
    file.write_text(lines([{"text": same.text, "label": same.scenario}, {"text": other.text, "label": "usage_help"}]))
    read = read_annotated([file], corpus=SMALL)
    assert [p.reason for p in read.problems] == ["duplicate_text", "conflicting_label"] and not read.messages


def test_a_long_message_is_read_in_time(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(lines([{"text": "It hums. " * 12_000, "label": "usage_help"}]), encoding="utf-8")
    assert read_annotated([tmp_path / "a.jsonl"]).messages[0].scenario == "usage_help"


# ---------------------------------------------------------------- the gate

OLD = Figures(600, 0.80, {"returns": 0.9, "other": 0.8}, {"de": 0.9, "ja": 0.85})
GATE = [
    (OLD, 0),
    (replace(OLD, macro_f1=0.795), 0),  # a drop of half a point is allowed
    (replace(OLD, macro_f1=0.794), 1),
    (replace(OLD, scenario={"returns": 0.88, "other": 0.8}), 0),  # two points are
    (replace(OLD, macro_f1=0.9, scenario={"returns": 0.879, "other": 0.9}), 1),  # better as a whole does not help
    (replace(OLD, macro_f1=0.9, language={"de": 0.95, "ja": 0.82}), 1),
    (Figures(600, 0.5, {"returns": 0.5, "other": 0.5}, {"de": 0.5, "ja": 0.5}), 5),
]


@pytest.mark.parametrize(("new", "n_reasons"), GATE)
def test_the_gate_refuses_what_is_worse(new: Figures, n_reasons: int) -> None:
    assert len(refusals(OLD, new)) == n_reasons


def test_a_good_set_is_promoted_and_used(promoted: tuple[Path, Version]) -> None:
    folder, version = promoted
    assert version.promoted and version.figures.macro_f1 > version.before.macro_f1 + 0.02
    assert model_in_use(folder).name == version.name and versions(folder) == [version]
    assert load_classifier(model_in_use(folder)).classify(["Where is my parcel?"])[0].scenario == "logistics_delay"


def flipped(messages: Sequence[Labelled], share: float) -> list[Labelled]:
    choose = random.Random(0)
    others = {s: [o for o in SCENARIOS if o != s] for s in SCENARIOS}
    return [replace(m, scenario=choose.choice(others[m.scenario])) if choose.random() < share else m for m in messages]


def shifted(messages: Sequence[Labelled]) -> list[Labelled]:
    mixed = random.Random(0).sample(list(messages), len(messages))
    return [replace(m, scenario=n.scenario) for m, n in zip(mixed, [*mixed[1:], mixed[0]], strict=True)]


BAD = [
    ("shifted by a row", shifted(GOOD), {}, "shifted by a row: .* fit the message of their own row"),
    ("all labels equal", [replace(m, scenario="returns") for m in GOOD], {}, "do not belong to the messages"),
    ("one class only", [m for m in GOOD if m.scenario == "returns"], {"only": True}, "messages: logistics_delay 0"),
    ("two of a new one", [replace(m, scenario="sos") for m in GOOD[:2]], {"declared": {"sos": "p"}}, "sos 2; each"),
    ("nothing", [], {}, "None of the 0 answers can be learned from"),
]  # fmt: skip


@pytest.mark.parametrize(("messages", "options", "said"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_bad_labels_are_refused_before_training(
    messages: list[Labelled], options: dict[str, Any], said: str, again: Callable[..., Version], tmp_path: Path
) -> None:
    with pytest.raises(LogError, match=said):
        again(messages, **options)
    assert sums(tmp_path) == {}


def test_flipped_labels_are_refused(promoted: tuple[Path, Version], shipped: Path) -> None:
    """30 % of the labels that the model in use learned rightly, learned wrongly."""
    folder, good = promoted
    before = sums(folder)
    bad = retrain(annotated(flipped(GOOD, 0.3)), SMALL, folder=folder, shipped=shipped, weight=2)
    assert not bad.promoted and bad.reasons[0].startswith("Macro-F1 fell by")
    assert {f: s for f, s in sums(folder).items() if bad.name not in f} == before
    assert model_in_use(folder).name == good.name


def test_a_worse_model_is_refused_with_reasons_and_nothing_in_use_changes(
    promoted: tuple[Path, Version], shipped: Path
) -> None:
    """So few messages that no share of them tells; only the frozen set shows what a heavy weight makes of them."""
    folder, good = promoted
    before = sums(folder), sums(shipped)
    wrong = [replace(m, scenario="returns") for m in GOOD if m.scenario != "returns"][::25][:15]
    bad = retrain(annotated(wrong), SMALL, folder=folder, shipped=shipped, weight=60)
    assert not bad.promoted and bad.against == good.name and any("Recall of" in r for r in bad.reasons)
    after = sums(folder)
    assert {f: s for f, s in after.items() if bad.name not in f} == before[0] and sums(shipped) == before[1]
    assert [f for f in after if bad.name in f] == [f"versions/{bad.name}/version.json"]
    assert [v.name for v in versions(folder) if v.promoted] == [good.name]
    with pytest.raises(InputError, match=f"No promoted version '{bad.name}'.*Allowed: shipped {good.name}"):
        use_version(bad.name, folder)


# Twenty messages in the jargon of one shop's buyers, and what others write in it.
JARGON = {
    "usage_help": ("shows E4", "E4 and then nothing", "E7 after descaling", "it says E2 now"),
    "returns": ("RMA number please", "need an RMA", "RMA for the tank pump", "open an RMA for me"),
    "logistics_delay": ("ETA?", "any ETA on the pump", "ETA for my order pls", "still no ETA"),
    "compatibility_presale": (
        "OK for 6 mm rimless?",
        "rimless 10 mm ok?",
        "clip on rimless?",
        "for a 12 mm rimless tank?",
    ),
    "compensation_demand": (
        "10 % and we are fine",
        "20 % back and all good",
        "15 % and I keep it",
        "half back and we are fine",
    ),
}
ASKED = [
    ("usage_help", "E4 again"),
    ("usage_help", "now it is E9"),
    ("returns", "RMA pls"),
    ("returns", "can I get an RMA"),
    ("logistics_delay", "ETA please"),
    ("logistics_delay", "what is the ETA"),
    ("compatibility_presale", "8 mm rimless ok?"),
    ("compatibility_presale", "rimless fit?"),
    ("compensation_demand", "5 % and we are good"),
    ("compensation_demand", "30 % back, fine with me"),
]


def test_twenty_messages_of_ones_own_help(shipped: Path, tmp_path: Path) -> None:
    own = annotated([Labelled("", "", "short", "en", s, (), (), text) for s, texts in JARGON.items() for text in texts])
    assert usual_weight(len(own.messages)) == 5
    fitted = fit([*SMALL, *spread(own.messages, CASTS_OF_OWN) * 5])
    save_model(tmp_path, fitted.arrays, fitted.settings)
    right = [
        sum(load_classifier(p).predict([t for _, t in ASKED]) == [s for s, _ in ASKED]) for p in (shipped, tmp_path)
    ]
    assert right[0] <= 7 and right[1] >= 9


def test_an_inbox_is_left_out_as_a_cast_and_says_from_when_on_one_is_sure() -> None:
    inbox = [replace(m, group="en-inbox") for m in SMALL]  # known word for word: right and certain
    wrong = [replace(m, scenario=SCENARIOS[SCENARIOS.index(m.scenario) - 1]) for m in inbox]
    right, denied = fit([*inbox, *SMALL]), fit([*wrong[::4], *SMALL])
    truth = np.array([SCENARIOS.index(m.scenario) for m in inbox])
    assert (right.held_out[: len(inbox)].argmax(axis=1) == truth).mean() > 0.9
    said = np.array([SCENARIOS.index(m.scenario) for m in wrong[::4]])
    judged = denied.held_out[: len(said)].argmax(axis=1)
    assert (judged == said).mean() < 0.3  # what the inbox says of itself is not heard when it is judged
    sure = [fitted.settings["calibration"]["sure"]["all"] for fitted in (right, denied)]
    assert sure[0] <= 1 < sure[1]  # where the inbox says that all is wrong, nothing is ever sure


# ---------------------------------------------------------------- versions


def test_the_same_data_gives_the_same_model(
    again: Callable[..., Version], promoted: tuple[Path, Version], tmp_path: Path
) -> None:
    version = again(GOOD)
    first, second = (model_in_use(f) for f in (promoted[0], tmp_path))
    assert version.name == promoted[1].name and version.data_sha256 == promoted[1].data_sha256
    names = [f.name for f in sorted(first.iterdir()) if f.name != "version.json"]
    assert len(names) > 5 and all((first / n).read_bytes() == (second / n).read_bytes() for n in names)


def test_the_way_back_is_one_command_each_way(promoted: tuple[Path, Version]) -> None:
    folder, version = promoted
    assert roll_back(folder) == "shipped" and names_in_use(folder) == ["shipped"]
    with pytest.raises(InputError, match="no model before the one in use"):
        roll_back(folder)
    use_version(version.name, folder)
    assert names_in_use(folder) == [version.name, "shipped"]


def test_a_changed_version_is_refused_and_not_replaced_in_silence(promoted: tuple[Path, Version]) -> None:
    folder = promoted[0]
    file = model_in_use(folder) / "ngram_bias.npy"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(ModelError, match="henji models --rollback"):
        load_model(model_in_use(folder))
    file.write_bytes(whole)
    arrays, stored = load_model(model_in_use(folder))
    for name, value in {"scenarios": ["returns"], "encoder": "another", "bits": 20}.items():
        save_model(folder / "versions" / "edited", arrays, {**stored, name: value})
        with pytest.raises(ModelError, match=f"made with {name} = "):
            load_classifier(folder / "versions" / "edited")
        for written in (folder / "versions" / "edited").iterdir():
            written.unlink()
    (folder / "versions" / "edited").rmdir()


def test_a_version_that_is_gone_is_said(tmp_path: Path) -> None:
    (tmp_path / "current").write_text("0123456789ab\n", encoding="utf-8")
    with pytest.raises(ModelError, match=r"0123456789ab, is not at .*henji models"):
        model_in_use(tmp_path)


def test_a_reader_during_promotions_sees_the_old_or_the_new(promoted: tuple[Path, Version]) -> None:
    folder, version = promoted
    stop = threading.Event()

    def promote() -> None:
        for _ in range(200):
            use_version("shipped", folder)
            use_version(version.name, folder)
        stop.set()

    writer = threading.Thread(target=promote)
    writer.start()
    seen = set()
    while not stop.is_set():
        seen |= {next(iter(names_in_use(folder)), "none") for _ in range(50)}
        load_model(model_in_use(folder))
    writer.join()
    assert seen == {"shipped", version.name}


# ---------------------------------------------------------------- two at once, and kills


def start_child(work: Callable[[], Any]) -> int:
    """Begin something in a process of its own; its number."""
    child = os.fork()
    if not child:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(3)
    return child


def exit_code(child: int) -> int:
    """Wait for a process; negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def in_child(work: Callable[[], Any]) -> int:
    """Do something in a process of its own; its exit code."""
    return exit_code(start_child(work))


def kill_self(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills need fork")
@pytest.mark.parametrize("share", [0.0, 0.4, 0.9, 1.0])
def test_a_training_killed_leaves_no_version_and_no_lock(
    share: float, again: Callable[..., Version], promoted: tuple[Path, Version], shipped: Path
) -> None:
    folder, version = promoted
    before = sums(folder)

    def until(done: float) -> None:
        if done >= share:
            kill_self()

    assert in_child(lambda: again(GOOD[:60], folder=folder, progress=until)) == -signal.SIGKILL
    assert {f: s for f, s in sums(folder).items() if ".new-" not in f} == before
    assert model_in_use(folder).name == version.name
    with pytest.raises(LogError, match="None of the 0"):  # past the lock
        again([], folder=folder)
    assert sums(folder) == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills need fork")
@pytest.mark.parametrize("nth", [1, 7])
def test_a_training_killed_while_it_writes_leaves_no_half_version(
    nth: int, again: Callable[..., Version], tmp_path: Path
) -> None:
    def work() -> None:
        calls = iter(range(1, 1000))
        fsync = os.fsync
        os.fsync = lambda file: kill_self() if next(calls) == nth else fsync(file)
        again(GOOD)

    assert in_child(work) == -signal.SIGKILL
    assert names_in_use(tmp_path) == [] and versions(tmp_path) == []


def test_a_second_training_is_refused_while_one_runs(again: Callable[..., Version], tmp_path: Path) -> None:
    code = (
        "import sys, time; from filelock import FileLock\n"
        "with FileLock(sys.argv[1]): print('locked', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / ".training.lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout and other.stdout.readline() == "locked\n"
        with pytest.raises(InputError, match="Another training is running"):
            again(GOOD[:40])
        other.kill()
    with pytest.raises(LogError, match="None of the 0"):  # the lock of a dead process does not block
        again([])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="many processes at once need fork")
def test_of_twenty_trainings_at_once_one_runs_and_the_others_are_refused(
    again: Callable[..., Version], tmp_path: Path
) -> None:
    def work() -> None:
        try:
            again(GOOD)
        except InputError as error:
            os._exit(7 if "Another training is running" in str(error) else 8)

    codes = [exit_code(child) for child in [start_child(work) for _ in range(20)]]
    assert set(codes) == {0, 7}
    made = versions(tmp_path)
    assert len({v.name for v in made}) == 1  # the same labels make the same model
    load_model(model_in_use(tmp_path))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="many processes at once need fork")
def test_twenty_who_change_the_model_in_use_leave_one_of_the_two(promoted: tuple[Path, Version]) -> None:
    folder, version = promoted

    names = [*["shipped"] * 10, *[version.name] * 10]
    children = [start_child(partial(use_version, name, folder)) for name in names]
    assert [exit_code(child) for child in children] == [0] * 20
    assert model_in_use(folder).name in ("pretrained", version.name)
    load_model(model_in_use(folder))


# ---------------------------------------------------------------- privacy


def test_nothing_personal_is_written(again: Callable[..., Version], tmp_path: Path) -> None:
    secrets = (
        "anna.berg@example.com",
        "302-7654321-1234567",
        "4111 1111 1111 1111",
        "Kowalczewska",
        "DE89370400440532013000",
    )
    planted = f"My name is {secrets[3]}, order {secrets[1]}, card {secrets[2]}, {secrets[4]}, {secrets[0]}. "
    again([replace(m, text=planted + m.text) if n % 10 == 0 else m for n, m in enumerate(GOOD)])
    written = b"".join(f.read_bytes() for f in tmp_path.rglob("*") if f.is_file())
    assert len(written) > 1_000_000
    assert [s for s in secrets if s.encode() in written] == []


# ---------------------------------------------------------------- scenarios of a team's own

DECLARED = [
    ('[scenarios]\nspare_parts = "Asks for a part"\n', None),
    ('[policy]\nresolve_hours = 12\n', None),
    ('[scenarios]\nreturns = "x"\n', "'returns' cannot be declared"),
    ('[scenarios]\n"Spare parts" = "x"\n', "'Spare parts' cannot be declared.*small letters"),
    ('[scenarios]\nspare_parts = ""\n', "spare_parts: say what the buyer asks"),
    ('scenarios = ["spare_parts"]\n', "wanted is a table"),
    ("[scenarios\n", "Cannot read henji.toml"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "said"), DECLARED)
def test_scenarios_are_declared_in_henji_toml(content: str, said: str | None, tmp_path: Path) -> None:
    (tmp_path / "henji.toml").write_text(content, encoding="utf-8")
    if said:
        with pytest.raises(InputError, match=said):
            declared_scenarios(tmp_path / "henji.toml")
    else:
        wanted = {"spare_parts": "Asks for a part"} if "spare" in content else {}
        assert declared_scenarios(tmp_path / "henji.toml") == wanted


# ---------------------------------------------------------------- the command


def command(arguments: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["henji", *arguments])
    with pytest.raises(SystemExit) as ended:
        henji.main()
    return int(ended.value.code or 0)


COMMANDS = [
    (["train", "nowhere.csv"], 3, "no such file"),
    (["train", "bad.csv"], 3, "label 'refund' is unknown"),
    (["train", "bad.csv", "--map", "text"], 2, "write FIELD=NAME"),
    (["models", "--use", "0123"], 2, "No promoted version '0123'"),
    (["models", "--rollback"], 2, "no model before"),
    (["models"], 0, ""),
    (["models", "--json"], 0, ""),
]


@pytest.mark.parametrize(("arguments", "code", "said"), COMMANDS, ids=[" ".join(c[0]) for c in COMMANDS])
def test_the_command_says_what_is_wrong(
    arguments: list[str], code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    (tmp_path / "bad.csv").write_text("text,label\nIt hums,refund\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HENJI_MODEL", str(tmp_path))
    assert command(arguments, monkeypatch) == code
    printed = capsys.readouterr()
    assert said in printed.err and "Traceback" not in printed.err
    assert code or "shipped" in printed.out


def test_the_command_lists_what_was_refused_and_why(
    promoted: tuple[Path, Version], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("HENJI_MODEL", str(promoted[0]))
    assert command(["models", "--json"], monkeypatch) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["in_use"] == promoted[1].name
    assert {v["name"]: bool(v["reasons"]) for v in told["versions"]}[promoted[1].name] is False


PARTS = """
Do you sell the lid on its own?
I need a replacement hose for it.
Where can I buy just the charger?
Only the spare belt, please.
Is the battery available as a spare part?
Kann ich die Dichtung einzeln bekommen?
Gibt es das Ersatzrad auch ohne den Rest?
Ich brauche nur den Deckel neu.
Ersatzteil Nr. 4, bitte einzeln.
フィルターだけ購入できますか。
替えのふたはありますか。
部品のネジだけ欲しいです。
""".strip().splitlines()


def test_a_scenario_of_ones_own_is_learned_and_found(again: Callable[..., Version], tmp_path: Path) -> None:
    own = [Labelled("", "", "short", "en", "spare_parts", (), (), text) for text in PARTS]
    version = again([*GOOD, *own], declared={"spare_parts": "Asks for a spare part"})
    assert version.promoted and version.declared == {"spare_parts": "Asks for a spare part"}
    classifier = load_classifier(model_in_use(tmp_path))
    assert classifier.classes_.tolist() == [*SCENARIOS, "spare_parts"]
    found = classifier.classify(["Can I buy the hose alone as a spare part?", "Where is my parcel?"])
    assert [p.scenario for p in found] == ["spare_parts", "logistics_delay"] and len(found[0].ranking) == 7
