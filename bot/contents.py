"""A Telegram message as the conversation keeps it: its kind, its words, its file."""

from telegram import Message, Poll

from messages.letters import TEXT, Content

_WITH_FILE = ("animation", "video", "voice", "audio", "document")
"""An animation comes with a copy of itself as a document: it is asked first."""

_COPIED = ("sticker", "video_note", "venue", "location", "contact", "poll", "dice", "story")
"""A venue comes with a copy of itself as a location: it is asked first."""

UNKNOWN = "unknown"
"""A kind that this program does not know, or that Telegram lets nobody copy (quizzes, paid media, invoices)."""


def content_of(message: Message) -> Content:
    """What a message holds."""
    kind, file_id = _kind_and_file(message)
    reply = message.reply_to_message
    return Content(
        chat_id=message.chat_id,
        message_id=message.message_id,
        kind=kind,
        text=message.text if message.text is not None else message.caption,
        file_id=file_id,
        album=message.media_group_id,
        reply_to_message_id=reply.message_id if reply is not None else None,
        sent_at=message.edit_date or message.date,
    )


def _kind_and_file(message: Message) -> tuple[str, str | None]:
    if message.text is not None:
        return TEXT, None
    if message.photo:
        return "photo", message.photo[-1].file_id
    if message.poll is not None and message.poll.type == Poll.QUIZ:
        return UNKNOWN, None
    for kind in _WITH_FILE:
        medium = getattr(message, kind)
        if medium is not None:
            return kind, medium.file_id
    return next((kind for kind in _COPIED if getattr(message, kind) is not None), UNKNOWN), None
