"""Silence: into the digest after a day, and an alert where something was being watched.

The rules are docs/clinical.md, "Protocol" and rule 11: after a W or U, and after an answer of 2 or more that was left
unfinished, no answer within six hours of the nudge is an alert.
"""

from datetime import datetime

from bot.flows.one_by_one import one_by_one
from bot.flows.raise_alert import raise_alert
from messages.check_in import Question
from messages.clinic import Clinic
from messages.grading import Flag, Grade
from messages.timing import silence_alert_at, silent_at
from storage import check_ins
from storage.agenda import Agenda
from storage.database import Database, UnitOfWork
from storage.tables import CheckIn, Patient

WORRYING_SCORE = 2
"""On the scale of 0 to 3, rule 11."""


async def watch_silence(database: Database, clinic: Clinic, now: datetime) -> int:
    """Look at every open check-in whose silence is due. Returns how many."""
    async with database.read() as work:
        due = await check_ins.due_for_silence(work, now=now)

    async def look(work: UnitOfWork, check_in_id: int) -> bool:
        await _look(work, await check_ins.locked(work, check_in_id), now, clinic)
        return True

    return await one_by_one(database, due, look)


def next_at(agenda: Agenda) -> datetime | None:
    """When the next silence is due."""
    return agenda.silence


async def is_worrying(work: UnitOfWork, check_in: CheckIn) -> bool:
    """Whether silence on this check-in is an alert: the check before it was W or U, or a score of 2 was left.

    A check before it that got no answer at all does not hide the one before that.
    """
    if await _worst_left(work, check_in) >= WORRYING_SCORE:
        return True
    previous = await check_ins.answered_before(work, check_in)
    if previous is None:
        return False
    if previous.state == "done":
        return (previous.grade or 0) >= Grade.WATCH
    return (previous.grade or 0) >= Grade.WATCH or await _worst_left(work, previous) >= WORRYING_SCORE


async def _look(work: UnitOfWork, check_in: CheckIn, now: datetime, clinic: Clinic) -> None:
    check_in.silence_due_at = None
    if check_in.state != "open":
        return
    alert_at = silence_alert_at(check_in.nudged_at) if check_in.nudged_at is not None else None
    a_day = silent_at(check_in.opened_at or check_in.due_at)
    if await is_worrying(work, check_in):
        if alert_at is not None and now < alert_at:
            check_in.silence_due_at = alert_at
            return
        await _raise(work, check_in, now, clinic)
    elif now < a_day:
        check_in.silence_due_at = a_day
        return
    check_in.silence_seen_at = now


async def _raise(work: UnitOfWork, check_in: CheckIn, now: datetime, clinic: Clinic) -> None:
    patient = await work.session.get_one(Patient, check_in.patient_id)
    if patient.removed_at is not None:
        return
    await raise_alert(
        work,
        patient=patient,
        session_id=check_in.session_id,
        check_in_id=check_in.id,
        grade=Grade.U,
        flags=[Flag.SILENCE],
        origin="silence",
        now=now,
        clinic=clinic,
    )


async def _worst_left(work: UnitOfWork, check_in: CheckIn) -> int:
    """The worst score on the scale of 0 to 3; the usual pain of 0 to 10 is an outcome, not a sign."""
    answers = await check_ins.answers_of(work, check_in)
    return max((score for asked, score in answers.scores.items() if asked is not Question.USUAL_PAIN), default=0)
