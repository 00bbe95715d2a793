"""What a row has come to, recorded: sent, to be tried again, or ended, with what follows from it.

While the database is away it is recorded later. What is at Telegram is sent, whatever was done to its row meanwhile;
any other row that was withdrawn or readdressed stays as it is (storage/sending.py), and nothing follows from its end.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot import measures
from bot.clock import Clock
from bot.flows import note_unreachable
from bot.flows.composing import REMOVED, TOO_LATE, AfterSending, Composer, Scene
from bot.patience import Patience
from messages.clinic import Clinic
from messages.outgoing import Kind, Lane, Outgoing
from messages.retrying import Again, End, Failure, decide, wait_after
from storage import rota, sending
from storage.database import Database, UnitOfWork, is_database_outage
from storage.outbox import Claimed
from storage.sending import Sent
from storage.together import Together

log = structlog.get_logger()


NOT_OURS = timedelta(hours=1)
"""After how long a message of a kind that only another version knows is tried again."""


class Unrecorded(Exception):
    """A message is at Telegram and the database cannot be told. The program stops, and the next start knows what to do.

    Its row is still in `sending`, so recovery repeats it or ends it as uncertain, by its kind.
    """


class Outcomes:
    """Writes down how each row ended, or when it is tried again."""

    def __init__(self, database: Database, clock: Clock, clinic: Clinic, composers: Mapping[Kind, Composer]) -> None:
        self._database = database
        self._clock = clock
        self._clinic = clinic
        self._composers = composers
        self._patience = Patience("sender")
        self._recording = Together(database, self._record_all)

    async def sent(self, row: Claimed, outgoing: Outgoing, scene: Scene, message_ids: Sequence[int]) -> None:
        """It is at Telegram as these messages. Raises Unrecorded."""
        measures.sent(row.lane, due_at=row.due_at, now=self._clock.now())
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
        if scene.person.unreachable_since is not None:
            await self._insist(lambda work: note_unreachable.note_arrival(work, scene.person, now=self._clock.now()))

    async def _record(
        self, row: Claimed, outgoing: Outgoing, scene: Scene, message_ids: Sequence[int], after: AfterSending | None
    ) -> None:
        sent = Sent(row.id, scene.chat_id, message_ids, outgoing.template_version_id, self._clock.now())
        if after is None:
            await self._recording.do(sent, first=row.lane is Lane.URGENT)
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

    async def unmark(self, row: Claimed) -> None:
        """It was marked as sending, and is not called after all."""
        await self._insist(lambda work: sending.unmark(work, row))

    async def give_back(self, row: Claimed) -> None:
        """As it was before it was claimed; also its place in the chat's order."""
        await self._insist(lambda work: sending.put_back(work, row, due_at=row.due_at))

    async def put_off(self, row: Claimed, due_at: datetime) -> None:
        """Not at this time of day. Raises where the database is away: nothing has happened yet."""
        await self._alone(lambda work: sending.put_back(work, row, due_at=due_at))

    async def try_again(self, row: Claimed, decision: Again) -> None:
        """Later: Telegram has not taken it, or it is not known whether it has."""
        due_at, repeated = self._clock.now() + decision.wait, decision.repeated
        await self._insist(lambda work: sending.put_back(work, row, due_at=due_at, repeated=repeated))

    async def not_sent(self, row: Claimed, error: Exception) -> None:
        """Something went wrong beside the call: a bug, or a database that is away."""
        if is_database_outage(error):
            # Its companions go on at once; this one may have met what only meets it.
            await self._patience.wait(error)
            await self.give_back(row)
        else:
            await self._broken(row, error)

    async def _broken(self, row: Claimed, error: Exception) -> None:
        """A bug met this row. The others must go on."""
        if row.kind not in self._composers:
            # It was planned by a later version, which may be back tomorrow: still owed, and nobody here can send it.
            log.error("kind_unknown", outbox_id=row.id, kind=row.kind)
            await self._insist(lambda work: sending.put_back(work, row, due_at=self._clock.now() + NOT_OURS))
            return
        decision = decide(Kind(row.kind), Failure.BROKEN, attempts=row.attempts + 1, retry_after=None, plain=False)
        log.error("row_broken", outbox_id=row.id, kind=row.kind, error=type(error).__name__, exc_info=error)
        if isinstance(decision, Again):
            due_at = self._clock.now() + decision.wait
            await self._insist(lambda work: sending.put_back(work, row, due_at=due_at, failed=True))
        else:
            await self.end(row, "failed", "broken")

    async def unreachable(self, row: Claimed, scene: Scene) -> None:
        """Its recipient has blocked the bot or is gone, which is noted of them whatever was done to the row."""

        async def write(work: UnitOfWork) -> None:
            now = self._clock.now()
            if await note_unreachable.has_returned(work, scene.person):
                await sending.put_back(work, row, due_at=now + wait_after(row.attempts + 1))
                return
            await sending.end(work, row, state="failed", reason="unreachable", now=now)
            await note_unreachable.note_unreachable(work, scene.person, now=now, clinic=self._clinic)

        await self._insist(write)

    async def refused(self, row: Claimed, scene: Scene, decision: End) -> None:
        """Telegram will never take it, or nobody knows whether it has taken it."""

        async def write(work: UnitOfWork) -> None:
            ended = await sending.end(work, row, state=decision.state, reason=decision.reason, now=self._clock.now())
            refused = self._composers[Kind(row.kind)].refused
            if ended and refused is not None and decision.state == "failed":
                await refused(work, row, scene)

        await self._insist(write)

    async def leave_gone(self, row: Claimed, reason: str) -> None:
        """Its recipient is not to read it: gone, not there yet, or the patient is somebody else's, as `reason` says."""
        gone = self._composers[Kind(row.kind)].gone

        async def write(work: UnitOfWork) -> None:
            if gone is not None:
                await rota.change(work)
            ended = await sending.end(work, row, state="skipped", reason=reason, now=self._clock.now())
            if ended and gone is not None:
                await gone(work, row, self._clock.now())

        await self._insist(write)

    async def leave_out(self, row: Claimed, scene: Scene, reason: str) -> None:
        """It must not go, for this `reason`: see `obstacle` (bot/flows/composing.py)."""
        if reason == REMOVED:
            await self.leave_gone(row, reason)
            return

        async def write(work: UnitOfWork) -> None:
            ended = await sending.end(work, row, state="skipped", reason=reason, now=self._clock.now())
            late = self._composers[Kind(row.kind)].late
            if ended and late is not None and reason == TOO_LATE:
                await late(work, row, scene)

        await self._insist(write)

    async def end(self, row: Claimed, state: str, reason: str) -> None:
        """Nothing follows from it."""
        await self._insist(lambda work: sending.end(work, row, state=state, reason=reason, now=self._clock.now()))

    async def _insist(self, write: Callable[[UnitOfWork], Awaitable[object]]) -> None:
        """Commit what a row has come to, however long the database is away."""
        await self._patience.insist(lambda: self._alone(write))

    async def _alone(self, write: Callable[[UnitOfWork], Awaitable[object]]) -> None:
        async with self._database.work() as work:
            await write(work)
            await work.commit()
