"""Labelled messages: the shipped corpus, and what a team labelled itself, with every problem named."""

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from messages import SUPPORTED_LANGUAGES, InputError, LogError, detect_language, mask
from messages.columns import plain_name
from model.features import normalise
from model.scenarios import FLAGS, SCENARIOS
from training.annotations import Answer, read_answers

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
CORPUS = SAMPLES / "labelled" if SAMPLES.is_dir() else Path(__file__).with_name("corpus")  # the latter as installed
KINDS = ("short", "medium", "long", "hard")
OWN = "own"  # the group of a team's own messages
TRAIN = ("", "train", "training")  # what a column `split` calls the messages to learn from
LONG = {"short": 60, "medium": 250}  # characters up to which a message is called so
COLUMNS = ("id", "group", "kind", "language", "scenario", "also", "flags", "text")


@dataclass(frozen=True)
class Labelled:
    """One message with its scenario; `group` is the batch and cast that it was written in."""

    id: str
    group: str
    kind: str
    language: str
    scenario: str
    also: tuple[str, ...]
    flags: tuple[str, ...]
    text: str

    @property
    def cast(self) -> str:
        """The cast that it was written in, which is left out in all languages at once."""
        return self.group.split("-")[-1]


def read_labelled(folder: Path) -> list[Labelled]:
    """All labelled messages of a folder, in the order of languages and rows.

    Raises InputError naming file, row, value and what is allowed.
    """
    files = [folder / f"{language}.csv" for language in SUPPORTED_LANGUAGES]
    missing = [f.name for f in files if not f.is_file()]
    if missing:
        raise InputError(f"{folder} lacks {', '.join(missing)}; one CSV per language with columns {' '.join(COLUMNS)}.")
    return [message for file in files for message in _read(file)]


def _read(file: Path) -> Iterator[Labelled]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines, strict=True)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise InputError(f"{file}: the columns are {reader.fieldnames}; wanted {' '.join(COLUMNS)}.")
        for number, row in enumerate(reader, 1):
            also, flags = tuple(row["also"].split()), tuple(row["flags"].split())
            for name, values, allowed in (
                ("scenario", (row["scenario"],), SCENARIOS),
                ("also", also, SCENARIOS),
                ("flags", flags, FLAGS),
                ("kind", (row["kind"],), KINDS),
                ("language", (row["language"],), SUPPORTED_LANGUAGES),
            ):
                unknown = [v for v in values if v not in allowed]
                if unknown:
                    raise InputError(
                        f"{file}, row {number}: {name} {unknown[0]!r} is unknown. Allowed: {' '.join(allowed)}."
                    )
            if not row["text"].strip():
                raise InputError(f"{file}, row {number}: the text is empty. Write the message or delete the row.")
            yield Labelled(
                row["id"], row["group"], row["kind"], row["language"], row["scenario"], also, flags, row["text"]
            )


# ------------------------------------------------------------------- what a team labelled itself


@dataclass(frozen=True)
class Problem:
    """What is wrong with a row; `left_out` says whether it is learned from all the same."""

    file: str
    row: int
    place: str
    reason: str
    said: str
    left_out: bool = True

    def __str__(self) -> str:
        return f"{self.file}, row {self.row} ({self.place}): {self.said}"


@dataclass(frozen=True)
class Annotated:
    """The messages of labelled files, each once, and what is wrong with the others."""

    messages: tuple[Labelled, ...]
    problems: tuple[Problem, ...]
    n_answers: int
    places: Mapping[str, str]  # id of a message → file and row


@dataclass(frozen=True)
class _Vote:
    file: str
    answer: Answer
    labels: tuple[str, ...]


