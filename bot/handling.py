"""Stored updates become handled ones: one at a time in a chat, many chats side by side."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import structlog
from telegram import Update
from telegram.error import InvalidToken, RetryAfter
from telegram.ext import Application

from bot import measures
from bot.answers import Answers, GivenUp
from bot.clock import Clock
from bot.flows.note_unreachable import note_return
from bot.flows.report_dead_letter import report_dead_letter
from bot.intake import ALLOWED_UPDATES
from bot.keyboards import decode
from bot.lifecycle import Nursery, Wake
from bot.pacing import seconds_of
from bot.patience import Patience
from bot.telegram_bot import TelegramBot
from bot.telegram_calls import OUTAGES, is_outage
from bot.texts import PublishedTexts
from bot.turn import TURN, Turn
from bot.watchdog import Beat
from messages.clinic import Clinic
from messages.retrying import handling_retry
from messages.templates import language_or_default
from storage import callers, inbox
from storage.database import Database, is_database_outage

log = structlog.get_logger()

CHATS_AT_ONCE = 16
"""How many chats are handled side by side; SQLite writes one after the other anyway."""

LOOK_AGAIN = 2.0
"""Seconds after which the inbox is read again without news: another process may have stored something."""

Bots = Application[TelegramBot, Any, Any, Any, Any, Any]


class Handling:
    """Takes waiting updates from the inbox to python-telegram-bot's handlers."""

    def __init__(
        self,
        application: Bots,
        database: Database,
        clock: Clock,
        clinic: Clinic,
        texts: PublishedTexts,
        nursery: Nursery,
        progress: Wake,
    ) -> None:
        self._application = application
        self._database = database
        self._clock = clock
        self._clinic = clinic
        self._texts = texts
        self._nursery = nursery
        self._progress = progress
        self._chats: set[int] = set()
        self._patience = Patience("handling")
        self.beat = Beat()
        self.wake = Wake()
        self._answers = Answers(self.wake.call)
        self.stopping = False

    @property
    def busy(self) -> int:
        """How many chats are being handled."""
        return len(self._chats)

    async def run(self) -> None:
        """Handle whatever waits, until the program stops."""
        patience = Patience("inbox")
        while not self.stopping:
            if await patience.bear(self._look):
                await self.wake.wait(LOOK_AGAIN)

    def stop(self) -> None:
        """Begin nothing more; what is under way ends."""
        self.stopping = True
        self._answers.close()

    async def _look(self) -> None:
        self.beat.give()
        standing = self._answers.standing
        # A chat that stands still for its answer takes no place.
        room = CHATS_AT_ONCE - len(self._chats - standing.keys())
        rows: Sequence[inbox.Waiting] = ()
        async with self._database.read() as work:
            if room > 0:
                rows = await inbox.waiting(
                    work, now=self._clock.now(), but_not=self._chats, limit=room, yielding=OUTAGES
                )
            gone_on = await inbox.with_more(work, standing) if standing else ()
        for chat_id in gone_on:
            self._answers.hurry(chat_id)
        if self.stopping:
            return
        for row in rows:
            self._chats.add(row.chat_id)
            self._nursery.start_job(f"update {row.update_id}", self._handle_one(*row))

    async def _handle_one(
        self, update_id: int, chat_id: int, payload: str, attempts: int, received_at: datetime
    ) -> None:
        try:
            turn = await self._handle(update_id, chat_id, payload, attempts)
            if turn is not None and not turn.answer.delayed:
                measures.handled(received_at=received_at, now=self._clock.now())
            self._patience.over()
        except Exception as error:
            # The update stays in the inbox as it is, or as done if only the answer to the commit got lost.
            await self._patience.wait(error)
        finally:
            self._chats.discard(chat_id)
            self.wake.call()
            self._progress.call()

    async def _handle(self, update_id: int, chat_id: int, payload: str, attempts: int) -> Turn | None:
        """What was done with the update; None if it is to be tried again, or was set aside."""
        try:
            in_trouble = attempts > 0 or chat_id in self._answers.troubled
            hurried = in_trouble and await self._has_more(update_id, chat_id)
            turn = await self._turn(chat_id, payload, hurried=hurried)
            await self._note_return(turn)
        except Exception as error:
            # Often no update that this library can read: nothing of it can be handled, all of it is kept.
            await self._failed(update_id, attempts, error)
            return None
        TURN.set(turn)
        await self._application.process_update(turn.update)
        if isinstance(turn.failure, InvalidToken):
            # Nothing can be answered until the token is corrected: the update stays, and the program stops.
            raise turn.failure
        if turn.failure is not None and not turn.committed and not isinstance(turn.failure, GivenUp):
            await self._failed(update_id, attempts, turn.failure, answering=turn.answer.begun)
            return None
        await turn.end()
        if isinstance(turn.failure, GivenUp):
            log.warning("answer_given_up", update_id=update_id)
            self._nursery.start_job(f"tap {update_id}", self._close_tap(turn, turn.stop_spinning))
            return turn
        if turn.failure is not None:
            log.error("answer_failed", update_id=update_id, error=type(turn.failure).__name__, exc_info=turn.failure)
        await self._close_tap(turn, turn.toast)
        return turn

    async def _has_more(self, update_id: int, chat_id: int) -> bool:
        async with self._database.read() as work:
            return bool(await inbox.with_more(work, {chat_id: update_id}))

    async def _close_tap(self, turn: Turn, close: Callable[[], Awaitable[None]]) -> None:
        """Every tap gets an answer, or the button would spin on the phone."""
        try:
            await close()
        except Exception as error:
            log.warning("tap_not_answered", update_id=turn.update.update_id, error=type(error).__name__)

    async def _turn(self, chat_id: int, payload: str, *, hurried: bool) -> Turn:
        update = Update.de_json(_understood(json.loads(payload)), self._application.bot)
        user = update.effective_user
        query = update.callback_query
        async with self._database.read() as work:
            caller = await callers.caller(
                work,
                user.id if user else inbox.NO_CHAT,
                language=language_or_default(user.language_code if user else None, self._clinic.language),
            )
            texts = await self._texts.current(work, caller.texts_version)
        return Turn(
            update=update,
            bot=self._application.bot,
            actor=caller.actor,
            dialog=caller.dialog,
            tap=decode(query.data) if query and query.data else None,
            now=self._clock.now(),
            clinic=self._clinic,
            texts=texts,
            database=self._database,
            answer=self._answers.to(chat_id, update.update_id, hurried=hurried),
        )

    async def _note_return(self, turn: Turn) -> None:
        """Who was refused by Telegram and does something here is back, whatever becomes of what they do."""
        if not (turn.actor.unreachable and turn.is_presence):
            return
        try:
            async with self._database.work() as work:
                await note_return(work, patient_id=turn.actor.patient_id, staff_id=turn.actor.staff_id, now=turn.now)
        except Exception as error:
            if is_database_outage(error):
                raise
            # A bug: what they write may be an emergency, and must not fall with this.
            log.error("return_not_noted", update_id=turn.update.update_id, error=type(error).__name__, exc_info=error)

    async def _failed(self, update_id: int, attempts: int, error: Exception, *, answering: bool = False) -> None:
        """Try again later, or set aside. What only its answer holds up yields to what is behind it (`OUTAGES`)."""
        tried = attempts + 1
        telegram_away = is_outage(error)
        asked = seconds_of(error) if isinstance(error, RetryAfter) else 0.0
        wait = handling_retry(tried, outage=telegram_away or is_database_outage(error), asked=asked)
        retry_at = self._clock.now() + wait if wait is not None else None
        log.error(
            "update_failed" if retry_at else "update_set_aside",
            update_id=update_id,
            attempts=tried,
            again_in=wait.total_seconds() if wait is not None else None,
            error=type(error).__name__,
            exc_info=None if telegram_away else error,
        )
        async with self._database.work() as work:
            name = type(error).__name__
            await inbox.mark_failed(
                work,
                update_id,
                error=name if answering or name not in OUTAGES else f"{name} before the answer",
                retry_at=retry_at,
                now=self._clock.now(),
            )
            if retry_at is None:
                await report_dead_letter(
                    work, update_id=update_id, language=self._clinic.language, now=self._clock.now()
                )
            await work.commit()
        if wait is not None:
            asyncio.get_running_loop().call_later(wait.total_seconds(), self.wake.call)


def _understood(update: dict[str, Any]) -> dict[str, Any]:
    """The update without kinds that nobody asked for: the library may stumble over what it knows only in part."""
    return {name: content for name, content in update.items() if name == "update_id" or name in ALLOWED_UPDATES}
