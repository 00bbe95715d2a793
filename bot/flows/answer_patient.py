"""What a member of staff writes reaches the patient, in the clinic's name and never from a private account."""

from datetime import datetime, timedelta

from bot.flows.acknowledge_alert import take_alert
from bot.flows.forget_old import RECORDS_KEPT
from bot.flows.relay_letter import relay_to_patient
from messages.clinic import Clinic
from messages.errors import NotFound, PersonError
from messages.letters import Content
from messages.people import Actor
from storage import alerts, audit, dialogs, letters, outbox, patients
from storage.database import UnitOfWork
from storage.dialogs import DialogState
from storage.tables import Letter, Patient

WRITE = "write"
"""The dialog in which the next message goes to a patient."""

WRITE_WITHIN = timedelta(minutes=30)
"""For how long after Write or Reply: later nobody remembers whom the next message would go to."""


class NotJoinedYet(PersonError):
    """The patient has not opened the invitation: there is no chat to write into."""

    def __init__(self, patient: str) -> None:
        super().__init__("error.patient_not_joined", {"patient": patient})


async def patient_to_write(work: UnitOfWork, actor: Actor, patient_id: int) -> Patient:
    """The patient, if this member of staff may write to them.

    They may as practitioner, as cover, and while an open alert of the patient has climbed to them. Raises NotFound
    otherwise, NotJoinedYet when there is no chat.
    """
    try:
        patient = await patients.for_staff(work, actor, patient_id)
    except NotFound:
        told = actor.staff_id is not None and await alerts.was_told(
            work, staff_id=actor.staff_id, patient_id=patient_id
        )
        if not told:
            raise
        patient = await patients.get(work, patient_id)
    if patient.telegram_id is None or patient.consented_at is None:
        raise NotJoinedYet(patient.name)
    return patient


async def begin_writing(
    work: UnitOfWork, *, actor: Actor, patient_id: int, alert_id: int | None, now: datetime
) -> Patient:
    """The next message of this member of staff goes to the patient; commits. Raises as `patient_to_write`."""
    patient = await patient_to_write(work, actor, patient_id)
    until = (now + WRITE_WITHIN).isoformat()
    state = DialogState(WRITE, "message", {"patient_id": patient_id, "alert_id": alert_id, "until": until})
    await dialogs.save(work, actor.chat_id, state, now=now)
    await work.commit()
    return patient


async def addressee_of(
    work: UnitOfWork, actor: Actor, content: Content, dialog: DialogState | None, *, now: datetime
) -> tuple[int, int | None] | None:
    """Whom a message of staff is for, and which alert it answers; None when that cannot be told.

    By the message it replies to, by the album it belongs to, by the dialog that still waits for it, in this order.
    """
    if content.reply_to_message_id is not None:
        row = await outbox.delivered(work, chat_id=actor.chat_id, message_id=content.reply_to_message_id)
        if row is not None and row.subject_id is not None:
            return row.subject_id, row.alert_id
        own = await letters.original(work, chat_id=actor.chat_id, message_id=content.reply_to_message_id)
        if own is not None:
            return own.patient_id, None
    if content.album is not None:
        parts = await letters.of_album(work, chat_id=actor.chat_id, album=content.album)
        if parts:
            return parts[0].patient_id, None
    if dialog is not None and dialog.name == WRITE and now <= datetime.fromisoformat(dialog.data["until"]):
        return dialog.data["patient_id"], dialog.data["alert_id"]
    return None


async def answer_patient(
    work: UnitOfWork,
    *,
    actor: Actor,
    patient_id: int,
    content: Content,
    now: datetime,
    clinic: Clinic,
    alert_id: int | None = None,
    close_dialog: bool = False,
) -> Patient:
    """Owe the message to the patient and commit. What waited is answered; answering an alert takes it.

    Raises as `patient_to_write`.
    """
    patient = await patient_to_write(work, actor, patient_id)
    letter = Letter(
        patient_id=patient.id,
        staff_id=actor.staff_id,
        inbound=False,
        chat_id=content.chat_id,
        message_id=content.message_id,
        kind=content.kind,
        text=content.text,
        file_id=content.file_id,
        album=content.album,
        reply_to_message_id=content.reply_to_message_id,
        received_at=now,
    )
    await letters.add(work, letter)
    await relay_to_patient(work, letter, now=now)
    await letters.mark_answered(work, patient.id, since=now - RECORDS_KEPT, now=now)
    if alert_id is not None:
        await take_alert(work, actor=actor, alert_id=alert_id, now=now)
    if close_dialog:
        await dialogs.close(work, actor.chat_id)
    await audit.note(work, actor, "letter.sent", "patient", patient.id, now=now, letter=letter.id)
    await work.commit()
    return patient
