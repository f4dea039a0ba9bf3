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


def left(by: datetime, now: datetime) -> str:
    """The time that is left, or how long it is over.

    >>> from datetime import UTC
    >>> by = datetime(2026, 11, 21, 10, tzinfo=UTC)
    >>> left(by, by - timedelta(hours=3, minutes=5)), left(by, by + timedelta(minutes=90))
    ('3:05', 'over 1:30')
    """
    minutes = int((by - now).total_seconds() // 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"{'over ' if minutes < 0 else ''}{hours}:{rest:02}"
