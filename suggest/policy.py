"""The seller's own settings, read from henji.toml; every value has a default that promises little."""

import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any, Self

from messages import InputError, marketplace
from suggest.kept import KEPT, read_kept
from suggest.own import OwnTemplate, read_own
from suggest.tone import TeamRules


@dataclass(frozen=True)
class Season:
    """How long a delivery takes at most between two days, both included, on one marketplace.

    >>> Season.of({"marketplace": "DE", "first": "2026-12-01", "last": "2026-12-27", "days": 7}).days
    7
    """

    marketplace: str
    first: date
    last: date
    days: int

    @classmethod
    def of(cls, row: Self | Mapping[str, Any]) -> Self:
        """From a row of the table. Raises InputError naming what is wrong and what is wanted."""
        if isinstance(row, cls):
            return row
        names = [f.name for f in fields(cls)]
        if not isinstance(row, Mapping) or sorted(row) != sorted(names):
            raise InputError(f"Policy.season: wanted in every row: {' '.join(names)}; there: {row!r}.")
        try:
            first, last = (d if type(d) is date else date.fromisoformat(str(d)) for d in (row["first"], row["last"]))
        except ValueError:
            raise InputError(f"Policy.season: {row!r}; wanted: days such as 2026-12-01.") from None
        if first > last or not _is_whole(row["days"], 1):
            raise InputError(f"Policy.season: {row!r}; wanted: first before last, days a whole number from 1.")
        return cls(marketplace(str(row["marketplace"])).code, first, last, row["days"])


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
    return_paid_by: str = ""  # "seller", "buyer", or empty: nothing is said of it, Amazon shows the cost
    no_return_below: Mapping[str, Decimal] = field(default_factory=dict)  # {"EUR": 10}: faulty and cheaper stays there
    sign_off: str = ""  # how letters end; empty: the language's own closing and the shop's name
    shop_name: str = ""
    allowed_links: tuple[str, ...] = ()  # domains beside Amazon's that a reply may hold
    max_characters: int = 1000  # of a reply; Amazon's messaging interface allows 2000, 800 or 400
    zone: str = ""  # the team's clock, such as Asia/Shanghai
    holidays: tuple[str, ...] = ()  # public holidays of the team: CN, DE, DE-BY …; Amazon's clock runs on
    season: tuple[Season, ...] = ()  # longer deliveries between two days; a row that has ended is an error
    own: tuple[OwnTemplate, ...] = ()  # templates for scenarios of your own
    kept: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # by template: (sent as it was, edited)
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
        if value is None:
            return cls._default()
        if not isinstance(value, Mapping):
            raise InputError(f"Policy wants a dict or Policy, not {type(value).__name__}.")
        known = [f.name for f in fields(cls)]
        unknown = [str(key) for key in value if key not in known]
        if unknown:
            raise InputError(f"Policy has no setting {', '.join(map(repr, unknown))}. Known: {' '.join(known)}.")
        settings = dict(value)
        for name in ("holidays", "season"):
            if name in settings and not isinstance(settings[name], str):
                settings[name] = tuple(settings[name] or ())
        if "season" in settings:
            settings["season"] = tuple(Season.of(row) for row in settings["season"])
        if isinstance(settings.get("no_return_below"), Mapping):
            settings["no_return_below"] = {str(k): _amount(v) for k, v in settings["no_return_below"].items()}
        if "allowed_links" in settings and not isinstance(settings["allowed_links"], str):
            settings["allowed_links"] = tuple(settings["allowed_links"])
        if "rules" in settings and not isinstance(settings["rules"], TeamRules):
            settings["rules"] = TeamRules.of(settings["rules"])
        if "compensation_share" in settings:
            with suppress(InvalidOperation):  # said by __post_init__, with what is wanted
                settings["compensation_share"] = Decimal(str(settings["compensation_share"]))
        return cls(**settings)

    @classmethod
    @cache
    def _default(cls) -> Self:
        return cls()

    def season_of(self, code: str, day: date) -> Season | None:
        """The row that holds for a marketplace on a day. Raises InputError if one of its rows has ended."""
        rows = [row for row in self.season if row.marketplace == code]
        if ended := [row for row in rows if row.last < day]:
            raise InputError(
                f"Policy.season: the row for {code} ended on {ended[0].last}. Give it new days or take it out: "
                "nothing is promised from a row that has ended."
            )
        return next((row for row in rows if row.first <= day), None)

    def holiday(self, day: date) -> str:
        """The name of the team's public holiday on a day, or "".

        >>> Policy(holidays=("DE",)).holiday(date(2026, 12, 25)), Policy(holidays=("DE",)).holiday(date(2026, 12, 28))
        ('Christmas Day', '')
        """
        return next((name for code in self.holidays if (name := str(_holidays(code).get(day) or ""))), "")


