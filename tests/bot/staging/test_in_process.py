"""A sandbox in the same process answers as one that is served: the simulator leaves out the network, no more."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest, Forbidden, InvalidToken, TelegramError
from telegram.request import BaseRequest, RequestData

from bot.lifecycle import Nursery
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.server import SandboxServer
from bot.staging.in_process import ADDRESS, InProcessRequest
from bot.telegram_request import TelegramRequest

PICTURE = Path(__file__).parents[3] / "docs" / "demo.png"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


Way = Callable[[Sandbox], AbstractAsyncContextManager[tuple[str, Callable[[], BaseRequest]]]]
"""Makes a sandbox reachable: its address, and what to call it with."""


class Overheard(BaseRequest):
    """Passes calls on, and keeps what was answered."""

    def __init__(self, request: BaseRequest) -> None:
        self._request = request
        self.answers: list[tuple[int, object]] = []

    @property
    def read_timeout(self) -> float | None:
        return self._request.read_timeout

    async def initialize(self) -> None:
        await self._request.initialize()

    async def shutdown(self) -> None:
        await self._request.shutdown()

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *times: object, **more: object
    ) -> tuple[int, bytes]:
        status, answer = await self._request.do_request(url, method, request_data)
        self.answers.append((status, json.loads(answer)))
        return status, answer


@asynccontextmanager
async def _served(sandbox: Sandbox) -> AsyncIterator[tuple[str, Callable[[], BaseRequest]]]:
    server, nursery = SandboxServer(sandbox), Nursery()
    serving = nursery.start_loop("sandbox", server.serve())
    try:
        yield server.url, lambda: TelegramRequest(4)
    finally:
        server.stop()
        await asyncio.gather(serving, return_exceptions=True)
        await nursery.stop()


@asynccontextmanager
async def _in_process(sandbox: Sandbox) -> AsyncIterator[tuple[str, Callable[[], BaseRequest]]]:
    yield ADDRESS, lambda: InProcessRequest(sandbox)


async def _refused(kind: type[TelegramError], call: Awaitable[object]) -> None:
    with pytest.raises(kind):
        await call


async def _talk(bot: Bot, sandbox: Sandbox) -> None:
    """A bit of everything that the bot does, and is refused."""
    anna = sandbox.person("Anna", language_code="fr")
    anna.start("token")
    buttons = InlineKeyboardMarkup([[InlineKeyboardButton("Yes & no", callback_data="yes")]])
    asked = await bot.send_message(anna.id, "How <b>is</b> it, “Zoë” 🙂?", parse_mode="HTML", reply_markup=buttons)
    anna.tap("Yes & no")
    _, tapped = await bot.get_updates(timeout=0)
    assert tapped.callback_query is not None
    await bot.edit_message_text("Thank you", anna.id, asked.message_id)
    await bot.answer_callback_query(tapped.callback_query.id, "Noted", show_alert=True)
    assert await bot.get_updates(offset=tapped.update_id + 1, timeout=0) == ()
    await bot.send_photo(anna.id, PICTURE.read_bytes(), caption="A picture", filename="plan.png")
    await bot.copy_message(anna.id, anna.id, asked.message_id)
    await bot.set_my_commands([("next", "The next appointment")], language_code="en")
    await _refused(BadRequest, bot.send_message(anna.id, "<b>open", parse_mode="HTML"))
    await _refused(BadRequest, bot.edit_message_text("Thank you", anna.id, asked.message_id))
    await _refused(BadRequest, bot.send_message(1, "Nobody"))
    anna.block()
    await _refused(Forbidden, bot.send_message(anna.id, "Are you there?"))


async def _overheard(way: Way, token: str | None = None) -> tuple[Overheard, Sandbox]:
    sandbox = Sandbox(lambda: NOW)
    async with way(sandbox) as (url, connect):
        overheard = Overheard(connect())
        bot = Bot(token or sandbox.token, base_url=f"{url}/bot", request=overheard, get_updates_request=overheard)
        async with overheard:
            if token is None:
                await bot.get_me()
                await _talk(bot, sandbox)
            else:
                await _refused(InvalidToken, bot.get_me())
                await _refused(InvalidToken, bot.get_updates(timeout=0))
    return overheard, sandbox


async def test_every_answer_is_the_same_as_over_http() -> None:
    over_http, served = await _overheard(_served)
    in_process, near = await _overheard(_in_process)
    assert in_process.answers == over_http.answers
    assert {status for status, _ in in_process.answers} == {200, 400, 403}
    assert len(in_process.answers) > 10
    assert near.transcript == served.transcript
    assert near.ledger.entries == served.ledger.entries


async def test_another_token_is_refused_as_over_http() -> None:
    over_http, _ = await _overheard(_served, "1:another")
    in_process, _ = await _overheard(_in_process, "1:another")
    assert in_process.answers == over_http.answers
    assert [status for status, _ in in_process.answers] == [401, 401]


async def test_a_method_that_there_is_not_is_refused_as_over_http() -> None:
    for way in (_served, _in_process):
        sandbox = Sandbox(lambda: NOW)
        async with way(sandbox) as (url, connect), connect() as request:
            status, answer = await request.do_request(f"{url}/bot{sandbox.token}/sendPigeon", "POST", RequestData())
            assert (status, json.loads(answer)["error_code"]) == (404, 404)
