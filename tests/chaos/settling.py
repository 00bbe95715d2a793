"""Until nothing is left to do: asked of the database, as the bot is another process."""

import asyncio
from datetime import UTC, datetime

from sqlalchemy import func, select

from storage import check_ins
from storage.agenda import agenda
from storage.database import Database
from storage.tables import Inbox, Outbox

LOOK = 0.2


async def settled(database: Database, *, updates: int, seconds: float) -> None:
    """Wait until this many updates are handled, everything has been sent and every check-in's outcome drawn.

    Raises TimeoutError after `seconds` of real time.
    """
    async with asyncio.timeout(seconds):
        # Another process works there, which cannot be awaited.
        while not await _is_settled(database, updates):  # noqa: ASYNC110
            await asyncio.sleep(LOOK)


async def _is_settled(database: Database, updates: int) -> bool:
    async with database.read() as work:
        now = datetime.now(UTC)
        if (await agenda(work, now=now)).anything_due(now):
            return False
        owed = select(func.count()).where(Outbox.ended_at.is_(None))
        stored = select(func.count()).select_from(Inbox)
        return (
            await work.session.scalar(stored) == updates
            and not await work.session.scalar(owed)
            and not await work.session.scalar(select(check_ins.PERHAPS_SENT.exists()))
        )
