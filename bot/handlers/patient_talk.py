"""Whatever a patient sends at any time: stored, passed on, acknowledged once."""

from telegram.ext.filters import StatusUpdate

from bot.contents import UNKNOWN, content_of
from bot.flows.edit_letter import edit_by_patient
from bot.flows.receive_letter import receive_letter
from bot.flows.standing import own_standing
from bot.handling import Bots
from bot.routing import command_in, command_of, content, says_more
from bot.turn import Turn
from messages.letters import Content
from messages.people import Role

PATIENTS = frozenset({Role.PATIENT})


def setup(application: Bots) -> None:
    """Add the routes of this conversation; dialogs and commands are asked before."""
    application.add_handler(content("edit by a patient", _is_edit, carry_over, PATIENTS))
    application.add_handler(content("letter of a patient", _is_letter, receive, PATIENTS))


async def receive(turn: Turn) -> None:
    """Pass a message on; what cannot be passed on is said so."""
    letter = _content(turn)
    if letter.kind == UNKNOWN:
        await _say_unsupported(turn)
        return
    assert turn.actor.patient_id is not None
    async with turn.work() as work:
        await receive_letter(work, patient_id=turn.actor.patient_id, content=letter, now=turn.now, clinic=turn.clinic)


async def carry_over(turn: Turn) -> None:
    """Pass an edit on, marked. Nothing is answered: the first wording was."""
    edited = _content(turn)
    assert turn.actor.patient_id is not None
    command = command_in(edited.text or "", turn.actor)
    if edited.kind == UNKNOWN or command == "start" or (command is not None and not says_more(edited.text or "")):
        return
    async with turn.work() as work:
        await edit_by_patient(work, patient_id=turn.actor.patient_id, content=edited, now=turn.now, clinic=turn.clinic)


async def _say_unsupported(turn: Turn) -> None:
    async with turn.read() as work:
        standing = await own_standing(work, turn.actor)
    await turn.say_text("patient.unsupported", practitioner=standing.practitioner.name, clinic_phone=turn.clinic.phone)


def _content(turn: Turn) -> Content:
    if turn.message is None:
        raise ValueError("this update holds no message")
    return content_of(turn.message)


def _is_letter(turn: Turn) -> bool:
    return (
        turn.update.message is not None and command_of(turn) is None and not StatusUpdate.ALL.check_update(turn.update)
    )


def _is_edit(turn: Turn) -> bool:
    return turn.update.edited_message is not None
