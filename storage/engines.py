"""The two databases behind one shape: how a unit of work begins, commits and ends on SQLite and on PostgreSQL."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import URL, Connection, Engine, NullPool, Transaction, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.session import DirectSession, PostgresSession, Session

Result = TypeVar("Result")

BUSY_SECONDS = 10.0
"""How long a SQLite writer waits for another process before it gives up: far longer than any transaction of ours."""

BUSY_PAUSE = 0.005
"""Seconds between two attempts to get SQLite's write lock from another process."""

POOL_SIZE = 4
"""Connections kept at hand for writers, and as many for readers; as many more are opened in a rush.

So a process has at most 19 with its lock, its clock and its ear, and five processes fit into PostgreSQL's usual 100.
Migrations have one more, before all that.
"""

ROOM_SECONDS = 30.0
"""How long a unit of work waits for one of PostgreSQL's connections."""

CONNECTING: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
}
"""Parameters of libpq, in seconds but for the last, in milliseconds.

A server that vanished without a word is noticed after some twenty seconds, where it would otherwise be a quarter of an
hour, and with it every message behind the one that waits.
"""

LOCK_SECONDS = 10
"""How long a statement waits for a row that somebody else holds, a forgotten session at a console for one."""


class Engines(Protocol):
    """One database."""

    def reading(self) -> AbstractAsyncContextManager[Session]:
        """A session that cannot write. On SQLite it sees one state of the database, on PostgreSQL one a statement."""

    def writing(self) -> AbstractAsyncContextManager[Session]:
        """A transaction that may commit once."""

    async def run(self, step: Callable[[Connection], Result]) -> Result:
        """Give a bare connection to `step`, for changes of the schema. Commits what it leaves open."""

    async def look(self, step: Callable[[Connection], Result]) -> Result:
        """Give `step` a bare connection that cannot write. On SQLite it runs in a thread: it may take its time."""

    @property
    def synchronous(self) -> tuple[Engine, ...]:
        """SQLAlchemy's engines, for whoever listens to their events."""

    async def close(self) -> None:
        """Give every connection back."""


class PostgresEngines:
    """PostgreSQL through psycopg's asynchronous connections: some that write, and some that only read.

    Readers run without a transaction: under READ COMMITTED each statement sees a state of its own anyway, and BEGIN
    and ROLLBACK would be two journeys more for the one statement that most of them are. No connection is tried out
    before its use, which would be another two: who meets one that was cut tries again (bot/patience.py).
    """

    def __init__(self, url: URL) -> None:
        writer = _postgres(url)
        reader = _postgres(url, isolation_level="AUTOCOMMIT")
        _say_first(reader, "SET default_transaction_read_only = on")
        _say_first(writer, f"SET lock_timeout = '{LOCK_SECONDS}s'")
        self._writers, self._readers = _Kept(writer), _Kept(reader)

    @property
    def synchronous(self) -> tuple[Engine, ...]:
        return (self._writers.engine.sync_engine, self._readers.engine.sync_engine)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Session]:
        async with (
            self._readers.connection() as connection,
            PostgresSession(connection, _transaction_of(connection)) as session,
        ):
            yield session

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Session]:
        async with self._writers.connection() as connection:
            async with PostgresSession(connection, _transaction_of(connection)) as session:
                yield session
            if connection.in_transaction():
                # It was not committed.
                await connection.rollback()

    async def run(self, step: Callable[[Connection], Result]) -> Result:
        async with self._writers.engine.connect() as connection:
            result = await connection.run_sync(step)
            await connection.commit()
            return result

    async def look(self, step: Callable[[Connection], Result]) -> Result:
        async with self._readers.connection() as connection:
            return await connection.run_sync(step)

    async def close(self) -> None:
        await self._writers.close()
        await self._readers.close()


class _Kept:
    """PostgreSQL's connections between units of work, one each.

    To hand one out of SQLAlchemy's pool, to reset it and to hand it back cost as much as a statement.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._room = asyncio.Semaphore(2 * POOL_SIZE)
        self._idle: list[AsyncConnection] = []
        self._closed = False

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """A connection for one unit of work.

        Raises NoConnectionLeft when none becomes free in time, and DBAPIError when the server cannot be reached.
        """
        await self._enter()
        try:
            connection = self._idle.pop() if self._idle else await self.engine.connect()
            try:
                yield connection
            except BaseException as error:
                # To the end also when whoever waits for it is cancelled again.
                await asyncio.shield(self._after(connection, error))
                raise
            await self._keep(connection)
        finally:
            self._room.release()

    async def _enter(self) -> None:
        if not self._room.locked():
            await self._room.acquire()
            return
        try:
            async with asyncio.timeout(ROOM_SECONDS):
                await self._room.acquire()
        except TimeoutError:
            raise NoConnectionLeft(f"no connection became free in {ROOM_SECONDS:.0f} seconds") from None

    async def _after(self, connection: AsyncConnection, error: BaseException) -> None:
        """Keep a connection if all that was wrong is what was done on it, and no statement was broken off."""
        if isinstance(error, DBAPIError) and connection.invalidated:
            # What cut this one off has cut off the others too.
            await self._drop_idle()
        if isinstance(error, Exception) and await _rolled_back(connection):
            await self._keep(connection)
        else:
            await _drop(connection)

    async def _keep(self, connection: AsyncConnection) -> None:
        if self._closed or connection.invalidated or len(self._idle) >= POOL_SIZE:
            await _drop(connection)
        else:
            self._idle.append(connection)

    async def _drop_idle(self) -> None:
        while self._idle:
            await _drop(self._idle.pop())

    async def close(self) -> None:
        """Give up all connections; one that is in use when its unit of work ends."""
        self._closed = True
        await self._drop_idle()
        await self.engine.dispose()


def _transaction_of(connection: AsyncConnection) -> Transaction:
    """SQLAlchemy's transaction, begun if need be: one of its own the mapped classes' session would also end.

    The server hears of it with the first statement.
    """
    within = connection.sync_connection
    assert within is not None, "it has been closed"
    return within.get_transaction() or within.begin()


async def _rolled_back(connection: AsyncConnection) -> bool:
    try:
        await connection.rollback()
    except DBAPIError:
        return False
    return True


async def _drop(connection: AsyncConnection) -> None:
    """Close a connection at once, whatever is going on on it."""
    with suppress(DBAPIError):
        await connection.invalidate()
    with suppress(DBAPIError):
        await connection.close()


def _say_first(engine: AsyncEngine, setting: str) -> None:
    @event.listens_for(engine.sync_engine.pool, "connect")
    def settings(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(setting)
        cursor.close()
        connection.commit()


def _postgres(url: URL, **options: Any) -> AsyncEngine:
    return create_async_engine(
        url,
        poolclass=NullPool,
        # An error of the database must not carry what people wrote into the log.
        hide_parameters=True,
        connect_args=CONNECTING,
        **options,
    )


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
