"""Asking for many rows by their ids, in one parameter: the statement is the same for one and for ten thousand.

With a parameter for each id, every number of them is another statement to prepare, and SQLite ends at 32,766. With
the query that found the ids in it again, PostgreSQL read whole tables for it: 8 ms where the ids take 1.
"""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Integer, String, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY


def among(column: Any, *, on_sqlite: bool) -> ColumnElement[bool]:
    """Whether an integer column is one of the ids in the parameter "ids"."""
    if on_sqlite:
        ids = func.json_each(bindparam("ids", type_=String)).table_valued("value")
        chosen: ColumnElement[bool] = column.in_(select(ids.c.value))
    else:
        chosen = column == any_(bindparam("ids", type_=ARRAY(Integer)))
    return chosen


def these(ids: Iterable[int], *, on_sqlite: bool) -> dict[str, Any]:
    """The parameter for such a statement."""
    return {"ids": json.dumps(list(ids)) if on_sqlite else list(ids)}
