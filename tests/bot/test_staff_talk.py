"""What practitioners write reaches the right patient, in the clinic's name, and what does not is told to them."""

import pytest

from bot.sandbox.faults import Fault
from messages.grading import Grade
from tests.bot.conversation import alert, alert_row, audited, last_id, letters, pair, set_cover, since, times_heard
from tests.world import World


async def test_a_reply_reaches_the_patient_in_the_clinics_name(world: World) -> None:
    two = await pair(world)
    question = two.anna.say("Can I swim?")
    await world.settle()
    two.marie.say("Not before Thursday", reply_to=two.marie.last.id)
    await world.settle()
    answer = two.anna.last
    assert "Lindenhof Clinic" in answer.text
    assert "Not before Thursday" in answer.text
    assert "Marie" not in answer.text
    assert answer.reply_to == question.id


async def test_an_answer_to_the_answer_goes_back_below_it(world: World) -> None:
    two = await pair(world)
    two.anna.say("Can I swim?")
    await world.settle()
    answer = two.marie.say("Not yet", reply_to=two.marie.last.id)
    await world.settle()
    two.anna.say("And run?", reply_to=two.anna.last.id)
    await world.settle()
    assert "And run?" in two.marie.last.text
    assert two.marie.last.reply_to == answer.id


async def test_replies_go_to_whom_they_answer_whatever_came_last(world: World) -> None:
    two = await pair(world)
    ben = await world.patient("Ben Vidal", two.marie)
    two.anna.say("From Anna")
    await world.settle()
    from_anna = two.marie.last.id
    ben.say("From Ben")
    await world.settle()
    at_ben = last_id(ben)
    two.marie.say("For Anna", reply_to=from_anna)
    await world.settle()
    assert "For Anna" in two.anna.last.text
    assert since(ben, at_ben) == []


@pytest.mark.parametrize(("act", "kind"), [("send_photo", "photo"), ("send_voice", "voice")])
async def test_media_reach_the_patient_in_the_write_dialog(world: World, act: str, kind: str) -> None:
    two = await pair(world)
    two.marie.tap_data(two.marie.last.id, f"write:{await world.patient_id(two.anna)}")
    await world.settle()
    getattr(two.marie, act)()
    await world.settle()
    assert two.anna.last.kind == kind
    assert "Lindenhof Clinic" in two.anna.last.text
    assert "On its way to Anna Keller" in two.marie.last.text


async def test_an_album_in_the_write_dialog_arrives_whole(world: World) -> None:
    two = await pair(world)
    two.marie.tap_data(two.marie.last.id, f"write:{await world.patient_id(two.anna)}")
    await world.settle()
    before = last_id(two.anna)
    two.marie.send_album()
    await world.settle()
    await world.move(seconds=3)
    arrived = since(two.anna, before)
    assert [message.kind for message in arrived] == ["photo", "photo"]
    assert len({message.media_group_id for message in arrived}) == 1


async def test_the_write_dialog_takes_one_message(world: World) -> None:
    two = await pair(world)
    two.marie.tap_data(two.marie.last.id, f"write:{await world.patient_id(two.anna)}")
    await world.settle()
    two.marie.say("How are you today?")
    await world.settle()
    assert "How are you today?" in two.anna.last.text
    before = last_id(two.anna)
    two.marie.say("This is for nobody")
    await world.settle()
    assert since(two.anna, before) == []
    assert "sent it to nobody" in two.marie.last.text


async def test_a_reply_inside_another_dialog_still_reaches_its_patient(world: World) -> None:
    two = await pair(world)
    ben = await world.patient("Ben Vidal", two.marie)
    two.anna.say("From Anna")
    await world.settle()
    from_anna = two.marie.last.id
    two.marie.tap_data(two.marie.last.id, f"write:{await world.patient_id(ben)}")
    await world.settle()
    at_ben = last_id(ben)
    two.marie.say("For Anna", reply_to=from_anna)
    await world.settle()
    assert "For Anna" in two.anna.last.text
    two.marie.say("For Ben")
    await world.settle()
    assert any("For Ben" in message.text for message in since(ben, at_ben))


async def test_a_text_to_nobody_is_explained_and_sent_to_nobody(world: World) -> None:
    two = await pair(world)
    before = last_id(two.anna)
    two.marie.say("Hello")
    await world.settle()
    assert "sent it to nobody" in two.marie.last.text
    assert since(two.anna, before) == []


