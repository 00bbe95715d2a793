"""What a patient sends reaches the practitioner whatever it is, is acknowledged once, and red flags are heard."""

import pytest

from bot.flows.change_staff import set_cover as set_cover_by_admin
from bot.flows.receive_letter import receive_letter
from bot.sandbox.faults import Fault
from messages.letters import Content
from storage import people
from tests.bot.conversation import audited, last_id, letters, pair, rows, set_cover, since, times_heard
from tests.world import World


async def test_a_text_reaches_the_practitioner_with_who_session_and_hours(world: World) -> None:
    two = await pair(world, hours=26)
    before = last_id(two.marie)
    two.anna.say("Can I wear make-up tonight?")
    await world.settle()
    [relayed] = since(two.marie, before)
    assert "Anna Keller" in relayed.text
    assert "session 1 of" in relayed.text
    assert "26 h" in relayed.text
    assert "Can I wear make-up tonight?" in relayed.text


async def test_the_patient_is_told_once_in_a_burst_whom_it_went_to_and_when_answers_come(world: World) -> None:
    two = await pair(world)
    before = last_id(two.anna)
    for text in ("One thing", "and another", "and a third"):
        two.anna.say(text)
        await world.settle()
    [acknowledged] = since(two.anna, before)
    assert "Marie Laurent" in acknowledged.text
    assert "09:00 and 18:00" in acknowledged.text


async def test_a_later_message_is_acknowledged_again(world: World) -> None:
    two = await pair(world)
    two.anna.say("One thing")
    await world.settle()
    await world.move(minutes=31)
    before = last_id(two.anna)
    two.anna.say("Another")
    await world.settle()
    assert any("Marie Laurent" in message.text for message in since(two.anna, before))


async def test_a_message_after_the_answer_is_acknowledged_again(world: World) -> None:
    two = await pair(world)
    two.anna.say("One thing")
    await world.settle()
    await world.move(minutes=1)
    two.marie.say("Yes", reply_to=two.marie.last.id)
    await world.settle()
    await world.move(minutes=1)
    before = last_id(two.anna)
    two.anna.say("And this?")
    await world.settle()
    [acknowledged] = since(two.anna, before)
    assert "Passed to Marie Laurent" in acknowledged.text


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        ("send_photo", "photo"),
        ("send_voice", "voice"),
        ("send_video", "video"),
        ("send_document", "document"),
    ],
)
async def test_media_arrive_with_the_header_as_caption(world: World, act: str, kind: str) -> None:
    two = await pair(world)
    before = last_id(two.marie)
    getattr(two.anna, act)()
    await world.settle()
    [relayed] = since(two.marie, before)
    assert relayed.kind == kind
    assert "Anna Keller" in relayed.text


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        ("send_sticker", "sticker"),
        ("send_location", "location"),
        ("send_contact", "contact"),
        ("send_poll", "poll"),
    ],
)
async def test_what_takes_no_caption_follows_its_header(world: World, act: str, kind: str) -> None:
    two = await pair(world)
    before = last_id(two.marie)
    getattr(two.anna, act)()
    await world.settle()
    header, copied = since(two.marie, before)
    assert "Anna Keller" in header.text
    assert copied.kind == kind


async def test_a_file_of_any_size_is_passed_on_without_downloading_it(world: World) -> None:
    two = await pair(world)
    before = last_id(two.marie)
    two.anna.send_document(size=25 * 2**20)
    await world.settle()
    assert [message.kind for message in since(two.marie, before)] == ["document"]
    assert world.sandbox.ledger.count(method="getFile") == 0


async def test_an_album_stays_an_album_and_is_acknowledged_once(world: World) -> None:
    two = await pair(world)
    at_marie, at_anna = last_id(two.marie), last_id(two.anna)
    two.anna.send_album(caption="left and right")
    await world.settle()
    await world.move(seconds=3)
    relayed = since(two.marie, at_marie)
    assert len(relayed) == 2
    assert len({message.media_group_id for message in relayed}) == 1
    assert "left and right" in relayed[0].text
    assert "Anna Keller" in relayed[0].text
    assert len(since(two.anna, at_anna)) == 1


async def test_a_part_that_comes_after_its_album_follows(world: World) -> None:
    two = await pair(world)
    parts = two.anna.send_album()
    await world.settle()
    await world.move(seconds=3)
    before = last_id(two.marie)
    file_id = (await letters(world))[0].file_id
    async with world.database.work() as work:
        # As if the network had held the last part back: same album, new message.
        await receive_letter(
            work,
            patient_id=await world.patient_id(two.anna),
            content=Content(two.anna.id, 999, "photo", None, file_id, parts[0].media_group_id),
            now=world.clock.now(),
            clinic=world.clinic,
        )
    await world.settle()
    [late] = since(two.marie, before)
    assert late.kind == "photo"


