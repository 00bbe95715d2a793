"""Alerts: who is told what, taking, calling, resolving, and one ladder for one thing."""

from messages.grading import Flag, Grade
from storage.tables import Patient
from tests.bot.conversation import (
    alert,
    alert_row,
    audited,
    last_id,
    pair,
    patient_row,
    rows,
    set_cover,
    since,
)
from tests.world import World


async def test_an_alert_says_who_why_and_when_and_offers_what_to_do(world: World) -> None:
    two = await pair(world, hours=26)
    before = last_id(two.marie)
    await alert(world, two.anna, Grade.U, (Flag.U5,))
    [told] = since(two.marie, before)
    for piece in ("Same day", "Anna Keller", "Face", "session 1 of", "26 hours", "fever"):
        assert piece in told.text
    assert told.labels == ["✋ I’m on it", "💬 Reply", "📞 Call", "👤 Card", "✅ Resolved"]


async def test_an_emergency_sends_the_emergency_text_at_once_even_at_night(world: World) -> None:
    two = await pair(world)
    await world.move_to(world.at(1, "03:00"))
    at_anna, at_marie = last_id(two.anna), last_id(two.marie)
    await alert(world, two.anna, Grade.E, (Flag.E1,))
    assert "Call 112 now" in since(two.anna, at_anna)[0].text
    assert any("EMERGENCY" in message.text for message in since(two.marie, at_marie))


async def test_a_plain_u_of_the_night_reaches_the_practitioner_at_eight(world: World) -> None:
    two = await pair(world)
    await world.move_to(world.at(0, "22:00"))
    before = last_id(two.marie)
    await alert(world, two.anna, Grade.U)
    assert since(two.marie, before) == []
    await world.move_to(world.at(1, "07:59"))
    assert since(two.marie, before) == []
    await world.move_to(world.at(1, "08:00"))
    assert any("Same day" in message.text for message in since(two.marie, before))


async def test_taking_stops_the_ladder_and_tells_the_patient(world: World) -> None:
    two = await pair(world)
    alex = await world.admin()
    alert_id = await alert(world, two.anna, Grade.E)
    tap = two.marie.tap("✋ I’m on it")
    await world.settle()
    assert "You have this alert" in (tap.toast or "")
    assert "Marie Laurent took this at 10:00" in two.marie.bot_messages[-1].text
    assert "Marie Laurent has seen what you reported" in two.anna.last.text
    before = last_id(alex)
    await world.move(hours=5)
    assert since(alex, before) == []
    taken = await alert_row(world, alert_id)
    assert (taken.acknowledged_by, taken.next_climb_at) == (await world.staff_id(two.marie), None)
    assert await audited(world, "alert") == ["alert.raised", "alert.acknowledged"]


async def test_a_second_tap_is_harmless(world: World) -> None:
    two = await pair(world)
    alert_id = await alert(world, two.anna)
    message = two.marie.last
    two.marie.tap_data(message.id, f"alert.take:{alert_id}")
    two.marie.tap_data(message.id, f"alert.take:{alert_id}")
    await world.settle()
    assert (await audited(world, "alert")).count("alert.acknowledged") == 1


async def test_who_comes_second_hears_who_was_first_and_the_others_are_told(world: World) -> None:
    two = await pair(world)
    alex = await world.admin()
    alert_id = await alert(world, two.anna, Grade.E)
    at_marie = two.marie.last
    await world.move(minutes=10)
    climbed = alex.last
    before = last_id(two.marie)
    alex.tap("✋ I’m on it")
    await world.settle()
    [news] = since(two.marie, before)
    assert "Alex Martin took this" in news.text
    assert news.reply_to == at_marie.id
    late = two.marie.tap_data(at_marie.id, f"alert.take:{alert_id}")
    await world.settle()
    assert late.toast == "Alex Martin already has this alert."
    assert "Nobody has taken this alert for 10 minutes" in climbed.text


async def test_call_shows_the_number_or_the_account(world: World) -> None:
    two = await pair(world)
    await alert(world, two.anna)
    alert_message = two.marie.last
    two.marie.tap("📞 Call", message_id=alert_message.id)
    await world.settle()
    assert f"tg://user?id={two.anna.id}" in two.marie.last.html
    async with world.database.work() as work:
        row = await work.session.get_one(Patient, await world.patient_id(two.anna))
        row.phone = "+33 6 11 22 33 44"
        await work.commit()
    two.marie.tap("📞 Call", message_id=alert_message.id)
    await world.settle()
    assert "+33 6 11 22 33 44" in two.marie.last.text


async def test_resolving_closes_and_is_another_thing_than_taking(world: World) -> None:
    two = await pair(world)
    alert_id = await alert(world, two.anna)
    message = two.marie.last
    two.marie.tap("✋ I’m on it")
    await world.settle()
    assert (await alert_row(world, alert_id)).resolved_at is None
    two.marie.tap_data(message.id, f"alert.resolve:{alert_id}")
    await world.settle()
    resolved = await alert_row(world, alert_id)
    assert resolved.resolved_by == await world.staff_id(two.marie)
    assert "Resolved by Marie Laurent" in next(m for m in two.marie.messages if m.id == message.id).text
    again = two.marie.tap_data(message.id, f"alert.resolve:{alert_id}")
    await world.settle()
    assert again.toast == "Marie Laurent has already resolved this alert."


