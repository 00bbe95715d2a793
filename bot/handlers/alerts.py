"""The buttons below an alert: I'm on it, Call, Resolved. Reply belongs to staff talk, the card to the patients."""

from bot.flows.acknowledge_alert import acknowledge_alert, alert_for
from bot.flows.climb_alerts import SILENCE
from bot.flows.compose_alert import show
from bot.flows.composing import Scene
from bot.flows.resolve_alert import resolve_alert
from bot.handling import Bots
from bot.routing import button
from bot.turn import Turn
from messages.markup import Html, escape
from storage import audit, patients, staff
from storage.tables import Alert, Patient


def setup(application: Bots) -> None:
    """Add the routes of this conversation."""
    application.add_handler(button("alert.take", take))
    application.add_handler(button("alert.call", call))
    application.add_handler(button("alert.resolve", resolve))


async def take(turn: Turn) -> None:
    """Take the alert, or hear who was faster."""
    assert turn.tap is not None
    async with turn.work() as work:
        alert, taken = await acknowledge_alert(work, actor=turn.actor, alert_id=turn.tap.number(0), now=turn.now)
    await _show_again(turn, alert)
    if taken or alert.acknowledged_by == turn.actor.staff_id:
        await turn.toast("alert.taken_by_you" if alert.origin != SILENCE else "alert.taken_silence")
    else:
        await turn.toast("alert.taken_by", name=await _name(turn, alert.acknowledged_by))


async def resolve(turn: Turn) -> None:
    """Close the alert, or hear that it is closed."""
    assert turn.tap is not None
    async with turn.work() as work:
        alert, closed = await resolve_alert(work, actor=turn.actor, alert_id=turn.tap.number(0), now=turn.now)
    await _show_again(turn, alert)
    if not closed:
        await turn.toast("alert.already_resolved", name=await _name(turn, alert.resolved_by))


async def call(turn: Turn) -> None:
    """Show the number, or the account where none is stored: Telegram has no buttons that dial."""
    assert turn.tap is not None
    async with turn.work() as work:
        alert = await alert_for(work, turn.actor, turn.tap.number(0))
        patient = await patients.get(work, alert.patient_id)
        await audit.note(work, turn.actor, "alert.call", "alert", alert.id, now=turn.now)
        await work.commit()
    await turn.say_text("alert.call", patient=patient.name, contact=_contact(patient))


def _contact(patient: Patient) -> str:
    if patient.phone is not None or patient.telegram_id is None:
        return patient.phone or "–"
    return Html(f'<a href="tg://user?id={patient.telegram_id}">{escape(patient.name)}</a>')


async def _show_again(turn: Turn, alert: Alert) -> None:
    """The tapped message says what has become of the alert."""
    async with turn.read() as work:
        assert turn.actor.staff_id is not None
        reader = await staff.get(work, turn.actor.staff_id)
        scene = Scene(now=turn.now, clinic=turn.clinic, texts=turn.texts, patient=None, staff=reader)
        fresh = await alert_for(work, turn.actor, alert.id)
        outgoing = await show(work, fresh, scene)
    await turn.show(outgoing)


async def _name(turn: Turn, staff_id: int | None) -> str:
    async with turn.read() as work:
        return (await staff.get(work, staff_id)).name if staff_id is not None else turn.clinic.name
