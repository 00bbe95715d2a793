"""Group commit: steps that wait at the same time share one transaction.

Under load most of a short unit of work is its beginning and its end: on SQLite the wait for the disk, on PostgreSQL
two journeys. While one transaction is under way the next steps gather, and then go together. Alone, nobody waits.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from storage.database import Database, UnitOfWork, is_database_outage

Result = TypeVar("Result")
Step = Callable[[UnitOfWork], Awaitable[Result]]

MOST = 10
"""Steps in one transaction: an alert that comes behind them waits for no more."""


@dataclass(frozen=True)
class _Place:
    step: Step[Any]
    done: asyncio.Future[Any]

    def succeed(self, result: object) -> None:
        if not self.done.cancelled():
            self.done.set_result(result)

    def fail(self, error: Exception) -> None:
        if not self.done.cancelled():
            self.done.set_exception(error)


class Together:
    """Runs steps in their order, as many at a time as wait."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[_Place] = deque()
        self._turn = asyncio.Lock()

    async def do(self, step: Step[Result], *, first: bool = False) -> Result:
        """What `step` returns, when it is committed. `first`: before those who wait already. Raises what it raises.

        A step may be run twice: with others, and alone when one of them failed and took all with it. So it does
        nothing but read and write the database, and holds no rows for long.
        """
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        place = _Place(step, done)
        if first:
            self._waiting.appendleft(place)
        else:
            self._waiting.append(place)
        try:
            while not done.done():
                async with self._turn:
                    if not done.done():
                        await self._next()
        except asyncio.CancelledError:
            done.cancel()
            raise
        return done.result()

    async def _next(self) -> None:
        taken = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
        try:
            await self._work_off([place for place in taken if not place.done.cancelled()])
        except asyncio.CancelledError:
            # Whoever did it for all goes away: the next one does what is left.
            self._waiting.extendleft(place for place in reversed(taken) if not place.done.done())
            raise

    async def _work_off(self, places: list[_Place]) -> None:
        try:
            results = await self._commit(places)
        except Exception as error:
            if len(places) > 1 and not is_database_outage(error):
                await self._each_alone(places)
                return
            for place in places:
                place.fail(error)
        else:
            for place, result in zip(places, results, strict=True):
                place.succeed(result)

    async def _each_alone(self, places: list[_Place]) -> None:
        for place in places:
            try:
                (result,) = await self._commit([place])
            except Exception as error:
                place.fail(error)
            else:
                place.succeed(result)

    async def _commit(self, places: list[_Place]) -> list[Any]:
        async with self._database.work() as work:
            results = [await place.step(work) for place in places]
            await work.commit()
        return results
