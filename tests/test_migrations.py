"""The migrations lead from an empty database to the tables, and back, on both databases."""

from datetime import UTC, datetime
from typing import Any

import pytest
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, String, delete, inspect, select
from sqlalchemy.exc import IntegrityError

from storage import migrating, schema
from storage.database import Base, Database
from storage.migrations.env_options import comparison
from storage.tables import Invitation, Staff
from tests.databases import Postgres, Sqlite

MOMENT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


async def test_every_migration_goes_up_and_down_on_sqlite(sqlite: Sqlite) -> None:
    with sqlite.database(empty=True) as address:
        await _walk(address)


async def test_every_migration_goes_up_and_down_on_postgresql(postgres: Postgres) -> None:
    with postgres.database(empty=True) as address:
        await _walk(address)


async def test_migrated_sqlite_has_the_tables_of_the_program(sqlite: Sqlite) -> None:
    with sqlite.database(empty=True) as address:
        assert await _differences(address) == []


async def test_migrated_postgresql_has_the_tables_of_the_program(postgres: Postgres) -> None:
    with postgres.database(empty=True) as address:
        assert await _differences(address) == []


def test_the_version_that_the_program_needs_is_the_last_migration() -> None:
    assert migrating.scripts().get_current_head() == schema.NEWEST


async def _walk(address: str) -> None:
    """Up one step, down one step, up again; at the end all the way down."""
    database = Database(address)
    revisions = [script.revision for script in reversed(list(_scripts().walk_revisions()))]
    assert revisions
    for before, revision in zip(["base", *revisions], revisions, strict=False):
        await migrating.upgrade(database, revision)
        assert await schema.current(database) == revision
        await migrating.downgrade(database, before)
        await migrating.upgrade(database, revision)
    assert await schema.current(database) == schema.NEWEST
    await migrating.downgrade(database, "base")
    left = await database.run(lambda connection: inspect(connection).get_table_names())
    await database.close()
    assert left == ["alembic_version"]


async def _differences(address: str) -> list[object]:
    database = Database(address)
    await migrating.upgrade(database)
    found = await database.run(_compare)
    await database.close()
    return found


def _compare(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts=comparison())
    return list(compare_metadata(context, Base.metadata))


def _scripts() -> ScriptDirectory:
    return migrating.scripts()


async def test_a_table_that_others_point_at_can_be_built_anew_with_its_rows(sqlite: Sqlite) -> None:
    with sqlite.database() as address:
        database = Database(address)
        await _add_member_with_invitation(database)
        await migrating.change(database, _widen_staff)
        async with database.read() as work:
            assert await work.session.scalar(select(Invitation.staff_id)) == 1
        with pytest.raises(migrating.BrokenReference):
            await migrating.change(database, lambda sync: sync.exec_driver_sql("DELETE FROM staff").close())
        async with database.work() as work:
            await work.session.execute(delete(Invitation))
            work.session.add(_invitation(staff_id=99))
            with pytest.raises(IntegrityError):
                await work.session.flush()
        await database.close()


async def test_a_migration_that_fails_takes_those_before_it_back(
    sqlite: Sqlite, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_index = op.create_index

    def fail_at_the_last(name: str, *rest: Any, **more: Any) -> None:
        if name == "ix_outbox_uncertain":
            raise OSError("killed")
        create_index(name, *rest, **more)

    with sqlite.database(empty=True) as address:
        database = Database(address)
        # A double, because no real migration of ours fails.
        with monkeypatch.context() as patch:
            patch.setattr(op, "create_index", fail_at_the_last)
            with pytest.raises(OSError, match="killed"):
                await migrating.upgrade(database)
        assert await schema.current(database) is None
        assert await database.look(lambda connection: inspect(connection).get_table_names()) == []
        await migrating.upgrade(database)
        assert await schema.current(database) == schema.NEWEST
        await database.close()


def _widen_staff(connection: Connection) -> None:
    operations = Operations(MigrationContext.configure(connection))
    with operations.batch_alter_table("staff", recreate="always") as table:
        table.add_column(Column("favourite_colour", String(16)))


async def _add_member_with_invitation(database: Database) -> None:
    async with database.work() as work:
        work.session.add(
            Staff(id=1, name="Marie", language="en", is_practitioner=True, is_admin=False, created_at=MOMENT)
        )
        await work.session.flush()
        work.session.add(_invitation(staff_id=1))
        await work.commit()


def _invitation(*, staff_id: int) -> Invitation:
    return Invitation(token_hash=f"hash {staff_id}", staff_id=staff_id, created_at=MOMENT, expires_at=MOMENT)
