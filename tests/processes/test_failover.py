"""Four processes on PostgreSQL: one may die, the database may die, and nothing is lost, repeated or sent by two."""

import asyncio
import time

import psycopg
import pytest

from bot.sandbox.sandbox import Sandbox
from tests.faults.private_server import PrivatePostgres
from tests.processes.crew import WEB, WORKERS, Crew

LONGEST = 10.0
"""Seconds without a worker that are a failure whatever the machine has to do. Five are promised, and measured."""

FIRST, SECOND = WORKERS


async def test_the_standby_takes_over_from_a_killed_worker(crew: Crew, capsys: pytest.CaptureFixture[str]) -> None:
    async with crew.working():
        await crew.sent(FIRST, more=20)
        assert await asyncio.to_thread(_listeners, crew.address) == [FIRST]
        crew.processes[FIRST].kill()
        killed_at = time.monotonic()
        await crew.sent(SECOND, more=20)
        gap = crew.sends(SECOND)[0] - killed_at
        assert await asyncio.to_thread(_listeners, crew.address) == [SECOND]
        # One web process is enough.
        crew.processes[WEB[0]].kill()
    with capsys.disabled():
        print(f"\nworker killed → standby sends: {gap:.1f} s")
    assert gap < LONGEST
    assert crew.senders() == [FIRST, SECOND]
    await crew.expect_nothing_lost()
    assert await crew.stop() == {WEB[1]: 0, SECOND: 0}


async def test_everybody_outlives_postgresql(crew: Crew, private_postgres: PrivatePostgres) -> None:
    async with crew.working():
        await crew.sent(FIRST, more=20)
        await private_postgres.halt()
        for worker in WORKERS:
            await crew.processes[worker].logged("database_away")
        await crew.sandbox.changed(lambda: _is_refused(crew.sandbox), LONGEST)
        await private_postgres.resume()
    # Either worker may be the first to have the lock again, and then keeps it.
    assert crew.senders() in ([FIRST], [FIRST, SECOND])
    await crew.expect_nothing_lost()
    assert await crew.stop() == dict.fromkeys((*WEB, *WORKERS), 0)


def _is_refused(sandbox: Sandbox) -> bool:
    """Whether the web has told Telegram to come again."""
    return "Wrong response" in str(sandbox.webhooks.info().get("last_error_message"))


async def test_a_worker_that_loses_its_lock_leaves_the_sending_to_the_other(crew: Crew) -> None:
    async with crew.working():
        await crew.sent(FIRST, more=20)
        await asyncio.to_thread(_cut_the_lock_until_held_by, SECOND, crew.address)
        await crew.processes[FIRST].logged("standing_by")
        await crew.sent(SECOND, more=20)
    assert crew.senders() == [FIRST, SECOND]
    await crew.expect_nothing_lost()
    assert await crew.stop() == dict.fromkeys((*WEB, *WORKERS), 0)


HOLDER = """
    SELECT pid, application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND datname = current_database()
"""


def _cut_the_lock_until_held_by(worker: str, address: str) -> None:
    """Both ask for it again and again; who comes first is chance."""
    deadline = time.monotonic() + 6 * LONGEST
    with psycopg.connect(address, autocommit=True) as connection:
        while time.monotonic() < deadline:
            holder = connection.execute(HOLDER).fetchone()
            if holder is not None and holder[1] == worker:
                return
            if holder is not None:
                connection.execute("SELECT pg_terminate_backend(%s)", [holder[0]])
            # Other processes, which cannot be awaited.
            time.sleep(0.05)
    raise AssertionError(f"{worker} never got the lock")


def _listeners(address: str) -> list[str]:
    """Who hears of news."""
    with psycopg.connect(address) as connection:
        return [
            str(name)
            for (name,) in connection.execute(
                "SELECT application_name FROM pg_stat_activity"
                " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
            )
        ]
