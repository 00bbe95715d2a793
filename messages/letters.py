"""A message of the conversation, described without Telegram, and how it is carried over.

Text and media go with a header in the same message where both fit, otherwise as two. What can only be copied
(stickers, places, contacts, polls, round videos) follows its header.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from messages.markup import utf16_length
from messages.outgoing import MediaKind

MESSAGE_LIMIT = 4096
CAPTION_LIMIT = 1024
"""What Telegram takes, in UTF-16 units (core.telegram.org/bots/api)."""

HEADER_ROOM = 400
"""Kept for the header: the longest name, family, numbers and marks, and an admin's own wording."""

TEXT = "text"
MEDIA = frozenset(kind.value for kind in MediaKind)


@dataclass(frozen=True)
class Content:
    """One message as it came: `kind` is Telegram's name ("text", "photo", "sticker" …), `text` also a caption.

    `sent_at` is when Telegram got it, aware UTC: it may have waited for this program.
    `file_id` is Telegram's, valid for this bot only. `album` joins the parts of one album.
    """

    chat_id: int
    message_id: int
    kind: str
    text: str | None = None
    file_id: str | None = None
    album: str | None = None
    reply_to_message_id: int | None = None
    sent_at: datetime | None = None


class Part(StrEnum):
    """One message of those that carry a letter."""

    WHOLE = "whole"
    HEADED = "headed"
    """The header alone, or the medium with the header as its caption: the words follow."""
    BODY = "body"
    COPY = "copy"


def parts_of(kind: str, text: str | None) -> tuple[Part, ...]:
    """The messages in which a letter is carried over, in their order."""
    length = utf16_length(text or "")
    if kind == TEXT:
        return (Part.WHOLE,) if length <= MESSAGE_LIMIT - HEADER_ROOM else (Part.HEADED, Part.BODY)
    if kind in MEDIA:
        return (Part.WHOLE,) if length <= CAPTION_LIMIT - HEADER_ROOM else (Part.HEADED, Part.BODY)
    return (Part.HEADED, Part.COPY)
