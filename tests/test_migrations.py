"""The migrations lead from an empty database to the tables, and back, on both databases."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from storage import migrating
from storage.database import Base, Database
from storage.migrations.env_options import comparison
from tests.databases import Postgres, Sqlite


async def test_every_migration_goes_up_and_down_on_sqlite(sqlite: Sqlite) -> None:
    with sqlite.database(empty=True) as address:
        await _walk(address)


async def test_every_migration_goes_up_and_down_on_postgresql(postgres: Postgres) -> None:
    with postgres.database(template=None) as address:
        await _walk(address)


async def test_migrated_sqlite_has_the_tables_of_the_program(sqlite: Sqlite) -> None:
    with sqlite.database(empty=True) as address:
        assert await _differences(address) == []


async def test_migrated_postgresql_has_the_tables_of_the_program(postgres: Postgres) -> None:
    with postgres.database(template=None) as address:
        assert await _differences(address) == []


async def _walk(address: str) -> None:
    """Up one step, down one step, up again; at the end all the way down."""
    database = Database(address)
    revisions = [script.revision for script in reversed(list(_scripts().walk_revisions()))]
    assert revisions
    for before, revision in zip(["base", *revisions], revisions, strict=False):
        await migrating.upgrade(database, revision)
        assert await migrating.current(database) == revision
        await migrating.downgrade(database, before)
        await migrating.upgrade(database, revision)
    assert await migrating.current(database) == migrating.head()
    await migrating.downgrade(database, "base")
    async with database.connection() as connection:
        left = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    await database.close()
    assert left == ["alembic_version"]


async def _differences(address: str) -> list[object]:
    database = Database(address)
    await migrating.upgrade(database)
    async with database.connection() as connection:
        found = await connection.run_sync(_compare)
    await database.close()
    return found


def _compare(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts=comparison())
    return list(compare_metadata(context, Base.metadata))


def _scripts() -> ScriptDirectory:
    return migrating.scripts()
