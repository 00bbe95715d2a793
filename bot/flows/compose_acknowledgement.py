"""Short words to a patient who wrote or reported something: it was passed on, and by whom it was seen."""

from bot.flows.acknowledge_alert import SEEN, SEEN_BY_GRADE
from bot.flows.composing import Left, Scene
from bot.flows.find_recipients import reader_of
from bot.flows.receive_letter import TOLD
from bot.flows.standing import values_of
from messages import wording
from messages.alerts import alert_notify_at, needs_night_number
from messages.errors import Value
from messages.grading import Grade
from messages.outgoing import Outgoing
from messages.pages import Part, page
from messages.templates import spec_of
from storage import alerts
from storage.database import UnitOfWork
from storage.outbox import Claimed
from storage.tables import Staff


async def compose(work: UnitOfWork, row: Claimed, scene: Scene) -> Outgoing | Left:
    """Render the row's template for the patient; `practitioner` is whoever reads or took it."""
    patient = scene.patient
    if patient is None:
        raise ValueError("an acknowledgement goes to a patient")
    reader = await reader_of(work, patient)
    if reader is None:
        reader = await work.session.get_one(Staff, patient.practitioner_id)
    if row.template in (SEEN, *SEEN_BY_GRADE.values()):
        alert = await alerts.get(work, row.alert_id)
        if alert is None or alert.acknowledged_by is None:
            return Left("not_taken")
        reader = await work.session.get_one(Staff, alert.acknowledged_by)
    morning = alert_notify_at(Grade.U, row.planned_at, scene.clinic.zone)
    values: dict[str, Value] = {
        **values_of(patient, reader, scene.clinic, scene.language, scene.now),
        "morning": wording.time_of_day(morning, scene.clinic.zone, scene.language),
    }
    declared = spec_of(row.template).placeholders
    rendered = scene.texts.render(
        row.template, scene.language, **{name: value for name, value in values.items() if name in declared}
    )
    parts = [Part(rendered.html)]
    if row.template == TOLD and needs_night_number(Grade.U, row.planned_at, scene.clinic.zone):
        # Told in the evening: nobody climbs through the night after it.
        parts.append(
            Part(scene.texts.html("patient.ending.night_number", scene.language, clinic_phone=scene.clinic.phone))
        )
    return Outgoing(page(*parts), template_version_id=rendered.version_id)
