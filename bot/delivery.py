"""A claimed row whose turn has come → checked, composed, marked as sending → at Telegram.

No transaction is open during the call.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from bot import telegram_calls
from bot.clock import Clock
from bot.flows.composing import Composer, Left, Scene, obstacle
from bot.outcomes import Outcomes
from bot.telegram_bot import TelegramBot
from bot.texts import PublishedTexts
from bot.throttle import Place
from messages.clinic import Clinic
from messages.outgoing import Kind, Lane, Outgoing
from messages.retrying import Again, End, Plain, decide
from storage import recipients, sending
from storage.database import Database, UnitOfWork
from storage.letters import NOT_THEIRS
from storage.outbox import Claimed
from storage.together import Together

log = structlog.get_logger()

Verdict = Outgoing | Left | str | datetime | None
"""What becomes of a row: it is sent, it ends for a reason, it is tried again at a time, or it is no longer ours."""


@dataclass(frozen=True)
class Prepared:
    """What a row says and to whom, marked as sending."""

    row: Claimed
    outgoing: Outgoing
    scene: Scene


class Delivery:
    """Composes a row at the last moment, and calls Telegram."""

    def __init__(
        self,
        bot: TelegramBot,
        database: Database,
        clock: Clock,
        clinic: Clinic,
        texts: PublishedTexts,
        composers: Mapping[Kind, Composer],
        outcomes: Outcomes,
    ) -> None:
        self._bot = bot
        self._database = database
        self._clock = clock
        self._clinic = clinic
        self._texts = texts
        self._composers = composers
        self._outcomes = outcomes
        self._composing = Together(database, self._compose_all)

    async def prepare(self, row: Claimed) -> Prepared | None:
        """Check and compose at the last moment, then mark as sending. None: it has ended another way."""
        if row.kind == Kind.DIGEST.value:
            # It asks about fifty patients: nobody should wait behind ten of them.
            scene, verdict = await self._compose_alone(row)
        else:
            scene, verdict = await self._composing.do(row, first=row.lane is Lane.URGENT)
        match verdict:
            case Outgoing():
                return Prepared(row, verdict, scene)
            case Left() if verdict.reason == NOT_THEIRS:
                await self._outcomes.leave_gone(row, verdict.reason)
            case Left():
                await self._outcomes.end(row, "skipped", verdict.reason)
            case datetime():
                await self._outcomes.put_off(row, verdict)
            case str():
                await self._outcomes.leave_out(row, scene, verdict)
        return None

    async def _compose_alone(self, row: Claimed) -> tuple[Scene, Verdict]:
        async with self._database.work() as work:
            (composed,) = await self._compose_all(work, [row])
            await work.commit()
        return composed

    async def _compose_all(self, work: UnitOfWork, rows: Sequence[Claimed]) -> list[tuple[Scene, Verdict]]:
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

    async def _verdict(self, work: UnitOfWork, row: Claimed, scene: Scene) -> Verdict:
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

    async def call(self, prepared: Prepared, place: Place, *, plain: bool = False) -> None:
        """Call Telegram and record what came of it. `plain`: the markup, which it could not parse, is left away."""
        row, outgoing, scene = prepared.row, prepared.outgoing, prepared.scene
        try:
            message_ids = await telegram_calls.send(self._bot, scene.chat_id, outgoing, place=place)
        except Exception as error:
            await self._failed(prepared, place, error, plain=plain)
            return
        await self._outcomes.sent(row, outgoing, scene, message_ids)

    async def _failed(self, prepared: Prepared, place: Place, error: Exception, *, plain: bool) -> None:
        row, outgoing, scene = prepared.row, prepared.outgoing, prepared.scene
        failure, retry_after = telegram_calls.failure_of(error, copying=outgoing.copy_of is not None)
        log.warning("not_sent", outbox_id=row.id, kind=row.kind, failure=failure.value, error=type(error).__name__)
        decision = decide(Kind(row.kind), failure, attempts=row.attempts + 1, retry_after=retry_after, plain=plain)
        match decision:
            case Plain():
                as_plain = replace(prepared, outgoing=telegram_calls.as_plain(outgoing))
                await self.call(as_plain, place, plain=True)
            case Again():
                await self._outcomes.try_again(row, decision)
            case End(state="failed", reason="unreachable"):
                await self._outcomes.unreachable(row, scene)
            case End():
                await self._outcomes.refused(row, scene, decision)
