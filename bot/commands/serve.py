"""`serve`: the bot itself, until SIGTERM or SIGINT. Exit codes: 0 stopped, 1 failed, 2 to be corrected."""

import argparse
import asyncio
import sys
from datetime import timedelta

import structlog
from telegram.error import InvalidToken

from bot import logs
from bot.app import Aftercare
from bot.clock import SystemClock
from bot.commands.database_ready import DatabaseProblem, check_ready
from bot.intake import ALLOWED_UPDATES
from bot.lifecycle import Nursery, StopSignal
from bot.settings import TELEGRAM, Settings, load
from bot.throttle import Limits
from bot.web.application import application, webhook_path
from bot.web.server import WebServer
from storage.database import Database
from storage.worker_lock import LOOK_SECONDS, LockLost, WorkerLock

log = structlog.get_logger()

SILENCE_OF_TIMER = timedelta(minutes=2)
"""Twelve missed ticks: the timer has stopped, and nudges and alerts with it."""


class TimerStopped(Exception):
    """The ticks no longer come. Only a new start helps."""


class CannotServe(Exception):
    """Why the bot cannot run here, in words for the person who started it."""


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to stop; returns the exit code. Raises SettingsError."""
    settings = load(arguments.env_file)
    if arguments.webhook:
        settings.check_webhook()
    logs.configure(level=settings.log_level, form=settings.log_format, secrets=settings.secrets())
    try:
        return asyncio.run(_Serving(settings, role=arguments.role, webhook=arguments.webhook).run())
    except InvalidToken:
        return _say(refused_token(settings), 2)
    except (CannotServe, DatabaseProblem) as error:
        return _say(str(error), 1)


def _say(sentence: str, code: int) -> int:
    print(sentence, file=sys.stderr)
    return code


def refused_token(settings: Settings) -> str:
    """What to do about a token that Telegram does not know; without the token."""
    where = "Telegram" if settings.telegram_api_url == TELEGRAM else settings.telegram_api_url
    return (
        f"BOT_TOKEN was refused by {where}. Copy it again from @BotFather (/mybots → API Token); "
        "after /revoke only the new one works."
    )


class _Serving:
    """One run of the bot in the roles that were asked for."""

    def __init__(self, settings: Settings, *, role: str, webhook: bool) -> None:
        self._settings = settings
        self._webhook = webhook
        self._works = role in {"all", "worker"}
        self._has_web = role == "web" or (webhook and role == "all")
        self._clock = SystemClock()
        self._database = Database(settings.database)
        self._lock = WorkerLock(self._database)
        self._lost_lock = False
        self._program = Aftercare(
            token=settings.token,
            api_url=settings.telegram_api_url,
            database=self._database,
            clock=self._clock,
            clinic=settings.clinic(),
            limits=Limits(),
        )

    async def run(self) -> int:
        """Until the signal (0) or until a part dies (1)."""
        self._stop = StopSignal()
        self._nursery = Nursery()
        try:
            await check_ready(self._database)
            if self._works and not await self._lock_taken():
                return 0
            return await self._serve()
        finally:
            await self._lock.release()
            await self._database.close()

    async def _lock_taken(self) -> bool:
        """Become the worker. False when the signal came while waiting for it."""
        if await self._lock.take():
            return True
        if self._database.is_sqlite:
            raise CannotServe(
                "Another aftercare is already working with this database. Stop it first, "
                "or use PostgreSQL, where a second one stands by."
            )
        log.info("standing_by")
        while not await self._lock.take():
            if await self._stop.wait(LOOK_SECONDS):
                return False
        log.info("taking_over")
        return True

    async def _serve(self) -> int:
        web = self._start_web()
        if self._works:
            self._nursery.start_loop("worker lock", self._lock.watch())
        try:
            if await self._stop.interrupts(self._start_program()):
                return 0
            log.info("serving", webhook=self._webhook, works=self._works, web=self._has_web)
            await self._stop.interrupts(self._until_failed())
            log.info("stopping")
            return 0
        except InvalidToken:
            raise
        except Exception as error:
            log.error("stopped_by_failure", error=type(error).__name__)
            self._lost_lock = isinstance(error, LockLost)
            return 1
        finally:
            await self._end(web)

    async def _end(self, web: WebServer | None) -> None:
        """Drain and stop every part, also when the database has gone."""
        if web is not None:
            web.stop()
        try:
            await self._program.stop(is_worker=not self._lost_lock)
        except Exception as error:
            log.error("not_stopped_in_order", error=type(error).__name__)
        await self._nursery.stop()

    def _start_web(self) -> WebServer | None:
        if not self._has_web:
            return None
        settings = self._settings
        app = application(
            self._database,
            self._clock,
            token=settings.token,
            secret=settings.webhook_secret.get_secret_value(),
            receiving=self._webhook,
        )
        try:
            web = WebServer(app, settings.port)
        except OSError as error:
            raise CannotServe(f"PORT {settings.port} cannot be used: {error.strerror}.") from error
        self._nursery.start_loop("web", web.serve())
        return web

    async def _start_program(self) -> None:
        """Connect to Telegram; a web process without a webhook has nothing to say to it."""
        if self._works or self._webhook:
            await self._program.start(polling=self._works and not self._webhook, working=self._works)
        if self._works:
            self._nursery.start_loop("watchdog", self._watch_timer())
        if self._has_web and self._webhook:
            await self._set_webhook()

    async def _set_webhook(self) -> None:
        settings = self._settings
        await self._program.application.bot.set_webhook(
            f"{settings.webhook_url}{webhook_path(settings.token)}",
            secret_token=settings.webhook_secret.get_secret_value(),
            allowed_updates=ALLOWED_UPDATES,
        )

    async def _watch_timer(self) -> None:
        while True:
            silent = self._clock.monotonic() - self._program.schedule.ticked_at
            if silent > SILENCE_OF_TIMER.total_seconds():
                raise TimerStopped(f"no tick for {silent:.0f} s")
            await asyncio.sleep(SILENCE_OF_TIMER.total_seconds() / 8)

    async def _until_failed(self) -> None:
        failures = [self._nursery.failed]
        if self._works or self._webhook:
            failures.append(self._program.nursery.failed)
        done, _ = await asyncio.wait(failures, return_when=asyncio.FIRST_COMPLETED)
        for future in done:
            future.result()
