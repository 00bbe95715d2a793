"""SQLite is locked by another process, or the disk is full: everything goes on by itself when that has passed."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import select, text

from messages.outgoing import Kind
from storage import engines
from storage.database import sqlite_file
from storage.tables import Inbox, Letter
from tests.databases import Sqlite
from tests.faults import owing
from tests.faults.heard import listening
from tests.world import World, living

HOLD_THE_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""
NO_LIMIT = 2**32 - 2
LONG = "May I go swimming? " * 200


@pytest.fixture
async def world(sqlite: Sqlite) -> AsyncIterator[World]:
    with sqlite.database() as address:
        async with living(address) as alive:
            yield alive


@asynccontextmanager
async def locked(world: World) -> AsyncIterator[None]:
    """Another process holds the write lock until the block is left."""
    file = sqlite_file(world.database.url)
    assert file is not None
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLD_THE_LOCK, str(file), stdin=PIPE, stdout=PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"locked\n"
    try:
        yield
    finally:
        await process.communicate(b"")


async def limit_pages(world: World, pages: int | None) -> None:
    """Let the file grow to `pages`, or, with None, no more than it has."""
    async with world.database.work() as work:
        now = pages or await work.session.scalar(text("PRAGMA page_count"))
        await work.session.execute(text(f"PRAGMA max_page_count = {now}"))


async def letters(world: World) -> list[str | None]:
    async with world.database.read() as work:
        return list((await work.session.scalars(select(Letter.text).order_by(Letter.id))).all())


async def test_a_lock_that_is_held_for_long_costs_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # Ten seconds are what a clinic's bot waits before it calls this an outage.
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.1)
    marie = await world.practitioner()
    staff_id = await world.staff_id(marie)
    anna = await world.patient("Anna Keller", marie)
    await owing.owe(world.database, "due", staff_id, now=world.clock.now())
    async with listening() as log:
        async with locked(world):
            anna.say("May I go swimming?")
            await log.until("database_away")
            assert world.sandbox.unconfirmed_updates == 1
        await world.settle()
        assert log.count("database_away") == log.count("database_back")
    assert await letters(world) == ["May I go swimming?"]
    assert owing.times_reached(world, marie) == 1
    assert not world.app.nursery.failed.done()


async def test_a_full_disk_costs_nothing(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    async with listening() as log:
        await limit_pages(world, None)
        written = [f"{number} {LONG}" for number in range(5)]
        for words in written:
            anna.say(words)
        await log.until("database_away")
        assert world.sandbox.unconfirmed_updates or await _waiting(world)
        await limit_pages(world, NO_LIMIT)
        await world.settle()
    assert await letters(world) == [words.strip() for words in written]
    for words in written:
        assert sum(words.strip() in message.text for message in marie.bot_messages) == 1
    assert not world.app.nursery.failed.done()


async def _waiting(world: World) -> bool:
    async with world.database.read() as work:
        return await work.session.scalar(select(Inbox.update_id).where(Inbox.state == "waiting").limit(1)) is not None


async def test_a_message_that_left_before_the_disk_was_full_is_not_sent_again(world: World) -> None:
    marie = await world.practitioner()
    staff_id = await world.staff_id(marie)
    async with listening() as log:
        for number in range(200):
            await owing.owe(world.database, f"digest {number}", staff_id, now=world.clock.now(), kind=Kind.DIGEST)
        await limit_pages(world, None)
        await log.until("database_away")
        sent = len(marie.bot_messages)
        await limit_pages(world, NO_LIMIT)
        await world.settle()
    assert sent < 200
    assert await owing.states(world.database) == {"sent": 200}
    assert len(marie.bot_messages) == 200 + 1
