"""Buttons and their callback data, both directions.

Callback data is `action:argument:argument`, at most 64 bytes. It is not secret and not trusted: whoever sends
it, rights and ownership are asked again when it comes back.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from telegram.constants import InlineKeyboardButtonLimit

from messages.errors import OutOfDate
from messages.outgoing import Button, Rows

Keyboard = dict[str, list[list[dict[str, str]]]]
"""Telegram's InlineKeyboardMarkup (core.telegram.org/bots/api#inlinekeyboardmarkup)."""

LARGEST_ID = 2**31 - 1
"""What the columns of ids hold: PostgreSQL raises for anything larger."""

LATEST = int(datetime(2200, 1, 1, tzinfo=UTC).timestamp())
"""No button carries a later time; what lies far beyond, Python's calendar does not have."""


@dataclass(frozen=True)
class Tap:
    """What a tapped button said: its action and its arguments as text."""

    action: str
    arguments: tuple[str, ...]

    def number(self, position: int) -> int:
        """The argument at `position` as a number. Raises OutOfDate where there is none: nobody's button."""
        return self._number(position, LARGEST_ID)

    def _number(self, position: int, largest: int) -> int:
        text = self.text(position)
        if not text.isascii() or not text.isdigit() or len(text) > 18 or int(text) > largest:
            raise OutOfDate
        return int(text)

    def moment(self, position: int) -> datetime:
        """The argument at `position`, seconds since 1970, as a time in UTC. Raises OutOfDate where there is none."""
        return datetime.fromtimestamp(self._number(position, LATEST), UTC)

    def text(self, position: int) -> str:
        """The argument at `position`. Raises OutOfDate where there is none."""
        if position >= len(self.arguments):
            raise OutOfDate
        return self.arguments[position]


def encode(button: Button) -> str:
    """The callback data of a button. Raises ValueError where Telegram would refuse it or it could not be read back."""
    parts = [button.action, *(str(argument) for argument in button.arguments)]
    data = ":".join(parts)
    size = len(data.encode())
    if any(":" in part for part in parts):
        raise ValueError(f"a colon inside callback data of {button.action}")
    if not InlineKeyboardButtonLimit.MIN_CALLBACK_DATA <= size <= InlineKeyboardButtonLimit.MAX_CALLBACK_DATA:
        raise ValueError(f"callback data of {button.action} takes {size} bytes")
    return data


def decode(data: str) -> Tap:
    """What callback data says; anything at all can be read, not everything means something."""
    action, *arguments = data.split(":")
    return Tap(action, tuple(arguments))


def markup(rows: Rows) -> Keyboard | None:
    """The keyboard as Telegram reads it; None for no buttons."""
    if not rows:
        return None
    return {"inline_keyboard": [[_button(button) for button in row] for row in rows if row]}


def _button(button: Button) -> dict[str, str]:
    if button.url is not None:
        return {"text": button.label, "url": button.url}
    return {"text": button.label, "callback_data": encode(button)}
