"""Asking again after something to keep an eye on: a check-in that no plan holds."""

from datetime import datetime, timedelta

from bot.flows.check_in_case import Case
from messages.care_plan import CheckKind
from messages.follow_up_times import MERGE_WITHIN
from messages.outgoing import Kind
from messages.quiet_hours import awake_deadline
from messages.timing import reask_at
from storage import appointments, check_ins, outbox
from storage.database import UnitOfWork
from storage.outbox import Owed
from storage.tables import CheckIn

STEP = "reask"

STILL_USEFUL = timedelta(hours=12)
"""How late a check-in may go, as those of the plans."""


async def plan_reask(work: UnitOfWork, case: Case, *, hours: int, now: datetime) -> CheckIn | None:
    """Plan a check-in `hours` from now, unless a planned one or the next visit comes as soon. No commit."""
    following = await check_ins.next_planned(work, case.patient.id, after=now)
    due_at = reask_at(now, hours, next_check_due=following.due_at if following else None, zone=case.zone)
    if due_at is None or case.course.paused_at is not None:
        return None
    not_after = awake_deadline(due_at, STILL_USEFUL, case.zone)
    appointment = await appointments.active(work, case.course.id)
    if appointment is not None and appointment.starts_at > now:
        if due_at > appointment.starts_at - MERGE_WITHIN:
            return None
        not_after = min(not_after, appointment.starts_at)
    check_in = await check_ins.add(
        work,
        session_id=case.session.id,
        patient_id=case.patient.id,
        step=STEP,
        kind=CheckKind.REASK.value,
        due_at=due_at,
    )
    await outbox.plan(work, [_owed(case, check_in, not_after)], now=now)
    return check_in


def _owed(case: Case, check_in: CheckIn, not_after: datetime) -> Owed:
    return Owed(
        key=f"check_in:{check_in.id}",
        kind=Kind.CHECK_IN,
        template="patient.check_in.opening_again",
        due_at=check_in.due_at,
        not_after=not_after,
        patient_id=case.patient.id,
        subject_id=case.patient.id,
        course_id=case.course.id,
        session_id=case.session.id,
        check_in_id=check_in.id,
        values={"step": STEP},
    )
