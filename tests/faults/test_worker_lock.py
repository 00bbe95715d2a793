"""A worker that loses its lock to another stops working, stands by, and works again when the lock is free."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from storage.advisory_lock import KEY
from tests.databases import Postgres
from tests.faults.heard import PATIENCE
from tests.serving import environment, serving, zone_where_it_is_noon
from tests.world import World

HOLDERS = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()"


async def test_a_worker_that_lost_its_lock_stands_by_in_the_same_process(postgres: Postgres, tmp_path: Path) -> None:
    with postgres.database() as address:
        world = World(address, start=datetime.now(UTC))
        await world.open()
        sandbox = world.sandbox
        anna = sandbox.person("Anna")
        settings = environment(world.server, address, tmp_path, zone_where_it_is_noon())
        try:
            async with serving(settings) as process:
                anna.say("hello")
                await sandbox.changed(lambda: len(anna.bot_messages) == 1, PATIENCE)
                other = await psycopg.AsyncConnection.connect(address, autocommit=True)
                async with other:
                    await _take_from(other, address)
                    await sandbox.changed(lambda: not sandbox.polling.waiting, PATIENCE)
                    anna.say("hello again")
                    await sandbox.changed(lambda: sandbox.unconfirmed_updates == 1, PATIENCE)
                    assert len(anna.bot_messages) == 1, "another one works"
                await sandbox.changed(lambda: len(anna.bot_messages) == 2, PATIENCE)
                assert process.returncode is None
            assert process.returncode == 0
        finally:
            await world.close()


async def _take_from(other: psycopg.AsyncConnection, address: str) -> None:
    """Get in line for the lock, then cut off who has it."""
    waiting = asyncio.create_task(other.execute("SELECT pg_advisory_lock(%s)", (KEY,)))
    async with await psycopg.AsyncConnection.connect(address, autocommit=True) as admin:
        line = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        async with asyncio.timeout(PATIENCE):
            while not await (await admin.execute(line)).fetchone():  # noqa: ASYNC110  no event in another process
                await asyncio.sleep(0.02)
        await admin.execute(f"SELECT pg_terminate_backend(pid) FROM ({HOLDERS}) AS holders")
    await waiting
