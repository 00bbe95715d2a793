"""`serve`: the bot itself, until SIGTERM or SIGINT. Exit codes: 0 stopped, 1 failed, 2 to be corrected."""

import argparse
import asyncio
import gc
import sys

import structlog
from telegram.error import InvalidToken

from bot import logs
from bot.agreeing import agree, keep_agreeing
from bot.app import Aftercare
from bot.clock import Clock, SharedClock, SystemClock
from bot.commands.database_ready import DatabaseProblem, check_ready
from bot.intake import ALLOWED_UPDATES
from bot.lifecycle import Nursery, StopSignal
from bot.patience import Patience
from bot.settings import TELEGRAM, Settings, load
from bot.telegram_request import TelegramRequest
from bot.throttle import PAID_LIMITS, Limits
from bot.watchdog import Stuck, Watchdog
from bot.web.application import application, webhook_path
from bot.web.readiness import Reason, hears, holds
from bot.web.server import WebServer
from storage.database import Database
from storage.worker_lock import GRACE_SECONDS, LOOK_SECONDS, LockLost, WorkerLock

log = structlog.get_logger()


class CannotServe(Exception):
    """Why the bot cannot run here, in words for the person who started it."""


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to stop; returns the exit code. Raises SettingsError."""
    settings = load(arguments.env_file)
    if arguments.webhook:
        settings.check_webhook()
    if arguments.monitor is not None and _opens_port(arguments):
        return _say("--monitor is for a process without PORT; this one has the same pages there.", 2)
    logs.configure(level=settings.log_level, form=settings.log_format, secrets=settings.secrets())
    try:
        return asyncio.run(_Serving(settings, arguments).run())
    except InvalidToken:
        return _say(refused_token(settings), 2)
    except (CannotServe, DatabaseProblem) as error:
        return _say(str(error), 1)


def _opens_port(arguments: argparse.Namespace) -> bool:
    """Whether this process is asked for by others, at PORT."""
    return bool(arguments.role == "web" or (arguments.webhook and arguments.role == "all"))


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

    def __init__(self, settings: Settings, arguments: argparse.Namespace) -> None:
        self._settings = settings
        self._webhook: bool = arguments.webhook
        self._works = arguments.role in {"all", "worker"}
        self._monitor: int | None = arguments.monitor
        self._has_web = _opens_port(arguments)
        self._web: WebServer | None = None
        self._database = Database(settings.database)
        self._clock: Clock = SystemClock() if self._database.is_sqlite else SharedClock(SystemClock())
        self._lock = WorkerLock(self._database)
        self._patience = Patience("worker lock")
        self._program = Aftercare(
            token=settings.token,
            api_url=settings.telegram_api_url,
            new_request=TelegramRequest,
            database=self._database,
            clock=self._clock,
            clinic=settings.clinic(),
            limits=PAID_LIMITS if settings.paid_broadcast else Limits(),
        )

    async def run(self) -> int:
        """Until the signal (0) or until a part dies (1)."""
        self._stop = StopSignal()
        self._nursery = Nursery()
        self._start_watchdog()
        try:
            await check_ready(self._database)
            await self._agree_on_time()
            if self._works and not await self._lock_taken():
                return 0
            return await self._serve()
        finally:
            await self._nursery.stop()
            await self._lock.release()
            await self._database.close()

    async def _agree_on_time(self) -> None:
        if isinstance(self._clock, SharedClock):
            await agree(self._clock, self._database)
            self._nursery.start_loop("clock", keep_agreeing(self._clock, self._database))

    async def _lock_taken(self) -> bool:
        """Become the worker. False when the signal came while waiting for it."""
        if await self._lock.take():
            return True
        if self._database.is_sqlite:
            raise CannotServe(
                "Another aftercare is already working with this database. Stop it first, "
                "or use PostgreSQL, where a second one stands by."
            )
        return await self._stand_by()

    async def _stand_by(self) -> bool:
        """Wait until the lock is free. False when the signal came first."""
        self._open_web()
        log.info("standing_by")
        while not await self._lock_is_free():
            if await self._stop.wait(LOOK_SECONDS):
                return False
            if self._nursery.failed.done():
                self._nursery.failed.result()
        log.info("taking_over")
        return not await self._stop.wait(GRACE_SECONDS)

    async def _lock_is_free(self) -> bool:
        try:
            taken = await self._lock.take()
        except Exception as error:
            await self._patience.wait(error)
            return False
        self._patience.over()
        return taken

    async def _serve(self) -> int:
        self._open_web()
        try:
            while await self._serve_a_term():
                pass
            return 0
        except InvalidToken:
            raise
        except Exception as error:
            log.error("stopped_by_failure", error=type(error).__name__)
            return 1

    async def _serve_a_term(self) -> bool:
        """Work until the signal (False), or until this process is the worker for a second time (True)."""
        term = Nursery()
        is_worker = True
        if self._works:
            term.start_loop("worker lock", self._lock.watch())
        try:
            if not await self._stop.interrupts(self._start_program(term)):
                # What is there by now stays. To look through it for garbage stops everything for a tenth of a second.
                gc.freeze()
                log.info("serving", webhook=self._webhook, works=self._works, web=self._web is not None)
                await self._stop.interrupts(self._until_failed(term))
                log.info("stopping")
            return False
        except LockLost:
            log.warning("lock_lost")
            is_worker = False
        finally:
            await self._end(term, is_worker=is_worker)
        return await self._stand_by()

    async def _end(self, term: Nursery, *, is_worker: bool) -> None:
        """Drain and stop every part, also when the database has gone. The web stays for who stands by."""
        if is_worker and self._web is not None:
            self._web.stop()
        try:
            await self._program.stop(is_worker=is_worker)
        except Exception as error:
            log.error("not_stopped_in_order", error=type(error).__name__)
        self._watchdog.watch({})
        await term.stop()

    def _open_web(self) -> None:
        """Open the pages, once: also while standing by."""
        port = self._settings.port if self._has_web else self._monitor
        if self._web is not None or port is None:
            return
        settings = self._settings
        app = application(
            self._database,
            self._clock,
            token=settings.token,
            secret=settings.webhook_secret.get_secret_value(),
            receiving=self._has_web and self._webhook,
            needed=self._needed(),
            watchdog=self._watchdog,
        )
        try:
            self._web = WebServer(app, port)
        except OSError as error:
            raise CannotServe(f"PORT {port} cannot be used: {error.strerror}.") from error
        self._nursery.start_loop("web", self._web.serve())

    def _needed(self) -> tuple[Reason, ...]:
        """What this process needs to do its part, beside the database."""
        lock = (holds(self._lock),) if self._works else ()
        polls = self._works and not self._webhook
        return (*lock, hears(lambda: self._program.poller)) if polls else lock

    async def _start_program(self, term: Nursery) -> None:
        """Connect to Telegram; a web process without a webhook has nothing to say to it."""
        if self._works or self._webhook:
            await self._program.start(polling=self._works and not self._webhook, working=self._works)
        if self._works:
            self._watchdog.watch(self._program.signs())
        if self._has_web and self._webhook:
            await self._set_webhook()

    async def _set_webhook(self) -> None:
        settings = self._settings
        await self._program.application.bot.set_webhook(
            f"{settings.webhook_url}{webhook_path(settings.token)}",
            secret_token=settings.webhook_secret.get_secret_value(),
            allowed_updates=ALLOWED_UPDATES,
        )

    def _start_watchdog(self) -> None:
        loop = asyncio.get_running_loop()

        def stop(error: Stuck) -> None:
            loop.call_soon_threadsafe(self._nursery.fail, error)

        self._watchdog = Watchdog(stop=stop)
        self._nursery.start_loop("watchdog", self._watchdog.run())

    async def _until_failed(self, term: Nursery) -> None:
        failures = [self._nursery.failed, term.failed]
        if self._works or self._webhook:
            failures.append(self._program.nursery.failed)
        done, _ = await asyncio.wait(failures, return_when=asyncio.FIRST_COMPLETED)
        for future in done:
            future.result()
