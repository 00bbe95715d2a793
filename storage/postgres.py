"""PostgreSQL: how it is reached through asyncpg, and how a unit of work begins, commits and ends there.

Only imported where PostgreSQL is used: whoever is on SQLite need not load its driver.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from typing import Any, TypeVar

import asyncpg
import certifi
from sqlalchemy import URL, Connection, Engine, NullPool, Transaction, event
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

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

CONNECT_SECONDS = 10.0
"""How long it may take to open a connection."""

LOCK_SECONDS = 10
"""How long a statement waits for a row that somebody else holds, a forgotten session at a console for one."""

STATEMENTS = 500
"""Prepared statements kept for each connection: more than there are."""

_ALIVE = {
    (socket.SOL_SOCKET, "SO_KEEPALIVE"): 1,
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE"): 10,
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL"): 5,
    (socket.IPPROTO_TCP, "TCP_KEEPCNT"): 2,
    (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT"): 20_000,
}
"""Options of each connection's socket, in seconds but for the last, in milliseconds.

A server that vanished without a word is noticed after some twenty seconds, where it would otherwise be a quarter of an
hour, and with it every message behind the one that waits. A system that does not know one of them has its own.
"""

_LIBPQ = {"connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
          "tcp_user_timeout", "gssencmode", "sslcompression", "sslsni", "load_balance_hosts", "channel_binding",
          "fallback_application_name"}  # fmt: skip
"""What people's addresses tell libpq, and what is decided here, or is only about libpq. The server knows none of it."""


class Unreachable(AsyncAdapt_asyncpg_dbapi.OperationalError):
    """PostgreSQL does not answer, or lets nobody in. SQLAlchemy makes an OperationalError of it."""


class _Connection(asyncpg.Connection):  # type: ignore[misc]
    """asyncpg's, which leaves the socket as the system makes it."""

    def __init__(self, protocol: Any, transport: asyncio.Transport, *more: Any) -> None:
        super().__init__(protocol, transport, *more)
        line = transport.get_extra_info("socket")
        if line.family != socket.AF_UNIX:
            for (level, name), value in _ALIVE.items():
                if hasattr(socket, name):
                    line.setsockopt(level, getattr(socket, name), value)


OUTSIDE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What asyncpg raises when the server says no, hangs up or is none that is asked for; the last two also in the middle
of a greeting that the server breaks off."""


async def connect(url: URL, *, seconds: float = CONNECT_SECONDS, first: str | None = None) -> asyncpg.Connection:
    """A connection to the database with this address, and the statement `first` done on it.

    Raises Unreachable, and ValueError for an address that asyncpg cannot follow.
    """
    try:
        connection = await asyncpg.connect(_address(url), timeout=seconds, connection_class=_Connection)
        try:
            if first is not None:
                await connection.execute(first)
        except BaseException:
            connection.terminate()
            raise
    except asyncpg.ClientConfigurationError as error:
        raise ValueError(str(error)) from error
    except OUTSIDE as error:
        raise Unreachable(f"{type(error).__name__}: {error}", error) from error  # type: ignore[no-untyped-call]
    return connection


def _address(url: URL) -> str:
    """The address as asyncpg reads it."""
    query = {
        name: value if isinstance(value, str) else ",".join(value)
        for name, value in url.query.items()
        if name not in _LIBPQ
    }
    if query.get("sslrootcert") == "system":
        query["sslrootcert"] = ssl.get_default_verify_paths().cafile or certifi.where()
    return url.set(drivername="postgresql", query=query).render_as_string(hide_password=False)


def engine(url: URL, *, seconds: float = CONNECT_SECONDS, first: str | None = None, **options: Any) -> AsyncEngine:
    """SQLAlchemy's engine, which keeps no connection by itself. For `seconds` and `first` see `connect`."""
    made = create_async_engine(
        "postgresql+asyncpg://",
        poolclass=NullPool,
        # An error of the database must not carry what people wrote into the log.
        hide_parameters=True,
        connect_args={
            "async_creator_fn": partial(connect, url, seconds=seconds, first=first),
            "prepared_statement_cache_size": STATEMENTS,
        },
        **options,
    )
    event.listen(made.dialect, "handle_error", _say_nothing_private)
    return made


async def opened(engine: AsyncEngine) -> AsyncConnection:
    """A connection of an engine. Raises DBAPIError, which is an outage whatever broke off (`is_database_outage`)."""
    try:
        return await engine.connect()
    except OperationalError:
        raise
    except (DBAPIError, *OUTSIDE) as error:
        # SQLAlchemy greets the server, too, before a connection is its caller's.
        raise OperationalError("connect", None, error) from error


async def drop(connection: AsyncConnection) -> None:
    """Close a connection at once, whatever is going on on it. SQLAlchemy alone says goodbye first, for two seconds."""
    with suppress(DBAPIError):
        if not connection.invalidated:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            driver.terminate()
    with suppress(DBAPIError):
        await connection.invalidate()
    with suppress(DBAPIError):
        await connection.close()


def _say_nothing_private(context: ExceptionContext) -> None:
    """The server quotes the row that it refuses, and asyncpg the argument that it cannot send."""
    if context.connection is None:
        # Nothing is said yet to a server that cannot be reached.
        return
    errors: list[BaseException] = [context.original_exception]
    while (cause := errors[-1].__cause__) is not None:
        errors.append(cause)
    driver = errors[-1]
    if isinstance(driver, asyncpg.PostgresError):
        driver.hint = None
        words = type(driver).__name__ if driver.sqlstate.startswith(_ABOUT_DATA) else driver.args[0]
    else:
        words = type(driver).__name__
    for error in errors:
        error.args = (words,)
        if hasattr(error, "detail"):
            error.detail = None
    if context.sqlalchemy_exception is not None:
        context.sqlalchemy_exception.args = (words,)


_ABOUT_DATA = "22"
"""PostgreSQL's class of errors whose very message quotes the data."""

_ABOUT_STATEMENT = (_ABOUT_DATA, "23", "25006", "42")
"""What is wrong with a statement itself: data, constraints, writing where one only reads, syntax and names."""


def _state(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""


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
        harmless = not isinstance(error, DBAPIError) or _state(error).startswith(_ABOUT_STATEMENT)
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
