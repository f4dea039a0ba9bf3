"""Behaviour tests of the classifier: what every reader of messages must do, whatever it was trained on.

Three kinds, after CheckList (Ribeiro et al. 2020, https://aclanthology.org/2020.acl-main.442): minimum function (a
plain message gets its scenario), invariance (a typo, a name, an order id … changes nothing) and direction (a sentence
that asks for something makes that scenario likelier). The sentences stand in `behaviour.toml`.
"""

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from messages import SUPPORTED_LANGUAGES
from model import SCENARIOS

if TYPE_CHECKING:
    from model import ScenarioClassifier

TARGETS = {"minimum function": 0.05, "invariance": 0.02}  # shares of failures that are borne
MAY_FALL = 0.1  # so much may a probability fall when the same ask is made once more
EMOJI = ("🙏", "😡", "😊")

_LETTERS = re.compile(r"[^\W\d_]{4,}")
_HIRAGANA = re.compile(r"[ぁ-ん]{3,}")
_PUNCTUATION = re.compile(r"[.,;:!?¿¡«»。、？！「」]+")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})


@dataclass(frozen=True)
class Case:
    """One thing that must hold of `message`; where it is compared with another, that one is `before`."""

    test: str
    kind: str
    language: str
    scenarios: tuple[str, ...]
    message: str
    before: str = ""


@dataclass(frozen=True)
class Failure:
    """A case that does not hold, and what was read instead."""

    case: Case
    found: str


def typo(text: str, language: str) -> str:
    """Two letters of the longest word swapped; in Japanese a kana typed twice.

    >>> typo("Where is my parcel?", "en"), typo("荷物はどこにありますか。", "ja")
    ('Where is my pacrel?', '荷物はどこににありますか。')
    """
    words = list((_HIRAGANA if language == "ja" else _LETTERS).finditer(text))
    if not words:
        return text
    word = max(words, key=lambda m: len(m[0]))
    middle = (word.start() + word.end()) // 2
    if language == "ja":
        return text[:middle] + text[middle - 1] + text[middle:]
    return text[: middle - 1] + text[middle] + text[middle - 1] + text[middle + 1 :]


def without_accents(text: str, language: str) -> str:
    """As typed on a keyboard that has none; Japanese is left as it is, its marks are part of the letters.

    >>> without_accents("Größe", "de"), without_accents("¿Dónde está?", "es"), without_accents("どこ", "ja")
    ('Groesse', '¿Donde esta?', 'どこ')
    """
    if language == "ja":
        return text
    plain = text.translate(_UMLAUTS) if language == "de" else text
    return "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))


def without_punctuation(text: str, language: str) -> str:
    """Typed in haste.

    >>> without_punctuation("Where's my stuff? It's late.", "en"), without_punctuation("荷物、どこ？", "ja")
    ("Where's my stuff It's late", '荷物 どこ')
    """
    return " ".join(_PUNCTUATION.sub(" ", text).split())


def half_width(text: str, language: str) -> str:
    """Katakana in half width, as old forms send it.

    >>> half_width("ケースはどこ", "ja")
    'ｹｰｽはどこ'
    """
    import jaconv

    return str(jaconv.z2h(text))


CHANGES: dict[str, Callable[[str, str], str]] = {
    "typo": typo,
    "capitals": lambda text, language: text.upper(),
    "small letters": lambda text, language: text.lower(),
    "no accents": without_accents,
    "no punctuation": without_punctuation,
    "half width": half_width,
}


def variants(text: str, language: str, around: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str, str]]:
    """The text with each change that leaves its meaning as it is, by kind; changes that change nothing are left out."""
    joined = "" if language == "ja" else " "
    for kind, change in CHANGES.items():
        yield kind, change(text, language)
    for before, after in around["courtesies"]:
        yield "courtesy", f"{before}{joined}{text}{joined}{after}"
    for name in around["names"]:
        yield "name", f"{text}\n{name}"
    for order_id in around["order_ids"]:
        yield "order id", f"{text}{joined}{order_id}"
    for emoji in EMOJI:
        yield "emoji", f"{text} {emoji}"


