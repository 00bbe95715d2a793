"""Calls to Telegram: an `Outgoing` becomes the right Bot API method, and an error becomes a `Failure`.

```
TelegramError
├── RetryAfter                          FLOOD
├── Forbidden                           UNREACHABLE
├── InvalidToken                        raised again: nothing can be sent
├── ChatMigrated                        REFUSED (groups are left)
└── NetworkError
    ├── BadRequest                      BAD_MARKUP, UNREACHABLE (no chat) or REFUSED
    ├── TimedOut, by its cause          NOT_SENT (connect, pool) or UNKNOWN (read, write)
    └── any other, by its cause         NOT_SENT (connect) or UNKNOWN (5xx, connection lost, not Telegram's answer)
```
"""

from dataclasses import replace
from datetime import timedelta
from html import escape
from typing import Any

from telegram import InputFile
from telegram import InputMediaAudio as AudioInAlbum
from telegram import InputMediaDocument as DocumentInAlbum
from telegram import InputMediaPhoto as PhotoInAlbum
from telegram import InputMediaVideo as VideoInAlbum
from telegram.constants import ParseMode
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut

from bot.keyboards import markup
from bot.pacing import seconds_of
from bot.telegram_bot import TelegramBot
from bot.throttle import Place
from messages.markup import plain_text
from messages.outgoing import Media, MediaKind, Outgoing
from messages.retrying import Failure

Parameters = dict[str, Any]
"""Parameters of a method of the Bot API."""

InAlbum = PhotoInAlbum | VideoInAlbum | AudioInAlbum | DocumentInAlbum

NO_PREVIEW = {"is_disabled": True}

_ALBUM_TYPES: dict[MediaKind, type[InAlbum]] = {
    MediaKind.PHOTO: PhotoInAlbum,
    MediaKind.VIDEO: VideoInAlbum,
    MediaKind.AUDIO: AudioInAlbum,
    MediaKind.DOCUMENT: DocumentInAlbum,
}


class NotSent(Exception):
    """Telegram cannot have got the call. The cause of the error that the caller gets (bot/telegram_request.py)."""


async def send(bot: TelegramBot, chat_id: int, outgoing: Outgoing, *, place: Place | None = None) -> tuple[int, ...]:
    """Send one message; returns the ids it got. `place`: in the throttle, taken for it before. Raises TelegramError."""
    parameters: Parameters = {"chat_id": chat_id, "disable_notification": outgoing.silent or None}
    if outgoing.reply_to:
        parameters["reply_parameters"] = {"message_id": outgoing.reply_to, "allow_sending_without_reply": True}
    if len(outgoing.media) > 1:
        album = await bot.call("sendMediaGroup", parameters | {"media": _album(outgoing)}, place)
        return tuple(message["message_id"] for message in album)
    method, content = _single(outgoing)
    return ((await bot.call(method, parameters | content, place))["message_id"],)


def _single(outgoing: Outgoing) -> tuple[str, Parameters]:
    """The method for what is one message, and what it says."""
    if outgoing.copy_of is not None:
        copied = outgoing.copy_of
        return "copyMessage", {"from_chat_id": copied.chat_id, "message_id": copied.message_id}
    if outgoing.media:
        (medium,) = outgoing.media
        content = {medium.kind.value: _file(medium), "caption": outgoing.text, "parse_mode": ParseMode.HTML}
        return f"send{medium.kind.value.capitalize()}", content | {"reply_markup": markup(outgoing.buttons)}
    return "sendMessage", _text(outgoing)


def _text(outgoing: Outgoing) -> Parameters:
    return {
        "text": outgoing.text,
        "parse_mode": ParseMode.HTML,
        "reply_markup": markup(outgoing.buttons),
        "link_preview_options": NO_PREVIEW,
    }


def _file(medium: Media) -> str | InputFile:
    if medium.content is not None:
        return InputFile(medium.content, filename=medium.filename)
    if medium.file_id is None:
        raise ValueError("a medium needs a file id or content")
    return medium.file_id


def _album(outgoing: Outgoing) -> list[InAlbum]:
    """The text stands below the first one, as Telegram shows it."""
    first, *others = outgoing.media
    captioned = _ALBUM_TYPES[first.kind](_file(first), caption=outgoing.text, parse_mode=ParseMode.HTML)
    return [captioned, *(_ALBUM_TYPES[medium.kind](_file(medium)) for medium in others)]


def as_plain(outgoing: Outgoing) -> Outgoing:
    """The same words without markup, for a text that Telegram could not parse."""
    return replace(outgoing, text=escape(plain_text(outgoing.text), quote=False))


async def edit(bot: TelegramBot, chat_id: int, message_id: int, outgoing: Outgoing) -> bool:
    """Change a message of ours. True also when it says the same already; False when it cannot be edited any more."""
    try:
        await bot.call("editMessageText", {"chat_id": chat_id, "message_id": message_id} | _text(outgoing))
    except BadRequest as error:
        if "not modified" in error.message:
            return True
        # A picture has no text to edit; what is to be said comes below it.
        if any(reason in error.message.lower() for reason in ("to edit not found", "can't be edited", "no text in")):
            return False
        raise
    return True


OUTAGES = tuple(each.__name__ for each in (NetworkError, TimedOut, RetryAfter))
"""The names of what `is_outage` means."""


def is_outage(error: Exception) -> bool:
    """Whether a call failed because Telegram could not be reached or asked to wait: that passes by itself."""
    return isinstance(error, NetworkError | RetryAfter) and not isinstance(error, BadRequest)


def failure_of(error: Exception, *, copying: bool = False) -> tuple[Failure, timedelta | None]:
    """What an error of a call means, and how long Telegram asks to wait. Most specific class first.

    `copying`: the call names a second chat, the one from which it copies.
    """
    match error:
        case RetryAfter():
            return Failure.FLOOD, timedelta(seconds=seconds_of(error))
        case Forbidden():
            return Failure.UNREACHABLE, None
        case BadRequest():
            return _failure_of_bad_request(error.message.lower(), copying), None
        case NetworkError():
            return (Failure.NOT_SENT if isinstance(error.__cause__, NotSent) else Failure.UNKNOWN), None
        case InvalidToken():
            # Every call will be refused until somebody corrects the token: nothing must be ended on that account.
            raise error
        case TelegramError():
            return Failure.REFUSED, None
        case _:
            raise error


def _failure_of_bad_request(message: str, copying: bool) -> Failure:
    if "can't parse entities" in message:
        return Failure.BAD_MARKUP
    if "chat not found" in message or "user not found" in message:
        # Which of two is not told, and the recipient has got the header a moment ago.
        return Failure.REFUSED if copying else Failure.UNREACHABLE
    return Failure.REFUSED