def read_annotated(
    paths: Sequence[Path],
    scenarios: Sequence[str] = SCENARIOS,
    corpus: Iterable[Labelled] = (),
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    kept_out: bool = False,
) -> Annotated:
    """The messages of labelled files in any format of `training.annotations`, each with the label most gave it.

    Messages are the same when both readers see the same: case, ids, digits and blanks do not count. What stands in
    the `corpus` already is not learned again: it would be measured as learned. With `kept_out`, a file that keeps some
    rows out of training by its column `split` gives those instead of the others. Raises LogError for a file that cannot
    be read and for labels that are no scenarios, with file, row, value, what is allowed and how to declare a new one.
    """
    problems: list[Problem] = []
    votes: dict[str, list[_Vote]] = {}
    held_back: set[str] = set()
    unknown: list[tuple[str, Answer, str]] = []
    n_answers = 0
    for path in paths:
        answers = read_answers(path, scenarios, columns, encoding)
        if kept_out and not all(map(_is_for_training, answers)):
            answers = [replace(a, split="") for a in answers if not _is_for_training(a)]
        for answer in answers:
            n_answers += 1
            labels = tuple(_declared(label, scenarios) or label for label in answer.labels)
            problem = _problem_of(answer)
            if not _is_for_training(answer):
                held_back.add(normalise(answer.text))
                problem = ("held_back", f"the column split says {mask(answer.split)[:40]!r}; kept out of training.")
            elif not problem:
                unknown += [(path.name, answer, label) for label in labels if label not in scenarios]
                votes.setdefault(normalise(answer.text), []).append(_Vote(path.name, answer, labels))
            if problem:
                problems.append(Problem(path.name, answer.row, answer.place, *problem))
            variants = [(w, m) for w, m in zip(answer.labels, labels, strict=True) if w != m]
            for written, meant in variants if not problem else ():
                said = f"{mask(written)[:60]!r} was read as {meant!r}."
                problems.append(Problem(path.name, answer.row, answer.place, "label_variant", said, False))
    if unknown:
        raise LogError(_unknown_labels(unknown, scenarios))
    messages = []
    places = {}
    known = {normalise(m.text): m.scenario for m in corpus}
    for text, given in votes.items():
        message, found = _judgement(given, text in held_back, known.get(text))
        problems += found
        if message:
            messages.append(message)
            places[message.id] = f"{given[0].file}, row {given[0].answer.row} ({given[0].answer.place})"
    return Annotated(tuple(messages), tuple(problems), n_answers, places)


def _is_for_training(answer: Answer) -> bool:
    return answer.split.strip().casefold() in TRAIN


def _declared(label: str, scenarios: Sequence[str]) -> str:
    """The scenario that is meant, whatever case, blanks and hyphens it is written with; "" for none."""
    plain = plain_name(label[:100])
    return next((s for s in scenarios if plain_name(s) == plain), "")


def _problem_of(answer: Answer) -> tuple[str, str] | None:
    """The reason code and sentence of an answer that cannot count."""
    if answer.skipped.startswith("answer "):
        return "not_accepted", f"{answer.skipped}; only accepted, submitted, not cancelled answers are labels."
    if answer.skipped:
        return answer.skipped, "the row is damaged. Correct it in the file, or delete it."
    if not normalise(answer.text):
        return "empty_text", "the text is empty. Write the message or delete the row."
    if not answer.labels:
        return "empty_label", "there is no label. Label the message or delete the row."
    return None


def _unknown_labels(unknown: Sequence[tuple[str, Answer, str]], scenarios: Sequence[str]) -> str:
    file, answer, label = unknown[0]
    shown = mask(label)[:60]
    counts = Counter(mask(name)[:60] for _, _, name in unknown)
    near = get_close_matches(plain_name(label[:100]), [plain_name(s) for s in scenarios], 1)
    hint = next((f" Did you mean {s!r}?" for s in scenarios if near == [plain_name(s)]), "")
    all_of = ", ".join(f"{name!r} in {n}" for name, n in counts.most_common(8))
    more = f" Unknown labels by number of rows: {all_of}." if len(unknown) > 1 else ""
    new = re.sub(r"\W+", "_", shown.strip().casefold(), flags=re.ASCII).strip("_") or "spare_parts"
    return (
        f"{file}, row {answer.row} ({answer.place}): label {shown!r} is unknown.{hint} Allowed: {' '.join(scenarios)}. "
        f'Correct it, or declare it in henji.toml under [scenarios]: {new} = "what the buyer asks".{more}'
    )


