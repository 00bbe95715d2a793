"""Whom a message goes to: all about them in one question."""

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from storage.database import UnitOfWork
from storage.tables import Outbox, Patient, Staff
from storage.templates import NEWEST_PUBLISHED

_VERSION = NEWEST_PUBLISHED.scalar_subquery()
_PATIENT = select(Patient, _VERSION).where(Patient.id == bindparam("id"))
_STAFF = select(Staff, _VERSION).where(Staff.id == bindparam("id"))


@dataclass(frozen=True)
class Recipient:
    """One of the two, and how new the texts are that they will read."""

    patient: Patient | None
    staff: Staff | None
    texts_version: int


async def recipient_of(work: UnitOfWork, row: Outbox) -> Recipient:
    """The person a message goes to, as they are at this moment."""
    if row.patient_id is not None:
        patient, version = (await work.session.execute(_PATIENT, {"id": row.patient_id})).one()
        return Recipient(patient, None, version or 0)
    staff, version = (await work.session.execute(_STAFF, {"id": row.staff_id})).one()
    return Recipient(None, staff, version or 0)
