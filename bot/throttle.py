"""One queue for everything that goes to Telegram: most urgent first, inside Telegram's limits.

A place in the queue is (lane, arrival). A chat has one call in flight at a time, so its messages keep their
order; calls to different chats run side by side. Limits are Telegram's published ones: about 30 messages a second
for the bot, one a second for a private chat, 20 a minute for a group (core.telegram.org/bots/faq).
"""

import asyncio
import heapq
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot import measures
from messages.outgoing import Lane


@dataclass(frozen=True)
class Limits:
    """What Telegram allows. Zero or below means no limit.

    `paid_broadcast`: messages beyond 30 a second are paid for in Telegram Stars (`allow_paid_broadcast`).
    """

    overall_per_second: float = 29.0
    private_chat_seconds: float = 1.0
    group_chat_seconds: float = 3.0
    paid_broadcast: bool = False


NO_LIMITS = Limits(0, 0, 0)
PAID_LIMITS = Limits(overall_per_second=970.0, paid_broadcast=True)
"""Telegram's 1,000 a second for bots that pay, with the same room left as without."""

EVERY_CHAT = 0
"""The scope of a pause that Telegram asked of the whole bot."""


@dataclass(order=True)
class _Waiting:
    lane: int
    arrival: int
    chat_id: int = field(compare=False)
    spaced: bool = field(compare=False)
    asked_at: float = field(compare=False)
    turn: asyncio.Future[None] = field(compare=False)


class Throttle:
    """Give each call its turn. `monotonic` gives seconds."""

    def __init__(self, limits: Limits, monotonic: Callable[[], float]) -> None:
        self._limits = limits
        self._monotonic = monotonic
        self._waiting: list[_Waiting] = []
        self._arrivals = 0
        self._busy: set[int] = set()
        self._chat_free_at: dict[int, float] = {}
        self._paused_until: dict[int, float] = {}
        self._next_at = 0.0
        self._alarm: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def turn(self, lane: Lane, chat_id: int, *, spaced: bool = True) -> AsyncIterator[None]:
        """Wait for this call's turn and hold the chat until it is over.

        `spaced` calls (those that put a message into a chat) count for the per-chat limit; edits and
        answers to taps only for the overall one.
        """
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        place = _Waiting(lane.value, self._arrivals, chat_id, spaced, self._monotonic(), turn)
        self._arrivals += 1
        heapq.heappush(self._waiting, place)
        self._serve()
        try:
            await place.turn
        except asyncio.CancelledError:
            self._leave(place)
            raise
        try:
            yield
        finally:
            self._leave(place)

    def pause(self, chat_id: int, seconds: float) -> None:
        """Telegram said `retry_after` for one chat, or for everything (`EVERY_CHAT`)."""
        until = self._monotonic() + seconds
        self._paused_until[chat_id] = max(until, self._paused_until.get(chat_id, 0.0))

    def flooded(self, chat_id: int, seconds: float) -> None:
        """A call into `chat_id` got a 429. Telegram does not say whether it means the chat or the whole bot:

        a second chat refused while another is still paused means the whole bot.
        """
        now = self._monotonic()
        others = any(at > now for chat, at in self._paused_until.items() if chat not in (chat_id, EVERY_CHAT))
        self.pause(EVERY_CHAT if others else chat_id, seconds)

    def forget_pauses(self) -> None:
        """Start afresh after time was moved: what Telegram asked for lies in the past."""
        self._paused_until.clear()
        self._serve()

    @property
    def paused_for(self) -> float:
        """Seconds that the whole bot must still be silent."""
        return max(0.0, self._paused_until.get(EVERY_CHAT, 0.0) - self._monotonic())

    @property
    def queued(self) -> int:
        """How many calls wait."""
        return len(self._waiting)

    def _leave(self, place: _Waiting) -> None:
        if place.turn.done() and not place.turn.cancelled():
            self._busy.discard(place.chat_id)
        elif place in self._waiting:
            self._waiting.remove(place)
            heapq.heapify(self._waiting)
        self._serve()

    def _serve(self) -> None:
        """Start every call whose turn has come, then set the alarm for the next one."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        held: list[_Waiting] = []
        wake_at: float | None = None
        chats_seen: set[int] = set()
        while self._waiting:
            now = self._monotonic()
            bot_free_at = max(self._next_at, self._paused_until.get(EVERY_CHAT, 0.0))
            if bot_free_at > now:
                wake_at = bot_free_at
                break
            place = heapq.heappop(self._waiting)
            if place.turn.done():
                # Who waited here has been cancelled, and has not yet had the time to leave.
                continue
            chat_free_at = self._chat_is_free_at(place)
            if place.chat_id in chats_seen or place.chat_id in self._busy:
                held.append(place)
            elif chat_free_at > now:
                held.append(place)
                wake_at = chat_free_at if wake_at is None else min(wake_at, chat_free_at)
            else:
                self._start(place, now)
            chats_seen.add(place.chat_id)
        for place in held:
            heapq.heappush(self._waiting, place)
        if wake_at is not None:
            delay = max(0.0, wake_at - self._monotonic())
            self._alarm = asyncio.get_running_loop().call_later(delay, self._serve)

    def _chat_is_free_at(self, place: _Waiting) -> float:
        paused_until = self._paused_until.get(place.chat_id, 0.0)
        return max(paused_until, self._chat_free_at.get(place.chat_id, 0.0)) if place.spaced else paused_until

    def _start(self, place: _Waiting, now: float) -> None:
        self._busy.add(place.chat_id)
        measures.waited(Lane(place.lane), now - place.asked_at)
        if self._limits.overall_per_second > 0:
            self._next_at = max(now, self._next_at) + 1 / self._limits.overall_per_second
        if place.spaced:
            group = place.chat_id < 0
            spacing = self._limits.group_chat_seconds if group else self._limits.private_chat_seconds
            if spacing > 0:
                self._chat_free_at[place.chat_id] = now + spacing
                self._forget(now)
        place.turn.set_result(None)

    def _forget(self, now: float) -> None:
        """Drop what has passed, now and then, so that a year of chats does not pile up."""
        if len(self._chat_free_at) > 10_000:
            self._chat_free_at = {chat: at for chat, at in self._chat_free_at.items() if at > now}
            self._paused_until = {chat: at for chat, at in self._paused_until.items() if at > now}
