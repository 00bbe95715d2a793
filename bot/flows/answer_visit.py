"""A patient answers about the next visit: stored, and told to the practitioner. The bot never moves or cancels it."""

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.flows.find_recipients import as_on_the_rota, reader_of
from messages import wording
from messages.appointment_states import VisitAnswer, is_expected
from messages.errors import NotFound, OutOfDate
from messages.outgoing import Kind
from messages.people import Actor
from storage import appointments, audit, courses, outbox, patients, staff
from storage.database import UnitOfWork
from storage.outbox import Owed
from storage.tables import Appointment, Patient


async def answer_visit(
    work: UnitOfWork, *, actor: Actor, appointment_id: int, answer: VisitAnswer, now: datetime
) -> Appointment:
    """Store the answer; the same one again changes nothing.

    Raises NotFound for somebody else's visit, OutOfDate for one that is over, moved or cancelled.
    """
    appointment = await appointments.get(work, appointment_id)
    course = await courses.get(work, appointment.course_id)
    if actor.patient_id is None or course.patient_id != actor.patient_id:
        raise NotFound
    if not is_expected(appointment.state) or appointment.starts_at <= now:
        raise OutOfDate("error.visit_over")
    if appointment.state != answer.value:
        appointment.state = answer.value
        appointment.answered_at = now
        await audit.note(work, actor, f"visit.{answer.value}", "appointment", appointment.id, now=now)
        await _tell(work, await patients.get(work, course.patient_id), appointment, now)
    await work.commit()
    return appointment


async def _tell(work: UnitOfWork, patient: Patient, appointment: Appointment, now: datetime) -> None:
    patient = await as_on_the_rota(work, patient.id)
    reader = await reader_of(work, patient) or await staff.get(work, patient.practitioner_id)
    zone = ZoneInfo(patient.zone)
    notice = Owed(
        key=f"visit:{appointment.id}:{appointment.state}:{now.timestamp():.0f}",
        kind=Kind.NOTICE,
        template=f"practitioner.appointment.{appointment.state}",
        due_at=now,
        staff_id=reader.id,
        subject_id=patient.id,
        course_id=appointment.course_id,
        appointment_id=appointment.id,
        values={
            "appointment": wording.date_and_time(appointment.starts_at, zone, reader.language),
            "silent": appointment.state == VisitAnswer.CONFIRM.value,
            "buttons": [[["button.card", "patient.card", patient.id]]],
        },
    )
    await outbox.plan(work, [notice], now=now)
