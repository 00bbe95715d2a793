"""A stage whose sandbox is served: the application calls it over HTTP, and people find its page."""

import asyncio

from telegram.request import BaseRequest

from bot.clock import MovableClock
from bot.lifecycle import Nursery
from bot.sandbox.server import SandboxServer
from bot.staging.stage import Stage
from bot.telegram_request import TelegramRequest
from bot.throttle import NO_LIMITS, Limits
from messages.clinic import Clinic


class ServedStage(Stage):
    """`open` before and `close` after everything else, once."""

    def __init__(
        self,
        database_url: str,
        clinic: Clinic,
        clock: MovableClock,
        *,
        limits: Limits = NO_LIMITS,
        durable: bool = False,
        hints: tuple[str, ...] = (),
        port: int = 0,
    ) -> None:
        """Raises OSError where the port is taken; 0 means any free one."""
        super().__init__(database_url, clinic, clock, limits=limits, durable=durable)
        self.server = SandboxServer(self.sandbox, time_machine=self, clinic=clinic.name, hints=hints, port=port)

    @property
    def api_url(self) -> str:
        """The server's address."""
        return self.server.url

    def new_request(self, connections: int) -> BaseRequest:
        """As against Telegram."""
        return TelegramRequest(connections)

    async def open(self) -> None:
        """Let the sandbox answer."""
        self._nursery = Nursery()
        self._serving = self._nursery.start_loop("sandbox", self.server.serve())

    async def close(self) -> None:
        """Stop the sandbox."""
        self.server.stop()
        await asyncio.gather(self._serving, return_exceptions=True)
        await self._nursery.stop()
