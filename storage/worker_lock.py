"""One worker at a time: Telegram's limits count per bot, and two senders would not know of each other.

SQLite: a locked file beside the database. PostgreSQL: an advisory lock on a connection of its own, which the
server frees by itself when the worker or its machine dies. A worker whose connection was cut asks for the lock
again, and stops working when somebody else has it; who takes over leaves it the time to find out.
"""

import asyncio
import fcntl
import os
from pathlib import Path
from typing import Any

from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.database import Database, is_database_outage, sqlite_file

KEY = 0x61667465726361
"""The number of the advisory lock ("afterca" in ASCII): the same for every Aftercare on one database."""

LOOK_SECONDS = 1.0
"""How often a worker makes sure that it still holds the lock, and a standby asks for it."""

ANSWER_SECONDS = 1.0
"""How long the lock's connection may take to answer before it counts as lost."""

GRACE_SECONDS = LOOK_SECONDS + ANSWER_SECONDS
"""After this long a worker that lost the lock knows it, and begins nothing more."""


CONNECT_SECONDS = 5.0
"""How long a connection may take to open."""


class LockLost(Exception):
    """Another worker holds the lock: this one must stop working."""


def _engine(url: URL) -> AsyncEngine:
    # Here, because whoever is on SQLite need not load the driver.
    from storage import postgres

    # Without transactions: one would stay open for weeks.
    return postgres.engine(url, seconds=CONNECT_SECONDS, isolation_level="AUTOCOMMIT")


async def _opened(engine: AsyncEngine) -> AsyncConnection:
    from storage import postgres

    return await postgres.opened(engine)


async def _drop(connection: AsyncConnection) -> None:
    """Nothing is said to the server, which frees the lock when the socket closes."""
    from storage import postgres

    await postgres.drop(connection)


class WorkerLock:
    """The right to be the worker of a database."""

    def __init__(self, database: Database) -> None:
        self._path = sqlite_file(database.url)
        self._engine = None if self._path else _engine(database.url)
        self._file: int | None = None
        self._connection: AsyncConnection | None = None

    async def take(self) -> bool:
        """Take the lock if it is free; False when another process holds it. Raises what the database raises."""
        if self._path is not None:
            return self._lock_file(self._path.with_name(f"{self._path.name}.lock"))
        return await self._lock_advisory()

    @property
    def held(self) -> bool:
        """Whether this process is the worker, as far as it knows."""
        return self._file is not None or self._connection is not None

    async def watch(self) -> None:
        """Look after the lock for as long as it is held. Raises LockLost when another worker has it.

        While the database is away nobody can send, so there is nothing to decide until it is back.
        """
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._file is None and not await self._still_held():
                await self._drop_connection()
                await self._take_again()

    async def _still_held(self) -> bool:
        if self._connection is None:
            return False
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                # Past SQLAlchemy: it is asked every second of every day.
                raw = await self._connection.get_raw_connection()
                driver: Any = raw.driver_connection
                await driver.execute("SELECT 1")
        except Exception:
            # Whatever is raised, and by whom: nobody said that it is held.
            return False
        return True

    async def _take_again(self) -> None:
        try:
            taken = await self._lock_advisory()
        except Exception as error:
            if is_database_outage(error):
                return
            raise
        if not taken:
            raise LockLost

    async def release(self) -> None:
        """Let the next one in."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        await self._drop_connection()

    async def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await _drop(connection)

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
        assert self._engine is not None
        connection = await _opened(self._engine)
        try:
            taken = await connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": KEY})
        except BaseException:
            await _drop(connection)
            raise
        if not taken:
            await connection.close()
            return False
        self._connection = connection
        return True
