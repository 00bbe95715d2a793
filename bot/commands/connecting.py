"""A short conversation with Telegram from the command line, without the rest of the bot."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from bot.commands.serve import refused_token
from bot.settings import Settings
from bot.telegram_request import TelegramRequest


class CannotConnect(Exception):
    """Why Telegram cannot be asked, in words, without the token. `code` is the exit code."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


@asynccontextmanager
async def telegram(settings: Settings) -> AsyncIterator[Bot]:
    """The bot, once Telegram has accepted its token. Raises CannotConnect."""
    bot = Bot(
        settings.token,
        base_url=f"{settings.telegram_api_url}/bot",
        request=TelegramRequest(4, read_timeout=10),
        get_updates_request=TelegramRequest(1),
    )
    try:
        await bot.initialize()
    except InvalidToken:
        await bot.shutdown()
        raise CannotConnect(refused_token(settings), 2) from None
    except TelegramError as error:
        await bot.shutdown()
        raise CannotConnect(f"{settings.telegram_api_url} cannot be reached ({type(error).__name__}).", 1) from None
    try:
        yield bot
    finally:
        await bot.shutdown()
