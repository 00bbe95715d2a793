"""End a course before its last session, and begin a new one."""

from datetime import datetime

from bot.flows.add_patient import check_numbers
from bot.flows.move_appointment import set_appointment
from bot.flows.plan_messages import replan_course, withdraw_course
from bot.flows.record_session import course_to_record
from messages.care_plan import Family
from messages.clinic import Clinic
from messages.errors import PersonError
from messages.people import Actor
from storage import appointments, audit, courses, patients
from storage.database import UnitOfWork
from storage.tables import Course

ENDED_EARLY = "ended_early"


async def end_course(work: UnitOfWork, *, actor: Actor, patient_id: int, clinic: Clinic, now: datetime) -> Course:
    """The session before was the last: its late checks are planned, the appointment is cancelled, the patient told.

    Raises NotFound for somebody else's patient, PersonError where no course is under way.
    """
    patient = await patients.for_staff(work, actor, patient_id)
    course = await course_to_record(work, patient)
    if await appointments.active(work, course.id) is not None:
        await set_appointment(work, course, patient, None, after=None, clinic=clinic, now=now)
    await withdraw_course(work, course=course, reason="course_ended", now=now)
    course.ended_at, course.end_reason, course.paused_at = now, ENDED_EARLY, None
    await work.session.flush()
    await replan_course(work, course=course, patient=patient, now=now)
    await audit.note(work, actor, "ended", "course", course.id, now=now)
    await work.commit()
    return course


async def start_course(
    work: UnitOfWork,
    *,
    actor: Actor,
    patient_id: int,
    family: Family,
    sessions: int,
    interval_days: int,
    now: datetime,
) -> Course:
    """A new course for a patient whose earlier one has ended; late checks of that one go on.

    Raises NotFound for somebody else's patient, PersonError while a course is under way.
    """
    patient = await patients.for_staff(work, actor, patient_id)
    if await courses.under_way(work, patient.id) is not None:
        raise PersonError("error.course_under_way")
    check_numbers(sessions=sessions, interval_days=interval_days)
    course = await courses.add(
        work,
        patient_id=patient.id,
        family=family.value,
        sessions=sessions,
        interval_days=interval_days,
        now=now,
    )
    await audit.note(work, actor, "started", "course", course.id, now=now)
    await work.commit()
    return course
