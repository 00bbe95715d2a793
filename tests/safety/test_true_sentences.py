"""What people read is true: each test is a promise that was once broken."""

from messages.grading import Flag, Grade
from tests.bot.conversation import alert, heard, last_id, pair, since
from tests.world import World


async def test_a_sign_of_the_early_evening_is_told_now_and_the_patient_gets_the_number_for_the_night(
    world: World,
) -> None:
    two = await pair(world)
    await world.move_to(world.at(0, "19:30"))
    at_anna, at_marie = last_id(two.anna), last_id(two.marie)
    two.anna.say("I have a fever")
    await world.settle()
    assert "Same day" in heard(two.marie, at_marie)
    said = heard(two.anna, at_anna)
    assert "will be told at" not in said
    assert "has been told" in said
    assert world.clinic.phone in said


async def test_an_emergency_that_nobody_can_read_is_not_said_to_be_passed_on(world: World) -> None:
    two = await pair(world)
    two.marie.block()
    await world.settle()
    before = last_id(two.anna)
    two.anna.say("I can't breathe")
    await world.settle()
    said = heard(two.anna, before)
    assert "Call 112 now" in said
    assert "Passed to" not in said
    assert "can’t be reached here" in said


async def test_the_digest_and_the_card_say_that_urgent_was_tapped(world: World) -> None:
    two = await pair(world)
    two.anna.say("/urgent")
    await world.settle()
    two.marie.say("/digest")
    await world.settle()
    assert "tapped Urgent" in two.marie.last.text
    two.marie.tap_data(two.marie.last.id, f"patient.card:{await world.patient_id(two.anna)}")
    await world.settle()
    assert "tapped Urgent" in two.marie.last.text


async def test_a_check_in_answered_after_urgent_does_not_end_with_words_that_calm(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    await world.session(anna)
    await world.move(hours=3)
    check_in = anna.last.id
    anna.tap("🆘 Urgent")
    await world.settle()
    for label in ("None", "None", "Not at all", "Nothing else"):
        anna.tap(label, check_in)
        await world.settle()
    ended = next(message for message in anna.bot_messages if message.id == check_in)
    assert "usual at this stage" not in ended.text
    assert "If you have not called 112 yet" in ended.text


async def test_nothing_after_the_emergency_text_sounds_as_if_an_answer_could_be_waited_for(world: World) -> None:
    two = await pair(world)
    two.anna.say("Is a swim all right?")
    await world.settle()
    before = last_id(two.anna)
    two.anna.say("I can't breathe")
    await world.settle()
    two.anna.say("please, what shall I do")
    await world.settle()
    said = heard(two.anna, before)
    assert "Call 112 now" in said
    assert said.count("Passed to Marie Laurent as an emergency") == 1
    assert "usually answers" not in said
    await world.move(minutes=31)
    before = last_id(two.anna)
    two.anna.say("It was nothing")
    await world.settle()
    assert "usually answers" in heard(two.anna, before)


async def test_that_somebody_has_seen_an_emergency_does_not_keep_the_patient_from_calling(world: World) -> None:
    two = await pair(world)
    await alert(world, two.anna, Grade.E, (Flag.E1,))
    two.marie.tap("✋ I’m on it")
    await world.settle()
    assert "If you have not called 112 yet" in two.anna.last.text


async def test_that_somebody_has_seen_an_immediate_sign_does_not_end_the_half_hour(world: World) -> None:
    two = await pair(world)
    await alert(world, two.anna, Grade.U_NOW, (Flag.U7,))
    two.marie.tap("✋ I’m on it")
    await world.settle()
    assert "within 30 minutes" in two.anna.last.text
    assert "go to emergency care" in two.anna.last.text


async def test_who_takes_an_alert_about_silence_hears_that_the_patient_knows_nothing_of_it(world: World) -> None:
    two = await pair(world)
    await alert(world, two.anna, Grade.U, (Flag.SILENCE,), origin="silence")
    before = last_id(two.anna)
    tap = two.marie.tap("✋ I’m on it")
    await world.settle()
    assert since(two.anna, before) == []
    assert "does not know of it" in (tap.toast or "")
