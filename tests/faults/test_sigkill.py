"""SIGKILL at each step of a message's way in and out: no update is lost, and only what may have left is repeated."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.sandbox.faults import Fault, Moment
from bot.sandbox.person import Person
from messages.outgoing import Kind
from storage.database import Database
from storage.tables import Inbox
from tests.faults import owing
from tests.faults.heard import PATIENCE
from tests.serving import environment, serving, zone_where_it_is_noon
from tests.world import World

HELD = 60.0
"""Seconds for which a call is held: the kill comes long before."""


@dataclass
class Clinic:
    """The sandbox, and what the bot's process needs."""

    world: World
    database: Database
    settings: dict[str, str]

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Until the other process has brought the database there: it cannot be awaited."""
        async with asyncio.timeout(PATIENCE):
            while not await holds():  # noqa: ASYNC110  no event crosses from one process to another
                await asyncio.sleep(0.02)

    async def inbox(self, state: str) -> int:
        """How many updates there are in a state."""
        async with self.database.read() as work:
            return await work.session.scalar(select(func.count()).where(Inbox.state == state)) or 0

    async def answers(self, person: Person, count: int) -> None:
        """Until the bot has said something that often."""
        await self.world.sandbox.changed(lambda: len(person.bot_messages) >= count, PATIENCE)


@pytest.fixture
async def clinic(database_url: str, tmp_path: Path) -> AsyncIterator[Clinic]:
    world = World(database_url, start=datetime.now(UTC))
    world.clinic = replace(world.clinic, zone=zone_where_it_is_noon())
    database = Database(database_url)
    await world.open()
    yield Clinic(world, database, environment(world.server, database_url, tmp_path, world.clinic.zone))
    await database.close()
    await world.close()


async def test_an_update_stored_but_not_acknowledged_comes_again_and_is_handled_once(clinic: Clinic) -> None:
    sandbox = clinic.world.sandbox
    anna = sandbox.person("Anna")
    async with serving(clinic.settings) as process:
        await sandbox.changed(lambda: sandbox.polling.waiting, PATIENCE)
        # The poll that waits has passed this rule already; the next one, which acknowledges, is held.
        held = Fault.slow(HELD, method="getUpdates")
        sandbox.faults.add(held)
        anna.say("hello")
        await clinic.answers(anna, 1)
        await clinic.until(lambda: _reaches(clinic.inbox("done"), 1))
        await clinic.until(lambda: _true(held.times == 0))
        process.kill()
        await process.wait()
        assert sandbox.unconfirmed_updates == 1
    async with serving(clinic.settings):
        anna.say("hello again")
        await clinic.answers(anna, 2)
        await clinic.until(lambda: _reaches(clinic.inbox("done"), 2))
    assert len(anna.bot_messages) == 2
    assert sandbox.unconfirmed_updates == 0


async def _reaches(count: Awaitable[int], expected: int) -> bool:
    return await count == expected


async def test_an_update_acknowledged_but_not_handled_is_handled_by_the_next_start(clinic: Clinic) -> None:
    sandbox = clinic.world.sandbox
    anna = sandbox.person("Anna")
    held = Fault.slow(HELD, method="sendMessage")
    sandbox.faults.add(held)
    async with serving(clinic.settings) as process:
        anna.say("hello")
        await sandbox.settled(PATIENCE)
        await clinic.until(lambda: _true(held.times == 0))
        assert await clinic.inbox("waiting") == 1
        process.kill()
        await process.wait()
    assert not anna.bot_messages
    async with serving(clinic.settings):
        await clinic.answers(anna, 1)
        await clinic.until(lambda: _reaches(clinic.inbox("done"), 1))
    assert len(anna.bot_messages) == 1


async def test_an_update_handled_keeps_its_effects_and_has_them_once(clinic: Clinic) -> None:
    sandbox = clinic.world.sandbox
    anna = sandbox.person("Anna")
    async with serving(clinic.settings) as process:
        anna.say("hello")
        await clinic.until(lambda: _reaches(clinic.inbox("done"), 1))
        process.kill()
        await process.wait()
    ben = sandbox.person("Ben")
    async with serving(clinic.settings):
        ben.say("hello")
        await clinic.until(lambda: _reaches(clinic.inbox("done"), 2))
    assert (len(anna.bot_messages), len(ben.bot_messages)) == (1, 1)


@pytest.mark.parametrize(("moment", "at_telegram"), [("before", 0), ("after", 1)])
async def test_of_two_claimed_rows_only_the_one_that_may_have_left_is_repeated(
    clinic: Clinic, moment: Moment, at_telegram: int
) -> None:
    """Each chat has one row marked as sending, whose call is held, and one that is claimed and waits behind it."""
    world, database = clinic.world, clinic.database
    people = await owing.employ(world, database, "Marie", "Paul")
    holding = [Fault.slow(HELD, method="sendMessage", chat_id=person.id, moment=moment) for person in people]
    for staff_id, kind in ((1, Kind.NOTICE), (2, Kind.DIGEST)):
        await owing.owe(database, f"sending {kind}", staff_id, now=world.clock.now(), kind=kind)
        await owing.owe(database, f"claimed {kind}", staff_id, now=world.clock.now(), kind=kind)
        world.sandbox.faults.add(holding[staff_id - 1])
    async with serving(clinic.settings) as process:
        await clinic.until(lambda: _is(database, sending=2, claimed=2))
        held = 2 * at_telegram
        # Both calls are in the sandbox: a fault that is not used up would hold the next process's.
        await clinic.until(lambda: _true(all(fault.times == 0 for fault in holding)))
        await world.sandbox.changed(lambda: len(world.sandbox.ledger.entries) >= held, PATIENCE)
        process.kill()
        await process.wait()
    assert len(world.sandbox.ledger.entries) == held
    async with serving(clinic.settings):
        await clinic.until(lambda: _is(database, sent=3, uncertain=1))
    rows = {
        key: await owing.row(database, key)
        for key in ("sending notice", "claimed notice", "sending digest", "claimed digest")
    }
    assert {key: (each.state, each.repeats) for key, each in rows.items()} == {
        "sending notice": ("sent", 1),
        "claimed notice": ("sent", 0),
        "sending digest": ("uncertain", 0),
        "claimed digest": ("sent", 0),
    }
    assert rows["sending digest"].reason == "crash"
    accepted = [world.sandbox.ledger.count(chat_id=person.id) for person in people]
    assert accepted == [2 + at_telegram, 1 + at_telegram]


async def _true(holds: bool) -> bool:
    return holds


async def _is(database: Database, **expected: int) -> bool:
    return await owing.states(database) == expected
