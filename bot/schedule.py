"""APScheduler drives the recurring flows: nudges, silences, the ladder of alerts, digests, retention. No rules here.

Jobs live in memory, are never dropped for being late and never overlap. Each catches its own errors, because an
exception that reaches APScheduler 3.11's own loop stops the timer silently; `ticked_at` lets a watchdog see that.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from bot.clock import Clock
from bot.patience import Patience
from messages.clinic import Clinic
from storage.agenda import Agenda, agenda
from storage.database import Database

log = structlog.get_logger()

TICK_SECONDS = 10
"""How often the flows look for what is due. The shortest rung of the ladder is ten minutes."""

Tick = Callable[[Database, Clinic, datetime], Awaitable[int]]
"""A timed flow: does everything that is due at the given time and returns how much it did."""

NextTime = Callable[[Agenda], datetime | None]
"""When a kind of work falls due next; None when nothing is planned."""


@dataclass(frozen=True)
class Timed:
    """A tick, and when it next has something to do. What is `in_passing` has no time of its own to be woken for."""

    tick: Tick
    next_at: NextTime
    in_passing: bool = False


class Schedule:
    """Runs every tick every ten seconds, and all at once when time was moved."""

    def __init__(self, ticks: Mapping[str, Timed], database: Database, clinic: Clinic, clock: Clock) -> None:
        self._ticks = ticks
        self._database = database
        self._clinic = clinic
        self._clock = clock
        self._scheduler = AsyncIOScheduler(timezone=clinic.zone)
        self._running = asyncio.Lock()
        self._patience = Patience("ticks")
        self.ticked_at = clock.monotonic()

    def start(self) -> None:
        """Start the timer in the running loop."""
        self._scheduler.add_job(
            self._run_logged,
            IntervalTrigger(seconds=TICK_SECONDS),
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )
        self._scheduler.start()

    def stop(self) -> None:
        """Stop the timer; a tick under way is waited for by the caller."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def run_all(self, planned: Agenda) -> dict[str, int]:
        """Everything of `planned` that is due now, by name. Raises what a flow raises."""
        async with self._running:
            return {
                name: await tick(self._database, self._clinic, self._clock.now())
                for name, tick in self._due(planned).items()
            }

    def next_time(self, planned: Agenda) -> datetime | None:
        """When the next tick will have something to do."""
        times = [timed.next_at(planned) for timed in self._ticks.values() if not timed.in_passing]
        return min((each for each in times if each is not None), default=None)

    async def _agenda(self) -> Agenda:
        async with self._database.read() as work:
            return await agenda(work, now=self._clock.now())

    def _due(self, planned: Agenda) -> dict[str, Tick]:
        """The ticks that have something to do."""
        times = {name: timed.next_at(planned) for name, timed in self._ticks.items()}
        now = self._clock.now()
        return {name: self._ticks[name].tick for name, at in times.items() if at is not None and at <= now}

    async def _run_logged(self) -> None:
        """Run by APScheduler, whose loop must never see an exception."""
        try:
            async with self._running:
                for name, tick in self._due(await self._agenda()).items():
                    await self._run_one(name, tick)
                    self.ticked_at = self._clock.monotonic()
            self._patience.over()
        except Exception as error:
            self._note("ticks_failed", error)
        self.ticked_at = self._clock.monotonic()

    async def _run_one(self, name: str, tick: Tick) -> None:
        try:
            done = await tick(self._database, self._clinic, self._clock.now())
        except Exception as error:
            self._note("tick_failed", error, tick=name)
        else:
            if done:
                log.info("tick", tick=name, done=done)

    def _note(self, event: str, error: Exception, **more: str) -> None:
        """A database that is away is said once: the next tick does what this one could not."""
        try:
            self._patience.note(error)
        except Exception:
            log.error(event, error=type(error).__name__, exc_info=error, **more)
