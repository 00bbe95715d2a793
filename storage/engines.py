"""The two databases behind one shape: how a unit of work begins, commits and ends. Here on SQLite."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event
from sqlalchemy.exc import OperationalError

from storage.session import DirectSession, Session

Result = TypeVar("Result")

BUSY_SECONDS = 10.0
"""How long a SQLite writer waits for another process before it gives up: far longer than any transaction of ours."""

BUSY_PAUSE = 0.005
"""Seconds between two attempts to get SQLite's write lock from another process."""

POOL_SIZE = 4
"""Connections to SQLite's file kept at hand for writers, and as many for readers; more are opened in a rush."""


class Engines(Protocol):
    """One database."""

    def reading(self) -> AbstractAsyncContextManager[Session]:
        """A session that cannot write. On SQLite it sees one state of the database, on PostgreSQL one a statement."""

    def writing(self) -> AbstractAsyncContextManager[Session]:
        """A transaction that may commit once."""

    def single(self) -> AbstractAsyncContextManager[Session]:
        """As `writing`, for one statement that writes. On PostgreSQL it is committed when it ends."""

    def arriving(self) -> AbstractAsyncContextManager[Session]:
        """As `single`, for what others send in: nobody else's statement waits behind it."""

    async def run(self, step: Callable[[Connection], Result]) -> Result:
        """Give a bare connection to `step`, for changes of the schema. Commits what it leaves open."""

    async def look(self, step: Callable[[Connection], Result]) -> Result:
        """Give `step` a bare connection that cannot write. On SQLite it runs in a thread: it may take its time."""

    @property
    def synchronous(self) -> tuple[Engine, ...]:
        """SQLAlchemy's engines, for whoever listens to their events."""

    async def close(self) -> None:
        """Give every connection back."""


class SqliteEngines:
    """SQLite in this thread: connections that only read, and one that writes, for one unit of work at a time.

    Connections are kept open with SQLAlchemy's own transaction begun once and never ended; the real ones are said to
    the driver. To hand a connection out of a pool, begin, end and hand it back took longer than most statements do.
    """

    def __init__(self, url: URL, file: Path, *, durable: bool) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        url = url.set(drivername="sqlite+pysqlite")
        self._reader = create_engine(url, poolclass=NullPool, hide_parameters=True)
        self._writer = create_engine(url, poolclass=NullPool, hide_parameters=True)
        # A reader of a file in WAL mode waits for nobody, except while another process repairs the file.
        _prepare(self._reader, "query_only=ON")
        # The writer's waiting is done in `_begin`, where the loop goes on meanwhile.
        _prepare(self._writer, "busy_timeout=0", f"synchronous={'FULL' if durable else 'OFF'}")
        self._durable = durable
        self._idle_readers: list[Connection] = []
        self._idle_writers: list[Connection] = []
        self._one_writer = asyncio.Lock()

    @property
    def synchronous(self) -> tuple[Engine, ...]:
        return (self._reader, self._writer)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Session]:
        with _kept(self._reader, self._idle_readers) as connection:
            driver = driver_connection(connection)
            driver.execute("BEGIN").close()
            with DirectSession(connection, driver, partial(_commit, driver)) as session:
                yield session

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Session]:
        async with self._one_writer:
            with _kept(self._writer, self._idle_writers) as connection:
                driver = driver_connection(connection)
                await _begin(driver)
                commit = partial(_commit, driver)
                with DirectSession(connection, driver, commit, durable=self._durable) as session:
                    yield session

    def single(self) -> AbstractAsyncContextManager[Session]:
        return self.writing()

    def arriving(self) -> AbstractAsyncContextManager[Session]:
        return self.writing()

    async def run(self, step: Callable[[Connection], Result]) -> Result:
        async with self._one_writer:
            return await asyncio.to_thread(self._run, step)

    def _run(self, step: Callable[[Connection], Result]) -> Result:
        with self._writer.connect() as connection:
            driver = driver_connection(connection)
            driver.execute(f"PRAGMA {_WAIT}").close()
            driver.execute("BEGIN IMMEDIATE").close()
            result = step(connection)
            connection.commit()
            return result

    async def look(self, step: Callable[[Connection], Result]) -> Result:
        return await asyncio.to_thread(self._look, step)

    def _look(self, step: Callable[[Connection], Result]) -> Result:
        with self._reader.connect() as connection:
            driver_connection(connection).execute("BEGIN").close()
            return step(connection)

    async def close(self) -> None:
        for idle in (self._idle_readers, self._idle_writers):
            while idle:
                idle.pop().close()


@contextmanager
def _kept(engine: Engine, idle: list[Connection]) -> Iterator[Connection]:
    """A connection that is kept for the next one, unless something went wrong on it."""
    connection = idle.pop() if idle else engine.connect()
    try:
        yield connection
        driver_connection(connection).rollback()
    except BaseException:
        connection.close()
        raise
    if len(idle) < POOL_SIZE:
        idle.append(connection)
    else:
        connection.close()


_WAIT = f"busy_timeout={BUSY_SECONDS * 1000:.0f}"
_PRAGMAS = (_WAIT, "journal_mode=WAL", "foreign_keys=ON")


def _prepare(engine: Engine, *more: str) -> None:
    # Of the pool, not of the engine: an engine that anybody listens to looks for listeners at every statement.
    @event.listens_for(engine.pool, "connect")
    def settings(connection: sqlite3.Connection, _record: object) -> None:
        # The driver's own transaction handling is switched off: it begins late and as a reader.
        connection.isolation_level = None
        for pragma in (*_PRAGMAS, *more):
            connection.execute(f"PRAGMA {pragma}").close()


def driver_connection(connection: Connection) -> sqlite3.Connection:
    """Python's own SQLite connection, past SQLAlchemy's transactions."""
    driver: Any = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def _commit(driver: sqlite3.Connection) -> None:
    try:
        driver.commit()
    except sqlite3.OperationalError as error:
        raise OperationalError("COMMIT", None, error) from error


async def _begin(driver: sqlite3.Connection) -> None:
    """Take SQLite's write lock at once: with the default, two processes claimed the same outbox rows.

    Raises OperationalError when another process holds it for BUSY_SECONDS.
    """
    deadline = asyncio.get_running_loop().time() + BUSY_SECONDS
    while True:
        try:
            driver.execute("BEGIN IMMEDIATE").close()
        except sqlite3.OperationalError as error:
            # The lower byte: SQLite also says why it is busy, for example that a killed process is cleaned up after.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or asyncio.get_running_loop().time() > deadline:
                raise OperationalError("BEGIN IMMEDIATE", None, error) from error
        else:
            return
        await asyncio.sleep(BUSY_PAUSE)
