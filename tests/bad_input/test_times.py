"""Times that do not exist, lie too far away, or fall where the clocks change."""

from datetime import datetime

import pytest
from sqlalchemy import select

from bot.sandbox.person import Person
from storage.tables import Appointment, Session
from tests.bot.conversation import last_id, since
from tests.world import World


async def said(world: World, person: Person, *texts: str) -> str:
    """Say one thing after the other; what the bot answers to the last."""
    before = last_id(person)
    for text in texts:
        before = last_id(person)
        person.say(text)
        await world.settle()
    return "\n".join(each.text for each in [*since(person, before), person.last])


async def recorded(world: World) -> tuple[list[datetime], list[datetime]]:
    """When sessions ended, and when appointments begin."""
    async with world.database.read() as work:
        ended = (await work.session.scalars(select(Session.ended_at).order_by(Session.id))).all()
        begin = (await work.session.scalars(select(Appointment.starts_at).order_by(Appointment.id))).all()
    return list(ended), list(begin)


async def asked_when(world: World) -> Person:
    """A practitioner who is asked when the session of their only patient ended."""
    marie = await world.practitioner()
    await world.patient("Anna Keller", marie)
    marie.say("/record")
    await world.settle()
    marie.tap("Anna Keller")
    await world.settle()
    return marie


async def test_impossible_times_are_explained_and_the_question_stays(world: World) -> None:
    marie = await asked_when(world)
    for typed, helped in (
        ("30.2. 10:00", "doesn’t exist"),
        ("29.2.2026 10:00", "doesn’t exist"),
        ("25:61", "doesn’t exist"),
        ("1.1.1970 10:00", "days ago"),
        ("1.1.9999 10:00", "doesn’t exist"),
        ("1.1.0000 10:00", "doesn’t exist"),
        ("31.12.2199 23:59", "still to come"),
        ("99999999999999999999", "can’t read"),
        ("١٠:٣٠", ""),
        ("\u202e03:01", ""),
        ("yesterday yesterday", "can’t read"),
        ("10:30 <b>&", "can’t read"),
        ("1" * 4096, "can’t read"),
        ("🕙", "can’t read"),
    ):
        assert helped in await said(world, marie, typed), typed[:20]
    marie.send_voice()
    await world.settle()
    assert "text" in marie.last.text
    assert await recorded(world) == ([], [])


async def test_appointments_too_far_or_before_the_session_are_explained(world: World) -> None:
    marie = await asked_when(world)
    await said(world, marie, "8:30")
    for typed, helped in (
        ("31.12.2199 10:00", "days ahead"),
        ("1.1.2020 10:00", "passed"),
        ("8:00 2.3.", "passed"),
        ("31.4. 10:00", "doesn’t exist"),
    ):
        assert helped in await said(world, marie, typed), typed
    assert await recorded(world) == ([], [])


@pytest.mark.parametrize(
    ("day", "next_typed", "ended_at", "begins_at"),
    [
        pytest.param(27, "5.4. 4:00", "03-29 01:30", "04-05 02:00", id="in the gap"),
        pytest.param(237, "8.11. 2:30", "10-25 00:30", "11-08 01:30", id="doubled"),
    ],
)
async def test_a_time_in_the_gap_moves_forward_and_a_doubled_one_is_the_first(
    world: World, day: int, next_typed: str, ended_at: str, begins_at: str
) -> None:
    """On 29 March 02:30 does not exist in Paris; on 25 October it comes twice."""
    await world.crash()
    world.clock.set(world.at(day, "10:00"))
    await world.start()
    marie = await asked_when(world)
    await said(world, marie, "2:30")
    await said(world, marie, next_typed)
    marie.tap("✅ Save")
    await world.settle()
    ended, begin = await recorded(world)
    assert [f"{when:%m-%d %H:%M}" for when in ended] == [ended_at]
    assert [f"{when:%m-%d %H:%M}" for when in begin] == [begins_at]
