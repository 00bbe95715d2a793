"""Whom messages go to: all about them, in one question for one and a few for many."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from storage.database import UnitOfWork
from storage.many_ids import among
from storage.outbox import Claimed
from storage.tables import Appointment, Patient, Staff
from storage.templates import NEWEST_PUBLISHED

_VERSION = NEWEST_PUBLISHED.scalar_subquery()
_PATIENTS = select(Patient, _VERSION).where(among(Patient.id))
_STAFF = select(Staff, _VERSION).where(among(Staff.id))
_PRACTITIONERS = select(Staff).where(among(Staff.id))
_APPOINTMENTS = select(Appointment).where(among(Appointment.id))


@dataclass(frozen=True)
class Recipient:
    """One of the two, and how new the texts are that they will read."""

    patient: Patient | None
    staff: Staff | None
    texts_version: int


async def recipients_of(work: UnitOfWork, rows: Sequence[Claimed]) -> list[Recipient]:
    """The person that each message goes to, as they are at this moment."""
    patients, patients_version = await _people(work, _PATIENTS, {row.patient_id for row in rows})
    staff, staff_version = await _people(work, _STAFF, {row.staff_id for row in rows})
    version = max(patients_version, staff_version)
    return [
        Recipient(patients[row.patient_id], None, version)
        if row.patient_id is not None
        else Recipient(None, staff[row.staff_id], version)
        for row in rows
    ]


async def _people(work: UnitOfWork, statement: Any, ids: set[int | None]) -> tuple[dict[int | None, Any], int]:
    known = sorted(each for each in ids if each is not None)
    if not known:
        return {}, 0
    found = (await work.session.execute(statement, {"ids": known})).all()
    return {person.id: person for person, _ in found}, found[0][1] or 0


async def surroundings(work: UnitOfWork, rows: Sequence[Claimed], recipients: Sequence[Recipient]) -> list[object]:
    """What the texts of many messages speak of, read together. The session knows it for as long as this is held.

    Nothing for one message: it is asked for when it is needed.
    """
    if len(rows) == 1:
        return []
    practitioners = {each.patient.practitioner_id for each in recipients if each.patient is not None}
    appointments = {row.appointment_id for row in rows if row.appointment_id is not None}
    held: list[object] = []
    for statement, ids in ((_PRACTITIONERS, practitioners), (_APPOINTMENTS, appointments)):
        if ids:
            held += (await work.session.scalars(statement, {"ids": sorted(ids)})).all()
    return held
