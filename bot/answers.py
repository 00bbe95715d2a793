"""Answers in a conversation that Telegram did not take: said again, unless their person goes on.

A handler stores first and answers last. Where nothing was stored, the update is handled anew (bot/handling.py). Where
something was, nobody does it a second time, and without its answer a patient who has just followed their link would
read nothing at all: it is said again here.
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
Call = Callable[[], Awaitable[Result]]
MayRepeat = Callable[[], Awaitable[bool]]


RETRIES_AT_ONCE = 8
"""Of all chats together: the other connections are for what is said for the first time, and for alerts."""

LAST_TRY_SECONDS = 2.0
"""How long an answer may still take when its person has done something else, perhaps called for help.

Mostly they have tapped again, because nothing happened, and the answer is what they want.
"""


class GivenUp(Exception):
    """An answer is not said again: its person has done something else, it has taken too long, or the program stops."""


class Answer:
    """The answer to one update: its calls to Telegram, one after the other.

    `hurried`: its person has done something else already.
    """

    def __init__(self, answers: "Answers", chat_id: int, update_id: int, *, hurried: bool) -> None:
        self._answers = answers
        self._hurried = asyncio.Event()
        if hurried:
            self._hurried.set()
        self._last_try: asyncio.Timeout | None = None
        self.chat_id = chat_id
        self.update_id = update_id
        self.begun = False
        self.delayed = False
        """Whether Telegram did not take it at once."""

    async def give(self, call: Call[Result], *, may_repeat: MayRepeat | None) -> Result:
        """Make a call, and again while Telegram cannot be reached or asks to wait, as long as it may be repeated.

        After an unknown end, too: an answer that is read twice is better than none. Raises GivenUp, and what the call
        raises if it is not repeated. `may_repeat` None: it is made once.
        """
        self.begun = True
        if self._hurried.is_set():
            return await self._once_more(call)
        try:
            return await self._taken(call)
        except TelegramError as error:
            if not is_outage(error):
                raise
            self.delayed = True
            self._answers.troubled.add(self.chat_id)
            if may_repeat is None:
                raise
            failure = error
        with self._answers.standing_still(self):
            return await self._again(call, may_repeat, failure)

    async def _again(self, call: Call[Result], may_repeat: MayRepeat, failure: TelegramError) -> Result:
        now = asyncio.get_running_loop().time
        attempts, began = 1, now()
        while not self._hurried.is_set():
            asked = seconds_of(failure) if isinstance(failure, RetryAfter) else 0.0
            pause = answer_retry(attempts, waited=now() - began, asked=asked)
            if pause is None or self._answers.closed:
                raise GivenUp from failure
            log.warning("answer_delayed", update_id=self.update_id, attempts=attempts, error=type(failure).__name__)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._hurried.wait()
            if self._answers.closed or not await may_repeat():
                raise GivenUp from failure
            try:
                return await self._within(call, LAST_TRY_SECONDS if self._hurried.is_set() else None)
            except TelegramError as error:
                if not is_outage(error):
                    raise
                failure, attempts = error, attempts + 1
        raise GivenUp from failure

    async def _once_more(self, call: Call[Result]) -> Result:
        self.delayed = True
        try:
            return await self._within(call, LAST_TRY_SECONDS)
        except TelegramError as error:
            if is_outage(error):
                raise GivenUp from error
            raise

    async def _within(self, call: Call[Result], seconds: float | None) -> Result:
        """Make a call in one of the few places; if the person goes on meanwhile, it may take a moment more."""
        try:
            async with asyncio.timeout(seconds) as self._last_try, self._answers.places:
                return await self._taken(call)
        except TimeoutError:
            raise GivenUp from None
        finally:
            self._last_try = None

    async def _taken(self, call: Call[Result]) -> Result:
        result = await call()
        self._answers.troubled.discard(self.chat_id)
        return result

    def hurry(self) -> None:
        """The person has done something else."""
        self._hurried.set()
        if self._last_try is not None and self._last_try.when() is None:
            self._last_try.reschedule(asyncio.get_running_loop().time() + LAST_TRY_SECONDS)


class Answers:
    """The answers of all chats. `stands_still` is called whenever a chat begins to."""

    def __init__(self, stands_still: Callable[[], None]) -> None:
        self._stands_still = stands_still
        self._standing_still: dict[int, Answer] = {}
        self.places = asyncio.Semaphore(RETRIES_AT_ONCE)
        self.troubled: set[int] = set()
        """Chats whose last answer Telegram did not take: what is behind another one there is hurried."""
        self.closed = False

    def to(self, chat_id: int, update_id: int, *, hurried: bool) -> Answer:
        """The one to an update of a chat."""
        return Answer(self, chat_id, update_id, hurried=hurried)

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

    def hurry(self, chat_id: int) -> None:
        """The person has done something else: the answer is tried once more, and what comes behind it goes on."""
        if chat_id in self._standing_still:
            self._standing_still[chat_id].hurry()

    def close(self) -> None:
        """The program stops: nothing is said again."""
        self.closed = True
        for answer in self._standing_still.values():
            answer.hurry()
