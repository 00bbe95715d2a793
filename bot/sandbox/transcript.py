"""Everything that happened in the chats, in order, for people to read and tests to compare."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.sandbox.model import Json

Side = Literal["bot", "person"]


@dataclass(frozen=True, slots=True)
class Line:
    """One event in a chat. `kind` is text, photo, …, edit, tap, callback_answer, delete, block, unblock."""

    at: datetime
    chat: str
    chat_id: int
    side: Side
    kind: str
    text: str
    buttons: tuple[tuple[str, ...], ...] = ()
    message_id: int | None = None

    def as_json(self) -> Json:
        """The line as `simulate --json` prints it; `at` is ISO 8601 in UTC."""
        return {
            "at": self.at.isoformat(),
            "chat": self.chat,
            "from": self.side,
            "kind": self.kind,
            "text": self.text,
            "buttons": [list(row) for row in self.buttons],
        }
