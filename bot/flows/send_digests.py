"""Every practitioner's digest at their hour, once a day; after a stop only the newest."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from messages.clinic import Clinic
from messages.outgoing import Kind
from messages.timing import digest_at
from storage import outbox, staff
from storage.agenda import Agenda
from storage.database import Database, UnitOfWork
from storage.outbox import Owed
from storage.tables import Staff

KEEPS = timedelta(hours=12)
"""How late a digest may still go: an evening one would be read beside the next morning's."""


async def send_digests(database: Database, clinic: Clinic, now: datetime) -> int:
    """Plan the digests that are due. Returns how many."""
    planned = 0
    async with database.work() as work:
        for member in await staff.digests_due(work, now=now):
            planned += await _plan(work, member, clinic, now)
        await work.commit()
    return planned


def next_at(agenda: Agenda) -> datetime | None:
    """When the next digest is due."""
    return agenda.digest


async def _plan(work: UnitOfWork, member: Staff, clinic: Clinic, now: datetime) -> int:
    """The newest digest that is due. Somebody who has just joined has none yet, only a time for the first."""
    due_at = member.digest_due_at
    member.digest_due_at = digest_at(now, member.digest_hour, clinic.zone)
    if due_at is None:
        return 0
    newest = _newest(due_at, member, clinic.zone, now)
    owed = Owed(
        key=f"digest:{member.id}:{newest.astimezone(clinic.zone).date().isoformat()}",
        kind=Kind.DIGEST,
        template="practitioner.digest.head",
        due_at=newest,
        not_after=newest + KEEPS,
        staff_id=member.id,
    )
    return await outbox.plan(work, [owed], now=now)


def _newest(due_at: datetime, member: Staff, zone: ZoneInfo, now: datetime) -> datetime:
    """Of all the times since `due_at` that have passed, the last."""
    while (following := digest_at(due_at, member.digest_hour, zone)) <= now:
        due_at = following
    return due_at
