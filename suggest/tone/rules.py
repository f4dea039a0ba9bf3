"""The rules of tone as data: what a rule holds, what a finding holds, and how rule files are read."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from messages import InputError

LANGUAGES = ("en", "de", "fr", "es", "it", "ja")
SEVERITIES = ("error", "warning", "hint")
SOURCES = ("amazon", "seller guide", "house")
CATEGORIES = (
    "ja_style", "form_of_address", "vague", "generic_reassurance", "external_contact", "external_link",
    "review_manipulation", "prohibited_words", "missing_order_id", "wrong_order_id", "missing_diagnosis",
    "missing_resolution", "over_compensation", "missing_goodwill_statement", "admission_of_liability", "gift_card",
    "fullwidth_residue", "too_long", "unfilled_placeholder", "markup_or_control", "wrong_language",
    "unsupported_claim", "near_duplicate", "link_only", "writing",
)  # fmt: skip
FOLDER = Path(__file__).with_name("rules")


@dataclass(frozen=True)
class Rule:
    """One thing that a reply must not do; `kind` names the function that looks for it.

    A match of `phrases` or `patterns` counts when one of `beside` (if any) stands in the same sentence, when it
    does not lie inside one of `allowed`, and when none of the conditions in `unless` holds.
    """

    id: str
    kind: str
    category: str
    severity: str
    source: str
    message: str
    message_zh: str
    flagged: tuple[tuple[str, str], ...]
    clean: tuple[tuple[str, str], ...]
    languages: tuple[str, ...]
    phrases: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    instead: str = ""


@dataclass(frozen=True)
class Finding:
    """One place in a reply where a rule was broken; `start` and `end` point into the text as it was given."""

    category: str
    rule: str
    severity: str
    start: int
    end: int
    text: str
    message: str
    message_zh: str
    instead: str
    source: str

    @classmethod
    def of(cls, rule: Rule, text: str, start: int, end: int, **said: str) -> "Finding":
        """The finding of this rule at text[start:end]; `said` replaces message, message_zh, instead or severity."""
        facts = {"severity": rule.severity, "message": rule.message, "message_zh": rule.message_zh}
        facts = facts | {"instead": rule.instead} | said
        return cls(
            category=rule.category, rule=rule.id, source=rule.source, start=start, end=end, text=text[start:end], **facts
        )
