"""Updates as they arrived: stored first, acknowledged then, handled last."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased

from storage.database import News, UnitOfWork, UtcDateTime
from storage.inserting import insert_new, rows_of
from storage.many_ids import among
from storage.session import Session
from storage.tables import Inbox

NO_CHAT = 0
"""The chat of updates that belong to none: they keep the order among themselves."""


@dataclass(frozen=True)
class Arrival:
    """An update on its way in: `payload` is its JSON as Telegram sent it."""

    update_id: int
    chat_id: int
    payload: str


_STORE = insert_new(Inbox, lambda insert: insert.on_conflict_do_nothing().returning(Inbox.update_id))


async def store(work: UnitOfWork, arrivals: Iterable[Arrival], *, now: datetime) -> int:
    """Store what is not there yet; Telegram repeats updates. Returns how many were new."""
    rows = [
        {"update_id": each.update_id, "chat_id": each.chat_id, "payload": each.payload, "received_at": now,
         "state": "waiting", "attempts": 0}
        for each in arrivals
    ]  # fmt: skip
    if not rows:
        return 0
    work.news.add(News.INBOX)
    return len((await work.session.rows(_STORE[work.on_sqlite], rows)).all())


@dataclass(frozen=True)
class Stored:
    """An update that has arrived, and when."""

    update_id: int
    received_at: datetime


_LAST = select(Inbox.update_id, Inbox.received_at).order_by(Inbox.received_at.desc(), Inbox.update_id.desc()).limit(1)


async def last_stored(work: UnitOfWork) -> Stored | None:
    """The update stored last. Not the one with the highest id: Telegram's ids may begin anew."""
    row = (await work.session.rows(_LAST)).first()
    return None if row is None else Stored(*row)


_NOW = bindparam("now", type_=UtcDateTime)


def _first_of_each_chat(*which: ColumnElement[bool]) -> Select[int]:
    return select(func.min(Inbox.update_id)).where(Inbox.state == "waiting", *which).group_by(Inbox.chat_id)


_LATER = aliased(Inbox)
_BEHIND = select(_LATER.update_id).where(
    _LATER.state == "waiting", _LATER.chat_id == Inbox.chat_id, _LATER.update_id > Inbox.update_id
)
_WAITING = (
    select(Inbox.update_id, Inbox.chat_id, Inbox.payload, Inbox.attempts, Inbox.received_at)
    .where(
        Inbox.update_id.in_(_first_of_each_chat(~among(Inbox.chat_id, "but_not"))),
        or_(
            Inbox.retry_at.is_(None),
            Inbox.retry_at <= _NOW,
            and_(Inbox.error.in_(bindparam("yielding", expanding=True)), _BEHIND.exists()),
        ),
    )
    .order_by(Inbox.update_id)
    .limit(bindparam("limit", type_=Integer))
)


Waiting = Row[int, int, str, int, datetime]


async def waiting(
    work: UnitOfWork, *, now: datetime, but_not: Iterable[int], limit: int, yielding: Sequence[str]
) -> Sequence[Waiting]:
    """The first waiting update of each chat: (update_id, chat_id, payload, attempts, received_at), oldest first.

    A chat whose first update waits for a retry is left out whole: its order is kept. Not so after one of the errors
    with the names `yielding`, if another update of the chat waits behind it.
    """
    values = {"now": now, "but_not": but_not, "limit": limit, "yielding": list(yielding)}
    return (await work.session.rows(_WAITING, values)).all()


_MORE = (
    select(Inbox.chat_id)
    .where(Inbox.state == "waiting", among(Inbox.chat_id, "chats"), ~among(Inbox.update_id, "in_hand"))
    .distinct()
)


async def with_more(work: UnitOfWork, in_hand: Mapping[int, int]) -> Sequence[int]:
    """Of some chats, each with the update that is in hand, those where another one waits."""
    values = {"chats": in_hand.keys(), "in_hand": in_hand.values()}
    return (await work.session.rows(_MORE, values)).scalars().all()


NEXT_RETRY = select(func.min(Inbox.retry_at)).where(Inbox.state == "waiting")
"""When the next failed update is to be tried again."""


def waiting_at(now: datetime | ColumnElement[datetime]) -> Select[int]:
    """The ids of the first update of each chat, where it could be handled at `now`."""
    return select(Inbox.update_id).where(
        Inbox.update_id.in_(_first_of_each_chat()), or_(Inbox.retry_at.is_(None), Inbox.retry_at <= now)
    )


