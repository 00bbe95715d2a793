"""The conversation between patients and the clinic: every message of either side, as it came."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import (
    ColumnElement,
    Integer,
    ScalarSelect,
    Select,
    SQLColumnExpression,
    and_,
    bindparam,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased

from messages.outgoing import Kind
from storage.database import UnitOfWork, UtcDateTime
from storage.inserting import rows_of
from storage.tables import Letter, Outbox, Patient, Staff

Result = TypeVar("Result")

NOT_THEIRS = "not_theirs"
"""Why a message is not sent whose reader does not read for this patient any more."""

GONE = ("removed", "not_joined", NOT_THEIRS)
"""Why a message is not sent though somebody else at the clinic should read it."""


async def add(work: UnitOfWork, letter: Letter) -> Letter:
    """Store a letter; it has its id afterwards."""
    work.session.add(letter)
    await work.session.flush()
    return letter


async def get(work: UnitOfWork, letter_id: int | None) -> Letter | None:
    """One letter; None for no id."""
    return None if letter_id is None else await work.session.get(Letter, letter_id)


async def original(work: UnitOfWork, *, chat_id: int, message_id: int) -> Letter | None:
    """The letter that came as this message, as it was first written."""
    return await work.session.scalar(
        select(Letter).where(Letter.chat_id == chat_id, Letter.message_id == message_id, Letter.edited_of.is_(None))
    )


async def latest_wording(work: UnitOfWork, letter: Letter) -> Letter:
    """The letter itself, or its newest edit."""
    newest = await work.session.scalar(
        select(Letter).where(Letter.edited_of == letter.id).order_by(Letter.id.desc()).limit(1)
    )
    return newest or letter


async def of_album(work: UnitOfWork, *, chat_id: int, album: str) -> Sequence[Letter]:
    """The parts of an album that have arrived, in order."""
    statement = (
        select(Letter)
        .where(Letter.album == album, Letter.chat_id == chat_id, Letter.edited_of.is_(None))
        .order_by(Letter.id)
    )
    return (await work.session.scalars(statement)).all()


async def waiting(work: UnitOfWork, patient_id: int) -> Sequence[Letter]:
    """What a patient has sent that nobody has answered, oldest first."""
    statement = (
        select(Letter)
        .where(
            Letter.patient_id == patient_id,
            Letter.inbound,
            Letter.answered_at.is_(None),
            Letter.edited_of.is_(None),
        )
        .order_by(Letter.id)
    )
    return (await work.session.scalars(statement)).all()


async def mark_answered(work: UnitOfWork, patient_id: int, *, since: datetime, now: datetime) -> int:
    """Somebody has written to the patient: what waited is answered. Returns how many letters that were.

    Not what is still on its way to the clinic, or what nobody has got (as in `read_by_nobody`): who wrote has not seen
    it.
    """
    statement = (
        update(Letter)
        .where(
            Letter.patient_id == patient_id,
            Letter.inbound,
            Letter.answered_at.is_(None),
            func.coalesce(_last_carrying(Outbox.state), "sent").not_in(("pending", "claimed", "sending")),
            ~and_(_unread(), Letter.received_at >= since),
        )
        .values(answered_at=now)
        .returning(Letter.id)
    )
    return len((await work.session.execute(statement)).all())


async def last_answer_at(work: UnitOfWork, patient_id: int) -> datetime | None:
    """When the clinic last wrote to the patient."""
    return await work.session.scalar(
        select(func.max(Letter.received_at)).where(Letter.patient_id == patient_id, Letter.inbound.is_(False))
    )


_ROWS = rows_of(Letter)
_OLD = (
    select(_ROWS.c.id)
    .where(
        _ROWS.c.received_at < bindparam("before", type_=UtcDateTime),
        _ROWS.c.text.is_not(None) | _ROWS.c.file_id.is_not(None),
    )
    .limit(bindparam("most", type_=Integer))
)
_FORGET = update(_ROWS).where(_ROWS.c.id.in_(_OLD)).values(text=None, file_id=None).returning(_ROWS.c.id)


async def forget_contents(work: UnitOfWork, *, before: datetime, most: int) -> int:
    """Forget what up to `most` letters older than `before` said; that they were sent stays known. Returns how many."""
    return len((await work.session.rows(_FORGET, {"before": before, "most": most})).all())


async def undelivered_to_staff(work: UnitOfWork, staff_id: int, *, since: datetime) -> Sequence[Letter]:
    """Patients' letters that Telegram refused to bring to this member of staff since `since`, and nobody else has."""
    statement = (
        select(Letter).where(Letter.id.in_(_refused(Outbox.staff_id == staff_id, since)), _unread()).order_by(Letter.id)
    )
    return (await work.session.scalars(statement)).all()


