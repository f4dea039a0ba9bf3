"""The rules of Japanese register by id, their word lists, and what the functions that look for them find."""

from dataclasses import dataclass
from functools import cache

from suggest.tone.rules import FOLDER, Rule, RuleBook, read_rules


@dataclass(frozen=True)
class Breach:
    """A rule broken from one place of the plain text to another; `instead` puts it right."""

    rule: str
    start: int
    end: int
    instead: str = ""
    severity: str = ""


@cache
def _book() -> RuleBook:
    return read_rules(FOLDER / "ja-register.toml", language="ja")


@cache
def register_rules() -> dict[str, Rule]:
    """The rules of Japanese register by id."""
    return {rule.id: rule for rule in _book().rules}


@cache
def listed(name: str) -> dict[str, str]:
    """A word list of the rule file; each word with what to write instead, if the list says it.

    >>> listed("interjections")["ごめん"], "弊社" in listed("seller")
    ('申し訳ございません', True)
    """
    pairs = (entry.strip().partition("=") for entry in _book().words[name].split("|"))
    return {word: instead for word, _, instead in pairs if word}
