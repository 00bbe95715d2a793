"""Bot API methods about texts, taps and chats. Each takes the sandbox and the call's parameters."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.sandbox.composing import caption_of, keyboard_of, reply_of, text_of
from bot.sandbox.errors import bad_request
from bot.sandbox.model import Chat, Draft, FormattedText, Json, Keyboard, Message
from bot.sandbox.parameters import Parameters
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.state import message_in
from bot.sandbox.wire import chat_json, message_json, user_json

TYPING_SECONDS = 5
MAX_TOAST = 200
DELETABLE_HOURS = 48


def get_me(sandbox: Sandbox, _: Parameters) -> Json:
    """Who the bot is."""
    abilities = {
        "can_join_groups": True,
        "can_read_all_group_messages": True,
        "supports_inline_queries": False,
    }
    return user_json(sandbox.bot) | abilities


def send_message(sandbox: Sandbox, parameters: Parameters) -> Json:
    """A text."""
    chat = sandbox.state.sendable_chat(parameters.chat_id())
    return post(sandbox, chat, parameters, Draft(text_of(parameters)))


def post(sandbox: Sandbox, chat: Chat, parameters: Parameters, draft: Draft) -> Json:
    """Post what a call has composed, with its keyboard and the message that it answers."""
    return message_json(sandbox.state, posted(sandbox, chat, parameters, draft))


def posted(sandbox: Sandbox, chat: Chat, parameters: Parameters, draft: Draft) -> Message:
    """Like `post`; gives the message itself."""
    complete = replace(
        draft,
        keyboard=keyboard_of(parameters) or draft.keyboard,
        reply_to_id=reply_of(parameters, chat),
        protected=parameters.flag("protect_content"),
    )
    sandbox.limiter.admit(chat, paid=parameters.flag("allow_paid_broadcast"))
    return sandbox.post(chat, sandbox.bot, complete)


def edit_message_text(sandbox: Sandbox, parameters: Parameters) -> Json:
    """Another text, and another keyboard: without one the old is taken away."""
    message = _editable(sandbox, parameters)
    body = text_of(parameters)
    if message.media:
        raise bad_request("there is no text in the message to edit")
    return _edited(sandbox, message, body, keyboard_of(parameters))


def edit_message_caption(sandbox: Sandbox, parameters: Parameters) -> Json:
    """Another caption, and another keyboard."""
    message = _editable(sandbox, parameters)
    body = caption_of(parameters)
    if not message.media:
        raise bad_request("there is no caption in the message to edit")
    return _edited(sandbox, message, body, keyboard_of(parameters))


def edit_message_reply_markup(sandbox: Sandbox, parameters: Parameters) -> Json:
    """Another keyboard, or none."""
    message = _editable(sandbox, parameters)
    return _edited(sandbox, message, message.body, keyboard_of(parameters))


def _editable(sandbox: Sandbox, parameters: Parameters) -> Message:
    chat = sandbox.state.sendable_chat(parameters.chat_id())
    message = message_in(chat, parameters.integer("message_id"))
    if message is None:
        raise bad_request("message to edit not found")
    if message.sender_id != sandbox.bot.id or message.forwarded_from is not None:
        raise bad_request("message can't be edited")
    return message


def _edited(sandbox: Sandbox, message: Message, body: FormattedText, keyboard: Keyboard) -> Json:
    if (message.body, message.keyboard) == (body, keyboard):
        raise bad_request(
            "message is not modified: specified new message content and reply markup are exactly the same "
            "as a current content and reply markup of the message"
        )
    sandbox.limiter.admit(sandbox.state.chats[message.chat_id])
    message.body, message.keyboard, message.edited_at = body, keyboard, sandbox.state.now()
    sandbox.note(message, "edit")
    sandbox.changes.tell()
    return message_json(sandbox.state, message)


def delete_message(sandbox: Sandbox, parameters: Parameters) -> bool:
    """Take a message away on both sides, within 48 hours."""
    chat = sandbox.state.sendable_chat(parameters.chat_id())
    message = message_in(chat, parameters.integer("message_id"))
    if message is None:
        raise bad_request("message to delete not found")
    if (sandbox.state.now() - message.at).total_seconds() > DELETABLE_HOURS * 3600:
        raise bad_request("message can't be deleted for everyone")
    message.deleted = True
    sandbox.note_event(chat, "bot", "delete", message_id=message.id)
    sandbox.changes.tell()
    return True


def answer_callback_query(sandbox: Sandbox, parameters: Parameters) -> bool:
    """Stop the button's spinner, with a notice or without."""
    notice = parameters.text("text")
    if len(notice) > MAX_TOAST:
        raise bad_request("MESSAGE_TOO_LONG")
    url = parameters.text("url") or None
    query_id = parameters.text("callback_query_id")
    sandbox.answer_query(query_id, notice, parameters.flag("show_alert"), url)
    return True


def send_chat_action(sandbox: Sandbox, parameters: Parameters) -> bool:
    """Show that the bot is typing, for five seconds or until its message."""
    chat = sandbox.state.sendable_chat(parameters.chat_id())
    if not parameters.text("action"):
        raise bad_request("wrong parameter action in request")
    chat.typing_until = sandbox.state.now() + timedelta(seconds=TYPING_SECONDS)
    sandbox.changes.tell()
    return True


def get_chat(sandbox: Sandbox, parameters: Parameters) -> Json:
    """What the bot may know of a chat."""
    chat = sandbox.state.met_chat(parameters.chat_id())
    gifts = dict.fromkeys(
        ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"),
        False,
    )
    full: Json = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": gifts}
    return chat_json(sandbox.state, chat) | full


def leave_chat(sandbox: Sandbox, parameters: Parameters) -> bool:
    """Leave a group."""
    chat = sandbox.state.sendable_chat(parameters.chat_id())
    if chat.kind == "private":
        raise bad_request("chat member status can't be changed in private chats")
    chat.membership = "left"
    sandbox.changes.tell()
    return True
