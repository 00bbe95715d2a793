"""The conversation between patients and the clinic: every message of either side, as it came."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update

from storage.database import UnitOfWork
from storage.tables import Letter


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
        select(Letter).where(
            Letter.chat_id == chat_id, Letter.message_id == message_id, Letter.edited_of.is_(None)
        )
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
        .where(Letter.patient_id == patient_id, Letter.inbound, Letter.answered_at.is_(None))
        .order_by(Letter.id)
    )
    return (await work.session.scalars(statement)).all()


async def mark_answered(work: UnitOfWork, patient_id: int, *, now: datetime) -> int:
    """Somebody has written to the patient: what waited is answered. Returns how many letters waited."""
    statement = (
        update(Letter)
        .where(Letter.patient_id == patient_id, Letter.inbound, Letter.answered_at.is_(None))
        .values(answered_at=now)
        .returning(Letter.id)
    )
    return len((await work.session.execute(statement)).all())


async def last_answer_at(work: UnitOfWork, patient_id: int) -> datetime | None:
    """When the clinic last wrote to the patient."""
    return await work.session.scalar(
        select(func.max(Letter.received_at)).where(Letter.patient_id == patient_id, Letter.inbound.is_(False))
    )


async def forget_contents(work: UnitOfWork, *, before: datetime) -> int:
    """Forget what letters older than `before` said; that they were sent stays known. Returns how many."""
    statement = (
        update(Letter)
        .where(Letter.received_at < before, Letter.text.is_not(None) | Letter.file_id.is_not(None))
        .values(text=None, file_id=None)
        .returning(Letter.id)
    )
    return len((await work.session.execute(statement)).all())
