"""A reminder of the next visit: two days before, on its eve, and three hours before."""

from bot.flows.composing import Left, Scene
from bot.flows.standing import values_of
from bot.flows.visit_buttons import visit_rows
from messages import wording
from messages.appointment_states import is_expected
from messages.outgoing import Outgoing
from storage.database import UnitOfWork
from storage.outbox import Claimed
from storage.tables import Appointment, Staff

SHORT = "patient.reminder.before_3h"
"""The last reminder has no buttons: so late, a call is better."""


async def compose(work: UnitOfWork, row: Claimed, scene: Scene) -> Outgoing | Left:
    """The reminder, with the answers still possible. Left out for a visit that is over or will not take place."""
    appointment = await work.session.get(Appointment, row.appointment_id) if row.appointment_id else None
    if appointment is None or not is_expected(appointment.state):
        return Left(appointment.state if appointment else "gone")
    if appointment.starts_at <= scene.now:
        return Left("too_late")
    if appointment.state == "cannot_come":
        return Left("cannot_come")
    return await reminder(work, row.template, appointment, scene)


async def reminder(work: UnitOfWork, template: str, appointment: Appointment, scene: Scene) -> Outgoing:
    """The message itself."""
    if scene.patient is None:
        raise ValueError("a reminder goes to a patient")
    practitioner = await work.session.get_one(Staff, scene.patient.practitioner_id)
    when = wording.date_and_time(appointment.starts_at, scene.zone, scene.language)
    values = values_of(scene.patient, practitioner, scene.clinic, scene.language, scene.now)
    rendered = scene.texts.render(template, scene.language, **{**values, "appointment": when})
    rows = () if template == SHORT else visit_rows(appointment, scene.texts, scene.language)
    return Outgoing(rendered.html, buttons=rows, template_version_id=rendered.version_id)
