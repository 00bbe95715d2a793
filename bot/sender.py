"""Due outbox rows → claimed, lane by lane → each in its turn to Telegram. Only the sender sends what is owed.

A row is claimed in its lane and waits for its turn in the throttle; then it is checked once more, composed, marked and
called (bot/delivery.py), and what it has come to is recorded (bot/outcomes.py). While the database is away nothing
begins, and what is at Telegram waits to be recorded.
"""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

import structlog
from telegram.error import InvalidToken

from bot import measures
from bot.clock import Clock
from bot.delivery import Delivery
from bot.lifecycle import Nursery, Wake
from bot.outcomes import Outcomes, Unrecorded
from bot.patience import Patience
from bot.throttle import Place, Throttle, TurnedAway
from bot.watchdog import Beat
from messages.outgoing import Lane
from storage import sending
from storage.database import Database
from storage.outbox import Claimed

log = structlog.get_logger()

AT_ONCE = {Lane.URGENT: 30, Lane.CONVERSATION: 30, Lane.ROUTINE: 120}
"""Rows of a lane in hand together: composed, called and recorded, and before that waiting for their turn.

Without limits, what is done with many at a time costs half of what it costs with thirty. Where Telegram's limits hold,
the throttle decides how many go, and that an alert goes before all that wait there.
"""

WORTH_CLAIMING = 0.25
"""The part of a lane's rows for which there is room, so that they are claimed at once."""

GATHER = 0.05
"""Seconds that room for fewer rows than that may wait for more: a chat that stands still may hold the rest."""

LOOK_AGAIN = 2.0
"""Seconds after which the outbox is read again without news, and before anything known is due."""

FAR = timedelta(days=1)
"""When the outbox is empty, nothing is due for as long as this."""

HELD_BACK_SECONDS = 10.0
"""How long an alert may wait for a pause of the whole bot before somebody is told."""

LOOK_BACK = timedelta(seconds=30)
"""How often the sender looks for rows that were claimed and are in nobody's hand."""


