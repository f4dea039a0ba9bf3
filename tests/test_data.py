"""The labelled messages: whole, balanced, each on its own, and none of them in the unseen set."""

import re
from collections import Counter

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from messages import SUPPORTED_LANGUAGES
from model import SCENARIOS
from model.features import normalise
from training.labelled import KINDS, SAMPLES, Labelled, read_labelled

LABELLED = read_labelled(SAMPLES / "labelled")
UNSEEN = read_labelled(SAMPLES / "unseen")
NEAR = 0.4  # character 5-grams in common, Jaccard


def near_pairs(a: list[Labelled], b: list[Labelled]) -> list[tuple[str, str]]:
    """Pairs of messages that share too much, by id."""
    count = CountVectorizer(analyzer="char", ngram_range=(5, 5), binary=True, dtype=np.float32)
    grams = count.fit_transform([f"{m.text:5}" for m in [*a, *b]])
    sizes = grams.sum(axis=1).A1
    first, second = grams[: len(a)], grams[len(a) :]
    common = (first @ second.T).toarray()
    share = common / np.maximum(sizes[: len(a), None] + sizes[None, len(a) :] - common, 1)
    return [(a[i].id, b[j].id) for i, j in np.argwhere(share > NEAR) if a[i].id < b[j].id or a is not b]


@pytest.mark.parametrize("language", SUPPORTED_LANGUAGES)
def test_no_message_is_a_variation_of_another(language: str) -> None:
    messages = [m for m in LABELLED if m.language == language]
    assert near_pairs(messages, messages) == []


@pytest.mark.parametrize("language", SUPPORTED_LANGUAGES)
def test_no_unseen_message_was_learned_from(language: str) -> None:
    seen = [m for m in LABELLED if m.language == language]
    unseen = [m for m in UNSEEN if m.language == language]
    assert near_pairs(seen, unseen) == [] and {m.group for m in seen}.isdisjoint(m.group for m in unseen)


def test_every_cell_is_filled() -> None:
    cells = Counter((m.language, m.scenario) for m in LABELLED)
    assert min(cells[language, s] for language in SUPPORTED_LANGUAGES for s in SCENARIOS) >= 140
    kinds = Counter((m.language, m.scenario, m.kind) for m in LABELLED)
    assert all(kinds[language, s, kind] for language in SUPPORTED_LANGUAGES for s in SCENARIOS for kind in KINDS)
    assert min(Counter((m.language, m.scenario) for m in UNSEEN).values()) >= 10


def test_ids_are_unique_and_second_asks_are_flagged() -> None:
    messages = [*LABELLED, *UNSEEN]
    assert len({m.id for m in messages}) == len(messages)
    assert all(m.scenario not in m.also and ("two_topics" in m.flags) >= bool(m.also) for m in messages)


def test_order_ids_do_not_give_the_scenario_away() -> None:
    """What the readers see of a message is the same with an order id in it."""
    with_id = [m.text for m in LABELLED if re.search(r"\d{3}-\d{7}-\d{7}", m.text)]
    assert len(with_id) > 100
    assert not any(re.search(r"order⟩|0{3}-0{7}", normalise(text)) for text in with_id)
