"""What a patient writes reaches the practitioner, however it looks."""

from storage.tables import Letter
from tests.bad_input.raw import arrives, message
from tests.bot.conversation import Pair, heard, last_id, letters, pair, patient_row, rows, since, times_heard
from tests.world import World


async def written(world: World, two: Pair, text: str) -> tuple[str, str, list[Letter]]:
    """Anna writes; what Marie read, what Anna read, and the letters stored."""
    at_marie, at_anna, before = last_id(two.marie), last_id(two.anna), len(await letters(world))
    two.anna.say(text)
    await world.settle()
    return heard(two.marie, at_marie), heard(two.anna, at_anna), (await letters(world))[before:]


async def test_a_sentence_that_begins_like_a_command_is_passed_on(world: World) -> None:
    two = await pair(world)
    for text in (
        "/itching since this morning",
        "/record looks red, is that normal?",
        "/next week I am away",
        "/cancel my appointment please",
        "/ with a blank",
        "/",
    ):
        await world.move(minutes=31)
        at_marie, at_anna, [letter] = await written(world, two, text)
        assert text in at_marie
        assert "Marie Laurent" in at_anna, text
        assert letter.text == text


async def test_red_flags_behind_a_stroke_are_heard(world: World) -> None:
    two = await pair(world)
    for text in ("/anaphylaxis", "/help I can’t breathe", "/swelling of my lips, can't breathe"):
        await world.move(minutes=1)
        at_marie, at_anna, [letter] = await written(world, two, text)
        assert "Call 112 now" in at_anna
        assert text in at_marie
        assert letter.text == text
    assert any("EMERGENCY" in each.text for each in two.marie.bot_messages)


async def test_urgent_with_words_is_an_emergency_and_its_words_are_read(world: World) -> None:
    two = await pair(world)
    at_marie, at_anna, [letter] = await written(world, two, "/urgent! my cheek turns white")
    assert "Call 112 now" in at_anna
    assert "EMERGENCY" in at_marie
    assert "my cheek turns white" in at_marie
    assert letter.text == "/urgent! my cheek turns white"


async def test_stop_with_words_stops_and_its_words_are_read(world: World) -> None:
    two = await pair(world)
    at_marie, at_anna, [letter] = await written(world, two, "/stop it itches all the time")
    assert "it itches all the time" in at_marie
    assert "/resume" in at_anna
    assert (await patient_row(world, two.anna)).stopped_at is not None
    assert letter.inbound


async def test_a_single_unknown_word_is_answered_with_help(world: World) -> None:
    two = await pair(world)
    at_marie, at_anna, stored = await written(world, two, "/nonsense")
    assert "/help" in at_anna
    assert (at_marie, stored) == ("", [])


async def test_a_command_in_a_hurry_is_one(world: World) -> None:
    two = await pair(world)
    _, at_anna, stored = await written(world, two, "/HELP?!")
    assert "112" in at_anna
    assert stored == []


async def test_the_stroke_is_no_way_around_own_words_of_a_check_in(world: World) -> None:
    two = await pair(world)
    await world.session(two.anna)
    await world.move(hours=3)
    for label in ("None", "None", "Not at all", "Something else", "Something else, in my own words", "Done"):
        two.anna.tap(label)
        await world.settle()
    at_marie, _, [letter] = await written(world, two, "/hot to the touch")
    assert "/hot to the touch" in at_marie
    assert letter.text == "/hot to the touch"
    assert any("Your check-in" in each.text or "Thank you" in each.text for each in two.anna.bot_messages)


async def test_a_command_edited_into_a_sentence_is_passed_on(world: World) -> None:
    two = await pair(world)
    sent = two.anna.say("/help")
    await world.settle()
    before = last_id(two.marie)
    two.anna.edit(sent.id, "/help me, I have a fever")
    await world.settle()
    assert "I have a fever" in heard(two.marie, before)
    assert any("Same day" in each.text for each in since(two.marie, before))


async def test_words_without_letters_are_passed_on(world: World) -> None:
    two = await pair(world)
    for text in ("\u200b", "\u200b\u200d\u2060" * 1300, "\u200e\u200f", "😀" * 2048, "&<>" * 1365):
        await world.move(minutes=31)
        at_marie, at_anna, [letter] = await written(world, two, text)
        assert "Anna Keller" in at_marie
        assert "Marie Laurent" in at_anna
        assert letter.text == text


