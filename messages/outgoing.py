"""What leaves the bot, described without Telegram: lanes, kinds, contents and buttons."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Lane(IntEnum):
    """The order in which messages leave. A lower lane never waits for a higher one."""

    URGENT = 0
    CONVERSATION = 1
    ROUTINE = 2


class Kind(StrEnum):
    """What an outbox row is for. Rules about repeating, lateness and quiet hours hang on it."""

    EMERGENCY_TEXT = "emergency_text"
    ALERT = "alert"
    WHOM_TO_CALL = "whom_to_call"
    RELAY = "relay"
    ANSWER_NOTICE = "answer_notice"
    ACKNOWLEDGEMENT = "acknowledgement"
    NOTICE = "notice"
    CHECK_IN = "check_in"
    NUDGE = "nudge"
    REMINDER = "reminder"
    DIGEST = "digest"


LANES: dict[Kind, Lane] = {
    Kind.EMERGENCY_TEXT: Lane.URGENT,
    Kind.ALERT: Lane.URGENT,
    Kind.WHOM_TO_CALL: Lane.URGENT,
    Kind.RELAY: Lane.CONVERSATION,
    Kind.ANSWER_NOTICE: Lane.CONVERSATION,
    Kind.ACKNOWLEDGEMENT: Lane.CONVERSATION,
    Kind.NOTICE: Lane.CONVERSATION,
    Kind.CHECK_IN: Lane.ROUTINE,
    Kind.NUDGE: Lane.ROUTINE,
    Kind.REMINDER: Lane.ROUTINE,
    Kind.DIGEST: Lane.ROUTINE,
}

PROACTIVE = frozenset({Kind.CHECK_IN, Kind.NUDGE, Kind.REMINDER})
"""Kinds that /stop silences and that quiet hours hold back."""

REPEATED_WHEN_UNCERTAIN = frozenset(
    {Kind.EMERGENCY_TEXT, Kind.ALERT, Kind.WHOM_TO_CALL, Kind.RELAY, Kind.ANSWER_NOTICE, Kind.NOTICE}
)
"""Kinds sent again when nobody knows whether they arrived: reading one twice is better than never.

The others are not repeated silently: a check-in is chased by its nudge, a reminder by the next one.
"""


@dataclass(frozen=True)
class Button:
    """One inline button: what it says, and the action with its arguments, or a web address."""

    label: str
    action: str = ""
    arguments: tuple[str | int, ...] = ()
    url: str | None = None


Rows = tuple[tuple[Button, ...], ...]
"""Buttons as they are laid out: rows of columns."""


class MediaKind(StrEnum):
    """Media that Telegram sends again by its file id, with our caption."""

    PHOTO = "photo"
    VIDEO = "video"
    VOICE = "voice"
    AUDIO = "audio"
    DOCUMENT = "document"
    ANIMATION = "animation"


@dataclass(frozen=True)
class Media:
    """One medium. `file_id` is Telegram's, valid for this bot only; `content` is a file of our own."""

    kind: MediaKind
    file_id: str | None = None
    content: bytes | None = None
    filename: str | None = None


@dataclass(frozen=True)
class CopyOf:
    """A message of any kind, copied without naming its author (stickers, places, contacts, polls)."""

    chat_id: int
    message_id: int


@dataclass(frozen=True)
class Outgoing:
    """One message ready to leave: Telegram HTML, at most 4,096 characters (1,024 as a caption).

    `media` with one item is sent with the text as its caption, with several as an album.
    `reply_to` is a message id in the recipient's chat; a missing one does not stop the message.
    `template_version_id` is the published version that was rendered, None for a default text.
    """

    text: str
    buttons: Rows = ()
    media: tuple[Media, ...] = ()
    copy_of: CopyOf | None = None
    reply_to: int | None = None
    silent: bool = False
    template_version_id: int | None = None
