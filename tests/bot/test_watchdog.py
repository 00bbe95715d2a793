"""What hangs is noticed and ends the process; what waits for a reason is left alone."""

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from bot import pacing
from bot.clock import SystemClock
from bot.sandbox.faults import Fault
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.server import SandboxServer
from bot.throttle import EVERY_CHAT
from bot.watchdog import EVENT_LOOP, GRACE, LIMIT, LOOK_EVERY, Beat, Stuck, Watchdog
from storage import sending
from tests.bot.conversation import pair, rows
from tests.databases import Postgres, Sqlite
from tests.serving import ROOT, environment, zone_where_it_is_noon
from tests.world import World

PATIENCE = 40.0
"""Real seconds for a process to start, hang and end."""

IN_A_HURRY = """
import sys
import bot.app, bot.intake, bot.schedule, bot.watchdog
bot.watchdog.LIMIT, bot.watchdog.LOOK_EVERY, bot.watchdog.GRACE = 3.0, 0.2, 1.0
bot.schedule.TICK_SECONDS, bot.intake.POLL_SECONDS, bot.app.DRAIN_SECONDS = 1, 1, 0.5
{more}
from bot.__main__ import main
sys.exit(main(["serve"]))
"""
"""The bot, with the watchdog's seconds for its minutes."""

BLOCKED = """
import asyncio, time
from bot.watchdog import Watchdog
watch = Watchdog.watch
def watch_and_block(self, signs):
    watch(self, signs)
    asyncio.get_running_loop().call_later(0.5, time.sleep, 600)
Watchdog.watch = watch_and_block
"""
"""Something stops the event loop, soon after the program has started."""


def test_everything_that_hangs_is_gone_within_a_minute() -> None:
    assert LIMIT + LOOK_EVERY + GRACE <= 60


async def _end_of(address: str, folder: Path, hang: Callable[[], object], more: str = "") -> tuple[int | None, str]:
    """Serve, let it answer once, then `hang`; the exit code and the parts that the log calls stuck."""
    server = SandboxServer(Sandbox(lambda: datetime.now(UTC)))
    serving = asyncio.create_task(server.serve())
    anna = server.sandbox.person("Anna")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        IN_A_HURRY.format(more=more),
        cwd=ROOT,
        env=environment(server, address, folder, zone_where_it_is_noon()),
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        anna.say("/start")
        if not more:
            await server.sandbox.changed(lambda: bool(anna.bot_messages), seconds=PATIENCE)
        hang()
        anna.say("is anybody there?")
        async with asyncio.timeout(PATIENCE):
            _, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
        server.stop()
        await serving
    lines = [json.loads(line) for line in errors.decode().splitlines() if line.startswith("{")]
    return process.returncode, ", ".join(line["parts"] for line in lines if line["event"] == "stuck")


@pytest.mark.parametrize(
    ("table", "parts"),
    [("alerts", {"ticker"}), ("outbox", {"sender", "ticker"}), ("inbox", {"handling", "poller", "ticker"})],
)
async def test_a_statement_that_never_returns_ends_the_process(
    postgres: Postgres, tmp_path: Path, table: str, parts: set[str]
) -> None:
    with postgres.database() as address, psycopg.connect(address) as somebody:
        code, stuck = await _end_of(address, tmp_path, lambda: somebody.execute(f"LOCK TABLE {table}".encode()))
    assert code == 1
    assert set(stuck.split(", ")) <= parts
    assert stuck


async def test_a_blocked_event_loop_ends_the_process(sqlite: Sqlite, tmp_path: Path) -> None:
    with sqlite.database() as address:
        code, stuck = await _end_of(address, tmp_path, lambda: None, BLOCKED)
    assert code == 1
    assert stuck == EVENT_LOOP, "everything hangs then, and the cause is named"


