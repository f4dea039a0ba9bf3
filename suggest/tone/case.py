"""What is known beside the reply: the order, the buyer's message and the seller's settings."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

import re2

from messages import Order
from suggest.tone.matching import Occurring, matcher, words_pattern
from suggest.tone.reading import Reading, kept, spans, stands_in

T = TypeVar("T")

_ASKED = re2.compile("(?:ません(?:でしょう)?|ない(?:でしょう|です)?)か")


@dataclass(frozen=True)
class Case:
    """One reply to check and what it is checked against."""

    reading: Reading
    marketplace: str | None = None
    message: str | None = None
    order: Order | None = None
    allowed_links: tuple[str, ...] = ()
    compensation_share: Decimal = Decimal("0.20")
    max_characters: int = 1000
    resolve_hours: int = 24
    scenario: str | None = None

    @property
    def plain(self) -> str:
        """The reply in plain letters."""
        return self.reading.plain

    @kept
    def occurring(self) -> Occurring:
        """The word lists and signs of which something stands in the reply at all."""
        return matcher(self.reading.language).occurring(self.reading)

    def word(self, name: str) -> "re2._Regexp":
        """A word list of the reply's language, as a pattern."""
        return words_pattern(self.reading.language, name)

    def says(self, name: str, start: int, end: int) -> bool:
        """True if a word of the list stands between two places of the plain text."""
        return name in self.occurring and stands_in(self.word(name), self.plain[start:end])

    def denies(self, name: str, start: int, end: int) -> bool:
        """As `says`, but a question in the negative asks and denies nothing: 変更していただけませんか."""
        if name not in self.occurring:
            return False
        said = self.plain[start:end]
        return stands_in(self.word(name), _ASKED.sub("", said) if "か" in said else said)

    @kept
    def _known(self) -> dict[object, list[Any]]:
        return {}

    def once(self, name: object, look: Callable[[], Iterable[T]]) -> list[T]:
        """What was looked for under this name; looked for when it is first asked."""
        if name not in self._known:
            self._known[name] = list(look())
        return self._known[name]

    def places(self, name: str) -> Iterator[tuple[int, int]]:
        """The places where a word list of the language matches, each looked for when it is asked for."""
        return spans(self.word(name), self.plain) if self.occurring.may_hold(name) else iter(())

    def where(self, name: str) -> list[tuple[int, int]]:
        """Every place where a word list of the language matches; kept."""
        return self.once(name, lambda: self.places(name)) if self.occurring.may_hold(name) else []

    @property
    def is_presale(self) -> bool:
        """True for a buyer who has not bought: the order is known to have no id."""
        return self.order is not None and not self.order.order_id
