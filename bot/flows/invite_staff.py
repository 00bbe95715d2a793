"""Invite a practitioner or an admin: a one-time link, valid fourteen days."""

from datetime import datetime

from messages.clinic import Clinic
from messages.errors import PersonError
from messages.people import Actor
from storage import audit, invitations, staff
from storage.database import UnitOfWork
from storage.tables import Staff

LONGEST_NAME = 64
"""Characters of a name: as many as a text may show of it (messages/texts/keys.toml)."""


async def invite_staff(
    work: UnitOfWork,
    *,
    actor: Actor | None,
    name: str,
    practitioner: bool,
    admin: bool,
    language: str,
    clinic: Clinic,
    now: datetime,
) -> tuple[Staff, str]:
    """Add a person and make their link's token; `actor` is None on the command line.

    Raises PersonError for a name that is empty or too long, and for a person without any role.
    """
    if not practitioner and not admin:
        raise PersonError("admin.people.needs_role")
    member = Staff(
        name=checked_name(name),
        language=language or clinic.language,
        is_practitioner=practitioner,
        is_admin=admin,
        created_at=now,
    )
    work.session.add(member)
    await work.session.flush()
    token = await invitations.create(work, staff_id=member.id, created_by=actor.staff_id if actor else None, now=now)
    await audit.note(work, actor, "invited", "staff", member.id, now=now, practitioner=practitioner, admin=admin)
    await work.commit()
    return member, token


async def renew(work: UnitOfWork, *, actor: Actor, staff_id: int, now: datetime) -> tuple[Staff, str]:
    """A new link for somebody who has not joined yet; the earlier one stops working."""
    member = await _not_joined(work, staff_id)
    token = await invitations.create(work, staff_id=member.id, created_by=actor.staff_id, now=now)
    await audit.note(work, actor, "invitation_renewed", "staff", member.id, now=now)
    await work.commit()
    return member, token


async def withdraw(work: UnitOfWork, *, actor: Actor, staff_id: int, now: datetime) -> Staff:
    """Take the link back: whoever opens it is told so. It can be renewed."""
    member = await _not_joined(work, staff_id)
    await invitations.withdraw(work, staff_id=member.id, now=now)
    await audit.note(work, actor, "invitation_withdrawn", "staff", member.id, now=now)
    await work.commit()
    return member


async def _not_joined(work: UnitOfWork, staff_id: int) -> Staff:
    member = await staff.present(work, staff_id)
    if member.joined_at is not None:
        raise PersonError("admin.people.already_joined", {"name": member.name})
    return member


def checked_name(name: str) -> str:
    """A name as it is stored: one line, no blanks around it. Raises PersonError when empty or too long."""
    shown = " ".join(name.split())
    if not shown:
        raise PersonError("admin.people.name_empty")
    if len(shown) > LONGEST_NAME:
        raise PersonError("admin.people.name_too_long", {"length": len(shown), "limit": LONGEST_NAME})
    return shown
