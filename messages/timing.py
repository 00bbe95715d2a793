"""When checks and reminders go: what a session or an appointment plans, and what it leaves out.

Times are aware and UTC, the arithmetic is by the clock on the patient's wall. Numbers: docs/clinical.md.
"""

from collections.abc import Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from messages.alerts import alert_notify_at
from messages.care_plan import AFTER_A_WEEK, CarePlan, CheckKind, Step
from messages.follow_up_times import (
    MERGE_WITHIN,
    hours_for_grading,
    nudge_at,
    reask_at,
    silence_alert_at,
    silent_at,
)
from messages.quiet_hours import awake_deadline, is_quiet, next_morning, quiet_shift
from messages.reminder_times import EVE_REMINDER, eve_of, place_reminders
from messages.schedule import LeftOut, Planned, PlannedKind, Schedule, SkipReason, schedule_of
from messages.wall_clock import (
    check_aware,
    digest_at,
    hours_since,
    offered_next,
    wall_clock_add,
    wall_clock_after,
)

__all__ = [
    "LeftOut",
    "Planned",
    "PlannedKind",
    "Schedule",
    "SkipReason",
    "alert_notify_at",
    "applicable_steps",
    "digest_at",
    "hours_for_grading",
    "hours_since",
    "is_quiet",
    "next_morning",
    "nudge_at",
    "offered_next",
    "plan_appointment",
    "plan_session",
    "quiet_shift",
    "reask_at",
    "silence_alert_at",
    "silent_at",
    "wall_clock_add",
]

SETTLE = timedelta(minutes=90)
"""No check sooner than this after a session, even to be ahead of the quiet hours."""

CATCH_UP = timedelta(hours=12)
"""How late a check may still go."""

_Entry = Planned | LeftOut


@dataclass(frozen=True)
class _Session:
    ended_at: datetime
    recorded_at: datetime
    next_appointment: datetime | None
    zone: ZoneInfo


def plan_session(
    plan: CarePlan,
    *,
    ended_at: datetime,
    recorded_at: datetime,
    next_appointment: datetime | None,
    is_last: bool,
    interval_days: int,
    zone: ZoneInfo,
    already: Set[str] = frozenset(),
) -> Schedule:
    """All checks after a session and all reminders of the next appointment.

    A check whose time passed at most 12 hours before `recorded_at` goes now (out of quiet hours); an older
    one is left out, as is one due less than 2 hours before the next session or after it. Of two checks less
    than 2 hours apart the later stays, but the eve check always does: it carries the reminder of the day
    before. After the last session there are late checks and no reminders, whatever `next_appointment` says.
    `already` are keys of steps that were sent or decided before, when a session is planned again. Raises
    ValueError for naive datetimes.
    """
    following = None if is_last or next_appointment is None else check_aware(next_appointment)
    session = _Session(check_aware(ended_at), check_aware(recorded_at), following, zone)
    steps = applicable_steps(
        plan,
        ended_at=ended_at,
        next_appointment=following,
        is_last=is_last,
        interval_days=interval_days,
        zone=zone,
    )
    checks = _thin([_place_check(step, session) for step in steps if step.key not in already])
    if following is None:
        return schedule_of(checks)
    wanted = [reminder for reminder in plan.reminders if reminder.key not in already]
    reminders = place_reminders(wanted, starts_at=following, planned_at=recorded_at, zone=zone)
    return schedule_of(_merge(checks, reminders))


def plan_appointment(plan: CarePlan, *, starts_at: datetime, planned_at: datetime, zone: ZoneInfo) -> Schedule:
    """The reminders of an appointment that no session leads to: the first, or one made by itself.

    A moved appointment between two sessions is planned by `plan_session` again, for its eve check.
    """
    return schedule_of(
        place_reminders(plan.reminders, starts_at=starts_at, planned_at=check_aware(planned_at), zone=zone)
    )


def applicable_steps(
    plan: CarePlan,
    *,
    ended_at: datetime,
    next_appointment: datetime | None,
    is_last: bool,
    interval_days: int,
    zone: ZoneInfo,
) -> tuple[Step, ...]:
    """The steps of the plan that apply to one session.

    Without a next session there is no eve. A check after a week is added when there is no next session, or
    it is more than a week away by the course's interval or by the calendar.
    """
    steps = [step for step in plan.steps if step.delay is not None]
    if _week_matters(ended_at, next_appointment, is_last, interval_days, zone) and AFTER_A_WEEK not in steps:
        steps.append(AFTER_A_WEEK)
    if is_last:
        return (*steps, *plan.late_steps)
    if next_appointment is None:
        return tuple(steps)
    return (*steps, *(step for step in plan.steps if step.delay is None))


