"""Intake, handling and sending as one engine: what arrives is handled once and in order, what is owed goes once."""

import asyncio
import json
from datetime import timedelta
from types import ModuleType

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError
from telegram.error import InvalidToken

from bot import handling, sender
from bot.outcomes import Unrecorded
from bot.sandbox.faults import Fault
from messages.outgoing import Kind, Lane
from messages.retrying import HANDLING_ATTEMPTS
from storage import callers, inbox, outbox, sending
from storage.agenda import Agenda
from storage.database import Database
from storage.outbox import Owed
from storage.tables import Delivery, Inbox, Outbox
from tests.bot.conversation import times_heard
from tests.world import World


async def _owe(world: World, key: str, staff_id: int, **more: object) -> None:
    now = world.clock.now()
    columns: dict[str, object] = {"due_at": now, "template": "group.private_only", "kind": Kind.NOTICE, **more}
    owed = Owed(key=key, staff_id=staff_id, **columns)  # type: ignore[arg-type]
    async with world.database.work() as work:
        await outbox.plan(work, [owed], now=now)
        await work.commit()
    await world.settle()


async def _row(database: Database, key: str) -> Outbox:
    async with database.read() as work:
        return (await work.session.scalars(select(Outbox).where(Outbox.key == key))).one()


async def test_a_backlog_flows_without_waiting_for_the_next_look(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that end while others are claimed used to leave room that nobody filled until the sender looked again."""
    monkeypatch.setattr(sender, "LOOK_AGAIN", 600.0)
    marie = await world.practitioner()
    staff_id, now = await world.staff_id(marie), world.clock.now()
    people = [await world.practitioner(f"Colleague {number}") for number in range(9)]
    ids = [staff_id, *[await world.staff_id(person) for person in people]]
    backlog = [
        Owed(
            key=f"backlog {number}",
            kind=Kind.NOTICE,
            template="group.private_only",
            due_at=now,
            staff_id=ids[number % len(ids)],
        )
        for number in range(8 * sender.AT_ONCE[Lane.CONVERSATION])
    ]
    async with world.database.work() as work:
        await outbox.plan(work, backlog, now=now)
        await work.commit()
    await world.settle()
    async with world.database.read() as work:
        sent = select(func.count()).where(Outbox.key.startswith("backlog"), Outbox.state == "sent")
        assert await work.session.scalar(sent) == len(backlog)


async def test_a_stranger_learns_that_nobody_reads_this(world: World) -> None:
    stranger = world.sandbox.person("Nobody")
    stranger.say("is anybody there?")
    await world.settle()
    assert "nobody will read it" in stranger.last.text
    assert "112" in stranger.last.text


async def test_planning_the_same_key_twice_sends_once(world: World) -> None:
    marie = await world.practitioner()
    staff_id = await world.staff_id(marie)
    before = len(marie.bot_messages)
    await _owe(world, "once", staff_id)
    await _owe(world, "once", staff_id)
    assert len(marie.bot_messages) == before + 1


async def test_a_sent_row_remembers_which_message_carried_it(world: World) -> None:
    marie = await world.practitioner()
    await _owe(world, "remembered", await world.staff_id(marie))
    row = await _row(world.database, "remembered")
    assert row.state == "sent"
    async with world.database.read() as work:
        delivery = (await work.session.scalars(select(Delivery).where(Delivery.outbox_id == row.id))).one()
    assert (delivery.chat_id, delivery.message_id) == (marie.id, marie.last.id)


async def test_nothing_goes_before_its_time_or_after_its_deadline(world: World) -> None:
    marie = await world.practitioner()
    staff_id = await world.staff_id(marie)
    now = world.clock.now()
    await _owe(world, "later", staff_id, due_at=now + timedelta(hours=2))
    await _owe(world, "too late", staff_id, due_at=now - timedelta(hours=2), not_after=now - timedelta(hours=1))
    assert (await _row(world.database, "later")).state == "pending"
    late = await _row(world.database, "too late")
    assert (late.state, late.reason) == ("skipped", "too_late")
    await world.move(hours=2)
    assert (await _row(world.database, "later")).state == "sent"


async def test_what_was_withdrawn_is_not_sent(world: World) -> None:
    marie = await world.practitioner()
    staff_id = await world.staff_id(marie)
    before = len(marie.bot_messages)
    await _owe(world, "withdrawn", staff_id, due_at=world.clock.now() + timedelta(hours=1))
    async with world.database.work() as work:
        count = await outbox.withdraw(work, Outbox.key == "withdrawn", reason="moved", now=world.clock.now())
        await work.commit()
    await world.move(hours=2)
    assert count == 1
    assert len(marie.bot_messages) == before
    assert (await _row(world.database, "withdrawn")).reason == "moved"


async def test_a_server_error_is_repeated_only_as_uncertain(world: World) -> None:
    marie = await world.practitioner()
    world.sandbox.faults.add(Fault.answer(502, "Bad Gateway", method="sendMessage", moment="after", times=1))
    await _owe(world, "uncertain", await world.staff_id(marie))
    await world.move(seconds=2)
    row = await _row(world.database, "uncertain")
    assert (row.state, row.repeats) == ("sent", 1)
    assert times_heard(marie, "private") == 2


async def test_a_flood_is_waited_out_and_nothing_is_lost(world: World) -> None:
    marie = await world.practitioner()
    world.sandbox.faults.add(Fault.flood(3, chat_id=marie.id))
    await _owe(world, "flooded", await world.staff_id(marie))
    assert (await _row(world.database, "flooded")).state == "pending"
    world.app.throttle.forget_pauses()
    await world.move(seconds=3)
    row = await _row(world.database, "flooded")
    assert (row.state, row.repeats) == ("sent", 0)


async def test_an_update_delivered_twice_is_handled_once(world: World) -> None:
    person = world.sandbox.person("Twice")
    world.sandbox.faults.add(Fault("duplicate_update", times=1))
    person.say("hello")
    await world.settle()
    assert len(person.bot_messages) == 1


async def test_an_update_that_always_fails_is_set_aside_while_other_chats_go_on(world: World) -> None:
    broken = world.sandbox.person("Broken")
    other = world.sandbox.person("Other")
    await world.app.intake.store([{"update_id": 1, "message": {"chat": {"id": broken.id}, "date": "not a date"}}])
    other.say("hello")
    await world.settle()
    assert other.bot_messages
    await world.move(minutes=5)
    async with world.database.read() as work:
        row = await work.session.get_one(Inbox, 1)
    assert (row.state, row.attempts) == ("dead", HANDLING_ATTEMPTS)
    assert json.loads(row.payload)["message"]["date"] == "not a date", "a dead letter keeps its content"


async def test_a_chat_keeps_its_order_behind_an_update_that_waits_for_a_retry(world: World) -> None:
    person = world.sandbox.person("Order")
    await world.app.intake.store([{"update_id": 1, "message": {"chat": {"id": person.id}, "date": "not a date"}}])
    person.say("second")
    await world.settle()
    assert not person.bot_messages
    await world.move(minutes=5)
    assert len(person.bot_messages) == 1


async def test_an_update_of_an_unknown_kind_is_done_without_a_trace(world: World) -> None:
    world.sandbox.updates.add_unfiltered("message_of_the_future", {"chat": {"id": 5, "type": "private"}})
    await world.settle()
    async with world.database.read() as work:
        states = (await work.session.execute(select(Inbox.state, func.count()).group_by(Inbox.state))).all()
    assert [tuple(row) for row in states] == [("done", 1)]


async def test_handled_updates_keep_no_content(world: World) -> None:
    person = world.sandbox.person("Private")
    person.say("something personal")
    await world.settle()
    async with world.database.read() as work:
        payloads = (await work.session.scalars(select(Inbox.payload))).all()
    assert set(payloads) == {"{}"}


async def test_a_crash_gives_claimed_rows_back(world: World) -> None:
    marie = await world.practitioner()
    staff_id = await world.staff_id(marie)
    await world.crash()
    database = Database(world.database_url)
    async with database.work() as work:
        owed = [
            Owed(key=f"left {state}", kind=kind, template="group.private_only", staff_id=staff_id,
                 due_at=world.clock.now())
            for state, kind in (("claimed", Kind.NOTICE), ("sending", Kind.NOTICE), ("digest", Kind.DIGEST))
        ]  # fmt: skip
        await outbox.plan(work, owed, now=world.clock.now())
        for row in (await work.session.scalars(select(Outbox).where(Outbox.key.like("left %")))).all():
            row.state = "claimed" if row.key == "left claimed" else "sending"
        await work.commit()
    await database.close()
    await world.start()
    await world.settle()
    claimed, sending, digest = [
        await _row(world.database, key) for key in ("left claimed", "left sending", "left digest")
    ]
    assert (claimed.state, claimed.repeats) == ("sent", 0)
    assert (sending.state, sending.repeats) == ("sent", 1)
    assert (digest.state, digest.reason) == ("uncertain", "crash")


async def test_a_row_that_cannot_be_composed_ends_as_failed_while_others_go_on(world: World) -> None:
    marie = await world.practitioner()
    staff_id = await world.staff_id(marie)
    await _owe(world, "broken", staff_id, template="patient.reminder.before_48h")
    await _owe(world, "sound", staff_id)
    await world.move(minutes=10)
    assert (await _row(world.database, "sound")).state == "sent"
    broken = await _row(world.database, "broken")
    assert (broken.state, broken.reason) == ("failed", "broken")
    assert not world.app.nursery.failed.done()


async def test_a_row_of_a_kind_that_only_another_version_knows_stays_owed_while_others_go_on(world: World) -> None:
    staff_id = await world.staff_id(await world.practitioner())
    due_at = world.clock.now() + timedelta(minutes=5)
    await _owe(world, "unheard of", staff_id, due_at=due_at)
    async with world.database.work() as work:
        await work.session.execute(update(Outbox).where(Outbox.key == "unheard of").values(kind="unheard_of"))
        await work.commit()
    await _owe(world, "sound", staff_id, due_at=due_at)
    await world.move(minutes=10)
    assert (await _row(world.database, "sound")).state == "sent"
    assert (await _row(world.database, "unheard of")).state == "pending"
    assert not world.app.nursery.failed.done()
    async with world.database.work() as work:
        await work.session.execute(update(Outbox).where(Outbox.key == "unheard of").values(kind=Kind.NOTICE.value))
        await work.commit()
    await world.move(hours=1)
    assert (await _row(world.database, "unheard of")).state == "sent"


async def test_a_refused_token_stops_the_program_and_ends_nothing(world: World) -> None:
    marie = await world.practitioner()
    staff_id = await world.staff_id(marie)
    world.sandbox.faults.add(Fault.answer(401, "Unauthorized", method="sendMessage", times=1))
    with pytest.raises(InvalidToken):
        await _owe(world, "kept", staff_id)
    await world.crash()
    await world.start()
    await world.settle()
    assert (await _row(world.database, "kept")).state == "sent"


async def test_an_outage_of_telegram_costs_no_update(world: World) -> None:
    stranger = world.sandbox.person("Patient")
    fault = Fault.answer(502, "Bad Gateway", method="sendMessage", times=HANDLING_ATTEMPTS + 3)
    world.sandbox.faults.add(fault)
    stranger.say("hello")
    await world.settle()
    await world.move(hours=1)
    assert stranger.bot_messages
    async with world.database.read() as work:
        assert not await work.session.scalar(select(func.count()).where(Inbox.state != "done"))


async def test_ids_that_begin_anew_after_a_quiet_week_are_still_confirmed(world: World) -> None:
    person = world.sandbox.person("Weekly")
    await world.app.intake.store([{"update_id": 900_000_000, "message_of_the_past": {}}])
    await world.crash()
    world.clock.set(world.clock.now() + timedelta(days=8))
    await world.start()
    person.say("hello")
    await world.settle()
    assert len(person.bot_messages) == 1
    person.say("hello again")
    await world.settle()
    assert len(person.bot_messages) == 2
    assert world.sandbox.unconfirmed_updates == 0


async def test_a_message_that_was_sent_but_could_not_be_recorded_is_not_sent_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    marie = await world.practitioner()
    before = len(marie.bot_messages)

    async def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    # A double, because the disk must fail between Telegram's answer and our record of it, and at no other write.
    with monkeypatch.context() as patch:
        patch.setattr(sending, "mark_all_sent", fail)
        with pytest.raises(Unrecorded):
            await _owe(world, "once", await world.staff_id(marie), kind=Kind.DIGEST)
        await world.crash()
    await world.start()
    await world.move(minutes=30)
    assert len(marie.bot_messages) == before + 1
    row = await _row(world.database, "once")
    assert (row.state, row.reason) == ("uncertain", "crash")


async def test_nothing_is_settled_while_an_answer_is_on_its_way(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine what is planned may be asked before an update is taken up, and read after it is done."""
    marie = await world.practitioner()
    agenda, slow = world.app.agenda, Fault.slow(0.3, method="sendMessage", chat_id=marie.id)

    async def read_late() -> Agenda:
        async with asyncio.timeout(10):
            # The handler says nothing between its commit and its answer that could be awaited.
            while not (world.app.handling.busy and await _all_done(world.database)):  # noqa: ASYNC110
                await asyncio.sleep(0)
        monkeypatch.undo()
        return await agenda()

    monkeypatch.setattr(world.app, "agenda", read_late)
    world.sandbox.faults.add(slow)
    before = len(marie.bot_messages)
    marie.say("/new Zoé")
    await world.app.settle()
    assert len(marie.bot_messages) == before + 1


async def _all_done(database: Database) -> bool:
    async with database.read() as work:
        newest = await work.session.scalar(select(Inbox.state).order_by(Inbox.update_id.desc()).limit(1))
        return newest == "done"


@pytest.mark.parametrize(
    ("part", "module", "question"), [(sender, sending, "next_by_lane"), (handling, inbox, "waiting")]
)
async def test_after_a_look_that_failed_comes_the_next_one(
    world: World, monkeypatch: pytest.MonkeyPatch, part: ModuleType, module: ModuleType, question: str
) -> None:
    """The pause was made already: an alert that had become due meanwhile waited for the next look as well."""
    marie = await world.practitioner()
    monkeypatch.setattr(part, "LOOK_AGAIN", 600.0)
    ask, failed = getattr(module, question), asyncio.Event()

    async def is_away_once(*arguments: object, **more: object) -> object:
        if not failed.is_set():
            failed.set()
            raise OperationalError("SELECT", {}, ConnectionResetError())
        return await ask(*arguments, **more)

    monkeypatch.setattr(module, question, is_away_once)
    marie.say("/help")
    if part is sender:
        await _owe(world, "due", await world.staff_id(marie))
    await world.settle()
    assert failed.is_set()


async def test_what_failed_is_tried_again_when_it_is_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    marie = await world.practitioner()
    monkeypatch.setattr(handling, "LOOK_AGAIN", 600.0)
    ask, failed = callers.caller, asyncio.Event()

    async def stumbles_once(*arguments: object, **more: object) -> object:
        if not failed.is_set():
            failed.set()
            raise ValueError
        return await ask(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(callers, "caller", stumbles_once)
    marie.say("/help")
    await failed.wait()
    await world.sandbox.changed(lambda: not world.sandbox.unconfirmed_updates)
    await world.settle()
    before = len(marie.bot_messages)
    world.clock.set(world.clock.now() + timedelta(minutes=1))
    await world.settle()
    assert len(marie.bot_messages) == before + 1
