"""One database's run: the bot is killed again and again while there is work, then everything is counted."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from bot.sandbox.sandbox import Sandbox
from bot.sandbox.server import SandboxServer
from storage.database import Database
from tests.chaos.load import Load, Size
from tests.chaos.reckoning import Reckoning, reckon
from tests.chaos.settling import settled
from tests.processes.served import NotServing, Served
from tests.serving import environment, zone_where_it_is_noon

LEAD = timedelta(seconds=2)
"""Before the first message is due: about as long as the bot takes to start."""

A_SECOND = 30.0
"""Messages that the bot may send (Telegram's limit)."""

START_SECONDS = 1.5
PATIENCE = 180.0
"""Seconds after the last kill within which everything must be done."""


class Moment(StrEnum):
    """When a kill comes."""

    STARTING = "while it starts"
    RUNNING = "at any moment"
    ANSWERING = "when Telegram has a message and has not answered"


@dataclass(frozen=True)
class Kill:
    """One kill: so many seconds after the start, after it serves, or so many messages later."""

    moment: Moment
    after: float


_SHARES = (Moment.STARTING, Moment.RUNNING, Moment.RUNNING, Moment.ANSWERING, Moment.ANSWERING)
"""Of five kills, so many at each moment."""


def kills_of(chance: random.Random, count: int, messages: int) -> list[Kill]:
    """Kills in random order, which share the messages among them."""
    share = messages / count
    longest = {Moment.STARTING: START_SECONDS, Moment.RUNNING: 2 * share / A_SECOND, Moment.ANSWERING: 2 * share}
    moments = [_SHARES[number % len(_SHARES)] for number in range(count)]
    chance.shuffle(moments)
    return [Kill(moment, chance.uniform(0, longest[moment])) for moment in moments]


@dataclass(frozen=True)
class Outcome:
    """What a run has come to. `errors` are processes that did not do as they were told."""

    kills: Counter[Moment]
    reckoning: Reckoning
    seconds: float
    errors: Sequence[str]


@asynccontextmanager
async def telegram() -> AsyncIterator[SandboxServer]:
    """A sandbox in real time, with Telegram's limits."""
    server = SandboxServer(Sandbox(lambda: datetime.now(UTC), limits=True))
    serving = asyncio.create_task(server.serve())
    try:
        yield server
    finally:
        server.stop()
        await serving


async def torment(address: str, folder: Path, *, messages: int, kills: int, seed: str) -> Outcome:
    """Kill, restart, let everything settle, count. The same seed gives the same people, times and kills."""
    began, chance, zone = time.monotonic(), random.Random(seed), zone_where_it_is_noon()
    async with telegram() as server:
        load = Load(server.sandbox, Size.of(messages), zone)
        database = Database(address)
        try:
            await load.prepare(database, first=datetime.now(UTC) + LEAD)
            settings = environment(server, address, folder, zone)
            writing = asyncio.create_task(load.write(random.Random(chance.random())))
            done: Counter[Moment] = Counter()
            errors = []
            for kill in kills_of(chance, kills, messages + 2 * load.size.letters):
                try:
                    await _kill(settings, server.sandbox, kill)
                except NotServing as error:
                    errors.append(f"after {done.total()} kills {error}")
                done[kill.moment] += 1
            errors += await _finish(settings, database, load, writing)
            found = await reckon(database, server.sandbox, load.written)
        finally:
            await database.close()
    return Outcome(done, found, time.monotonic() - began, errors)


async def _kill(settings: dict[str, str], sandbox: Sandbox, kill: Kill) -> None:
    served = await Served.start(settings)
    try:
        if kill.moment is Moment.STARTING:
            await asyncio.sleep(kill.after)
        else:
            await served.logged("serving")
            if kill.moment is Moment.RUNNING:
                await asyncio.sleep(kill.after)
            else:
                await _kill_at_message(served, sandbox, len(sandbox.ledger.entries) + int(kill.after))
    finally:
        served.kill()
        await served.ended()


async def _kill_at_message(served: Served, sandbox: Sandbox, number: int) -> None:
    """Kill within the call that brings this message, before the bot can hear that it has arrived."""
    came = asyncio.Event()

    def look() -> None:
        # Told when the message is in the chat, a moment before the ledger has it and the answer is written.
        if len(sandbox.ledger.entries) >= number and sandbox.transcript[-1].side == "bot":
            served.kill()
            came.set()

    end = sandbox.on_change(look)
    try:
        async with asyncio.timeout(START_SECONDS):
            await came.wait()
    except TimeoutError:
        # Nothing was left to send.
        pass
    finally:
        end()


async def _finish(settings: dict[str, str], database: Database, load: Load, writing: "asyncio.Task[None]") -> list[str]:
    """The last start is left alone. Returns what went wrong with the process."""
    served = await Served.start(settings)
    errors = []
    try:
        await writing
        await served.logged("serving")
        await settled(database, updates=len(load.written), seconds=PATIENCE)
    except NotServing as error:
        errors.append(f"at last {error}")
    except TimeoutError:
        errors.append(f"not everything was done {PATIENCE:.0f} s after the last kill: {served.last_words}")
    code = await served.stop()
    if code != 0:
        errors.append(f"the bot ended with {code}: {served.last_words}")
    return errors