class Sender:
    """Sends what is due, most urgent lane first."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        throttle: Throttle,
        nursery: Nursery,
        delivery: Delivery,
        outcomes: Outcomes,
        progress: Wake,
    ) -> None:
        self._database = database
        self._clock = clock
        self._throttle = throttle
        self._nursery = nursery
        self._delivery = delivery
        self._outcomes = outcomes
        self._progress = progress
        self._in_hand: dict[Lane, set[Claimed]] = {lane: set() for lane in Lane}
        self._look_back_at = clock.now() + LOOK_BACK
        self._next_at = clock.now()
        self._full: set[Lane] = set()
        self._gathering: asyncio.TimerHandle | None = None
        self._urgent_since: dict[int, float] = {}
        self.beat = Beat()
        self.wake = Wake()
        self.stopping = False

    @property
    def busy(self) -> int:
        """How many rows are claimed by this process and not ended."""
        return sum(len(rows) for rows in self._in_hand.values())

    def stop(self) -> None:
        """Begin nothing more. What waits for its turn stays as it was claimed: whoever works next takes it back."""
        self.stopping = True
        self._throttle.turn_away()

    async def run(self) -> None:
        """Send until the program stops."""
        patience = Patience("outbox")
        while not self.stopping:
            if not await patience.bear(self._look):
                continue
            until_due = (self._next_at - self._clock.now()).total_seconds()
            await self.wake.wait(min(max(until_due, 0.0), LOOK_AGAIN))

    async def _look(self) -> None:
        self.beat.give()
        self._note_held_back()
        await self._start_due()
        if self._clock.now() >= self._look_back_at:
            await self._take_back()
            self._look_back_at = self._clock.now() + LOOK_BACK

    async def _take_back(self) -> None:
        """What was claimed by a transaction whose answer got lost would otherwise wait for the next start."""
        in_hand = {row.id for rows in self._in_hand.values() for row in rows}
        async with self._database.read() as work:
            if not await sending.anything_abandoned(work, in_hand=in_hand, now=self._clock.now()):
                return
        async with self._database.work() as work:
            claims, uncertain = await sending.recover(work, now=self._clock.now(), in_hand=in_hand)
            await work.commit()
        log.warning("taken_back", claims=claims, uncertain=uncertain)

    async def _start_due(self) -> None:
        now = self._clock.now()
        async with self._database.read() as work:
            # Ask as a reader first: an idle sender must not take the write lock again and again.
            next_by_lane = await sending.next_by_lane(work)
        self._next_at = min((at for at in next_by_lane.values() if at > now), default=now + FAR)
        for lane in (lane for lane, at in next_by_lane.items() if at <= now):
            room = AT_ONCE[lane] - len(self._in_hand[lane])
            if self.stopping:
                return
            self._full.add(lane)
            if room <= 0:
                continue
            async with self._database.single() as work:
                # All chats are known before the first job starts, so that they queue in the order of the rows.
                claimed = await sending.claim(work, lane, many=room, now=now)
                await work.commit()
            if len(claimed) < room:
                self._full.discard(lane)
            if claimed:
                # Nobody has asked yet when the one behind them is due.
                self._next_at = now
            self._start(claimed)

    def _start(self, claimed: Iterable[Claimed]) -> None:
        for row in claimed:
            self._in_hand[row.lane].add(row)
            self._nursery.start_job(f"outbox {row.id}", self._send_one(row))

    async def _send_one(self, row: Claimed) -> None:
        try:
            await self._deliver(row)
        except InvalidToken:
            # Nothing can be sent until the token is corrected: everything stays owed, and the program stops.
            self.stopping = True
            await self._outcomes.give_back(row)
            raise
        except TurnedAway:
            pass
        except Unrecorded:
            raise
        except Exception as error:
            await self._outcomes.not_sent(row, error)
        finally:
            self._in_hand[row.lane].discard(row)
            if row.lane in self._full:
                # There was no room for more of this lane. What is new tells of itself.
                self._room_made(row.lane)
            self._urgent_since.pop(row.id, None)
            self._progress.call()

    def _room_made(self, lane: Lane) -> None:
        """Claim more, but not each row by itself: a claim of many costs hardly more than one of a single row."""
        if AT_ONCE[lane] - len(self._in_hand[lane]) >= WORTH_CLAIMING * AT_ONCE[lane]:
            self.wake.call()
        elif self._gathering is None:
            self._gathering = asyncio.get_running_loop().call_later(GATHER, self._gathered)

    def _gathered(self) -> None:
        self._gathering = None
        self.wake.call()

    async def _deliver(self, row: Claimed) -> None:
        if self.stopping:
            return
        if row.chat_id is None:
            await self._outcomes.leave_gone(row, "not_joined")
            return
        if row.lane is Lane.URGENT:
            self._urgent_since[row.id] = self._clock.monotonic()
        async with self._throttle.turn(row.lane, row.chat_id) as place:
            self._urgent_since.pop(row.id, None)
            await self._deliver_in_turn(row, place)

    async def _deliver_in_turn(self, row: Claimed, place: Place) -> None:
        if self.stopping:
            # Whoever works next gets it back with what was claimed.
            return
        prepared = await self._delivery.prepare(row)
        if prepared is not None and not self._throttle.has_room(place):
            # It took too long: nothing that is marked as sending may wait.
            await self._outcomes.unmark(row)
            if not self.stopping:
                await self._throttle.again(place)
            prepared = None if self.stopping else await self._delivery.prepare(row)
        if prepared is not None:
            await self._delivery.call(prepared, place)

    def _note_held_back(self) -> None:
        """Say once of each alert that it waits for more than a moment because the whole bot must be silent."""
        if not self._throttle.paused_for:
            return
        long_ago = self._clock.monotonic() - HELD_BACK_SECONDS
        for outbox_id in [row_id for row_id, since in self._urgent_since.items() if since < long_ago]:
            del self._urgent_since[outbox_id]
            measures.held_back()
            log.warning("alert_held_back", outbox_id=outbox_id, for_seconds=round(self._throttle.paused_for))
