"""One `python -m bot serve …`: started, listened to, killed."""

import asyncio
import json
import signal
from collections.abc import Mapping
from typing import Self

from tests.forked import Forked
from tests.serving import ROOT

STARTING = 60.0
"""Seconds within which a process says what it is waited for; far more than it needs, for a machine with much to do."""

STOPPING = 20.0
"""Longer than the bot's own drain."""


class NotServing(Exception):
    """The process ended, or says nothing, where it should serve."""


class Served:
    """A process of the bot. `events` are the names of what it has logged, in order."""

    def __init__(self, process: Forked) -> None:
        self.process = process
        self.events: list[str] = []
        self.other_lines: list[str] = []
        self._silent = False
        self._news = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, settings: Mapping[str, str], *arguments: str) -> Self:
        """Start it with these settings and nothing of this machine's."""
        return cls(await Forked.start("serve", *arguments, settings=settings, folder=ROOT, together=True))

    async def _read(self) -> None:
        async for line in self.process.stdout:
            try:
                self.events.append(json.loads(line)["event"])
            except (ValueError, KeyError, TypeError):
                self.other_lines.append(line.decode(errors="replace"))
            async with self._news:
                self._news.notify_all()
        async with self._news:
            self._silent = True
            self._news.notify_all()

    async def logged(self, event: str, *, times: int = 1) -> None:
        """Until it has logged this as often as that. Raises NotServing."""
        try:
            async with asyncio.timeout(STARTING), self._news:
                await self._news.wait_for(lambda: self._silent or self.events.count(event) >= times)
        except TimeoutError:
            raise NotServing(f"no {event!r} within {STARTING:.0f} s: {self.last_words}") from None
        if self.events.count(event) < times:
            raise NotServing(f"it ended before {event!r}: {self.last_words}")

    @property
    def last_words(self) -> str:
        """What it said last."""
        return " | ".join([*self.events[-8:], *self.other_lines[-8:]])

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.process.returncode is None

    def kill(self) -> None:
        """SIGKILL. Nothing where it has ended already."""
        if self.runs:
            self.process.kill()

    async def ended(self) -> int:
        """Its exit code."""
        await self._reading
        return await self.process.wait()

    async def stop(self) -> int:
        """SIGTERM; killed if it does not end. Returns its exit code."""
        if self.runs:
            self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOPPING):
                return await self.ended()
        except TimeoutError:
            self.kill()
            return await self.ended()
