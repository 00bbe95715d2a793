"""Who has claimed a message and lost it meanwhile has no hand in it any more."""

import asyncio
from datetime import timedelta

from sqlalchemy import select, update

from bot.sandbox.faults import Fault
from messages.outgoing import LANES, Kind
from storage import outbox, sending
from storage.outbox import Owed
from storage.tables import Outbox
from tests.bot.conversation import (
    pair,
    times_heard,
)
from tests.claiming import claimed
from tests.world import World


async def test_what_waits_for_its_turn_when_a_patient_is_handed_over_goes_to_the_colleague(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    marie_id, paul_id = await world.staff_id(two.marie), await world.staff_id(paul)
    patient_id = await world.patient_id(two.anna)
    now = world.clock.now()
    async with world.database.work() as work:
        owed = Owed(
            key="waits",
            kind=Kind.NOTICE,
            template="practitioner.patient_back",
            due_at=now + timedelta(days=1),
            staff_id=marie_id,
            subject_id=patient_id,
        )
        await outbox.plan(work, [owed], now=now)
        await work.session.execute(update(Outbox).where(Outbox.key == "waits").values(state="claimed"))
        await outbox.readdress(work, subject_id=patient_id, from_staff=marie_id, to_staff=paul_id, now=now)
        row = (await work.session.scalars(select(Outbox).where(Outbox.key == "waits"))).one()
        # The one who had claimed it for the first practitioner finds that it is not theirs any more.
        assert await sending.mark_sending(work, [claimed(row)]) == [False]
        await sending.end(work, claimed(row), state="skipped", reason="removed", now=now)
        row = await work.session.get_one(Outbox, row.id, populate_existing=True)
        assert (row.state, row.staff_id) == ("pending", paul_id)


async def test_who_has_given_a_message_back_has_no_hand_in_it_any_more(world: World) -> None:
    """The commit that gave it back was not answered: it is given back again, when somebody else has it."""
    marie = await world.practitioner()
    tomorrow = world.clock.now() + timedelta(days=1)
    lane = LANES[Kind.NOTICE]
    async with world.database.work() as work:
        owed = Owed("waits", Kind.NOTICE, "practitioner.welcome", tomorrow, staff_id=await world.staff_id(marie))
        await outbox.plan(work, [owed], now=world.clock.now())
        (first,) = await sending.claim(work, lane, many=1, now=tomorrow)
        await sending.put_back(work, first, due_at=tomorrow)
        (second,) = await sending.claim(work, lane, many=1, now=tomorrow + timedelta(seconds=1))
        await sending.put_back(work, first, due_at=tomorrow)
        assert not await sending.end(work, first, state="skipped", reason="removed", now=tomorrow)
        assert await sending.mark_sending(work, [second]) == [True]


async def test_a_check_in_that_was_withdrawn_and_brought_back_while_it_waited_is_sent_once(world: World) -> None:
    """Two jobs have it in hand then, and the first one's turn comes first. Telegram asks it to wait."""
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    await world.session(anna)
    due = (await _check_in(world)).due_at
    world.app.throttle.pause(anna.id, 3600)
    for seconds, words, state in ((0, None, "claimed"), (5, "/stop", "cancelled"), (10, "/resume", "claimed")):
        world.clock.set(due + timedelta(seconds=seconds))
        world.app.sender.wake.call()
        if words is not None:
            anna.say(words)
        async with asyncio.timeout(20):
            while (await _check_in(world)).state != state:
                await world.app.progress.wait(0.05)
    world.sandbox.faults.add(Fault.flood(1, method="sendMessage", chat_id=anna.id))
    world.app.throttle.forget_pauses()
    world.clock.set(due + timedelta(minutes=1))
    await world.settle()
    await world.move(minutes=5)
    assert (await _check_in(world)).state == "sent"
    assert times_heard(anna, "You have a check-in") == 1


async def _check_in(world: World) -> Outbox:
    async with world.database.read() as work:
        statement = select(Outbox).where(Outbox.kind == Kind.CHECK_IN.value).order_by(Outbox.due_at).limit(1)
        return (await work.session.scalars(statement)).one()
