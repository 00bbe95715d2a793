"""A new patient of a practitioner: who they are, their course, and the one-time link by which they join."""

from datetime import datetime

from messages.care_plan import Family
from messages.clinic import Clinic
from messages.errors import NotAllowed, PersonError
from messages.people import Actor, Role
from storage import audit, courses, invitations, patients, rota, staff
from storage.database import UnitOfWork
from storage.tables import Patient

LONGEST_NAME = 200
MOST_SESSIONS = 40
LONGEST_INTERVAL = 365
"""Days. Both limits are those of a care plan (messages/care_plan.py)."""


async def add_patient(
    work: UnitOfWork,
    *,
    actor: Actor,
    name: str,
    family: Family,
    sessions: int,
    interval_days: int,
    language: str,
    clinic: Clinic,
    now: datetime,
) -> tuple[Patient, str]:
    """Add the patient with their course; returns them and the token of their link, valid 14 days.

    Raises PersonError for a name that is empty or too long, and for numbers outside a plan's limits; NotAllowed and
    NotFound for who is no practitioner any more.
    """
    if actor.staff_id is None or not actor.has(Role.PRACTITIONER):
        raise NotAllowed
    check_numbers(sessions=sessions, interval_days=interval_days)
    # Who is being removed would have their other patients handed over, and leave this one with nobody.
    await rota.follow(work)
    if not (await staff.present(work, actor.staff_id)).is_practitioner:
        raise NotAllowed
    patient = await patients.add(
        work,
        name=checked_name(name),
        language=language,
        zone=clinic.zone.key,
        practitioner_id=actor.staff_id,
        now=now,
    )
    course = await courses.add(
        work,
        patient_id=patient.id,
        family=family.value,
        sessions=sessions,
        interval_days=interval_days,
        now=now,
    )
    token = await invitations.create(work, patient_id=patient.id, created_by=actor.staff_id, now=now)
    await audit.note(work, actor, "added", "patient", patient.id, now=now, course_id=course.id)
    await work.commit()
    return patient, token


async def renew_link(work: UnitOfWork, *, actor: Actor, patient_id: int, now: datetime) -> tuple[Patient, str]:
    """A new link for a patient, also for one who has changed phones; the earlier one stops working."""
    patient = await patients.for_staff(work, actor, patient_id)
    token = await invitations.create(work, patient_id=patient.id, created_by=actor.staff_id, now=now)
    await audit.note(work, actor, "invitation_renewed", "patient", patient.id, now=now)
    await work.commit()
    return patient, token


async def withdraw_link(work: UnitOfWork, *, actor: Actor, patient_id: int, now: datetime) -> Patient:
    """Take the open link back: whoever opens it is told so."""
    patient = await patients.for_staff(work, actor, patient_id)
    await invitations.withdraw(work, patient_id=patient.id, now=now)
    await audit.note(work, actor, "invitation_withdrawn", "patient", patient.id, now=now)
    await work.commit()
    return patient


def checked_name(name: str) -> str:
    """A name as it is stored: one line. Raises PersonError when it is empty or too long."""
    shown = " ".join(name.split())
    if not patients.fold(shown):
        raise PersonError("error.name_empty")
    if len(shown) > LONGEST_NAME:
        raise PersonError("error.text_too_long", {"length": len(shown), "limit": LONGEST_NAME})
    return shown


def check_numbers(*, sessions: int = 1, interval_days: int = 1) -> None:
    """Raises PersonError for a number of sessions, or of days between them, that no course has."""
    if not 1 <= sessions <= MOST_SESSIONS:
        raise PersonError("error.sessions_out_of_range", {"limit": MOST_SESSIONS})
    if not 1 <= interval_days <= LONGEST_INTERVAL:
        raise PersonError("error.interval_out_of_range", {"limit": LONGEST_INTERVAL})
