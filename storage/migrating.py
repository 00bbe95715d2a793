"""How a database gets to another version of the schema. Loads Alembic: import it only where that is done."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from storage.database import Database
from storage.engines import driver_connection

_MIGRATIONS = Path(__file__).parent / "migrations"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def scripts() -> ScriptDirectory:
    """All migrations."""
    return ScriptDirectory.from_config(_config())


async def upgrade(database: Database, target: str = "head") -> None:
    """Bring a database up to `target`."""
    await change(database, lambda sync: command.upgrade(_config(sync), target))


async def downgrade(database: Database, target: str) -> None:
    """Take a database back to `target`."""
    await change(database, lambda sync: command.downgrade(_config(sync), target))


class BrokenReference(Exception):
    """A migration would have left rows that point at nothing; it was taken back."""


async def change(database: Database, step: Callable[[Connection], None]) -> None:
    """Run a change of the schema in one transaction. Raises BrokenReference.

    SQLite changes a table by building it anew, and refuses to drop the old one while rows point at it. So its
    foreign keys rest meanwhile, and are checked before the commit.
    """
    if database.is_sqlite:
        await database.run(partial(_without_foreign_keys, step))
    else:
        await database.run(step)


def _without_foreign_keys(step: Callable[[Connection], None], connection: Connection) -> None:
    # They can only be switched outside a transaction: past SQLAlchemy's own.
    driver = driver_connection(connection)
    driver.rollback()
    driver.execute("PRAGMA foreign_keys=OFF").close()
    driver.execute("BEGIN IMMEDIATE").close()
    # Alembic leaves a transaction alone that was begun before; else it would commit after each migration.
    connection.begin()
    step(connection)
    if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
        raise BrokenReference
