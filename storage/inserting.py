"""Statements past the mapped classes: INSERT … ON CONFLICT, which each database spells its own way, and UPDATE."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from storage.database import Base

Statements = Mapping[bool, Any]
"""The same statement by `UnitOfWork.on_sqlite`. To be run with a list of rows, a mapping each."""


def rows_of(table: type[Base]) -> Table:
    """The table itself. A statement on it knows nothing of the session's objects, and costs half as much."""
    return Base.metadata.tables[table.__tablename__]


def insert_new(table: type[Base], finish: Callable[[Any], Any]) -> Statements:
    """An INSERT into `table` as `finish` ends it, say with `on_conflict_do_nothing`.

    It goes past the mapped classes: a row written by it is not in the session.
    """
    plain = rows_of(table)
    return {True: finish(sqlite.insert(plain)), False: finish(postgresql.insert(plain))}
