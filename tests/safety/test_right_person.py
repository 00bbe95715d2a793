"""Nothing reaches the wrong person, or one who does not want it: each test is a promise that was once broken."""

from storage.tables import Patient
from tests.bot.conversation import heard, last_id, letters, pair, patient_row, since
from tests.world import World


async def test_another_patients_card_ends_writing_to_the_one_before(world: World) -> None:
    two = await pair(world)
    ben = await world.patient("Ben Vidal", two.marie)
    two.marie.tap_data(two.marie.last.id, f"write:{await world.patient_id(two.anna)}")
    await world.settle()
    two.marie.tap_data(two.marie.last.id, f"patient.card:{await world.patient_id(ben)}")
    await world.settle()
    at_anna = last_id(two.anna)
    two.marie.say("Your result is here, Ben")
    await world.settle()
    assert since(two.anna, at_anna) == []
    assert "sent it to nobody" in two.marie.last.text


async def test_a_time_typed_under_another_patients_card_moves_no_appointment(world: World) -> None:
    two = await pair(world)
    ben = await world.patient("Ben Vidal", two.marie)
    two.marie.tap_data(two.marie.last.id, f"patient.appointment:{await world.patient_id(two.anna)}")
    await world.settle()
    two.marie.tap_data(two.marie.last.id, f"patient.card:{await world.patient_id(ben)}")
    await world.settle()
    at_anna = last_id(two.anna)
    two.marie.say("9.3. 10:00")
    await world.settle()
    assert since(two.anna, at_anna) == []
    assert "sent it to nobody" in two.marie.last.text


async def test_the_card_of_the_same_patient_does_not_end_writing(world: World) -> None:
    two = await pair(world)
    anna_id = await world.patient_id(two.anna)
    two.marie.tap_data(two.marie.last.id, f"write:{anna_id}")
    await world.settle()
    two.marie.tap_data(two.marie.last.id, f"patient.card:{anna_id}")
    await world.settle()
    two.marie.say("See you on Monday")
    await world.settle()
    assert "See you on Monday" in two.anna.last.text


async def test_a_message_written_long_after_write_was_tapped_goes_to_nobody(world: World) -> None:
    two = await pair(world)
    two.marie.tap_data(two.marie.last.id, f"write:{await world.patient_id(two.anna)}")
    await world.settle()
    await world.move(minutes=31)
    at_anna = last_id(two.anna)
    two.marie.say("Buy milk")
    await world.settle()
    assert "Buy milk" not in heard(two.anna, at_anna)
    assert "sent it to nobody" in two.marie.last.text


async def test_who_has_handed_a_patient_over_cannot_write_to_them_by_an_edit(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    two.anna.say("Can I swim?")
    await world.settle()
    answer = two.marie.say("Not yet", reply_to=two.marie.last.id)
    await world.settle()
    async with world.database.work() as work:
        row = await work.session.get_one(Patient, await world.patient_id(two.anna))
        row.practitioner_id = await world.staff_id(paul)
        await work.commit()
    before, stored = last_id(two.anna), len(await letters(world))
    two.marie.edit(answer.id, "Come to my new practice")
    await world.settle()
    assert since(two.anna, before) == []
    assert len(await letters(world)) == stored


async def test_who_comes_back_after_a_long_stop_is_not_nudged_about_what_was_asked_before_it(world: World) -> None:
    two = await pair(world)
    await world.move(hours=1)
    two.anna.say("/stop")
    await world.settle()
    await world.move(days=20)
    before = last_id(two.anna)
    two.anna.say("/resume")
    await world.settle()
    await world.move(hours=2)
    assert "check-in waiting" not in heard(two.anna, before)


async def test_nobody_hears_of_an_appointment_before_they_have_agreed(world: World) -> None:
    marie = await world.practitioner()
    anna, token = await world.invited("Anna Keller", marie)
    anna.start(token)
    await world.settle()
    anna.tap("consent:no")
    await world.settle()
    before = last_id(anna)
    marie.tap_data(marie.last.id, f"patient.appointment:{await world.patient_id(anna)}")
    await world.settle()
    marie.say("9.3. 10:00")
    await world.settle()
    await world.move(days=8)
    assert since(anna, before) == []
    assert (await patient_row(world, anna)).consented_at is None
