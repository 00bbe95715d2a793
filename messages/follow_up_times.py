"""When a check-in is asked again, chased, given up, or counted: what follows from one that was sent."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from messages.quiet_hours import quiet_shift
from messages.wall_clock import check_aware, hours_since, wall_clock_after

NUDGE_AFTER = timedelta(hours=6)
SILENT_AFTER = timedelta(hours=24)
SILENCE_ALERT_AFTER = timedelta(hours=6)
MERGE_WITHIN = timedelta(hours=2)


def reask_at(answered_at: datetime, hours: int, *, next_check_due: datetime | None, zone: ZoneInfo) -> datetime | None:
    """When to ask again what is being watched: `hours` later, out of quiet hours.

    None when a planned check comes first, or less than two hours after: that one asks the same.
    """
    due = wall_clock_after(check_aware(answered_at), timedelta(hours=hours), zone)
    shifted = quiet_shift(due, earliest=answered_at, zone=zone)
    if next_check_due is not None and check_aware(next_check_due) < shifted + MERGE_WITHIN:
        return None
    return shifted


def nudge_at(sent_at: datetime, zone: ZoneInfo) -> datetime:
    """When an unanswered check-in is asked once more: after 6 hours, out of quiet hours."""
    return quiet_shift(check_aware(sent_at) + NUDGE_AFTER, earliest=sent_at, zone=zone)


def silent_at(sent_at: datetime) -> datetime:
    """When an unanswered check-in goes into the digest as silence: 24 hours after it was sent."""
    return check_aware(sent_at) + SILENT_AFTER


def silence_alert_at(nudged_at: datetime) -> datetime:
    """When silence after a W or U becomes an alert: 6 hours after the nudge."""
    return check_aware(nudged_at) + SILENCE_ALERT_AFTER


def hours_for_grading(session_ended_at: datetime, *, due_at: datetime, answered_at: datetime, zone: ZoneInfo) -> float:
    """The hours to grade an answer by: those of its check when it came within 6 hours, otherwise its own.

    Without this no +72 h check could be answered inside a 72-hour window: every answer takes some minutes.
    """
    prompt = check_aware(answered_at) - check_aware(due_at) <= NUDGE_AFTER
    return hours_since(session_ended_at, min(due_at, answered_at) if prompt else answered_at, zone)
