"""What the queries call: a session whose calls are awaited, whichever database is behind it.

`PostgresSession` speaks through a network. `DirectSession` is the other, for SQLite: a library in this process that
answers from memory in some 20 µs. Through aiosqlite each statement cost four changes of thread and as many of
greenlet, 1 ms of processor time in place of 0.25 (docs/architecture.md, "SQLite in the loop's own thread").

In both the mapped classes' session is made when the first of them is asked for: many units of work ask for none.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, Self, TypeVar, TypeVarTuple, overload

from sqlalchemy import Connection, Executable, Result, ScalarResult, Select, Transaction, bindparam, inspect, select
from sqlalchemy.exc import NoResultFound
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session as SyncSession
from sqlalchemy.sql.selectable import TypedReturnsRows

Row = TypeVar("Row")
Entity = TypeVar("Entity")
Columns = TypeVarTuple("Columns")

Parameters = Mapping[str, Any]
Rows = Sequence[Mapping[str, Any]]
Options = Mapping[str, Any]
NONE: Mapping[str, Any] = {}

ENDED = "a unit of work ends with its commit, and with an error of a flush"


class Session(Protocol):
    """The part of SQLAlchemy's session that this product uses."""

    async def get(self, entity: type[Entity], ident: Any) -> Entity | None:
        """The row with this primary key, or None."""

    async def get_one(
        self,
        entity: type[Entity],
        ident: Any,
        *,
        populate_existing: bool | None = None,
        with_for_update: bool | None = None,
    ) -> Entity:
        """The row with this primary key; `with_for_update` locks it on PostgreSQL. Raises NoResultFound."""

    @overload
    async def execute(
        self,
        statement: TypedReturnsRows[*Columns],
        params: Parameters | Rows | None = None,
        *,
        execution_options: Options = NONE,
    ) -> Result[*Columns]: ...

    @overload
    async def execute(
        self, statement: Executable, params: Parameters | Rows | None = None, *, execution_options: Options = NONE
    ) -> Result[*tuple[Any, ...]]: ...

    @overload
    async def scalar(
        self, statement: TypedReturnsRows[Row], params: Parameters | None = None, *, execution_options: Options = NONE
    ) -> Row | None: ...

    @overload
    async def scalar(
        self, statement: Executable, params: Parameters | None = None, *, execution_options: Options = NONE
    ) -> Any: ...

    @overload
    async def scalars(
        self, statement: TypedReturnsRows[Row], params: Parameters | None = None, *, execution_options: Options = NONE
    ) -> ScalarResult[Row]: ...

    @overload
    async def scalars(
        self, statement: Executable, params: Parameters | None = None, *, execution_options: Options = NONE
    ) -> ScalarResult[Any]: ...

    @overload
    async def rows(
        self, statement: TypedReturnsRows[*Columns], params: Parameters | Rows | None = None
    ) -> Result[*Columns]: ...

    @overload
    async def rows(self, statement: Executable, params: Parameters | Rows | None = None) -> Result[*tuple[Any, ...]]:
        """As `execute`, for a statement on tables, past the mapped classes: it costs half as much."""

    def add(self, instance: object) -> None:
        """Insert this with the next flush."""

    async def merge(self, instance: Entity) -> Entity:
        """Insert this, or bring the row with its key to the same state."""

    async def delete(self, instance: object) -> None:
        """Delete this with the next flush."""

    async def flush(self) -> None:
        """Write what was added and changed."""

    async def commit(self) -> None:
        """Make everything durable."""


_BY_KEY: dict[tuple[object, bool], Select[Any]] = {}


def _by_key(entity: type[Entity], *, anew: bool = False) -> Select[Entity]:
    """The row of this class with the parameter "key". `anew`: also where the session knows an earlier state of it."""
    if (entity, anew) not in _BY_KEY:
        (key,) = inspect(entity).primary_key
        statement = select(entity).where(key == bindparam("key")).execution_options(populate_existing=anew)
        _BY_KEY[entity, anew] = statement
    return _BY_KEY[entity, anew]


