"""A check-in that nobody has finished is asked once more, within a day, and never again."""

from datetime import datetime

from bot.flows.one_by_one import one_by_one
from bot.flows.watch_silence import is_worrying
from messages.clinic import Clinic
from messages.outgoing import Kind
from messages.timing import silence_alert_at, silent_at
from storage import check_ins, outbox
from storage.agenda import Agenda
from storage.database import Database, UnitOfWork
from storage.outbox import Owed
from storage.tables import CheckIn


async def nudge(database: Database, clinic: Clinic, now: datetime) -> int:
    """Owe a nudge for each open check-in whose time for it has come. Returns how many."""
    async with database.read() as work:
        due = await check_ins.due_for_nudge(work, now=now)

    async def nudge_one(work: UnitOfWork, check_in_id: int) -> bool:
        await _nudge_one(work, await check_ins.locked(work, check_in_id), now)
        return True

    return await one_by_one(database, due, nudge_one)


def next_at(agenda: Agenda) -> datetime | None:
    """When the next nudge is due."""
    return agenda.nudge


async def _nudge_one(work: UnitOfWork, check_in: CheckIn, now: datetime) -> None:
    check_in.nudge_due_at = None
    if check_in.state != "open":
        return
    check_in.nudged_at = now
    if await is_worrying(work, check_in):
        sooner = silence_alert_at(now)
        check_in.silence_due_at = min(check_in.silence_due_at or sooner, sooner)
    await outbox.plan(
        work,
        [
            Owed(
                key=f"nudge:{check_in.id}",
                kind=Kind.NUDGE,
                template="patient.nudge",
                due_at=now,
                not_after=silent_at(check_in.opened_at or now),
                patient_id=check_in.patient_id,
                session_id=check_in.session_id,
                check_in_id=check_in.id,
            )
        ],
        now=now,
    )
