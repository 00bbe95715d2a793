"""The bot as a process of its own, as a clinic runs it, against a sandbox in the test's process."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.sandbox.server import SandboxServer
from tests.forked import Forked

ROOT = Path(__file__).parent.parent


def zone_where_it_is_noon() -> ZoneInfo:
    """A zone in which it is between 12:00 and 13:00: a process with the real clock is never in quiet hours."""
    hours_ahead = (12 - datetime.now(UTC).hour + 11) % 24 - 11
    # The signs of Etc/GMT zones are turned round: Etc/GMT-3 is three hours ahead.
    return ZoneInfo(f"Etc/GMT{-hours_ahead:+d}")


def environment(server: SandboxServer, database_url: str, folder: Path, zone: ZoneInfo) -> dict[str, str]:
    """All settings of a clinic, and nothing of this machine's."""
    return {
        "PATH": os.environ["PATH"],
        "BOT_TOKEN": server.token,
        "DATABASE_URL": database_url,
        "TELEGRAM_API_URL": server.url,
        "CLINIC_NAME": "Lindenhof Clinic",
        "CLINIC_TIMEZONE": zone.key,
        "CLINIC_PHONE": "+33 1 23 45 67 89",
        "EMERGENCY_NUMBER": "112",
        "DATA_DIR": str(folder),
        "LOG_FORMAT": "json",
    }


async def run(*arguments: str, settings: dict[str, str]) -> Forked:
    """Start `python -m bot …`; what it prints is kept in its pipes."""
    return await Forked.start(*arguments, settings=settings, folder=ROOT)


@asynccontextmanager
async def serving(settings: dict[str, str], *arguments: str) -> AsyncIterator[Forked]:
    """The bot, serving until the block is left; killed if it does not stop by itself."""
    process = await run("serve", *arguments, settings=settings)
    drained = asyncio.create_task(process.communicate())
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(15):
                await drained
        except TimeoutError:
            process.kill()
            await drained
