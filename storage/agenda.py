"""When the program will have something to do by itself. One statement for all: it is asked at every step."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import bindparam, or_, select

from storage import alerts, audit, check_ins, inbox, sending, staff
from storage.database import UnitOfWork, UtcDateTime

LONG_AGO = datetime.min.replace(tzinfo=UTC)
"""The time of what is to be done whenever somebody looks."""


@dataclass(frozen=True)
class Agenda:
    """The earliest time of each kind of work, aware; None where nothing is planned. A past one is late.

    `digest` lies in the past where somebody's first digest has no time yet. `forgotten` is when the old was last
    forgotten; `uncertain` whether of a check-in nobody knows if it has arrived; `under_way` whether an update waits
    that could be handled, or somebody has a message in hand.
    """

    message: datetime | None
    retry: datetime | None
    climb: datetime | None
    nudge: datetime | None
    silence: datetime | None
    unfinished: datetime | None
    digest: datetime | None
    forgotten: datetime | None
    uncertain: bool
    under_way: bool

    def anything_due(self, now: datetime) -> bool:
        """Whether an update could be handled at `now`, or a message is due or on its way."""
        return self.under_way or (self.message is not None and self.message <= now)


_TIMES = (
    inbox.NEXT_RETRY,
    alerts.NEXT_CLIMB,
    check_ins.NEXT_NUDGE,
    check_ins.NEXT_SILENCE,
    check_ins.NEXT_UNFINISHED,
    staff.NEXT_DIGEST,
    audit.LAST_FORGETTING,
)
_NOW = bindparam("now", type_=UtcDateTime)
_AGENDA = select(
    check_ins.PERHAPS_SENT.exists(),
    or_(inbox.waiting_at(_NOW).exists(), sending.UNDER_WAY.exists()),
    *(each.scalar_subquery() for each in (*_TIMES, *sending.NEXT_OF_EACH_LANE)),
)


async def agenda(work: UnitOfWork, *, now: datetime) -> Agenda:
    """Everything that is planned, and what is to be done at `now`."""
    uncertain, under_way, *times = (await work.session.rows(_AGENDA, {"now": now})).one()
    lanes = [each for each in times[len(_TIMES) :] if each is not None]
    retry, climb, nudge, silence, unfinished, digest, forgotten = times[: len(_TIMES)]
    return Agenda(
        message=min(lanes, default=None),
        retry=retry,
        climb=climb,
        nudge=nudge,
        silence=silence,
        unfinished=unfinished,
        digest=digest,
        forgotten=forgotten,
        uncertain=bool(uncertain),
        under_way=bool(under_way),
    )
