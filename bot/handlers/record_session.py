"""/record: a session in at most five taps. Patient, when, next appointment, preview, saved."""

from collections.abc import Callable
from dataclasses import replace

from bot.asking import ask
from bot.flows import show_session
from bot.flows.correct_session import correct_session
from bot.flows.record_session import checked_note, record_session
from bot.flows.session_draft import RECORD, Draft, Outlook, draft_of, outlook_of
from bot.handling import Bots
from bot.routing import button, command, dialog
from bot.turn import Turn
from messages.errors import OutOfDate, PersonError
from messages.outgoing import Outgoing
from messages.people import Role
from messages.typed_time import check_appointment_time, check_session_time, parse_when
from storage import dialogs, sessions
from storage.database import UnitOfWork
from storage.dialogs import DialogState

CHOOSE = "choose"
REMOVE = "-"
"""What is typed to empty a note."""


def setup(application: Bots) -> None:
    """Add the routes of this conversation."""
    application.add_handler(command("record", begin))
    application.add_handler(button("record.patient", choose_patient))
    application.add_handler(button("record.when", choose_now))
    application.add_handler(button("record.next", choose_next))
    application.add_handler(button("record.pain", choose_pain))
    application.add_handler(button("record.edit", edit))
    application.add_handler(button("record.save", save))
    application.add_handler(button("record.cancel", cancel))


def setup_dialog(application: Bots) -> None:
    """Add the route of what is typed in this conversation."""
    application.add_handler(dialog(RECORD, typed, frozenset({Role.PRACTITIONER})))


async def begin(turn: Turn) -> None:
    """Offer the patients; `/record anna` searches at once."""
    await _offer_patients(turn, turn.command_argument)


async def _offer_patients(turn: Turn, part: str) -> None:
    async with turn.work() as work:
        shown = await show_session.choose_patient(
            work, turn.actor, turn.texts, clinic=turn.clinic, now=turn.now, part=part
        )
        await dialogs.save(work, turn.chat_id, DialogState(RECORD, CHOOSE), now=turn.now)
        await work.commit()
    await ask(turn, shown)


async def choose_patient(turn: Turn) -> None:
    """A patient from the list, or from a card: begins anew with them."""
    await _go_on(turn, Draft(_tapped(turn)))


async def choose_now(turn: Turn) -> None:
    """The session ended just now."""
    await _answer(turn, "when", lambda draft: replace(draft, ended_at=turn.now))


async def choose_next(turn: Turn) -> None:
    """The offered appointment, or none."""
    assert turn.tap is not None
    next_at = None if turn.tap.text(0) == "0" else turn.tap.moment(0)
    await _answer(turn, "next", lambda draft: replace(draft, next_at=next_at, next_known=True))


async def choose_pain(turn: Turn) -> None:
    """The usual pain from 0 to 10, or left out."""
    tap = turn.tap
    pain = None if tap is None or tap.text(0) == "skip" else tap.number(0)
    if pain is not None and pain > 10:
        raise OutOfDate
    await _answer(turn, "pain", lambda draft: replace(draft, usual_pain=pain, pain_known=True))


async def edit(turn: Turn) -> None:
    """From the preview back to one question."""
    field = turn.tap.text(0) if turn.tap else ""
    if field not in {"when", "next", "pain", "note", "areas"}:
        raise OutOfDate
    await _go_on(turn, _draft(turn), step=field)


async def cancel(turn: Turn) -> None:
    """Leave without saving."""
    async with turn.work() as work:
        await dialogs.close(work, turn.chat_id)
        await work.commit()
    await turn.show(Outgoing(turn.html("dialog.cancelled")))


async def typed(turn: Turn) -> None:
    """What is typed answers the question that is open; at the preview it is the note."""
    state = turn.dialog
    if state is None or not turn.text.strip():
        raise PersonError("error.text_expected")
    if state.step == CHOOSE:
        await _offer_patients(turn, turn.text)
        return
    await _go_on(turn, await _with_typed(turn, _draft(turn), state.step))


async def _with_typed(turn: Turn, draft: Draft, step: str) -> Draft:
    if step == "when":
        return await _typed_time(turn, draft)
    if step == "next":
        next_at = parse_when(
            turn.text, now=turn.now, zone=turn.clinic.zone, language=turn.actor.language, prefer="future"
        )
        check_appointment_time(next_at, now=turn.now, after=draft.ended_at)
        return replace(draft, next_at=next_at, next_known=True)
    if step == "pain":
        if not turn.text.strip().isdecimal() or int(turn.text) > 10:
            raise PersonError("error.pain_out_of_range")
        return replace(draft, usual_pain=int(turn.text), pain_known=True)
    text = checked_note("" if turn.text.strip() == REMOVE else turn.text)
    return replace(draft, areas=text) if step == "areas" else replace(draft, note=text)


