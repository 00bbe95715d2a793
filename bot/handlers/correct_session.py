"""Correct or undo the latest session, from the message that recorded it."""

from bot.asking import ask
from bot.flows import show_session
from bot.flows.correct_session import latest_of, undo_session
from bot.flows.session_draft import draft_to_correct, outlook_of
from bot.handling import Bots
from bot.routing import button
from bot.turn import Turn
from messages.errors import OutOfDate
from messages.outgoing import Button, Outgoing
from storage import courses, dialogs, patients


def setup(application: Bots) -> None:
    """Add the routes of this conversation."""
    application.add_handler(button("session.correct", correct))
    application.add_handler(button("session.undo", ask_undo))
    application.add_handler(button("session.undo_confirm", undo))
    application.add_handler(button("session.keep", keep))


def _session_id(turn: Turn) -> int:
    if turn.tap is None:
        raise OutOfDate
    return turn.tap.number(0)


async def correct(turn: Turn) -> None:
    """The preview again, with what was recorded; saving changes it."""
    async with turn.work() as work:
        draft = await draft_to_correct(work, turn.actor, _session_id(turn))
        outlook = await outlook_of(work, turn.actor, draft, now=turn.now, clinic_zone=turn.clinic.zone)
        await dialogs.save(work, turn.chat_id, outlook.draft.as_dialog("preview"), now=turn.now)
        await work.commit()
    await ask(turn, show_session.ask(outlook, "preview", turn.texts, turn.actor.language, turn.clinic))


async def ask_undo(turn: Turn) -> None:
    """Ask once: the pending messages go with it."""
    async with turn.read() as work:
        session, _, patient = await latest_of(work, actor=turn.actor, session_id=_session_id(turn))
    text = turn.html("practitioner.record.undo_question", patient=patient.name, session=session.number)
    rows = (
        (Button(turn.plain("button.undo_confirm"), "session.undo_confirm", (session.id,)),),
        (Button(turn.plain("button.keep"), "session.keep", (session.id,)),),
    )
    await turn.show(Outgoing(text, buttons=rows))


async def keep(turn: Turn) -> None:
    """Back to the recorded session."""
    async with turn.read() as work:
        shown = await show_session.saved(work, turn.actor, turn.texts, session_id=_session_id(turn), clinic=turn.clinic)
    await turn.show(shown)


async def undo(turn: Turn) -> None:
    """Take it back."""
    async with turn.work() as work:
        session = await undo_session(
            work, actor=turn.actor, session_id=_session_id(turn), clinic=turn.clinic, now=turn.now
        )
    async with turn.read() as work:
        course = await courses.get(work, session.course_id)
        patient = await patients.for_staff(work, turn.actor, course.patient_id)
    text = turn.html("practitioner.record.undone", patient=patient.name, session=session.number)
    rows = (
        (
            Button(turn.plain("button.record"), "record.patient", (patient.id,)),
            Button(turn.plain("button.card"), "patient.card", (patient.id,)),
        ),
    )
    await turn.show(Outgoing(text, buttons=rows))
