"""One outbox row → Bot API → sent, deferred, refused or uncertain. Only the sender sends what is owed.

A row is claimed in its lane, waits for its turn in the throttle, is checked once more, marked as sending, and only
then sent. No transaction is open during the call. While the database is away nothing begins, and what is at Telegram
waits to be recorded.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from telegram.error import InvalidToken

from bot import measures, telegram_calls
from bot.clock import Clock
from bot.flows import note_unreachable
from bot.flows.composing import REMOVED, TOO_LATE, AfterSending, Composer, Left, Scene, obstacle
from bot.lifecycle import Nursery, Wake
from bot.patience import Patience
from bot.telegram_calls import AnyBot
from bot.texts import PublishedTexts
from bot.throttle import Place, Throttle
from bot.watchdog import Beat
from messages.clinic import Clinic
from messages.outgoing import Kind, Lane, Outgoing
from messages.retrying import Again, End, Failure, Plain, decide, wait_after
from storage import recipients, rota, sending
from storage.database import Database, UnitOfWork, is_database_outage
from storage.letters import NOT_THEIRS
from storage.sending import Sent
from storage.tables import Outbox
from storage.together import Together

log = structlog.get_logger()

ROUTINE_AT_ONCE = 30
"""Routine rows on their way together: draining 500 first made an alert wait for 16 s."""

WORTH_CLAIMING = 10
"""Rows for which there is room, so that they are claimed at once."""

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

Verdict = Outgoing | Left | str | datetime | None
"""What becomes of a row: it is sent, it ends for a reason, it is tried again at a time, or it is no longer ours."""


class Unrecorded(Exception):
    """A message is at Telegram and the database cannot be told. The program stops, and the next start knows what to do.

    Its row is still in `sending`, so recovery repeats it or ends it as uncertain, by its kind.
    """


class Sender:
    """Sends what is due, most urgent lane first."""

    def __init__(
        self,
        bot: AnyBot,
        database: Database,
        clock: Clock,
        clinic: Clinic,
        texts: PublishedTexts,
        throttle: Throttle,
        nursery: Nursery,
        composers: Mapping[Kind, Composer],
        progress: Wake,
    ) -> None:
        self._bot = bot
        self._database = database
        self._clock = clock
        self._clinic = clinic
        self._texts = texts
        self._throttle = throttle
        self._nursery = nursery
        self._composers = composers
        self._progress = progress
        self._in_hand: dict[Lane, set[Outbox]] = {lane: set() for lane in Lane}
        self._look_back_at = clock.now() + LOOK_BACK
        self._next_at = clock.now()
        self._full: set[Lane] = set()
        self._gathering: asyncio.TimerHandle | None = None
        self._patience = Patience("sender")
        self._composing = Together(database, self._compose_all)
        self._recording = Together(database, self._record_all)
        self._urgent_since: dict[int, float] = {}
        self.beat = Beat()
        self.wake = Wake()
        self.stopping = False

    @property
    def busy(self) -> int:
        """How many rows are claimed by this process and not ended."""
        return sum(len(rows) for rows in self._in_hand.values())

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
            room = ROUTINE_AT_ONCE - len(self._in_hand[lane])
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
            self._start(claimed, lane)

    def _start(self, claimed: Iterable[tuple[Outbox, int | None]], lane: Lane) -> None:
        for row, chat_id in claimed:
            self._in_hand[lane].add(row)
            self._nursery.start_job(f"outbox {row.id}", self._send_one(row, lane, chat_id))

    async def _send_one(self, row: Outbox, lane: Lane, chat_id: int | None) -> None:
        try:
            await self._deliver(row, lane, chat_id)
        except InvalidToken:
            # Nothing can be sent until the token is corrected: everything stays owed, and the program stops.
            self.stopping = True
            await self._give_back(row)
            raise
        except Unrecorded:
            raise
        except Exception as error:
            await self._not_sent(row, error)
        finally:
            self._in_hand[lane].discard(row)
            if lane in self._full:
                # There was no room for more of this lane. What is new tells of itself.
                self._room_made(lane)
            self._urgent_since.pop(row.id, None)
            self._progress.call()

    def _room_made(self, lane: Lane) -> None:
        """Claim more, but not each row by itself: a claim of many costs hardly more than one of a single row."""
        if ROUTINE_AT_ONCE - len(self._in_hand[lane]) >= WORTH_CLAIMING:
            self.wake.call()
        elif self._gathering is None:
            self._gathering = asyncio.get_running_loop().call_later(GATHER, self._gathered)

    def _gathered(self) -> None:
        self._gathering = None
        self.wake.call()

    async def _deliver(self, row: Outbox, lane: Lane, chat_id: int | None) -> None:
        if chat_id is None:
            await self._leave_gone(row, "not_joined")
            return
        if lane is Lane.URGENT:
            self._urgent_since[row.id] = self._clock.monotonic()
        async with self._throttle.turn(lane, chat_id) as place:
            self._urgent_since.pop(row.id, None)
            prepared = await self._prepare_in_turn(row, place)
            if prepared is not None:
                outgoing, scene = prepared
                await self._call(row, outgoing, scene, place)

    async def _prepare_in_turn(self, row: Outbox, place: Place) -> tuple[Outgoing, Scene] | None:
        """As `_prepare`, and once more if it took too long: nothing that is marked as sending may wait."""
        if self.stopping:
            # Whoever works next gets it back with what was claimed.
            return None
        prepared = await self._prepare(row)
        if prepared is None or self._throttle.has_room(place):
            return prepared
        await self._insist(lambda work: sending.unmark(work, row))
        await self._throttle.again(place)
        return None if self.stopping else await self._prepare(row)

    def _note_held_back(self) -> None:
        """Say once of each alert that it waits for more than a moment because the whole bot must be silent."""
        if not self._throttle.paused_for:
            return
        long_ago = self._clock.monotonic() - HELD_BACK_SECONDS
        for outbox_id in [row_id for row_id, since in self._urgent_since.items() if since < long_ago]:
            del self._urgent_since[outbox_id]
            measures.held_back()
            log.warning("alert_held_back", outbox_id=outbox_id, for_seconds=round(self._throttle.paused_for))

    async def _prepare(self, row: Outbox) -> tuple[Outgoing, Scene] | None:
        """Check and compose at the last moment, then mark as sending. None: it has ended another way."""
        if row.kind == Kind.DIGEST.value:
            # It asks about fifty patients: nobody should wait behind ten of them.
            scene, verdict = await self._compose_alone(row)
        else:
            scene, verdict = await self._composing.do(row, first=row.lane == Lane.URGENT.value)
        match verdict:
            case Outgoing():
                return verdict, scene
            case Left() if verdict.reason == NOT_THEIRS:
                await self._leave_gone(row, verdict.reason)
            case Left():
                await self._end(row, "skipped", verdict.reason)
            case datetime():
                due_at = verdict
                await self._alone(lambda work: sending.put_back(work, row, due_at=due_at))
            case str():
                await self._leave_out(row, scene, verdict)
        return None

    async def _compose_alone(self, row: Outbox) -> tuple[Scene, Verdict]:
        async with self._database.work() as work:
            (composed,) = await self._compose_all(work, [row])
            await work.commit()
        return composed

    async def _compose_all(self, work: UnitOfWork, rows: Sequence[Outbox]) -> list[tuple[Scene, Verdict]]:
        """For each row what to send, once it is marked; or why not, or when. None: somebody else has it."""
        found = await recipients.recipients_of(work, rows)
        # Held until all is composed: the session forgets what nobody holds.
        held = await recipients.surroundings(work, rows, found)
        scenes = [await self._scene(work, recipient) for recipient in found]
        verdicts = [await self._verdict(work, row, scene) for row, scene in zip(rows, scenes, strict=True)]
        del held
        going = [position for position, verdict in enumerate(verdicts) if isinstance(verdict, Outgoing)]
        still_owed = await sending.mark_sending(work, [rows[position] for position in going])
        for position, owed in zip(going, still_owed, strict=True):
            if not owed:
                verdicts[position] = None
        return list(zip(scenes, verdicts, strict=True))

    async def _verdict(self, work: UnitOfWork, row: Outbox, scene: Scene) -> Verdict:
        verdict = obstacle(row, scene)
        if verdict is None and row.kind == Kind.RELAY.value:
            verdict = await sending.letter_before(work, row)
        if verdict is not None:
            return verdict
        return await self._composers[Kind(row.kind)].compose(work, row, scene)

    async def _scene(self, work: UnitOfWork, recipient: recipients.Recipient) -> Scene:
        texts = await self._texts.current(work, recipient.texts_version)
        return Scene(
            now=self._clock.now(), clinic=self._clinic, texts=texts, patient=recipient.patient, staff=recipient.staff
        )

    async def _call(self, row: Outbox, outgoing: Outgoing, scene: Scene, place: Place, *, plain: bool = False) -> None:
        try:
            message_ids = await telegram_calls.send(self._bot, scene.chat_id, outgoing, place=place)
        except Exception as error:
            await self._failed(row, outgoing, scene, place, error, plain=plain)
            return
        await self._note_sent(row, outgoing, scene, message_ids)
        if scene.person.unreachable_since is not None:
            await self._insist(lambda work: note_unreachable.note_arrival(work, scene.person, now=self._clock.now()))

    async def _note_sent(self, row: Outbox, outgoing: Outgoing, scene: Scene, message_ids: Sequence[int]) -> None:
        measures.sent(Lane(row.lane), due_at=row.due_at, now=self._clock.now())
        record = partial(self._record, row, outgoing, scene, message_ids)
        try:
            await self._patience.insist(partial(record, self._composers[Kind(row.kind)].after))
        except Exception as error:
            # The message is at Telegram: whatever was to follow, it must not be sent a second time.
            log.error("after_sending_failed", outbox_id=row.id, error=type(error).__name__, exc_info=error)
            try:
                await self._patience.insist(partial(record, None))
            except Exception as second:
                raise Unrecorded from second

    async def _record(
        self, row: Outbox, outgoing: Outgoing, scene: Scene, message_ids: Sequence[int], after: AfterSending | None
    ) -> None:
        sent = Sent(row.id, scene.chat_id, message_ids, outgoing.template_version_id, self._clock.now())
        if after is None:
            await self._recording.do(sent, first=row.lane == Lane.URGENT.value)
            return
        # What follows may hold rows that somebody else waits with, who holds some of the others'.
        async with self._database.work() as work:
            # If it was recorded before, then by a commit whose answer got lost.
            if await sending.mark_sent(work, sent):
                await after(work, row, scene, message_ids)
                await work.commit()

    async def _record_all(self, work: UnitOfWork, all_sent: Sequence[Sent]) -> Sequence[None]:
        await sending.mark_all_sent(work, all_sent)
        return [None] * len(all_sent)

    async def _alone(self, write: Callable[[UnitOfWork], Awaitable[object]]) -> None:
        async with self._database.work() as work:
            await write(work)
            await work.commit()

    async def _failed(
        self, row: Outbox, outgoing: Outgoing, scene: Scene, place: Place, error: Exception, *, plain: bool
    ) -> None:
        failure, retry_after = telegram_calls.failure_of(error, copying=outgoing.copy_of is not None)
        log.warning("not_sent", outbox_id=row.id, kind=row.kind, failure=failure.value, error=type(error).__name__)
        decision = decide(Kind(row.kind), failure, attempts=row.attempts + 1, retry_after=retry_after, plain=plain)
        match decision:
            case Plain():
                await self._call(row, telegram_calls.as_plain(outgoing), scene, place, plain=True)
            case Again():
                await self._try_again(row, decision)
            case End(state="failed", reason="unreachable"):
                await self._unreachable(row, scene)
            case End():
                await self._refused(row, scene, decision)

    async def _not_sent(self, row: Outbox, error: Exception) -> None:
        """Something went wrong before the call: a bug, or a database that is away."""
        if is_database_outage(error):
            # Its companions go on at once; this one may have met what only meets it.
            await self._patience.wait(error)
            await self._give_back(row)
        else:
            await self._broken(row, error)

    async def _broken(self, row: Outbox, error: Exception) -> None:
        """A bug met this row. The others must go on."""
        decision = decide(Kind(row.kind), Failure.BROKEN, attempts=row.attempts + 1, retry_after=None, plain=False)
        log.error("row_broken", outbox_id=row.id, kind=row.kind, error=type(error).__name__, exc_info=error)
        if isinstance(decision, Again):
            due_at = self._clock.now() + decision.wait
            await self._insist(lambda work: sending.put_back(work, row, due_at=due_at, failed=True))
        else:
            await self._end(row, "failed", "broken")

    async def _give_back(self, row: Outbox) -> None:
        """As it was before it was claimed; also its place in the chat's order."""
        await self._insist(lambda work: sending.put_back(work, row, due_at=row.due_at))

    async def _try_again(self, row: Outbox, decision: Again) -> None:
        due_at, repeated = self._clock.now() + decision.wait, decision.repeated
        await self._insist(lambda work: sending.put_back(work, row, due_at=due_at, repeated=repeated))

    async def _unreachable(self, row: Outbox, scene: Scene) -> None:
        async def write(work: UnitOfWork) -> None:
            now = self._clock.now()
            if await note_unreachable.has_returned(work, scene.person):
                await sending.put_back(work, row, due_at=now + wait_after(row.attempts + 1))
                return
            await sending.end(work, row, state="failed", reason="unreachable", now=now)
            await note_unreachable.note_unreachable(work, scene.person, now=now, clinic=self._clinic)

        await self._insist(write)

    async def _refused(self, row: Outbox, scene: Scene, decision: End) -> None:
        async def write(work: UnitOfWork) -> None:
            ended = await sending.end(work, row, state=decision.state, reason=decision.reason, now=self._clock.now())
            refused = self._composers[Kind(row.kind)].refused
            if ended and refused is not None and decision.state == "failed":
                await refused(work, row, scene)

        await self._insist(write)

    async def _leave_gone(self, row: Outbox, reason: str) -> None:
        gone = self._composers[Kind(row.kind)].gone

        async def write(work: UnitOfWork) -> None:
            if gone is not None:
                await rota.change(work)
            ended = await sending.end(work, row, state="skipped", reason=reason, now=self._clock.now())
            if ended and gone is not None:
                await gone(work, row, self._clock.now())

        await self._insist(write)

    async def _leave_out(self, row: Outbox, scene: Scene, reason: str) -> None:
        if reason == REMOVED:
            await self._leave_gone(row, reason)
            return

        async def write(work: UnitOfWork) -> None:
            ended = await sending.end(work, row, state="skipped", reason=reason, now=self._clock.now())
            late = self._composers[Kind(row.kind)].late
            if ended and late is not None and reason == TOO_LATE:
                await late(work, row, scene)

        await self._insist(write)

    async def _end(self, row: Outbox, state: str, reason: str) -> None:
        await self._insist(lambda work: sending.end(work, row, state=state, reason=reason, now=self._clock.now()))

    async def _insist(self, write: Callable[[UnitOfWork], Awaitable[object]]) -> None:
        """Commit what a row has come to, however long the database is away."""
        await self._patience.insist(lambda: self._alone(write))