@cache
def _sentences() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("behaviour.toml").read_text(encoding="utf-8"))


@cache
def cases() -> tuple[Case, ...]:
    """Every case of every language, as `behaviour.toml` and the changes give them."""
    return tuple(case for language in SUPPORTED_LANGUAGES for case in _cases_of(language, _sentences()[language]))


def _cases_of(language: str, told: Mapping[str, Any]) -> Iterator[Case]:
    for kind in ("plain", "general", "negation", "two_asks"):
        for asks, texts in told[kind].items():
            for text in texts:
                yield Case("minimum function", kind.replace("_", " "), language, tuple(asks.split()), text)
    joined = "" if language == "ja" else " "
    for scenario, texts in told["plain"].items():
        others = [s for s in SCENARIOS if s != scenario]
        for number, text in enumerate(texts):
            for kind, changed in variants(text, language, told["around"]):
                # who asks before buying has no order
                if changed != text and (kind, scenario) != ("order id", "compatibility_presale"):
                    yield Case("invariance", kind, language, (scenario,), changed, text)
            second = others[number % len(others)]
            for kind, asked in (("second ask", second), ("same ask", scenario)):
                added = told["added"][asked][number % len(told["added"][asked])]
                yield Case("direction", kind, language, (asked,), f"{text}{joined}{added}", text)


def failures(classifier: "ScenarioClassifier", chosen: Sequence[Case]) -> list[Failure]:
    """The cases that do not hold for a classifier."""
    texts = list(dict.fromkeys(t for case in chosen for t in (case.message, case.before) if t))
    probabilities = dict(zip(texts, classifier.predict_proba(texts), strict=True))
    found = {text: SCENARIOS[int(p.argmax())] for text, p in probabilities.items()}

    def wrong(case: Case) -> str:
        here = found[case.message]
        if case.test == "minimum function":
            return "" if here in case.scenarios else here
        if case.test == "invariance":
            return "" if here == found[case.before] else f"{found[case.before]} → {here}"
        asked = SCENARIOS.index(case.scenarios[0])
        before, after = (float(probabilities[t][asked]) for t in (case.before, case.message))
        holds = after > before if case.kind == "second ask" else after >= before - MAY_FALL
        return "" if holds else f"{case.scenarios[0]} {before:.3f} → {after:.3f}"

    return [Failure(case, said) for case in chosen if (said := wrong(case))]


def behaviour(classifier: "ScenarioClassifier") -> dict[str, Any]:
    """Shares of failures for JSON and tables: per test, per test and kind, each by language and by scenario."""
    chosen = cases()
    failed = failures(classifier, chosen)
    rows = [
        {
            "test": test,
            "kind": kind,
            "target": TARGETS.get(test),
            **_share(chosen, failed, lambda c, t=test, k=kind: c.test == t and k in ("all", c.kind)),  # type: ignore[misc]
            "language": {
                code: _share(chosen, failed, lambda c, t=test, k=kind, v=code: (  # type: ignore[misc]
                    c.test == t and k in ("all", c.kind) and c.language == v))
                for code in SUPPORTED_LANGUAGES
            },
            "scenario": {
                s: _share(chosen, failed, lambda c, t=test, k=kind, v=s: (  # type: ignore[misc]
                    c.test == t and k in ("all", c.kind) and c.scenarios[0] == v))
                for s in SCENARIOS
            },
        }
        for test in dict.fromkeys(c.test for c in chosen)
        for kind in dict.fromkeys(k for c in chosen if c.test == test for k in ("all", c.kind))
    ]  # fmt: skip
    told = [{**vars(f.case), "scenarios": list(f.case.scenarios), "found": f.found} for f in failed]
    return {"table": rows, "failures": told}


def _share(chosen: Sequence[Case], failed: Sequence[Failure], belongs: Callable[[Case], bool]) -> dict[str, Any]:
    n = sum(map(belongs, chosen))
    n_failed = sum(belongs(f.case) for f in failed)
    return {"n": n, "failed": n_failed, "share": round(n_failed / n, 4) if n else None}
