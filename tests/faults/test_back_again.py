"""Who could not be reached and is back: however that shows, what waited for them is brought, all of it."""

import asyncio
import re

from bot.flows.answer_patient import answer_patient
from bot.flows.hand_over import hand_over
from bot.flows.remove_staff import remove_staff
from bot.sandbox.faults import Fault
from bot.sandbox.person import Person
from messages.grading import Grade
from messages.letters import Content
from storage import people
from tests.bot.conversation import (
    Pair,
    alert,
    audited,
    last_id,
    letters,
    pair,
    patient_row,
    set_cover,
    since,
    staff_row,
)
from tests.world import World

LONG = "It is warm and I am worried. " * 140
"""Too long for one message with its header: it goes as two."""


def _refuse(person: Person, **which: object) -> Fault:
    return Fault.answer(403, "Forbidden: bot was blocked by the user", chat_id=person.id, **which)


async def _unreachable_once(world: World, two: Pair) -> None:
    """A letter is refused once, and nothing else tells that the practitioner was away."""
    world.sandbox.faults.add(_refuse(two.marie))
    two.anna.say("Is this swelling normal?")
    await world.settle()
    assert (await staff_row(world, two.marie)).unreachable_since == world.clock.now()
    await world.move(minutes=5)


def _has(person: Person, words: str, after: int) -> int:
    return sum(words in message.text for message in since(person, after))


async def test_a_practitioner_who_writes_can_be_reached_and_gets_what_waited(world: World) -> None:
    two = await pair(world)
    before = last_id(two.marie)
    await _unreachable_once(world, two)
    two.marie.say("/patients")
    await world.settle()
    assert (await staff_row(world, two.marie)).unreachable_since is None
    assert _has(two.marie, "Is this swelling normal?", before) == 1


async def test_a_patient_who_taps_can_be_reached_and_the_practitioner_hears_it(world: World) -> None:
    two = await pair(world)
    await world.move(hours=2)
    asked = two.anna.last
    world.sandbox.faults.add(_refuse(two.anna))
    two.anna.say("Can I swim?")
    await world.settle()
    assert (await patient_row(world, two.anna)).unreachable_since is not None
    await world.move(minutes=5)
    before = last_id(two.marie)
    two.anna.tap(asked.labels[0], message_id=asked.id)
    await world.settle()
    assert (await patient_row(world, two.anna)).unreachable_since is None
    assert _has(two.marie, "can be reached here again", before) == 1


async def test_a_message_that_arrives_proves_that_its_reader_can_be_reached(world: World) -> None:
    """A practitioner may not write for days: the morning's digest shows that they are there."""
    two = await pair(world)
    before = last_id(two.marie)
    await _unreachable_once(world, two)
    await world.move(days=1)
    assert _has(two.marie, "Is this swelling normal?", before) == 1
    assert (await staff_row(world, two.marie)).unreachable_since is None
    assert await audited(world, "staff") == ["unreachable", "reachable"]


async def test_a_refusal_that_is_older_than_the_return_does_not_count(world: World) -> None:
    two = await pair(world)
    before = last_id(two.marie)
    held = _refuse(two.marie, delay=0.2)
    world.sandbox.faults.add(held)
    two.anna.say("Is this swelling normal?")
    await world.sandbox.changed(lambda: held.times == 0, 60)
    two.marie.block()
    two.marie.unblock()
    await world.settle()
    assert (await staff_row(world, two.marie)).unreachable_since is None
    await world.move(minutes=1)
    assert _has(two.marie, "Is this swelling normal?", before) == 1


async def test_who_goes_again_before_it_was_brought_gets_it_at_the_next_return(world: World) -> None:
    """All within a moment."""
    two = await pair(world)
    before = last_id(two.marie)
    world.sandbox.faults.add(_refuse(two.marie))
    two.anna.say("Is this swelling normal?")
    await world.settle()
    held = _refuse(two.marie, delay=0.2)
    world.sandbox.faults.add(held)
    two.marie.unblock()
    await world.sandbox.changed(lambda: held.times == 0, 60)
    two.marie.block()
    await world.settle()
    two.marie.unblock()
    await world.settle()
    await world.move(minutes=1)
    assert _has(two.marie, "Is this swelling normal?", before) == 1


async def test_the_notice_of_a_medium_that_telegram_refused_is_brought_at_the_return(world: World) -> None:
    two = await pair(world)
    before = last_id(two.marie)
    world.sandbox.faults.add(
        Fault.answer(
            400, "Bad Request: VOICE_MESSAGES_FORBIDDEN", method="sendVoice", chat_id=two.marie.id, times=None
        ),
        _refuse(two.marie, method="sendMessage"),
    )
    two.anna.send_voice()
    await world.settle()
    assert (await staff_row(world, two.marie)).unreachable_since == world.clock.now()
    await world.move(minutes=5)
    two.marie.say("/patients")
    await world.settle()
    assert _has(two.marie, "does not let me pass on", before) == 1


