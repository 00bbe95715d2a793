"""A scripted person: what somebody does in Telegram, and what they see there.

Nothing here waits. Await `sandbox.changed(...)` or `sandbox.settled()` for the bot's reaction. Two devices of
one person are the same `Person` acting twice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.sandbox.errors import SandboxMisuse
from bot.sandbox.formatting import cleaned, split_text, trimmed, with_found_entities
from bot.sandbox.keyboards import keyboard_json
from bot.sandbox.model import Account, Button, Chat, Draft, Entity, FormattedText, Json, Media, Message
from bot.sandbox.pictures import PIXEL
from bot.sandbox.seen import Seen, Tap, seen
from bot.sandbox.state import message_in
from bot.sandbox.wire import message_json, poll_details, reaction_json, sticker_details

if TYPE_CHECKING:
    from bot.sandbox.sandbox import Sandbox


__all__ = ["Person", "Seen", "Tap"]


class Person:
    """Somebody with Telegram, in their private chat with the bot or `within` a group."""

    def __init__(self, sandbox: Sandbox, account: Account, chat: Chat | None = None) -> None:
        self._sandbox = sandbox
        self.account = account
        self.chat = chat or sandbox.state.chats[account.id]

    @property
    def id(self) -> int:
        """The person's user id, which is also the id of the private chat."""
        return self.account.id

    def within(self, group: Chat) -> Person:
        """The same person, acting in a group."""
        return Person(self._sandbox, self.account, group)

    @property
    def messages(self) -> list[Seen]:
        """What the chat shows now, oldest first."""
        return [seen(self._sandbox, message) for message in self.chat.visible]

    @property
    def bot_messages(self) -> list[Seen]:
        """What the chat shows now of the bot, oldest first."""
        return [message for message in self.messages if message.from_bot]

    @property
    def last(self) -> Seen:
        """The newest message of the bot; raises SandboxMisuse where there is none."""
        bot_id = self._sandbox.bot.id
        newest = next((each for each in reversed(self.chat.visible) if each.sender_id == bot_id), None)
        if newest is None:
            raise SandboxMisuse(f"the bot has not written to {self.account.first_name}")
        return seen(self._sandbox, newest)

    def bot_messages_after(self, message_id: int) -> list[Seen]:
        """What the bot has sent since then, oldest first: cheaper than to look through the whole chat."""
        numbers = range(message_id + 1, len(self.chat.messages) + 1)
        found = [self.chat.messages[number] for number in numbers]
        bot_id = self._sandbox.bot.id
        return [seen(self._sandbox, each) for each in found if each.sender_id == bot_id and not each.deleted]

    def message(self, message_id: int) -> Seen:
        """One message as the chat shows it now; raises SandboxMisuse where there is none."""
        found = message_in(self.chat, message_id)
        if found is None:
            raise SandboxMisuse(f"{self.account.first_name} has no message {message_id}")
        return seen(self._sandbox, found)

    def start(self, parameter: str | None = None) -> Message:
        """Press Start, or open a deep link with `parameter` (A–Z a–z 0–9 _ -, at most 64)."""
        if parameter is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", parameter):
            raise SandboxMisuse("a deep link takes 1 to 64 of A-Z a-z 0-9 _ -")
        if self.chat.membership == "kicked":
            self.unblock()
        return self.say(f"/start {parameter}" if parameter else "/start")

    def say(self, text: str, reply_to: int | None = None, entities: Sequence[Entity] = ()) -> Message:
        """Send a text; returns the last message where it was so long that the app has split it."""
        body = trimmed(FormattedText(cleaned(text), tuple(entities)))
        if not body.text:
            raise SandboxMisuse("Telegram sends no empty message")
        *firsts, last = split_text(body)
        for part in firsts:
            self._post(Draft(with_found_entities(part), reply_to_id=reply_to))
        return self._post(Draft(with_found_entities(last), reply_to_id=reply_to))

    def send_photo(
        self,
        content: bytes = PIXEL,
        caption: str | None = None,
        *,
        reply_to: int | None = None,
        media_group_id: str | None = None,
    ) -> Message:
        """Send one photo."""
        media = self._file("photo", content, "photo.jpg", "image/jpeg")
        return self._send_media(media, caption, reply_to, media_group_id)

    def send_album(self, contents: Sequence[bytes] = (PIXEL, PIXEL), caption: str | None = None) -> list[Message]:
        """Send several photos together; the caption belongs to the first."""
        if not 2 <= len(contents) <= 10:
            raise SandboxMisuse("an album has 2 to 10 photos")
        album = self._sandbox.state.next_album_id()
        captions = [caption, *[None] * (len(contents) - 1)]
        return [
            self.send_photo(content, text, media_group_id=album)
            for content, text in zip(contents, captions, strict=True)
        ]

    def send_voice(
        self,
        content: bytes = b"OggS",
        *,
        seconds: int = 3,
        caption: str | None = None,
        reply_to: int | None = None,
    ) -> Message:
        """Send a voice message."""
        media = self._file("voice", content, "voice.ogg", "audio/ogg", details={"duration": seconds})
        return self._send_media(media, caption, reply_to)

    def send_video(self, content: bytes = b"video", *, size: int | None = None, caption: str | None = None) -> Message:
        """Send a video."""
        details: Json = {"width": 640, "height": 360, "duration": 5}
        return self._send_media(self._file("video", content, "video.mp4", "video/mp4", size, details), caption)

    def send_document(
        self,
        content: bytes = b"document",
        *,
        size: int | None = None,
        name: str = "document.pdf",
        mime_type: str = "application/pdf",
        caption: str | None = None,
        reply_to: int | None = None,
    ) -> Message:
        """Send a file. `size` (bytes) may claim more than `content` holds, as for a file of 25 MB."""
        return self._send_media(self._file("document", content, name, mime_type, size), caption, reply_to)

    def send_sticker(self, emoji: str = "👍") -> Message:
        """Send a sticker."""
        media = self._file("sticker", PIXEL, "sticker.webp", "image/webp", None, sticker_details(emoji))
        return self._send_media(media)

    def send_location(self, latitude: float = 48.8566, longitude: float = 2.3522) -> Message:
        """Send a place."""
        return self._send_media(Media("location", None, {"latitude": latitude, "longitude": longitude}))

    def send_contact(self, phone_number: str = "+33612345678", first_name: str = "Paul") -> Message:
        """Send somebody's telephone number."""
        details = {"phone_number": phone_number, "first_name": first_name}
        return self._send_media(Media("contact", None, details))

    def send_poll(self, question: str = "Tea?", options: Sequence[str] = ("Yes", "No")) -> Message:
        """Send a poll."""
        number = self._sandbox.state.next_album_id()
        return self._send_media(Media("poll", None, poll_details(number, question, options)))

    def edit(self, message_id: int, text: str) -> None:
        """Change the text or caption of a message of one's own."""
        message = self._message(message_id)
        if message.sender_id != self.id:
            raise SandboxMisuse("people edit only what they wrote")
        body = with_found_entities(trimmed(FormattedText(cleaned(text))))
        if not body.text and message.media is None:
            raise SandboxMisuse("Telegram keeps no empty message")
        message.body = body
        message.edited_at = self._sandbox.state.now()
        self._sandbox.note(message, "edit")
        self._sandbox.updates.add("edited_message", message_json(self._sandbox.state, message))
        self._sandbox.changes.tell()

    def delete(self, message_id: int) -> None:
        """Delete a message on both sides. Telegram does not tell bots."""
        self._message(message_id).deleted = True
        self._sandbox.note_event(self.chat, "person", "delete", message_id=message_id)
        self._sandbox.changes.tell()

    def tap(self, button: str, message_id: int | None = None) -> Tap:
        """Tap the button with this label or callback data, in the newest message that has it."""
        message, found = self._button(button, message_id)
        if found.data is None:
            raise SandboxMisuse(f"the button {found.text!r} opens {found.url or 'something'}, it has no data")
        return self._tap(message, found.text, found.data)

    def tap_data(self, message_id: int, data: str) -> Tap:
        """Send callback data that no button offers, as a tampered client may."""
        return self._tap(self._message(message_id), "", data)

    def block(self) -> None:
        """Block the bot."""
        self._sandbox.note_event(self.chat, "person", "block")
        self._sandbox.set_membership(self.chat, "kicked", self.account)

    def unblock(self) -> None:
        """Let the bot write again."""
        self._sandbox.note_event(self.chat, "person", "unblock")
        self._sandbox.set_membership(self.chat, "member", self.account)

    def react(self, message_id: int, emoji: str | None = "👍") -> None:
        """Put a reaction on a message, or take it back with None."""
        message = self._message(message_id)
        before = message.reactions.get(self.id, ())
        message.reactions[self.id] = (emoji,) if emoji else ()
        update = reaction_json(self._sandbox.state, message, self.account, before)
        self._sandbox.updates.add("message_reaction", update)
        self._sandbox.changes.tell()

    def _tap(self, message: Message, label: str, data: str) -> Tap:
        self._refuse_blocked()
        self._sandbox.note_event(self.chat, "person", "tap", label or data, message_id=message.id)
        self.chat.read_up_to = max(self.chat.messages)
        return Tap(self._sandbox, self._sandbox.open_query(self.account, message, data))

    def _button(self, wanted: str, message_id: int | None) -> tuple[Message, Button]:
        messages = [self._message(message_id)] if message_id is not None else self.chat.visible
        for message in reversed(messages):
            for button in (button for row in message.keyboard for button in row):
                if wanted in (button.text, button.data):
                    return message, button
        offered = [keyboard_json(message.keyboard) for message in messages if message.keyboard][-1:]
        raise SandboxMisuse(f"{self.account.first_name} sees no button {wanted!r}; the newest are {offered}")

    def _post(self, draft: Draft) -> Message:
        self._refuse_blocked()
        if draft.reply_to_id is not None:
            self._message(draft.reply_to_id)
        if self.chat.kind == "private":
            self.chat.membership = "member"
        return self._sandbox.post(self.chat, self.account, draft)

    def _send_media(
        self,
        media: Media,
        caption: str | None = None,
        reply_to: int | None = None,
        media_group_id: str | None = None,
    ) -> Message:
        body = with_found_entities(trimmed(FormattedText(cleaned(caption or ""))))
        return self._post(Draft(body, media, reply_to_id=reply_to, media_group_id=media_group_id))

    def _file(
        self,
        kind: str,
        content: bytes,
        name: str,
        mime_type: str,
        size: int | None = None,
        details: Json | None = None,
    ) -> Media:
        return Media(kind, self._sandbox.state.store_file(kind, content, name, mime_type, size), details or {})

    def _message(self, message_id: int) -> Message:
        message = message_in(self.chat, message_id)
        if message is None:
            raise SandboxMisuse(f"{self.account.first_name} sees no message {message_id}")
        return message

    def _refuse_blocked(self) -> None:
        if self.chat.membership == "kicked":
            raise SandboxMisuse(f"{self.account.first_name} has blocked the bot and can't write to it")