async def test_resolving_at_once_takes_it_too_and_tells_others_one_thing(world: World) -> None:
    two = await pair(world)
    alex = await world.admin()
    alert_id = await alert(world, two.anna, Grade.E)
    await world.move(minutes=10)
    before = last_id(alex)
    two.marie.tap_data(two.marie.last.id, f"alert.resolve:{alert_id}")
    await world.settle()
    [news] = since(alex, before)
    assert "Resolved by Marie Laurent" in news.text
    assert (await alert_row(world, alert_id)).acknowledged_at is not None


async def test_somebody_elses_alert_is_not_found(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    alert_id = await alert(world, two.anna)
    for action in ("take", "resolve", "call", "reply"):
        tap = paul.tap_data(paul.last.id, f"alert.{action}:{alert_id}")
        await world.settle()
        assert tap.alert
    forged = two.marie.tap_data(two.marie.last.id, "alert.take:4711")
    await world.settle()
    assert forged.alert
    assert (await alert_row(world, alert_id)).acknowledged_at is None


async def test_what_gets_worse_is_raised_in_place_and_told_again(world: World) -> None:
    two = await pair(world)
    first = await alert(world, two.anna, Grade.U, (Flag.U5,))
    before = last_id(two.marie)
    second = await alert(world, two.anna, Grade.E, (Flag.E6,))
    assert first == second
    [again] = since(two.marie, before)
    assert "EMERGENCY" in again.text
    assert "Still open" in again.text
    raised = await alert_row(world, first)
    assert (raised.grade, raised.flags) == (Grade.E, ["U5", "E6"])
    assert "Call 112 now" in two.anna.last.text


async def test_the_same_thing_said_twice_is_told_once(world: World) -> None:
    two = await pair(world)
    await alert(world, two.anna, Grade.U, (Flag.U5,))
    before = last_id(two.marie)
    await alert(world, two.anna, Grade.U, (Flag.U5,))
    assert since(two.marie, before) == []
    assert len(await rows(world, "alert")) == 1


async def test_what_gets_worse_after_it_was_taken_must_be_taken_again(world: World) -> None:
    two = await pair(world)
    first = await alert(world, two.anna, Grade.U, (Flag.U5,))
    two.marie.tap("✋ I’m on it")
    await world.settle()
    before = last_id(two.marie)
    second = await alert(world, two.anna, Grade.E, (Flag.E1,), origin="words")
    assert second != first
    assert any("EMERGENCY" in message.text for message in since(two.marie, before))


async def test_talking_about_a_taken_alert_does_not_call_everybody_again(world: World) -> None:
    two = await pair(world)
    two.anna.say("I have a fever")
    await world.settle()
    two.marie.tap("✋ I’m on it")
    await world.settle()
    await world.move(minutes=40)
    before = last_id(two.marie)
    two.anna.say("The fever is a bit lower now")
    await world.settle()
    assert [message.text.split("\n")[0].startswith("Anna Keller") for message in since(two.marie, before)] == [True]
    two.anna.say("Now there is pus as well")
    await world.settle()
    assert any("Same day" in message.text for message in since(two.marie, before))


async def test_a_night_alert_that_becomes_an_emergency_does_not_wait_for_the_morning(world: World) -> None:
    two = await pair(world)
    await world.move_to(world.at(0, "23:00"))
    before = last_id(two.marie)
    await alert(world, two.anna, Grade.U, (Flag.U5,))
    await alert(world, two.anna, Grade.E, (Flag.E6,))
    assert len(since(two.marie, before)) == 1
    two.marie.tap("✋ I’m on it")
    await world.settle()
    await world.move_to(world.at(1, "08:30"))
    assert not any("Same day" in message.text for message in since(two.marie, before))


async def test_an_immediate_sign_without_a_call_back_in_half_an_hour_sends_to_emergency_care(world: World) -> None:
    two = await pair(world)
    await alert(world, two.anna, Grade.U_NOW, (Flag.U1,))
    await world.move(minutes=29)
    assert not any("emergency care now" in message.text for message in two.anna.bot_messages)
    await world.move(minutes=1)
    assert any("emergency care now" in message.text for message in two.anna.bot_messages)


async def test_an_immediate_sign_that_was_taken_sends_nobody_away(world: World) -> None:
    two = await pair(world)
    await alert(world, two.anna, Grade.U_NOW, (Flag.U1,))
    await world.move(minutes=5)
    two.marie.tap("✋ I’m on it")
    await world.settle()
    await world.move(hours=1)
    assert not any("emergency care now" in message.text for message in two.anna.bot_messages)
    assert not any("wait for us" in message.text for message in two.anna.bot_messages)


async def test_a_cover_sees_and_takes_what_is_not_theirs_yet(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    await set_cover(world, two.marie, paul)
    alert_id = await alert(world, two.anna)
    paul.tap_data(paul.last.id, f"alert.take:{alert_id}")
    await world.settle()
    assert (await alert_row(world, alert_id)).acknowledged_by == await world.staff_id(paul)


async def test_an_alert_before_the_first_session_has_no_session_to_name(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    await alert(world, anna, Grade.E, (), origin="urgent")
    assert "no session yet" in marie.last.text
    assert "tapped Urgent" in marie.last.text
    assert (await patient_row(world, anna)).unreachable_since is None


async def test_an_alert_quotes_what_was_written(world: World) -> None:
    two = await pair(world)
    two.anna.say("There is pus & it <smells>")
    await world.settle()
    assert any("Wrote: “There is pus & it <smells>”" in message.text for message in two.marie.bot_messages)
