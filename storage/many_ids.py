"""Asking for many rows by their ids, in one parameter: the statement is the same for one and for ten thousand.

With a parameter for each id, every number of them is another statement, to be prepared on every connection, and SQLite
ends at 32,766. With the query that found the ids in it again, PostgreSQL read whole tables for it: 8 ms where the ids
take 1.
"""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Dialect, String, TypeDecorator, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


def among(column: Any, ids: str = "ids") -> ColumnElement[bool]:
    """Whether an integer column is one of the ids in the parameter with the name `ids`, of which none may be None."""
    return _Among(column, bindparam(ids, type_=_Ids()))


class _Ids(TypeDecorator[Iterable[int]]):
    """A text: JSON for SQLite, numbers with commas for PostgreSQL.

    Not an array: on each connection asyncpg would ask first what a `bigint[]` is, which took the server 20 ms.
    """

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Iterable[int] | None, dialect: Dialect) -> str:
        """Any collection of ids."""
        ids = list(value or ())
        return json.dumps(ids) if dialect.name == "sqlite" else ",".join(map(str, ids))


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
    return f"({column} = ANY (CAST(string_to_array({ids}, ',') AS BIGINT[])))"
