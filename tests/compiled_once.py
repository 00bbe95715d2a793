"""Each statement is compiled once in a test process, not once more for each test's database.

SQLAlchemy keeps what it has compiled for as long as the engine lives, and here every test has engines of its own: two
fifths of a test's processor time went into the same few hundred statements. What is compiled does not depend on the
database, only on its kind.
"""

from collections.abc import Hashable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import LRUCache

STATEMENTS = 5_000
"""More than there are."""


def compile_once(patch: pytest.MonkeyPatch) -> None:
    """Give all engines one cache, in which dialects of one kind count as one."""
    options = {"compiled_cache": LRUCache[Any, Any](STATEMENTS)}
    patch.setattr("storage.engines.create_engine", partial(create_engine, execution_options=options))
    patch.setattr("storage.postgres.create_async_engine", partial(create_async_engine, execution_options=options))
    patch.setattr(DefaultDialect, "__hash__", lambda dialect: hash(_kind(dialect)))
    patch.setattr(DefaultDialect, "__eq__", lambda dialect, other: _kind(dialect) == _kind(other))


def _kind(dialect: object) -> Hashable:
    if not isinstance(dialect, DefaultDialect):
        return id(dialect)
    return type(dialect), dialect._on_connect_isolation_level
