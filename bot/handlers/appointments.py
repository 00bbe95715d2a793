"""Set, move or cancel the next appointment from a patient's card; the patient is told."""

from datetime import datetime

from bot.asking import ask
from bot.flows.move_appointment import move_appointment
from bot.flows.record_session import course_to_record
from bot.flows.show_card import show_card
from bot.handling import Bots
from bot.routing import button, dialog
from bot.turn import Turn
from messages import wording
from messages.errors import OutOfDate, PersonError
from messages.outgoing import Button, Outgoing
from messages.people import Role
from messages.timing import offered_next, wall_clock_add
from messages.typed_time import parse_when
from storage import appointments, dialogs, patients, sessions
from storage.dialogs import DialogState
from storage.tables import Appointment, Course, Patient

APPOINTMENT = "appointment"


def setup(application: Bots) -> None:
    """Add the routes of this conversation."""
    application.add_handler(button("patient.appointment", begin))
    application.add_handler(button("appointment.set", set_offered))
    application.add_handler(button("appointment.cancel", cancel))


def setup_dialog(application: Bots) -> None:
    """Add the route of what is typed in this conversation."""
    application.add_handler(dialog(APPOINTMENT, typed, frozenset({Role.PRACTITIONER})))


async def begin(turn: Turn) -> None:
    """Offer the plan's interval; a time may be typed instead."""
    async with turn.work() as work:
        patient = await patients.for_staff(work, turn.actor, _number(turn))
        course = await course_to_record(work, patient)
        active = await appointments.active(work, course.id)
        latest = await sessions.latest(work, course.id)
        state = DialogState(APPOINTMENT, "time", {"patient_id": patient.id})
        await dialogs.save(work, turn.chat_id, state, now=turn.now)
        await work.commit()
    offered = _offered(turn, course, latest.ended_at if latest else None)
    await ask(turn, _question(turn, patient, active, offered))


def _offered(turn: Turn, course: Course, ended_at: datetime | None) -> datetime | None:
    """An interval after the latest session, or later where that has passed; nothing before the first session."""
    if ended_at is None:
        return None
    offered = offered_next(ended_at, course.interval_days, turn.clinic.zone)
    while offered <= turn.now:
        offered = wall_clock_add(offered, days=course.interval_days, zone=turn.clinic.zone)
    return offered


def _question(turn: Turn, patient: Patient, active: Appointment | None, offered: datetime | None) -> Outgoing:
    rows: list[tuple[Button, ...]] = []
    if offered is not None and (active is None or active.starts_at != offered):
        label = wording.short_date_and_time(offered, turn.clinic.zone, turn.actor.language)
        rows.append((Button(f"✅ {label}", "appointment.set", (patient.id, int(offered.timestamp()))),))
    if active is None:
        text = turn.html("practitioner.appointment.choose_first", patient=patient.name)
    else:
        at = wording.date_and_time(active.starts_at, turn.clinic.zone, turn.actor.language)
        text = turn.html("practitioner.appointment.choose", patient=patient.name, appointment=at)
        rows.append((Button(turn.plain("button.cancel_appointment"), "appointment.cancel", (patient.id,)),))
    rows.append((Button(turn.plain("button.keep"), "patient.open", (patient.id,)),))
    return Outgoing(text, buttons=tuple(rows))


async def set_offered(turn: Turn) -> None:
    """The offered time."""
    assert turn.tap is not None
    await _move(turn, turn.tap.number(0), turn.tap.moment(1))


async def cancel(turn: Turn) -> None:
    """No appointment any more."""
    await _move(turn, _number(turn), None)


async def typed(turn: Turn) -> None:
    """A time as a person types it."""
    if turn.dialog is None or not turn.text.strip():
        raise PersonError("error.text_expected")
    starts_at = parse_when(
        turn.text, now=turn.now, zone=turn.clinic.zone, language=turn.actor.language, prefer="future"
    )
    await _move(turn, turn.dialog.data["patient_id"], starts_at)


async def _move(turn: Turn, patient_id: int, starts_at: datetime | None) -> None:
    async with turn.work() as work:
        await dialogs.close(work, turn.chat_id)
        await move_appointment(
            work,
            actor=turn.actor,
            patient_id=patient_id,
            starts_at=starts_at,
            clinic=turn.clinic,
            now=turn.now,
        )
    async with turn.read() as work:
        card = await show_card(
            work,
            actor=turn.actor,
            patient_id=patient_id,
            texts=turn.texts,
            clinic=turn.clinic,
            now=turn.now,
        )
    await turn.show(card)


def _number(turn: Turn) -> int:
    if turn.tap is None:
        raise OutOfDate
    return turn.tap.number(0)