async def test_the_words_that_follow_a_header_are_brought_at_the_return(world: World) -> None:
    two = await pair(world)
    before = last_id(two.marie)
    world.sandbox.faults.add(_refuse(two.marie, method="sendMessage", skip=1))
    two.anna.say(LONG)
    await world.settle()
    assert (await staff_row(world, two.marie)).unreachable_since == world.clock.now()
    await world.move(minutes=5)
    two.marie.say("/patients")
    await world.settle()
    assert _has(two.marie, LONG.strip(), before) == 1


async def test_a_letter_that_a_colleague_could_not_get_comes_back_with_its_patient(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    before = last_id(two.marie)
    world.sandbox.faults.add(
        Fault.answer(500, "Internal Server Error", method="sendMessage", chat_id=two.marie.id),
        _refuse(paul, times=None),
    )
    two.anna.say("Is this swelling normal?")
    await world.settle()
    await _hand_over(world, two.anna, to=paul, by=two.marie)
    await world.move(minutes=5)
    assert (await staff_row(world, paul)).unreachable_since is not None
    await _hand_over(world, two.anna, to=two.marie, by=paul)
    assert _has(two.marie, "Is this swelling normal?", before) == 1


async def test_what_was_not_brought_yet_is_not_answered_by_a_reply_to_something_else(world: World) -> None:
    two = await pair(world)
    two.anna.say("Can I swim?")
    await world.settle()
    asked, before = two.marie.last.id, last_id(two.marie)
    world.sandbox.faults.add(Fault.answer(500, "Internal Server Error", method="sendMessage", chat_id=two.marie.id))
    two.anna.say("Is this swelling normal?")
    await world.settle()
    two.marie.say("Not yet", reply_to=asked)
    await world.settle()
    two.marie.block()
    await world.move(minutes=5)
    two.marie.unblock()
    await world.settle()
    assert _has(two.marie, "Is this swelling normal?", before) == 1


async def test_what_nobody_could_read_goes_to_whoever_gets_the_patients_of_who_is_removed(world: World) -> None:
    two = await pair(world)
    paul, alex = await world.practitioner("Paul Morel"), await world.admin()
    two.marie.block()
    await world.settle()
    two.anna.say("Is this swelling normal?")
    await world.settle()
    before, marie_id, paul_id = last_id(paul), await world.staff_id(two.marie), await world.staff_id(paul)
    await _remove(world, marie_id, successor_id=paul_id, by=alex)
    await world.settle()
    assert _has(paul, "Is this swelling normal?", before) == 1


async def test_a_reply_by_an_admin_does_not_answer_what_nobody_could_read(world: World) -> None:
    two = await pair(world)
    alex = await world.admin()
    before = last_id(two.marie)
    two.marie.block()
    await world.settle()
    two.anna.say("Is this swelling normal?")
    await world.settle()
    alert_id = await alert(world, two.anna, Grade.E)
    await world.settle()
    async with world.database.work() as work:
        await answer_patient(
            work,
            actor=await people.actor_of(work, alex.id, language="en"),
            patient_id=await world.patient_id(two.anna),
            content=Content(alex.id, 900_001, "text", text="Please call us."),
            alert_id=alert_id,
            now=world.clock.now(),
            clinic=world.clinic,
        )
    await world.settle()
    two.marie.unblock()
    await world.settle()
    assert _has(two.marie, "Is this swelling normal?", before) == 1


async def test_an_album_that_telegram_refuses_is_answered_like_any_letter(world: World) -> None:
    two = await pair(world)
    world.sandbox.faults.add(
        Fault.answer(
            400, "Bad Request: wrong file identifier", method="sendMediaGroup", chat_id=two.marie.id, times=None
        )
    )
    two.anna.send_album(caption="both arms")
    await world.move(minutes=1)
    assert "does not let me pass on" in two.marie.last.text
    two.marie.say("Please send them by mail", reply_to=two.marie.last.id)
    await world.settle()
    assert [letter.id for letter in await letters(world) if letter.inbound and letter.answered_at is None] == []


async def test_a_letter_whose_end_is_unknown_at_a_hand_over_goes_to_the_colleague(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    at_marie, at_paul = last_id(two.marie), last_id(paul)
    held = Fault.answer(500, "Internal Server Error", method="sendMessage", chat_id=two.marie.id, delay=0.3)
    world.sandbox.faults.add(held)
    two.anna.say("Is this swelling normal?")
    await world.sandbox.changed(lambda: held.times == 0, 60)
    await _hand_over(world, two.anna, to=paul, by=two.marie)
    await world.move(minutes=1)
    assert (_has(two.marie, "Is this swelling normal?", at_marie), _has(paul, "Is this swelling", at_paul)) == (0, 1)


async def _held(world: World, person: Person) -> Fault:
    """The next message to this person is at Telegram for a moment, and then to be tried again."""
    held = Fault.answer(500, "Internal Server Error", method="sendMessage", chat_id=person.id, delay=0.3)
    world.sandbox.faults.add(held)
    return held


async def test_answers_that_are_at_telegram_at_a_hand_over_go_to_the_colleague(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    at_marie, at_paul = last_id(two.marie), last_id(paul)
    for answer in ("None", "Dots only", "Not at all"):
        two.anna.tap(answer)
        await world.settle()
    held = await _held(world, two.marie)
    two.anna.tap("Nothing else")
    await world.sandbox.changed(lambda: held.times == 0, 60)
    await _hand_over(world, two.anna, to=paul, by=two.marie)
    await world.move(minutes=1)
    assert (_has(two.marie, "Anna Keller", at_marie), _has(paul, "hours after", at_paul)) == (0, 1)


async def test_who_hands_a_patient_back_at_once_hears_nothing_of_them(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    at_marie, at_paul = last_id(two.marie), last_id(paul)
    held = await _held(world, paul)
    await _hand_over(world, two.anna, to=paul, by=two.marie, settled=False)
    await world.sandbox.changed(lambda: held.times == 0, 60)
    await _hand_over(world, two.anna, to=two.marie, by=paul)
    await world.move(minutes=1)
    assert since(paul, at_paul) == []
    assert _has(two.marie, "handed over to you", at_marie) == 1


async def test_what_waits_for_its_turn_at_a_hand_over_reaches_the_colleague_once(world: World) -> None:
    """While it is at Telegram for the colleague, its turn comes in the first practitioner's chat."""
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    at_marie, at_paul = last_id(two.marie), last_id(paul)
    world.app.throttle.pause(two.marie.id, 3600)
    two.anna.say("Is this swelling normal?")
    two.anna.say("And this bruise?")
    two.anna.say("Shall I call?")
    async with asyncio.timeout(60):
        while world.app.sender.busy < 3:
            await world.app.progress.wait(0.05)
    slow = Fault.slow(0.5, method="sendMessage", chat_id=paul.id)
    world.sandbox.faults.add(slow)
    await _hand_over(world, two.anna, to=paul, by=two.marie, settled=False)
    await world.sandbox.changed(lambda: slow.times == 0, 60)
    world.app.throttle.forget_pauses()
    await world.move(minutes=1)
    heard = " ".join(message.text for message in since(paul, at_paul))
    assert re.findall("swelling|bruise|call", heard) == ["swelling", "bruise", "call"]
    assert _has(paul, "handed over to you", at_paul) == 1
    assert since(two.marie, at_marie) == []


async def test_answers_that_wait_for_their_turn_at_a_hand_over_reach_the_colleague_once(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    at_marie, at_paul = last_id(two.marie), last_id(paul)
    for answer in ("None", "Dots only", "Not at all"):
        two.anna.tap(answer)
        await world.settle()
    world.app.throttle.pause(two.marie.id, 3600)
    two.anna.tap("Nothing else")
    async with asyncio.timeout(60):
        while not world.app.sender.busy:
            await world.app.progress.wait(0.05)
    await _hand_over(world, two.anna, to=paul, by=two.marie, settled=False)
    await world.sandbox.changed(lambda: _has(paul, "hours after", at_paul) == 1, 60)
    world.app.throttle.forget_pauses()
    await world.move(minutes=1)
    assert (since(two.marie, at_marie), _has(paul, "hours after", at_paul)) == ([], 1)


async def test_letters_behind_one_that_waits_to_be_tried_again_go_along_at_a_hand_over(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    world.sandbox.faults.add(
        Fault.answer(500, "Internal Server Error", method="sendMessage", chat_id=two.marie.id, times=None)
    )
    before = last_id(paul)
    two.anna.say("Is this swelling normal?")
    two.anna.say("And this bruise?")
    await world.settle()
    await _hand_over(world, two.anna, to=paul, by=two.marie)
    assert (_has(paul, "Is this swelling", before), _has(paul, "And this bruise?", before)) == (1, 1)


async def test_an_alert_that_waits_to_be_tried_again_goes_to_the_colleague_at_once(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    world.sandbox.faults.add(Fault.flood(600, method="sendMessage", chat_id=two.marie.id))
    before = last_id(paul)
    await alert(world, two.anna, Grade.E)
    await _hand_over(world, two.anna, to=paul, by=two.marie)
    assert _has(paul, "EMERGENCY", before) == 1


async def test_a_letter_on_its_way_to_a_cover_who_is_removed_waits_for_the_practitioner(world: World) -> None:
    two = await pair(world)
    paul, alex = await world.practitioner("Paul Morel"), await world.admin()
    await set_cover(world, two.marie, paul)
    before = last_id(two.marie)
    two.marie.block()
    await world.settle()
    world.sandbox.faults.add(Fault.answer(500, "Internal Server Error", method="sendMessage", chat_id=paul.id))
    two.anna.say("Is this swelling normal?")
    await world.settle()
    paul_id = await world.staff_id(paul)
    await _remove(world, paul_id, successor_id=None, by=alex)
    await world.move(minutes=15)
    two.marie.unblock()
    await world.settle()
    assert _has(two.marie, "Is this swelling normal?", before) == 1


async def test_a_letter_that_is_being_sent_to_a_cover_who_is_removed_finds_another_reader(world: World) -> None:
    two = await pair(world)
    paul, alex = await world.practitioner("Paul Morel"), await world.admin()
    await set_cover(world, two.marie, paul)
    before = last_id(two.marie)
    two.marie.block()
    await world.settle()
    held = Fault.answer(500, "Internal Server Error", method="sendMessage", chat_id=paul.id, delay=0.3)
    world.sandbox.faults.add(held)
    two.anna.say("Is this swelling normal?")
    await world.sandbox.changed(lambda: held.times == 0, 60)
    paul_id = await world.staff_id(paul)
    await _remove(world, paul_id, successor_id=None, by=alex)
    two.marie.unblock()
    await world.settle()
    await world.move(minutes=15)
    assert _has(two.marie, "Is this swelling normal?", before) == 1


async def test_a_refusal_by_who_has_been_removed_meanwhile_is_no_news(world: World) -> None:
    two = await pair(world)
    paul, alex = await world.practitioner("Paul Morel"), await world.admin()
    at_paul, at_alex = last_id(paul), last_id(alex)
    held = _refuse(two.marie, delay=0.3)
    world.sandbox.faults.add(held)
    two.anna.say("Is this swelling normal?")
    await world.sandbox.changed(lambda: held.times == 0, 60)
    marie_id, paul_id = await world.staff_id(two.marie), await world.staff_id(paul)
    await _remove(world, marie_id, successor_id=paul_id, by=alex)
    await world.settle()
    assert _has(paul, "Is this swelling normal?", at_paul) == 1
    assert _has(alex, "can’t be reached here", at_alex) == 0


async def test_what_was_read_months_ago_does_not_come_again(world: World) -> None:
    """The messages that carried it are forgotten after ninety days."""
    two = await pair(world)
    two.anna.say("Thank you, see you soon")
    await world.settle()
    await world.move(days=92)
    before = last_id(two.marie)
    two.marie.block()
    await world.settle()
    two.marie.unblock()
    await world.settle()
    assert _has(two.marie, "Thank you", before) == 0


async def test_a_caption_that_is_changed_while_nobody_reads_is_brought_at_the_return(world: World) -> None:
    two = await pair(world)
    sent = two.anna.send_album(caption="first words")
    await world.move(minutes=1)
    before = last_id(two.marie)
    two.marie.block()
    await world.settle()
    two.anna.edit(sent[0].id, "second words")
    await world.move(minutes=5)
    two.marie.unblock()
    await world.settle()
    assert _has(two.marie, "second words", before) == 1


async def test_a_copy_whose_source_is_gone_says_nothing_of_its_reader(world: World) -> None:
    two = await pair(world)
    before = last_id(two.marie)
    world.sandbox.faults.add(
        Fault.answer(400, "Bad Request: chat not found", method="copyMessage", chat_id=two.marie.id, times=None)
    )
    two.anna.send_sticker()
    await world.settle()
    assert (await staff_row(world, two.marie)).unreachable_since is None
    assert _has(two.marie, "does not let me pass on", before) == 1


async def test_what_is_done_in_a_group_says_nothing_of_the_persons_own_chat(world: World) -> None:
    two = await pair(world)
    await _unreachable_once(world, two)
    world.sandbox.group("Friends", [two.marie])
    await world.settle()
    assert (await staff_row(world, two.marie)).unreachable_since is not None


async def _remove(world: World, staff_id: int, *, successor_id: int | None, by: Person) -> None:
    async with world.database.work() as work:
        actor = await people.actor_of(work, by.id, language="en")
        await remove_staff(
            work,
            actor=actor,
            staff_id=staff_id,
            successor_id=successor_id,
            clinic=world.clinic,
            now=world.clock.now(),
        )


async def _hand_over(world: World, patient: Person, *, to: Person, by: Person, settled: bool = True) -> None:
    patient_id, to_id = await world.patient_id(patient), await world.staff_id(to)
    async with world.database.work() as work:
        actor = await people.actor_of(work, by.id, language="en")
        await hand_over(work, actor=actor, patient_id=patient_id, to_staff_id=to_id, now=world.clock.now())
    if settled:
        await world.settle()
