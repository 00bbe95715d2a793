"""Breaking a connection without an answer, which ASGI has no message for."""

from __future__ import annotations

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

Peer = tuple[str, int]


class Connections:
    """The open connections of a server, by the address of the client."""

    def __init__(self) -> None:
        self.closing = False
        """Whether the server is stopping, so that who comes now is turned away."""
        self._transports: dict[Peer, asyncio.Transport] = {}

    def protocol(self) -> type[H11Protocol]:
        """A uvicorn HTTP protocol that registers its connections here."""
        connections, transports = self, self._transports

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

        return RegisteredProtocol

    def close(self, scope: Scope) -> None:
        """Close the connection that a request came on, after what has been written to it."""
        transport = self._transports.get(tuple(scope["client"] or ()))
        if transport is None:
            raise RuntimeError("the sandbox can break only connections of its own server")
        transport.close()


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
