"""Quiet hours: 21:00 to 09:00 on the patient's clock, when routine messages do not arrive.

Replies, emergency texts and the alerts E and U-now do not ask here. Numbers: docs/clinical.md.
"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from messages.wall_clock import DAY, check_aware, moment

QUIET_FROM = time(21)
QUIET_UNTIL = time(9)
LAST_EVENING = time(20, 30)
"""When a message goes that was due later in the evening."""


def is_quiet(at: datetime, zone: ZoneInfo) -> bool:
    """Whether it is quiet at `at`: from 21:00 on, and before 09:00."""
    local = check_aware(at).astimezone(zone).time()
    return local >= QUIET_FROM or local < QUIET_UNTIL


def next_morning(at: datetime, zone: ZoneInfo, *, until: time = QUIET_UNTIL) -> datetime:
    """The first local 09:00 (or other `until`) at or after `at`."""
    day = check_aware(at).astimezone(zone).date()
    morning = moment(day, until, zone)
    return morning if morning >= at else moment(day + DAY, until, zone)


def quiet_shift(due_at: datetime, *, earliest: datetime | None, zone: ZoneInfo) -> datetime:
    """When a routine message due at `due_at` goes.

    Outside quiet hours: then. In the evening (from 21:00) at 20:30 unless that is before `earliest`,
    otherwise at 09:00 the next morning. Before 09:00: at 09:00 the same morning. Read literally the rule
    would pull a +24 h check of an 08:30 session twelve hours forward, and it would miss the swelling's
    24-hour peak.
    """
    local = check_aware(due_at).astimezone(zone)
    if not is_quiet(due_at, zone):
        return due_at
    if local.time() < QUIET_UNTIL:
        return next_morning(due_at, zone)
    evening = moment(local.date(), LAST_EVENING, zone)
    if earliest is None or evening >= check_aware(earliest):
        return evening
    return next_morning(due_at, zone)


def awake_deadline(due_at: datetime, allowed: timedelta, zone: ZoneInfo) -> datetime:
    """`allowed` after `due_at`; when that is in quiet hours, 10:00 of the morning that ends them.

    So that what waited through the night still has an hour to go out.
    """
    deadline = check_aware(due_at) + allowed
    return next_morning(deadline, zone, until=time(10)) if is_quiet(deadline, zone) else deadline
