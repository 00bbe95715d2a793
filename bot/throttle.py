"""One queue for everything that goes to Telegram: most urgent first, inside Telegram's limits.

A place in the queue is (lane, arrival). A chat has one call in flight at a time, so its messages keep their
order; calls to different chats run side by side. Limits are Telegram's published ones: about 30 messages a second
for the bot, one a second for a private chat, 20 a minute for a group (core.telegram.org/bots/faq).

Telegram counts a call when it arrives. Here it is only known to arrive after it began and before it was answered. So
limits are counted from the answer: calls that began evenly would arrive in bunches all the same. A second then takes
30 / (1 + preparation + round trip) calls, both in seconds.
"""

import asyncio
import heapq
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import islice

from bot import measures
from messages.outgoing import Lane


@dataclass(frozen=True)
class Limits:
    """What Telegram allows. Zero or below means no limit.

    `paid_broadcast`: messages beyond 30 a second are paid for in Telegram Stars (`allow_paid_broadcast`).
    """

    overall_per_second: float = 30.0
    private_chat_seconds: float = 1.0
    group_chat_seconds: float = 3.0
    paid_broadcast: bool = False


NO_LIMITS = Limits(0, 0, 0)
PAID_LIMITS = Limits(overall_per_second=1000.0, paid_broadcast=True)
"""Telegram's 1,000 a second for bots that pay."""

EVERY_CHAT = 0
"""The scope of a pause that Telegram asked of the whole bot."""

ARRIVED_SECONDS = 1.0
"""A call that has not been answered for so long has arrived. Thirty that hang must not hold up an alert."""

FEW = 10
"""Routine calls under way with which no other is begun while Telegram takes calls and answers none.

What is never answered may have arrived, and is not said again. One call that Telegram takes, and all goes on.
"""

SILENT_SECONDS = 2.0
"""For how long nothing has been answered when Telegram answers none.

With answers after one to three seconds, thirty calls go every two seconds, at first in bunches. With less than that,
the gap between two bunches would pass for silence: answers after three seconds would let ten calls a second through,
not fifteen. Answers after ten seconds let about ten through all the same.
"""

PREPARED_SECONDS = 1.0
"""How long a call may be prepared within its turn and keep its room: the database may hold it up, and nobody else."""

MADE_UP_SECONDS = 0.02
"""How late calls may be and still go as close together as they must to be on time again: timers come late."""


class Paused(Exception):
    """Telegram has asked for silence, for so many seconds more."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class TurnedAway(Exception):
    """The program stops, and this call has not begun."""


@dataclass(eq=False)
class Place:
    """A call: in the queue until its turn, prepared, then under way until it is answered. Times are monotonic."""

    lane: Lane
    arrival: int
    chat_id: int
    spaced: bool
    bears_pauses: bool
    asked_at: float
    turn: asyncio.Future[None]
    holds_chat: bool = False
    begun_at: float = 0.0
    called_at: float | None = None

    def __lt__(self, other: "Place") -> bool:
        return (self.lane.value, self.arrival) < (other.lane.value, other.arrival)


class _Second:
    """The calls that may arrive within the same second as one that begins at this moment.

    Those are the ones being prepared or under way, and those answered less than a second ago. Of any calls that do
    arrive within one second, look at the one that began last: when it began, all the others were counted here. So
    there are never more of them than `room`, however unevenly they travel.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._under_way: set[Place] = set()
        self._over_at: list[float] = []

    def begin(self, place: Place) -> None:
        """Its turn has come, or it is called."""
        self._under_way.add(place)

    def end(self, place: Place, now: float) -> None:
        """It is answered, or will not be called."""
        if place in self._under_way and place.called_at is not None:
            heapq.heappush(self._over_at, min(now, place.called_at + ARRIVED_SECONDS) + 1)
        self._under_way.discard(place)

    def free_at(self, now: float) -> float:
        """When there is room for one more, if nobody is answered earlier."""
        while self._over_at and self._over_at[0] <= now:
            heapq.heappop(self._over_at)
        if len(self._over_at) + len(self._under_way) < self._room:
            return now
        counted = [at for at in (*self._over_at, *map(_over_at_the_latest, self._under_way)) if at > now]
        too_many = len(counted) + 1 - self._room
        return heapq.nsmallest(too_many, counted)[-1] if too_many > 0 else now


