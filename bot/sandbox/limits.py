"""Telegram's limits on sending, held strictly: sliding windows instead of forgiving averages."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bot.sandbox.errors import too_many_requests
from bot.sandbox.model import Chat


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` messages in any `seconds` seconds."""

    count: int
    seconds: float


OVERALL = Rate(30, 1)
"""Telegram's FAQ for bots: about 30 messages a second."""
PAID_BROADCAST = Rate(1000, 1)
"""The Bot API's `allow_paid_broadcast`: up to 1,000 a second for a fee."""
PRIVATE_CHAT = Rate(3, 3)
"""The FAQ: one a second to one chat, short bursts go through. Here: three, then one a second."""
GROUP = Rate(20, 60)
"""The FAQ: 20 messages a minute to one group."""


@dataclass(slots=True)
class Limiter:
    """Answers 429 to what comes too fast. `seconds` is real, monotonic time."""

    seconds: Callable[[], float]
    enabled: bool = False
    refused: int = 0
    _overall: deque[float] = field(default_factory=deque)
    _chats: dict[int, deque[float]] = field(default_factory=dict)

    def admit(self, chat: Chat, messages: int = 1, *, paid: bool = False) -> None:
        """Count `messages` to one chat, `paid` for or not, or raise ApiError 429 with the seconds to wait."""
        if not self.enabled:
            return
        now = self.seconds()
        sent_here = self._chats.setdefault(chat.id, deque())
        rate = PRIVATE_CHAT if chat.kind == "private" else GROUP
        overall = PAID_BROADCAST if paid else OVERALL
        wait = max(_wait(self._overall, overall, messages, now), _wait(sent_here, rate, messages, now))
        if wait > 0:
            self.refused += 1
            raise too_many_requests(max(1, math.ceil(wait)))
        stamps: Iterable[float] = [now] * messages
        self._overall.extend(stamps)
        sent_here.extend(stamps)


def _wait(sent: deque[float], rate: Rate, messages: int, now: float) -> float:
    """Seconds until `messages` more fit; an album larger than the window needs it empty."""
    while sent and sent[0] <= now - rate.seconds:
        sent.popleft()
    excess = len(sent) + messages - rate.count
    if excess <= 0 or not sent:
        return 0.0
    return sent[min(excess, len(sent)) - 1] + rate.seconds - now
