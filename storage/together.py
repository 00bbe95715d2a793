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

MOST = 40
"""Items in one transaction: an alert that comes behind them waits for no more."""

ENOUGH = 2
"""Items that find the database away, one after the other, so that the others need not ask."""


@dataclass(eq=False)
class _Place(Generic[Item, Result]):
    item: Item
    first: bool
    done: asyncio.Future[Result]
    alone: bool = False

    def succeed(self, result: Result) -> None:
        if not self.done.done():
            self.done.set_result(result)

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class Together(Generic[Item, Result]):
    """Does `step` with items in their order, as many at a time as wait.

    It may be done twice with an item: with others, and alone when one of them failed and took all with it. So it
    does nothing but read and write the database. It must not hold rows that are asked for in another order elsewhere.
    """

    def __init__(self, database: Database, step: Step[Item, Result]) -> None:
        self._database = database
        self._step = step
        self._first: deque[_Place[Item, Result]] = deque()
        self._waiting: deque[_Place[Item, Result]] = deque()
        self._turn = asyncio.Lock()
        self._found_away = 0

    async def do(self, item: Item, *, first: bool = False) -> Result:
        """The result for `item`, once it is committed. `first`: before those who wait. Raises what the step raises."""
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        (self._first if first else self._waiting).append(_Place(item, first, done))
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
        taken = self._take()
        try:
            if taken:
                await self._work_off(taken)
        except asyncio.CancelledError:
            # Whoever did it for all goes away: the next one does what is left.
            self._put_back(taken)
            raise

    def _take(self) -> list[_Place[Item, Result]]:
        """As many as may go together; or one that has to be alone."""
        taken: list[_Place[Item, Result]] = []
        for waiting in (self._first, self._waiting):
            while waiting and len(taken) < MOST:
                if taken and (taken[0].alone or waiting[0].alone):
                    return taken
                place = waiting.popleft()
                if not place.done.done():
                    taken.append(place)
        return taken

    def _put_back(self, places: Sequence[_Place[Item, Result]]) -> None:
        for place in reversed(places):
            (self._first if place.first else self._waiting).appendleft(place)

    async def _work_off(self, places: Sequence[_Place[Item, Result]]) -> None:
        try:
            await self._commit(places)
        except Exception as error:
            if len(places) == 1:
                self._fail(places[0], error)
                return
            # One of them has failed and taken all with it. Whatever is more urgent goes between them.
            for place in places:
                place.alone = True
            self._found_away = 0
            self._put_back(places)
        else:
            self._found_away = 0

    def _fail(self, place: _Place[Item, Result], error: Exception) -> None:
        """Two in a row that find the database away tell it to the others: one may just have met a held row."""
        place.fail(error)
        self._found_away = self._found_away + 1 if is_database_outage(error) else 0
        if self._found_away >= ENOUGH:
            for other in (*self._first, *self._waiting):
                if other.alone:
                    other.fail(error)

    async def _commit(self, places: Sequence[_Place[Item, Result]]) -> None:
        committing = False
        try:
            async with self._database.work() as work:
                results = await self._step(work, [place.item for place in places])
                committing = True
                await work.commit()
        except Exception as error:
            if committing and is_database_outage(error):
                # It may be committed, its answer lost: done again, a message would look like somebody else's.
                for place in places:
                    place.fail(error)
            raise
        for place, result in zip(places, results, strict=True):
            place.succeed(result)
