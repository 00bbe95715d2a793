"""The sandbox on a loopback port."""

from __future__ import annotations

import asyncio
import socket

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from bot.quiet_server import QuietServer
from bot.sandbox.bot_api import bot_api_routes
from bot.sandbox.connections import Connections
from bot.sandbox.control import control_routes
from bot.sandbox.loopback import LoopbackOnly
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.time_machine import TimeMachine

HOST = "127.0.0.1"


class SandboxServer:
    """Serves a sandbox. The port is taken at once; `serve` answers until `stop`.

    `url` is what python-telegram-bot needs: `base_url=f"{url}/bot"`, `base_file_url=f"{url}/file/bot"`.
    Without a `time_machine` there is the Bot API only, no page.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        *,
        time_machine: TimeMachine | None = None,
        clinic: str = "",
        hints: tuple[str, ...] = (),
        port: int = 0,
    ) -> None:
        """Raises OSError where the port is taken; 0 means any free one."""
        self.sandbox = sandbox
        self._connections = Connections(sandbox.changes.wake)
        self._socket = _listening(port)
        self._closing = asyncio.Event()
        routes: list[BaseRoute] = [*bot_api_routes(sandbox, self._connections)]
        if time_machine is not None:
            routes += control_routes(sandbox, time_machine, clinic, hints, self._closing)
        app = LoopbackOnly(Starlette(routes=routes))
        self._server = QuietServer(app, graceful_seconds=1, dated=False, http=self._connections.protocol())

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._socket.getsockname()[1])

    @property
    def url(self) -> str:
        """The address, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    @property
    def token(self) -> str:
        """The token of the bot."""
        return self.sandbox.token

    async def serve(self) -> None:
        """Answer requests and deliver to the webhook until `stop`. The owner runs this as a task."""
        try:
            await asyncio.gather(self._serve_http(), self.sandbox.webhooks.run())
        finally:
            self._socket.close()

    async def deserted(self, seconds: float = 10.0) -> None:
        """Wait until nobody is connected and all that was called has been taken, but for long polls.

        After a program was killed: what it has called last is on its way. Raises TimeoutError after `seconds`.
        """
        await self.sandbox.changed(lambda: self._connections.idle, seconds)

    def stop(self) -> None:
        """Make `serve` return; long polls and event streams end at once."""
        self._server.stop()
        self._connections.closing = True
        self._closing.set()
        self.sandbox.polling.close()
        self.sandbox.changes.tell()

    async def _serve_http(self) -> None:
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            self.sandbox.webhooks.stop()


def _listening(port: int) -> socket.socket:
    """A socket that says it is TCP: asyncio sets TCP_NODELAY only then, else each answer takes 40 ms."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        listening.listen(1024)
    except OSError:
        listening.close()
        raise
    return listening
