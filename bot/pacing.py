"""The throttle, put where python-telegram-bot asks for it: before every call but getUpdates."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import partial
from math import ceil
from typing import Any

from telegram.error import RetryAfter, TelegramError, TimedOut
from telegram.ext import BaseRateLimiter

from bot import measures
from bot.throttle import Paused, Place, Throttle
from messages.outgoing import Lane

CALL_SECONDS = 90.0
"""The longest call. The client's own limits are for each piece that is read or written: a line that trickles would
hold a chat for ever. Less than the lease of a message (storage/sending.py)."""


_PUT_INTO_CHAT = ("send", "copy", "forward")
_PAID_FOR = ("send", "copy")
_FREE = ("answerCallbackQuery", "getMe", "setMyCommands", "deleteMyCommands", "setChatMenuButton", "getWebhookInfo",
         "setWebhook", "deleteWebhook", "getFile", "sendChatAction")  # fmt: skip


class ThrottleLimiter(BaseRateLimiter[Place]):
    """Every call takes its turn in the throttle, unless it brings one; a 429 pauses the chat it was about."""

    def __init__(self, throttle: Throttle, *, paid_broadcast: bool = False) -> None:
        self._throttle = throttle
        self._paid_broadcast = paid_broadcast

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, Any]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: Place | None,
    ) -> Any:
        """Wait for the turn, then call. `rate_limit_args`: the place that was taken before. Raises what it raises.

        Without one it is an answer, and raises RetryAfter at once while Telegram wants silence: see bot/answers.py.
        """
        if self._paid_broadcast and endpoint.startswith(_PAID_FOR) and endpoint not in _FREE:
            data["allow_paid_broadcast"] = True
        call = partial(_call, callback, args, kwargs)
        if rate_limit_args is not None:
            return await self._in_turn(rate_limit_args, call)
        chat_id = data.get("chat_id")
        if endpoint in _FREE or not isinstance(chat_id, int):
            return await call()
        spaced = endpoint.startswith(_PUT_INTO_CHAT)
        try:
            async with self._throttle.turn(Lane.CONVERSATION, chat_id, spaced=spaced, bears_pauses=False) as place:
                return await self._in_turn(place, call)
        except Paused as paused:
            raise RetryAfter(ceil(paused.seconds)) from paused

    async def _in_turn(self, place: Place, call: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        with self._throttle.calling(place):
            try:
                return await call()
            except RetryAfter as flood:
                self._throttle.flooded(place.chat_id, seconds_of(flood))
                raise


async def _call(callback: Callable[..., Coroutine[Any, Any, Any]], args: Any, kwargs: dict[str, Any]) -> Any:
    try:
        async with asyncio.timeout(CALL_SECONDS):
            return await callback(*args, **kwargs)
    except TimeoutError as error:
        measures.failed(TimedOut())
        raise TimedOut from error
    except TelegramError as error:
        measures.failed(error)
        raise


def seconds_of(flood: RetryAfter) -> float:
    """How long Telegram asks to wait; the library gives a number or a timedelta."""
    wait = flood.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
