"""The one reminder of an unanswered check-in: it asks again where the patient left off."""

from collections.abc import Sequence
from dataclasses import replace

from bot.flows.composing import Left, Scene
from bot.flows.show_check_in import check_in_page
from bot.flows.standing import values_of
from messages.outgoing import Outgoing
from storage import check_ins
from storage.database import UnitOfWork
from storage.outbox import Claimed
from storage.tables import Patient, Staff


async def compose(work: UnitOfWork, row: Claimed, scene: Scene) -> Outgoing | Left:
    """The present question with its buttons, in reply to the check-in; left out once it is answered."""
    check_in = await check_ins.get(work, row.check_in_id or 0)
    if check_in is None or check_in.state != "open":
        return Left("answered" if check_in is not None and check_in.state == "done" else "closed")
    patient = await work.session.get_one(Patient, check_in.patient_id)
    practitioner = await work.session.get_one(Staff, patient.practitioner_id)
    values = values_of(patient, practitioner, scene.clinic, scene.language, scene.now)
    nudge = scene.texts.render("patient.nudge", scene.language, **values)
    page = await check_in_page(work, check_in, texts=scene.texts, clinic=scene.clinic, now=scene.now, heading=nudge)
    return replace(page, reply_to=check_in.message_id)


async def after(work: UnitOfWork, row: Claimed, scene: Scene, message_ids: Sequence[int]) -> None:
    """The conversation goes on in the newer message."""
    check_in = await check_ins.get(work, row.check_in_id or 0)
    if check_in is not None and check_in.state == "open" and message_ids:
        check_in.message_id = message_ids[-1]