async def test_a_reply_to_something_about_nobody_is_explained(world: World) -> None:
    two = await pair(world)
    before = last_id(two.anna)
    two.marie.say("lost")
    await world.settle()
    two.marie.say("Yes", reply_to=two.marie.last.id)
    await world.settle()
    assert "sent it to nobody" in two.marie.last.text
    assert since(two.anna, before) == []


async def test_an_edit_is_carried_over_and_marked(world: World) -> None:
    two = await pair(world)
    two.anna.say("Can I swim?")
    await world.settle()
    answer = two.marie.say("Thursday", reply_to=two.marie.last.id)
    await world.settle()
    first = two.anna.last
    two.marie.edit(answer.id, "Friday")
    await world.settle()
    assert "Friday" in two.anna.last.text
    assert "edited" in two.anna.last.text
    assert two.anna.last.reply_to == first.id


async def test_a_blocked_patient_is_reported_as_a_reply(world: World) -> None:
    two = await pair(world)
    two.anna.say("Can I swim?")
    await world.settle()
    relayed = two.marie.last
    two.anna.block()
    await world.settle()
    assert any("can’t be reached here" in message.text for message in two.marie.bot_messages)
    answer = two.marie.say("Not yet", reply_to=relayed.id)
    await world.settle()
    assert "has not reached Anna Keller" in two.marie.last.text
    assert two.marie.last.reply_to == answer.id


async def test_a_stopped_patient_still_gets_direct_answers(world: World) -> None:
    two = await pair(world)
    two.anna.say("Can I swim?")
    await world.settle()
    relayed = two.marie.last
    two.anna.say("/stop")
    await world.settle()
    two.marie.say("Not yet", reply_to=relayed.id)
    await world.settle()
    assert "Not yet" in two.anna.last.text


async def test_another_practitioner_cannot_write_to_the_patient(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    before = last_id(two.anna)
    tap = paul.tap_data(paul.last.id, f"write:{await world.patient_id(two.anna)}")
    await world.settle()
    assert tap.alert
    paul.say("Hello Anna")
    await world.settle()
    assert since(two.anna, before) == []


async def test_a_cover_may_answer(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    await set_cover(world, two.marie, paul)
    paul.tap_data(paul.last.id, f"write:{await world.patient_id(two.anna)}")
    await world.settle()
    paul.say("I step in for Marie")
    await world.settle()
    assert "I step in for Marie" in two.anna.last.text


async def test_an_admin_may_answer_an_alert_that_climbed_to_them_and_nothing_else(world: World) -> None:
    two = await pair(world)
    alex = await world.admin()
    alert_id = await alert(world, two.anna, Grade.E)
    refused = alex.tap_data(alex.last.id, f"alert.reply:{alert_id}")
    await world.settle()
    assert refused.alert
    await world.move(minutes=10)
    climbed = alex.last
    alex.say("Have you called 112?", reply_to=climbed.id)
    await world.settle()
    assert any("Have you called 112?" in message.text for message in two.anna.bot_messages)
    assert (await alert_row(world, alert_id)).acknowledged_by == await world.staff_id(alex)


async def test_a_reply_to_an_alert_takes_it(world: World) -> None:
    two = await pair(world)
    alert_id = await alert(world, two.anna)
    two.marie.say("Please send a photo", reply_to=two.marie.last.id)
    await world.settle()
    taken = await alert_row(world, alert_id)
    assert taken.acknowledged_at == world.clock.now()
    assert taken.next_climb_at is None


async def test_writing_to_a_patient_who_has_not_joined_is_explained(world: World) -> None:
    marie = await world.practitioner()
    await world.invited("Ben Vidal", marie)
    tap = marie.tap_data(marie.last.id, "write:1")
    await world.settle()
    assert tap.alert
    assert "has not joined yet" in (tap.toast or "")


async def test_a_passing_fault_delays_an_answer_and_does_not_lose_it(world: World) -> None:
    two = await pair(world)
    two.anna.say("Can I swim?")
    await world.settle()
    world.sandbox.faults.add(Fault.answer(502, "Bad Gateway", method="sendMessage", chat_id=two.anna.id, times=1))
    two.marie.say("Not yet", reply_to=two.marie.last.id)
    await world.settle()
    await world.move(minutes=1)
    assert times_heard(two.anna, "Not yet") == 1


async def test_every_answer_is_audited_without_its_words(world: World) -> None:
    two = await pair(world)
    two.anna.say("Can I swim?")
    await world.settle()
    two.marie.say("Not yet", reply_to=two.marie.last.id)
    await world.settle()
    assert "letter.sent" in await audited(world, "patient")
    _, answer = await letters(world)
    assert (answer.inbound, answer.text, answer.staff_id) == (False, "Not yet", await world.staff_id(two.marie))
