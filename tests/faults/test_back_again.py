"""Who could not be reached and is back: however that shows, what waited for them is brought, all of it."""

from bot.flows.answer_patient import answer_patient
from bot.sandbox.faults import Fault
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
    refusal,
    staff_row,
    times_heard,
)
from tests.world import World

LONG = "It is warm and I am worried. " * 140
"""Too long for one message with its header: it goes as two."""


async def _unreachable_once(world: World, two: Pair) -> None:
    """A letter is refused once, and nothing else tells that the practitioner was away."""
    world.sandbox.faults.add(refusal(two.marie))
    two.anna.say("Is this swelling normal?")
    await world.settle()
    assert (await staff_row(world, two.marie)).unreachable_since == world.clock.now()
    await world.move(minutes=5)


async def test_a_practitioner_who_writes_can_be_reached_and_gets_what_waited(world: World) -> None:
    two = await pair(world)
    before = last_id(two.marie)
    await _unreachable_once(world, two)
    two.marie.say("/patients")
    await world.settle()
    assert (await staff_row(world, two.marie)).unreachable_since is None
    assert times_heard(two.marie, "Is this swelling normal?", before) == 1


async def test_a_patient_who_taps_can_be_reached_and_the_practitioner_hears_it(world: World) -> None:
    two = await pair(world)
    await world.move(hours=2)
    asked = two.anna.last
    world.sandbox.faults.add(refusal(two.anna))
    two.anna.say("Can I swim?")
    await world.settle()
    assert (await patient_row(world, two.anna)).unreachable_since is not None
    await world.move(minutes=5)
    before = last_id(two.marie)
    two.anna.tap(asked.labels[0], message_id=asked.id)
    await world.settle()
    assert (await patient_row(world, two.anna)).unreachable_since is None
    assert times_heard(two.marie, "can be reached here again", before) == 1


async def test_a_message_that_arrives_proves_that_its_reader_can_be_reached(world: World) -> None:
    """A practitioner may not write for days: the morning's digest shows that they are there."""
    two = await pair(world)
    before = last_id(two.marie)
    await _unreachable_once(world, two)
    await world.move(days=1)
    assert times_heard(two.marie, "Is this swelling normal?", before) == 1
    assert (await staff_row(world, two.marie)).unreachable_since is None
    assert await audited(world, "staff") == ["unreachable", "reachable"]


async def test_a_refusal_that_is_older_than_the_return_does_not_count(world: World) -> None:
    two = await pair(world)
    before = last_id(two.marie)
    held = refusal(two.marie, delay=0.2)
    world.sandbox.faults.add(held)
    two.anna.say("Is this swelling normal?")
    await world.sandbox.changed(lambda: held.times == 0, 60)
    two.marie.block()
    two.marie.unblock()
    await world.settle()
    assert (await staff_row(world, two.marie)).unreachable_since is None
    await world.move(minutes=1)
    assert times_heard(two.marie, "Is this swelling normal?", before) == 1


async def test_who_goes_again_before_it_was_brought_gets_it_at_the_next_return(world: World) -> None:
    """All within a moment."""
    two = await pair(world)
    before = last_id(two.marie)
    world.sandbox.faults.add(refusal(two.marie))
    two.anna.say("Is this swelling normal?")
    await world.settle()
    held = refusal(two.marie, delay=0.2)
    world.sandbox.faults.add(held)
    two.marie.unblock()
    await world.sandbox.changed(lambda: held.times == 0, 60)
    two.marie.block()
    await world.settle()
    two.marie.unblock()
    await world.settle()
    await world.move(minutes=1)
    assert times_heard(two.marie, "Is this swelling normal?", before) == 1


async def test_the_notice_of_a_medium_that_telegram_refused_is_brought_at_the_return(world: World) -> None:
    two = await pair(world)
    before = last_id(two.marie)
    world.sandbox.faults.add(
        Fault.answer(
            400, "Bad Request: VOICE_MESSAGES_FORBIDDEN", method="sendVoice", chat_id=two.marie.id, times=None
        ),
        refusal(two.marie, method="sendMessage"),
    )
    two.anna.send_voice()
    await world.settle()
    assert (await staff_row(world, two.marie)).unreachable_since == world.clock.now()
    await world.move(minutes=5)
    two.marie.say("/patients")
    await world.settle()
    assert times_heard(two.marie, "does not let me pass on", before) == 1


async def test_the_words_that_follow_a_header_are_brought_at_the_return(world: World) -> None:
    two = await pair(world)
    before = last_id(two.marie)
    world.sandbox.faults.add(refusal(two.marie, method="sendMessage", skip=1))
    two.anna.say(LONG)
    await world.settle()
    assert (await staff_row(world, two.marie)).unreachable_since == world.clock.now()
    await world.move(minutes=5)
    two.marie.say("/patients")
    await world.settle()
    assert times_heard(two.marie, LONG.strip(), before) == 1


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
    assert times_heard(two.marie, "Is this swelling normal?", before) == 1


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
    assert times_heard(two.marie, "Is this swelling normal?", before) == 1


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
    assert times_heard(two.marie, "Thank you", before) == 0


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
    assert times_heard(two.marie, "second words", before) == 1


async def test_a_copy_whose_source_is_gone_says_nothing_of_its_reader(world: World) -> None:
    two = await pair(world)
    before = last_id(two.marie)
    world.sandbox.faults.add(
        Fault.answer(400, "Bad Request: chat not found", method="copyMessage", chat_id=two.marie.id, times=None)
    )
    two.anna.send_sticker()
    await world.settle()
    assert (await staff_row(world, two.marie)).unreachable_since is None
    assert times_heard(two.marie, "does not let me pass on", before) == 1


async def test_what_is_done_in_a_group_says_nothing_of_the_persons_own_chat(world: World) -> None:
    two = await pair(world)
    await _unreachable_once(world, two)
    world.sandbox.group("Friends", [two.marie])
    await world.settle()
    assert (await staff_row(world, two.marie)).unreachable_since is not None
