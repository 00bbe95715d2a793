"""A piece of a simulated year with every test run; `make soak` lives through whole ones, with new seeds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.databases import Postgres, Sqlite
from tests.year.clinic import YearWorld
from tests.year.model import LetterFacts, RedFlagFacts
from tests.year.year import Broken, Year


@asynccontextmanager
async def _year(address: str, seed: int) -> AsyncIterator[Year]:
    world = YearWorld(address)
    await world.open()
    try:
        await world.start()
        try:
            yield Year(world, seed)
        finally:
            await world.stop()
    finally:
        await world.close()


@pytest.mark.parametrize("seed", [13, 17, 19])
async def test_a_year_keeps_every_promise_on_sqlite(sqlite: Sqlite, seed: int) -> None:
    with sqlite.database() as address:
        async with _year(address, seed=seed) as year:
            await year.live(600)


async def test_a_year_keeps_every_promise_on_postgres(postgres: Postgres) -> None:
    with postgres.database() as address:
        async with _year(address, seed=31) as year:
            await year.live(300)


async def test_what_breaks_a_promise_is_seen(sqlite: Sqlite) -> None:
    """A year that finds nothing proves nothing unless it would have found something."""
    with sqlite.database() as address:
        async with _year(address, seed=1) as year:
            await year.begin(patients=2)
            await _say_what_is_not_theirs(year)
            await _forget_a_letter(year)
            await _overlook_a_red_flag(year)
            await _send_after_stop(year)


async def _say_what_is_not_theirs(year: Year) -> None:
    one, other = year.ledger.patients.values()
    await year.world.app.application.bot.send_message(one.person.id, f"about {other.marker}")
    with pytest.raises(Broken, match=f"nothing explains message(.|\n)*{one.marker} reads of"):
        await year.check()


async def _forget_a_letter(year: Year) -> None:
    one, _ = year.ledger.patients.values()
    await year.world.move(minutes=45)
    now, nonce = year.world.clock.now(), "n99999z"
    year.ledger.letters[nonce] = LetterFacts(nonce, 1, one.patient_id, one.person.id, 1, True, now, False)
    with pytest.raises(Broken, match=f"{nonce} was not stored"):
        await year.check()
    await year.world.move(minutes=15)
    with pytest.raises(Broken, match=f"{nonce} was not acknowledged"):
        await year.check()


async def _overlook_a_red_flag(year: Year) -> None:
    _, other = year.ledger.patients.values()
    year.ledger.red_flags.append(RedFlagFacts(other.patient_id, year.world.clock.now(), True, "choking"))
    with pytest.raises(Broken, match="no alert after"):
        await year.check()
    await year.world.move(minutes=5)
    with pytest.raises(Broken, match="no emergency text after"):
        await year.check()


async def _send_after_stop(year: Year) -> None:
    """Only the ledger knows that they said stop."""
    one, _ = year.ledger.patients.values()
    one.stopped.change(True, year.world.clock.now())
    year.ledger.settle(year.world.clock.now())
    await year.world.session(one.person)
    await year.world.move(hours=24)
    with pytest.raises(Broken, match=f"check_in [0-9]+ to {one.marker} went at .*, after /stop"):
        await year.check()
