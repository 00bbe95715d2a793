"""The database: engines for SQLite and PostgreSQL, the unit of work, and the column types.

A unit of work is one transaction. Writing ones take SQLite's write lock when they begin (`BEGIN IMMEDIATE`):
with the driver's default two processes claimed the same outbox rows. No unit of work may stay open across a
call to Telegram.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import DateTime, Dialect, Engine, MetaData, Text, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

BUSY_TIMEOUT_MS = 10_000
"""How long a SQLite writer waits for another before it gives up: far longer than any transaction of ours."""

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """All tables. Constraints are named, so that migrations can find them on both databases."""

    metadata = MetaData(naming_convention=NAMING)


def is_database_outage(error: Exception) -> bool:
    """Whether a statement failed because the database could not be reached or was locked: that passes by itself."""
    return isinstance(error, OperationalError | InterfaceError)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, stored as UTC. A naive one is refused: it could mean any of two hours."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times; SQLite has no zones, so it gets UTC without one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime was given to the database")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Every time that comes back is aware and in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class PrivateText(TypeDecorator[str]):
    """What a person wrote or was told: the one place where encryption at rest will go."""

    impl = Text
    cache_ok = True


def normal_url(address: str) -> URL:
    """The SQLAlchemy address for what people write: `postgres://…`, `postgresql://…`, `sqlite:///…`.

    Raises ValueError for anything but SQLite and PostgreSQL.
    """
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise ValueError("this is not the address of a database") from error
    match url.get_backend_name():
        case "postgres" | "postgresql":
            return url.set(drivername="postgresql+psycopg")
        case "sqlite":
            return url.set(drivername="sqlite+aiosqlite")
        case other:
            raise ValueError(f"{other} is not supported: use sqlite:///… or postgresql://…")


def sqlite_file(url: URL) -> Path | None:
    """The file behind a SQLite address; None for PostgreSQL."""
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def settings(connection: Any, _record: object) -> None:
        # The driver's own transaction handling is switched off: it begins late and as a reader.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_TIMEOUT_MS}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


class News(StrEnum):
    """What a committed unit of work may have for others: something to handle, something to send."""

    INBOX = "inbox"
    OUTBOX = "outbox"


class UnitOfWork:
    """One transaction. Leaving it without `commit` rolls everything back.

    `after_commit` takes calls that run once the transaction is durable. `news` collects what others wait for.
    """

    def __init__(self, session: AsyncSession, tell: Callable[[set[News]], None] | None = None) -> None:
        self.session = session
        self.news: set[News] = set()
        self._tell = tell
        self._before: list[Callable[[AsyncSession], Any]] = []
        self._after: list[Callable[[], None]] = []

    def insert_new(self, table: type[Base]) -> Any:
        """An INSERT that knows ON CONFLICT, of this database's dialect."""
        on_sqlite = self.session.get_bind().dialect.name == "sqlite"
        return (sqlite if on_sqlite else postgresql).insert(table)

    def before_commit(self, call: Callable[[AsyncSession], Any]) -> None:
        """Await `call(session)` inside the transaction, right before it is committed."""
        self._before.append(call)

    def after_commit(self, call: Callable[[], None]) -> None:
        """Run `call()` once the transaction is durable."""
        self._after.append(call)

    async def commit(self) -> None:
        """Make everything durable, then run what waited for it."""
        for prepare in self._before:
            await prepare(self.session)
        self._before.clear()
        await self.session.commit()
        for call in self._after:
            call()
        self._after.clear()
        if self._tell is not None and self.news:
            self._tell(self.news)
        self.news = set()


class Database:
    """The engine and its units of work."""

    def __init__(self, address: str, *, pool_size: int = 8) -> None:
        self.url = normal_url(address)
        file = sqlite_file(self.url)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        self.engine: AsyncEngine = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=file is None,
            # An error of the database must not carry what people wrote into the log.
            hide_parameters=True,
        )
        if file is not None:
            _prepare_sqlite(self.engine.sync_engine)
        self._listeners: dict[News, list[Callable[[], None]]] = {news: [] for news in News}

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite: one writer, one file."""
        return self.url.get_backend_name() == "sqlite"

    def on_news(self, news: News, call: Callable[[], None]) -> None:
        """Run `call()` after every committed unit of work that brought such news."""
        self._listeners[news].append(call)

    def _tell(self, all_news: set[News]) -> None:
        for news in all_news:
            for call in self._listeners[news]:
                call()

    @asynccontextmanager
    async def work(self) -> AsyncIterator[UnitOfWork]:
        """A writing transaction."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            yield UnitOfWork(session, self._tell)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[UnitOfWork]:
        """A reading transaction: takes no write lock, cannot be committed by accident into a write."""
        async with self.engine.connect() as connection:
            await connection.execution_options(reading=True)
            async with AsyncSession(connection, expire_on_commit=False) as session:
                yield UnitOfWork(session)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """A bare connection, for migrations and locks."""
        async with self.engine.connect() as connection:
            yield connection

    async def close(self) -> None:
        """Give every connection back."""
        await self.engine.dispose()
