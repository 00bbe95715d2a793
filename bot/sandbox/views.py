"""What the page shows, as JSON."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.sandbox.formatting import to_html
from bot.sandbox.model import Account, Chat, Json, Keyboard, Media, Message
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.state import message_in


def person_view(sandbox: Sandbox, account: Account) -> Json:
    """A person in the list of people."""
    chat = sandbox.state.chats[account.id]
    unread = sum(1 for message in chat.visible if _unread(sandbox, chat, message))
    return {
        "id": account.id,
        "first_name": account.first_name,
        "last_name": account.last_name,
        "label": account.label,
        "role": account.role,
        "shown": account.shown,
        "blocked": chat.membership == "kicked",
        "unread": unread,
        "typing": chat.typing_until is not None and sandbox.state.now() <= chat.typing_until,
    }


def _unread(sandbox: Sandbox, chat: Chat, message: Message) -> bool:
    return message.sender_id == sandbox.bot.id and message.id > chat.read_up_to


def chat_view(sandbox: Sandbox, account: Account, zone: ZoneInfo) -> Json:
    """A private chat, as the person's phone shows it."""
    chat = sandbox.state.chats[account.id]
    return {
        "person": person_view(sandbox, account),
        "commands": sandbox.commands.shown_in(chat, account),
        "menu_button": sandbox.commands.menu_button(chat.id),
        "messages": [message_view(sandbox, message, zone) for message in chat.visible],
    }


def message_view(sandbox: Sandbox, message: Message, zone: ZoneInfo) -> Json:
    """A message; `at` is UTC, `time` and `day` are wall-clock in `zone`."""
    local = message.at.astimezone(zone)
    answered = message_in(sandbox.state.chats[message.chat_id], message.reply_to_id)
    return {
        "id": message.id,
        "from": "bot" if message.sender_id == sandbox.bot.id else "me",
        "html": to_html(message.body, link_addresses=True),
        "text": message.body.text,
        "at": iso(message.at),
        "time": local.strftime("%H:%M"),
        "day": local.date().isoformat(),
        "edited": message.edited_at is not None,
        "reply_to": {"id": answered.id, "text": _summary(answered)} if answered else None,
        "media": _media_view(message.media) if message.media else None,
        "media_group_id": message.media_group_id,
        "buttons": buttons_view(message.keyboard),
        "deleted": message.deleted,
    }


def buttons_view(keyboard: Keyboard) -> list[list[Json]]:
    """The rows of buttons."""
    return [[{"text": button.text, "data": button.data, "url": button.url} for button in row] for row in keyboard]


def _summary(message: Message) -> str:
    return message.body.text[:80] or (message.media.kind if message.media else "")


def _media_view(media: Media) -> Json:
    file = media.file
    if file is None:
        return {"kind": media.kind, "url": None, "filename": None, "size": None, **media.details}
    url = f"/sandbox/files/{file.path}"
    return {"kind": media.kind, "url": url, "filename": file.name, "size": file.size}


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 with the offset."""
    return moment.isoformat() if moment else None
