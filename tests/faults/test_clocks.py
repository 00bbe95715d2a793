"""Clocks of two machines an hour apart: the database's time says what is due, monotonic seconds pace the sending."""

import asyncio
import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import DEVNULL
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.agreeing import agree
from bot.clock import SharedClock
from bot.commands.doctor import examine
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.server import SandboxServer
from bot.settings import load
from storage.database import Database
from tests.databases import Postgres
from tests.faults import owing
from tests.faults.heard import PATIENCE
from tests.serving import ROOT, environment, zone_where_it_is_noon
from tests.world import World

A_LITTLE = timedelta(seconds=30)
"""More than any machine needs to ask for the time."""

SERVE_WITH_A_WRONG_CLOCK = """
import sys
from datetime import timedelta
from bot import clock
wrong, right = timedelta(hours=float(sys.argv.pop())), clock.SystemClock.now
clock.SystemClock.now = lambda self: right(self) + wrong
from bot.__main__ import main
sys.exit(main())
"""
"""A double of the machine's clock: no test may set the real one."""


@dataclass
class Machine:
    """A machine whose clock is wrong, and can be set."""

    wrong: timedelta
    seconds: float = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + self.wrong

    def monotonic(self) -> float:
        return self.seconds


@pytest.mark.parametrize("hours", [-1, 1])
async def test_only_what_is_due_by_the_databases_time_is_sent(postgres: Postgres, tmp_path: Path, hours: int) -> None:
    with postgres.database() as address:
        world = World(address, start=datetime.now(UTC))
        database = Database(address)
        await world.open()
        settings = environment(world.server, address, tmp_path, zone_where_it_is_noon())
        [marie] = await owing.employ(world, database, "Marie")
        now = world.clock.now()
        await owing.owe(database, "in half an hour", 1, now=now, due_at=now + timedelta(minutes=30))
        await owing.owe(
            database, "past", 1, now=now, due_at=now - timedelta(hours=3), not_after=now - timedelta(minutes=30)
        )
        await owing.owe(database, "due", 1, now=now, not_after=now + timedelta(minutes=30))
        process = await create_subprocess_exec(
            *(sys.executable, "-c", SERVE_WITH_A_WRONG_CLOCK, "serve", str(hours)),
            cwd=ROOT,
            env=settings,
            stdout=DEVNULL,
            stderr=DEVNULL,
        )
        try:
            await world.sandbox.changed(lambda: owing.times_reached(world, marie) >= 1, PATIENCE)
        finally:
            process.terminate()
            assert await process.wait() == 0
        states = {key: (await owing.row(database, key)).state for key in ("in half an hour", "past", "due")}
        sent = await owing.row(database, "due")
        await database.close()
        await world.close()
    assert states == {"in half an hour": "pending", "past": "skipped", "due": "sent"}
    assert sent.ended_at is not None
    assert abs(sent.ended_at - datetime.now(UTC)) < timedelta(minutes=10)


async def test_two_machines_agree_and_bear_being_set(postgres: Postgres) -> None:
    with postgres.database() as address:
        database = Database(address)
        fast, slow = Machine(timedelta(hours=1)), Machine(timedelta(hours=-1))
        clocks = [SharedClock(fast), SharedClock(slow)]
        ahead = [await agree(clock, database) for clock in clocks]
        await database.close()
    assert abs(ahead[0] - fast.wrong) < A_LITTLE
    assert abs(ahead[1] - slow.wrong) < A_LITTLE
    before = [clock.now() for clock in clocks]
    assert abs(before[0] - before[1]) < A_LITTLE
    fast.wrong = timedelta(days=-400)
    for machine in (fast, slow):
        machine.seconds += 90
    assert [clock.now() - then for clock, then in zip(clocks, before, strict=True)] == [timedelta(seconds=90)] * 2


async def test_doctor_says_that_the_clocks_differ(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = SandboxServer(Sandbox(lambda: datetime.now(UTC)))
    serving = asyncio.create_task(server.serve())
    with postgres.database() as address:
        for name, value in environment(server, address, tmp_path, zone_where_it_is_noon()).items():
            monkeypatch.setenv(name, value)
        found = {}
        for wrong in (0, 3600):
            machine = Machine(timedelta(seconds=wrong))
            found[wrong] = {each.subject: each async for each in examine(load(None), machine)}["time"]
    server.stop()
    await serving
    assert found[0].right
    assert not found[3600].right
    assert "+3600 s from the database's" in found[3600].words
