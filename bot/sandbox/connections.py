"""The connections of a server: which are open, and breaking one without an answer, which ASGI has no message for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

Peer = tuple[str, int]


class Connections:
    """The open connections of a server, by the address of the client, and the calls in hand."""

    def __init__(self, wake: Callable[[], None]) -> None:
        """`wake` is called when a connection has ended, and when a call has."""
        self.closing = False
        """Whether the server is stopping, so that who comes now is turned away."""
        self._wake = wake
        self._transports: dict[Peer, asyncio.Transport] = {}
        self._waits: dict[Peer, asyncio.Timeout] = {}
        self._calls = 0

    @property
    def idle(self) -> bool:
        """Whether nobody is connected, and no call is in hand that somebody has made and left."""
        return not self._transports and not self._calls

    @contextmanager
    def call(self) -> Iterator[None]:
        """A call is in hand, whether or not its client still waits."""
        self._calls += 1
        try:
            yield
        finally:
            self._calls -= 1
            self._wake()

    @asynccontextmanager
    async def while_connected(self, scope: Scope) -> AsyncIterator[None]:
        """What a client waits for, which ends with it: TimeoutError is raised when the connection has ended."""
        client = _peer(scope)
        async with asyncio.timeout(None if client in self._transports else 0) as wait:
            self._waits[client] = wait
            try:
                yield
            finally:
                self._waits.pop(client, None)

    def protocol(self) -> type[H11Protocol]:
        """A uvicorn HTTP protocol that registers its connections here."""
        connections, transports, waits, wake = self, self._transports, self._waits, self._wake

        class RegisteredProtocol(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                if connections.closing:
                    transport.abort()
                if self.client:
                    transports[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                super().connection_lost(exc)
                if self.client:
                    transports.pop(self.client, None)
                    if self.client in waits:
                        waits.pop(self.client).reschedule(asyncio.get_running_loop().time())
                    wake()

        return RegisteredProtocol

    def close(self, scope: Scope) -> None:
        """Close the connection that a request came on, after what has been written to it."""
        transport = self._transports.get(_peer(scope))
        if transport is None:
            raise RuntimeError("the sandbox can break only connections of its own server")
        transport.close()


def _peer(scope: Scope) -> Peer:
    host, port = scope["client"]
    return host, port


class BrokenConnection(Response):
    """Instead of an answer: nothing, or `partial` out of a longer body, and then the end."""

    def __init__(self, connections: Connections, partial: bytes | None = None) -> None:
        super().__init__()
        self._connections = connections
        self._partial = partial

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Break the connection."""
        if self._partial is not None:
            length = str(2 * len(self._partial) + 1).encode()
            headers = [(b"content-type", b"application/json"), (b"content-length", length)]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": self._partial, "more_body": True})
        self._connections.close(scope)
        while (await receive())["type"] != "http.disconnect":
            pass