async def undelivered_to_patient(work: UnitOfWork, patient_id: int, *, since: datetime) -> Sequence[Letter]:
    """Letters of the clinic that Telegram refused to bring to this patient since `since`."""
    statement = (
        select(Letter)
        .where(Letter.id.in_(_refused(Outbox.patient_id == patient_id, since)), Letter.inbound.is_(False))
        .order_by(Letter.id)
    )
    return (await work.session.scalars(statement)).all()


def _refused(recipient: ColumnElement[bool], since: datetime) -> Select[int | None]:
    return select(Outbox.letter_id).where(
        recipient,
        Outbox.kind == Kind.RELAY.value,
        Outbox.state == "failed",
        Outbox.letter_id.is_not(None),
        Outbox.ended_at >= since,
    )


async def texts_since(work: UnitOfWork, patient_id: int, *, since: datetime, last: int) -> Sequence[Letter]:
    """The newest `last` letters with words that a patient has sent from `since` on, oldest first."""
    statement = (
        select(Letter)
        .where(
            Letter.patient_id == patient_id,
            Letter.inbound,
            Letter.text.is_not(None),
            Letter.received_at >= since,
        )
        .order_by(Letter.id.desc())
        .limit(last)
    )
    return (await work.session.scalars(statement)).all()[::-1]


async def read_by_nobody(work: UnitOfWork, patient_id: int, *, since: datetime) -> Sequence[Letter]:
    """Unanswered letters of a patient that no reader has got or will get, oldest first.

    Of those that came before `since` nobody knows any more: the messages that carried them are forgotten.
    """
    statement = select(Letter).where(Letter.patient_id == patient_id, _unread(), Letter.received_at >= since)
    statement = statement.order_by(Letter.id)
    return (await work.session.scalars(statement)).all()


async def patients_unread(work: UnitOfWork, staff_id: int, *, since: datetime) -> Sequence[Patient]:
    """Patients of a practitioner, or of somebody they cover for, with letters that nobody could read since `since`."""
    covered = select(Staff.id).where(Staff.cover_id == staff_id)
    statement = (
        select(Patient)
        .where(
            (Patient.practitioner_id == staff_id) | Patient.practitioner_id.in_(covered),
            select(Letter.id).where(Letter.patient_id == Patient.id, _unread(), Letter.received_at >= since).exists(),
        )
        .order_by(Patient.id)
    )
    return (await work.session.scalars(statement)).all()


def _unread() -> ColumnElement[bool]:
    """Unanswered, and never owed to anybody at the clinic, or the last message that was to carry it came to nothing."""
    lost = or_(Outbox.state == "failed", func.coalesce(Outbox.reason, "").in_(GONE))
    return and_(Letter.inbound, Letter.answered_at.is_(None), func.coalesce(_last_carrying(lost), True))


def _last_carrying(what: SQLColumnExpression[Result]) -> ScalarSelect[Result]:
    """Something of the last message that is to carry a patient's letter to the clinic.

    Of an album the first part stands for all, where they go together; what was changed afterwards goes alone.
    """
    first = aliased(Letter)
    together = and_(
        first.album == Letter.album,
        first.chat_id == Letter.chat_id,
        Letter.edited_of.is_(None),
        Outbox.key.startswith("album:", autoescape=True),
    )
    return (
        select(what)
        .join(first, first.id == Outbox.letter_id)
        .where(Outbox.kind == Kind.RELAY.value, Outbox.staff_id.is_not(None), or_(first.id == Letter.id, together))
        .order_by(Outbox.id.desc())
        .limit(1)
        .scalar_subquery()
    )
