"""uvicorn almost without ticks: it serves HTTP next to everything else in one event loop, and rests between."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from starlette.types import ASGIApp

MOMENT = 0.1
"""Seconds after which requests that are still under way are left to uvicorn's own shutdown, and its limit."""


class QuietServer(uvicorn.Server):
    """Leaves the signals of the process to the process, and ends as soon as it is told to.

    Stock uvicorn wakes ten times a second to see whether it shall end. This one wakes once, to write the time for the
    answers' Date, and where they have none not at all.
    """

    def __init__(self, application: ASGIApp, *, graceful_seconds: int, dated: bool, **options: Any) -> None:
        """`graceful_seconds` for the requests under way when it ends; `options` are uvicorn's own."""
        config = uvicorn.Config(
            application,
            lifespan="off",
            log_config=None,
            access_log=False,
            date_header=dated,
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=graceful_seconds,
            **options,
        )
        super().__init__(config)
        self._closing = asyncio.Event()

    def stop(self) -> None:
        """Make `serve` return."""
        self.should_exit = True
        self._closing.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing: whoever serves has handlers of its own."""
        yield

    async def main_loop(self) -> None:
        """Until `stop`."""
        # The tick numbered 0 is one of those that write the date.
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(1 if self.config.date_header else None):
                    await self._closing.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept nothing more and let what is under way end; stock uvicorn looks for that every tenth of a second."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if tasks := set(self.server_state.tasks):
            await asyncio.wait(tasks, timeout=MOMENT)
        # Whoever has their answer is gone after one more round of the loop.
        await asyncio.sleep(0)
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)
