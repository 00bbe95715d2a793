"""Answers of a check-in that is still under way: what is grave is not kept waiting for the end of the form.

An emergency, and what needs somebody at once, is told with the tap that says it. What is to be seen the same day is
told at the end, together with the rest, or after fifteen minutes without one. An alert is never taken back by a
corrected answer: a person decides.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.flows.check_in_case import Case, case_of
from bot.flows.one_by_one import one_by_one
from bot.flows.raise_alert import raise_alert
from messages.check_in import FOLLOW_UPS, Answers, AskOther, next_stage
from messages.clinic import Clinic
from messages.grading import Grade, Grading, is_emergency
from storage import alerts, check_ins
from storage.agenda import Agenda
from storage.database import Database, UnitOfWork

ABANDONED_AFTER = timedelta(minutes=15)
"""How long an unfinished check-in with a sign for today waits for its end."""


async def watch(work: UnitOfWork, case: Case, *, clinic: Clinic, now: datetime) -> None:
    """After a tap that did not finish the check-in. No commit."""
    certain = case.grade(_certain(case), now)
    writing = isinstance(next_stage(case.form, case.answers, items_closed=case.check_in.items_closed), AskOther)
    if certain.grade >= Grade.U_NOW or (certain.grade == Grade.U and writing):
        await tell(work, case, certain, clinic=clinic, now=now)
    as_it_stands = case.grade(case.answers, now)
    waits = as_it_stands.grade >= Grade.U and not await _is_told(work, case, as_it_stands)
    case.check_in.unfinished_due_at = now + ABANDONED_AFTER if waits else None


async def tell(work: UnitOfWork, case: Case, grading: Grading, *, clinic: Clinic, now: datetime) -> None:
    """Raise the alert of this check-in, or raise it higher; what was told already is not told again."""
    if await _is_told(work, case, grading):
        return
    await raise_alert(
        work,
        patient=case.patient,
        session_id=case.session.id,
        check_in_id=case.check_in.id,
        grade=grading.grade,
        flags=grading.flags,
        origin="check_in",
        now=now,
        clinic=clinic,
    )


async def _is_told(work: UnitOfWork, case: Case, grading: Grading) -> bool:
    alert = await alerts.of_check_in(work, case.check_in.id)
    if alert is None:
        return False
    return grading.grade <= alert.grade and {flag.value for flag in grading.flags} <= set(alert.flags)


def _certain(case: Case) -> Answers:
    """What the patient has made final: ticks of a list still open and questions still unanswered do not count yet.

    A tick that is an emergency by itself counts at once.
    """
    answers = case.answers
    if case.check_in.items_closed:
        items = {each for each in answers.items if each not in FOLLOW_UPS or each in answers.follow_ups}
    else:
        items = {each for each in answers.items if is_emergency(case.family, replace(answers, items=frozenset({each})))}
    return replace(
        answers,
        items=frozenset(items),
        follow_ups={each: yes for each, yes in answers.follow_ups.items() if each in items},
    )


async def raise_unfinished(database: Database, clinic: Clinic, now: datetime) -> int:
    """The tick: tell what was left unfinished too long. A question left open counts as the graver answer."""
    async with database.read() as work:
        due = await check_ins.due_unfinished(work, now=now)

    async def raise_one(work: UnitOfWork, check_in_id: int) -> bool:
        await _raise_one(work, check_in_id, clinic=clinic, now=now)
        return True

    return await one_by_one(database, due, raise_one)


async def _raise_one(work: UnitOfWork, check_in_id: int, *, clinic: Clinic, now: datetime) -> None:
    check_in = await check_ins.locked(work, check_in_id)
    due_at, check_in.unfinished_due_at = check_in.unfinished_due_at, None
    if due_at is None or due_at > now or check_in.state in ("done", "missed"):
        # Both have told it themselves. One that was withdrawn meanwhile has not: what was said still counts.
        return
    case = await case_of(work, check_in)
    grading = case.grade(case.answers, check_in.answered_at or now)
    check_in.grade = grading.grade.value
    check_in.flags = [flag.value for flag in grading.flags]
    if grading.grade >= Grade.U:
        await tell(work, case, grading, clinic=clinic, now=now)


def next_at(agenda: Agenda) -> datetime | None:
    """When the next unfinished check-in is due."""
    return agenda.unfinished
