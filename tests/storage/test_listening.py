"""News between processes on PostgreSQL: told when it is durable, heard at once, never lost for good."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial

import psycopg
import pytest
from sqlalchemy import event

from storage.database import Database, News
from storage.listening import listen
from tests.databases import Postgres

SECONDS = 10.0


@pytest.fixture
def address(postgres: Postgres) -> Iterator[str]:
    with postgres.database() as made:
        yield made


class Ear:
    """A process that waits for updates. `heard` is what has come, in order."""

    def __init__(self, address: str) -> None:
        self.database = Database(address)
        self.heard: list[News] = []
        self._came = asyncio.Event()
        for news in News:
            self.database.on_news(news, partial(self._hear, news))

    def _hear(self, news: News) -> None:
        self.heard.append(news)
        self._came.set()

    async def next(self, count: int) -> list[News]:
        """The next pieces of news, which are then forgotten."""
        async with asyncio.timeout(SECONDS):
            while len(self.heard) < count:
                self._came.clear()
                await self._came.wait()
        heard, self.heard[:] = list(self.heard), []
        return heard


@asynccontextmanager
async def listening(address: str) -> AsyncIterator[Ear]:
    """Another process that listens already."""
    ear = Ear(address)
    task = asyncio.create_task(listen(ear.database))
    try:
        # Everything may have happened before.
        assert set(await ear.next(2)) == set(News)
        yield ear
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await ear.database.close()


@pytest.fixture
async def teller(address: str) -> AsyncIterator[Database]:
    database = Database(address)
    yield database
    await database.close()


async def tell(database: Database, *all_news: News, commit: bool = True) -> None:
    async with database.work() as work:
        work.news.update(all_news)
        if commit:
            await work.commit()


async def test_another_process_hears_what_is_committed(address: str, teller: Database) -> None:
    async with listening(address) as ear:
        await tell(teller, News.OUTBOX, commit=False)
        await tell(teller)
        await tell(teller, News.INBOX)
        # Neither what was rolled back nor what was no news has come before it.
        assert await ear.next(1) == [News.INBOX]
        await tell(teller, News.INBOX, News.OUTBOX)
        assert sorted(await ear.next(2)) == sorted(News)


async def test_who_waits_for_it_hears_its_own_news_once_and_does_not_tell(address: str, teller: Database) -> None:
    async with listening(address) as ear:
        said: list[str] = []
        for engine in ear.database.engines.synchronous:
            event.listen(engine, "before_cursor_execute", lambda *call: said.append(call[2]))
        await tell(ear.database, News.OUTBOX)
        assert ear.heard == [News.OUTBOX]
        assert not [statement for statement in said if "pg_notify" in statement]
        # What comes last comes after anything that were still on its way.
        await tell(teller, News.INBOX)
        assert await ear.next(2) == [News.OUTBOX, News.INBOX]


async def test_who_no_longer_waits_tells_the_others(address: str) -> None:
    database = Database(address)
    end = database.on_news(News.INBOX, lambda: None)
    async with listening(address) as ear:
        end()
        await tell(database, News.INBOX)
        assert await ear.next(1) == [News.INBOX]
    await database.close()


async def test_after_a_cut_everything_may_be_news_and_is_heard_again(address: str, teller: Database) -> None:
    async with listening(address) as ear:
        with psycopg.connect(address, autocommit=True) as connection:
            cut = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
            ).fetchall()
        assert len(cut) == 1
        assert set(await ear.next(2)) == set(News)
        await tell(teller, News.OUTBOX)
        assert await ear.next(1) == [News.OUTBOX]


async def test_a_word_of_another_version_is_no_trouble(address: str, teller: Database) -> None:
    async with listening(address) as ear:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("SELECT pg_notify('aftercare', 'weather inbox')")
        assert await ear.next(1) == [News.INBOX]
