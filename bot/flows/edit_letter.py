"""An edit is carried over: the new wording follows, marked, as a reply to the earlier message."""

from datetime import datetime

from bot.flows.answer_patient import patient_to_write
from bot.flows.receive_letter import take_letter
from bot.flows.relay_letter import relay_to_patient
from messages.clinic import Clinic
from messages.letters import Content
from messages.people import Actor
from storage import audit, letters
from storage.database import UnitOfWork
from storage.tables import Letter


async def edit_by_patient(
    work: UnitOfWork, *, patient_id: int, content: Content, now: datetime, clinic: Clinic
) -> Letter | None:
    """Pass a patient's edit on and commit; None when nothing that can be read has changed.

    An edit of a message that was never a letter is a new one: nothing a patient sends is lost.
    """
    first = await letters.original(work, chat_id=content.chat_id, message_id=content.message_id)
    letter = None
    if first is None:
        letter = await take_letter(work, patient_id=patient_id, content=content, now=now, clinic=clinic)
    elif await _differs(work, first, content):
        letter = await take_letter(
            work, patient_id=first.patient_id, content=content, now=now, clinic=clinic, edited_of=first.id
        )
    await work.commit()
    return letter


async def edit_by_staff(work: UnitOfWork, *, actor: Actor, content: Content, now: datetime) -> Letter | None:
    """Pass on what a practitioner changed in a message to a patient, and commit; None when it was none.

    Raises as `patient_to_write`: the patient may be somebody else's by now.
    """
    first = await letters.original(work, chat_id=content.chat_id, message_id=content.message_id)
    letter = None
    if first is not None and await _differs(work, first, content):
        await patient_to_write(work, actor, first.patient_id)
        letter = await letters.add(
            work,
            Letter(
                patient_id=first.patient_id,
                staff_id=actor.staff_id,
                session_id=first.session_id,
                inbound=False,
                chat_id=content.chat_id,
                message_id=content.message_id,
                kind=content.kind,
                text=content.text,
                file_id=content.file_id,
                album=content.album,
                edited_of=first.id,
                edited_at=now,
                received_at=now,
            ),
        )
        await relay_to_patient(work, letter, now=now)
        await audit.note(work, actor, "letter.edited", "patient", first.patient_id, now=now, letter=letter.id)
    await work.commit()
    return letter


async def _differs(work: UnitOfWork, first: Letter, content: Content) -> bool:
    """Telegram also reports edits that change nothing to read: a place that moves, a link's preview."""
    known = await letters.latest_wording(work, first)
    return (known.text, known.file_id) != (content.text, content.file_id)
