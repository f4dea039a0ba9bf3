"""The page of suggestions: what it shows, that it shows any text as text, and that a browser runs none of it."""

from datetime import UTC, datetime

import pytest

from suggest import suggest_reply

NOW = datetime(2026, 11, 21, 15, tzinfo=UTC)
ORDER = {
    "order_id": "113-4410982-7753061",
    "buyer_name": "Anna Klein",
    "carrier": "UPS",
    "tracking_id": "1Z7A20E60391184425",
    "shipped_at": "2026-11-13",
    "eta": "2026-11-17",
}


@pytest.mark.parametrize(("message", "marketplace"), [
    ("Where is my parcel? It should have been here on Tuesday.", "US"),
    ("Wo bleibt mein Paket? Es sollte am Dienstag da sein.", "DE"),
    ("荷物はいつ届きますか。火曜日の予定でした。", "JP"),
])  # fmt: skip
def test_the_places_of_facts_hold_their_values(message: str, marketplace: str) -> None:
    s = suggest_reply(message, order=ORDER, marketplace=marketplace, now=NOW)
    assert {name for name, _, _ in s.places} == set(s.facts)
    for name, start, end in s.places:
        value = s.facts[name].value
        assert s.text[start:end] in (value, value.rstrip(" .。"))
