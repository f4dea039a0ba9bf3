"""The seller's own settings, read from henji.toml; every value has a default that promises little."""

import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Self

from messages import InputError
from suggest.tone import TeamRules


@dataclass(frozen=True)
class Policy:
    """What this seller promises and offers. Raises InputError for a value that makes no sense.

    >>> Policy.of({"resolve_hours": 12, "shop_name": "Lumora"}).resolve_hours
    12
    >>> Policy.of({"compensation_share": 20})
    Traceback (most recent call last):
    messages.errors.InputError: Policy.compensation_share: 20; wanted: a share between 0 and 1, 0.20 for 20 %.
    """

    resolve_hours: int = 24  # by when we say how it goes on; Amazon counts 24 hours, weekends included
    presale_hours: int = 2  # the same before a purchase
    compensation_share: Decimal = Decimal("0.20")  # the most that is offered, of the order total
    offer_compensation: bool = True  # whether money is ever proposed; a person always decides
    return_window_days: int | None = None  # where the order itself does not say
    sign_off: str = ""  # how letters end; empty: the language's own closing and the shop's name
    shop_name: str = ""
    allowed_links: tuple[str, ...] = ()  # domains beside Amazon's that a reply may hold
    max_characters: int = 1000  # of a reply; Amazon's messaging interface allows 2000, 800 or 400
    zone: str = ""  # the team's clock, such as Asia/Shanghai
    rules: TeamRules = field(default_factory=TeamRules)  # the table [rules] of henji.toml

    def __post_init__(self) -> None:
        for name, (holds, wanted) in _WANTED.items():
            value = getattr(self, name)
            if not holds(value):
                raise InputError(f"Policy.{name}: {value}; wanted: {wanted}.")

    @classmethod
    def of(cls, value: Self | Mapping[str, Any] | None) -> Self:
        """From the class itself, a dict with its names, or None for the defaults."""
        if isinstance(value, cls):
            return value
        if value is not None and not isinstance(value, Mapping):
            raise InputError(f"Policy wants a dict or Policy, not {type(value).__name__}.")
        known = [f.name for f in fields(cls)]
        unknown = [str(key) for key in value or {} if key not in known]
        if unknown:
            raise InputError(f"Policy has no setting {', '.join(map(repr, unknown))}. Known: {' '.join(known)}.")
        settings = dict(value or {})
        if "allowed_links" in settings and not isinstance(settings["allowed_links"], str):
            settings["allowed_links"] = tuple(settings["allowed_links"])
        if "rules" in settings and not isinstance(settings["rules"], TeamRules):
            settings["rules"] = TeamRules.of(settings["rules"])
        if "compensation_share" in settings:
            with suppress(InvalidOperation):  # said by __post_init__, with what is wanted
                settings["compensation_share"] = Decimal(str(settings["compensation_share"]))
        return cls(**settings)


def read_policy(path: Path | str = "henji.toml") -> Policy:
    """The settings in a file's [policy] and [rules] tables; a file that is not there gives the defaults."""
    path = Path(path)
    if not path.exists():
        return Policy()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"Cannot read {path.name}: {error}.") from None
    policy = Policy.of(table.get("policy", {}))
    return replace(policy, rules=TeamRules.of(table["rules"], path.parent)) if "rules" in table else policy


def _is_zone(name: Any) -> bool:
    from zoneinfo import available_timezones

    return name == "" or name in available_timezones()


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "{" not in value and "}" not in value


_WANTED = {
    "resolve_hours": (lambda v: _is_whole(v, 1) and v <= 24 * 14, "whole hours from 1 to 336"),
    "presale_hours": (lambda v: _is_whole(v, 1) and v <= 24 * 14, "whole hours from 1 to 336"),
    "compensation_share": (
        lambda v: isinstance(v, Decimal) and v.is_finite() and 0 <= v <= 1,
        "a share between 0 and 1, 0.20 for 20 %",
    ),
    "offer_compensation": (lambda v: isinstance(v, bool), "true or false"),
    "return_window_days": (lambda v: v is None or _is_whole(v, 0), "a number of days, 0 or more"),
    "sign_off": (_is_text, "text without braces"),
    "shop_name": (_is_text, "text without braces"),
    "allowed_links": (lambda v: isinstance(v, tuple) and all(isinstance(d, str) for d in v), "a list of domains"),
    "max_characters": (lambda v: _is_whole(v, 200), "a whole number, 200 or more"),
    "rules": (lambda v: isinstance(v, TeamRules), "what stands under [rules]"),
    "zone": (_is_zone, "an IANA time zone such as Asia/Shanghai"),
}
