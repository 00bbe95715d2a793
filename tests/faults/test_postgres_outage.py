"""PostgreSQL is killed, or hangs up: everything goes on by itself when it is back, and nothing is lost or repeated."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select

from bot.sandbox.faults import Fault
from bot.sender import LOOK_BACK
from storage import migrating, sending
from storage.database import Database
from storage.tables import Inbox, Letter, Outbox
from tests.faults import owing
from tests.faults.heard import PATIENCE, listening
from tests.faults.private_server import PrivatePostgres
from tests.serving import environment, serving, zone_where_it_is_noon
from tests.world import World, living

CUTS = 6
CHATS = 12
EACH = 4


@pytest.fixture
def address(private_postgres: PrivatePostgres) -> Iterator[str]:
    with private_postgres.database() as made:
        yield made


async def test_a_restart_of_postgresql_costs_nothing(address: str, private_postgres: PrivatePostgres) -> None:
    async with living(address) as world, listening() as log:
        marie = await world.practitioner()
        paul = await world.practitioner("Paul Morel")
        anna = await world.patient("Anna Keller", marie)
        before = times(world)
        # Accepted by Telegram, whose answer comes when there is no database that could be told.
        world.sandbox.faults.add(Fault.slow(1.0, method="sendMessage", chat_id=marie.id, moment="after"))
        await owing.owe(world.database, "under way", await world.staff_id(marie), now=world.clock.now())
        await owing.owe(world.database, "waiting", await world.staff_id(marie), now=world.clock.now())
        await world.sandbox.changed(lambda: owing.times_reached(world, marie) == 1)
        await private_postgres.halt()
        anna.say("May I go swimming?")
        await log.until("database_away")
        await private_postgres.resume()
        await calm(world)
        await owing.owe(world.database, "later", await world.staff_id(paul), now=world.clock.now())
        await world.settle()
        rows = [await owing.row(world.database, key) for key in ("under way", "waiting", "later")]
        assert [(row.state, row.repeats) for row in rows] == [("sent", 0)] * 3
        assert times(world) - before == Counter({marie.id: 2, paul.id: 1})
        async with world.database.read() as work:
            assert (await work.session.scalars(select(Letter.text))).all() == ["May I go swimming?"]
        assert not world.app.nursery.failed.done()


async def calm(world: World) -> None:
    """Some minutes pass, which the world's clock does not do by itself.

    A claim that was committed without an answer is nobody's until its lease is over, and an update whose transaction
    was cut waits for its next try.
    """
    world.clock.set(world.clock.now() + sending.LEASE + LOOK_BACK)
    await world.settle()
    await world.move(minutes=10)


def times(world: World) -> Counter[int]:
    """How often each chat got a notice."""
    return Counter(entry.chat_id for entry in world.sandbox.ledger.entries if owing.NOTICE in entry.text)


async def test_connections_cut_under_load_cost_nothing(address: str, private_postgres: PrivatePostgres) -> None:
    async with living(address) as world, listening() as log:
        marie = await world.practitioner()
        staff = [await world.practitioner(f"Colleague{number}") for number in range(CHATS)]
        anna = await world.patient("Anna Keller", marie)
        ids = [await world.staff_id(person) for person in staff]
        world.sandbox.faults.add(Fault.slow(0.1, method="sendMessage", times=None))
        for number in range(EACH):
            for staff_id in ids:
                await owing.owe(world.database, f"{number} for {staff_id}", staff_id, now=world.clock.now())
        written, cut = [], 0
        for number in range(CUTS):
            anna.say(f"question {number}")
            written.append(f"question {number}")
            due = (number + 1) * CHATS * EACH // (CUTS + 1)
            await world.sandbox.changed(partial(_have_left, world, due), PATIENCE)
            cut += await asyncio.to_thread(private_postgres.cut, address)
        await calm(world)
        assert cut > CUTS
        assert log.count("database_away") > 0
        assert times(world) == Counter({person.id: EACH for person in staff})
        assert {(each.state, each.repeats) for each in await _owed(world, ids)} == {("sent", 0)}
        async with world.database.read() as work:
            letters = (await work.session.scalars(select(Letter.text).order_by(Letter.id))).all()
            inbox = set((await work.session.scalars(select(Inbox.state))).all())
        assert list(letters) == written
        assert inbox == {"done"}
        assert not world.app.nursery.failed.done()


def _have_left(world: World, count: int) -> bool:
    return times(world).total() >= count


async def _owed(world: World, ids: list[int]) -> list[Outbox]:
    keys = [f"{number} for {staff_id}" for number in range(EACH) for staff_id in ids]
    return [await owing.row(world.database, key) for key in keys]


async def test_the_process_outlives_postgresql(private_postgres: PrivatePostgres, tmp_path: Path) -> None:
    with private_postgres.database(empty=True) as address:
        database = Database(address)
        await migrating.upgrade(database)
        await database.close()
        world = World(address, start=datetime.now(UTC))
        await world.open()
        anna = world.sandbox.person("Anna")
        settings = environment(world.server, address, tmp_path, zone_where_it_is_noon())
        try:
            async with serving(settings) as process:
                anna.say("hello")
                await world.sandbox.changed(lambda: len(anna.bot_messages) == 1, PATIENCE)
                await private_postgres.halt()
                anna.say("hello again")
                assert world.sandbox.unconfirmed_updates
                await private_postgres.resume()
                await world.sandbox.changed(lambda: len(anna.bot_messages) == 2, PATIENCE)
                await asyncio.to_thread(_until_locked, address)
            assert process.returncode == 0
        finally:
            await world.close()


def _until_locked(address: str) -> None:
    """Until somebody is the worker of this database."""
    deadline = time.monotonic() + PATIENCE
    with psycopg.connect(address, autocommit=True) as connection:
        while not connection.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted").fetchone():
            assert time.monotonic() < deadline
            # Another process, which cannot be awaited.
            time.sleep(0.05)
