"""Makes the readers of likeness from written sentences: `python -m suggest.tone.learn`; no run needs it."""

import hashlib
import json
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from suggest.tone.likeness import FILE, pieces, written
from suggest.tone.reading import Reading, fold
from suggest.tone.rules import FOLDER, LANGUAGES, read_toml, rule_book

SENTENCES = FOLDER / "likeness.toml"
LEARNT = ("generic_reassurance", "review_manipulation")
STRENGTH = 30.0  # of scikit-learn's LogisticRegression: how far the weights may go
PARTS = 5  # every sentence is read once by a reader that has not seen it
RIGHT = 0.997  # of the other sentences must stay below the threshold there; a reply has several
KEPT = 1_500  # pieces with the largest weights, for each category and language


def labelled(language: str) -> list[tuple[str, str]]:
    """Every written sentence of a language in plain letters with its category, "" for none.

    The proofs of the rules, the sentences of `likeness.toml`, and what the templates say, which is clean.

    >>> ("you are part of the family now.", "generic_reassurance") in labelled("en")
    True
    """
    rules = rule_book(language).rules
    found = [(said, rule.category) for rule in rules for code, said in rule.flagged if code == language]
    found += [(said, "") for rule in rules for code, said in rule.clean if code == language]
    for category, sentences in read_toml(SENTENCES)[language].items():
        found += [(said, "" if category == "clean" else category) for said in sentences]
    found += [(said, "") for said in _templates(language)]
    return list(dict.fromkeys((fold(said), category) for said, category in found))


def _templates(language: str) -> list[str]:
    path = Path(__file__).parents[1] / "templates" / f"{language}.toml"
    texts = (re.sub(r"\{\w+\}", "x", text) for text in _texts(tomllib.loads(path.read_text(encoding="utf-8"))))
    readings = (Reading.of(text, language) for text in texts if len(text) > 20)
    return sorted({reading.plain[a:b].strip() for reading in readings for a, b in reading.sentences})


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for each in values for text in _texts(each)]


def learn(sentences: Sequence[tuple[str, str]], language: str, category: str) -> dict[str, Any]:
    """Weights and threshold of one reader; the same sentences give the same reader."""
    import numpy as np
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    found = [pieces(written(said, language), language) for said, _ in sentences]
    rows = [{piece: len(each) ** -0.5 for piece in each} for each in found]
    mine = np.array([label == category for _, label in sentences])
    vectorizer = DictVectorizer()
    matrix = vectorizer.fit_transform(rows).tocsr()
    model = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=500, tol=1e-6)
    part = np.arange(len(rows)) % PARTS
    unseen = np.zeros(len(rows))
    for number in range(PARTS):
        model.fit(matrix[part != number], mine[part != number])
        unseen[part == number] = model.decision_function(matrix[part == number])
    least = np.quantile(unseen[~mine], RIGHT)
    model.fit(matrix, mine)
    names, weights = vectorizer.get_feature_names_out(), model.coef_[0]
    best = sorted(zip(names, weights.tolist(), strict=True), key=lambda pair: (-abs(pair[1]), pair[0]))[:KEPT]
    kept = {name: round(weight, 2) for name, weight in sorted(best) if round(weight, 2)}
    return {"least": round(float(least - model.intercept_[0]), 2), "weights": kept}


def made_from() -> str:
    """What the written sentences are known by: the SHA-256 of `likeness.toml`, whatever its line ends."""
    return hashlib.sha256(SENTENCES.read_text(encoding="utf-8").encode()).hexdigest()


def main() -> None:
    """Write the readers of every language and what they were made from."""
    table: dict[str, Any] = {
        language: {category: learn(labelled(language), language, category) for category in LEARNT}
        for language in LANGUAGES
    } | {"made_from": made_from()}
    FILE.write_text(json.dumps(table, ensure_ascii=False, indent=0, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
