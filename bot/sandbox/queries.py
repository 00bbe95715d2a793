"""Taps on buttons that wait for the bot's answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

QUERY_LIFETIME = timedelta(minutes=1)
"""How long a tap can be answered. Telegram states no figure; the buttons stop waiting after some seconds."""


@dataclass(slots=True)
class CallbackQuery:
    """A tap that the bot has to answer."""

    id: str
    chat_id: int
    message_id: int
    data: str
    at: datetime
    answered: bool = False
    toast: str | None = None
    alert: bool = False
    url: str | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether the bot can still answer it at `now`."""
        return not self.answered and now - self.at <= QUERY_LIFETIME
