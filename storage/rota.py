"""Who reads what: practitioners, their covers, their patients, and whether each can be reached.

On PostgreSQL a transaction does not see what another has not committed: a letter found nobody while its reader was
coming back, who found no letter; or it went to somebody from whom its patient had just been taken. So who changes the
rota is alone with it, and who follows it has it unchanged to the end of the transaction.

One lock for the clinic, taken before anything else is read, so that nobody can wait for each other in a circle; it is
changed seldom, and for milliseconds. SQLite has one writer at a time, and needs none.
"""

from sqlalchemy import func, select

from storage.database import UnitOfWork

KEY = 0x61667465726362
"""The number of the advisory lock: the worker's (storage/advisory_lock.py) and one."""

_FOLLOW = select(func.pg_advisory_xact_lock_shared(KEY))
_CHANGE = select(func.pg_advisory_xact_lock(KEY))


async def follow(work: UnitOfWork) -> None:
    """The rota stays as it is until the end of this transaction. What was read before may be older."""
    if not work.on_sqlite:
        await work.session.rows(_FOLLOW)


async def change(work: UnitOfWork) -> None:
    """Be alone with the rota until the end of this transaction. Before anything else is read or written."""
    if not work.on_sqlite:
        await work.session.rows(_CHANGE)
