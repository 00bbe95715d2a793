"""Telling those who wait that something has changed. For one event loop; nothing here polls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

Listener = Callable[[], None]


class Signal:
    """Wakes everybody who waits at the moment it fires."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def fire(self) -> None:
        """Wake all who wait now; those who come later wait for the next time."""
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self) -> None:
        """Return when the signal fires next."""
        await self._event.wait()


class Changes:
    """A version that grows with every change, listeners, and a signal to wait for."""

    def __init__(self) -> None:
        self.version = 0
        self._signal = Signal()
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after every change; returns what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self) -> None:
        """Record a change, call the listeners and wake those who wait."""
        self.version += 1
        for listener in tuple(self._listeners):
            listener()
        self.wake()

    def wake(self) -> None:
        """Let those who wait look again, at something that chats don't show."""
        self._signal.fire()

    async def next(self) -> None:
        """Return after the next change."""
        await self._signal.wait()

    async def until(self, predicate: Callable[[], bool], seconds: float) -> None:
        """Return as soon as `predicate` holds.

        Raises TimeoutError when it still does not after `seconds` of real time.
        """
        async with asyncio.timeout(seconds):
            while not predicate():
                await self.next()
