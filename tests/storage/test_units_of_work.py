"""Units of work on both databases: who may write, who waits for whom, and what is left when one is given up."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

import storage.postgres
from messages.outgoing import Lane
from storage import figures, inbox, schema, sending
from storage.database import Database, UnitOfWork, is_database_outage
from storage.postgres_engines import READERS, WRITERS
from storage.tables import Audit, Inbox
from tests.databases import Postgres, Sqlite

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
        assert await schema.current(database) == schema.NEWEST
        await figures.read(database, now=NOW, since=NOW)


async def test_a_unit_of_work_ends_with_its_commit(database: Database) -> None:
    async with database.work() as work:
        await work.commit()
        with pytest.raises(RuntimeError, match="ends with its commit"):
            await _write(work, "past the end")
        with pytest.raises(RuntimeError, match="ends with its commit"):
            await work.commit()
    assert await _count(database) == 0


async def test_after_an_error_of_a_flush_the_rest_cannot_be_committed_alone(database: Database) -> None:
    async with database.work() as work:
        await inbox.store(work, [inbox.Arrival(1, 1, "{}")], now=NOW)
        work.session.add(Inbox(update_id=1, chat_id=1, payload="{}", received_at=NOW, state="waiting"))
        with pytest.raises(IntegrityError):
            await work.session.flush()
        with pytest.raises(RuntimeError, match="with an error of a flush"):
            await inbox.store(work, [inbox.Arrival(2, 1, "{}")], now=NOW)
        with pytest.raises(RuntimeError, match="with an error of a flush"):
            await work.commit()
    assert await _count(database) == 0
    async with database.work() as work:
        assert await inbox.last_stored(work) is None
        await _write(work, "the next one")
        await work.commit()
    assert await _count(database) == 1


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


async def _backends(database: Database) -> set[int]:
    """The server's processes behind this database's connections that are open, but for the one that asks."""
    async with database.read() as work:
        others = text(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
        return set((await work.session.scalars(others)).all())


async def test_a_connection_is_kept_after_a_mistake_and_not_after_a_statement_broken_off(
    postgres: Postgres,
) -> None:
    with postgres.database() as address:
        database = Database(address)
        async with database.work() as work:
            await _write(work, "kept")
            await work.commit()
        (first,) = await _backends(database)

        with pytest.raises(DBAPIError):
            async with database.work() as work:
                await work.session.execute(text("SELECT 1 / 0"))
        with pytest.raises(KeyError):
            await _write_and_stumble(database)
        assert await _backends(database) == {first}

        asleep = asyncio.ensure_future(_sleep(database))
        # The server's state cannot be awaited.
        while not await _is_sleeping(database):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        asleep.cancel()
        await asyncio.gather(asleep, return_exceptions=True)
        async with database.work() as work:
            await _write(work, "after that")
            await work.commit()
        # The server ends the old one's process when it likes.
        assert len(await _backends(database) - {first}) == 1
        assert await _count(database) == 2
        await database.close()


async def test_a_unit_that_is_cancelled_between_statements_leaves_nothing_to_the_next(database: Database) -> None:
    written = asyncio.Event()

    async def one() -> None:
        async with database.work() as work:
            await _write(work, "cancelled")
            written.set()
            await asyncio.Event().wait()

    for _ in range(WRITERS + 1):
        written.clear()
        task = asyncio.ensure_future(one())
        await written.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(5), database.work() as work:
        await _write(work, "kept")
        await work.commit()
    assert await _count(database) == 1


async def test_a_unit_that_outlives_its_database_leaves_no_connection_open(postgres: Postgres) -> None:
    with postgres.database() as address:
        closed, watching = Database(address), Database(address)
        async with closed.work() as work:
            await _write(work, "kept")
            await closed.close()
            await work.commit()
        assert await _count(watching) == 1
        async with asyncio.timeout(10):
            # The server's state cannot be awaited.
            while await _backends(watching):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await watching.close()


async def _write_and_stumble(database: Database) -> None:
    async with database.work() as work:
        await _write(work, "given up")
        raise KeyError


async def _sleep(database: Database) -> None:
    async with database.work() as work:
        await work.session.execute(text("SELECT pg_sleep(60)"))


async def _is_sleeping(database: Database) -> bool:
    async with database.read() as work:
        asked = text(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
        )
        return bool(await work.session.scalar(asked))


async def test_a_rush_leaves_its_connections_to_the_next_one(postgres: Postgres) -> None:
    with postgres.database() as address:
        database = Database(address)
        first, second = await _rush(database), await _rush(database)
        assert len(first) == 2 * READERS
        assert second == first
        await database.close()


async def test_a_rush_meets_no_connection_that_was_closed_in_the_meantime(postgres: Postgres) -> None:
    """By a restart of the server, or by somebody between who closes what says nothing."""
    with postgres.database() as address:
        database, somebody = Database(address), Database(address)
        before = await _rush(database)
        async with somebody.work() as work:
            for pid in before:
                await work.session.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        assert not before & await _rush(database)
        await database.close()
        await somebody.close()


async def test_a_rush_of_short_units_shares_a_connection(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first taps after a start opened fifteen at once, on the two processors that were to answer them."""
    monkeypatch.setattr("storage.postgres_engines.WORTH_WAITING", 60.0)

    async def one(unit: Callable[[], AbstractAsyncContextManager[UnitOfWork]]) -> int:
        async with unit() as work:
            return await work.session.scalar(text("SELECT pg_backend_pid()")) or 0

    with postgres.database() as address:
        database = Database(address)
        for unit in (database.work, database.read):
            assert len(set(await asyncio.gather(*(one(unit) for _ in range(20))))) == 1
        await database.close()


