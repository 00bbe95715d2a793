"""Texts, keyboards, edits and taps, through the real client."""

from datetime import timedelta

import pytest
from telegram import (
    Bot,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    MessageEntity,
    ReplyParameters,
)
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, TelegramError

from bot.clock import MovableClock
from bot.sandbox.errors import SandboxMisuse
from bot.sandbox.person import Person
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.server import SandboxServer

NOT_MODIFIED = (
    "Message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)


def keyboard(*data: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(one.upper(), callback_data=one)] for one in data])


async def refused(call: object, error: type[TelegramError], text: str) -> None:
    with pytest.raises(error) as refusal:
        await call  # type: ignore[misc]
    assert type(refusal.value) is error
    assert refusal.value.message.lower() == text.lower()


async def test_formatting_arrives_and_comes_back(bot: Bot, anna: Person) -> None:
    sent = await bot.send_message(anna.id, "  😀 <b>Hi</b> &amp; bye  ", parse_mode="HTML")
    assert (sent.text, anna.last.text) == ("😀 Hi & bye", "😀 Hi & bye")
    assert sent.parse_entities() == {sent.entities[0]: "Hi"}
    assert anna.last.html == sent.text_html == "😀 <b>Hi</b> &amp; bye"


async def test_explicit_entities(bot: Bot, anna: Person) -> None:
    await bot.send_message(anna.id, "plain <b>", entities=[MessageEntity("italic", 0, 5)])
    assert anna.last.html == "<i>plain</i> &lt;b&gt;"
    beyond = [MessageEntity("italic", 5, 5)]
    await refused(bot.send_message(anna.id, "short", entities=beyond), BadRequest, "ENTITY_BOUNDS_INVALID")


async def test_strangers_blockers_and_the_deleted_cannot_be_written_to(bot: Bot, sandbox: Sandbox) -> None:
    ben = sandbox.person("Ben")
    await refused(bot.send_message(ben.id, "x"), Forbidden, "Forbidden: bot can't initiate conversation with a user")
    await refused(bot.send_message(4, "x"), BadRequest, "Chat not found")
    await refused(bot.send_message("@ben", "x"), BadRequest, "Chat not found")
    ben.start()
    await bot.send_message(ben.id, "now it works")
    ben.block()
    await refused(bot.send_message(ben.id, "x"), Forbidden, "Forbidden: bot was blocked by the user")
    ben.start()
    await bot.send_message(ben.id, "again")
    ben.account.deactivated = True
    await refused(bot.send_message(ben.id, "x"), Forbidden, "Forbidden: user is deactivated")
    assert [seen.text for seen in ben.bot_messages] == ["now it works", "again"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (" \n ", "Message text is empty"),
        ("<b></b>", "Message text is empty"),
        ("x" * 4097, "Message is too long"),
        ("😀" * 2049, "Message is too long"),
        ("<b>x", "Can't parse entities: can't find end tag corresponding to start tag \"b\""),
    ],
)
async def test_bad_texts(bot: Bot, anna: Person, text: str, reason: str) -> None:
    await refused(bot.send_message(anna.id, text, parse_mode="HTML"), BadRequest, reason)
    assert anna.bot_messages == []


async def test_length_counts_after_parsing(bot: Bot, anna: Person) -> None:
    await bot.send_message(anna.id, "<b>" + "&lt;" * 4096 + "</b>", parse_mode="HTML")
    assert anna.last.text == "<" * 4096


@pytest.mark.parametrize(
    ("button", "reason"),
    [
        ({"callback_data": ""}, "BUTTON_DATA_INVALID"),
        ({"callback_data": "é" * 33}, "BUTTON_DATA_INVALID"),
        ({}, "Text buttons are unallowed in the inline keyboard"),
        (
            {"url": "tel:+33123"},
            "Inline keyboard button URL 'tel:+33123' is invalid: unsupported URL protocol",
        ),
        (
            {"url": "http://localhost/x"},
            "Inline keyboard button URL 'http://localhost/x' is invalid: wrong HTTP URL",
        ),
    ],
)
async def test_bad_buttons(bot: Bot, anna: Person, button: dict[str, str], reason: str) -> None:
    markup = InlineKeyboardMarkup([[InlineKeyboardButton("x", **button)]])  # type: ignore[arg-type]
    await refused(bot.send_message(anna.id, "x", reply_markup=markup), BadRequest, reason)


async def test_keyboard_limits(bot: Bot, anna: Person) -> None:
    await bot.send_message(anna.id, "x", reply_markup=keyboard(*[f"d{n}" for n in range(100)]))
    too_many = keyboard(*[f"d{n}" for n in range(101)])
    await refused(bot.send_message(anna.id, "x", reply_markup=too_many), BadRequest, "REPLY_MARKUP_TOO_LONG")
    blank = InlineKeyboardMarkup([[InlineKeyboardButton(" ", callback_data="x")]])
    with pytest.raises(BadRequest, match="must be non-empty"):
        await bot.send_message(anna.id, "x", reply_markup=blank)
    await bot.send_message(anna.id, "other keyboards pass", reply_markup=ForceReply())


async def test_replies(bot: Bot, anna: Person) -> None:
    question = anna.say("hello")
    answer = await bot.send_message(anna.id, "hi", reply_parameters=ReplyParameters(question.id))
    assert answer.reply_to_message
    assert (answer.reply_to_message.text, anna.last.reply_to) == ("hello", question.id)
    anna.delete(question.id)
    gone = ReplyParameters(question.id)
    await refused(bot.send_message(anna.id, "hi", reply_parameters=gone), BadRequest, "Message to be replied not found")
    tolerant = ReplyParameters(question.id, allow_sending_without_reply=True)
    await bot.send_message(anna.id, "anyway", reply_parameters=tolerant)
    assert (anna.last.text, anna.last.reply_to) == ("anyway", None)