def _over_at_the_latest(place: Place) -> float:
    if place.called_at is None:
        return place.begun_at + PREPARED_SECONDS
    return place.called_at + ARRIVED_SECONDS + 1


class Throttle:
    """Give each call its turn. `monotonic` gives seconds."""

    def __init__(self, limits: Limits, monotonic: Callable[[], float]) -> None:
        self._limits = limits
        self._monotonic = monotonic
        self._waiting: list[Place] = []
        self._arrivals = 0
        self._busy: set[int] = set()
        self._chat_free_at: dict[int, float] = {}
        self._paused_until: dict[int, float] = {}
        self._next_at = 0.0
        self._unanswered: dict[Place, None] = {}
        self._answered_at = 0.0
        self._silent = False
        self._second = _Second(max(1, int(limits.overall_per_second))) if limits.overall_per_second > 0 else None
        self._alarm: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def turn(
        self, lane: Lane, chat_id: int, *, spaced: bool = True, bears_pauses: bool = True
    ) -> AsyncIterator[Place]:
        """Wait for this call's turn and hold the chat until it is over. The call itself is made within `calling`.

        `spaced` calls (those that put a message into a chat) count for the per-chat limit; edits and
        answers to taps only for the overall one. Without `bears_pauses`, it raises Paused instead of waiting for the
        end of a silence that Telegram has asked for; with it, TurnedAway when the program stops.
        """
        if not bears_pauses and (seconds := self.pause_of(chat_id)) > 0:
            raise Paused(seconds)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        place = Place(lane, self._arrivals, chat_id, spaced, bears_pauses, self._monotonic(), turn)
        self._arrivals += 1
        heapq.heappush(self._waiting, place)
        self._serve()
        try:
            await place.turn
        except (asyncio.CancelledError, Paused, TurnedAway):
            self._leave(place)
            raise
        try:
            yield place
        finally:
            self._leave(place)

    @contextmanager
    def calling(self, place: Place) -> Iterator[None]:
        """While Telegram is asked, within the turn. Every call is made in here: its answer is what the limits count.

        Nothing waits in here, since what is about to be sent is marked so: one that was prepared for too long, or is
        called a second time, may be one too many. See `again`.
        """
        place.called_at = self._monotonic()
        if self._second is not None:
            self._second.begin(place)
        try:
            yield
            self._answered_at, self._silent = self._monotonic(), False
        finally:
            self._over(place)

    def has_room(self, place: Place) -> bool:
        """Whether it may be called: not if it was prepared for so long that its room has gone to others."""
        return self._second is None or self._monotonic() <= place.begun_at + PREPARED_SECONDS

    async def again(self, place: Place) -> None:
        """Wait for another turn, before all that came later, and go on holding the chat. Raises TurnedAway."""
        self._unanswered.pop(place, None)
        if self._second is not None:
            self._second.end(place, self._monotonic())
        place.turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, place)
        self._serve()
        await place.turn

    def turn_away(self) -> None:
        """The program stops: nobody who would bear a pause waits any longer."""
        for place in self._waiting:
            if place.bears_pauses and not place.turn.done():
                place.turn.set_exception(TurnedAway())

    def pause(self, chat_id: int, seconds: float) -> None:
        """Telegram said `retry_after` for one chat, or for everything (`EVERY_CHAT`)."""
        until = self._monotonic() + seconds
        self._paused_until[chat_id] = max(until, self._paused_until.get(chat_id, 0.0))
        for place in self._waiting:
            if not (place.bears_pauses or place.turn.done()) and chat_id in (place.chat_id, EVERY_CHAT):
                place.turn.set_exception(Paused(seconds))

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
        return self.pause_of(EVERY_CHAT)

    def pause_of(self, chat_id: int) -> float:
        """Seconds for which nothing may go to a chat, because Telegram has asked for it."""
        until = max(self._paused_until.get(paused, 0.0) for paused in (chat_id, EVERY_CHAT))
        return max(0.0, until - self._monotonic())

    @property
    def queued(self) -> int:
        """How many calls wait."""
        return len(self._waiting)

    def _over(self, place: Place) -> None:
        """It was answered, or failed."""
        now = self._monotonic()
        self._unanswered.pop(place, None)
        if place.spaced:
            self._space(place.chat_id, now)
        if self._second is not None:
            self._second.end(place, now)
        self._serve()

    def _leave(self, place: Place) -> None:
        if place in self._waiting:
            self._waiting.remove(place)
            heapq.heapify(self._waiting)
        if place.holds_chat:
            self._busy.discard(place.chat_id)
        self._unanswered.pop(place, None)
        if self._second is not None:
            self._second.end(place, self._monotonic())
        self._serve()

    def _serve(self) -> None:
        """Start every call whose turn has come, then set the alarm for the next one."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        held: list[Place] = []
        wake_at: float | None = None
        chats_seen: set[int] = set()
        while self._waiting:
            now = self._monotonic()
            bot_free_at = self._bot_is_free_at(now)
            if bot_free_at > now:
                wake_at = bot_free_at
                break
            place = heapq.heappop(self._waiting)
            if place.turn.done():
                # Who waited here has been cancelled, and has not yet had the time to leave.
                continue
            chat_free_at = self._chat_is_free_at(place)
            if not place.holds_chat and (place.chat_id in chats_seen or place.chat_id in self._busy):
                held.append(place)
            elif place.lane is Lane.ROUTINE and not place.holds_chat and self._is_enough(now):
                # Whoever is answered has all served. Who holds a chat would hold up an alert to it.
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

    def _is_enough(self, now: float) -> bool:
        """Whether Telegram takes calls and answers none, and a few routine ones are under way already."""
        last_of_few = next(islice(self._unanswered, FEW - 1, None), None)
        if last_of_few is None:
            return False
        if last_of_few.called_at is not None:
            self._silent |= max(last_of_few.called_at, self._answered_at) + SILENT_SECONDS <= now
        return self._silent

    def _chat_is_free_at(self, place: Place) -> float:
        paused_until = self._paused_until.get(place.chat_id, 0.0)
        return max(paused_until, self._chat_free_at.get(place.chat_id, 0.0)) if place.spaced else paused_until

    def _bot_is_free_at(self, now: float) -> float:
        at = max(self._next_at, self._paused_until.get(EVERY_CHAT, 0.0))
        return at if self._second is None else max(at, self._second.free_at(now))

    def _start(self, place: Place, now: float) -> None:
        if not place.holds_chat:
            place.holds_chat = True
            self._busy.add(place.chat_id)
            measures.waited(place.lane, now - place.asked_at)
        place.begun_at = now
        if place.lane is Lane.ROUTINE:
            self._unanswered[place] = None
        if self._second is not None:
            self._second.begin(place)
            self._next_at = max(now - MADE_UP_SECONDS, self._next_at) + 1 / self._limits.overall_per_second
        place.turn.set_result(None)

    def _space(self, chat_id: int, now: float) -> None:
        spacing = self._limits.group_chat_seconds if chat_id < 0 else self._limits.private_chat_seconds
        if spacing > 0:
            self._chat_free_at[chat_id] = now + spacing
            self._forget(now)

    def _forget(self, now: float) -> None:
        """Drop what has passed, now and then, so that a year of chats does not pile up."""
        if len(self._chat_free_at) > 10_000:
            self._chat_free_at = {chat: at for chat, at in self._chat_free_at.items() if at > now}
            self._paused_until = {chat: at for chat, at in self._paused_until.items() if at > now}
