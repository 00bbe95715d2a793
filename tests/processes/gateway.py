"""A gateway between processes: a load balancer before the web, and a witness before Telegram."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Self

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.web.server import WebServer

KEPT_HEADERS = ("content-type", "x-telegram-bot-api-secret-token")


@dataclass(frozen=True)
class Passed:
    """A request that came through: when it came (monotonic seconds), the end of its path, and the answer's status."""

    at: float
    name: str
    status: int


class Gateway:
    """Passes each request to the next of its targets, or to the one after it where that one is not there."""

    def __init__(self, *targets: str) -> None:
        self.passed: list[Passed] = []
        self._next: Sequence[str] = targets
        self._turn = cycle(range(len(targets)))
        self._server = WebServer(Starlette(routes=[Route("/{path:path}", self._pass, methods=["GET", "POST"])]), port=0)

    async def __aenter__(self) -> Self:
        self._client = httpx.AsyncClient(trust_env=False, timeout=60)
        self._serving = asyncio.create_task(self._server.serve())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.stop()
        await self._serving
        await self._client.aclose()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.port}"

    def sends(self) -> list[float]:
        """When a message was sent through here."""
        return [each.at for each in self.passed if each.name.startswith(("send", "copy")) and each.name != ACTION]

    async def _pass(self, request: Request) -> Response:
        at = time.monotonic()
        answer = await self._answer(request, await request.body())
        self.passed.append(Passed(at, request.url.path.rpartition("/")[2], answer.status_code))
        return answer

    async def _answer(self, request: Request, body: bytes) -> Response:
        headers = {name: request.headers[name] for name in KEPT_HEADERS if name in request.headers}
        first = next(self._turn)
        for target in (*self._next[first:], *self._next[:first]):
            where = f"{target}{request.url.path}"
            try:
                answer = await self._client.request(
                    request.method, where, params=request.query_params, content=body, headers=headers
                )
            except httpx.ConnectError:
                continue
            except httpx.TransportError:
                # It may have arrived: whoever sent it decides.
                break
            return Response(answer.content, answer.status_code, media_type=answer.headers.get("content-type"))
        return Response(status_code=502)


ACTION = "sendChatAction"
"""No message."""
