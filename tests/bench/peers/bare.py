"""The bare loop: `bot.send_message` to one chat after the other, nothing stored. The limit of what can be had.

`client` is "aiohttp" (the bot's own request class) or "httpx" (python-telegram-bot's).
"""

import asyncio
from collections.abc import Iterator

from telegram import Bot
from telegram.request import BaseRequest, HTTPXRequest

from bot.telegram_request import TelegramRequest
from tests.bench.peers import protocol


async def _main() -> None:
    given = protocol.parameters()
    connections = int(given["connections"])
    own = given["client"] == "aiohttp"
    request: BaseRequest = TelegramRequest(connections) if own else HTTPXRequest(connection_pool_size=connections)
    async with Bot(given["token"], base_url=f"{given['api']}/bot", request=request) as bot:
        await protocol.ready()
        chats = iter(given["chats"])
        await asyncio.gather(*(_send_all(bot, chats) for _ in range(connections)))
        await protocol.done()


async def _send_all(bot: Bot, chats: Iterator[int]) -> None:
    """Several of these share one list."""
    for chat_id in chats:
        await protocol.send(bot, chat_id)


if __name__ == "__main__":
    asyncio.run(_main())
