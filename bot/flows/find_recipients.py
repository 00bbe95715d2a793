"""Who reads what concerns a patient: their practitioner, else the cover, else the admins."""

from storage import rota
from storage import staff as colleagues
from storage.database import UnitOfWork
from storage.tables import Patient, Staff


def is_reachable(member: Staff) -> bool:
    """Whether Telegram takes messages to this member of staff, as far as is known."""
    return member.joined_at is not None and member.removed_at is None and member.unreachable_since is None


async def as_on_the_rota(work: UnitOfWork, patient_id: int) -> Patient:
    """The patient with whose they are, which stays so until the end of this transaction (storage/rota.py).

    Whatever this unit of work has read of them before is read anew. Raises NoResultFound.
    """
    await rota.follow(work)
    patient = await work.session.get_one(Patient, patient_id, populate_existing=True)
    if not work.on_sqlite:
        practitioner = await work.session.get_one(Staff, patient.practitioner_id, populate_existing=True)
        if practitioner.cover_id is not None:
            await work.session.get_one(Staff, practitioner.cover_id, populate_existing=True)
    return patient


async def may_read(work: UnitOfWork, member: Staff, patient: Patient) -> bool:
    """Whether what this patient writes is for this member of staff: their practitioner, or the practitioner's cover."""
    if patient.practitioner_id == member.id:
        return True
    return (await work.session.get_one(Staff, patient.practitioner_id)).cover_id == member.id


async def reader_of(work: UnitOfWork, patient: Patient) -> Staff | None:
    """Who reads what the patient writes: the practitioner, else the cover.

    None when neither can be reached: then it waits, because an admin sees people, not symptoms.
    """
    practitioner = await work.session.get_one(Staff, patient.practitioner_id)
    if is_reachable(practitioner):
        return practitioner
    return await reachable_cover(work, practitioner)


async def reachable_cover(work: UnitOfWork, practitioner: Staff) -> Staff | None:
    """The colleague who steps in, if Telegram takes messages to them."""
    cover = await colleagues.cover_of(work, practitioner)
    return cover if cover is not None and is_reachable(cover) else None


async def reachable_admins(work: UnitOfWork) -> list[Staff]:
    """Every admin who can be reached."""
    return [admin for admin in await colleagues.admins(work) if is_reachable(admin)]


async def anyone_for(work: UnitOfWork, patient: Patient) -> list[Staff]:
    """Who must act when a patient cannot be reached here: one reader, or else all admins."""
    reader = await reader_of(work, patient)
    return [reader] if reader is not None else await reachable_admins(work)
