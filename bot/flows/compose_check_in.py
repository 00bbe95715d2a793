"""A check-in leaves: its first question, and what being sent means for it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.flows.check_in_case import case_of
from bot.flows.composing import Left, Scene
from bot.flows.one_by_one import one_by_one
from bot.flows.open_check_in import close_earlier, mark_open
from bot.flows.show_check_in import case_page
from messages.care_plan import CheckKind
from messages.clinic import Clinic
from messages.outgoing import Kind, Outgoing
from storage import check_ins, outbox
from storage.agenda import LONG_AGO, Agenda
from storage.database import Database, UnitOfWork
from storage.outbox import Claimed, Owed
from storage.tables import CheckIn

COURSE_END = "patient.course_end"
COURSE_END_AFTER = timedelta(days=1)
"""After the last late check; also when that one stays unanswered."""


async def compose(work: UnitOfWork, row: Claimed, scene: Scene) -> Outgoing | Left:
    """The check-in's first page; left out when it was withdrawn or answered in some other way."""
    check_in = await check_ins.get(work, row.check_in_id or 0)
    if check_in is None or check_in.state != "planned":
        return Left(check_in.state if check_in else "gone")
    case = await case_of(work, check_in)
    if case.session.undone_at is not None:
        return Left("session_undone")
    return await case_page(work, case, texts=scene.texts, clinic=scene.clinic, now=scene.now)


async def after(work: UnitOfWork, row: Claimed, scene: Scene, message_ids: Sequence[int]) -> None:
    """The check-in is open now; the patient's older ones are closed. Held: the first tap may be quicker than we are."""
    check_in = await check_ins.locked(work, row.check_in_id or 0)
    if check_in.state == "planned":
        await _open(work, check_in, scene, message_ids[-1] if message_ids else None, scene.now)


async def late(work: UnitOfWork, row: Claimed, scene: Scene) -> None:
    """Its time has passed: the next check-in asks what this one would have."""
    check_in = await check_ins.get(work, row.check_in_id or 0)
    if check_in is not None and check_in.state == "planned":
        check_in.state = "skipped"


async def _open(work: UnitOfWork, check_in: CheckIn, scene: Scene, message_id: int | None, sent_at: datetime) -> None:
    mark_open(check_in, message_id=message_id, zone=scene.zone, now=sent_at)
    await close_earlier(work, check_in, clinic=scene.clinic, now=sent_at)
    last = await check_ins.next_planned(work, check_in.patient_id, after=sent_at) is None
    if check_in.kind == CheckKind.LATE.value and last:
        await _plan_course_end(work, check_in, sent_at)


async def _plan_course_end(work: UnitOfWork, check_in: CheckIn, sent_at: datetime) -> None:
    """At the same hour of the next day, which is no quiet hour: the check-in went then."""
    end = Owed(
        key=f"course_end:{check_in.session_id}",
        kind=Kind.NOTICE,
        template=COURSE_END,
        due_at=sent_at + COURSE_END_AFTER,
        patient_id=check_in.patient_id,
        subject_id=check_in.patient_id,
        session_id=check_in.session_id,
        check_in_id=check_in.id,
    )
    await outbox.plan(work, [end], now=sent_at)


def doubtful_at(agenda: Agenda) -> datetime | None:
    """At once, where there is one."""
    return LONG_AGO if agenda.uncertain else None


async def take_as_sent(database: Database, clinic: Clinic, now: datetime) -> int:
    """The tick: a check-in that may have arrived is taken as sent, so that its nudge asks once more."""
    async with database.read() as work:
        due = await check_ins.perhaps_sent(work)

    async def take(work: UnitOfWork, check_in_id: int) -> bool:
        case = await case_of(work, await check_ins.locked(work, check_in_id))
        if case.check_in.state != "planned":
            # A tap has come meanwhile, which is the better news.
            return False
        mark_open(case.check_in, message_id=None, zone=case.zone, now=now)
        return True

    return await one_by_one(database, due, take)
