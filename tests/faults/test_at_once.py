"""Two things happen at the same moment: on PostgreSQL neither sees what the other has not committed."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from unittest.mock import AsyncMock, patch

import pytest
from sqlalchemy import ColumnElement, func, select

from bot.flows.add_patient import add_patient
from bot.flows.change_staff import set_cover
from bot.flows.hand_over import hand_over
from bot.flows.note_unreachable import has_returned, note_return, note_unreachable
from bot.flows.nudge import nudge
from bot.flows.pause_course import pause_course
from bot.flows.raise_alert import raise_alert
from bot.flows.receive_letter import take_letter
from bot.flows.remove_staff import remove_staff
from bot.sandbox.faults import Fault
from bot.sandbox.person import Person
from messages.care_plan import Family
from messages.errors import NotFound
from messages.grading import Flag, Grade
from messages.letters import Content
from messages.people import Actor
from storage import outbox, people, sending
from storage.database import UnitOfWork
from storage.tables import Outbox, Patient, Staff
from tests.bot.checking_in import tap
from tests.bot.conversation import Pair, last_id, pair, times_heard
from tests.bot.conversation import set_cover as set_cover_of
from tests.claiming import claimed
from tests.faults.heard import listening
from tests.world import World

QUESTION = "Is this swelling normal?"
A_MOMENT = 0.3
"""Seconds of real time in which what nobody holds up is done."""


async def _at_once(
    world: World, first: Callable[[UnitOfWork], Awaitable[object]], second: Coroutine[Any, Any, object]
) -> None:
    """Do `second` as far as it comes before `first` is committed, and the rest of it afterwards.

    The sender looks away meanwhile: it would sometimes be quicker than `second`, and right to send.
    """
    async with asyncio.timeout(60):
        with patch.object(world.app.sender, "_look", AsyncMock()):
            await _both(world, first, second)
        world.app.sender.wake.call()
        await world.settle()


async def _both(
    world: World, first: Callable[[UnitOfWork], Awaitable[object]], second: Coroutine[Any, Any, object]
) -> None:
    async with world.database.work() as work:
        await first(work)
        task = asyncio.ensure_future(second)
        await asyncio.wait({task}, timeout=A_MOMENT)
        await work.commit()
    await task


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


async def _set_unreachable(world: World, staff_id: int, work: UnitOfWork) -> None:
    member = await work.session.get_one(Staff, staff_id)
    member.unreachable_since = world.clock.now()
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
    await _done(world, partial(_set_unreachable, world, staff_id))
    await _at_once(world, partial(_write, world, two, patient_id), _return(world, staff_id))
    assert times_heard(two.marie, QUESTION, before) == 1


async def test_a_reader_comes_back_while_a_letter_is_stored(world: World) -> None:
    two = await pair(world)
    patient_id, staff_id, before = await world.patient_id(two.anna), await world.staff_id(two.marie), last_id(two.marie)
    await _done(world, partial(_set_unreachable, world, staff_id))
    write = _done(world, partial(_write, world, two, patient_id))
    await _at_once(world, partial(_come_back, world, staff_id), write)
    assert times_heard(two.marie, QUESTION, before) == 1


async def test_a_letter_is_stored_while_somebody_is_found_to_step_in(world: World) -> None:
    two = await pair(world)
    paul, alex = await world.practitioner("Paul Morel"), await world.admin()
    patient_id, staff_id, before = await world.patient_id(two.anna), await world.staff_id(two.marie), last_id(paul)
    await _done(world, partial(_set_unreachable, world, staff_id))
    step_in = _step_in(world, staff_id, await _actor(world, alex), await world.staff_id(paul))
    await _at_once(world, partial(_write, world, two, patient_id), step_in)
    assert times_heard(paul, QUESTION, before) == 1


async def test_a_letter_is_stored_while_its_patient_is_handed_over(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    patient_id, at_marie, at_paul = await world.patient_id(two.anna), last_id(two.marie), last_id(paul)
    going = _hand_over(world, patient_id, await _actor(world, two.marie), await world.staff_id(paul))
    await _at_once(world, partial(_write, world, two, patient_id), going)
    assert (times_heard(paul, QUESTION, at_paul), times_heard(two.marie, QUESTION, at_marie)) == (1, 0)


async def _sending(world: World, two: Pair, patient_id: int) -> tuple[Outbox, Staff]:
    """A letter is at Telegram, which is about to refuse it; and its reader as they were when it was composed."""
    async with world.database.work() as work:
        await _write(world, two, patient_id, work)
        row = await work.session.scalar(select(Outbox).where(Outbox.kind == "relay"))
        assert row is not None
        row.state, row.attempts = "sending", 1
        reader = await work.session.get_one(Staff, row.staff_id)
        await work.commit()
    return row, reader


async def _refuse(world: World, row: Outbox, reader: Staff, work: UnitOfWork) -> None:
    """What the sender records of a 403."""
    assert not await has_returned(work, reader)
    await sending.end(work, claimed(row), state="failed", reason="unreachable", now=world.clock.now())
    await note_unreachable(work, reader, now=world.clock.now(), clinic=world.clinic)


@pytest.mark.parametrize("refused_first", [True, False])
async def test_a_letter_is_refused_while_its_patient_is_handed_over(world: World, refused_first: bool) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    patient_id, before = await world.patient_id(two.anna), last_id(paul)
    row, reader = await _sending(world, two, patient_id)
    refuse = partial(_refuse, world, row, reader)
    by, to = await _actor(world, two.marie), await world.staff_id(paul)
    if refused_first:
        await _at_once(world, refuse, _hand_over(world, patient_id, by, to))
    else:
        await _at_once(world, partial(_handed_over, world, patient_id, by, to), _done(world, refuse))
    assert times_heard(paul, QUESTION, before) == 1


async def _handed_over(world: World, patient_id: int, by: Actor, to: int, work: UnitOfWork) -> None:
    """The hand-over as it stands before its commit."""
    uncommitted = UnitOfWork(work.session, on_sqlite=work.on_sqlite)
    with patch.object(uncommitted, "commit"):
        await hand_over(uncommitted, actor=by, patient_id=patient_id, to_staff_id=to, now=world.clock.now())
    work.news |= uncommitted.news


async def test_a_practitioner_and_their_cover_come_back(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    await set_cover_of(world, two.marie, paul)
    patient_id, marie_id, paul_id = (
        await world.patient_id(two.anna),
        await world.staff_id(two.marie),
        await world.staff_id(paul),
    )
    at_marie, at_paul = last_id(two.marie), last_id(paul)
    for staff_id in (marie_id, paul_id):
        await _done(world, partial(_set_unreachable, world, staff_id))
    await _done(world, partial(_write, world, two, patient_id))
    await _at_once(world, partial(_come_back, world, marie_id), _return(world, paul_id))
    assert times_heard(two.marie, QUESTION, at_marie) + times_heard(paul, QUESTION, at_paul) == 1


async def _come_back(world: World, staff_id: int, work: UnitOfWork) -> None:
    """The return as it stands before its commit."""
    uncommitted = UnitOfWork(work.session, on_sqlite=work.on_sqlite)
    with patch.object(uncommitted, "commit"):
        await note_return(uncommitted, patient_id=None, staff_id=staff_id, now=world.clock.now())
    work.news |= uncommitted.news


async def test_a_course_is_paused_while_its_check_in_is_answered(world: World) -> None:
    """Both end the nudge and the check-in; neither is stopped by the database because of the other."""
    two = await pair(world)
    await tap(world, two.anna, "None", "Dots only", "Not at all")
    by, patient_id, withdraw = await _actor(world, two.marie), await world.patient_id(two.anna), outbox.withdraw

    async def answered_meanwhile(work: UnitOfWork, *which: ColumnElement[bool], reason: str, now: datetime) -> int:
        withdrawn = await withdraw(work, *which, reason=reason, now=now)
        if reason == "paused":
            two.anna.tap("Nothing else")
            await world.app.progress.wait(A_MOMENT)
        return withdrawn

    async with listening() as log:
        with patch.object(world.app.sender, "_look", AsyncMock()):
            assert await nudge(world.database, world.clinic, world.clock.now() + timedelta(hours=12)) == 1
            with patch.object(outbox, "withdraw", answered_meanwhile):
                async with world.database.work() as work:
                    await pause_course(work, actor=by, patient_id=patient_id, now=world.clock.now())
        world.app.sender.wake.call()
        await world.settle()
    assert log.count("update_failed") == 0
    assert "Thank you" in two.anna.last.text


async def test_two_hand_overs_of_one_patient(world: World) -> None:
    two = await pair(world)
    paul, lea = await world.practitioner("Paul Morel"), await world.practitioner("Lea Blanc")
    patient_id, by = await world.patient_id(two.anna), await _actor(world, two.marie)
    to_paul, to_lea = await world.staff_id(paul), await world.staff_id(lea)
    async with world.database.work() as work:
        await set_cover(work, actor=by, staff_id=to_paul, cover_id=by.staff_id, now=world.clock.now())
    world.sandbox.faults.add(Fault.answer(500, "Internal Server Error", method="sendMessage", chat_id=two.marie.id))
    two.anna.say(QUESTION)
    await world.settle()
    at_paul, at_lea = last_id(paul), last_id(lea)
    first = partial(_handed_over, world, patient_id, by, to_paul)
    await _at_once(world, first, _hand_over(world, patient_id, by, to_lea))
    await world.move(minutes=1)
    assert (times_heard(paul, QUESTION, at_paul), times_heard(lea, QUESTION, at_lea)) == (0, 1)
    async with world.database.read() as work:
        assert (await work.session.get_one(Patient, patient_id)).practitioner_id == to_lea


async def test_a_cover_is_removed_while_a_letter_to_them_is_stored(world: World) -> None:
    two = await pair(world)
    paul, alex = await world.practitioner("Paul Morel"), await world.admin()
    await set_cover_of(world, two.marie, paul)
    patient_id, staff_id, paul_id = (
        await world.patient_id(two.anna),
        await world.staff_id(two.marie),
        await world.staff_id(paul),
    )
    at_marie, at_paul, by = last_id(two.marie), last_id(paul), await _actor(world, alex)
    await _done(world, partial(_set_unreachable, world, staff_id))

    async def remove() -> None:
        async with world.database.work() as work:
            await remove_staff(
                work, actor=by, staff_id=paul_id, successor_id=None, clinic=world.clinic, now=world.clock.now()
            )

    await _at_once(world, partial(_write, world, two, patient_id), remove())
    two.marie.say("/patients")
    await world.settle()
    assert (times_heard(two.marie, QUESTION, at_marie), times_heard(paul, QUESTION, at_paul)) == (1, 0)


async def test_an_alert_is_raised_while_its_patient_is_handed_over(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    patient_id, before = await world.patient_id(two.anna), last_id(paul)
    going = _hand_over(world, patient_id, await _actor(world, two.marie), await world.staff_id(paul))
    await _at_once(world, partial(_raise, world, patient_id), going)
    assert times_heard(paul, "EMERGENCY", before) == 1


async def test_an_alert_to_somebody_who_is_marked_at_that_moment_climbs_when_it_is_refused(world: World) -> None:
    two = await pair(world)
    alex = await world.admin()
    patient_id, staff_id, before = await world.patient_id(two.anna), await world.staff_id(two.marie), last_id(alex)
    two.marie.account.deactivated = True

    async def raise_and_mark(work: UnitOfWork) -> None:
        await _raise(world, patient_id, work)
        # Whoever marks them does not see this alert yet.
        await _set_unreachable(world, staff_id, work)

    await _done(world, raise_and_mark)
    await world.settle()
    assert times_heard(alex, "EMERGENCY", before) == 1


async def test_what_the_letter_has_read_of_its_reader_before_is_read_anew(world: World) -> None:
    two = await pair(world)
    patient_id, staff_id, before = await world.patient_id(two.anna), await world.staff_id(two.marie), last_id(two.marie)
    await _done(world, partial(_set_unreachable, world, staff_id))
    read, back = asyncio.Event(), asyncio.Event()

    async def write_late() -> None:
        async with world.database.work() as work:
            reader = await work.session.get_one(Staff, staff_id)
            assert reader.unreachable_since is not None
            read.set()
            if not work.on_sqlite:
                await back.wait()
            await _write(world, two, patient_id, work)
            await work.commit()

    async with asyncio.timeout(60):
        writing = asyncio.ensure_future(write_late())
        await read.wait()
        await _return(world, staff_id)
        back.set()
        await writing
    await world.settle()
    assert times_heard(two.marie, QUESTION, before) == 1


async def test_a_patient_is_added_while_their_practitioner_is_removed(world: World) -> None:
    marie, paul, alex = await world.practitioner(), await world.practitioner("Paul Morel"), await world.admin()
    adding, by = await _actor(world, marie), await _actor(world, alex)
    marie_id, paul_id = await world.staff_id(marie), await world.staff_id(paul)

    async def remove(work: UnitOfWork) -> None:
        uncommitted = UnitOfWork(work.session, on_sqlite=work.on_sqlite)
        with patch.object(uncommitted, "commit"):
            await remove_staff(
                uncommitted,
                actor=by,
                staff_id=marie_id,
                successor_id=paul_id,
                clinic=world.clinic,
                now=world.clock.now(),
            )

    async def add() -> None:
        with pytest.raises(NotFound):
            async with world.database.work() as work:
                await add_patient(
                    work,
                    actor=adding,
                    name="Anna Keller",
                    family=Family.FACE,
                    sessions=4,
                    interval_days=7,
                    language="en",
                    clinic=world.clinic,
                    now=world.clock.now(),
                )

    await _at_once(world, remove, add())
    async with world.database.read() as work:
        assert await work.session.scalar(select(func.count()).select_from(Patient)) == 0
