"""The database: its address, the unit of work, and the column types.

A unit of work is one transaction. On SQLite one writes at a time, and holds the write lock from its beginning.
No unit of work may stay open across a call to Telegram.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    MetaData,
    String,
    Text,
    bindparam,
    func,
    literal_column,
    make_url,
    select,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, InternalError, NotSupportedError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator

from storage.engines import Engines, SqliteEngines
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
    """Whether a statement failed because the database could not be reached, was locked or had no connection left.

    That passes by itself.
    """
    if isinstance(error, OperationalError | NoConnectionLeft):
        return True
    if not isinstance(error, DBAPIError):
        return False
    # What PostgreSQL says comes with its code, and a connection that was cut is given up. Without a code asyncpg says
    # that the server fell out of its role, or that a statement must be prepared anew because the tables have changed.
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return error.connection_invalidated or isinstance(error, InternalError | NotSupportedError)
    return error.connection_invalidated or state.startswith(_PASSING)


_PASSING = ("08", "40", "53", "55", "57", "58")
"""PostgreSQL's classes of errors that are about the connection, other transactions, resources, locks, an operator's
doing, and the system around it (postgresql.org/docs/current/errcodes-appendix.html)."""


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


class _Literally(TypeDecorator.Comparator[str]):
    def operate(self, op: OperatorType, *other: Any, **options: Any) -> ColumnElement[Any]:
        """Compare with words of our own as literals."""
        return super().operate(op, *(_literal(each) for each in other), **options)


def _literal(other: Any) -> Any:
    if isinstance(other, str) and other.isidentifier():
        return literal_column(f"'{other}'", String)
    return [_literal(each) for each in other] if isinstance(other, tuple | list) else other


class State(TypeDecorator[str]):
    """How far a row has come. Statements compare it with literals.

    An index on the rows of some states is used only where the planner sees which states are asked for. With bound
    parameters SQLite read the whole outbox instead: 180 ms at 200,000 rows, where it takes 0.1.
    """

    impl = String
    cache_ok = True
    comparator_factory = _Literally


_NOT_TO_BE_HAD = {"hostaddr", "requirepeer", "require_auth"}
"""What libpq knows and asyncpg does not, and what must not be left out in silence."""


class NotToBeHad(ValueError):
    """What an address asks for and cannot get, in words that follow its name."""


def normal_url(address: str) -> URL:
    """The SQLAlchemy address for what people write: `postgres://…`, `postgresql://…`, `sqlite:///…`.

    Raises ValueError for anything but SQLite and PostgreSQL, and NotToBeHad for what asyncpg does not have, such as a
    `channel_binding` that is required: to go without it in silence would be less safe than what was asked for.
    """
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise ValueError("this is not the address of a database") from error
    match url.get_backend_name():
        case "postgres" | "postgresql":
            for name in sorted(_NOT_TO_BE_HAD & set(url.query)):
                raise NotToBeHad(f"asks for {name}, which is not to be had here. Leave it out")
            if url.query.get("channel_binding") == "require":
                raise NotToBeHad(
                    "asks for channel_binding=require, which is not to be had here. Leave that out; "
                    "sslmode=verify-full&sslrootcert=system makes sure of the server by its certificate"
                )
            return url.set(drivername="postgresql+asyncpg")
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


class Listeners:
    """Who waits for news in this process."""

    def __init__(self) -> None:
        self._calls: dict[News, list[Callable[[], None]]] = {news: [] for news in News}

    def add(self, news: News, call: Callable[[], None]) -> Callable[[], None]:
        """Run `call()` with every such news. Returns what ends that."""
        calls = self._calls[news]
        calls.append(call)
        return lambda: calls.remove(call)

    def tell(self, all_news: Iterable[News]) -> None:
        """Wake whoever waits for any of these."""
        for news in all_news:
            for call in self._calls[news]:
                call()

    def unheard(self, all_news: Iterable[News]) -> list[News]:
        """The news that nobody here waits for: who does must be another process."""
        return sorted(news for news in all_news if not self._calls[news])


CHANNEL = "aftercare"
"""The name under which processes on one PostgreSQL database tell each other (storage/listening.py)."""

_NOTIFY = select(func.pg_notify(CHANNEL, bindparam("words", type_=Text)))


class UnitOfWork:
    """One transaction. Leaving it without `commit` rolls everything back.

    `after_commit` takes calls that run once the transaction is durable. `news` collects what others wait for.
    """

    def __init__(self, session: Session, *, on_sqlite: bool, listeners: Listeners | None = None) -> None:
        self.session = session
        self.on_sqlite = on_sqlite
        self.news: set[News] = set()
        self._listeners = listeners or Listeners()
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
        await self._notify()
        await self.session.commit()
        for call in self._after:
            call()
        self._after.clear()
        self._listeners.tell(self.news)
        self.news = set()

    async def _notify(self) -> None:
        """Tell the other processes, as part of the transaction: it is heard when it is durable, or never.

        Where a single statement is durable by itself, right behind it: what is not told is found by looking.

        Only what nobody waits for here. One worker works at a time, so what is heard here interests nobody else,
        and a commit with a notification queues behind all others of PostgreSQL.
        """
        unheard = self._listeners.unheard(self.news)
        if unheard and not self.on_sqlite:
            await self.session.execute(_NOTIFY, {"words": " ".join(unheard)})


class Database:
    """A database and its units of work.

    SQLite that is not `durable` does not wait for the disk: a power cut may take what was committed, a kill takes
    nothing. For what is thrown away afterwards. PostgreSQL has its own word in that.
    """

    def __init__(self, address: str, *, durable: bool = True) -> None:
        """Raises ValueError for anything but SQLite and PostgreSQL."""
        self.url = normal_url(address)
        file = sqlite_file(self.url)
        if file:
            self.engines: Engines = SqliteEngines(self.url, file, durable=durable)
        else:
            from storage.postgres_engines import PostgresEngines

            self.engines = PostgresEngines(self.url)
        self.is_sqlite = file is not None
        self.listeners = Listeners()

    def on_news(self, news: News, call: Callable[[], None]) -> Callable[[], None]:
        """Run `call()` after every committed unit of work that brought such news. Returns what ends that."""
        return self.listeners.add(news, call)

    @asynccontextmanager
    async def work(self) -> AsyncIterator[UnitOfWork]:
        """A writing transaction."""
        async with self.engines.writing() as session:
            yield UnitOfWork(session, on_sqlite=self.is_sqlite, listeners=self.listeners)

    @asynccontextmanager
    async def single(self) -> AsyncIterator[UnitOfWork]:
        """For one statement that writes: on PostgreSQL two journeys less.

        There it is durable when it ends, on SQLite as any other: commit all the same, which also tells the news of it.
        """
        async with self.engines.single() as session:
            yield UnitOfWork(session, on_sqlite=self.is_sqlite, listeners=self.listeners)

    @asynccontextmanager
    async def arriving(self) -> AsyncIterator[UnitOfWork]:
        """As `single`, for what others send in: nobody else's statement waits behind it."""
        async with self.engines.arriving() as session:
            yield UnitOfWork(session, on_sqlite=self.is_sqlite, listeners=self.listeners)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[UnitOfWork]:
        """A reading transaction: takes no write lock, cannot be committed by accident into a write."""
        async with self.engines.reading() as session:
            yield UnitOfWork(session, on_sqlite=self.is_sqlite)

    async def run(self, step: Callable[[Connection], Result]) -> Result:
        """Give a bare connection to `step`, for migrations. What it does is committed when it ends well."""
        return await self.engines.run(step)

    async def look(self, step: Callable[[Connection], Result]) -> Result:
        """Give `step` a bare connection that cannot write; nobody who writes waits for it, nor it for them."""
        return await self.engines.look(step)

    async def close(self) -> None:
        """Give every connection back."""
        await self.engines.close()
