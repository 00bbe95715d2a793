"""The database: its address, the unit of work, and the column types.

A unit of work is one transaction. On SQLite one writes at a time, and holds the write lock from its beginning.
No unit of work may stay open across a call to Telegram.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, DateTime, Dialect, MetaData, Text, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from storage.engines import Engines, PostgresEngines, SqliteEngines
from storage.session import Session

Result = TypeVar("Result")

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
            if not url.database or url.database == ":memory:":
                raise ValueError("SQLite needs a file: sqlite:///aftercare.db")
            return url.set(drivername="sqlite+pysqlite")
        case other:
            raise ValueError(f"{other} is not supported: use sqlite:///… or postgresql://…")


def sqlite_file(url: URL) -> Path | None:
    """The file behind a SQLite address; None for PostgreSQL."""
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


class News(StrEnum):
    """What a committed unit of work may have for others: something to handle, something to send."""

    INBOX = "inbox"
    OUTBOX = "outbox"


class UnitOfWork:
    """One transaction. Leaving it without `commit` rolls everything back.

    `after_commit` takes calls that run once the transaction is durable. `news` collects what others wait for.
    """

    def __init__(self, session: Session, *, on_sqlite: bool, tell: Callable[[set[News]], None] | None = None) -> None:
        self.session = session
        self.on_sqlite = on_sqlite
        self.news: set[News] = set()
        self._tell = tell
        self._before: list[Callable[[Session], Any]] = []
        self._after: list[Callable[[], None]] = []

    def before_commit(self, call: Callable[[Session], Any]) -> None:
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
    """A database and its units of work."""

    def __init__(self, address: str) -> None:
        self.url = normal_url(address)
        file = sqlite_file(self.url)
        self.engines: Engines = SqliteEngines(self.url, file) if file else PostgresEngines(self.url)
        self.is_sqlite = file is not None
        self._listeners: dict[News, list[Callable[[], None]]] = {news: [] for news in News}

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
        async with self.engines.writing() as session:
            yield UnitOfWork(session, on_sqlite=self.is_sqlite, tell=self._tell)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[UnitOfWork]:
        """A reading transaction: takes no write lock, cannot be committed by accident into a write."""
        async with self.engines.reading() as session:
            yield UnitOfWork(session, on_sqlite=self.is_sqlite)

    async def run(self, step: Callable[[Connection], Result]) -> Result:
        """Give a bare connection to `step`, for migrations. What it does is committed when it ends well."""
        return await self.engines.run(step)

    async def close(self) -> None:
        """Give every connection back."""
        await self.engines.close()