async def test_a_text_too_long_for_its_header_comes_as_two_messages_and_whole(world: World) -> None:
    two = await pair(world)
    before = last_id(two.marie)
    long = "x" * 4096
    two.anna.say(long)
    await world.settle()
    header, body = since(two.marie, before)
    assert "Anna Keller" in header.text
    assert body.text == long


async def test_a_long_caption_follows_its_photo(world: World) -> None:
    two = await pair(world)
    before = last_id(two.marie)
    two.anna.send_photo(caption="y" * 1024)
    await world.settle()
    photo, words = since(two.marie, before)
    assert photo.kind == "photo"
    assert words.text == "y" * 1024


async def test_names_and_words_with_markup_are_shown_as_they_are(world: World) -> None:
    two = await pair(world, name="<b>Ann & \u202eeve</b> 🦋")
    before = last_id(two.marie)
    two.anna.say("<i>not italic</i> & so on")
    await world.settle()
    [relayed] = since(two.marie, before)
    assert "<i>not italic</i> & so on" in relayed.text
    assert "<b>Ann & " in relayed.text


async def test_an_edit_is_carried_over_marked_as_a_reply_to_the_earlier_message(world: World) -> None:
    two = await pair(world)
    sent = two.anna.say("It is red")
    await world.settle()
    first = two.marie.last
    two.anna.edit(sent.id, "It is red and warm")
    await world.settle()
    edited = two.marie.last
    assert "It is red and warm" in edited.text
    assert "edited" in edited.text
    assert edited.reply_to == first.id


async def test_an_edit_that_changes_nothing_is_not_carried_over(world: World) -> None:
    two = await pair(world)
    two.anna.say("It is red")
    await world.settle()
    stored = len(await letters(world))
    before = last_id(two.marie)
    world.sandbox.updates.add_unfiltered(
        "edited_message",
        {
            "message_id": (await letters(world))[-1].message_id,
            "date": 1_772_442_000,
            "edit_date": 1_772_442_001,
            "chat": {"id": two.anna.id, "type": "private"},
            "from": {"id": two.anna.id, "is_bot": False, "first_name": "Anna"},
            "text": "It is red",
        },
    )
    await world.settle()
    assert len(await letters(world)) == stored
    assert since(two.marie, before) == []


async def test_words_for_an_emergency_show_the_emergency_text_raise_an_alert_and_are_passed_on(world: World) -> None:
    two = await pair(world)
    at_anna, at_marie = last_id(two.anna), last_id(two.marie)
    two.anna.say("I can't breathe and my lips are swelling")
    await world.settle()
    assert "Call 112 now" in since(two.anna, at_anna)[0].text
    at_practitioner = [message.text for message in since(two.marie, at_marie)]
    assert any("EMERGENCY" in text for text in at_practitioner)
    assert any("my lips are swelling" in text and "session 1 of" in text for text in at_practitioner)
    assert "alert.raised" in await audited(world, "alert")


async def test_words_for_a_red_flag_raise_an_alert_and_say_so(world: World) -> None:
    two = await pair(world)
    at_anna, at_marie = last_id(two.anna), last_id(two.marie)
    two.anna.say("There is pus coming out")
    await world.settle()
    [told] = since(two.anna, at_anna)
    assert "Marie Laurent has been told" in told.text
    assert any("Same day" in message.text for message in since(two.marie, at_marie))


async def test_words_at_night_give_the_number_at_once_and_wake_nobody(world: World) -> None:
    two = await pair(world)
    await world.move_to(world.at(0, "23:30"))
    at_anna, at_marie = last_id(two.anna), last_id(two.marie)
    two.anna.say("J'ai de la fièvre")
    await world.settle()
    [told] = since(two.anna, at_anna)
    assert world.clinic.phone in told.text
    assert "08:00" in told.text
    assert not any("Same day" in message.text for message in since(two.marie, at_marie))
    await world.move_to(world.at(1, "08:00"))
    assert any("Same day" in message.text for message in since(two.marie, at_marie))


