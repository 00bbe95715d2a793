"""PostgreSQL's connections between units of work, and how a unit of work begins, commits and ends on one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, Transaction
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.postgres import drop, engine, is_about_statement, opened
from storage.session import PostgresSession, Session

Result = TypeVar("Result")

WRITERS = 6
READERS = 6
ARRIVALS = 3
"""Connections of a process, at most, that write, that read, and that store what arrives.

With those for claims, for its lock, its clock and its ear it has 19, and five processes fit into the server's usual
100. Migrations have one more, before all that.
"""

SPARE_SECONDS = 300.0
"""After so long without a rush that needs them, connections are closed: others may want to have them."""

ROOM_SECONDS = 30.0
"""How long a unit of work waits for one of PostgreSQL's connections."""

WORTH_WAITING = 0.05
"""Seconds for which to wait for a connection that others use or open, rather than to open one more."""

OPENED_AT_ONCE = 2
"""Connections that are opened at the same time: more would take the time of those who use the others."""

LONG_OPENING = 1.0
"""Seconds after which whoever opens a connection is not waited for: the server may be there for others."""

LOCK_SECONDS = 10
"""How long a statement waits for a row that somebody else holds, a forgotten session at a console for one."""


class PostgresEngines:
    """PostgreSQL through asyncpg: some connections that write, and some that only read.

    Readers run without a transaction: under READ COMMITTED each statement sees a state of its own anyway, and BEGIN
    and ROLLBACK would be two journeys more for the one statement that most of them are. No connection is tried out
    before its use, which would be another two: who meets one that was cut tries again (bot/patience.py).
    """

    def __init__(self, url: URL) -> None:
        patience = f"SET lock_timeout = '{LOCK_SECONDS}s'"
        self._writers = _Kept(engine(url, first=patience), WRITERS)
        self._single = _Kept(engine(url, first=patience, isolation_level="AUTOCOMMIT"), 1)
        # Forty webhooks at once, or a table that somebody holds, must not stand before a claim.
        self._arrivals = _Kept(engine(url, first=patience, isolation_level="AUTOCOMMIT"), ARRIVALS)
        self._readers = _Kept(
            engine(url, first="SET default_transaction_read_only = on", isolation_level="AUTOCOMMIT"),
            READERS,
        )

    @property
    def synchronous(self) -> tuple[Engine, ...]:
        return tuple(each.engine.sync_engine for each in self._all)

    @property
    def _all(self) -> tuple["_Kept", ...]:
        return (self._writers, self._single, self._arrivals, self._readers)

    def reading(self) -> AbstractAsyncContextManager[Session]:
        return self._without_transaction(self._readers)

    def single(self) -> AbstractAsyncContextManager[Session]:
        return self._without_transaction(self._single)

    def arriving(self) -> AbstractAsyncContextManager[Session]:
        return self._without_transaction(self._arrivals)

    @asynccontextmanager
    async def _without_transaction(self, kept: "_Kept") -> AsyncIterator[Session]:
        async with (
            kept.connection() as connection,
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
        connection = await opened(self._writers.engine)
        try:
            result = await connection.run_sync(step)
            await connection.commit()
        finally:
            await connection.close()
        return result

    async def look(self, step: Callable[[Connection], Result]) -> Result:
        async with self._readers.connection() as connection:
            return await connection.run_sync(step)

    async def close(self) -> None:
        for each in self._all:
            await each.close()


class _Kept:
    """PostgreSQL's connections between units of work, one each, and `most` at a time.

    Also those of a rush, for a while: a connection costs 20 ms of the two processors together to open, and every
    statement is to be prepared on it again. Closed after each use, they were what kept the rush from ending.
    So whoever finds none waits for a moment, in which those of the others may come back ten times, and only two are
    opened at a time: the first taps after a start opened all fifteen at once, and took 0.3 s instead of 0.03.
    To hand one out of SQLAlchemy's pool, to reset it and to hand it back cost as much as a statement.
    """

    def __init__(self, engine: AsyncEngine, most: int) -> None:
        self.engine = engine
        self._room = asyncio.Semaphore(most)
        self._idle: list[tuple[float, AsyncConnection]] = []
        """Since when, by the loop's time; the one that was used last stands last and is used next."""
        self._used = 0
        self._opening = 0
        self._changed = asyncio.Event()
        self._closed = False

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """A connection for one unit of work.

        Raises NoConnectionLeft when none becomes free in time, and DBAPIError when the server cannot be reached.
        """
        await self._enter()
        try:
            connection = await self._taken()
            self._used += 1
            try:
                yield connection
            except BaseException as error:
                # To the end also when whoever waits for it is cancelled again.
                await asyncio.shield(self._after(connection, error))
                raise
            else:
                await self._keep(connection)
            finally:
                self._used -= 1
                self._tell()
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

    async def _taken(self) -> AsyncConnection:
        """One that is open, or becomes free in a moment, or is opened."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while (spare := await self._spare()) is None:
            waited = loop.time() - began
            if waited >= LONG_OPENING:
                return await self._opened()
            wanted = waited >= WORTH_WAITING or not (self._used or self._opening)
            if wanted and self._opening < OPENED_AT_ONCE:
                return await self._opened()
            until = WORTH_WAITING if waited < WORTH_WAITING else LONG_OPENING
            with suppress(TimeoutError):
                async with asyncio.timeout(until - waited):
                    await self._changed.wait()
        return spare

    async def _spare(self) -> AsyncConnection | None:
        """One that nobody uses: what the server has closed meanwhile is passed over."""
        while self._idle:
            _, connection = self._idle.pop()
            if not _is_closed(connection):
                return connection
            await drop(connection)
        return None

    async def _opened(self) -> AsyncConnection:
        self._opening += 1
        try:
            return await opened(self.engine)
        finally:
            self._opening -= 1
            self._tell()

    def _tell(self) -> None:
        """Let those who wait look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def _after(self, connection: AsyncConnection, error: BaseException) -> None:
        """Keep a connection if all that was wrong is what was done on it, and no statement was broken off."""
        if isinstance(error, DBAPIError) and connection.invalidated:
            # What cut this one off has cut off the others too.
            await self._drop_idle()
        # Not after a BEGIN that failed: asyncpg keeps that transaction in mind, and would begin the next one within it.
        harmless = not isinstance(error, DBAPIError) or is_about_statement(error)
        if isinstance(error, Exception) and harmless and await _rolled_back(connection):
            await self._keep(connection)
        else:
            await drop(connection)

    async def _keep(self, connection: AsyncConnection) -> None:
        if self._closed or connection.invalidated:
            await drop(connection)
            return
        now = asyncio.get_running_loop().time()
        self._idle.append((now, connection))
        self._tell()
        while self._idle and self._idle[0][0] < now - SPARE_SECONDS:
            await drop(self._idle.pop(0)[1])

    async def _drop_idle(self) -> None:
        while self._idle:
            await drop(self._idle.pop()[1])

    async def close(self) -> None:
        """Give up all connections; one that is in use when its unit of work ends."""
        self._closed = True
        await self._drop_idle()
        await self.engine.dispose()


def _is_closed(connection: AsyncConnection) -> bool:
    """Whether the driver knows that the server has gone. Nobody is asked."""
    within = connection.sync_connection
    assert within is not None, "it has been closed"
    driver: Any = within.connection.driver_connection
    return bool(driver.is_closed())


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
