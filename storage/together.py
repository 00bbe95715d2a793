"""Group commit: what waits at the same time is done in one transaction, with a few statements for all of it.

Under load most of a short unit of work is its beginning and its end: on SQLite the wait for the disk, on PostgreSQL
two journeys. While one transaction is under way the next items gather, and then go together. Alone, nobody waits.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from storage.database import Database, UnitOfWork, is_database_outage

Item = TypeVar("Item")
Result = TypeVar("Result")
Step = Callable[[UnitOfWork, Sequence[Item]], Awaitable[Sequence[Result]]]
"""Does the same with every item; returns a result for each, in their order."""

MOST = 10
"""Items in one transaction: an alert that comes behind them waits for no more."""


@dataclass(frozen=True)
class _Place(Generic[Item, Result]):
    item: Item
    done: asyncio.Future[Result]

    def succeed(self, result: Result) -> None:
        if not self.done.cancelled():
            self.done.set_result(result)

    def fail(self, error: Exception) -> None:
        if not self.done.cancelled():
            self.done.set_exception(error)


class Together(Generic[Item, Result]):
    """Does `step` with items in their order, as many at a time as wait.

    It may be done twice with an item: with others, and alone when one of them failed and took all with it. So it
    does nothing but read and write the database. It must not hold rows that are asked for in another order elsewhere.
    """

    def __init__(self, database: Database, step: Step[Item, Result]) -> None:
        self._database = database
        self._step = step
        self._waiting: deque[_Place[Item, Result]] = deque()
        self._turn = asyncio.Lock()

    async def do(self, item: Item, *, first: bool = False) -> Result:
        """The result for `item`, once it is committed. `first`: before those who wait. Raises what the step raises."""
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        place = _Place(item, done)
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

    async def _work_off(self, places: Sequence[_Place[Item, Result]]) -> None:
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

    async def _each_alone(self, places: Sequence[_Place[Item, Result]]) -> None:
        for place in places:
            try:
                (result,) = await self._commit([place])
            except Exception as error:
                place.fail(error)
            else:
                place.succeed(result)

    async def _commit(self, places: Sequence[_Place[Item, Result]]) -> Sequence[Result]:
        async with self._database.work() as work:
            results = await self._step(work, [place.item for place in places])
            await work.commit()
        return results
