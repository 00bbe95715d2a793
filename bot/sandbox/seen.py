"""What a person sees: messages as they are now, and the answer to a tap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bot.sandbox.formatting import to_html
from bot.sandbox.model import Button, Media, Message

if TYPE_CHECKING:
    from bot.sandbox.queries import CallbackQuery
    from bot.sandbox.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as the person sees it now; `at` is aware UTC, `media` its kind."""

    id: int
    from_bot: bool
    text: str
    html: str
    buttons: tuple[tuple[Button, ...], ...]
    media: Media | None
    edited: bool
    at: datetime
    reply_to: int | None
    media_group_id: str | None

    @property
    def labels(self) -> list[str]:
        """The labels of all buttons, row by row."""
        return [button.text for row in self.buttons for button in row]

    @property
    def kind(self) -> str:
        """text, photo, voice, …"""
        return self.media.kind if self.media else "text"


class Tap:
    """A tap whose answer appears here when the bot has given it."""

    def __init__(self, sandbox: Sandbox, query: CallbackQuery) -> None:
        self._sandbox = sandbox
        self.query = query

    @property
    def answered(self) -> bool:
        """Whether the bot has answered, so that the button stopped spinning."""
        return self.query.answered

    @property
    def toast(self) -> str | None:
        """The notice shown, if any."""
        return self.query.toast

    @property
    def alert(self) -> bool:
        """Whether the notice has to be closed by the person."""
        return self.query.alert

    async def wait(self, seconds: float = 5.0) -> Tap:
        """Wait for the answer; raises TimeoutError after `seconds` of real time."""
        await self._sandbox.changed(lambda: self.query.answered, seconds)
        return self


def seen(sandbox: Sandbox, message: Message) -> Seen:
    """The message as its chat shows it now."""
    return Seen(
        id=message.id,
        from_bot=message.sender_id == sandbox.bot.id,
        text=message.body.text,
        html=to_html(message.body),
        buttons=message.keyboard,
        media=message.media,
        edited=message.edited_at is not None,
        at=message.at,
        reply_to=message.reply_to_id,
        media_group_id=message.media_group_id,
    )
