"""Blocking and coming back: whoever must use the telephone is told."""

from bot.sandbox.faults import Fault
from tests.bot.conversation import audited, last_id, pair, patient_row, rows, set_cover, since, staff_row, times_heard
from tests.world import World


async def test_a_patient_who_blocks_the_bot_is_marked_and_the_practitioner_told_to_call(world: World) -> None:
    two = await pair(world)
    before = last_id(two.marie)
    two.anna.block()
    await world.settle()
    [told] = since(two.marie, before)
    assert "Anna Keller can’t be reached here" in told.text
    assert (await patient_row(world, two.anna)).unreachable_since == world.clock.now()
    assert "unreachable" in await audited(world, "patient")


async def test_nothing_routine_is_tried_while_the_patient_is_gone(world: World) -> None:
    two = await pair(world)
    two.anna.block()
    await world.settle()
    await world.move(days=2)
    states = {(row.state, row.reason) for row in await rows(world, "check_in") if row.ended_at is not None}
    assert ("skipped", "unreachable") in states


async def test_who_comes_back_is_reachable_again_and_the_practitioner_knows(world: World) -> None:
    two = await pair(world)
    two.anna.block()
    await world.settle()
    before = last_id(two.marie)
    two.anna.unblock()
    await world.settle()
    assert (await patient_row(world, two.anna)).unreachable_since is None
    assert [message.text for message in since(two.marie, before)] == ["Anna Keller can be reached here again."]


async def test_a_refused_message_marks_the_patient_too(world: World) -> None:
    two = await pair(world)
    two.anna.say("Can I swim?")
    await world.settle()
    world.sandbox.faults.add(Fault.deactivated(two.anna.id))
    before = last_id(two.marie)
    two.marie.say("Not yet", reply_to=two.marie.last.id)
    await world.settle()
    told = [message.text for message in since(two.marie, before)]
    assert any("has not reached Anna Keller" in text for text in told)
    assert any("can’t be reached here" in text for text in told)


async def test_a_second_refusal_says_nothing_new(world: World) -> None:
    two = await pair(world)
    two.anna.say("Can I swim?")
    await world.settle()
    relayed = two.marie.last.id
    two.anna.block()
    await world.settle()
    for text in ("One", "Two"):
        two.marie.say(text, reply_to=relayed)
        await world.settle()
    notices = [message for message in two.marie.bot_messages if "can’t be reached here" in message.text]
    assert len(notices) == 1
    assert times_heard(two.marie, "has not reached") == 2


async def test_a_practitioner_who_blocks_the_bot_is_told_to_the_admins(world: World) -> None:
    two = await pair(world)
    alex = await world.admin()
    before = last_id(alex)
    two.marie.block()
    await world.settle()
    assert any("Marie Laurent can’t be reached here" in message.text for message in since(alex, before))
    assert (await staff_row(world, two.marie)).unreachable_since == world.clock.now()
    before = last_id(alex)
    two.marie.unblock()
    await world.settle()
    assert [message.text for message in since(alex, before)] == ["Marie Laurent can be reached here again."]


async def test_a_cover_hears_of_an_unreachable_patient_when_the_practitioner_is_gone_too(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    await set_cover(world, two.marie, paul)
    two.marie.block()
    await world.settle()
    before = last_id(paul)
    two.anna.block()
    await world.settle()
    assert any("Anna Keller can’t be reached here" in message.text for message in since(paul, before))


async def test_a_stranger_who_blocks_the_bot_changes_nothing(world: World) -> None:
    stranger = world.sandbox.person("Nobody")
    stranger.say("hello")
    await world.settle()
    stranger.block()
    await world.settle()
    assert await rows(world, "notice") == []


async def test_what_telegram_refuses_to_pass_on_is_told_with_its_words(world: World) -> None:
    """Some people let nobody send them voice messages: the letter must not vanish for that."""
    two = await pair(world)
    before = last_id(two.marie)
    world.sandbox.faults.add(
        Fault.answer(400, "Bad Request: VOICE_MESSAGES_FORBIDDEN", method="sendVoice", chat_id=two.marie.id, times=None)
    )
    two.anna.send_voice()
    await world.settle()
    [told] = since(two.marie, before)
    assert "Anna Keller" in told.text
    assert "does not let me pass on" in told.text