class PostgresSession:
    """PostgreSQL: every statement is a journey, and awaited. `transaction` is the one that `connection` is in."""

    def __init__(self, connection: AsyncConnection, transaction: Transaction) -> None:
        self._connection = connection
        self._transaction = transaction
        self._mapped: AsyncSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._end()

    async def _end(self) -> None:
        mapped, self._mapped = self._mapped, None
        if mapped is not None:
            await mapped.close()

    def _make_sure(self) -> None:
        """The connection would begin another one by itself, and half of a unit of work be committed."""
        if not self._transaction.is_active:
            raise RuntimeError(ENDED)

    @property
    def _session(self) -> AsyncSession:
        self._make_sure()
        if self._mapped is None:
            self._mapped = AsyncSession(self._connection, expire_on_commit=False, join_transaction_mode="rollback_only")
        return self._mapped

    async def get(self, entity: type[Entity], ident: Any) -> Entity | None:
        return await self._session.get(entity, ident)

    async def get_one(
        self,
        entity: type[Entity],
        ident: Any,
        *,
        populate_existing: bool | None = None,
        with_for_update: bool | None = None,
    ) -> Entity:
        return await self._session.get_one(
            entity, ident, populate_existing=bool(populate_existing), with_for_update=with_for_update
        )

    async def execute(
        self, statement: Any, params: Parameters | Rows | None = None, *, execution_options: Options = NONE
    ) -> Any:
        return await self._session.execute(statement, params, execution_options=execution_options)

    async def scalar(
        self, statement: Any, params: Parameters | None = None, *, execution_options: Options = NONE
    ) -> Any:
        return await self._session.scalar(statement, params, execution_options=execution_options)

    async def scalars(
        self, statement: Any, params: Parameters | None = None, *, execution_options: Options = NONE
    ) -> Any:
        return await self._session.scalars(statement, params, execution_options=execution_options)

    async def rows(self, statement: Any, params: Parameters | Rows | None = None) -> Any:
        self._make_sure()
        await self.flush()
        return await self._connection.execute(statement, params)

    def add(self, instance: object) -> None:
        self._session.add(instance)

    async def merge(self, instance: Entity) -> Entity:
        return await self._session.merge(instance)

    async def delete(self, instance: object) -> None:
        await self._session.delete(instance)

    async def flush(self) -> None:
        mapped = self._mapped
        if mapped is not None and (mapped.new or mapped.dirty or mapped.deleted):
            await mapped.flush()

    async def commit(self) -> None:
        self._make_sure()
        await self.flush()
        await self._connection.commit()
        await self._end()


class DirectSession:
    """SQLite in the loop's own thread; only the commit, which waits for the disk, is awaited elsewhere."""

    def __init__(
        self, connection: Connection, driver: sqlite3.Connection, commit: Callable[[], None], *, durable: bool = True
    ) -> None:
        self._connection = connection
        self._driver = driver
        self._commit = commit
        self._durable = durable
        self._mapped: SyncSession | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        if self._mapped is not None:
            self._mapped.close()
            self._mapped = None

    def _make_sure(self) -> None:
        """Without a transaction each statement would be committed by itself."""
        if not self._driver.in_transaction:
            raise RuntimeError(ENDED)

    @property
    def _session(self) -> SyncSession:
        self._make_sure()
        if self._mapped is None:
            if not self._connection.in_transaction():
                # Begun by us, it is not the session's to end.
                self._connection.begin()
            self._mapped = SyncSession(self._connection, expire_on_commit=False, join_transaction_mode="rollback_only")
        return self._mapped

    async def get(self, entity: type[Entity], ident: Any) -> Entity | None:
        found: Entity | None = self._session.identity_map.get(self._session.identity_key(entity, ident))
        if found is None:
            # The session's own `get` builds its statement anew each time.
            found = self._session.scalar(_by_key(entity), {"key": ident})
        return found

    async def get_one(
        self,
        entity: type[Entity],
        ident: Any,
        *,
        populate_existing: bool | None = None,
        with_for_update: bool | None = None,
    ) -> Entity:
        if populate_existing:
            return self._session.scalars(_by_key(entity, anew=True), {"key": ident}).one()
        found = await self.get(entity, ident)
        if found is None:
            raise NoResultFound(f"no {entity.__name__} has the key {ident}")
        return found

    async def execute(
        self, statement: Any, params: Parameters | Rows | None = None, *, execution_options: Options = NONE
    ) -> Any:
        return self._session.execute(statement, params, execution_options=execution_options)

    async def scalar(
        self, statement: Any, params: Parameters | None = None, *, execution_options: Options = NONE
    ) -> Any:
        return self._session.scalar(statement, params, execution_options=execution_options)

    async def scalars(
        self, statement: Any, params: Parameters | None = None, *, execution_options: Options = NONE
    ) -> Any:
        return self._session.scalars(statement, params, execution_options=execution_options)

    async def rows(self, statement: Any, params: Parameters | Rows | None = None) -> Any:
        self._make_sure()
        await self.flush()
        return self._connection.execute(statement, params)

    def add(self, instance: object) -> None:
        self._session.add(instance)

    async def merge(self, instance: Entity) -> Entity:
        return self._session.merge(instance)

    async def delete(self, instance: object) -> None:
        self._session.delete(instance)

    async def flush(self) -> None:
        if self._mapped is not None:
            self._mapped.flush()

    async def commit(self) -> None:
        self._make_sure()
        await self.flush()
        if self._durable:
            await self._commit_in_thread()
        else:
            self._commit()
            # Others have their turn here, as they have while the disk is waited for.
            await asyncio.sleep(0)
        self._end()

    async def _commit_in_thread(self) -> None:
        """Wait for the disk. Nobody may go away meanwhile: the connection is in that thread's hands."""
        done = asyncio.get_running_loop().run_in_executor(None, self._commit)
        cancelled = False
        while not done.done():
            try:
                await asyncio.shield(done)
            except asyncio.CancelledError:
                cancelled = True
        done.result()
        if cancelled:
            raise asyncio.CancelledError