async def _is_waiting_for_a_lock(database: Database) -> bool:
    async with database.read() as work:
        return bool(await work.session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


async def test_what_arrives_holds_no_claim_up(postgres: Postgres) -> None:
    """Neither forty webhooks at once nor a table that somebody holds: what is claimed may be an alert."""

    async def store(database: Database, number: int) -> None:
        async with database.arriving() as work:
            await inbox.store(work, [inbox.Arrival(number, 5, "{}")], now=NOW)
            await work.commit()

    with postgres.database() as address:
        database = Database(address)
        async with database.work() as somebody:
            await somebody.session.execute(text("LOCK TABLE inbox IN SHARE MODE"))
            storing = [asyncio.create_task(store(database, number)) for number in range(40)]
            # The server's state cannot be awaited.
            while not await _is_waiting_for_a_lock(database):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            async with asyncio.timeout(5), database.single() as work:
                assert not await sending.claim(work, Lane.URGENT, many=1, now=NOW)
        await asyncio.gather(*storing)
        async with database.read() as work:
            assert await work.session.scalar(select(func.count()).select_from(Inbox)) == 40
        await database.close()


async def test_who_opens_a_connection_in_vain_holds_nobody_up(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.postgres_engines.LONG_OPENING", 0.05)
    opened, hanging = storage.postgres.opened, asyncio.Event()

    async def hangs_once(engine: AsyncEngine) -> AsyncConnection:
        if not hanging.is_set():
            hanging.set()
            await asyncio.Event().wait()
        return await opened(engine)

    monkeypatch.setattr("storage.postgres_engines.opened", hangs_once)
    with postgres.database() as address:
        database = Database(address)
        in_vain = asyncio.create_task(_count(database))
        await hanging.wait()
        assert await _count(database) == 0
        in_vain.cancel()
        await asyncio.gather(in_vain, return_exceptions=True)
        await database.close()


async def test_connections_that_nobody_has_needed_for_long_are_closed(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres.database() as address:
        database, watching = Database(address), Database(address)
        await _rush(database)
        monkeypatch.setattr("storage.postgres_engines.SPARE_SECONDS", 0.0)
        for unit in (database.work, database.read):
            async with unit() as work:
                await work.session.execute(text("SELECT 1"))
        async with asyncio.timeout(10):
            # The server's state cannot be awaited.
            while len(await _backends(watching)) > 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await database.close()
        await watching.close()


async def _rush(database: Database) -> set[int]:
    """The server's processes behind as many units of work at once."""
    async with AsyncExitStack() as held:
        units = [await held.enter_async_context(unit()) for unit in READERS * (database.work, database.read)]
        return {await work.session.scalar(text("SELECT pg_backend_pid()")) or 0 for work in units}


async def test_a_connection_that_was_cut_is_not_kept_even_if_nobody_minded(postgres: Postgres) -> None:
    with postgres.database() as address:
        database = Database(address)
        for unit in (database.work, database.read):
            async with unit() as work:
                mine = await work.session.scalar(text("SELECT pg_backend_pid()"))
                async with database.work() as other:
                    await other.session.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": mine})
                with pytest.raises(DBAPIError):
                    await work.session.execute(text("SELECT 1"))
            async with unit() as work:
                assert await work.session.scalar(text("SELECT pg_backend_pid()")) != mine
        await database.close()


async def test_who_gets_no_connection_in_time_hears_of_an_outage(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.postgres_engines.ROOM_SECONDS", 0.05)
    with postgres.database() as address:
        database = Database(address)
        async with AsyncExitStack() as held:
            for _ in range(WRITERS):
                await held.enter_async_context(database.work())
            with pytest.raises(SQLAlchemyError) as caught:
                async with database.work():
                    pass
            assert is_database_outage(caught.value)
        async with database.work() as work:
            await _write(work, "kept")
            await work.commit()
        assert await _count(database) == 1
        await database.close()
