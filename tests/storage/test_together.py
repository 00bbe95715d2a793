"""What shares a transaction: everybody gets their own result, and nobody suffers for another."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from storage import audit, together
from storage.database import Database, UnitOfWork
from storage.tables import Audit
from storage.together import Together

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
BROKEN = "broken"


class Counting(Database):
    """Counts the transactions that it begins; `away` makes them fail, `gate` holds them up.

    `at_begin`: what happens at the first of them, the second, and so on.
    `answers_lost`: they are committed, and whoever commits hears that the connection is gone.
    """

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.begun = 0
        self.at_begin: dict[int, Callable[[], object]] = {}
        self.away = False
        self.answers_lost = False
        self.gate = asyncio.Event()
        self.gate.set()

    @asynccontextmanager
    async def work(self) -> AsyncIterator[UnitOfWork]:
        self.begun += 1
        self.at_begin.get(self.begun, lambda: None)()
        await self.gate.wait()
        if self.away:
            raise OperationalError("BEGIN", None, OSError("no route"))
        async with super().work() as work:
            yield work
            if self.answers_lost:
                raise OperationalError("COMMIT", None, OSError("connection lost"))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Counting]:
    opened = Counting(database_url)
    yield opened
    await opened.close()


async def note(work: UnitOfWork, names: Sequence[str]) -> list[str]:
    for name in names:
        await audit.note(work, None, name, "test", None, now=NOW)
        if name == BROKEN:
            raise ValueError(name)
    return list(names)


async def noted(database: Database) -> list[str]:
    async with database.read() as work:
        return list((await work.session.scalars(select(Audit.action).order_by(Audit.id))).all())


async def test_a_single_one_is_committed_when_it_returns(database: Counting) -> None:
    assert await Together(database, note).do("alone") == "alone"
    assert await noted(database) == ["alone"]
    assert database.begun == 1


async def test_those_that_wait_share_transactions_and_keep_their_order(database: Counting) -> None:
    names = [f"{number:02}" for number in range(1 + 2 * together.MOST)]
    one = Together(database, note)
    assert await asyncio.gather(*(one.do(name) for name in names)) == names
    assert await noted(database) == names
    assert database.begun < len(names) / 2


async def test_what_is_urgent_goes_before_what_waits(database: Counting) -> None:
    one = Together(database, note)
    database.gate.clear()
    async with asyncio.TaskGroup() as group:
        group.create_task(one.do("under way"))
        await asyncio.sleep(0)
        for number in range(3):
            group.create_task(one.do(f"routine {number}"))
        for name in ("alert", "another alert"):
            group.create_task(one.do(name, first=True))
        await asyncio.sleep(0)
        database.gate.set()
    assert await noted(database) == ["under way", "alert", "another alert", "routine 0", "routine 1", "routine 2"]


async def test_one_that_fails_fails_alone(database: Counting) -> None:
    one = Together(database, note)
    results = await asyncio.gather(*(one.do(name) for name in ("a", "b", BROKEN, "c")), return_exceptions=True)
    assert [str(result) for result in results] == ["a", "b", "broken", "c"]
    assert isinstance(results[2], ValueError)
    assert await noted(database) == ["a", "b", "c"]


async def test_what_is_urgent_does_not_wait_until_all_have_been_done_one_by_one(database: Counting) -> None:
    async with asyncio.TaskGroup() as group:

        async def step(work: UnitOfWork, names: Sequence[str]) -> list[str]:
            if len(names) > 1:
                group.create_task(one.do("alert", first=True))
                raise ValueError("one of them")
            return await note(work, names)

        one = Together(database, step)
        for name in ("a", "b", "c"):
            group.create_task(one.do(name))
    assert (await noted(database)).index("alert") <= 1


async def test_one_that_meets_a_row_that_somebody_holds_fails_alone(database: Counting) -> None:
    async def step(work: UnitOfWork, names: Sequence[str]) -> list[str]:
        if BROKEN in names:
            raise OperationalError("SELECT", None, OSError("canceling statement due to lock timeout"))
        return await note(work, names)

    one = Together(database, step)
    results = await asyncio.gather(*(one.do(name) for name in ("a", BROKEN, "b", "c")), return_exceptions=True)
    assert [type(result) for result in results] == [str, OperationalError, str, str]
    assert await noted(database) == ["a", "b", "c"]


async def test_while_the_database_is_away_everybody_hears_it_at_once(database: Counting) -> None:
    database.away = True
    one = Together(database, note)
    database.gate.clear()

    async def open_gate() -> None:
        database.gate.set()

    # Its turn comes when all the others wait.
    steps = [one.do(f"{number}") for number in range(5)]
    *results, _ = await asyncio.gather(*steps, open_gate(), return_exceptions=True)
    assert {type(result) for result in results} == {OperationalError}
    # One that was alone, one for all who had come meanwhile, and two of them to make sure.
    assert database.begun == 4


async def test_an_alert_that_finds_the_database_away_is_one_of_those_that_make_sure(database: Counting) -> None:
    database.away = True
    one = Together(database, note)
    async with asyncio.TaskGroup() as group:

        async def fails(name: str, *, first: bool = False) -> None:
            with pytest.raises(OperationalError):
                await one.do(name, first=first)

        # One that was alone, all who had come meanwhile, and the first of them by itself.
        database.at_begin[3] = lambda: group.create_task(fails("alert", first=True))
        database.gate.clear()
        for number in range(5):
            group.create_task(fails(f"{number}"))
        asyncio.get_running_loop().call_soon(database.gate.set)
    assert database.begun == 4


async def test_what_may_be_committed_is_not_done_again(database: Counting) -> None:
    one = Together(database, note)
    database.gate.clear()

    async def open_gate() -> None:
        database.gate.set()

    steps = [one.do(f"{number}") for number in range(5)]
    database.answers_lost = True
    *results, _ = await asyncio.gather(*steps, open_gate(), return_exceptions=True)
    assert {type(result) for result in results} == {OperationalError}
    assert await noted(database) == ["0", "1", "2", "3", "4"]


async def test_who_goes_away_takes_nobody_along(database: Counting) -> None:
    one = Together(database, note)
    database.gate.clear()
    tasks = []
    async with asyncio.TaskGroup() as group:
        for number in range(4):
            tasks.append(group.create_task(one.do(f"{number}")))
            await asyncio.sleep(0)
        tasks[0].cancel()
        tasks[2].cancel()
        await asyncio.sleep(0)
        database.gate.set()
    assert [task.cancelled() for task in tasks] == [True, False, True, False]
    assert await noted(database) == ["1", "3"]