async def test_what_no_app_would_send_is_kept_as_far_as_it_can_be(world: World) -> None:
    """A database refuses a NUL, and half a character cannot be written down at all."""
    two = await pair(world)
    before = last_id(two.marie)
    sent = ("before\x00after \\u0000", "a half \ud83d", "\x00", " \n\t ")
    updates = [
        {"update_id": 900_000_000 + number, "message": message(world, two.anna, 5000 + number, text=text)}
        for number, text in enumerate(sent)
    ]
    assert await world.app.intake.store(updates) == len(sent)
    await world.settle()
    assert [letter.text for letter in await letters(world)] == ["beforeafter \\u0000", "a half ?", "", " \n\t "]
    assert len(since(two.marie, before)) == len(sent)


async def test_a_text_longer_than_telegram_takes_arrives_whole(world: World) -> None:
    """The app splits it; each part is passed on whole."""
    two = await pair(world)
    long = "".join(f"word{number:05} " for number in range(1000))
    at_marie, _, stored = await written(world, two, long)
    assert "".join(letter.text or "" for letter in stored).replace(" ", "") == long.replace(" ", "")
    assert all((letter.text or "?") in at_marie for letter in stored)
    before = last_id(two.anna)
    two.marie.say(long, reply_to=two.marie.last.id)
    await world.settle()
    answered = heard(two.anna, before)
    assert all((letter.text or "?") in answered for letter in stored)


async def test_a_long_cry_for_help_fits_its_alert_and_arrives_whole(world: World) -> None:
    two = await pair(world)
    text = ("<b>&amp; I can't breathe " * 200)[:4096].strip()
    at_marie, at_anna, [letter] = await written(world, two, text)
    assert "EMERGENCY" in at_marie
    assert text in at_marie
    assert "Call 112 now" in at_anna
    assert letter.text == text


async def test_a_photo_without_words_and_a_large_file_are_passed_on(world: World) -> None:
    two = await pair(world)
    before = last_id(two.marie)
    two.anna.send_photo(caption="")
    two.anna.send_document(size=25 * 2**20)
    await world.settle()
    assert [each.kind for each in since(two.marie, before)] == ["photo", "document"]
    assert [letter.text for letter in await letters(world)] == [None, None]


async def test_stickers_places_contacts_and_polls_are_passed_on(world: World) -> None:
    two = await pair(world)
    before = last_id(two.marie)
    for act in (two.anna.send_sticker, two.anna.send_location, two.anna.send_contact, two.anna.send_poll):
        act()
    await world.settle()
    kinds = [each.kind for each in since(two.marie, before)]
    assert {"sticker", "location", "contact", "poll"} <= set(kinds)
    assert [letter.kind for letter in await letters(world)] == ["sticker", "location", "contact", "poll"]


async def test_a_kind_that_cannot_be_passed_on_is_said_so(world: World) -> None:
    two = await pair(world)
    before = last_id(two.anna)
    await arrives(world, "message", message(world, two.anna, hologram_of_the_future={"file_id": "x"}))
    assert "can’t pass this kind of message on" in heard(two.anna, before)
    assert await letters(world) == []


async def test_a_hundred_messages_at_once_all_arrive_in_order_and_are_thanked_for_once(world: World) -> None:
    two = await pair(world)
    at_marie, at_anna = last_id(two.marie), last_id(two.anna)
    for number in range(100):
        two.anna.say(f"burst {number:03}")
    await world.settle()
    assert [each.text[-9:] for each in since(two.marie, at_marie)] == [f"burst {number:03}" for number in range(100)]
    assert len(since(two.anna, at_anna)) == 1
    assert len(await letters(world)) == 100


async def test_fifty_cries_for_help_are_one_alert(world: World) -> None:
    two = await pair(world)
    at_marie, at_anna = last_id(two.marie), last_id(two.anna)
    for _ in range(50):
        two.anna.say("I can't breathe")
    await world.settle()
    assert times_heard(two.anna, "Call 112 now", at_anna) == 1
    assert len(await rows(world, "alert")) == 1
    assert times_heard(two.marie, "I can't breathe", at_marie) >= 50
