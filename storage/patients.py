"""Patients, and whose they are.

A practitioner sees their own patients and those of colleagues who name them as cover. Names are compared in Python,
not by the database: they are private text, which may one day be stored unreadable to it.
"""

import unicodedata
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Integer, bindparam, select

from messages.errors import NotFound
from messages.people import Actor
from storage.database import UnitOfWork
from storage.tables import Patient, Staff


def fold(name: str) -> str:
    """A name as it is searched: without accents, marks of direction, capitals and doubled blanks."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    kept = "".join(sign for sign in decomposed if unicodedata.category(sign) not in {"Mn", "Cf"})
    return " ".join(kept.split())


def visible_to(staff_id: int | ColumnElement[int] | None) -> ColumnElement[bool]:
    """The patients a practitioner may see: own ones, and those they cover for. Nobody's for None."""
    covered = select(Staff.id).where(Staff.cover_id == staff_id, Staff.removed_at.is_(None))
    mine = (Patient.practitioner_id == staff_id) | Patient.practitioner_id.in_(covered)
    return mine & Patient.removed_at.is_(None)


async def add(work: UnitOfWork, *, name: str, language: str, zone: str, practitioner_id: int, now: datetime) -> Patient:
    """A new patient who has not joined yet."""
    patient = Patient(
        name=name,
        search_name=fold(name),
        language=language,
        zone=zone,
        practitioner_id=practitioner_id,
        created_at=now,
    )
    work.session.add(patient)
    await work.session.flush()
    return patient


async def get(work: UnitOfWork, patient_id: int) -> Patient:
    """The patient. Raises NotFound where there is none, or none any more."""
    patient = await work.session.get(Patient, patient_id)
    if patient is None or patient.removed_at is not None:
        raise NotFound
    return patient


_FOR_STAFF = select(Patient).where(Patient.id == bindparam("patient"), visible_to(bindparam("staff", type_=Integer)))


async def for_staff(work: UnitOfWork, actor: Actor, patient_id: int) -> Patient:
    """The patient, if this member of staff may see them. Raises NotFound otherwise: they cannot tell which."""
    patient = await work.session.scalar(_FOR_STAFF, {"patient": patient_id, "staff": actor.staff_id})
    if actor.staff_id is None or patient is None:
        raise NotFound
    return patient


async def search(work: UnitOfWork, actor: Actor, part: str = "") -> Sequence[Patient]:
    """The visible patients whose name holds every word of `part`, in the order of their names."""
    words = fold(part).split()
    visible = (await work.session.scalars(select(Patient).where(visible_to(actor.staff_id)))).all()
    found = [each for each in visible if all(word in each.search_name for word in words)]
    return sorted(found, key=lambda each: (each.search_name, each.id))
