"""Messages that are owed, planned in the transaction that causes them. What the sender does: storage/sending.py."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    bindparam,
    case,
    delete,
    func,
    select,
    update,
)

from messages.outgoing import LANES, Kind, Lane
from storage.database import News, UnitOfWork, UtcDateTime
from storage.inserting import insert_new, rows_of
from storage.many_ids import among
from storage.tables import Delivery, Outbox

OPEN_STATES = ("pending", "claimed")
"""States in which a message can still be withdrawn: no call to Telegram has begun."""


@dataclass(frozen=True)
class Owed:
    """A message to plan. Exactly one of `patient_id` and `staff_id` is its recipient.

    `key` names it once and for all: planning the same key again changes nothing.
    `subject_id` is the patient it is about. `values` holds ids and numbers, never what people wrote.
    """

    key: str
    kind: Kind
    template: str
    due_at: datetime
    patient_id: int | None = None
    staff_id: int | None = None
    subject_id: int | None = None
    not_after: datetime | None = None
    values: dict[str, Any] = field(default_factory=dict)
    course_id: int | None = None
    session_id: int | None = None
    appointment_id: int | None = None
    check_in_id: int | None = None
    alert_id: int | None = None
    letter_id: int | None = None


@dataclass(frozen=True, eq=False)
class Claimed:
    """A message in the hand of a sender, as it was when it was claimed. It belongs to no session.

    `chat_id` is where it goes: None for somebody who has not joined. The other names are the table's, and so is the
    word for its kind: one of another version is that row's trouble, and not of those claimed with it.
    """

    id: int
    key: str
    kind: str
    lane: Lane
    chat_id: int | None
    patient_id: int | None
    staff_id: int | None
    subject_id: int | None
    template: str
    values: dict[str, Any]
    session_id: int | None
    appointment_id: int | None
    check_in_id: int | None
    alert_id: int | None
    letter_id: int | None
    due_at: datetime
    not_after: datetime | None
    lease_until: datetime
    attempts: int
    planned_at: datetime


_PLAN = insert_new(Outbox, lambda insert: insert.on_conflict_do_nothing(index_elements=["key"]).returning(Outbox.id))


async def plan(work: UnitOfWork, owed: Sequence[Owed], *, now: datetime) -> int:
    """Add what is not planned yet. Returns how many rows were new."""
    if not owed:
        return 0
    rows = [
        {
            **{name: getattr(each, name) for name in Owed.__dataclass_fields__},
            "kind": each.kind.value,
            "lane": LANES[each.kind].value,
            "state": "pending",
            "attempts": 0,
            "repeats": 0,
            "planned_at": now,
        }
        for each in owed
    ]
    work.news.add(News.OUTBOX)
    return len((await work.session.rows(_PLAN[work.on_sqlite], rows)).all())


async def record_skipped(work: UnitOfWork, owed: Owed, *, reason: str, now: datetime) -> None:
    """Remember a message that was left out from the start, so that the card can say why."""
    if await plan(work, [owed], now=now):
        await work.session.execute(
            update(Outbox).where(Outbox.key == owed.key).values(state="skipped", reason=reason, ended_at=now)
        )


async def withdraw(work: UnitOfWork, *which: ColumnElement[bool], reason: str, now: datetime) -> int:
    """Cancel what is still owed among the rows that match all of `which`. Returns how many."""
    statement = (
        update(Outbox)
        .where(Outbox.state.in_(OPEN_STATES), *which)
        .values(state="cancelled", reason=reason, ended_at=now, lease_until=None)
        .returning(Outbox.id)
    )
    return len((await work.session.execute(statement)).all())


async def delivered(work: UnitOfWork, *, chat_id: int, message_id: int) -> Outbox | None:
    """The row behind a message of ours in a chat: what a reply answers."""
    return await work.session.scalar(
        select(Outbox)
        .join(Delivery, Delivery.outbox_id == Outbox.id)
        .where(Delivery.chat_id == chat_id, Delivery.message_id == message_id)
    )


async def delivery_of_letter(work: UnitOfWork, *, letter_id: int, chat_id: int) -> int | None:
    """The message id under which a letter reached a chat: what an answer to it replies to."""
    return await work.session.scalar(
        select(Delivery.message_id)
        .join(Outbox, Delivery.outbox_id == Outbox.id)
        .where(Outbox.letter_id == letter_id, Delivery.chat_id == chat_id)
        .order_by(Delivery.message_id)
        .limit(1)
    )


async def counts_by_state(work: UnitOfWork, *, since: datetime) -> dict[str, int]:
    """How many rows there are in each state; the ended ones only since `since`."""
    statement = (
        select(Outbox.state, func.count())
        .where((Outbox.ended_at.is_(None)) | (Outbox.ended_at >= since))
        .group_by(Outbox.state)
    )
    return {str(state): int(count) for state, count in (await work.session.execute(statement)).all()}


async def readdress(work: UnitOfWork, *, subject_id: int, from_staff: int, to_staff: int, now: datetime) -> int:
    """What is owed to one member of staff about a patient goes to another. Returns how many rows.

    Also what waits for its turn to be sent: it would still reach the first one, or nobody once they are removed. What
    only waits to be tried again, because the first chat took nothing, goes at once, and the letters behind it.
    """
    tried = ((Outbox.attempts > 0) | (Outbox.kind == Kind.RELAY.value)) & (Outbox.due_at > now)
    statement = (
        update(Outbox)
        .where(
            Outbox.subject_id == subject_id,
            Outbox.staff_id == from_staff,
            Outbox.state.in_(OPEN_STATES),
            Outbox.kind != Kind.DIGEST.value,
        )
        .values(staff_id=to_staff, state="pending", lease_until=None, due_at=case((tried, now), else_=Outbox.due_at))
        .returning(Outbox.id)
    )
    return len((await work.session.execute(statement)).all())


async def state_of(work: UnitOfWork, key: str) -> str | None:
    """How far the row of this key has come; None where there is none."""
    return await work.session.scalar(select(Outbox.state).where(Outbox.key == key))


async def last_carrying(work: UnitOfWork, letter_id: int) -> Outbox | None:
    """The last message that was planned to bring a letter to anybody."""
    statement = select(Outbox).where(Outbox.letter_id == letter_id, Outbox.kind == Kind.RELAY.value)
    return await work.session.scalar(statement.order_by(Outbox.id.desc()).limit(1))


async def last_planned_at(work: UnitOfWork, *which: ColumnElement[bool]) -> datetime | None:
    """When the newest row that matches all of `which` was planned."""
    return await work.session.scalar(select(func.max(Outbox.planned_at)).where(*which))


_ROWS = rows_of(Outbox)
_OLD = (
    select(_ROWS.c.id)
    .where(_ROWS.c.ended_at < bindparam("before", type_=UtcDateTime))
    .limit(bindparam("most", type_=Integer))
)
_DELIVERIES = rows_of(Delivery)
_FORGET_DELIVERIES = delete(_DELIVERIES).where(among(_DELIVERIES.c.outbox_id))
_FORGET = delete(_ROWS).where(among(_ROWS.c.id))


async def forget_ended(work: UnitOfWork, *, before: datetime, most: int) -> int:
    """Delete up to `most` records of messages that ended before `before`, and how replies find back to them.

    Returns how many.
    """
    old = (await work.session.rows(_OLD, {"before": before, "most": most})).scalars().all()
    if old:
        await work.session.rows(_FORGET_DELIVERIES, {"ids": old})
        await work.session.rows(_FORGET, {"ids": old})
    return len(old)


async def ended_for(
    work: UnitOfWork, patient_id: int, *, reasons: Collection[str], kinds: Collection[Kind]
) -> Sequence[Outbox]:
    """A patient's rows of `kinds` that were skipped or cancelled for one of `reasons`, the latest due first."""
    statement = (
        select(Outbox)
        .where(
            Outbox.patient_id == patient_id,
            Outbox.kind.in_([kind.value for kind in kinds]),
            Outbox.state.in_(("skipped", "cancelled")),
            Outbox.reason.in_(list(reasons)),
        )
        .order_by(Outbox.due_at.desc(), Outbox.id.desc())
    )
    return (await work.session.scalars(statement)).all()


async def is_owed(work: UnitOfWork, *which: ColumnElement[bool]) -> bool:
    """Whether a row that matches all of `which` is still to be sent."""
    statement = select(Outbox.id).where(Outbox.state.in_(OPEN_STATES), *which).limit(1)
    return await work.session.scalar(statement) is not None
