"""The web application on a port, next to everything else in one event loop."""

import socket

from starlette.applications import Starlette

from bot.quiet_server import QuietServer


class WebServer:
    """Serves an application on all addresses of this machine. The port is taken at once."""

    def __init__(self, application: Starlette, port: int) -> None:
        """Raises OSError where the port is taken; 0 means any free one."""
        self._socket = _listening(port)
        self._server = QuietServer(application, graceful_seconds=5, dated=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._socket.getsockname()[1])

    async def serve(self) -> None:
        """Answer requests until `stop`."""
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            self._socket.close()

    def stop(self) -> None:
        """Make `serve` return once the requests under way are answered, at most five seconds later."""
        self._server.stop()


def _listening(port: int) -> socket.socket:
    """A socket that says it is TCP: asyncio sets TCP_NODELAY only then, else each answer takes 40 ms."""
    family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
    listening = socket.create_server(("", port), family=family, dualstack_ipv6=family == socket.AF_INET6)
    return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=listening.detach())