def _judgement(votes: Sequence[_Vote], held_back: bool, known: str | None) -> tuple[Labelled | None, list[Problem]]:
    """One message with the label that more than half of its answers give, and what is to be said of them."""
    first = votes[0]
    counts = Counter(vote.labels[0] for vote in votes)
    (label, most), *others = counts.most_common()
    told = ", ".join(f"{name} {n}" for name, n in counts.most_common())

    def problem(vote: _Vote, reason: str, said: str, left_out: bool = True) -> Problem:
        return Problem(vote.file, vote.answer.row, vote.answer.place, reason, said, left_out)

    if held_back:
        said = "the same message stands in the test split too; kept out of training."
        return None, [problem(vote, "duplicate_text", said) for vote in votes]
    if 2 * most <= len(votes):
        rows = ", ".join(f"row {v.answer.row}" for v in votes[:6])
        said = f"the same message has several labels ({told}) in {rows}, and no majority. Agree on one."
        return None, [problem(first, "conflicting_label", said)]
    if known == label:
        said = "the shipped corpus holds the same message; not learned again."
        return None, [problem(first, "duplicate_text", said)]
    if known:
        said = f"the shipped corpus holds the same message as {known}, here it is {label}; left out."
        return None, [problem(first, "conflicting_label", said)]
    problems = []
    if others:
        said = f"its answers disagree ({told}); learned as {label}."
        problems.append(problem(first, "conflicting_label", said, False))
    elif len(votes) > 1 and len({v.answer.annotator for v in votes}) < len(votes):
        said = f"the same message stands there {len(votes)} times, first in row {first.answer.row}; learned once."
        problems.append(problem(votes[1], "duplicate_text", said, False))
    language = _language(first.answer)
    if language == "other" and label != "other":
        said = "is in a language that Henji does not read; such messages are 'other' by definition."
        return None, [*problems, problem(first, "unsupported_language", said)]
    also = dict.fromkeys(name for v in votes if v.labels[0] == label for name in v.labels[1:] if name != label)
    text = first.answer.text
    kind = next((k for k, most_characters in LONG.items() if len(text) <= most_characters), "long")
    key = normalise(text).encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(key).hexdigest()
    flags = dict.fromkeys(f for v in votes for f in v.answer.flags)
    unknown = [f for f in flags if f not in FLAGS]
    if unknown:
        said = f"flag {mask(unknown[0])[:60]!r} is unknown and was left out. Allowed: {' '.join(FLAGS)}."
        problems.append(problem(first, "unknown_flag", said, False))
    known_flags = tuple(f for f in flags if f in FLAGS)
    return Labelled(digest[:16], OWN, kind, language, label, tuple(also), known_flags, text), problems


def _language(answer: Answer) -> str:
    """The code that the file gives, where it is one that we read; else what the text shows."""
    code = answer.language.strip().casefold()[:2]
    return code if code in SUPPORTED_LANGUAGES else detect_language(answer.text)


def spread(own: Iterable[Labelled], casts: Sequence[str]) -> list[Labelled]:
    """Own messages over casts that a cross-validation leaves out in turn."""
    return [replace(m, group=f"{OWN}-{casts[int(m.id, 16) % len(casts)]}") for m in own]


def corpus_sum(messages: Iterable[Labelled]) -> str:
    """The SHA-256 of labelled messages: their texts, scenarios and order."""
    lines = (f"{m.scenario}\t{m.text}\0" for m in messages)
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
