"""`doctor`: what keeps the bot from working, a line each. Exit code 1 if anything is wrong."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx
from telegram import Bot
from telegram.error import TelegramError

from bot import logs
from bot.agreeing import CLOCK_MAY_DIFFER, agree
from bot.clock import Clock, SharedClock, SystemClock
from bot.commands.connecting import CannotConnect, telegram
from bot.settings import Settings, SettingsError, load
from bot.web.application import webhook_path
from storage import schema, staff
from storage.database import Database, normal_url

WEBHOOK_MAY_WAIT = 100
"""Updates that may wait at Telegram: more means that the webhook does not keep up."""


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    right: bool
    subject: str
    words: str

    def line(self) -> str:
        """As it is printed."""
        return f"{'ok   ' if self.right else 'WRONG'}  {self.subject:<9}  {self.words}"


def run(arguments: argparse.Namespace) -> int:
    """Print every finding; returns 1 if any of them is wrong."""
    try:
        settings = load(arguments.env_file)
    except SettingsError as error:
        for line in error.lines:
            print(Finding(False, "settings", line).line())
        return 1
    logs.configure(level="ERROR", form=settings.log_format, secrets=settings.secrets())
    return asyncio.run(_report(settings, SystemClock()))


async def _report(settings: Settings, clock: Clock) -> int:
    everything_right = True
    async for finding in examine(settings, clock):
        print(finding.line())
        everything_right = everything_right and finding.right
    return 0 if everything_right else 1


async def examine(settings: Settings, clock: Clock) -> AsyncIterator[Finding]:
    """All findings, the settings first."""
    yield Finding(True, "settings", f"{settings.clinic_name}, {settings.clinic_timezone}")
    async for finding in _of_database(settings, clock):
        yield finding
    try:
        async with telegram(settings) as bot:
            yield Finding(True, "token", f"@{bot.username}")
            yield await _of_webhook(bot, settings)
    except CannotConnect as error:
        yield Finding(False, "token", str(error))
    yield await _of_clock(settings, clock)


async def _of_database(settings: Settings, clock: Clock) -> AsyncIterator[Finding]:
    database = Database(settings.database)
    address = normal_url(settings.database).render_as_string(hide_password=True)
    try:
        version, newest = await schema.current(database), schema.NEWEST
        if version != newest:
            words = f"{address} is at version {version or 'none'}, needed is {newest}: python -m bot db upgrade"
            yield Finding(False, "database", words)
            return
        yield Finding(True, "database", f"{address}, version {version}")
        async with database.read() as work:
            missing = await staff.unreachable(work)
            admins = await staff.admins(work)
        ahead = None if database.is_sqlite else await agree(SharedClock(clock), database)
    except Exception as error:
        # Whatever the driver raises, its own words may hold the password.
        yield Finding(False, "database", f"{address} does not answer ({type(error).__name__})")
        return
    finally:
        await database.close()
    yield _of_staff([f"{each.name} (since {each.unreachable_since:%d.%m.%Y %H:%M} UTC)" for each in missing])
    if not admins:
        yield Finding(False, "admins", "nobody yet: aftercare invite admin NAME")
    if ahead is not None:
        yield _of_database_clock(ahead)


def _of_database_clock(ahead: timedelta) -> Finding:
    """SQLite has no clock but this machine's."""
    words = f"this machine's clock is {ahead.total_seconds():+.0f} s from the database's, whose time counts"
    if abs(ahead) > CLOCK_MAY_DIFFER:
        return Finding(False, "time", f"{words}: set both by NTP")
    return Finding(True, "time", words)


def _of_staff(missing: list[str]) -> Finding:
    if missing:
        words = f"cannot be reached in Telegram: {', '.join(missing)}. They must unblock the bot."
        return Finding(False, "staff", words)
    return Finding(True, "staff", "everybody can be reached")


async def _of_webhook(bot: Bot, settings: Settings) -> Finding:
    """A webhook that is not ours swallows every update; one that fails delays them."""
    try:
        info = await bot.get_webhook_info()
    except TelegramError as error:
        return Finding(False, "webhook", f"cannot be asked for ({type(error).__name__})")
    if not info.url:
        return Finding(True, "webhook", "none: updates are polled")
    ours = f"{settings.webhook_url}{webhook_path(settings.token)}"
    if info.url != ours:
        words = "another address is set at Telegram; serve sets it right, with or without --webhook"
        return Finding(False, "webhook", words)
    if info.pending_update_count > WEBHOOK_MAY_WAIT:
        words = f"{info.pending_update_count} updates wait; last error: {info.last_error_message or 'none'}"
        return Finding(False, "webhook", words)
    return Finding(True, "webhook", f"{settings.webhook_url}, {info.pending_update_count} updates wait")


async def _of_clock(settings: Settings, clock: Clock) -> Finding:
    """The offset of this machine's clock from that of Telegram's server, within a second."""
    try:
        async with httpx.AsyncClient(timeout=10) as client:
            answer = await client.head(settings.telegram_api_url)
        theirs = parsedate_to_datetime(answer.headers.get("Date", ""))
    except httpx.HTTPError as error:
        return Finding(False, "clock", f"cannot be compared with Telegram's ({type(error).__name__})")
    except ValueError:
        return Finding(True, "clock", f"not compared: {settings.telegram_api_url} does not tell the time")
    offset = clock.now() - theirs
    words = f"{offset.total_seconds():+.0f} s from Telegram's"
    if abs(offset) > CLOCK_MAY_DIFFER:
        return Finding(False, "clock", f"{words}: set this machine's clock by NTP")
    return Finding(True, "clock", words)
