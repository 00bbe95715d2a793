"""Two web and two worker processes behind one webhook, as a clinic on PostgreSQL runs them."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from sqlalchemy import URL

from bot.sandbox.sandbox import Sandbox
from bot.sandbox.server import SandboxServer
from storage.database import Database
from tests.chaos.load import Load, Size
from tests.chaos.reckoning import reckon
from tests.chaos.settling import settled
from tests.processes.gateway import Gateway
from tests.processes.served import Served
from tests.serving import environment, zone_where_it_is_noon

SIZE = Size(reminders=50, check_ins=50, alerts=30, letters=20, writers=10, practitioners=15)
PATIENCE = 120.0
"""Seconds after which something that was promised did not come; no figure of its own."""

WEB, WORKERS = ("web 1", "web 2"), ("worker 1", "worker 2")


class Crew:
    """The processes by name. Each worker sends through a gateway of its own, so that it is known who sent what."""

    def __init__(self, address: str, folder: Path) -> None:
        self.database = Database(address)
        self.server = SandboxServer(Sandbox(lambda: datetime.now(UTC), limits=True))
        self.sandbox = self.server.sandbox
        self.processes: dict[str, Served] = {}
        self._zone = zone_where_it_is_noon()
        self._settings = environment(self.server, address, folder, self._zone)
        self._ports = {name: _free_port() for name in WEB}
        self._webhook = Gateway(*(f"http://127.0.0.1:{port}" for port in self._ports.values()))
        self._outgoing = {name: Gateway(self.server.url) for name in WORKERS}
        self.load = Load(self.sandbox, SIZE, self._zone)

    @asynccontextmanager
    async def telegram(self) -> AsyncIterator[None]:
        """The sandbox and the gateways."""
        async with AsyncExitStack() as stack:
            serving = asyncio.create_task(self.server.serve())
            stack.push_async_callback(asyncio.wait, [serving])
            stack.callback(self.server.stop)
            for gateway in (self._webhook, *self._outgoing.values()):
                await stack.enter_async_context(gateway)
            yield

    @property
    def address(self) -> str:
        """The database's."""
        return self.database.url.set(drivername="postgresql").render_as_string(hide_password=False)

    async def start(self) -> None:
        """All four; the first worker works, the second stands by."""
        for name in (*WEB, *WORKERS):
            self.processes[name] = await Served.start(self._environment(name), "--role", name.split()[0], "--webhook")
            if name == WORKERS[0]:
                await self.processes[name].logged("serving")
        for name in WEB:
            await self.processes[name].logged("serving")
        await self.processes[WORKERS[1]].logged("standing_by")

    def _environment(self, name: str) -> Mapping[str, str]:
        more = {
            "DATABASE_URL": _named(self.database.url, name),
            "WEBHOOK_URL": self._webhook.url,
            "WEBHOOK_SECRET": "sixteen-or-more-letters",
        }
        if name in self._ports:
            more["PORT"] = str(self._ports[name])
        else:
            more["TELEGRAM_API_URL"] = self._outgoing[name].url
        return self._settings | more

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Messages fall due and people write; at the end everything has been done, and is counted."""
        await self.load.prepare(self.database, first=datetime.now(UTC) + timedelta(seconds=0.5))
        writing = asyncio.create_task(self.load.write(random.Random(1)))
        try:
            yield
            await writing
        finally:
            writing.cancel()
        await settled(self.database, updates=len(self.load.written), seconds=PATIENCE)

    async def expect_nothing_lost(self) -> None:
        """The ledger against the database."""
        found = await reckon(self.database, self.sandbox, self.load.written)
        print("\n".join(found.lines()))
        assert found.right, found.lines()
        assert found.updates == SIZE.letters

    def sends(self, worker: str) -> list[float]:
        """When this worker sent something, in monotonic seconds."""
        return sorted(self._outgoing[worker].sends())

    def senders(self) -> list[str]:
        """Who sent, in order, each once for an uninterrupted run of messages."""
        every = sorted((at, worker) for worker in WORKERS for at in self.sends(worker))
        if not every:
            return []
        return [every[0][1], *(after for (_, before), (_, after) in pairwise(every) if before != after)]

    async def sent(self, worker: str, *, more: int) -> None:
        """Until this worker has sent that many more messages than now."""
        wanted = len(self.sends(worker)) + more
        async with asyncio.timeout(PATIENCE):
            while len(self.sends(worker)) < wanted:
                await self.sandbox.changes.next()

    async def stop(self) -> dict[str, int]:
        """All that run, in order; their exit codes."""
        running = [name for name, served in self.processes.items() if served.runs]
        codes = await asyncio.gather(*(self.processes[name].stop() for name in running))
        return dict(zip(running, codes, strict=True))

    async def kill(self) -> None:
        """What is left at the end of a test."""
        for served in self.processes.values():
            served.kill()
            await served.ended()


def _named(url: URL, name: str) -> str:
    """The same database, which then knows whose connections these are."""
    return url.update_query_dict({"application_name": name}).render_as_string(hide_password=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
