"""Somebody at a console holds a row of ours in PostgreSQL: whoever else is owed a message gets it."""

from contextlib import closing
from datetime import timedelta

import psycopg
import pytest

from bot.sandbox.faults import Fault
from tests.databases import Postgres
from tests.faults import owing
from tests.faults.heard import PATIENCE, listening
from tests.world import living


async def test_a_message_whose_row_is_held_holds_up_nobody_else(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Ten seconds are what a clinic's bot waits for the row.
    monkeypatch.setattr("storage.postgres_engines.LOCK_SECONDS", 0.2)
    with postgres.database() as address:
        async with living(address) as world, listening() as log:
            marie, paul = await world.practitioner(), await world.practitioner("Paul Morel")
            # Due at one time they are claimed together: while Telegram is slow with the first, the second can be held.
            due = world.clock.now() + timedelta(minutes=1)
            world.sandbox.faults.add(Fault.slow(1.0, method="sendMessage", chat_id=marie.id, moment="after"))
            for key in ("first", "held"):
                staff_id = await world.staff_id(marie)
                await owing.owe(world.database, key, staff_id, now=world.clock.now(), due_at=due)
            world.clock.set(due)
            await world.sandbox.changed(lambda: owing.times_reached(world, marie) == 1)
            with closing(psycopg.connect(address)) as console:
                console.execute("SELECT 1 FROM outbox WHERE key = 'held' FOR UPDATE")
                await log.until("database_away")
                await owing.owe(world.database, "other", await world.staff_id(paul), now=world.clock.now())
                await world.sandbox.changed(lambda: owing.times_reached(world, paul) == 1, PATIENCE)
                assert owing.times_reached(world, marie) == 1
            await world.settle()
            rows = [await owing.row(world.database, key) for key in ("first", "held", "other")]
            assert [(row.state, row.repeats) for row in rows] == [("sent", 0)] * 3
            assert owing.times_reached(world, marie) == 2
