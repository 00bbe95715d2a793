"""The schema's versions: where a database stands, and how it gets to the newest."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database

_MIGRATIONS = Path(__file__).parent / "migrations"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def scripts() -> ScriptDirectory:
    """All migrations."""
    return ScriptDirectory.from_config(_config())


def head() -> str:
    """The newest version that this program knows."""
    newest = scripts().get_current_head()
    if newest is None:
        raise RuntimeError("there is no migration")
    return newest


async def current(database: Database) -> str | None:
    """The version of a database; None for an empty one."""
    async with database.connection() as connection:
        await connection.execution_options(reading=True)
        return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


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
    async with database.connection() as connection:
        if not database.is_sqlite:
            await connection.run_sync(step)
            await connection.commit()
            return
        await _foreign_keys(connection, "OFF")
        try:
            await connection.run_sync(step)
            if (await connection.exec_driver_sql("PRAGMA foreign_key_check")).first() is not None:
                raise BrokenReference
            await connection.commit()
        finally:
            await connection.rollback()
            await _foreign_keys(connection, "ON")


async def _foreign_keys(connection: AsyncConnection, state: str) -> None:
    """Switch SQLite's foreign keys, which only counts outside a transaction: past SQLAlchemy's own."""
    raw = await connection.get_raw_connection()
    driver = raw.driver_connection
    assert driver is not None
    await driver.execute(f"PRAGMA foreign_keys={state}")
