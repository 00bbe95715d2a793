"""The library's client on our request class, and what a failed call comes to."""

import traceback
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import pytest
from telegram import Bot
from telegram.error import TelegramError

from bot.telegram_calls import failure_of
from bot.telegram_request import TelegramRequest
from messages.retrying import Failure

TOKEN = "123456:the-secret-of-the-bot"


@asynccontextmanager
async def calling(
    url: str, *, token: str = TOKEN, connections: int = 4, read_timeout: float = 20, connect_timeout: float = 5
) -> AsyncIterator[Bot]:
    """The library's client on our request class."""
    async with (
        TelegramRequest(connections, read_timeout=read_timeout, connect_timeout=connect_timeout) as request,
        TelegramRequest(1, read_timeout=read_timeout) as polls,
    ):
        yield Bot(
            token,
            base_url=f"{url}/bot",
            base_file_url=f"{url}/file/bot",
            request=request,
            get_updates_request=polls,
        )


async def error_of(call: Awaitable[object]) -> TelegramError:
    """The error that a call ends with; whatever is logged of it, the token is not in it."""
    with pytest.raises(TelegramError) as caught:
        await call
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    return caught.value


async def failure(call: Awaitable[object]) -> Failure:
    return failure_of(await error_of(call))[0]
