"""The way of an owed message through the sender: claimed, marked, sent or put back, and found again after a kill.

```
pending → claimed → sending → sent, failed or uncertain
   ↑         └─────────┴────→ pending, to be tried again
```
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Integer, and_, bindparam, func, select, tuple_, update
from sqlalchemy.sql.dml import ReturningUpdate

from messages.outgoing import REPEATED_WHEN_UNCERTAIN, Kind, Lane
from storage.database import News, UnitOfWork, UtcDateTime
from storage.inserting import insert_new, rows_of
from storage.many_ids import among
from storage.outbox import OPEN_STATES, Claimed
from storage.tables import Delivery, Outbox, Patient, Staff

LEASE = timedelta(minutes=2)
"""How long a claimed row belongs to its claimer: longer than any call to Telegram with its time limits."""

_NOW = bindparam("now", type_=UtcDateTime)
_ROWS = rows_of(Outbox)
_COLUMNS = [name for name in Claimed.__dataclass_fields__ if name not in {"lane", "chat_id"}]


def _claim(lane: Lane) -> ReturningUpdate[*tuple[Any, ...]]:
    due = (
        select(_ROWS.c.id)
        .where(_ROWS.c.state == "pending", _ROWS.c.lane == lane.value, _ROWS.c.due_at <= _NOW)
        .order_by(_ROWS.c.due_at, _ROWS.c.id)
        .limit(bindparam("many", type_=Integer))
        .with_for_update(skip_locked=True)
        .cte("due")
        .prefix_with("MATERIALIZED")
    )
    chat_of_patient = select(Patient.telegram_id).where(Patient.id == _ROWS.c.patient_id).scalar_subquery()
    chat_of_staff = select(Staff.telegram_id).where(Staff.id == _ROWS.c.staff_id).scalar_subquery()
    return (
        update(_ROWS)
        .where(_ROWS.c.id.in_(select(due.c.id)))
        .values(state="claimed", lease_until=bindparam("until", type_=UtcDateTime))
        .returning(func.coalesce(chat_of_patient, chat_of_staff), *(_ROWS.c[name] for name in _COLUMNS))
    )


_CLAIM = {lane: _claim(lane) for lane in Lane}


async def claim(work: UnitOfWork, lane: Lane, *, many: int, now: datetime) -> list[Claimed]:
    """Claim up to `many` due rows of one lane, oldest first.

    The claim is one statement: no two workers get the same row.
    """
    asked = {"now": now, "until": now + LEASE, "many": many}
    found = (await work.session.rows(_CLAIM[lane], asked)).all()
    claimed = [
        Claimed(lane=lane, chat_id=chat_id, **dict(zip(_COLUMNS, columns, strict=True))) for chat_id, *columns in found
    ]
    return sorted(claimed, key=lambda each: (each.due_at, each.id))


_CLAIMS: BindParameter[Any] = bindparam("claims", expanding=True)
_SENDING = (
    update(_ROWS)
    .where(
        among(_ROWS.c.id),
        _ROWS.c.state == "claimed",
        tuple_(_ROWS.c.id, func.coalesce(_ROWS.c.staff_id, 0), _ROWS.c.lease_until).in_(_CLAIMS),
    )
    .values(state="sending", attempts=_ROWS.c.attempts + 1)
    .returning(_ROWS.c.id, func.coalesce(_ROWS.c.staff_id, 0), _ROWS.c.lease_until)
)


async def mark_sending(work: UnitOfWork, rows: Sequence[Claimed]) -> list[bool]:
    """The last moment before the call. False for a row that is no longer in hand, see `_in_hand_as`: do not send it."""
    if not rows:
        return []
    claims = [(row.id, row.staff_id or 0, row.lease_until) for row in rows]
    asked = {"ids": [row.id for row in rows], "claims": claims}
    marked = {tuple(found) for found in await work.session.rows(_SENDING, asked)}
    # Whoever claimed a row twice at the same instant sends it once.
    return [claim in marked and claims.index(claim) == position for position, claim in enumerate(claims)]


async def unmark(work: UnitOfWork, row: Claimed) -> None:
    """It has not been called after all, and is claimed as before."""
    await work.session.rows(_CLAIMED_AS_BEFORE, {"row": row.id})


_CLAIMED_AS_BEFORE = (
    update(_ROWS)
    .where(_ROWS.c.id == bindparam("row"), _ROWS.c.state == "sending")
    .values(state="claimed", attempts=_ROWS.c.attempts - 1)
)


def _in_hand_as(row: Claimed) -> ColumnElement[bool]:
    """Whether a row is still in the hand of who claimed it.

    Not once it was withdrawn, readdressed or brought back: then it is nobody's, or has been claimed anew, which its
    addressee and the end of its lease tell.
    """
    return and_(
        Outbox.id == row.id,
        Outbox.state.in_(("claimed", "sending")),
        Outbox.staff_id.is_not_distinct_from(row.staff_id),
        Outbox.lease_until.is_not_distinct_from(row.lease_until),
    )


@dataclass(frozen=True)
class Sent:
    """A message that is at Telegram: the ids that it got there, and the published text that it says."""

    outbox_id: int
    chat_id: int
    message_ids: Sequence[int]
    version: int | None
    at: datetime


_DELIVERED = insert_new(
    Delivery,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["chat_id", "message_id"],
        set_={"outbox_id": insert.excluded.outbox_id, "delivered_at": insert.excluded.delivered_at},
    ),
)
_SENT = (
    update(_ROWS)
    .where(_ROWS.c.id == bindparam("row"), _ROWS.c.state != "sent")
    .values(
        state="sent",
        ended_at=_NOW,
        lease_until=None,
        template_version_id=bindparam("version", type_=Integer),
        reason=None,
    )
)
_SENT_ANEW = _SENT.returning(_ROWS.c.id)


async def mark_sent(work: UnitOfWork, sent: Sent) -> bool:
    """Remember that it was sent, and as which messages, so that replies find their way back.

    False when that was recorded before.
    """
    if (await work.session.rows(_SENT_ANEW, _sent(sent))).first() is None:
        return False
    await work.session.rows(_DELIVERED[work.on_sqlite], _deliveries(sent))
    return True


async def mark_all_sent(work: UnitOfWork, all_sent: Sequence[Sent]) -> None:
    """As `mark_sent`, for many at once, whether it was recorded before or not."""
    await work.session.rows(_SENT, [_sent(sent) for sent in all_sent])
    await work.session.rows(_DELIVERED[work.on_sqlite], [row for sent in all_sent for row in _deliveries(sent)])


def _sent(sent: Sent) -> dict[str, Any]:
    return {"row": sent.outbox_id, "now": sent.at, "version": sent.version}


def _deliveries(sent: Sent) -> list[dict[str, Any]]:
    return [
        {"chat_id": sent.chat_id, "message_id": message_id, "outbox_id": sent.outbox_id, "delivered_at": sent.at}
        for message_id in sent.message_ids
    ]


async def put_back(
    work: UnitOfWork, row: Claimed, *, due_at: datetime, repeated: bool = False, failed: bool = False
) -> None:
    """Try again at `due_at`. `repeated`: the earlier attempt may have arrived. `failed`: it broke before the call.

    One that was withdrawn or readdressed meanwhile stays as it is, as in `end`.
    """
    work.news.add(News.OUTBOX)
    await work.session.execute(
        update(Outbox)
        .where(_in_hand_as(row))
        .values(
            state="pending",
            due_at=due_at,
            lease_until=None,
            repeats=Outbox.repeats + int(repeated),
            attempts=Outbox.attempts + int(failed),
        )
    )


async def end(work: UnitOfWork, row: Claimed, *, state: str, reason: str, now: datetime) -> bool:
    """End a row in hand as skipped, cancelled, failed or uncertain, and say why.

    False for one that was withdrawn or readdressed meanwhile: it stays as it is, and nothing must follow.
    """
    ended = await work.session.execute(
        update(Outbox)
        .where(_in_hand_as(row))
        .values(state=state, reason=reason[:64], ended_at=now, lease_until=None)
        .returning(Outbox.id)
    )
    return ended.first() is not None


_LETTER_BEFORE = select(func.max(Outbox.due_at)).where(
    Outbox.subject_id == bindparam("subject"),
    Outbox.kind == Kind.RELAY.value,
    Outbox.state.in_(OPEN_STATES),
    Outbox.id < bindparam("row"),
    Outbox.staff_id.is_not_distinct_from(bindparam("staff", type_=Integer)),
    Outbox.patient_id.is_not_distinct_from(bindparam("patient", type_=Integer)),
)


async def letter_before(work: UnitOfWork, row: Claimed) -> datetime | None:
    """When an earlier letter of the same patient to the same reader is due, if it is still owed: `row` waits for it.

    One that has to be tried again must not be overtaken by what was written after it.
    """
    this = {"subject": row.subject_id, "row": row.id, "staff": row.staff_id, "patient": row.patient_id}
    return (await work.session.rows(_LETTER_BEFORE, this)).scalar()


_TAKEN = Outbox.state.in_(("claimed", "sending"))
"""Word for word what `ix_outbox_active` holds: SQLite uses it for no narrower question."""


async def recover(work: UnitOfWork, *, now: datetime, in_hand: Collection[int] | None = None) -> tuple[int, int]:
    """Take back what a dead worker left: its claims, and what it was sending. Returns (claims, uncertain).

    At start this process has nothing in hand, and everything is taken back. While it works, give the ids that it has
    `in_hand`: of the others only what outlived its lease is taken back.
    A claimed row was never sent. One in `sending` may have arrived: urgent kinds and relays go again, the
    others end as uncertain.
    """
    late = () if in_hand is None else _abandoned(in_hand, now)
    claims = (
        update(Outbox)
        .where(_TAKEN, Outbox.state == "claimed", *late)
        .values(state="pending", lease_until=None)
        .returning(Outbox.id)
    )
    again = (
        update(Outbox)
        .where(
            _TAKEN,
            Outbox.state == "sending",
            Outbox.kind.in_([kind.value for kind in REPEATED_WHEN_UNCERTAIN]),
            *late,
        )
        .values(state="pending", lease_until=None, repeats=Outbox.repeats + 1)
        .returning(Outbox.id)
    )
    lost = (
        update(Outbox)
        .where(_TAKEN, Outbox.state == "sending", *late)
        .values(state="uncertain", reason="crash", ended_at=now, lease_until=None)
        .returning(Outbox.id)
    )
    counts = [len((await work.session.execute(statement)).all()) for statement in (claims, again, lost)]
    return counts[0], counts[1] + counts[2]


def _abandoned(in_hand: Collection[int], now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (Outbox.lease_until < now, Outbox.id.not_in(in_hand))


_ABANDONED = select(Outbox.id).where(_TAKEN, Outbox.lease_until < _NOW, ~among(Outbox.id, "in_hand")).limit(1)


async def anything_abandoned(work: UnitOfWork, *, in_hand: Collection[int], now: datetime) -> bool:
    """Whether a row outlived its lease and is not `in_hand`."""
    return (await work.session.rows(_ABANDONED, {"now": now, "in_hand": in_hand})).first() is not None


NEXT_OF_EACH_LANE = [
    select(Outbox.due_at).where(Outbox.state == "pending", Outbox.lane == lane.value).order_by(Outbox.due_at).limit(1)
    for lane in Lane
]
"""When the next message of each lane is due; in the past when one is late. One index look-up each."""

UNDER_WAY = select(Outbox.id).where(_TAKEN)
"""The ids of the messages that somebody has in hand."""

_NEXT_BY_LANE = select(*(each.scalar_subquery() for each in NEXT_OF_EACH_LANE))


async def next_by_lane(work: UnitOfWork) -> dict[Lane, datetime]:
    """When the next message of each lane is due, most urgent first; lanes without any are left out."""
    times = (await work.session.rows(_NEXT_BY_LANE)).one()
    return {lane: due_at for lane, due_at in zip(Lane, times, strict=True) if due_at is not None}
