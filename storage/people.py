"""Who is behind a Telegram account."""

from sqlalchemy import select, update

from messages.people import Actor, Role
from storage.database import UnitOfWork
from storage.tables import Patient, Staff


async def actor_of(work: UnitOfWork, telegram_id: int, *, language: str) -> Actor:
    """The person of this account; a stranger, in `language`, when there is none or they were removed."""
    staff = await work.session.scalar(select(Staff).where(Staff.telegram_id == telegram_id, Staff.removed_at.is_(None)))
    if staff is not None:
        roles = {Role.PRACTITIONER} if staff.is_practitioner else set()
        if staff.is_admin:
            roles.add(Role.ADMIN)
        return Actor(telegram_id, frozenset(roles), staff.language, staff_id=staff.id)
    patient = await work.session.scalar(
        select(Patient).where(Patient.telegram_id == telegram_id, Patient.removed_at.is_(None))
    )
    if patient is not None:
        return Actor(
            telegram_id,
            frozenset({Role.PATIENT}),
            patient.language,
            patient_id=patient.id,
            consented=patient.consented_at is not None,
        )
    return Actor(telegram_id, frozenset({Role.STRANGER}), language)


async def release(work: UnitOfWork, telegram_id: int) -> None:
    """Whoever held this account, removed people for one, holds it no more: an account is one person."""
    for table in (Patient, Staff):
        await work.session.execute(update(table).where(table.telegram_id == telegram_id).values(telegram_id=None))
