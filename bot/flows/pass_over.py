"""What is owed to a member of staff about a patient who has become somebody else's meanwhile.

A hand-over readdresses whatever waits. What is at Telegram at that moment, and to be tried again afterwards, would
still go to whoever it was composed for.
"""

from datetime import datetime

from bot.flows.composing import Scene
from bot.flows.find_recipients import may_read
from messages.outgoing import Kind
from storage import outbox
from storage.database import UnitOfWork
from storage.outbox import Claimed, Owed
from storage.tables import Patient

HANDED_OVER = "practitioner.handed_over"


async def is_theirs(work: UnitOfWork, row: Claimed, scene: Scene) -> bool:
    """Whether a row may still go to its recipient: the patient it is about is theirs, or they step in, or are an admin.

    That a patient is theirs is told only to their practitioner.
    """
    if scene.staff is None or row.subject_id is None:
        return True
    patient = await work.session.get_one(Patient, row.subject_id)
    if row.template == HANDED_OVER:
        return patient.practitioner_id == scene.staff.id
    return scene.staff.is_admin or await may_read(work, scene.staff, patient)


async def owe_anew(work: UnitOfWork, row: Claimed, now: datetime) -> None:
    """The patient's practitioner gets what a colleague is not to get any more. No commit."""
    if row.subject_id is None or row.template == HANDED_OVER:
        return
    patient = await work.session.get_one(Patient, row.subject_id)
    if patient.practitioner_id == row.staff_id:
        return
    owed = Owed(
        key=f"{row.key}:to:{patient.practitioner_id}",
        kind=Kind(row.kind),
        template=row.template,
        due_at=now,
        staff_id=patient.practitioner_id,
        subject_id=row.subject_id,
        not_after=row.not_after,
        values=row.values,
        session_id=row.session_id,
        appointment_id=row.appointment_id,
        check_in_id=row.check_in_id,
        alert_id=row.alert_id,
        letter_id=row.letter_id,
    )
    await outbox.plan(work, [owed], now=now)
