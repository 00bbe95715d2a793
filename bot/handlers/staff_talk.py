"""What practitioners and admins write: replies and the "write" dialog reach the patient in the clinic's name."""

from telegram.ext.filters import StatusUpdate

from bot.contents import UNKNOWN, content_of
from bot.flows.acknowledge_alert import alert_for
from bot.flows.answer_patient import WRITE, addressee_of, answer_patient, begin_writing
from bot.flows.edit_letter import edit_by_staff
from bot.handling import Bots
from bot.routing import button, command_of, content, dialog
from bot.turn import Turn
from messages.letters import Content
from messages.people import STAFF


def setup_replies(application: Bots) -> None:
    """Before the dialogs: a reply to a patient's message is meant for the patient, whatever else is under way."""
    application.add_handler(button("write", begin))
    application.add_handler(button("alert.reply", begin_for_alert))
    application.add_handler(content("reply of staff", _is_reply, answer, STAFF))
    application.add_handler(dialog(WRITE, answer, STAFF))


def setup(application: Bots) -> None:
    """After the dialogs: edits, and what is said to nobody."""
    application.add_handler(content("edit by staff", _is_edit, carry_over, STAFF))
    application.add_handler(content("message of staff", _is_message, answer, STAFF))


async def begin(turn: Turn) -> None:
    """The card's button: the next message goes to this patient."""
    assert turn.tap is not None
    await _begin(turn, turn.tap.number(0), None)


async def begin_for_alert(turn: Turn) -> None:
    """The alert's button: the next message goes to its patient and takes the alert."""
    assert turn.tap is not None
    alert_id = turn.tap.number(0)
    async with turn.read() as work:
        alert = await alert_for(work, turn.actor, alert_id)
    await _begin(turn, alert.patient_id, alert_id)


async def _begin(turn: Turn, patient_id: int, alert_id: int | None) -> None:
    async with turn.work() as work:
        patient = await begin_writing(work, actor=turn.actor, patient_id=patient_id, alert_id=alert_id, now=turn.now)
    await turn.say_text("alert.reply" if alert_id is not None else "practitioner.write.prompt", patient=patient.name)


async def answer(turn: Turn) -> None:
    """Carry a message to whom it is meant for; where that cannot be told, say so and send it to nobody."""
    message = _content(turn)
    async with turn.read() as work:
        addressee = await addressee_of(work, turn.actor, message, turn.dialog, now=turn.now)
    if addressee is None:
        await turn.say_text("relay.reply_to_write")
        return
    if message.kind == UNKNOWN:
        await turn.say_text("relay.unsupported")
        return
    patient_id, alert_id = addressee
    writing = turn.dialog is not None and turn.dialog.name == WRITE
    async with turn.work() as work:
        patient = await answer_patient(
            work,
            actor=turn.actor,
            patient_id=patient_id,
            content=message,
            now=turn.now,
            clinic=turn.clinic,
            alert_id=alert_id,
            close_dialog=writing and turn.dialog is not None and turn.dialog.data["patient_id"] == patient_id,
        )
    if writing:
        await turn.say_text("practitioner.write.sent", patient=patient.name)


async def carry_over(turn: Turn) -> None:
    """Pass on what was changed in a message to a patient; other edits mean nothing."""
    edited = _content(turn)
    if edited.kind == UNKNOWN:
        return
    async with turn.work() as work:
        await edit_by_staff(work, actor=turn.actor, content=edited, now=turn.now)


def _content(turn: Turn) -> Content:
    if turn.message is None:
        raise ValueError("this update holds no message")
    return content_of(turn.message)


def _is_reply(turn: Turn) -> bool:
    """A reply, unless it answers the message that carries a dialog."""
    message = turn.update.message
    if message is None or message.reply_to_message is None or command_of(turn) is not None:
        return False
    return turn.dialog is None or message.reply_to_message.message_id != turn.dialog.message_id


def _is_message(turn: Turn) -> bool:
    return (
        turn.update.message is not None and command_of(turn) is None and not StatusUpdate.ALL.check_update(turn.update)
    )


def _is_edit(turn: Turn) -> bool:
    return turn.update.edited_message is not None
