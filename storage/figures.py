"""What monitoring asks for, in one reading.

It looks at every message, which takes a second where there are a million: so on SQLite, which otherwise answers in
the loop's thread, it is read in a thread of its own, and delays no alert.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, or_, select

from messages.outgoing import Lane
from storage.database import Database
from storage.inbox import waiting_at
from storage.tables import Alert, Inbox, Outbox, Patient, Staff


@dataclass(frozen=True)
class Figures:
    """Counts at one moment; aware times.

    `messages` by kind and state; ended ones only since the time that was asked for. `due` by lane: how many messages
    should have left, and since when the oldest. `untaken_since`: when each alert that nobody has acknowledged was
    raised. `oldest_waiting`: when the oldest update that is not handled was received.
    """

    messages: dict[tuple[str, str], int]
    due: dict[Lane, tuple[int, datetime]]
    open_alerts: int
    untaken_since: list[datetime]
    unreachable_patients: int
    unreachable_staff: int
    chats_waiting: int
    oldest_waiting: datetime | None
    dead_letters: int


async def read(database: Database, *, now: datetime, since: datetime) -> Figures:
    """The figures at `now`; ended messages from `since` on."""
    return await database.look(lambda connection: _read(connection, now, since))


def _read(connection: Connection, now: datetime, since: datetime) -> Figures:
    messages = (
        select(Outbox.kind, Outbox.state, func.count())
        .where(or_(Outbox.ended_at.is_(None), Outbox.ended_at >= since))
        .group_by(Outbox.kind, Outbox.state)
    )
    due = (
        select(Outbox.lane, func.count(), func.min(Outbox.due_at))
        .where(Outbox.state == "pending", Outbox.due_at <= now)
        .group_by(Outbox.lane)
    )
    untaken = select(Alert.raised_at).where(Alert.resolved_at.is_(None), Alert.acknowledged_at.is_(None))
    patients = select(func.count()).where(Patient.unreachable_since.is_not(None), Patient.removed_at.is_(None))
    staff = select(func.count()).where(Staff.unreachable_since.is_not(None), Staff.removed_at.is_(None))
    return Figures(
        messages={(kind, state): count for kind, state, count in connection.execute(messages)},
        due={Lane(lane): (count, oldest) for lane, count, oldest in connection.execute(due)},
        open_alerts=connection.scalar(select(func.count()).where(Alert.resolved_at.is_(None))) or 0,
        untaken_since=list(connection.scalars(untaken)),
        unreachable_patients=connection.scalar(patients) or 0,
        unreachable_staff=connection.scalar(staff) or 0,
        chats_waiting=connection.scalar(select(func.count()).select_from(waiting_at(now).subquery())) or 0,
        oldest_waiting=connection.scalar(select(func.min(Inbox.received_at)).where(Inbox.state == "waiting")),
        dead_letters=connection.scalar(select(func.count()).where(Inbox.state == "dead")) or 0,
    )
