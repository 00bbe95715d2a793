"""How the bot is doing, in numbers: for admins, for `doctor` and for monitoring."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, text

from storage import inbox, outbox
from storage.database import Base, UnitOfWork
from storage.tables import Alert, Outbox, Patient, Staff


@dataclass(frozen=True)
class Status:
    """Counts at one moment. "Today" begins at the `since` that was asked for.

    `oldest_due_at` is the oldest message whose time has come and that has not left.
    """

    pending: int
    under_way: int
    sent_today: int
    skipped_today: int
    failed_today: int
    uncertain_today: int
    oldest_due_at: datetime | None
    open_alerts: int
    untaken_alerts: int
    unreachable_patients: int
    unreachable_staff: int
    updates_waiting: int
    dead_letters: int


async def read(work: UnitOfWork, *, now: datetime, since: datetime, asked_in: int | None = None) -> Status:
    """The counts at `now`; those of today from `since` on. The chat `asked_in` is being handled, and not counted."""
    states = await outbox.counts_by_state(work, since=since)
    is_open = Alert.resolved_at.is_(None)
    return Status(
        pending=states.get("pending", 0),
        under_way=states.get("claimed", 0) + states.get("sending", 0),
        sent_today=states.get("sent", 0),
        skipped_today=states.get("skipped", 0),
        failed_today=states.get("failed", 0),
        uncertain_today=states.get("uncertain", 0),
        oldest_due_at=await work.session.scalar(
            select(func.min(Outbox.due_at)).where(Outbox.state == "pending", Outbox.due_at <= now)
        ),
        open_alerts=await _count(work, Alert, is_open),
        untaken_alerts=await _count(work, Alert, is_open, Alert.acknowledged_at.is_(None)),
        unreachable_patients=await _count(
            work, Patient, Patient.unreachable_since.is_not(None), Patient.removed_at.is_(None)
        ),
        unreachable_staff=await _count(work, Staff, Staff.unreachable_since.is_not(None), Staff.removed_at.is_(None)),
        updates_waiting=await inbox.count_waiting(work, now=now, but_not=asked_in),
        dead_letters=await inbox.count_dead(work),
    )


async def answers(work: UnitOfWork) -> None:
    """Nothing, or the database's error when it does not answer."""
    await work.session.execute(text("SELECT 1"))


async def _count(work: UnitOfWork, table: type[Base], *which: ColumnElement[bool]) -> int:
    return await work.session.scalar(select(func.count()).select_from(table).where(*which)) or 0
