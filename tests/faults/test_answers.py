"""What a person did is stored, and Telegram does not take the answer: they read it all the same, or are not held up."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from bot.handling import CHATS_AT_ONCE
from bot.sandbox.faults import Fault
from bot.sandbox.person import Person
from bot.throttle import EVERY_CHAT
from storage.tables import Alert
from tests.bot.conversation import last_id, pair, remove, since, times_heard
from tests.faults.heard import listening
from tests.world import World

QUESTION = "Do you agree?"
TAKES_NOTHING = Fault.answer(502, "Bad Gateway", method="sendMessage", times=None)
RED_FLAG = "I can't breathe and my lips are swelling"


def _is_alarmed(practitioner: Person, before: int) -> bool:
    return times_heard(practitioner, "EMERGENCY", before) > 0


async def _alerts(world: World) -> int:
    async with world.database.read() as work:
        return await work.session.scalar(select(func.count(Alert.id))) or 0


def _read(person: Person) -> int:
    return times_heard(person, QUESTION)


async def _asked(world: World) -> Person:
    """A patient who has just been asked whether they agree."""
    anna, token = await world.invited("Anna Keller", await world.practitioner())
    anna.start(token)
    await world.settle()
    return anna


@pytest.mark.parametrize(
    ("fault", "times_read"),
    [
        (Fault.answer(500, "Internal Server Error"), 1),
        (Fault.answer(502, "Bad Gateway"), 1),
        (Fault.drop("before"), 1),
        (Fault.flood(1), 1),
        (Fault.answer(500, "Internal Server Error", moment="after"), 2),
        (Fault.drop("mid_body"), 2),
    ],
    ids=["500", "502", "dropped", "flood", "accepted, 500", "accepted, answer cut off"],
)
async def test_an_answer_that_telegram_did_not_take_is_said_again(world: World, fault: Fault, times_read: int) -> None:
    marie = await world.practitioner()
    anna, token = await world.invited("Anna Keller", marie)
    world.sandbox.faults.add(replace(fault, method="sendMessage", chat_id=anna.id))
    async with listening() as log:
        anna.start(token)
        await world.settle()
    assert _read(anna) == times_read
    assert (log.count("answer_delayed"), log.count("answer_failed")) == (1, 0)


async def test_a_tap_whose_answer_was_not_taken_still_changes_the_message(world: World) -> None:
    anna = await _asked(world)
    asked = anna.last
    for method in ("answerCallbackQuery", "editMessageText"):
        world.sandbox.faults.add(Fault.answer(502, "Bad Gateway", method=method))
    anna.tap("consent:yes", asked.id)
    await world.settle()
    assert anna.message(asked.id).edited
    assert not world.sandbox.open_queries()


def _reads(anna: Person) -> None:
    anna.say("/help")


def _stores(anna: Person) -> None:
    anna.tap("None")


@pytest.mark.parametrize("act", [_reads, _stores])
async def test_a_red_flag_does_not_wait_behind_an_answer(world: World, act: Callable[[Person], None]) -> None:
    two = await pair(world)
    world.sandbox.faults.add(
        *(replace(TAKES_NOTHING, method=method, chat_id=two.anna.id) for method in ("sendMessage", "editMessageText"))
    )
    before = last_id(two.marie)
    async with listening() as log:
        act(two.anna)
        await log.until("answer_delayed" if act is _stores else "update_failed")
        two.anna.say(RED_FLAG)
        await world.sandbox.changed(lambda: _is_alarmed(two.marie, before), 20)
        world.sandbox.faults.clear()
        await world.settle()
    assert (log.count("answer_given_up"), log.count("answer_failed")) == (1, 0)


@pytest.mark.parametrize("act", [_reads, _stores])
async def test_a_red_flag_does_not_wait_for_a_telegram_that_hangs(world: World, act: Callable[[Person], None]) -> None:
    two = await pair(world)
    for method in ("sendMessage", "editMessageText"):
        hangs = replace(TAKES_NOTHING, method=method, chat_id=two.anna.id, delay=8)
        world.sandbox.faults.add(replace(TAKES_NOTHING, method=method, chat_id=two.anna.id, times=1), hangs)
    before = last_id(two.marie)
    async with listening() as log:
        act(two.anna)
        await log.until("answer_delayed" if act is _stores else "update_failed")
        two.anna.say(RED_FLAG)
        await world.sandbox.changed(lambda: _is_alarmed(two.marie, before), 7)
    world.sandbox.faults.clear()
    await world.settle()
    assert times_heard(two.marie, "EMERGENCY", before) == 1


async def test_a_red_flag_does_not_wait_for_several_answers_that_hang(world: World) -> None:
    two = await pair(world)
    hangs = replace(TAKES_NOTHING, chat_id=two.anna.id, delay=12)
    world.sandbox.faults.add(replace(TAKES_NOTHING, chat_id=two.anna.id, times=1), hangs)
    before = last_id(two.marie)
    async with listening() as log:
        two.anna.say("/help")
        await log.until("update_failed")
        for words in ("/help", "/next", RED_FLAG):
            two.anna.say(words)
        await world.sandbox.changed(lambda: _is_alarmed(two.marie, before), 11)
    world.sandbox.faults.clear()
    await world.settle()
    assert times_heard(two.marie, "EMERGENCY", before) == 1


async def test_who_taps_again_because_nothing_happened_reads_all_of_the_answer(world: World) -> None:
    anna = await _asked(world)
    asked = anna.last
    world.sandbox.faults.add(Fault.answer(502, "Bad Gateway", method="editMessageText", chat_id=anna.id))
    for _ in range(2):
        anna.tap("consent:yes", asked.id)
    await world.settle()
    assert [message.text.count("You are now connected with") for message in since(anna, asked.id)] == [1]


@pytest.mark.parametrize("command", ["/patients", "/digest"], ids=["stores", "reads"])
async def test_an_answer_that_is_late_is_given_with_the_rights_of_that_moment(world: World, command: str) -> None:
    two = await pair(world)
    paul, alex = await world.practitioner("Paul Morel"), await world.admin()
    world.sandbox.faults.add(replace(TAKES_NOTHING, chat_id=two.marie.id))
    before = last_id(two.marie)
    async with listening() as log:
        two.marie.say(command)
        await log.until("answer_delayed" if command == "/patients" else "update_failed")
        await remove(world, two.marie, by=alex, successor=paul)
        world.sandbox.faults.clear()
        await world.move(minutes=1)
    heard = [message.text + " ".join(message.labels) for message in since(two.marie, before)]
    assert not any("Anna" in text for text in heard)


async def test_conversations_that_stand_still_hold_nobody_up(world: World) -> None:
    """As many as can be handled at once, and one more."""
    marie = await world.practitioner()
    held = [await world.invited(f"Held{number} Keller", marie) for number in range(CHATS_AT_ONCE)]
    ben, token_of_ben = await world.invited("Ben Vidal", marie)
    world.sandbox.faults.add(*(replace(TAKES_NOTHING, chat_id=person.id) for person, _ in held))
    async with listening() as log:
        for person, token in held:
            person.start(token)
        await log.until("answer_delayed", times=3 * CHATS_AT_ONCE)
        ben.start(token_of_ben)
        await world.sandbox.changed(lambda: _read(ben) == 1, 20)
        world.sandbox.faults.clear()
        await world.settle()
    assert [_read(person) for person, _ in held] == [1] * CHATS_AT_ONCE


@pytest.mark.parametrize("chat", ["own", "every"])
async def test_where_telegram_wants_silence_only_the_answer_waits(world: World, chat: str) -> None:
    two = await pair(world)
    alerts = await _alerts(world)
    world.app.throttle.pause(two.anna.id if chat == "own" else EVERY_CHAT, 3600)
    async with listening() as log:
        two.anna.say("/help")
        two.anna.say(RED_FLAG)
        await log.until("answer_given_up")
        async with asyncio.timeout(20):
            while await _alerts(world) == alerts:
                await world.app.progress.wait(0.2)
    assert log.count("answer_failed") == 0
    world.app.throttle.forget_pauses()


async def test_what_was_not_answered_when_the_program_stopped_is_answered_by_the_next(world: World) -> None:
    """Nothing was stored: the update is handled anew."""
    marie = await world.practitioner()
    world.sandbox.faults.add(replace(TAKES_NOTHING, chat_id=marie.id))
    before = last_id(marie)
    async with listening() as log:
        marie.say("/help")
        await log.until("update_failed")
        await world.stop()
    world.sandbox.faults.clear()
    await world.start()
    await world.move(minutes=1)
    assert len(since(marie, before)) == 1


async def test_a_program_that_stops_does_not_wait_for_an_answer(world: World) -> None:
    marie = await world.practitioner()
    anna, token = await world.invited("Anna Keller", marie)
    world.sandbox.faults.add(replace(TAKES_NOTHING, chat_id=anna.id))
    async with listening() as log:
        anna.start(token)
        await log.until("answer_delayed", times=4)
        async with asyncio.timeout(3):
            await world.app.stop()
    assert (log.count("answer_given_up"), log.count("answer_failed")) == (1, 0)


async def test_an_answer_that_stored_nothing_is_tried_once_more_for_who_goes_on(world: World) -> None:
    anna = await _asked(world)
    world.sandbox.faults.add(Fault.answer(502, "Bad Gateway", method="sendMessage", chat_id=anna.id))
    anna.say("/urgent")
    anna.say("please hurry")
    await world.settle()
    assert times_heard(anna, "Call 112 now") == 1


async def test_an_update_is_seldom_tried_again_while_telegram_wants_silence(world: World) -> None:
    marie = await world.practitioner()
    before = last_id(marie)
    world.app.throttle.pause(EVERY_CHAT, 3600)
    async with listening() as log:
        marie.say("/help")
        await world.settle()
        await world.move(minutes=59)
        assert log.count("update_failed") == 1 + 5, "at once, and every ten minutes"
        world.app.throttle.forget_pauses()
        await world.move(minutes=1)
    assert (log.count("update_failed"), len(since(marie, before))) == (6, 1)


async def test_a_silence_without_end_holds_an_update_and_nothing_else(world: World) -> None:
    marie = await world.practitioner()
    before = last_id(marie)
    world.sandbox.faults.add(Fault.flood(10**12, method="sendMessage", chat_id=marie.id))
    marie.say("/help")
    await world.settle()
    await world.stop()
    await world.start()
    await world.move(minutes=10)
    assert len(since(marie, before)) == 1


async def test_a_group_that_must_be_silent_is_left_afterwards(world: World) -> None:
    """More is said there meanwhile: neither is that tried without a pause, nor set aside."""
    anna = world.sandbox.person("Anna")
    world.app.throttle.pause(EVERY_CHAT, 3600)
    async with listening() as log:
        group = world.sandbox.group("Friends", [anna])
        for words in ("hello", "is this the clinic?"):
            anna.within(group).say(words)
        await world.sandbox.changed(lambda: not world.sandbox.unconfirmed_updates)
        world.app.throttle.forget_pauses()
        await world.move(hours=1)
    assert log.count("update_set_aside") == 0
    assert log.count("update_failed") <= 5
    assert group.membership == "left"
