"""SIGTERM in the middle of a burst: what is under way ends, the rest waits for the next start, nothing is uncertain."""

import asyncio
import signal
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bot.app import DRAIN_SECONDS
from bot.sandbox.faults import Fault
from bot.throttle import EVERY_CHAT
from storage.database import Database
from tests.faults import owing
from tests.faults.heard import PATIENCE
from tests.serving import environment, serving, zone_where_it_is_noon
from tests.world import World

CHATS = 8
EACH = 5


async def test_sigterm_in_a_burst_leaves_nothing_uncertain(database_url: str, tmp_path: Path) -> None:
    world = World(database_url, start=datetime.now(UTC))
    world.clinic = replace(world.clinic, zone=zone_where_it_is_noon())
    settings = environment(world.server, database_url, tmp_path, world.clinic.zone)
    database = Database(database_url)
    await world.open()
    try:
        staff = await owing.employ(world, database, *(f"Colleague{number}" for number in range(CHATS)))
        for key in range(CHATS * EACH):
            await owing.owe(database, str(key), key % CHATS + 1, now=world.clock.now())
        world.sandbox.faults.add(Fault.slow(0.3, method="sendMessage", times=None, moment="after"))
        async with serving(settings) as process:
            await world.sandbox.changed(lambda: _accepted(world) >= CHATS // 2, PATIENCE)
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
        left = await owing.states(database)
        assert left["sent"] == _accepted(world) < CHATS * EACH, "it was in the middle"
        assert left["pending"] == CHATS * EACH - left["sent"]
        world.sandbox.faults.clear()
        async with serving(settings):
            await world.sandbox.changed(lambda: _accepted(world) == CHATS * EACH, PATIENCE)
        assert [owing.times_reached(world, person) for person in staff] == [EACH] * CHATS
        assert await owing.states(database) == {"sent": CHATS * EACH}
    finally:
        await database.close()
        await world.close()


async def test_a_stop_does_not_wait_for_anybodys_turn(world: World) -> None:
    marie = await world.practitioner()
    before = owing.times_reached(world, marie)
    world.app.throttle.pause(EVERY_CHAT, 3600)
    for key in "ab":
        await owing.owe(world.database, key, await world.staff_id(marie), now=world.clock.now())
    async with asyncio.timeout(PATIENCE):
        while world.app.throttle.queued < 2:
            await world.app.progress.wait(0.05)
    async with asyncio.timeout(DRAIN_SECONDS / 2):
        await world.stop()
    assert [(await owing.row(world.database, key)).state for key in "ab"] == ["pending", "pending"]
    await world.start()
    await world.settle()
    assert owing.times_reached(world, marie) == before + 2


def _accepted(world: World) -> int:
    return sum(owing.NOTICE in entry.text for entry in world.sandbox.ledger.entries)
