"""The free text of a check-in: what the patient writes next is its answer, and is passed on as it is."""

from dataclasses import replace
from datetime import datetime

from bot.flows.check_in_case import Case, own_case
from bot.flows.finish_check_in import finish
from bot.flows.receive_letter import take_letter
from messages.check_in import AskOther, Done, Stage, next_stage
from messages.clinic import Clinic
from messages.letters import Content
from messages.people import Actor
from storage import answers, dialogs
from storage.database import UnitOfWork
from storage.dialogs import DialogState
from storage.tables import CheckIn

DIALOG = "check_in"


async def listen_for_words(
    work: UnitOfWork, chat_id: int, case: Case, stage: Stage, *, dialog: DialogState | None, now: datetime
) -> None:
    """Note that the check-in waits for words, or no longer does. `dialog` is what was under way. No commit."""
    if isinstance(stage, AskOther):
        waiting = DialogState(DIALOG, "other", {"check_in_id": case.check_in.id})
        await dialogs.save(work, chat_id, waiting, now=now)
        return
    if dialog is not None and dialog.name == DIALOG:
        await dialogs.close(work, chat_id)


async def tell_in_words(
    work: UnitOfWork, *, actor: Actor, check_in_id: int, content: Content, clinic: Clinic, now: datetime
) -> CheckIn | None:
    """Pass the message on, and take it as the check-in's answer if that still waits for one.

    Returns the check-in that it answered, None where it is a message like any other.
    """
    case = await own_case(work, actor, check_in_id)
    waits = case.check_in.state == "open" and isinstance(_stage(case), AskOther)
    await take_letter(
        work,
        patient_id=case.patient.id,
        content=content,
        now=now,
        clinic=clinic,
        check_in_id=check_in_id if waits else None,
    )
    await dialogs.close(work, actor.chat_id)
    if waits:
        await _complete(work, case, clinic=clinic, now=now)
    await work.commit()
    return case.check_in if waits else None


async def _complete(work: UnitOfWork, case: Case, *, clinic: Clinic, now: datetime) -> None:
    told = replace(case, answers=case.answers.with_other_text())
    await answers.save(work, case.check_in, case.answers, told.answers, items_closed=True, now=now)
    if isinstance(_stage(told), Done):
        await finish(work, told, clinic=clinic, now=now)


def _stage(case: Case) -> Stage:
    return next_stage(case.form, case.answers, items_closed=case.check_in.items_closed)
