"""When the reminders of an appointment go: two days before, on its eve, and three hours before."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from messages.care_plan import Reminder
from messages.quiet_hours import is_quiet, next_morning, quiet_shift
from messages.schedule import LeftOut, Planned, PlannedKind, SkipReason
from messages.wall_clock import DAY, check_aware, moment, wall_clock_add

EVE_HOUR = time(18)
EVE_REMINDER = "before_24h"

MORNING_MARGIN = timedelta(minutes=60)
"""A short reminder held back by the night must still come this long before the appointment."""

EVE_DEADLINE = timedelta(hours=4)
SHORT_DEADLINE = timedelta(minutes=30)


def eve_of(starts_at: datetime, zone: ZoneInfo) -> datetime:
    """18:00 on the day before an appointment, on the patient's clock."""
    day = check_aware(starts_at).astimezone(zone).date()
    return moment(day - DAY, EVE_HOUR, zone)


def place_reminders(
    reminders: Iterable[Reminder], *, starts_at: datetime, planned_at: datetime, zone: ZoneInfo
) -> list[Planned | LeftOut]:
    """Each reminder once: planned, or left out because its time has passed or it would come too late.

    Unlike a check, a reminder whose time has passed is not caught up: whoever makes an appointment says so.
    """
    return [_place(reminder, starts_at, planned_at, zone) for reminder in reminders]


def _place(reminder: Reminder, starts_at: datetime, planned_at: datetime, zone: ZoneInfo) -> Planned | LeftOut:
    due_at, not_after = _times(reminder, starts_at, zone)
    if due_at < planned_at:
        return LeftOut(PlannedKind.REMINDER, reminder.key, due_at, SkipReason.PAST)
    if due_at >= not_after:
        return LeftOut(PlannedKind.REMINDER, reminder.key, due_at, SkipReason.TOO_CLOSE)
    return Planned(PlannedKind.REMINDER, reminder.key, None, due_at, not_after, False, None)


def _times(reminder: Reminder, starts_at: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When a reminder is due, and until when it makes sense.

    The one two days before gives way to the one of the eve. Where the night leaves no room, both are the
    same.
    """
    if reminder.key == EVE_REMINDER:
        return eve_of(starts_at, zone), starts_at - EVE_DEADLINE
    if reminder.before > DAY:
        due_at = wall_clock_add(starts_at, days=-(reminder.before // DAY), zone=zone)
        return quiet_shift(due_at, earliest=None, zone=zone), eve_of(starts_at, zone)
    due_at = starts_at - reminder.before
    if not is_quiet(due_at, zone):
        return due_at, starts_at - SHORT_DEADLINE
    morning = next_morning(due_at, zone)
    if starts_at - morning < MORNING_MARGIN:
        return due_at, due_at
    return morning, starts_at - SHORT_DEADLINE