async def test_every_chat_counts_its_messages_from_one(bot: Bot, sandbox: Sandbox, anna: Person) -> None:
    ben = sandbox.person("Ben")
    ben.start()
    first, second = await bot.send_message(anna.id, "a"), await bot.send_message(ben.id, "b")
    assert (first.message_id, second.message_id) == (2, 2)


async def test_edits(bot: Bot, anna: Person, clock: MovableClock) -> None:
    sent = await bot.send_message(anna.id, "one", reply_markup=keyboard("a"))
    same = bot.edit_message_text("one", anna.id, sent.message_id, reply_markup=keyboard("a"))
    await refused(same, BadRequest, NOT_MODIFIED)
    clock.set(clock.now() + timedelta(hours=1))
    edited = await bot.edit_message_text("two", anna.id, sent.message_id)
    assert isinstance(edited, Message)
    assert edited.edit_date == clock.now()
    assert (anna.last.text, anna.last.edited, anna.last.buttons) == ("two", True, ())
    await bot.edit_message_reply_markup(anna.id, sent.message_id, reply_markup=keyboard("b"))
    assert anna.last.labels == ["B"]
    with pytest.raises(BadRequest, match="There is no caption"):
        await bot.edit_message_caption(anna.id, sent.message_id, caption="x")


async def test_what_cannot_be_edited_or_deleted(bot: Bot, anna: Person, clock: MovableClock) -> None:
    own = anna.say("mine")
    await refused(bot.edit_message_text("x", anna.id, own.id), BadRequest, "Message can't be edited")
    await refused(bot.edit_message_text("x", anna.id, 99), BadRequest, "Message to edit not found")
    sent = await bot.send_message(anna.id, "x")
    await bot.delete_message(anna.id, sent.message_id)
    assert anna.bot_messages == []
    await refused(bot.edit_message_text("y", anna.id, sent.message_id), BadRequest, "Message to edit not found")
    await refused(bot.delete_message(anna.id, sent.message_id), BadRequest, "Message to delete not found")
    old = await bot.send_message(anna.id, "x")
    clock.set(clock.now() + timedelta(hours=49))
    await refused(bot.delete_message(anna.id, old.message_id), BadRequest, "Message can't be deleted for everyone")


async def test_taps_and_their_answers(bot: Bot, sandbox: Sandbox, anna: Person, clock: MovableClock) -> None:
    await bot.send_message(anna.id, "old", reply_markup=keyboard("yes"))
    sent = await bot.send_message(anna.id, "new", reply_markup=keyboard("yes", "no"))
    tap = anna.tap("YES")
    query = (await bot.get_updates())[-1].callback_query
    assert query
    assert query.message
    assert (query.data, query.message.message_id, query.from_user.id) == ("yes", sent.message_id, anna.id)
    assert not tap.answered
    await bot.answer_callback_query(query.id, "Noted", show_alert=True)
    assert (tap.answered, tap.toast, tap.alert) == (True, "Noted", True)
    await tap.wait()
    expired = "Query is too old and response timeout expired or query id is invalid"
    await refused(bot.answer_callback_query(query.id), BadRequest, expired)
    await refused(bot.answer_callback_query("7"), BadRequest, expired)
    late = anna.tap("no")
    clock.set(clock.now() + timedelta(minutes=2))
    await refused(bot.answer_callback_query(late.query.id), BadRequest, expired)
    assert sandbox.open_queries() == []


async def test_tampered_data_and_impossible_taps(bot: Bot, anna: Person) -> None:
    sent = await bot.send_message(anna.id, "x", reply_markup=keyboard("a"))
    anna.tap_data(sent.message_id, "forged")
    query = (await bot.get_updates())[-1].callback_query
    assert query
    assert query.data == "forged"
    with pytest.raises(SandboxMisuse, match="sees no button 'b'"):
        anna.tap("b")
    anna.block()
    with pytest.raises(SandboxMisuse, match="blocked"):
        anna.say("hello?")


async def test_deep_links_take_64_plain_characters(bot: Bot, anna: Person) -> None:
    anna.start("A-z_0" * 12)
    message = (await bot.get_updates())[-1].message
    assert message
    assert message.text == "/start " + "A-z_0" * 12
    for wrong in ("", "a b", "x" * 65, "é"):
        with pytest.raises(SandboxMisuse):
            anna.start(wrong)


async def test_groups(bot: Bot, sandbox: Sandbox, anna: Person) -> None:
    group = sandbox.group("Clinic", [anna])
    anna.within(group).say("/start@aftercare_sandbox_bot")
    updates = await bot.get_updates()
    assert [update.message.chat.type for update in updates if update.message] == ["private", "group"]
    await bot.send_message(group.id, "hello all")
    assert anna.within(group).last.text == "hello all"
    assert anna.bot_messages == []
    await bot.leave_chat(group.id)
    with pytest.raises(Forbidden, match="bot is not a member of the group chat"):
        await bot.send_message(group.id, "x")
    supergroup = sandbox.state.upgrade_group(group)
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(group.id, "x")
    assert moved.value.new_chat_id == supergroup.id


async def test_wrong_token_and_unknown_method(bot: Bot, server: SandboxServer) -> None:
    with pytest.raises(InvalidToken, match="rejected by the server"):
        async with Bot("1:wrong", base_url=f"{server.url}/bot"):
            pass
    with pytest.raises(TelegramError, match="not found"):
        await bot.do_api_request("sendTelepathy")


async def test_markdown_is_not_spoken_here(bot: Bot, anna: Person) -> None:
    await refused(bot.send_message(anna.id, "*x*", parse_mode="MarkdownV2"), BadRequest, "Unsupported parse_mode")
