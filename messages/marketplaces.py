"""Amazon's marketplaces: their ids, domains, languages, currencies and clocks."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from messages.errors import InputError


@dataclass(frozen=True)
class Marketplace:
    """One Amazon shop; `code` is how sellers call it (`UK`, not `GB`)."""

    code: str
    id: str
    domain: str
    currency: str
    languages: tuple[str, ...]
    zone: str
    in_eu: bool = False

    @property
    def timezone(self) -> ZoneInfo:
        """The clock on the buyer's wall."""
        return ZoneInfo(self.zone)

    @property
    def country(self) -> str:
        """ISO 3166 code; differs from `code` for the United Kingdom only."""
        return "GB" if self.code == "UK" else self.code


@cache
def marketplaces() -> dict[str, Marketplace]:
    """All marketplaces by code.

    >>> marketplaces()["JP"].domain
    'amazon.co.jp'
    """
    path = Path(__file__).with_name("marketplaces.toml")
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return {code: Marketplace(code, **{**row, "languages": tuple(row["languages"])}) for code, row in table.items()}


@cache
def _by_any_name() -> dict[str, Marketplace]:
    names: dict[str, Marketplace] = {}
    for m in marketplaces().values():
        for name in (m.code, m.country, m.id, m.domain, f"www.{m.domain}", f"marketplace.{m.domain}"):
            names[name.casefold()] = m
    return names


def find_marketplace(name: str | None) -> Marketplace | None:
    """The marketplace with this code, country, id or domain, or None.

    >>> find_marketplace("Amazon.de").code, find_marketplace("A1VC38T7YXB528").code, find_marketplace("GB").code
    ('DE', 'JP', 'UK')
    >>> find_marketplace("amazon.com.evil.tld") is None
    True
    """
    return _by_any_name().get((name or "").strip().casefold())


def marketplace(name: str) -> Marketplace:
    """The same for input that a person gave: an unknown name is an error.

    >>> marketplace("XX")
    Traceback (most recent call last):
    messages.errors.InputError: Unknown marketplace 'XX'. Known: AE AU BE BR CA DE EG ES FR IE IN IT JP ...
    """
    found = find_marketplace(name)
    if found is None:
        raise InputError(
            f"Unknown marketplace {name!r}. Known: {' '.join(sorted(marketplaces()))}, or Amazon's ids and domains."
        )
    return found
