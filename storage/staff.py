"""Practitioners and admins."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnExpressionArgument, func, select

from messages.errors import NotFound
from storage.database import UnitOfWork
from storage.tables import Patient, Staff

_AT_WORK = (Staff.joined_at.is_not(None), Staff.removed_at.is_(None))
"""Who can be reached: the invitation was used, and nobody removed them."""


async def get(work: UnitOfWork, staff_id: int) -> Staff:
    """A member of staff, removed ones too: their name still stands in the records. Raises NotFound."""
    member = await work.session.get(Staff, staff_id)
    if member is None:
        raise NotFound
    return member


async def present(work: UnitOfWork, staff_id: int) -> Staff:
    """A member of staff who has not been removed, joined or only invited. Raises NotFound."""
    member = await get(work, staff_id)
    if member.removed_at is not None:
        raise NotFound
    return member


async def practitioners(work: UnitOfWork) -> Sequence[Staff]:
    """Practitioners who have joined and were not removed, by name."""
    return await _those(work, Staff.is_practitioner, *_AT_WORK)


async def admins(work: UnitOfWork) -> Sequence[Staff]:
    """Admins who have joined and were not removed, by name."""
    return await _those(work, Staff.is_admin, *_AT_WORK)


async def everyone(work: UnitOfWork) -> Sequence[Staff]:
    """All who were not removed, those who have not used their invitation too, by name."""
    return await _those(work, Staff.removed_at.is_(None))


async def unreachable(work: UnitOfWork) -> Sequence[Staff]:
    """Those whom Telegram last refused to reach: they have blocked the bot or left Telegram."""
    return await _those(work, Staff.unreachable_since.is_not(None), *_AT_WORK)


async def cover_of(work: UnitOfWork, staff: Staff) -> Staff | None:
    """Who steps in for `staff`, if they can be reached: joined and not removed."""
    if staff.cover_id is None:
        return None
    return await work.session.scalar(select(Staff).where(Staff.id == staff.cover_id, *_AT_WORK))


async def covered_by(work: UnitOfWork, staff_id: int) -> Sequence[Staff]:
    """Those for whom `staff_id` steps in."""
    return await _those(work, Staff.cover_id == staff_id, Staff.removed_at.is_(None))


async def count_patients(work: UnitOfWork, staff_id: int) -> int:
    """How many patients, not removed, a practitioner has."""
    statement = select(func.count()).where(Patient.practitioner_id == staff_id, Patient.removed_at.is_(None))
    return await work.session.scalar(statement) or 0


async def _those(work: UnitOfWork, *which: ColumnExpressionArgument[bool]) -> Sequence[Staff]:
    statement = select(Staff).where(*which).order_by(func.lower(Staff.name), Staff.id)
    return (await work.session.scalars(statement)).all()


async def hold_admins(work: UnitOfWork) -> Sequence[Staff]:
    """Admins who have joined, held until the end of this transaction: two of them must not remove each other."""
    statement = select(Staff).where(Staff.is_admin, *_AT_WORK).order_by(Staff.id).with_for_update()
    return (await work.session.scalars(statement)).all()


async def patients_of(work: UnitOfWork, staff_id: int) -> Sequence[Patient]:
    """The patients of a practitioner who were not removed."""
    statement = (
        select(Patient).where(Patient.practitioner_id == staff_id, Patient.removed_at.is_(None)).order_by(Patient.id)
    )
    return (await work.session.scalars(statement)).all()


async def digests_due(work: UnitOfWork, *, now: datetime) -> Sequence[Staff]:
    """Practitioners whose digest is due at `now`, or who have no time for their first one yet."""
    due = Staff.digest_due_at.is_(None) | (Staff.digest_due_at <= now)
    return await _those(work, Staff.is_practitioner, due, *_AT_WORK)


NEXT_DIGEST = select(func.min(func.coalesce(Staff.digest_due_at, Staff.joined_at))).where(
    Staff.is_practitioner, *_AT_WORK
)
"""When the next digest of any practitioner is due; in the past where the first one has no time yet."""
