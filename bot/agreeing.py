"""Processes on several machines agree on the time: they ask the database for it, again and again."""

import asyncio
from datetime import timedelta

import structlog

from bot.clock import SharedClock
from bot.patience import Patience
from storage.database import Database
from storage.database_time import database_time

log = structlog.get_logger()

ASK_SECONDS = 10.0
"""How often: quartz is wrong by less than a millisecond in this time."""

CLOCK_MAY_DIFFER = timedelta(seconds=10)
"""More than this, and the machine's clock is not set by NTP: reminders would come at visibly wrong times."""


async def agree(clock: SharedClock, database: Database) -> timedelta:
    """Set `clock` to the database's time, once. Returns how far this machine's is ahead. Raises what it raises."""
    async with database.read() as work:
        # The first question may have to wait for a connection; it says nothing about the time.
        await database_time(work)
        asked = clock.monotonic()
        theirs = await database_time(work)
    return clock.measured(theirs, asked=asked)


async def keep_agreeing(clock: SharedClock, database: Database) -> None:
    """Ask for as long as the program runs; while the database is away the clock goes on by itself."""
    patience = Patience("clock")
    differed = False
    while True:
        ahead = await patience.insist(lambda: agree(clock, database))
        differs = abs(ahead) > CLOCK_MAY_DIFFER
        if differs and not differed:
            log.warning("clock_differs", seconds_ahead=round(ahead.total_seconds()))
        differed = differs
        await asyncio.sleep(ASK_SECONDS)
