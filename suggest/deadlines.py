"""By when a reply is due."""

from datetime import datetime, timedelta

REPLY_HOURS = 24  # Amazon's: weekends and holidays count, automatic replies do not


def reply_by(received: datetime) -> datetime:
    """When Amazon's clock runs out, in the zone of `received`.

    >>> from datetime import UTC
    >>> reply_by(datetime(2026, 11, 21, 10, tzinfo=UTC)).isoformat()
    '2026-11-22T10:00:00+00:00'
    """
    return received + timedelta(hours=REPLY_HOURS)
