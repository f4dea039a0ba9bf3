"""The scenarios and flags a message can have; `labels.md` says what each means."""

import re
import tomllib
from pathlib import Path

from messages import InputError

SCENARIOS = (
    "logistics_delay",
    "compatibility_presale",
    "usage_help",
    "returns",
    "compensation_demand",
    "other",
)

FLAGS = (
    "review_threat",
    "chargeback_or_a_to_z",
    "safety_or_injury",
    "legal_threat",
    "privacy_request",
    "contact_off_amazon",
    "abusive_language",
    "asks_for_person",
    "no_reply_needed",
    "unsupported_language",
    "suspicious",
    "two_topics",
)

_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")


def declared_scenarios(path: Path | str = "henji.toml") -> dict[str, str]:
    """Further scenarios of a team's own, with what each means, from a file's [scenarios] table; none without a file.

    Raises InputError naming the file, the name and what is allowed.
    """
    path = Path(path)
    if not path.exists():
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("scenarios", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"Cannot read {path.name}: {error}.") from None
    if not isinstance(table, dict):
        raise InputError(f'{path.name}, scenarios: wanted is a table, such as [scenarios] spare_parts = "Asks for …".')
    for name, meaning in table.items():
        if name in (*SCENARIOS, "any") or not _NAME.fullmatch(name):
            raise InputError(
                f"{path.name}, scenarios: {name!r} cannot be declared. Allowed: 2 to 40 small letters, digits and _, "
                f"beginning with a letter, and none of any {' '.join(SCENARIOS)}."
            )
        if not isinstance(meaning, str) or not meaning.strip():
            raise InputError(f'{path.name}, scenarios, {name}: say what the buyer asks, such as "Asks for a part".')
    return table
