"""One worker at a time: Telegram's limits count per bot, and two senders would not know of each other.

SQLite: a locked file beside the database. PostgreSQL: an advisory lock (storage/advisory_lock.py), which the server
frees by itself when the worker or its machine dies. A worker whose connection was cut asks for the lock again, and
stops working when somebody else has it; who takes over leaves it the time to find out.
"""

import asyncio
import fcntl
import os
from pathlib import Path
from typing import Protocol

from sqlalchemy import URL

from storage.database import Database, is_database_outage, sqlite_file

LOOK_SECONDS = 1.0
"""How often a worker makes sure that it still holds the lock, and a standby asks for it."""

ANSWER_SECONDS = 1.0
"""How long the lock's connection may take to answer before it counts as lost."""

GRACE_SECONDS = LOOK_SECONDS + ANSWER_SECONDS
"""After this long a worker that lost the lock knows it, and begins nothing more."""


class LockLost(Exception):
    """Another worker holds the lock: this one must stop working."""


class _Lock(Protocol):
    """A lock that ends with its process at the latest."""

    @property
    def held(self) -> bool:
        """Whether it is this process's, as far as it knows."""

    async def take(self) -> bool:
        """Take it if it is free. Raises what the database raises."""

    async def still_held(self) -> bool:
        """Whether whoever keeps it says so."""

    async def release(self) -> None:
        """Let the next one in. Nothing where it is not held."""


class WorkerLock:
    """The right to be the worker of a database."""

    def __init__(self, database: Database) -> None:
        path = sqlite_file(database.url)
        self._lock: _Lock = _FileLock(path) if path is not None else _advisory_lock(database.url)

    @property
    def held(self) -> bool:
        """Whether this process is the worker, as far as it knows."""
        return self._lock.held

    async def take(self) -> bool:
        """Take the lock if it is free; False when another process holds it. Raises what the database raises."""
        return await self._lock.take()

    async def release(self) -> None:
        """Let the next one in."""
        await self._lock.release()

    async def watch(self) -> None:
        """Look after the lock for as long as it is held. Raises LockLost when another worker has it.

        While the database is away nobody can send, so there is nothing to decide until it is back.
        """
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if not await self._still_held():
                await self._lock.release()
                await self._take_again()

    async def _still_held(self) -> bool:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._lock.still_held()
        except Exception:
            # Whatever is raised, and by whom: nobody said that it is held.
            return False

    async def _take_again(self) -> None:
        try:
            taken = await self._lock.take()
        except Exception as error:
            if is_database_outage(error):
                return
            raise
        if not taken:
            raise LockLost


def _advisory_lock(url: URL) -> _Lock:
    # Here, because whoever is on SQLite need not load PostgreSQL's driver.
    from storage.advisory_lock import AdvisoryLock

    return AdvisoryLock(url)


class _FileLock:
    """A locked file beside SQLite's own. The system frees it with the process."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}.lock")
        self._file: int | None = None

    @property
    def held(self) -> bool:
        return self._file is not None

    async def take(self) -> bool:
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        except OSError:
            # A file system without locks.
            os.close(file)
            raise
        self._file = file
        return True

    async def still_held(self) -> bool:
        return self.held

    async def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