async def _typed_time(turn: Turn, draft: Draft) -> Draft:
    ended_at = parse_when(turn.text, now=turn.now, zone=turn.clinic.zone, language=turn.actor.language)
    async with turn.read() as work:
        outlook = await _outlook(turn, work, draft)
    check_session_time(ended_at, now=turn.now, previous=outlook.previous)
    return replace(draft, ended_at=ended_at)


async def save(turn: Turn) -> None:
    """Record or correct. A second tap shows what the first one saved."""
    if turn.dialog is None or turn.dialog.name != RECORD:
        await _show_saved_before(turn)
        return
    draft = _draft(turn)
    async with turn.work() as work:
        outlook = await _outlook(turn, work, draft)
        mark = tuple(str(part) for part in show_session.save_mark(outlook))
        is_current = turn.tap is not None and turn.tap.arguments == mark and outlook.step == "preview"
        if is_current:
            await dialogs.close(work, turn.chat_id)
            session_id = await _store(turn, work, outlook.draft)
    if not is_current:
        await _go_on(turn, draft)
        return
    async with turn.read() as work:
        shown = await show_session.saved(work, turn.actor, turn.texts, session_id=session_id, clinic=turn.clinic)
    await turn.show(shown)


async def _store(turn: Turn, work: UnitOfWork, draft: Draft) -> int:
    if draft.ended_at is None:
        raise OutOfDate
    if draft.session_id is None:
        recorded = await record_session(
            work,
            actor=turn.actor,
            patient_id=draft.patient_id,
            ended_at=draft.ended_at,
            next_appointment=draft.next_at,
            note=draft.note,
            areas=draft.areas,
            usual_pain=draft.usual_pain,
            clinic=turn.clinic,
            now=turn.now,
        )
    else:
        recorded = await correct_session(
            work,
            actor=turn.actor,
            session_id=draft.session_id,
            ended_at=draft.ended_at,
            next_appointment=draft.next_at,
            note=draft.note,
            areas=draft.areas,
            usual_pain=draft.usual_pain,
            clinic=turn.clinic,
            now=turn.now,
        )
    return recorded.session.id


async def _show_saved_before(turn: Turn) -> None:
    """The dialog is over: if it ended with this very session, show that."""
    patient_id = _tapped(turn)
    assert turn.tap is not None
    ended_at = turn.tap.moment(1)
    async with turn.read() as work:
        session = await sessions.ended_in_second(work, patient_id, ended_at)
        if session is None:
            raise OutOfDate("error.dialog_over")
        shown = await show_session.saved(work, turn.actor, turn.texts, session_id=session.id, clinic=turn.clinic)
    await turn.toast("toast.already_saved")
    await turn.show(shown)


def _tapped(turn: Turn) -> int:
    if turn.tap is None:
        raise OutOfDate
    return turn.tap.number(0)


def _draft(turn: Turn) -> Draft:
    """The draft under way. Raises OutOfDate where there is none: an old message was tapped."""
    if turn.dialog is None or turn.dialog.name != RECORD or turn.dialog.step == CHOOSE:
        raise OutOfDate("error.dialog_over")
    return draft_of(turn.dialog)


async def _answer(turn: Turn, step: str, answered: Callable[[Draft], Draft]) -> None:
    """Take a tapped answer to the question `step`; one to a question that is over shows where we are."""
    draft = _draft(turn)
    is_open = turn.dialog is not None and turn.dialog.step == step
    await _go_on(turn, answered(draft) if is_open else draft)


async def _go_on(turn: Turn, draft: Draft, *, step: str | None = None) -> None:
    """Keep the draft and ask what comes next, or `step`."""
    async with turn.work() as work:
        outlook = await _outlook(turn, work, draft)
        asked = step or outlook.step
        await dialogs.save(work, turn.chat_id, outlook.draft.as_dialog(asked), now=turn.now)
        await work.commit()
    await ask(turn, show_session.ask(outlook, asked, turn.texts, turn.actor.language, turn.clinic))


async def _outlook(turn: Turn, work: UnitOfWork, draft: Draft) -> Outlook:
    return await outlook_of(work, turn.actor, draft, now=turn.now, clinic_zone=turn.clinic.zone)
