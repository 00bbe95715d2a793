"""Patients change hands, or staff goes, while messages about them are on their way: each finds its reader, once."""

import asyncio
import re

import pytest

from bot.sandbox.faults import Fault
from bot.sandbox.person import Person
from messages.grading import Grade
from tests.bot.checking_in import tap
from tests.bot.conversation import (
    alert,
    hand_patient_over,
    heard,
    last_id,
    leave_patients,
    pair,
    refusal,
    remove,
    replace_cover,
    set_cover,
    since,
    staff_row,
    times_heard,
)
from tests.world import World


async def _at_telegram(world: World, fault: Fault) -> None:
    """A call has met the fault, and is not answered yet."""
    await world.sandbox.changed(lambda: fault.times == 0, 60)


async def _waiting_for_their_turn(world: World, count: int) -> None:
    async with asyncio.timeout(60):
        while world.app.sender.busy < count:
            await world.app.progress.wait(0.05)


def _not_taken(person: Person, **matching: object) -> Fault:
    return Fault.answer(500, "Internal Server Error", method="sendMessage", chat_id=person.id, **matching)


def _held(world: World, person: Person) -> Fault:
    """The next message to this person is at Telegram for a moment, and then to be tried again."""
    held = _not_taken(person, delay=0.3)
    world.sandbox.faults.add(held)
    return held


