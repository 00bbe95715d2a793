"""Whom messages go to: the chats of many, and all about one, with as few questions as there can be."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import BindParameter, bindparam, func, select

from storage.database import UnitOfWork
from storage.tables import Outbox, Patient, Staff
from storage.templates import NEWEST_PUBLISHED

_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_CHATS = (
    select(Outbox.id, func.coalesce(Patient.telegram_id, Staff.telegram_id).label("chat_id"))
    .outerjoin(Patient, Patient.id == Outbox.patient_id)
    .outerjoin(Staff, Staff.id == Outbox.staff_id)
    .where(Outbox.id.in_(_IDS))
)
_VERSION = NEWEST_PUBLISHED.scalar_subquery()
_PATIENT = select(Patient, _VERSION).where(Patient.id == bindparam("id"))
_STAFF = select(Staff, _VERSION).where(Staff.id == bindparam("id"))


@dataclass(frozen=True)
class Recipient:
    """One of the two, and how new the texts are that they will read."""

    patient: Patient | None
    staff: Staff | None
    texts_version: int


async def chats_of(work: UnitOfWork, rows: Sequence[Outbox]) -> list[int | None]:
    """The chat that each message goes to; None for somebody who has not joined."""
    if not rows:
        return []
    found = (await work.session.rows(_CHATS, {"ids": [row.id for row in rows]})).all()
    chats: dict[int, int | None] = {row.id: row.chat_id for row in found}
    return [chats[row.id] for row in rows]


async def recipient_of(work: UnitOfWork, row: Outbox) -> Recipient:
    """The person a message goes to, as they are at this moment."""
    if row.patient_id is not None:
        patient, version = (await work.session.execute(_PATIENT, {"id": row.patient_id})).one()
        return Recipient(patient, None, version or 0)
    staff, version = (await work.session.execute(_STAFF, {"id": row.staff_id})).one()
    return Recipient(None, staff, version or 0)
