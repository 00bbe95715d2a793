"""The state as the Bot API's JSON objects."""

from __future__ import annotations

from collections.abc import Sequence

from bot.sandbox.keyboards import keyboard_json
from bot.sandbox.model import Account, Chat, Entity, Json, Media, Message, StoredFile
from bot.sandbox.state import State, message_in


def user_json(account: Account) -> Json:
    """A User object."""
    optional = {
        "last_name": account.last_name,
        "username": account.username,
        "language_code": account.language_code,
    }
    shown: Json = {"id": account.id, "is_bot": account.is_bot, "first_name": account.first_name}
    return shown | {key: value for key, value in optional.items() if value}


def chat_json(state: State, chat: Chat) -> Json:
    """A Chat object."""
    if chat.kind != "private":
        return {"id": chat.id, "type": chat.kind, "title": chat.title}
    account = state.accounts[chat.id]
    named = {"first_name": account.first_name, "last_name": account.last_name, "username": account.username}
    shown: Json = {"id": chat.id, "type": "private"}
    return shown | {key: value for key, value in named.items() if value}


def entity_json(state: State, entity: Entity) -> Json:
    """A MessageEntity object."""
    shown: Json = {"type": entity.kind, "offset": entity.offset, "length": entity.length}
    user = state.accounts.get(entity.user_id or 0)
    optional = {
        "url": entity.url,
        "user": user_json(user) if user else None,
        "language": entity.language,
        "custom_emoji_id": entity.emoji_id,
    }
    return shown | {key: value for key, value in optional.items() if value is not None}


def message_json(state: State, message: Message, *, with_reply: bool = True) -> Json:
    """A Message object; the message that it answers is included once, not its own predecessors."""
    chat = state.chats[message.chat_id]
    shown: Json = {
        "message_id": message.id,
        "from": user_json(state.accounts[message.sender_id]),
        "chat": chat_json(state, chat),
        "date": int(message.at.timestamp()),
    }
    if message.edited_at:
        shown["edit_date"] = int(message.edited_at.timestamp())
    if message.media_group_id:
        shown["media_group_id"] = message.media_group_id
    if message.protected:
        shown["has_protected_content"] = True
    if message.forwarded_from is not None:
        shown["forward_origin"] = _origin(state, message)
    answered = message_in(chat, message.reply_to_id)
    if with_reply and answered:
        shown["reply_to_message"] = message_json(state, answered, with_reply=False)
    if message.keyboard:
        shown["reply_markup"] = keyboard_json(message.keyboard)
    return shown | _content(state, message)


def _origin(state: State, message: Message) -> Json:
    account = state.accounts[message.forwarded_from or 0]
    when = message.forwarded_at or message.at
    return {"type": "user", "sender_user": user_json(account), "date": int(when.timestamp())}


def _content(state: State, message: Message) -> Json:
    text_key, entities_key = ("caption", "caption_entities") if message.media else ("text", "entities")
    shown: Json = {}
    if message.media:
        shown |= media_json(message.media)
    if message.body.text:
        shown[text_key] = message.body.text
    if message.body.entities:
        shown[entities_key] = [entity_json(state, entity) for entity in message.body.entities]
    return shown


def media_json(media: Media) -> Json:
    """The fields that a medium adds to a Message object."""
    if media.file is None:
        return {media.kind: dict(media.details)}
    if media.kind == "photo":
        small = {**file_json(media.file), "width": 90, "height": 67, "file_size": min(media.file.size, 1200)}
        return {"photo": [small, {**file_json(media.file), "width": 1280, "height": 960}]}
    shown = {**file_json(media.file), **media.details}
    if media.kind in {"document", "audio", "video", "animation"}:
        shown |= {"file_name": media.file.name, "mime_type": media.file.mime_type}
    if media.kind == "voice":
        shown["mime_type"] = media.file.mime_type
    if media.kind == "animation":
        return {"animation": shown, "document": shown}
    return {media.kind: shown}


def file_json(file: StoredFile) -> Json:
    """The fields that every file object has."""
    return {"file_id": file.file_id, "file_unique_id": file.unique_id, "file_size": file.size}


def sticker_details(emoji: str | None = None) -> Json:
    """The fields of a Sticker object beside its file."""
    details: Json = {
        "type": "regular",
        "width": 512,
        "height": 512,
        "is_animated": False,
        "is_video": False,
    }
    return details | ({"emoji": emoji} if emoji else {})


def poll_details(number: str, question: str, options: Sequence[str]) -> Json:
    """The fields of a Poll object in which nobody has voted yet."""
    return {
        "id": number,
        "question": question,
        "options": [
            {"text": option, "voter_count": 0, "persistent_id": str(place)} for place, option in enumerate(options)
        ],
        "total_voter_count": 0,
        "is_closed": False,
        "is_anonymous": True,
        "type": "regular",
        "allows_multiple_answers": False,
        "allows_revoting": True,
        "members_only": False,
    }


def reaction_json(state: State, message: Message, account: Account, before: tuple[str, ...]) -> Json:
    """A MessageReactionUpdated object, for the reaction that the message has now."""
    return {
        "chat": chat_json(state, state.chats[message.chat_id]),
        "message_id": message.id,
        "date": int(state.now().timestamp()),
        "user": user_json(account),
        "old_reaction": _reactions(before),
        "new_reaction": _reactions(message.reactions.get(account.id, ())),
    }


def _reactions(emoji: tuple[str, ...]) -> list[Json]:
    return [{"type": "emoji", "emoji": one} for one in emoji]
