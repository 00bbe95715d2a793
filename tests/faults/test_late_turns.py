"""What took so long to compose that its room went to others waits for another turn: claimed, not marked as sending."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from bot.throttle import Limits, Place
from messages.outgoing import Kind
from storage.tables import Outbox, Patient
from tests.faults import owing
from tests.world import World, living


@pytest.fixture
async def world(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """One in which every first composing takes too long."""
    async with living(database_url, limits=Limits(private_chat_seconds=0)) as alive:
        monkeypatch.setattr("bot.throttle.PREPARED_SECONDS", -1.0)
        yield alive


async def test_it_is_sent_once_and_counts_as_one_attempt(world: World) -> None:
    marie = await world.practitioner()
    await owing.owe(world.database, "late", await world.staff_id(marie), now=world.clock.now())
    await world.settle()
    row = await owing.row(world.database, "late")
    assert (row.state, row.attempts) == ("sent", 1)
    assert owing.times_reached(world, marie) == 1


async def test_who_says_stop_meanwhile_gets_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    patient_id = await world.patient_id(anna)
    await world.session(anna)
    before, again = len(anna.bot_messages), world.app.throttle.again
    states: list[str] = []

    async def stop_and_wait(place: Place) -> None:
        async with world.database.work() as work:
            states.extend((await work.session.scalars(select(Outbox.state).where(Outbox.state != "pending"))).all())
            (await work.session.get_one(Patient, patient_id)).stopped_at = world.clock.now()
            await work.commit()
        await again(place)

    monkeypatch.setattr(world.app.throttle, "again", stop_and_wait)
    await world.move(hours=3)
    assert "sending" not in states
    assert len(anna.bot_messages) == before
    async with world.database.read() as work:
        of_check_ins = select(Outbox.state, Outbox.reason).where(Outbox.kind == Kind.CHECK_IN.value)
        assert ("skipped", "stopped") in [tuple(row) for row in await work.session.execute(of_check_ins)]
