"""The Bot API over HTTP: /bot<token>/<method> and /file/bot<token>/<path>."""

from __future__ import annotations

import asyncio
import json

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.sandbox.calls import accepted_json, method_name, perform, refused_json
from bot.sandbox.connections import BrokenConnection, Connections
from bot.sandbox.errors import ApiError
from bot.sandbox.faults import Fault
from bot.sandbox.methods_media import MAX_DOWNLOAD_BYTES
from bot.sandbox.reading import read_parameters
from bot.sandbox.sandbox import Sandbox


def bot_api_routes(sandbox: Sandbox, connections: Connections) -> list[Route]:
    """The routes of the Bot API."""
    api = BotApi(sandbox, connections)
    return [
        Route("/bot{token}/{method}", api.call, methods=["GET", "POST"]),
        Route("/file/bot{token}/{path:path}", api.download, methods=["GET"]),
    ]


class BotApi:
    """Reads calls, applies faults, answers."""

    def __init__(self, sandbox: Sandbox, connections: Connections) -> None:
        self._sandbox = sandbox
        self._connections = connections

    async def call(self, request: Request) -> Response:
        """One call of a method."""
        try:
            name = method_name(self._sandbox, request.path_params["token"], request.path_params["method"])
            if name == "getUpdates":
                return await self._poll(request, name)
            with self._connections.call():
                return await self._with_faults(request, name)
        except ApiError as error:
            return _refused(error)

    async def download(self, request: Request) -> Response:
        """The bytes of a file."""
        file = self._sandbox.state.file_at(request.path_params["path"])
        if request.path_params["token"] != self._sandbox.token:
            return _refused(ApiError(401, "Unauthorized"))
        if file is None or file.size > MAX_DOWNLOAD_BYTES:
            return _refused(ApiError(404, "Not Found"))
        return Response(file.content, media_type="application/octet-stream")

    async def _poll(self, request: Request, name: str) -> Response:
        """Who polls waits for what may never come, and may go meanwhile."""
        try:
            async with self._connections.while_connected(request.scope):
                return await self._with_faults(request, name)
        except TimeoutError:
            return Response()

    async def _with_faults(self, request: Request, name: str) -> Response:
        parameters = await read_parameters(request)
        fault = self._sandbox.faults.take(name, parameters.chat_id_or_none())
        if fault is None:
            return _accepted((await perform(self._sandbox, name, parameters))[0])
        self._sandbox.changes.wake()
        if fault.moment == "before":
            await asyncio.sleep(fault.delay)
            if fault.fails:
                return self._failure(fault)
        result, accepted = await perform(self._sandbox, name, parameters)
        if fault.moment != "before":
            await asyncio.sleep(fault.delay)
        unseen = fault.fails or await request.is_disconnected()
        for entry in accepted:
            entry.client_saw_error = unseen
        self._sandbox.changes.tell()
        return self._failure(fault, result) if fault.fails else _accepted(result)

    def _failure(self, fault: Fault, result: object = None) -> Response:
        if fault.kind == "answer":
            return _refused(fault.error())
        if fault.moment == "mid_body":
            return BrokenConnection(self._connections, json.dumps(accepted_json(result)).encode()[:-1])
        return BrokenConnection(self._connections)


def _accepted(result: object) -> JSONResponse:
    return JSONResponse(accepted_json(result))


def _refused(error: ApiError) -> JSONResponse:
    return JSONResponse(refused_json(error), error.code)
