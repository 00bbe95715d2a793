"""What is no longer needed is forgotten in its time; what was done stays known."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from bot.flows import forget_old as forgetting
from bot.flows.forget_old import forget_old
from storage.tables import Audit, Delivery, Inbox, Outbox
from tests.bot.conversation import letters, pair
from tests.world import World


async def test_words_go_after_a_year_records_after_ninety_days_updates_after_a_week(world: World) -> None:
    two = await pair(world)
    two.anna.say("A private question")
    await world.settle()
    start = world.clock.now()

    async def forget(days: int) -> None:
        await forget_old(world.database, world.clinic, start + timedelta(days=days))

    await forget(6)
    assert (await letters(world))[0].text == "A private question"
    before = await _count(world, Inbox)
    await forget(8)
    assert await _count(world, Inbox) < before
    assert await _ended(world, start + timedelta(days=1)) > 0
    await forget(91)
    assert await _ended(world, start + timedelta(days=1)) == 0
    assert (await letters(world))[0].text == "A private question"
    await forget(366)
    assert [(letter.text, letter.inbound) for letter in await letters(world)] == [(None, True)]
    assert await _count(world, Audit) > 0


async def test_it_is_done_once_a_day(world: World) -> None:
    await pair(world)
    now = world.clock.now() + timedelta(days=400)
    assert await forget_old(world.database, world.clinic, now) > 0
    assert await forget_old(world.database, world.clinic, now + timedelta(hours=23)) == 0
    async with world.database.read() as work:
        done = await work.session.scalar(
            select(func.count()).select_from(Audit).where(Audit.action == "retention.done", Audit.at >= now)
        )
    assert done == 1


async def test_more_than_a_portion_is_forgotten_on_the_same_day(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "PORTION", 2)
    now = await _long_after_five_questions(world)
    records, updates = await _ended(world, now), await _count(world, Inbox)
    assert records > 4
    assert updates > 4
    # The update stored last stays, for polling goes on behind it.
    assert await forget_old(world.database, world.clinic, now) == 5 + records + updates - 1
    assert {letter.text for letter in await letters(world)} == {None}
    assert await _ended(world, now) == 0
    assert await _count(world, Inbox) == 1


async def test_what_is_too_much_for_one_tick_is_left_to_the_next(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "PORTION", 2)
    monkeypatch.setattr(forgetting, "AT_ONCE", 1)
    now = await _long_after_five_questions(world)
    assert await forget_old(world.database, world.clinic, now) == 6
    next_time = forgetting.next_at(await world.app.agenda())
    assert next_time is not None
    assert next_time <= now
    for _ in range(20):
        await forget_old(world.database, world.clinic, now)
    assert {letter.text for letter in await letters(world)} == {None}
    assert await _ended(world, now) == 0
    assert await _count(world, Inbox) == 1


async def _long_after_five_questions(world: World) -> datetime:
    """When everything that was written and recorded until then has outlived its term."""
    two = await pair(world)
    for number in range(5):
        two.anna.say(f"Question {number}")
    await world.settle()
    return world.clock.now() + timedelta(days=400)


async def _count(world: World, table: type[Inbox | Audit | Delivery]) -> int:
    async with world.database.read() as work:
        return await work.session.scalar(select(func.count()).select_from(table)) or 0


async def _ended(world: World, before: object) -> int:
    async with world.database.read() as work:
        statement = select(func.count()).select_from(Outbox).where(Outbox.ended_at < before)
        return await work.session.scalar(statement) or 0
