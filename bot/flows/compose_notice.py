"""A notice: any text by its key, with the row's values and what every text may know."""

from collections.abc import Mapping
from typing import Any

from bot.flows.composing import Left, Scene
from bot.flows.pass_over import is_theirs
from messages.errors import Value
from messages.outgoing import Button, Outgoing, Rows
from messages.templates import spec_of
from storage.database import UnitOfWork
from storage.letters import NOT_THEIRS
from storage.outbox import Claimed
from storage.tables import Patient, Staff

BUTTONS = "buttons"
"""The row's value that lays out buttons: rows of [text key, action, argument …]."""


async def compose(work: UnitOfWork, row: Claimed, scene: Scene) -> Outgoing | Left:
    """Render the row's template. Raises KeyError for a key whose placeholders nobody filled."""
    if not await is_theirs(work, row, scene):
        return Left(NOT_THEIRS)
    given = {name: value for name, value in row.values.items() if name != BUTTONS}
    values = await standard_values(work, row, scene) | given
    wanted = spec_of(row.template).placeholders
    rendered = scene.texts.render(
        row.template, scene.language, **{name: value for name, value in values.items() if name in wanted}
    )
    return Outgoing(
        rendered.html,
        buttons=buttons_of(row.values, scene),
        silent=bool(row.values.get("silent", False)),
        template_version_id=rendered.version_id,
    )


async def standard_values(work: UnitOfWork, row: Claimed, scene: Scene) -> dict[str, Value]:
    """The clinic, the patient the row is about, and their practitioner."""
    values: dict[str, Value] = {
        "clinic": scene.clinic.name,
        "clinic_phone": scene.clinic.phone,
        "emergency_number": scene.clinic.emergency_number,
    }
    subject = (
        await work.session.get(Patient, row.subject_id or row.patient_id) if row.subject_id or row.patient_id else None
    )
    if subject is not None:
        practitioner = await work.session.get(Staff, subject.practitioner_id)
        values["patient"] = subject.name
        values["first_name"] = subject.name.split()[0] if subject.name.split() else subject.name
        values["practitioner"] = practitioner.name if practitioner else scene.clinic.name
    return values


def buttons_of(values: Mapping[str, Any], scene: Scene) -> Rows:
    """The buttons that the row lays out."""
    return tuple(
        tuple(
            Button(scene.texts.plain(key, scene.language), action, tuple(arguments)) for key, action, *arguments in each
        )
        for each in values.get(BUTTONS, ())
    )
