"""Units of work on both databases: who may write, who waits for whom, and what is left when one is given up."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from storage import figures, migrating
from storage.database import Database, UnitOfWork
from storage.tables import Audit
from tests.databases import Sqlite

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    yield opened
    await opened.close()


async def _write(work: UnitOfWork, action: str) -> None:
    work.session.add(Audit(at=NOW, action=action, subject="test", details={}))
    await work.session.flush()


async def _count(database: Database) -> int:
    async with database.read() as work:
        return await work.session.scalar(select(func.count()).select_from(Audit)) or 0


async def test_a_reading_unit_of_work_refuses_to_write(database: Database) -> None:
    with pytest.raises(DBAPIError):
        async with database.read() as work:
            await _write(work, "sneaked in")
    assert await _count(database) == 0


async def test_what_is_left_without_a_commit_has_not_happened(database: Database) -> None:
    async with database.work() as work:
        await _write(work, "given up")
    assert await _count(database) == 0
    async with database.work() as work:
        await _write(work, "kept")
        await work.commit()
    assert await _count(database) == 1


async def test_many_writers_at_once_all_get_their_turn(database: Database) -> None:
    async def one(number: int) -> None:
        async with database.work() as work:
            before = await work.session.scalar(select(func.count()).select_from(Audit))
            await asyncio.sleep(0)
            await _write(work, f"{number} after {before}")
            await work.commit()

    await asyncio.gather(*(one(number) for number in range(20)))
    assert await _count(database) == 20


async def test_more_readers_than_connections_wait_for_each_other_and_not_for_ever(database: Database) -> None:
    async def one() -> int:
        async with database.read() as work:
            await work.session.scalar(select(func.count()).select_from(Audit))
            for _ in range(5):
                await asyncio.sleep(0)
            return await work.session.scalar(select(func.count()).select_from(Audit)) or 0

    async with asyncio.timeout(20):
        assert await asyncio.gather(*(one() for _ in range(40))) == [0] * 40


async def test_a_writer_that_is_cancelled_while_it_commits_leaves_the_next_one_in(database: Database) -> None:
    async def one() -> None:
        async with database.work() as work:
            await _write(work, "cancelled")
            await work.commit()

    for steps in range(12):
        task = asyncio.ensure_future(one())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    before = await _count(database)
    async with asyncio.timeout(5):
        await one()
    assert await _count(database) == before + 1


async def test_a_look_at_the_database_waits_for_nobody_who_writes(database: Database) -> None:
    async with asyncio.timeout(10), database.work() as work:
        await _write(work, "not committed")
        assert await migrating.current(database) == migrating.head()
        await figures.read(database, now=NOW, since=NOW)


async def test_a_unit_of_work_ends_with_its_commit_on_sqlite(sqlite: Sqlite) -> None:
    with sqlite.database() as address:
        database = Database(address)
        async with database.work() as work:
            await work.commit()
            with pytest.raises(RuntimeError, match="ends with its commit"):
                await _write(work, "past the end")
        assert await _count(database) == 0
        await database.close()


@pytest.mark.parametrize(("durable", "setting"), [(True, "2"), (False, "0")])
async def test_only_what_is_thrown_away_does_not_wait_for_sqlites_disk(
    sqlite: Sqlite, durable: bool, setting: str
) -> None:
    """2 is FULL: what was committed outlives a power cut, which no test can bring about."""
    with sqlite.database() as address:
        database = Database(address, durable=durable)
        async with database.work() as work:
            assert str(await work.session.scalar(text("PRAGMA synchronous"))) == setting
            await _write(work, "kept")
            await work.commit()
        assert await _count(database) == 1
        await database.close()
