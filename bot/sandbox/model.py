"""What Telegram keeps: accounts, chats, messages and files. Plain data; every time is aware UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Json = dict[str, object]
ChatKind = Literal["private", "group", "supergroup"]
Membership = Literal["none", "member", "kicked", "left"]


@dataclass(frozen=True, slots=True)
class Entity:
    """A formatted stretch of a text; offset and length are counted in UTF-16 code units."""

    kind: str
    offset: int
    length: int
    url: str | None = None
    user_id: int | None = None
    language: str | None = None
    emoji_id: str | None = None

    @property
    def end(self) -> int:
        """Where it ends, in UTF-16 code units."""
        return self.offset + self.length


@dataclass(frozen=True, slots=True)
class FormattedText:
    """A text without markup, and what is bold, linked … in it."""

    text: str = ""
    entities: tuple[Entity, ...] = ()


@dataclass(frozen=True, slots=True)
class Button:
    """An inline button. `extra` holds actions other than callback data and links, as they came."""

    text: str
    data: str | None = None
    url: str | None = None
    extra: Mapping[str, object] = field(default_factory=dict)


Keyboard = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An uploaded file. `size` is in bytes and may be larger than `content`, which tests keep small."""

    file_id: str
    unique_id: str
    kind: str
    path: str
    size: int
    content: bytes
    name: str
    mime_type: str


@dataclass(frozen=True, slots=True)
class Media:
    """What a message carries beside text; `details` are the further fields of its Bot API object."""

    kind: str
    file: StoredFile | None = None
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class Account:
    """A person or the bot. Label, role and shown matter only to the page."""

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None
    is_bot: bool = False
    label: str = ""
    role: str = ""
    shown: bool = True
    deactivated: bool = False


@dataclass(slots=True)
class Message:
    """A message as it is now; `body` is the text, or the caption where there is media."""

    id: int
    chat_id: int
    sender_id: int
    at: datetime
    body: FormattedText = FormattedText()
    media: Media | None = None
    keyboard: Keyboard = ()
    reply_to_id: int | None = None
    media_group_id: str | None = None
    forwarded_from: int | None = None
    forwarded_at: datetime | None = None
    protected: bool = False
    edited_at: datetime | None = None
    deleted: bool = False
    reactions: dict[int, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draft:
    """A message about to be posted."""

    body: FormattedText = FormattedText()
    media: Media | None = None
    keyboard: Keyboard = ()
    reply_to_id: int | None = None
    media_group_id: str | None = None
    forwarded_from: int | None = None
    forwarded_at: datetime | None = None
    protected: bool = False


@dataclass(slots=True)
class Chat:
    """A private chat or a group; `membership` is the bot's standing in it.

    Each chat counts its messages from 1, so that a bot which takes a message id for unique is found out.
    """

    id: int
    kind: ChatKind
    title: str
    membership: Membership = "none"
    member_ids: set[int] = field(default_factory=set)
    messages: dict[int, Message] = field(default_factory=dict)
    migrated_to: int | None = None
    read_up_to: int = 0
    typing_until: datetime | None = None

    @property
    def visible(self) -> list[Message]:
        """The messages that have not been deleted, oldest first."""
        return [message for message in self.messages.values() if not message.deleted]