async def test_a_letter_that_a_colleague_could_not_get_comes_back_with_its_patient(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    before = last_id(two.marie)
    world.sandbox.faults.add(_not_taken(two.marie), refusal(paul, times=None))
    two.anna.say("Is this swelling normal?")
    await world.settle()
    await hand_patient_over(world, two.anna, to=paul, by=two.marie)
    await world.move(minutes=5)
    assert (await staff_row(world, paul)).unreachable_since is not None
    await hand_patient_over(world, two.anna, to=two.marie, by=paul)
    assert times_heard(two.marie, "Is this swelling normal?", before) == 1


async def test_what_nobody_could_read_goes_to_whoever_gets_the_patients_of_who_is_removed(world: World) -> None:
    two = await pair(world)
    paul, alex = await world.practitioner("Paul Morel"), await world.admin()
    two.marie.block()
    await world.settle()
    two.anna.say("Is this swelling normal?")
    await world.settle()
    before = last_id(paul)
    await remove(world, two.marie, by=alex, successor=paul)
    await world.settle()
    assert times_heard(paul, "Is this swelling normal?", before) == 1


async def test_a_letter_whose_end_is_unknown_at_a_hand_over_goes_to_the_colleague(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    at_marie, at_paul = last_id(two.marie), last_id(paul)
    held = _held(world, two.marie)
    two.anna.say("Is this swelling normal?")
    await _at_telegram(world, held)
    await hand_patient_over(world, two.anna, to=paul, by=two.marie)
    await world.move(minutes=1)
    assert (times_heard(two.marie, "swelling", at_marie), times_heard(paul, "swelling", at_paul)) == (0, 1)


async def test_answers_that_are_at_telegram_at_a_hand_over_go_to_the_colleague(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    at_marie, at_paul = last_id(two.marie), last_id(paul)
    await tap(world, two.anna, "None", "Dots only", "Not at all")
    held = _held(world, two.marie)
    two.anna.tap("Nothing else")
    await _at_telegram(world, held)
    await hand_patient_over(world, two.anna, to=paul, by=two.marie)
    await world.move(minutes=1)
    assert (times_heard(two.marie, "Anna Keller", at_marie), times_heard(paul, "hours after", at_paul)) == (0, 1)


async def test_who_hands_a_patient_back_at_once_hears_nothing_of_them(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    at_marie, at_paul = last_id(two.marie), last_id(paul)
    held = _held(world, paul)
    await hand_patient_over(world, two.anna, to=paul, by=two.marie, settled=False)
    await _at_telegram(world, held)
    await hand_patient_over(world, two.anna, to=two.marie, by=paul)
    await world.move(minutes=1)
    assert since(paul, at_paul) == []
    assert times_heard(two.marie, "handed over to you", at_marie) == 1


async def test_what_waits_for_its_turn_at_a_hand_over_reaches_the_colleague_once(world: World) -> None:
    """While it is at Telegram for the colleague, its turn comes in the first practitioner's chat."""
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    at_marie, at_paul = last_id(two.marie), last_id(paul)
    world.app.throttle.pause(two.marie.id, 3600)
    two.anna.say("Is this swelling normal?")
    two.anna.say("And this bruise?")
    two.anna.say("Shall I call?")
    await _waiting_for_their_turn(world, 3)
    slow = Fault.slow(0.5, method="sendMessage", chat_id=paul.id)
    world.sandbox.faults.add(slow)
    await hand_patient_over(world, two.anna, to=paul, by=two.marie, settled=False)
    await _at_telegram(world, slow)
    world.app.throttle.forget_pauses()
    await world.move(minutes=1)
    assert re.findall("swelling|bruise|call", heard(paul, at_paul)) == ["swelling", "bruise", "call"]
    assert times_heard(paul, "handed over to you", at_paul) == 1
    assert since(two.marie, at_marie) == []


async def test_answers_that_wait_for_their_turn_at_a_hand_over_reach_the_colleague_once(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    at_marie, at_paul = last_id(two.marie), last_id(paul)
    await tap(world, two.anna, "None", "Dots only", "Not at all")
    world.app.throttle.pause(two.marie.id, 3600)
    two.anna.tap("Nothing else")
    await _waiting_for_their_turn(world, 1)
    await hand_patient_over(world, two.anna, to=paul, by=two.marie, settled=False)
    await world.sandbox.changed(lambda: times_heard(paul, "hours after", at_paul) == 1, 60)
    world.app.throttle.forget_pauses()
    await world.move(minutes=1)
    assert (since(two.marie, at_marie), times_heard(paul, "hours after", at_paul)) == ([], 1)


@pytest.mark.parametrize("change", ["handed over", "another cover"])
async def test_letters_on_their_way_to_a_former_cover_come_before_later_ones(world: World, change: str) -> None:
    two = await pair(world)
    lea, paul, alex = await world.practitioner("Lea Blanc"), await world.practitioner("Paul Morel"), await world.admin()
    await set_cover(world, two.marie, lea)
    two.marie.block()
    await world.settle()
    at_lea, at_paul = last_id(lea), last_id(paul)
    world.app.throttle.pause(lea.id, 3600)
    two.anna.say("Is this swelling normal?")
    two.anna.say("And this bruise?")
    await _waiting_for_their_turn(world, 2)
    if change == "handed over":
        await hand_patient_over(world, two.anna, to=paul, by=two.marie, settled=False)
    else:
        await replace_cover(world, two.marie, paul, by=alex)
    two.anna.say("Shall I call?")
    await world.sandbox.changed(lambda: times_heard(paul, "call", at_paul) == 1, 60)
    world.app.throttle.forget_pauses()
    await world.move(minutes=1)
    assert re.findall("swelling|bruise|call", heard(paul, at_paul)) == ["swelling", "bruise", "call"]
    assert since(lea, at_lea) == []


async def test_letters_on_their_way_to_a_cover_who_treats_nobody_any_more_come_before_later_ones(world: World) -> None:
    two = await pair(world)
    lea, alex = await world.practitioner("Lea Blanc"), await world.admin()
    await set_cover(world, two.marie, lea)
    two.marie.block()
    await world.settle()
    at_marie = last_id(two.marie)
    world.app.throttle.pause(lea.id, 3600)
    two.anna.say("Is this swelling normal?")
    two.anna.say("And this bruise?")
    await _waiting_for_their_turn(world, 2)
    two.marie.unblock()
    async with asyncio.timeout(60):
        while (await staff_row(world, two.marie)).unreachable_since is not None:
            await world.app.progress.wait(0.05)
    await leave_patients(world, lea, by=alex)
    two.anna.say("Shall I call?")
    await world.sandbox.changed(lambda: times_heard(two.marie, "call", at_marie) == 1, 60)
    world.app.throttle.forget_pauses()
    await world.move(minutes=1)
    assert re.findall("swelling|bruise|call", heard(two.marie, at_marie)) == ["swelling", "bruise", "call"]


async def test_letters_behind_one_that_waits_to_be_tried_again_go_along_at_a_hand_over(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    world.sandbox.faults.add(_not_taken(two.marie, times=None))
    before = last_id(paul)
    two.anna.say("Is this swelling normal?")
    two.anna.say("And this bruise?")
    await world.settle()
    await hand_patient_over(world, two.anna, to=paul, by=two.marie)
    assert (times_heard(paul, "Is this swelling", before), times_heard(paul, "And this bruise?", before)) == (1, 1)


async def test_an_alert_that_waits_to_be_tried_again_goes_to_the_colleague_at_once(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    world.sandbox.faults.add(Fault.flood(600, method="sendMessage", chat_id=two.marie.id))
    before = last_id(paul)
    await alert(world, two.anna, Grade.E)
    await hand_patient_over(world, two.anna, to=paul, by=two.marie)
    assert times_heard(paul, "EMERGENCY", before) == 1


async def test_a_letter_on_its_way_to_a_cover_who_is_removed_waits_for_the_practitioner(world: World) -> None:
    two = await pair(world)
    paul, alex = await world.practitioner("Paul Morel"), await world.admin()
    await set_cover(world, two.marie, paul)
    before = last_id(two.marie)
    two.marie.block()
    await world.settle()
    world.sandbox.faults.add(_not_taken(paul))
    two.anna.say("Is this swelling normal?")
    await world.settle()
    await remove(world, paul, by=alex)
    await world.move(minutes=15)
    two.marie.unblock()
    await world.settle()
    assert times_heard(two.marie, "Is this swelling normal?", before) == 1


async def test_a_letter_that_is_being_sent_to_a_cover_who_is_removed_finds_another_reader(world: World) -> None:
    two = await pair(world)
    paul, alex = await world.practitioner("Paul Morel"), await world.admin()
    await set_cover(world, two.marie, paul)
    before = last_id(two.marie)
    two.marie.block()
    await world.settle()
    held = _held(world, paul)
    two.anna.say("Is this swelling normal?")
    await _at_telegram(world, held)
    await remove(world, paul, by=alex)
    two.marie.unblock()
    await world.settle()
    await world.move(minutes=15)
    assert times_heard(two.marie, "Is this swelling normal?", before) == 1


async def test_a_refusal_by_who_has_been_removed_meanwhile_is_no_news(world: World) -> None:
    two = await pair(world)
    paul, alex = await world.practitioner("Paul Morel"), await world.admin()
    at_paul, at_alex = last_id(paul), last_id(alex)
    held = refusal(two.marie, delay=0.3)
    world.sandbox.faults.add(held)
    two.anna.say("Is this swelling normal?")
    await _at_telegram(world, held)
    await remove(world, two.marie, by=alex, successor=paul)
    await world.settle()
    assert times_heard(paul, "Is this swelling normal?", at_paul) == 1
    assert times_heard(alex, "can’t be reached here", at_alex) == 0