async def test_a_program_that_cannot_stop_in_order_is_ended() -> None:
    loop = asyncio.get_running_loop()
    asked: asyncio.Future[Stuck] = loop.create_future()
    ended: asyncio.Future[int] = loop.create_future()
    watchdog = Watchdog(
        stop=lambda error: loop.call_soon_threadsafe(asked.set_result, error),
        end=lambda code: loop.call_soon_threadsafe(ended.set_result, code),
        limit=0.5,
        look_every=0.05,
        grace=0.1,
    )
    silent, lively = Beat(), Beat()
    lively.give(rest=3600)
    watchdog.watch({"sender": lambda: silent.at, "poller": lambda: lively.at})
    watching = asyncio.create_task(watchdog.run())
    async with asyncio.timeout(PATIENCE):
        assert str(await asked) == "sender"
        assert await ended == 1
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


def test_a_process_that_was_stopped_itself_gets_its_time_anew() -> None:
    now = [1000.0]
    watchdog = Watchdog(stop=lambda _: None, limit=45, look_every=2, monotonic=lambda: now[0])
    watchdog.watch({"sender": lambda: 0.0})
    assert "sender" not in watchdog.look(), "its time begins when it is watched"
    now[0] += 600
    assert watchdog.look() == {}, "while it lay still nobody could give a sign"
    for _ in range(22):
        now[0] += 2
        assert "sender" not in watchdog.look()
    now[0] += 2
    assert watchdog.look()["sender"] == 46


def _monotonic() -> float:
    return SystemClock().monotonic()


async def _until(world: World, state: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not state():
            await world.app.progress.wait(0.05)


async def test_a_pause_that_telegram_asked_for_is_no_silence(world: World) -> None:
    poller = world.app.poller
    assert poller is not None
    world.app.throttle.pause(EVERY_CHAT, 3600)
    world.sandbox.faults.add(Fault.flood(3600, method="getUpdates", times=1))
    world.sandbox.person("Anna").say("/start")
    await _until(world, lambda: poller.beat.at > _monotonic() + 3000)
    before = world.app.sender.beat.at
    await _until(world, lambda: world.app.sender.beat.at > before)


async def test_a_telegram_that_is_down_is_no_silence(world: World) -> None:
    poller = world.app.poller
    assert poller is not None
    world.sandbox.faults.add(Fault.answer(502, "Bad Gateway", method="getUpdates", times=None))
    world.sandbox.person("Anna").say("/start")
    await _until(world, lambda: poller.beat.at > _monotonic())
    rest, heard = poller.beat.at, poller.heard.at
    await _until(world, lambda: poller.beat.at > max(rest, _monotonic()))
    assert poller.heard.at == heard, "trying is not hearing, which readiness asks for"


async def test_a_database_that_is_away_is_no_silence(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    attempts: list[float] = []

    async def away(*_: object, **__: object) -> None:
        attempts.append(world.app.sender.beat.at)
        raise OperationalError("SELECT 1", None, Exception("the server is restarting"))

    # A double, because SQLite cannot be away, and the test's PostgreSQL serves the other tests, too.
    with monkeypatch.context() as patch:
        patch.setattr(sending, "next_by_lane", away)
        await _until(world, lambda: len(attempts) >= 3)
    assert attempts == sorted(set(attempts)), "each attempt gives a sign of life"
    await world.settle()


async def test_a_call_that_never_ends_gives_its_chat_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    two = await pair(world)
    monkeypatch.setattr(pacing, "CALL_SECONDS", 0.2)
    world.sandbox.faults.add(Fault.slow(15, method="sendMessage", chat_id=two.marie.id, times=1))
    two.anna.say("Is this swelling usual?")
    await world.settle()
    await world.move(seconds=2)
    [relay] = await rows(world, "relay")
    assert (relay.state, relay.repeats) == ("sent", 1), "it may have arrived, and is sent again"
    assert "Is this swelling usual?" in two.marie.last.text


async def test_every_loop_of_a_program_is_watched(world: World) -> None:
    signs = world.app.signs()
    assert set(signs) == {"handling", "sender", "ticker", "poller"}
    before = {name: sign() for name, sign in signs.items() if name in {"handling", "sender"}}
    await _until(world, lambda: all(signs[name]() > at for name, at in before.items()))
    assert all(sign() <= time.monotonic() + 1 for sign in signs.values()), "real seconds, however the clock is moved"
