"""One worker at a time: Telegram's limits count per bot, and two senders would not know of each other.

SQLite: a locked file beside the database. PostgreSQL: an advisory lock on a connection of its own, which the
server frees by itself when the worker or its machine dies.
"""

import asyncio
import fcntl
import os
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database, sqlite_file
from storage.engines import PostgresEngines

KEY = 0x61667465726361
"""The number of the advisory lock ("afterca" in ASCII): the same for every Aftercare on one database."""

LOOK_SECONDS = 2.0
"""How often a worker makes sure that it still holds the lock, and a standby asks for it."""


class LockLost(Exception):
    """The lock's connection is gone: another worker may hold it by now, so this one must stop."""


class WorkerLock:
    """The right to be the worker of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._file: int | None = None
        self._connection: AsyncConnection | None = None

    async def take(self) -> bool:
        """Take the lock if it is free; False when another process holds it."""
        file = sqlite_file(self._database.url)
        return self._lock_file(file.with_name(f"{file.name}.lock")) if file else await self._lock_advisory()

    async def watch(self) -> None:
        """Look after the lock for as long as it is held. Raises LockLost when it is gone."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._connection is not None:
                try:
                    await self._connection.execute(text("SELECT 1"))
                except SQLAlchemyError as error:
                    raise LockLost from error

    async def release(self) -> None:
        """Let the next one in."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if self._connection is not None:
            connection, self._connection = self._connection, None
            # Closing alone would give the connection, and the lock with it, back to the pool.
            await connection.invalidate()
            await connection.close()

    def _lock_file(self, path: Path) -> bool:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            self._file = None
            return False
        return True

    async def _lock_advisory(self) -> bool:
        engines = self._database.engines
        assert isinstance(engines, PostgresEngines)
        connection = await engines.engine.connect()
        # Without a transaction: it would stay open for weeks.
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        taken = await connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": KEY})
        if not taken:
            await connection.close()
            return False
        self._connection = connection
        return True
