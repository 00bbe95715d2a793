"""Record a session that took place: the checks after it and the reminders of the next one are planned with it."""

from dataclasses import dataclass
from datetime import datetime

from bot.flows.plan_messages import plan_after_session
from messages.clinic import Clinic
from messages.errors import PersonError
from messages.people import Actor
from messages.schedule import Schedule
from messages.typed_time import check_appointment_time, check_session_time
from storage import appointments, audit, courses, patients, planned_messages, sessions
from storage.database import UnitOfWork
from storage.tables import Appointment, Course, Patient, Session

LONGEST_NOTE = 1000
"""Characters of a note and of the areas: they are shown whole on the card."""

COMPLETED = "completed"


@dataclass(frozen=True)
class Recorded:
    """What recording did. `planned` is how many messages; `number` is k of "k of n"."""

    session: Session
    number: int
    planned: int
    course_ended: bool
    schedule: Schedule


async def record_session(
    work: UnitOfWork,
    *,
    actor: Actor,
    patient_id: int,
    ended_at: datetime,
    next_appointment: datetime | None,
    note: str | None,
    areas: str | None,
    usual_pain: int | None,
    clinic: Clinic,
    now: datetime,
) -> Recorded:
    """Record it, fulfil the active appointment, withdraw earlier routine checks, plan what follows.

    The last session ends the course; a next appointment is then ignored. A paused course goes on.
    Raises NotFound for somebody else's patient, PersonError for impossible times and a course that has ended.
    """
    patient = await patients.for_staff(work, actor, patient_id)
    course = await course_to_record(work, patient)
    check_session_time(ended_at, now=now, previous=await sessions.latest_end(work, patient.id))
    session = await _add(work, actor, course, ended_at=ended_at, note=note, areas=areas, usual_pain=usual_pain, now=now)
    await planned_messages.withdraw_earlier(work, patient_id=patient.id, session_id=session.id, now=now)
    await _fulfil_active(work, course)
    course.paused_at = None
    appointment = None
    if session.number >= course.sessions_planned:
        course.ended_at, course.end_reason = now, COMPLETED
    elif next_appointment is not None:
        check_appointment_time(next_appointment, now=now, after=ended_at)
        appointment = await appointments.add(work, course_id=course.id, starts_at=next_appointment, now=now)
    recorded = await plan(work, session, course, patient, appointment, now=now)
    await audit.note(work, actor, "recorded", "session", session.id, now=now, number=session.number)
    await work.commit()
    return recorded


async def course_to_record(work: UnitOfWork, patient: Patient) -> Course:
    """The course that a new session belongs to. Raises PersonError where none is under way."""
    course = await courses.under_way(work, patient.id)
    if course is None:
        raise PersonError("error.no_course")
    return course


async def plan(
    work: UnitOfWork,
    session: Session,
    course: Course,
    patient: Patient,
    appointment: Appointment | None,
    *,
    now: datetime,
) -> Recorded:
    """Plan what follows the session and say what came of it."""
    schedule = await plan_after_session(
        work, session=session, course=course, patient=patient, appointment=appointment, now=now
    )
    return Recorded(session, session.number, len(schedule.planned), course.ended_at is not None, schedule)


def checked_note(text: str | None) -> str | None:
    """A note as it is stored, None for nothing. Raises PersonError when it is too long."""
    shown = (text or "").strip()
    if len(shown) > LONGEST_NOTE:
        raise PersonError("error.text_too_long", {"length": len(shown), "limit": LONGEST_NOTE})
    return shown or None


async def _add(
    work: UnitOfWork,
    actor: Actor,
    course: Course,
    *,
    ended_at: datetime,
    note: str | None,
    areas: str | None,
    usual_pain: int | None,
    now: datetime,
) -> Session:
    if actor.staff_id is None:
        raise ValueError("a session is recorded by a member of staff")
    session = Session(
        course_id=course.id,
        number=await sessions.count(work, course.id) + 1,
        ended_at=ended_at,
        recorded_at=now,
        recorded_by=actor.staff_id,
        note=checked_note(note),
        areas=checked_note(areas),
        usual_pain=usual_pain,
    )
    work.session.add(session)
    await work.session.flush()
    return session


async def _fulfil_active(work: UnitOfWork, course: Course) -> None:
    appointment = await appointments.active(work, course.id)
    if appointment is not None:
        appointment.state = "fulfilled"