async def count_waiting(work: UnitOfWork, *, now: datetime, but_not: int | None = None) -> int:
    """How many chats have an update that could be handled at `now`, not counting the chat `but_not`."""
    waiting = waiting_at(now)
    if but_not is not None:
        waiting = waiting.where(Inbox.chat_id != but_not)
    return await work.session.scalar(select(func.count()).select_from(waiting.subquery())) or 0


_ROWS = rows_of(Inbox)
_DONE = (
    update(_ROWS)
    .where(_ROWS.c.update_id == bindparam("id"))
    .values(state="done", handled_at=_NOW, retry_at=None, payload="{}")
)


async def mark_done(session: Session, update_id: int, *, now: datetime) -> None:
    """The update's effects are in this same transaction. Its content is forgotten: what matters is stored elsewhere."""
    await session.rows(_DONE, {"id": update_id, "now": now})


async def mark_failed(
    work: UnitOfWork, update_id: int, *, error: str, retry_at: datetime | None, now: datetime
) -> None:
    """Count a failed attempt: try again at `retry_at`, or set it aside as a dead letter when that is None.

    An update that is done stays done: its commit was answered too late, or not at all.
    """
    state = "waiting" if retry_at else "dead"
    await work.session.execute(
        update(Inbox)
        .where(Inbox.update_id == update_id, Inbox.state == "waiting")
        .values(
            state=state,
            attempts=Inbox.attempts + 1,
            error=error[:128],
            retry_at=retry_at,
            handled_at=None if retry_at else now,
        )
    )


async def count_dead(work: UnitOfWork) -> int:
    """How many updates were set aside."""
    return await work.session.scalar(select(func.count()).where(Inbox.state == "dead")) or 0


@dataclass(frozen=True)
class DeadLetter:
    """An update that was set aside, without its content. `error` is the class of the last error."""

    update_id: int
    chat_id: int
    received_at: datetime
    attempts: int
    error: str | None


async def dead(work: UnitOfWork) -> list[DeadLetter]:
    """What was set aside, the oldest first."""
    statement = select(Inbox.update_id, Inbox.chat_id, Inbox.received_at, Inbox.attempts, Inbox.error)
    statement = statement.where(Inbox.state == "dead").order_by(Inbox.received_at, Inbox.update_id)
    return [DeadLetter(*row) for row in await work.session.execute(statement)]


async def retry_dead(work: UnitOfWork, update_id: int) -> bool:
    """Let an update that was set aside be handled after all, before what its chat wrote since. False: there is none."""
    work.news.add(News.INBOX)
    return await _change_dead(work, update_id, state="waiting", attempts=0, error=None, handled_at=None)


async def drop_dead(work: UnitOfWork, update_id: int, *, now: datetime) -> bool:
    """Give an update up, content and all. False when there is none that was set aside.

    Its number stays for as long as those of handled ones, so that Telegram cannot bring it back.
    """
    return await _change_dead(work, update_id, state="done", payload="{}", handled_at=now)


async def _change_dead(work: UnitOfWork, update_id: int, **values: object) -> bool:
    statement = update(Inbox).where(Inbox.update_id == update_id, Inbox.state == "dead").values(retry_at=None, **values)
    return (await work.session.execute(statement.returning(Inbox.update_id))).first() is not None


_BEFORE = bindparam("before", type_=UtcDateTime)
_DEAD_BEFORE = bindparam("dead_before", type_=UtcDateTime)
_OLD = (
    select(_ROWS.c.update_id)
    .where(
        or_(
            and_(_ROWS.c.state == "done", _ROWS.c.handled_at < _BEFORE),
            and_(_ROWS.c.state == "dead", _ROWS.c.handled_at < _DEAD_BEFORE),
        ),
        _ROWS.c.update_id.is_distinct_from(bindparam("last", type_=BigInteger)),
    )
    .limit(bindparam("most", type_=Integer))
)
_FORGET = delete(_ROWS).where(_ROWS.c.update_id.in_(_OLD)).returning(_ROWS.c.update_id)


async def forget_handled(work: UnitOfWork, *, before: datetime, dead_before: datetime, most: int) -> int:
    """Delete up to `most` updates handled before `before` or set aside before `dead_before`. Returns how many.

    The one stored last stays: polling goes on behind it.
    """
    last = await last_stored(work)
    values = {
        "before": before,
        "dead_before": dead_before,
        "last": last.update_id if last else None,
        "most": most,
    }
    return len((await work.session.rows(_FORGET, values)).all())
