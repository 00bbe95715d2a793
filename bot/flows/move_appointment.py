"""Set, move or cancel the next appointment of a course: its reminders and the eve check follow."""

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.flows.plan_messages import replan_appointment
from bot.flows.record_session import course_to_record
from messages import wording
from messages.clinic import Clinic
from messages.outgoing import Kind
from messages.people import Actor
from messages.typed_time import check_appointment_time
from storage import appointments, audit, outbox, patients, planned_messages, sessions
from storage.database import UnitOfWork
from storage.outbox import Owed
from storage.tables import Appointment, Course, Patient


async def move_appointment(
    work: UnitOfWork, *, actor: Actor, patient_id: int, starts_at: datetime | None, clinic: Clinic, now: datetime
) -> Appointment | None:
    """The course's next appointment is at `starts_at`, or there is none; the patient is told.

    Naming the same time again changes nothing. Raises NotFound for somebody else's patient, PersonError for an
    impossible time and where no course is under way.
    """
    patient = await patients.for_staff(work, actor, patient_id)
    course = await course_to_record(work, patient)
    before = await appointments.active(work, course.id)
    if starts_at == (before.starts_at if before else None):
        await work.commit()
        return before
    latest = await sessions.latest(work, course.id)
    after = latest.ended_at if latest else None
    appointment = await set_appointment(work, course, patient, starts_at, after=after, clinic=clinic, now=now)
    await replan_appointment(work, course=course, patient=patient, appointment=appointment, now=now)
    subject = appointment or before
    action = "cancelled" if appointment is None else ("moved" if before else "booked")
    await audit.note(work, actor, action, "appointment", subject.id if subject else None, now=now)
    await work.commit()
    return appointment


async def set_appointment(
    work: UnitOfWork,
    course: Course,
    patient: Patient,
    starts_at: datetime | None,
    *,
    after: datetime | None,
    clinic: Clinic,
    now: datetime,
    quietly: bool = False,
) -> Appointment | None:
    """Replace the active appointment; planning anew is the caller's, and so is the commit.

    `quietly`: tell the patient only if they had heard of the replaced one. Raises PersonError for an impossible time.
    """
    before = await appointments.active(work, course.id)
    appointment = None
    if starts_at is not None:
        check_appointment_time(starts_at, now=now, after=after)
        appointment = await appointments.add(work, course_id=course.id, starts_at=starts_at, now=now)
    if before is not None:
        before.state = "cancelled" if appointment is None else "moved"
    shown = appointment or before
    # Who has not agreed is told nothing here; the reminders come once they do.
    told = patient.consented_at is not None
    if told and shown is not None and (not quietly or await planned_messages.was_told(work, before)):
        await outbox.plan(work, [_told(patient, shown, cancelled=appointment is None, now=now)], now=now)
    return appointment


def _told(patient: Patient, appointment: Appointment, *, cancelled: bool, now: datetime) -> Owed:
    word = "cancelled" if cancelled else "set"
    at = wording.date_and_time(appointment.starts_at, ZoneInfo(patient.zone), patient.language)
    return Owed(
        key=f"appointment:{appointment.id}:{word}",
        kind=Kind.NOTICE,
        template=f"patient.appointment.{word}",
        due_at=now,
        not_after=None if cancelled else appointment.starts_at,
        patient_id=patient.id,
        subject_id=patient.id,
        values={"appointment": at},
    )
