"""The end of a check-in: graded, told, and followed by whatever its answers ask for. Nothing here commits."""

from datetime import datetime

from bot.flows.check_in_case import Case
from bot.flows.find_recipients import as_on_the_rota, reader_of
from bot.flows.reask import plan_reask
from bot.flows.report_sign import CHECKED, NONE
from bot.flows.watch_answers import tell
from messages.care_plan import CheckKind
from messages.check_in import UrgentSign
from messages.clinic import Clinic
from messages.grading import Grade, Grading
from messages.outgoing import Kind
from storage import alerts, check_ins, outbox, staff
from storage.database import UnitOfWork
from storage.outbox import Owed
from storage.tables import CheckIn, Outbox

ALL_WELL = "all_well"
"""Why routine checks were left out: nothing to report, twice (rule 10 of docs/clinical.md)."""


async def finish(work: UnitOfWork, case: Case, *, clinic: Clinic, now: datetime) -> None:
    """Everything is answered: grade it, tell the practitioner, and plan what follows."""
    check_in = case.check_in
    grading = case.grade(case.answers, now)
    told_before = await alerts.of_check_in(work, check_in.id) is not None
    _note(check_in, grading)
    _end(check_in, "done", now)
    await _stop_chasing(work, check_in, now)
    if grading.grade >= Grade.U:
        await tell(work, case, grading, clinic=clinic, now=now)
    if grading.grade < Grade.U or told_before:
        await _pass_on(work, case, grading, now)
    if grading.reask_hours is not None:
        await plan_reask(work, case, hours=grading.reask_hours, now=now)
    if grading.skip_routine:
        await _skip_routine(work, case, now)
    if grading.ask_signs:
        await _ask_signs(work, case, grading.ask_signs, now)


async def give_up(work: UnitOfWork, case: Case, *, clinic: Clinic, now: datetime) -> None:
    """Close a check-in that was not answered to the end. What was answered still counts and is passed on.

    A grave answer given just now is told here: the quarter of an hour of flows/watch_answers.py ends with the form.
    """
    check_in = case.check_in
    _end(check_in, "missed", now)
    await _stop_chasing(work, check_in, now)
    if check_in.answered_at is not None:
        grading = case.grade(case.answers, check_in.answered_at)
        _note(check_in, grading)
        if grading.grade >= Grade.U:
            await tell(work, case, grading, clinic=clinic, now=now)
        await _pass_on(work, case, grading, now)


def _note(check_in: CheckIn, grading: Grading) -> None:
    check_in.grade = grading.grade.value
    check_in.flags = [flag.value for flag in grading.flags]
    check_in.rules = list(grading.rules)
    check_in.watched = sorted(about.value for about in grading.watched)


def _end(check_in: CheckIn, state: str, now: datetime) -> None:
    check_in.state = state
    check_in.done_at = now
    check_in.nudge_due_at = check_in.silence_due_at = check_in.unfinished_due_at = None


async def _stop_chasing(work: UnitOfWork, check_in: CheckIn, now: datetime) -> None:
    await outbox.withdraw(
        work, Outbox.check_in_id == check_in.id, Outbox.kind == Kind.NUDGE.value, reason="answered", now=now
    )


async def _pass_on(work: UnitOfWork, case: Case, grading: Grading, now: datetime) -> None:
    """The answers to whoever reads what the patient writes; without a sound when there is nothing to look at."""
    patient = await as_on_the_rota(work, case.patient.id)
    reader = await reader_of(work, patient) or await staff.get(work, patient.practitioner_id)
    notice = Owed(
        key=f"answers:{case.check_in.id}",
        kind=Kind.ANSWER_NOTICE,
        template="relay.answers",
        due_at=now,
        staff_id=reader.id,
        subject_id=case.patient.id,
        course_id=case.course.id,
        session_id=case.session.id,
        check_in_id=case.check_in.id,
        values={"silent": grading.grade < Grade.WATCH},
    )
    await outbox.plan(work, [notice], now=now)


async def _skip_routine(work: UnitOfWork, case: Case, now: datetime) -> None:
    """The checks that carry a reminder stay, and the late ones."""
    skipped = await check_ins.withdraw(
        work,
        CheckIn.session_id == case.session.id,
        CheckIn.kind == CheckKind.ROUTINE.value,
        CheckIn.appointment_id.is_(None),
        CheckIn.state == "planned",
        state="skipped",
        now=now,
    )
    await outbox.withdraw(work, Outbox.check_in_id.in_(skipped), reason=ALL_WELL, now=now)


async def _ask_signs(work: UnitOfWork, case: Case, signs: tuple[UrgentSign, ...], now: datetime) -> None:
    """A message of its own, so that it is not lost however the check-in's message is changed later."""
    rows = [(f"sign.{sign.value.lower()}", sign.value) for sign in signs] + [("button.none_of_these", NONE)]
    buttons = [[[key, "urgent.sign", name, case.check_in.id, CHECKED]] for key, name in rows]
    question = Owed(
        key=f"signs:{case.check_in.id}",
        kind=Kind.NOTICE,
        template="patient.sign_question",
        due_at=now,
        patient_id=case.patient.id,
        subject_id=case.patient.id,
        session_id=case.session.id,
        check_in_id=case.check_in.id,
        values={"buttons": buttons},
    )
    await outbox.plan(work, [question], now=now)
