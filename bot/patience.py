"""Waiting for a database that is away: restarted, cut off, locked by somebody else, or out of room.

What is said to the log: once that it is away, once that it is back.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from storage.database import is_database_outage

log = structlog.get_logger()

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 2.0
"""Seconds between two attempts: work goes on this soon after the database is back."""

Result = TypeVar("Result")


class Patience:
    """The patience of one part of the program; `part` names it in the log."""

    def __init__(self, part: str) -> None:
        self._part = part
        self._pause = FIRST_PAUSE
        self._away = False

    async def insist(self, step: Callable[[], Awaitable[Result]]) -> Result:
        """Do `step`, again and again while the database is away. Raises whatever else it raises.

        A commit whose answer got lost may be done twice: `step` must bear that.
        """
        while True:
            try:
                result = await step()
            except Exception as error:
                await self.wait(error)
            else:
                self.over()
                return result

    async def bear(self, step: Callable[[], Awaitable[object]]) -> bool:
        """Do one round of a loop, or pause because the database is away. Returns whether it was done.

        Raises whatever else `step` raises.
        """
        try:
            await step()
        except Exception as error:
            await self.wait(error)
            return False
        self.over()
        return True

    async def wait(self, error: Exception) -> None:
        """Pause before the next attempt, longer each time. Raises `error` when it is none that passes by itself."""
        self.note(error)
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def note(self, error: Exception) -> None:
        """Say once that the database is away. Raises `error` when it is none that passes by itself."""
        if not is_database_outage(error):
            raise error
        if not self._away:
            self._away = True
            log.warning("database_away", part=self._part, error=type(error).__name__)

    def over(self) -> None:
        """The database has answered."""
        self._pause = FIRST_PAUSE
        if self._away:
            self._away = False
            log.warning("database_back", part=self._part)
