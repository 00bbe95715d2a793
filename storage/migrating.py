"""The schema's versions: where a database stands, and how it gets to the newest."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

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
    async with database.connection() as connection:
        await connection.run_sync(lambda sync: command.upgrade(_config(sync), target))
        await connection.commit()


async def downgrade(database: Database, target: str) -> None:
    """Take a database back to `target`."""
    async with database.connection() as connection:
        await connection.run_sync(lambda sync: command.downgrade(_config(sync), target))
        await connection.commit()
