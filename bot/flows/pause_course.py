"""Pause a course: nothing is asked and nobody is reminded until it goes on."""

from datetime import datetime

from bot.flows.plan_messages import replan_course, withdraw_course
from bot.flows.record_session import course_to_record
from messages.people import Actor
from storage import audit, patients
from storage.database import UnitOfWork
from storage.tables import Course


async def pause_course(work: UnitOfWork, *, actor: Actor, patient_id: int, now: datetime) -> Course:
    """Withdraw what is pending. Pausing twice is harmless. Open check-ins stay answerable.

    Raises NotFound for somebody else's patient, PersonError where no course is under way.
    """
    patient = await patients.for_staff(work, actor, patient_id)
    course = await course_to_record(work, patient)
    if course.paused_at is None:
        course.paused_at = now
        await withdraw_course(work, course=course, reason="paused", now=now)
        await audit.note(work, actor, "paused", "course", course.id, now=now)
    await work.commit()
    return course


async def resume_course(work: UnitOfWork, *, actor: Actor, patient_id: int, now: datetime) -> Course:
    """Plan anew what still lies ahead. Resuming twice is harmless. Raises as `pause_course`."""
    patient = await patients.for_staff(work, actor, patient_id)
    course = await course_to_record(work, patient)
    if course.paused_at is not None:
        course.paused_at = None
        await replan_course(work, course=course, patient=patient, now=now)
        await audit.note(work, actor, "resumed", "course", course.id, now=now)
    await work.commit()
    return course
