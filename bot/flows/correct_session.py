"""Correct or undo the latest session of a course; what is pending follows."""

from datetime import datetime

from bot.flows.move_appointment import set_appointment
from bot.flows.plan_messages import replan_course, withdraw_course
from bot.flows.record_session import COMPLETED, Recorded, checked_note, plan
from messages.clinic import Clinic
from messages.errors import OutOfDate
from messages.people import Actor
from messages.typed_time import check_session_time
from storage import appointments, audit, check_ins, courses, patients, planned_messages, sessions
from storage.database import UnitOfWork
from storage.tables import CheckIn, Course, Patient, Session


async def correct_session(
    work: UnitOfWork,
    *,
    actor: Actor,
    session_id: int,
    ended_at: datetime,
    next_appointment: datetime | None,
    note: str | None,
    areas: str | None,
    usual_pain: int | None,
    clinic: Clinic,
    now: datetime,
) -> Recorded:
    """Change what was recorded; pending checks and reminders are planned anew, sent ones stay.

    The patient is told of a moved appointment only if they had been told of it before.
    Raises OutOfDate for any session but the latest, NotFound for somebody else's patient's.
    """
    session, course, patient = await _latest(work, actor, session_id)
    previous = await sessions.latest_end(work, patient.id, but_not=session.id)
    if ended_at != session.ended_at:
        check_session_time(ended_at, now=now, previous=previous)
    session.ended_at = ended_at
    session.note, session.areas = checked_note(note), checked_note(areas)
    session.usual_pain = usual_pain
    appointment = await appointments.active(work, course.id)
    if course.ended_at is None and next_appointment != (appointment.starts_at if appointment else None):
        appointment = await set_appointment(
            work, course, patient, next_appointment, after=ended_at, clinic=clinic, now=now, quietly=True
        )
    await planned_messages.withdraw_to_replan(work, course, session, now=now)
    recorded = await plan(work, session, course, patient, appointment, now=now)
    await audit.note(work, actor, "corrected", "session", session.id, now=now)
    await work.commit()
    return recorded


async def undo_session(work: UnitOfWork, *, actor: Actor, session_id: int, clinic: Clinic, now: datetime) -> Session:
    """Take a session back: its checks are withdrawn, its appointment is expected again, the course goes on.

    The next appointment that was booked with it goes, too. What the session before it still wants is planned anew.
    Raises OutOfDate for any session but the latest, NotFound for somebody else's patient's.
    """
    session, course, patient = await _latest(work, actor, session_id)
    await withdraw_course(work, course=course, reason="session_undone", now=now)
    await check_ins.withdraw(work, CheckIn.session_id == session.id, state="cancelled", now=now)
    await planned_messages.forget_left_out(work, course, session)
    session.undone_at = now
    if course.end_reason == COMPLETED:
        course.ended_at = course.end_reason = None
    await _reopen_appointment(work, course, session)
    await work.session.flush()
    await replan_course(work, course=course, patient=patient, now=now)
    await audit.note(work, actor, "undone", "session", session.id, now=now, number=session.number)
    await work.commit()
    return session


async def latest_of(work: UnitOfWork, *, actor: Actor, session_id: int) -> tuple[Session, Course, Patient]:
    """The session with its course and patient, if it can still be changed: see `correct_session`."""
    return await _latest(work, actor, session_id)


async def _latest(work: UnitOfWork, actor: Actor, session_id: int) -> tuple[Session, Course, Patient]:
    session = await sessions.get(work, session_id)
    course = await courses.get(work, session.course_id)
    patient = await patients.for_staff(work, actor, course.patient_id)
    newest = await sessions.latest(work, course.id)
    if newest is None or newest.id != session.id:
        raise OutOfDate("error.session_not_latest")
    return session, course, patient


async def _reopen_appointment(work: UnitOfWork, course: Course, session: Session) -> None:
    """Drop the appointment booked with the session; expect again the one that it fulfilled."""
    booked = await appointments.active(work, course.id)
    if booked is not None and booked.created_at >= session.recorded_at:
        booked.state = "cancelled"
    before = await sessions.latest(work, course.id)
    since = before.recorded_at if before else course.created_at
    fulfilled = await appointments.latest_fulfilled(work, course.id, since=since)
    if fulfilled is not None:
        fulfilled.state = "booked"