async def test_an_unreachable_practitioner_is_replaced_by_the_cover(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    await set_cover(world, two.marie, paul)
    two.marie.block()
    await world.settle()
    before = last_id(paul)
    two.anna.say("Hello?")
    await world.settle()
    assert any("Hello?" in message.text for message in since(paul, before))
    assert "Paul Morel" in two.anna.last.text


async def test_what_fails_at_the_practitioner_goes_to_the_cover(world: World) -> None:
    """The block is not known yet: Telegram tells it with the refusal."""
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    await set_cover(world, two.marie, paul)
    two.marie.account.deactivated = True
    before = last_id(paul)
    two.anna.say("Hello?")
    await world.settle()
    assert any("Hello?" in message.text for message in since(paul, before))


async def test_with_nobody_to_read_the_admin_is_told_without_the_words_and_the_patient_honestly(world: World) -> None:
    two = await pair(world)
    alex = await world.admin()
    two.marie.block()
    await world.settle()
    before = last_id(alex)
    two.anna.say("A private question")
    await world.settle()
    told = since(alex, before)
    assert any("Anna Keller has written" in message.text for message in told)
    assert not any("private question" in message.text for message in told)
    assert "can’t be reached here" in two.anna.last.text
    two.marie.unblock()
    await world.settle()
    assert any("A private question" in message.text for message in two.marie.bot_messages)


async def test_what_nobody_could_read_reaches_a_cover_named_later(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    two.marie.block()
    await world.settle()
    two.anna.say("Who reads this?")
    await world.settle()
    before = last_id(paul)
    alex = await world.admin()
    async with world.database.work() as work:
        await set_cover_by_admin(
            work,
            actor=await people.actor_of(work, alex.id, language="en"),
            staff_id=await world.staff_id(two.marie),
            cover_id=await world.staff_id(paul),
            now=world.clock.now(),
        )
    await world.settle()
    assert times_heard(paul, "Who reads this?", before) == 1


async def test_a_stopped_patient_is_still_heard(world: World) -> None:
    two = await pair(world)
    two.anna.say("/stop")
    await world.settle()
    before = last_id(two.marie)
    two.anna.say("One more question")
    await world.settle()
    assert any("One more question" in message.text for message in since(two.marie, before))


async def test_nothing_of_somebody_who_has_not_agreed_is_passed_on(world: World) -> None:
    marie = await world.practitioner()
    person, token = await world.invited("Ben Vidal", marie)
    person.start(token)
    await world.settle()
    before = last_id(marie)
    person.say("I have a fever")
    await world.settle()
    assert since(marie, before) == []
    assert await letters(world) == []


async def test_a_reaction_is_no_message(world: World) -> None:
    two = await pair(world)
    before = last_id(two.marie)
    two.anna.react(two.anna.last.id)
    await world.settle()
    assert since(two.marie, before) == []


async def test_letters_wait_until_they_are_answered(world: World) -> None:
    two = await pair(world)
    two.anna.say("A question")
    await world.settle()
    assert [letter.answered_at for letter in await letters(world)] == [None]
    two.marie.say("An answer", reply_to=two.marie.last.id)
    await world.settle()
    question, _ = await letters(world)
    assert question.answered_at == world.clock.now()


async def test_a_crash_between_storing_and_sending_loses_nothing(world: World) -> None:
    two = await pair(world)
    before = last_id(two.marie)
    two.anna.say("Do not lose me")
    await world.crash()
    await world.start()
    await world.settle()
    assert [message.text.count("Do not lose me") for message in since(two.marie, before)] == [1]
    assert all(row.state == "sent" for row in await rows(world, "relay"))


async def test_a_letter_that_is_tried_again_is_not_overtaken(world: World) -> None:
    two = await pair(world)
    before = last_id(two.marie)
    world.sandbox.faults.add(Fault.answer(500, "Internal Server Error", chat_id=two.marie.id, times=2))
    for words in ("first", "second", "third"):
        two.anna.say(words)
    await world.settle()
    await world.move(minutes=1)
    assert [message.text.split()[-1] for message in since(two.marie, before)] == ["first", "second", "third"]


async def test_what_was_refused_with_nobody_else_to_read_it_comes_when_the_practitioner_is_back(world: World) -> None:
    two = await pair(world)
    before = last_id(two.marie)
    world.sandbox.faults.add(Fault.answer(403, "Forbidden: bot was blocked by the user", chat_id=two.marie.id))
    two.anna.say("Is this normal?")
    await world.settle()
    assert "Is this normal?" not in str(since(two.marie, before))
    two.marie.block()
    two.marie.unblock()
    await world.settle()
    assert [message.text.count("Is this normal?") for message in since(two.marie, before)] == [1]