def _week_matters(
    ended_at: datetime, next_appointment: datetime | None, is_last: bool, interval_days: int, zone: ZoneInfo
) -> bool:
    if is_last or next_appointment is None or interval_days > 7:
        return True
    return (next_appointment.astimezone(zone).date() - ended_at.astimezone(zone).date()).days > 7


def _place_check(step: Step, session: _Session) -> _Entry:
    settled = session.ended_at + SETTLE
    if step.delay is not None:
        nominal = wall_clock_after(session.ended_at, step.delay, session.zone)
    else:
        assert session.next_appointment is not None  # applicable_steps gives no eve without it
        nominal = eve_of(session.next_appointment, session.zone)
        if nominal < settled:
            return LeftOut(PlannedKind.CHECK_IN, step.key, nominal, SkipReason.TOO_CLOSE)
    due_at = quiet_shift(nominal, earliest=settled, zone=session.zone)
    if due_at < session.recorded_at:
        if session.recorded_at - due_at > CATCH_UP:
            return LeftOut(PlannedKind.CHECK_IN, step.key, due_at, SkipReason.PAST)
        due_at = quiet_shift(session.recorded_at, earliest=session.recorded_at, zone=session.zone)
    return _before_next_session(step, due_at, session)


def _before_next_session(step: Step, due_at: datetime, session: _Session) -> _Entry:
    not_after = awake_deadline(due_at, CATCH_UP, session.zone)
    if session.next_appointment is not None:
        if due_at > session.next_appointment - MERGE_WITHIN:
            return LeftOut(PlannedKind.CHECK_IN, step.key, due_at, SkipReason.AFTER_NEXT_SESSION)
        not_after = min(not_after, session.next_appointment)
    return Planned(
        kind=PlannedKind.CHECK_IN,
        step=step.key,
        check_kind=step.kind,
        due_at=due_at,
        not_after=not_after,
        with_appointment=step.kind is CheckKind.EVE,
        nominal_hours=None if step.delay is None else step.delay // timedelta(hours=1),
    )


def _thin(entries: list[_Entry]) -> list[_Entry]:
    """Of checks less than 2 hours apart only the eve check or the later one; the others are left out."""
    placed = [entry for entry in entries if isinstance(entry, Planned)]
    kept: list[Planned] = []
    # Sorting is stable: of two that are due at the same moment, the later step comes later.
    latest_first = sorted(placed, key=lambda check: check.due_at)[::-1]
    for check in sorted(latest_first, key=lambda check: check.check_kind is not CheckKind.EVE):
        if all(abs(check.due_at - other.due_at) >= MERGE_WITHIN for other in kept):
            kept.append(check)
    return [entry if isinstance(entry, LeftOut) or entry in kept else _merged(entry) for entry in entries]


def _merge(checks: list[_Entry], reminders: list[_Entry]) -> list[_Entry]:
    """A reminder less than 2 hours from a check travels with it; the eve's goes with any eve check."""
    result = list(checks)
    for reminder in reminders:
        carrier = _carrier(reminder, result)
        if carrier is None:
            result.append(reminder)
            continue
        result[result.index(carrier)] = replace(carrier, with_appointment=True)
        result.append(_merged(reminder))
    return result


def _carrier(reminder: _Entry, entries: list[_Entry]) -> Planned | None:
    checks = [e for e in entries if isinstance(e, Planned) and e.kind is PlannedKind.CHECK_IN]
    if reminder.step == EVE_REMINDER and (eve := [c for c in checks if c.check_kind is CheckKind.EVE]):
        return eve[0]
    if isinstance(reminder, LeftOut):
        return None
    near = [check for check in checks if abs(check.due_at - reminder.due_at) < MERGE_WITHIN]
    return min(near, key=lambda check: abs(check.due_at - reminder.due_at), default=None)


def _merged(entry: _Entry) -> LeftOut:
    return LeftOut(entry.kind, entry.step, entry.due_at, SkipReason.MERGED)
