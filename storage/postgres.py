"""How PostgreSQL is reached through asyncpg: a connection, its errors, and its end.

Only imported where PostgreSQL is used: whoever is on SQLite need not load its driver.
"""

import asyncio
import socket
import ssl
from contextlib import suppress
from functools import partial
from typing import Any

import asyncpg
import certifi
from sqlalchemy import URL, NullPool, event
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

CONNECT_SECONDS = 10.0
"""How long it may take to open a connection."""

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


def is_about_statement(error: DBAPIError) -> bool:
    """Whether a statement itself was wrong, and its connection is as good as before."""
    return (getattr(error.orig, "sqlstate", None) or "").startswith(_ABOUT_STATEMENT)
