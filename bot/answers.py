"""Answers in a conversation that Telegram did not take: said again, until their person goes on.

A handler stores first and answers last. Without its answer, a patient who has just followed their link would read
nothing at all, and not know what to do next.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TypeVar

import structlog
from telegram.error import RetryAfter, TelegramError

from bot.pacing import seconds_of
from bot.telegram_calls import is_outage
from messages.retrying import answer_retry

log = structlog.get_logger()

Result = TypeVar("Result")


class GivenUp(Exception):
    """An answer is not said again: its person has done something else, or Telegram has been away for nine hours."""


class Answer:
    """The answer to one update: its calls to Telegram, one after the other."""

    def __init__(self, answers: "Answers", chat_id: int, update_id: int) -> None:
        self._answers = answers
        self._interrupted = asyncio.Event()
        self.chat_id = chat_id
        self.update_id = update_id
        self.begun = False
        self.delayed = False
        """Whether Telegram did not take it at once."""

    async def give(self, call: Callable[[], Awaitable[Result]]) -> Result:
        """Make a call; again and again while Telegram cannot be reached or asks to wait.

        After an unknown end, too: an answer that is read twice is better than none. Raises GivenUp, and what the call
        raises when that does not pass by itself or the program stops.
        """
        self.begun = True
        try:
            return await call()
        except TelegramError as error:
            if not is_outage(error):
                raise
            failure = error
        self.delayed = True
        with self._answers.standing_still(self):
            return await self._again(call, failure)

    async def _again(self, call: Callable[[], Awaitable[Result]], failure: TelegramError) -> Result:
        attempts = 1
        while (pause := answer_retry(attempts)) is not None:
            log.warning("answer_delayed", update_id=self.update_id, attempts=attempts, error=type(failure).__name__)
            await self._pause(max(pause, seconds_of(failure)) if isinstance(failure, RetryAfter) else pause)
            if self._answers.closed:
                raise failure
            if self._interrupted.is_set():
                break
            try:
                return await call()
            except TelegramError as error:
                if not is_outage(error):
                    raise
                failure, attempts = error, attempts + 1
        raise GivenUp from failure

    async def _pause(self, seconds: float) -> None:
        if self._answers.closed:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._interrupted.wait()

    def interrupt(self) -> None:
        """It is not said again."""
        self._interrupted.set()


class Answers:
    """The answers of all chats. `stands_still` is called whenever a chat begins to."""

    def __init__(self, stands_still: Callable[[], None]) -> None:
        self._stands_still = stands_still
        self._standing_still: dict[int, Answer] = {}
        self.closed = False

    def to(self, chat_id: int, update_id: int) -> Answer:
        """The one to an update of a chat."""
        return Answer(self, chat_id, update_id)

    @property
    def standing(self) -> Mapping[int, int]:
        """The chats that stand still, each with the update that is to be answered."""
        return {chat_id: answer.update_id for chat_id, answer in self._standing_still.items()}

    @contextmanager
    def standing_still(self, answer: Answer) -> Iterator[None]:
        """While an answer is to be said again."""
        self._standing_still[answer.chat_id] = answer
        self._stands_still()
        try:
            yield
        finally:
            del self._standing_still[answer.chat_id]

    def go_on(self, chat_id: int) -> None:
        """The person has done something else: what they do next is answered instead."""
        if chat_id in self._standing_still:
            self._standing_still[chat_id].interrupt()

    def close(self) -> None:
        """The program stops: nothing is said again."""
        self.closed = True
        for answer in self._standing_still.values():
            answer.interrupt()
