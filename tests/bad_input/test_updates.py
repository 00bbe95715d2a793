"""Updates that no app of today sends, groups and channels."""

from collections.abc import Callable

from sqlalchemy import func, select

from storage.tables import Inbox, Letter, Patient
from tests.bad_input.raw import Json, arrives, message, user
from tests.bot.conversation import last_id, letters, pair, since
from tests.world import World

FUTURE: Json = {"shape": [{"of": "things"}], "to_come": {"id": 1}}


async def test_unknown_kinds_are_done_without_an_answer(world: World) -> None:
    two = await pair(world)
    before = last_id(two.anna)
    someone = user(two.anna)
    chat = {"id": two.anna.id, "type": "private"}
    updates: dict[str, Json] = {
        "message_of_the_future": {"chat": chat, "from": someone, "text": "?"},
        "thought_of_the_future": {"from": someone},
        "weather_of_the_future": {},
        "odd_of_the_future": {"chat": "not an object", "message": 7, "from": None},
        "inline_query": {"id": "1", "from": someone, "query": "x", "offset": ""},
        "chosen_inline_result": {"result_id": "1", "from": someone, "query": "x"},
        "poll_answer": {"poll_id": "1", "user": someone, "option_ids": [0]},
        "chat_member": {
            "chat": chat,
            "from": someone,
            "date": 1,
            "old_chat_member": {"user": someone, "status": "member"},
            "new_chat_member": {"user": someone, "status": "left"},
        },
        "business_message": {**message(world, two.anna, text="to a shop"), "business_connection_id": "b"},
        "deleted_business_messages": {"business_connection_id": "b", "chat": chat, "message_ids": [1]},
        "message_reaction_count": {"chat": chat, "message_id": 1, "date": 1, "reactions": []},
    }
    for kind, content in updates.items():
        world.sandbox.updates.add_unfiltered(kind, content)
    await world.settle()
    assert since(two.anna, before) == []
    assert await letters(world) == []


async def test_known_kinds_with_unknown_fields_are_understood(world: World) -> None:
    two = await pair(world)
    before = last_id(two.marie)
    mood: Json = {
        "text": "Is this normal?",
        "mood": FUTURE,
        "entities": [{"type": "sparkle", "offset": 0, "length": 2}],
    }
    await arrives(world, "message", message(world, two.anna, **mood))
    assert "Is this normal?" in since(two.marie, before)[0].text
    assert len(await letters(world)) == 1


async def test_service_messages_are_no_letters(world: World) -> None:
    two = await pair(world)
    before, at_anna = last_id(two.marie), last_id(two.anna)
    for number, content in enumerate(
        (
            {"pinned_message": message(world, two.anna, text="old")},
            {"write_access_allowed": {"from_request": True}},
        )
    ):
        await arrives(world, "message", message(world, two.anna, 6000 + number, **content))
    assert since(two.marie, before) == []
    assert since(two.anna, at_anna) == []


async def test_a_channel_is_left_without_a_word(world: World) -> None:
    chat = {"id": -1001234567890, "type": "channel", "title": "News"}
    eve = world.sandbox.person("Eve")
    someone, bot = user(eve), {"id": 1, "is_bot": True, "first_name": "Bot"}
    change = {"old_chat_member": {"user": bot, "status": "left"}, "new_chat_member": {"user": bot, "status": "member"}}
    await arrives(world, "my_chat_member", {"chat": chat, "from": someone, "date": 1, **change})
    post = {"message_id": 1, "date": 1, "chat": chat, "sender_chat": chat, "text": "/start"}
    await arrives(world, "channel_post", post)
    await arrives(world, "edited_channel_post", {**post, "edit_date": 2})
    assert world.sandbox.transcript == []


async def test_a_group_is_told_once_and_left_and_nothing_said_there_is_kept(world: World) -> None:
    two = await pair(world)
    at_marie = last_id(two.marie)
    group = world.sandbox.group("Friends of Anna", [two.anna, two.marie])
    await world.settle()
    anna, marie = two.anna.within(group), two.marie.within(group)
    assert "private chats" in anna.last.text
    told = len(anna.bot_messages)
    for person, text in ((anna, "/start"), (anna, "I have a fever"), (marie, "/patients")):
        person.say(text)
        await world.settle()
    assert all("private chats" in each.text for each in anna.bot_messages[told:])
    assert since(two.marie, at_marie) == []
    assert await letters(world) == []


async def test_a_tap_in_a_group_does_nothing(world: World) -> None:
    two = await pair(world)
    chat = {"id": -4321, "type": "group", "title": "Elsewhere"}
    shown = {"message_id": 1, "date": 1, "chat": chat, "text": "forwarded"}
    data = "urgent.open:0"
    before = last_id(two.marie)
    tap = {"id": "7", "from": user(two.anna), "chat_instance": "1", "message": shown, "data": data}
    await arrives(world, "callback_query", tap)
    assert since(two.marie, before) == []


async def test_an_edit_of_something_never_seen_is_passed_on(world: World) -> None:
    two = await pair(world)
    before = last_id(two.marie)
    edited = message(
        world, two.anna, 7777, text="changed before you came", edit_date=int(world.clock.now().timestamp())
    )
    await arrives(world, "edited_message", edited)
    assert "changed before you came" in since(two.marie, before)[0].text
    assert len(await letters(world)) == 1


async def test_strangers_are_answered_whatever_they_send_and_nothing_of_it_stays(world: World) -> None:
    stranger = world.sandbox.person("Nobody")
    acts: tuple[Callable[[], object], ...] = (
        lambda: stranger.say("/record"),
        lambda: stranger.say("/nonsense"),
        lambda: stranger.say("/my lips are swelling"),
        stranger.send_sticker,
        stranger.send_poll,
        stranger.send_location,
        lambda: stranger.send_document(size=25 * 2**20),
        lambda: stranger.say("/cancel"),
        lambda: stranger.say("/urgent please"),
    )
    for act in acts:
        count = len(stranger.bot_messages)
        act()
        await world.settle()
        assert len(stranger.bot_messages) == count + 1
    assert "112" in stranger.last.text
    forged = stranger.tap_data(stranger.last.id, "patient.card:1")
    await world.settle()
    assert forged.alert
    async with world.database.read() as work:
        assert await work.session.scalar(select(func.count()).select_from(Letter)) == 0
        assert await work.session.scalar(select(func.count()).select_from(Patient)) == 0
        assert set((await work.session.scalars(select(Inbox.payload))).all()) == {"{}"}


async def test_who_blocks_the_bot_right_after_a_mistake_leaves_nothing_behind(world: World) -> None:
    two = await pair(world)
    two.anna.say("/record")
    two.anna.say("/nonsense")
    two.anna.tap_data(two.anna.last.id, "nobody:knows")
    two.anna.block()
    await world.settle()
    assert any("Anna Keller can’t be reached here" in each.text for each in two.marie.bot_messages)
