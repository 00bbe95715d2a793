"""The port of the webhook."""

import asyncio
import socket

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot import quiet_server
from bot.web.server import WebServer


async def test_an_answer_is_not_held_back_until_its_beginning_was_acknowledged() -> None:
    """Without TCP_NODELAY each answer to Telegram took 44 ms more."""
    found: list[int] = []

    async def page(_: Request) -> PlainTextResponse:
        # Nothing public tells the socket on which a request came.
        for connection in web._server.server_state.connections:
            accepted = connection.transport.get_extra_info("socket")
            found.append(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        return PlainTextResponse("stored")

    web = WebServer(Starlette(routes=[Route("/", page)]), 0)
    serving = asyncio.create_task(web.serve())
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"http://127.0.0.1:{web.port}/")).text == "stored"
    web.stop()
    await serving
    assert len(found) == 1
    assert found[0] != 0


@pytest.mark.parametrize("moment", [quiet_server.MOMENT, 0.0])
async def test_who_is_being_answered_is_answered_and_nobody_after_them(
    monkeypatch: pytest.MonkeyPatch, moment: float
) -> None:
    """Also whoever takes longer than the first moment, here none at all."""
    monkeypatch.setattr(quiet_server, "MOMENT", moment)
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def page(_: Request) -> PlainTextResponse:
        asked.set()
        await may_answer.wait()
        return PlainTextResponse("stored")

    web = WebServer(Starlette(routes=[Route("/", page)]), 0)
    address = f"http://127.0.0.1:{web.port}/"
    serving = asyncio.create_task(web.serve())
    async with httpx.AsyncClient(trust_env=False) as client, httpx.AsyncClient(trust_env=False) as late:
        answer = asyncio.create_task(client.get(address))
        await asked.wait()
        web.stop()
        # The port is closed in the loop's next round.
        await asyncio.sleep(0)
        with pytest.raises(httpx.ConnectError):
            await late.get(address)
        assert not serving.done()
        may_answer.set()
        assert (await answer).text == "stored"
    await serving
