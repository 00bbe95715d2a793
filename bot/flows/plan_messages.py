"""A schedule becomes rows: check-ins and outbox rows, with what was left out and why. And the way back.

Nothing here commits: the rows belong to the transaction of the session, appointment or pause that causes them.
Planning again withdraws what is pending and plans what still lies ahead; what was sent stays as it is.
"""

from collections.abc import Set
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from messages.care_plan import CheckKind, Family, plan_of
from messages.outgoing import Kind
from messages.schedule import LeftOut, Planned, PlannedKind, Schedule
from messages.timing import plan_appointment, plan_session
from storage import appointments, check_ins, outbox, planned_messages, sessions
from storage.database import UnitOfWork
from storage.outbox import Owed
from storage.tables import Appointment, Course, Patient, Session

NOTHING = Schedule((), ())


@dataclass(frozen=True)
class _Context:
    patient: Patient
    course: Course
    session: Session | None
    appointment: Appointment | None
    now: datetime


async def plan_after_session(
    work: UnitOfWork,
    *,
    session: Session,
    course: Course,
    patient: Patient,
    appointment: Appointment | None,
    now: datetime,
) -> Schedule:
    """Plan what follows a session: its checks, and the reminders of the next appointment.

    The last session of a course, or the one after which it was ended, gets late checks and no reminders. A paused
    course gets nothing.
    """
    if course.paused_at is not None:
        return NOTHING
    already = await planned_messages.steps_gone(work, session, appointment)
    schedule = schedule_after(
        session.ended_at,
        course=course,
        patient=patient,
        number=session.number,
        next_at=appointment.starts_at if appointment else None,
        now=now,
        already=already,
    )
    await _store(work, schedule, _Context(patient, course, session, appointment, now))
    return schedule


def schedule_after(
    ended_at: datetime,
    *,
    course: Course,
    patient: Patient,
    number: int,
    next_at: datetime | None,
    now: datetime,
    already: Set[str] = frozenset(),
) -> Schedule:
    """What follows session `number`, without planning it: the preview asks, too."""
    return plan_session(
        plan_of(Family(course.family)),
        ended_at=ended_at,
        recorded_at=now,
        next_appointment=next_at,
        is_last=course.ended_at is not None or number >= course.sessions_planned,
        interval_days=course.interval_days,
        zone=ZoneInfo(patient.zone),
        already=already,
    )


async def replan_appointment(
    work: UnitOfWork, *, course: Course, patient: Patient, appointment: Appointment | None, now: datetime
) -> Schedule:
    """Plan a course anew around `appointment`, its next one or none: pending checks and reminders move.

    Checks that ask again after something to watch stay.
    """
    session = await sessions.latest(work, course.id)
    await planned_messages.withdraw_to_replan(work, course, session, now=now)
    if session is not None:
        return await plan_after_session(
            work, session=session, course=course, patient=patient, appointment=appointment, now=now
        )
    if appointment is None or course.paused_at is not None or course.ended_at is not None:
        return NOTHING
    plan = plan_of(Family(course.family))
    schedule = plan_appointment(plan, starts_at=appointment.starts_at, planned_at=now, zone=ZoneInfo(patient.zone))
    gone = await planned_messages.steps_gone(work, None, appointment)
    schedule = Schedule(
        tuple(each for each in schedule.planned if each.step not in gone),
        tuple(each for each in schedule.left_out if each.step not in gone),
    )
    await _store(work, schedule, _Context(patient, course, None, appointment, now))
    return schedule


async def replan_course(work: UnitOfWork, *, course: Course, patient: Patient, now: datetime) -> Schedule:
    """Plan anew whatever of a course still lies ahead: after a pause, a stop, or the end of the course."""
    appointment = await appointments.active(work, course.id)
    return await replan_appointment(work, course=course, patient=patient, appointment=appointment, now=now)


async def withdraw_course(work: UnitOfWork, *, course: Course, reason: str, now: datetime) -> int:
    """Withdraw every pending check-in, nudge and reminder of a course; open check-ins stay answerable.

    Returns how many messages were withdrawn.
    """
    return await planned_messages.withdraw_course(work, course, reason=reason, now=now)


async def _store(work: UnitOfWork, schedule: Schedule, context: _Context) -> None:
    owed = [await _owed(work, each, context) for each in schedule.planned]
    counts = await planned_messages.times_planned(work, context.appointment)
    await outbox.plan(work, [_numbered(each, counts[each.template]) for each in owed], now=context.now)
    for left in schedule.left_out:
        await outbox.record_skipped(work, _left_out(left, context), reason=left.reason.value, now=context.now)


async def _owed(work: UnitOfWork, planned: Planned, context: _Context) -> Owed:
    if planned.kind is PlannedKind.REMINDER:
        return _reminder(planned, context)
    if context.session is None or planned.check_kind is None:
        raise ValueError("a check-in follows a session")
    carried = context.appointment.id if planned.with_appointment and context.appointment else None
    check_in = await check_ins.add(
        work,
        session_id=context.session.id,
        patient_id=context.patient.id,
        step=planned.step,
        kind=planned.check_kind.value,
        due_at=planned.due_at,
        appointment_id=carried,
    )
    return Owed(
        key=f"check_in:{check_in.id}",
        kind=Kind.CHECK_IN,
        template=_opening(planned.check_kind, carried),
        due_at=planned.due_at,
        not_after=planned.not_after,
        patient_id=context.patient.id,
        subject_id=context.patient.id,
        course_id=context.course.id,
        session_id=context.session.id,
        appointment_id=carried,
        check_in_id=check_in.id,
        values={"step": planned.step},
    )


def _reminder(planned: Planned, context: _Context) -> Owed:
    if context.appointment is None:
        raise ValueError("a reminder belongs to an appointment")
    return Owed(
        key=f"appointment:{context.appointment.id}:{planned.step}",
        kind=Kind.REMINDER,
        template=f"patient.reminder.{planned.step}",
        due_at=planned.due_at,
        not_after=planned.not_after,
        patient_id=context.patient.id,
        subject_id=context.patient.id,
        course_id=context.course.id,
        session_id=context.session.id if context.session else None,
        appointment_id=context.appointment.id,
        values={"step": planned.step},
    )


def _numbered(owed: Owed, before: int) -> Owed:
    """A reminder that is planned again, after a pause for one, needs a key of its own."""
    return replace(owed, key=f"{owed.key}:{before + 1}") if owed.kind is Kind.REMINDER and before else owed


def _left_out(left: LeftOut, context: _Context) -> Owed:
    is_reminder = left.kind is PlannedKind.REMINDER
    about = f"a{context.appointment.id}" if is_reminder and context.appointment else ""
    about = about or f"s{context.session.id if context.session else 0}"
    return Owed(
        key=f"{planned_messages.LEFT_OUT}{about}:{left.step}",
        kind=Kind.REMINDER if is_reminder else Kind.CHECK_IN,
        template=f"patient.reminder.{left.step}" if is_reminder else "patient.check_in.opening",
        due_at=left.due_at,
        patient_id=context.patient.id,
        subject_id=context.patient.id,
        course_id=context.course.id,
        session_id=context.session.id if context.session else None,
        appointment_id=context.appointment.id if is_reminder and context.appointment else None,
        values={"step": left.step},
    )


def _opening(kind: CheckKind, appointment_id: int | None) -> str:
    """The text that heads a check-in."""
    if kind is CheckKind.LATE:
        return "patient.check_in.opening_late"
    return "patient.check_in.opening" if appointment_id is None else "patient.check_in.opening_appointment"