@cache
def _holidays(code: str) -> Any:
    """Public holidays of a country ("CN") or a part of it ("DE-BY"). Raises InputError for what is none."""
    from holidays import country_holidays

    country, _, part = code.partition("-")
    try:
        return country_holidays(country, subdiv=part or None)
    except (NotImplementedError, KeyError, AttributeError):
        raise InputError(f"Policy.holidays: {code!r}; wanted: a country such as CN, or a part of it: DE-BY.") from None


def read_policy(path: Path | str = "henji.toml") -> Policy:
    """The settings in a file's [policy] and [rules] tables; a file that is not there gives the defaults."""
    path = Path(path)
    if not path.exists():
        return Policy(kept=read_kept(path.with_name(KEPT))[0])
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"Cannot read {path.name}: {error}.") from None
    policy = Policy.of(table.get("policy", {}))
    if "rules" in table:
        policy = replace(policy, rules=TeamRules.of(table["rules"], path.parent))
    if names := table.get("templates", {}).get("files", []):
        policy = replace(policy, own=tuple(own for name in names for own in read_own(path.parent / name)))
    return replace(policy, kept=read_kept(path.with_name(KEPT))[0])


def settings_text(policy: Policy) -> str:
    """A henji.toml with these settings, each explained; what is not said is the default.

    >>> read = tomllib.loads(settings_text(Policy(shop_name='Lu "M"', zone="Asia/Shanghai")))["policy"]
    >>> read["shop_name"], read["zone"], read["resolve_hours"]
    ('Lu "M"', 'Asia/Shanghai', 24)
    """
    import json

    text = SETTINGS.read_text(encoding="utf-8")
    for name in ("shop_name", "zone"):  # a JSON string is a TOML string
        text = text.replace(f'\n{name} = ""', f"\n{name} = {json.dumps(getattr(policy, name), ensure_ascii=False)}", 1)
    return text


SETTINGS = Path(__file__).with_name("henji.toml")


def _is_zone(name: Any) -> bool:
    from zoneinfo import available_timezones

    return name == "" or name in available_timezones()


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "{" not in value and "}" not in value


def _amount(value: Any) -> Any:
    try:
        return Decimal(str(value))
    except InvalidOperation:  # said by __post_init__, with what is wanted
        return value


def _are_limits(value: Any) -> bool:
    from babel.numbers import list_currencies

    return isinstance(value, Mapping) and all(
        code in list_currencies() and isinstance(limit, Decimal) and limit.is_finite() and limit >= 0
        for code, limit in value.items()
    )


def _are_countries(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(code, str) and _holidays(code) is not None for code in value)


_WANTED = {
    "resolve_hours": (lambda v: _is_whole(v, 1) and v <= 24 * 14, "whole hours from 1 to 336"),
    "presale_hours": (lambda v: _is_whole(v, 1) and v <= 24 * 14, "whole hours from 1 to 336"),
    "compensation_share": (
        lambda v: isinstance(v, Decimal) and v.is_finite() and 0 <= v <= 1,
        "a share between 0 and 1, 0.20 for 20 %",
    ),
    "offer_compensation": (lambda v: isinstance(v, bool), "true or false"),
    "return_window_days": (lambda v: v is None or _is_whole(v, 0), "a number of days, 0 or more"),
    "return_paid_by": (lambda v: v in ("", "seller", "buyer"), '"seller", "buyer" or ""'),
    "no_return_below": (_are_limits, "amounts by currency, such as { EUR = 10, JPY = 1500 }"),
    "holidays": (_are_countries, 'a list of countries, such as ["CN"]'),
    "season": (lambda v: isinstance(v, tuple), "rows of marketplace, first, last, days"),
    "own": (lambda v: isinstance(v, tuple), "what stands in the files of [templates]"),
    "kept": (lambda v: isinstance(v, Mapping), f"what henji learn wrote to {KEPT}"),
    "sign_off": (_is_text, "text without braces"),
    "shop_name": (_is_text, "text without braces"),
    "allowed_links": (lambda v: isinstance(v, tuple) and all(isinstance(d, str) for d in v), "a list of domains"),
    "max_characters": (lambda v: _is_whole(v, 200), "a whole number, 200 or more"),
    "rules": (lambda v: isinstance(v, TeamRules), "what stands under [rules]"),
    "zone": (_is_zone, "an IANA time zone such as Asia/Shanghai"),
}
