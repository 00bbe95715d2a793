"""Asking for many rows by their ids, in one parameter: the statement is the same for one and for ten thousand.

With a parameter for each id, every number of them is another statement, to be prepared on every connection, and SQLite
ends at 32,766. With the query that found the ids in it again, PostgreSQL read whole tables for it: 8 ms where the ids
take 1.
"""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Dialect, String, TypeDecorator, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine


def among(column: Any, ids: str = "ids") -> ColumnElement[bool]:
    """Whether an integer column is one of the ids in the parameter with the name `ids`, of which none may be None."""
    return _Among(column, bindparam(ids, type_=_Ids()))


class _Ids(TypeDecorator[Iterable[int]]):
    """JSON for SQLite, an array for PostgreSQL."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """What the database takes it for."""
        return dialect.type_descriptor(String() if dialect.name == "sqlite" else ARRAY(BigInteger))

    def process_bind_param(self, value: Iterable[int] | None, dialect: Dialect) -> Any:
        """Any collection of ids."""
        ids = list(value or ())
        return json.dumps(ids) if dialect.name == "sqlite" else ids


class _Among(FunctionElement[bool]):
    # Of no type: SQLAlchemy would ask SQLite whether a Boolean "= 1", which then reads the whole table.
    inherit_cache = True


@compiles(_Among, "sqlite")
def _on_sqlite(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = (compiler.process(each, **options) for each in element.clauses)
    return f"({column} IN (SELECT value FROM json_each({ids})))"  # noqa: S608 - both are SQLAlchemy's own words


@compiles(_Among, "postgresql")
def _on_postgresql(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = (compiler.process(each, **options) for each in element.clauses)
    return f"({column} = ANY ({ids}))"
