"""The emergency text, and whom to call when nobody has taken an alert in time."""

from bot.flows.composing import Left, Scene
from messages.errors import Value
from messages.outgoing import Kind, Outgoing
from messages.templates import spec_of
from storage import alerts
from storage.database import UnitOfWork
from storage.outbox import Claimed


async def compose(work: UnitOfWork, row: Claimed, scene: Scene) -> Outgoing | Left:
    """Fixed words and two numbers. Whom to call is left out once somebody has taken the alert."""
    if row.kind == Kind.WHOM_TO_CALL.value:
        alert = await alerts.get(work, row.alert_id)
        if alert is None or alert.acknowledged_at is not None or alert.resolved_at is not None:
            return Left("acknowledged")
    values: dict[str, Value] = {
        "clinic_phone": scene.clinic.phone,
        "emergency_number": scene.clinic.emergency_number,
    }
    declared = spec_of(row.template).placeholders
    rendered = scene.texts.render(
        row.template, scene.language, **{name: value for name, value in values.items() if name in declared}
    )
    return Outgoing(rendered.html, template_version_id=rendered.version_id)
