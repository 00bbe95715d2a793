"""Two things happen at the same moment: on PostgreSQL neither sees what the other has not committed."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from bot.flows.change_staff import set_cover
from bot.flows.hand_over import hand_over
from bot.flows.note_unreachable import note_return
from bot.flows.raise_alert import raise_alert
from bot.flows.receive_letter import take_letter
from bot.sandbox.person import Person
from messages.grading import Flag, Grade
from messages.letters import Content
from messages.people import Actor
from storage import people
from storage.database import UnitOfWork
from storage.tables import Patient, Staff
from tests.bot.conversation import Pair, last_id, pair, since
from tests.world import World

QUESTION = "Is this swelling normal?"
A_MOMENT = 0.3
"""Seconds of real time in which what nobody holds up is done."""


async def _at_once(
    world: World, first: Callable[[UnitOfWork], Awaitable[object]], second: Coroutine[Any, Any, object]
) -> None:
    """Do `second` as far as it comes before `first` is committed, and the rest of it afterwards."""
    async with asyncio.timeout(60):
        async with world.database.work() as work:
            await first(work)
            task = asyncio.ensure_future(second)
            await asyncio.wait({task}, timeout=A_MOMENT)
            await work.commit()
        await task
        await world.settle()


def _heard(reader: Person, after: int, words: str = QUESTION) -> int:
    return sum(words in message.text for message in since(reader, after))


async def _write(world: World, two: Pair, patient_id: int, work: UnitOfWork) -> None:
    content = Content(two.anna.id, 900_001, "text", text=QUESTION, sent_at=world.clock.now())
    await take_letter(work, patient_id=patient_id, content=content, now=world.clock.now(), clinic=world.clinic)


async def _raise(world: World, patient_id: int, work: UnitOfWork) -> None:
    await raise_alert(
        work,
        patient=await work.session.get_one(Patient, patient_id),
        session_id=None,
        check_in_id=None,
        grade=Grade.E,
        flags=(Flag.U5,),
        origin="check_in",
        now=world.clock.now(),
        clinic=world.clinic,
    )


async def _done(world: World, step: Callable[[UnitOfWork], Awaitable[object]]) -> None:
    async with world.database.work() as work:
        await step(work)
        await work.commit()


async def _set_unreachable(world: World, staff_id: int, away: bool, work: UnitOfWork) -> None:
    member = await work.session.get_one(Staff, staff_id)
    member.unreachable_since = world.clock.now() if away else None
    await work.session.flush()


async def _return(world: World, staff_id: int) -> None:
    async with world.database.work() as work:
        await note_return(work, patient_id=None, staff_id=staff_id, now=world.clock.now())


async def _hand_over(world: World, patient_id: int, by: Actor, to: int) -> None:
    async with world.database.work() as work:
        await hand_over(work, actor=by, patient_id=patient_id, to_staff_id=to, now=world.clock.now())


async def _step_in(world: World, staff_id: int, by: Actor, cover_id: int) -> None:
    async with world.database.work() as work:
        await set_cover(work, actor=by, staff_id=staff_id, cover_id=cover_id, now=world.clock.now())


async def _actor(world: World, person: Person) -> Actor:
    async with world.database.read() as work:
        return await people.actor_of(work, person.id, language="en")


async def test_a_letter_is_stored_while_its_reader_comes_back(world: World) -> None:
    two = await pair(world)
    patient_id, staff_id, before = await world.patient_id(two.anna), await world.staff_id(two.marie), last_id(two.marie)
    await _done(world, partial(_set_unreachable, world, staff_id, True))
    await _at_once(world, partial(_write, world, two, patient_id), _return(world, staff_id))
    assert _heard(two.marie, before) == 1


async def test_a_reader_comes_back_while_a_letter_is_stored(world: World) -> None:
    two = await pair(world)
    patient_id, staff_id, before = await world.patient_id(two.anna), await world.staff_id(two.marie), last_id(two.marie)
    await _done(world, partial(_set_unreachable, world, staff_id, True))
    write = _done(world, partial(_write, world, two, patient_id))
    await _at_once(world, partial(_set_unreachable, world, staff_id, False), write)
    assert _heard(two.marie, before) == 1


async def test_a_letter_is_stored_while_somebody_is_found_to_step_in(world: World) -> None:
    two = await pair(world)
    paul, alex = await world.practitioner("Paul Morel"), await world.admin()
    patient_id, staff_id, before = await world.patient_id(two.anna), await world.staff_id(two.marie), last_id(paul)
    await _done(world, partial(_set_unreachable, world, staff_id, True))
    step_in = _step_in(world, staff_id, await _actor(world, alex), await world.staff_id(paul))
    await _at_once(world, partial(_write, world, two, patient_id), step_in)
    assert _heard(paul, before) == 1


async def test_a_letter_is_stored_while_its_patient_is_handed_over(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    patient_id, at_marie, at_paul = await world.patient_id(two.anna), last_id(two.marie), last_id(paul)
    going = _hand_over(world, patient_id, await _actor(world, two.marie), await world.staff_id(paul))
    await _at_once(world, partial(_write, world, two, patient_id), going)
    assert (_heard(paul, at_paul), _heard(two.marie, at_marie)) == (1, 0)


async def test_an_alert_is_raised_while_its_patient_is_handed_over(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    patient_id, before = await world.patient_id(two.anna), last_id(paul)
    going = _hand_over(world, patient_id, await _actor(world, two.marie), await world.staff_id(paul))
    await _at_once(world, partial(_raise, world, patient_id), going)
    assert _heard(paul, before, "EMERGENCY") == 1


async def test_an_alert_to_somebody_who_is_marked_at_that_moment_climbs_when_it_is_refused(world: World) -> None:
    two = await pair(world)
    alex = await world.admin()
    patient_id, staff_id, before = await world.patient_id(two.anna), await world.staff_id(two.marie), last_id(alex)
    two.marie.account.deactivated = True

    async def raise_and_mark(work: UnitOfWork) -> None:
        await _raise(world, patient_id, work)
        # Whoever marks them does not see this alert yet.
        await _set_unreachable(world, staff_id, True, work)

    await _done(world, raise_and_mark)
    await world.settle()
    assert _heard(alex, before, "EMERGENCY") == 1
