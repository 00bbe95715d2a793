"""How often each chat has opened links that lead nowhere."""

from datetime import datetime

from messages.guessing import misses_now, wait_after
from storage.database import UnitOfWork
from storage.tables import TokenGuess


async def waits_until(work: UnitOfWork, chat_id: int, *, now: datetime) -> datetime | None:
    """Until when this chat may not try another link; None when it may."""
    row = await work.session.get(TokenGuess, chat_id)
    if row is None or row.wait_until is None or row.wait_until <= now:
        return None
    return row.wait_until


async def note_miss(work: UnitOfWork, chat_id: int, *, now: datetime) -> None:
    """Count one more link that led nowhere."""
    row = await work.session.get(TokenGuess, chat_id)
    if row is None:
        row = TokenGuess(chat_id=chat_id, count=0, last_at=now)
        work.session.add(row)
    row.count = misses_now(row.count, row.last_at, now) + 1
    row.last_at = now
    wait = wait_after(row.count)
    row.wait_until = now + wait if wait else None


async def forgive(work: UnitOfWork, chat_id: int) -> None:
    """A link worked: the count begins again."""
    row = await work.session.get(TokenGuess, chat_id)
    if row is not None:
        await work.session.delete(row)
