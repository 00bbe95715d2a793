"""One-time links: how a patient or a member of staff joins.

A token is 192 random bits in the alphabet of Telegram's start parameter. Only its SHA-256 is kept: whoever reads the
database cannot join with it.
"""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import ColumnElement, select, update

from storage.database import UnitOfWork
from storage.tables import Invitation

TOKEN_BYTES = 24
"""Random bytes of a token: 32 characters, well inside the 64 that Telegram allows."""

LONGEST_TOKEN = 64
"""Characters that Telegram allows in a start parameter."""


async def create(
    work: UnitOfWork,
    *,
    patient_id: int | None = None,
    staff_id: int | None = None,
    created_by: int | None,
    now: datetime,
    days: int = 14,
) -> str:
    """A new link for one person, valid for `days`; returns its token, which nothing can show again.

    Earlier open links of the same person are withdrawn. `created_by` is None for the command line.
    """
    await withdraw(work, patient_id=patient_id, staff_id=staff_id, now=now)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    work.session.add(
        Invitation(
            token_hash=_hash(token),
            patient_id=patient_id,
            staff_id=staff_id,
            created_by=created_by,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
    )
    await work.session.flush()
    return token


async def withdraw(
    work: UnitOfWork, *, patient_id: int | None = None, staff_id: int | None = None, now: datetime
) -> int:
    """Make the person's open links useless. Returns how many there were."""
    statement = (
        update(Invitation)
        .where(_of(patient_id, staff_id), Invitation.used_at.is_(None), Invitation.withdrawn_at.is_(None))
        .values(withdrawn_at=now)
        .returning(Invitation.id)
    )
    return len((await work.session.execute(statement)).all())


async def open_for(
    work: UnitOfWork, *, patient_id: int | None = None, staff_id: int | None = None, now: datetime
) -> Invitation | None:
    """The person's link that still works."""
    return await work.session.scalar(
        select(Invitation).where(
            _of(patient_id, staff_id),
            Invitation.used_at.is_(None),
            Invitation.withdrawn_at.is_(None),
            Invitation.expires_at > now,
        )
    )


async def find(work: UnitOfWork, token: str) -> Invitation | None:
    """The invitation of a token, whatever became of it; None for a token that we never made."""
    if not token or len(token) > LONGEST_TOKEN:
        return None
    return await work.session.scalar(select(Invitation).where(Invitation.token_hash == _hash(token)))


async def use(work: UnitOfWork, invitation_id: int, *, now: datetime) -> bool:
    """Use a link up. False when somebody was faster: two phones may open it in the same moment."""
    statement = (
        update(Invitation)
        .where(Invitation.id == invitation_id, Invitation.used_at.is_(None), Invitation.withdrawn_at.is_(None))
        .values(used_at=now)
        .returning(Invitation.id)
    )
    return (await work.session.execute(statement)).first() is not None


def _of(patient_id: int | None, staff_id: int | None) -> ColumnElement[bool]:
    if (patient_id is None) == (staff_id is None):
        raise ValueError("an invitation is for one patient or one member of staff")
    if patient_id is not None:
        return Invitation.patient_id == patient_id
    return Invitation.staff_id == staff_id


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
