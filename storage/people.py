"""Who is behind a Telegram account."""

from sqlalchemy import update

from messages.people import Actor
from storage.callers import caller
from storage.database import UnitOfWork
from storage.tables import Patient, Staff


async def actor_of(work: UnitOfWork, telegram_id: int, *, language: str) -> Actor:
    """The person of this account; a stranger, in `language`, when there is none or they were removed."""
    return (await caller(work, telegram_id, language=language)).actor


async def release(work: UnitOfWork, telegram_id: int) -> None:
    """Whoever held this account, removed people for one, holds it no more: an account is one person."""
    for table in (Patient, Staff):
        await work.session.execute(update(table).where(table.telegram_id == telegram_id).values(telegram_id=None))
