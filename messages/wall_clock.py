"""Arithmetic on the clock on somebody's wall. Everything given and returned is aware; results are UTC.

A local time that a clock change skips moves forward; one that it doubles is the first of the two.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


def check_aware(at: datetime) -> datetime:
    """`at` itself. Raises ValueError for a naive datetime: nobody knows which moment it means."""
    if at.utcoffset() is None:
        raise ValueError(f"a naive datetime is not a moment: {at!r}")
    return at


def moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The UTC moment at which the clocks of `zone` show `at` on `day`.

    With fold=0 zoneinfo reads a skipped time by the offset before the change, which moves it forward,
    and a doubled time as its first occurrence.
    """
    return datetime.combine(day, at.replace(tzinfo=None, fold=0), tzinfo=zone).astimezone(UTC)


def wall_clock_add(at: datetime, *, days: int, zone: ZoneInfo) -> datetime:
    """The moment `days` calendar days later at the same local time, also across a clock change."""
    if days == 0:
        return check_aware(at).astimezone(UTC)
    local = check_aware(at).astimezone(zone)
    return moment(local.date() + timedelta(days=days), local.time(), zone)


def wall_clock_after(at: datetime, delay: timedelta, zone: ZoneInfo) -> datetime:
    """`delay` later: whole days by the clock on the wall, everything else as elapsed time."""
    if delay % DAY:
        return check_aware(at).astimezone(UTC) + delay
    return wall_clock_add(at, days=delay // DAY, zone=zone)


def hours_since(session_ended_at: datetime, at: datetime, zone: ZoneInfo) -> float:
    """Hours since the session, 24 for each whole day by the clock on the wall and elapsed time beyond.

    So the same hour three days later is 72.0 even when the clocks changed, three elapsed hours are 3.0,
    and the result never falls as time goes on. 0.0 before the session's end.
    """
    start, end = check_aware(session_ended_at), check_aware(at).astimezone(UTC)
    if end <= start:
        return 0.0
    days = max((end.astimezone(zone).date() - start.astimezone(zone).date()).days, 0)
    while wall_clock_add(start, days=days, zone=zone) > end:
        days -= 1
    rest = end - wall_clock_add(start, days=days, zone=zone)
    return days * 24.0 + min(rest / timedelta(hours=1), 24.0)


def offered_next(ended_at: datetime, interval_days: int, zone: ZoneInfo) -> datetime:
    """The appointment to offer: `interval_days` later at the same local time, down to the quarter hour."""
    local = check_aware(ended_at).astimezone(zone)
    quarter = local.replace(minute=local.minute - local.minute % 15, second=0, microsecond=0)
    return wall_clock_add(quarter, days=interval_days, zone=zone)


def digest_at(after: datetime, hour: time, zone: ZoneInfo) -> datetime:
    """The next time strictly after `after` at which the clocks of `zone` show `hour`."""
    day = check_aware(after).astimezone(zone).date()
    candidate = moment(day, hour, zone)
    while candidate <= after:
        day += DAY
        candidate = moment(day, hour, zone)
    return candidate
