"""What every measurement stands on: sizes, databases, the sandbox, and the bot as a clinic runs it."""

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from bot.schedule import TICK_SECONDS
from storage.database import Database
from tests.bench import loads
from tests.bench.databases import Databases, Engine
from tests.bench.loads import People
from tests.bench.processes import Process
from tests.bench.sandbox import Sandbox
from tests.serving import zone_where_it_is_noon

T = TypeVar("T")

READY_SECONDS = 60.0
PEOPLE, SMALL, LARGE = "people", "small", "large"
"""Databases to copy from: with nothing pending, with some, with a million."""

CONNECTIONS = 16
"""Calls in flight and connections of every peer. The bare loop is no quicker with more: 2,386 a second with 16, 2,317
with 30 and 2,156 with 60."""


@dataclass(frozen=True)
class Sizes:
    """How much of everything. Times in seconds."""

    repetitions: int = 3
    practitioners: int = 20
    patients: int = 2_000
    large: int = 1_000_000
    small: int = 10_000
    lead: float = 5.0
    sends: int = 1_000
    alert_backlog: int = 10_000
    alerts: int = 100
    stock_backlog: int = 300
    late_seconds: float = 24.0
    lookups: int = 300
    taps: int = 1_000
    taps_per_second: float = 50.0
    tapping_patients: int = 500
    updates: int = 1_000
    wakes: int = 300
    clinic_practitioners: int = 200
    clinic_patients: int = 50
    idle_after: float = TICK_SECONDS + 3.0
    """The start sets menus, and the first tick makes its statements, once: 20 ms, on PostgreSQL 40."""
    idle_seconds: float = 20.0


def for_a_burst(minutes: int) -> Sizes:
    """An alert every 0.2 s for so long, and more routine messages than can go meanwhile."""
    return replace(Sizes(), alerts=minutes * 60 * 5, alert_backlog=minutes * 60 * 30)


SMOKE = Sizes(
    repetitions=1,
    practitioners=10,
    patients=60,
    large=3_000,
    small=300,
    sends=40,
    alert_backlog=200,
    alerts=10,
    stock_backlog=30,
    late_seconds=2.0,
    lookups=20,
    taps=60,
    taps_per_second=20.0,
    tapping_patients=30,
    updates=60,
    wakes=20,
    clinic_practitioners=4,
    clinic_patients=10,
    idle_after=3.0,
    idle_seconds=2.0,
)
"""Enough to see that everything arrives; what it says of speed means nothing."""


class Bench:
    """One run. Each measurement gets it."""

    def __init__(self, sizes: Sizes, databases: Databases, sandbox: Sandbox, folder: Path) -> None:
        self.sizes = sizes
        self.databases = databases
        self.sandbox = sandbox
        self._folder = folder
        self._zone = zone_where_it_is_noon()
        self._port = _free_port()
        self._slowest_start = 0.0
        self.people = People(sandbox.chats[: sizes.practitioners], sandbox.chats[sizes.practitioners :], self._zone)

    @contextmanager
    def database(self, engine: Engine, template: str = PEOPLE) -> Iterator[str]:
        """The address of a fresh database: with people, and what `template` has pending."""
        self.databases.template(engine, PEOPLE, self._fill_people)
        pending = {SMALL: self.sizes.small, LARGE: self.sizes.large}.get(template)
        if pending is not None:

            async def fill(database: Database) -> None:
                await loads.add_pending(database, self.people, pending)

            self.databases.template(engine, template, fill, based_on=PEOPLE)
        with self.databases.copy(engine, template) as url:
            yield url

    async def _fill_people(self, database: Database) -> None:
        await loads.add_people(database, self.people)

    def with_database(self, url: str, work: Callable[[Database], Awaitable[T]]) -> T:
        """Do something in a database before or after the measurement."""

        async def run() -> T:
            database = Database(url)
            try:
                return await work(database)
            finally:
                await database.close()

        return asyncio.run(run())

    @contextmanager
    def bot(self, url: str, *, limits: bool = True) -> Iterator[Process]:
        """The bot, serving. Raises WrongResult when it does not come up, or does not stop in order."""
        words = ("-m", "tests.bench.deployed_bot" if limits else "tests.bench.unlimited_bot")
        with Process(*words, environment=self.environment(url)) as process:
            at, _ = process.line('"serving"', READY_SECONDS)
            self._slowest_start = max(self._slowest_start, at - process.started_at)
            yield process
            process.stop()

    def start_time(self, url: str) -> tuple[float, float]:
        """Seconds from the start of the process to "serving", and the memory (MB) that it holds a second later."""
        with Process("-m", "tests.bench.deployed_bot", environment=self.environment(url)) as process:
            at, _ = process.line('"serving"', READY_SECONDS)
            time.sleep(1.0)
            memory = process.resident_mb()
            process.stop()
        return at - process.started_at, memory

    def environment(self, url: str) -> dict[str, str]:
        """All settings of a clinic, and nothing of this machine's."""
        return {
            "PATH": os.environ["PATH"],
            "BOT_TOKEN": self.sandbox.token,
            "DATABASE_URL": url,
            "TELEGRAM_API_URL": self.sandbox.url,
            "CLINIC_NAME": "Lindenhof Clinic",
            "CLINIC_TIMEZONE": self._zone.key,
            "CLINIC_PHONE": "+33 1 23 45 67 89",
            "EMERGENCY_NUMBER": "112",
            "DATA_DIR": str(self._folder),
            "PORT": str(self._port),
            "LOG_FORMAT": "json",
        }

    def soon(self) -> datetime:
        """When what is to be measured falls due: late enough for a process to start, also on a busy machine."""
        return datetime.now(UTC) + timedelta(seconds=max(self.sizes.lead, 2 + 2 * self._slowest_start))


def wait_until(moment: datetime) -> None:
    """Until then; no time at all where it is past, because the machine was slow. That shows in the figures."""
    time.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
