"""Waiting for what the program says to its log."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PATIENCE = 60.0
"""Real seconds after which something that should have been said is missing."""


class Log(logging.Handler):
    """Lets a test wait for an event of the program in this process."""

    def __init__(self) -> None:
        super().__init__()
        self._said: list[str] = []
        self._more = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        """Called by `logging` for each line."""
        self._said.append(record.getMessage())
        self._more.set()

    def count(self, event: str) -> int:
        """How often this was said."""
        return sum(f"'event': '{event}'" in line for line in self._said)

    async def until(self, event: str, *, times: int = 1) -> None:
        """Until it has been said so often. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE):
            while self.count(event) < times:
                self._more.clear()
                await self._more.wait()


@asynccontextmanager
async def listening() -> AsyncIterator[Log]:
    """Listen to the program until the block is left."""
    log = Log()
    logging.getLogger().addHandler(log)
    try:
        yield log
    finally:
        logging.getLogger().removeHandler(log)
