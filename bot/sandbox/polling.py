"""getUpdates: real long polling for one poller at a time."""

from __future__ import annotations

import asyncio

from bot.sandbox.changes import Changes
from bot.sandbox.errors import conflict
from bot.sandbox.updates import Update, UpdateQueue

MAX_TIMEOUT = 50
"""Telegram answers a long poll after 50 seconds at the latest."""


class Polling:
    """The one poller that may wait. A second one ends the first with 409, as Telegram does."""

    def __init__(self, queue: UpdateQueue, changes: Changes) -> None:
        self._queue = queue
        self._changes = changes
        self._waiting = 0
        self._turn = object()
        self._closed = False
        self._ended_by = "other getUpdates request; make sure that only one bot instance is running"

    async def updates(self, limit: int, seconds: float) -> list[Update]:
        """Up to `limit` updates, waiting up to `seconds` of real time for the first."""
        turn = self._turn = object()
        self._queue.arrived.fire()
        self._count(1)
        try:
            async with asyncio.timeout(min(seconds, MAX_TIMEOUT)):
                while not (len(self._queue) or self._closed):
                    await self._queue.arrived.wait()
                    if turn is not self._turn:
                        raise conflict(f"terminated by {self._ended_by}")
        except TimeoutError:
            return []
        finally:
            self._count(-1)
        return self._queue.batch(limit)

    @property
    def waiting(self) -> bool:
        """Whether a poll waits for an update now."""
        return self._waiting > 0

    def _count(self, polls: int) -> None:
        self._waiting += polls
        self._changes.wake()

    def terminate(self, reason: str) -> None:
        """End the waiting poll with 409."""
        self._turn, self._ended_by = object(), reason
        self._queue.arrived.fire()

    def close(self) -> None:
        """Answer the waiting poll, and all later ones, at once: the server is stopping."""
        self._closed = True
        self._queue.arrived.fire()
