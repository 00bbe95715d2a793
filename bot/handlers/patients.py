"""/patients: the list, a search by typing, and a card each."""

from bot.asking import ask
from bot.flows.answer_patient import WRITE
from bot.flows.show_card import show_card
from bot.flows.show_patients import show_patients
from bot.handling import Bots
from bot.routing import button, command, dialog
from bot.turn import Turn
from messages.errors import OutOfDate, PersonError
from messages.outgoing import Outgoing
from messages.people import Role
from storage import dialogs
from storage.dialogs import DialogState

SEARCH = "patients"
APPOINTMENT = "appointment"


def setup(application: Bots) -> None:
    """Add the routes of this conversation."""
    application.add_handler(command("patients", begin))
    application.add_handler(button("patient.page", turn_page))
    application.add_handler(button("patient.open", open_card))
    application.add_handler(button("patient.card", send_card))


def setup_dialog(application: Bots) -> None:
    """Add the route of what is typed in this conversation."""
    application.add_handler(dialog(SEARCH, search, frozenset({Role.PRACTITIONER})))


async def begin(turn: Turn) -> None:
    """The first page; `/patients anna` searches at once."""
    await ask(turn, await _list(turn, part=turn.command_argument))


async def search(turn: Turn) -> None:
    """What is typed under the list is part of a name."""
    if not turn.text.strip():
        raise PersonError("error.text_expected")
    await ask(turn, await _list(turn, part=turn.text))


async def turn_page(turn: Turn) -> None:
    """Another page of the list, or back to it from a card."""
    await ask(turn, await _list(turn, page=_number(turn)))


async def open_card(turn: Turn) -> None:
    """The card in place of the list, or its newest state."""
    await turn.show(await _card(turn))


async def send_card(turn: Turn) -> None:
    """The card below an alert, a notice or a digest, which stays."""
    await turn.say(await _card(turn))


async def _list(turn: Turn, *, page: int = 0, part: str = "") -> Outgoing:
    async with turn.work() as work:
        shown = await show_patients(
            work, actor=turn.actor, texts=turn.texts, clinic=turn.clinic, now=turn.now, page=page, part=part
        )
        await dialogs.save(work, turn.chat_id, DialogState(SEARCH, "search"), now=turn.now)
        await work.commit()
    return shown


async def _card(turn: Turn) -> Outgoing:
    async with turn.work() as work:
        shown = await show_card(
            work,
            actor=turn.actor,
            patient_id=_number(turn),
            texts=turn.texts,
            clinic=turn.clinic,
            now=turn.now,
        )
        if turn.dialog is not None and _is_left(turn.dialog, _number(turn)):
            await dialogs.close(work, turn.chat_id)
        await work.commit()
    return shown


def _is_left(dialog: DialogState, patient_id: int) -> bool:
    """With another card before one's eyes, what is typed next must not go to the patient of the one before.

    A time for an appointment is not asked for any more once a card stands there. A session half recorded stays.
    """
    writing_elsewhere = dialog.name == WRITE and dialog.data["patient_id"] != patient_id
    return writing_elsewhere or dialog.name in (SEARCH, APPOINTMENT)


def _number(turn: Turn) -> int:
    if turn.tap is None:
        raise OutOfDate
    return turn.tap.number(0)
