"""Change what is known of a practitioner or admin: roles, cover, hours, telephone, language, name."""

import re
from datetime import datetime, time

from bot.flows.hand_over_all import hand_over_all
from bot.flows.invite_staff import checked_name
from bot.flows.relay_letter import relay_unread, take_back
from bot.flows.remove_staff import refuse_last_admin, release_covers
from messages.catalogue import languages
from messages.clinic import Clinic
from messages.errors import NotFound, PersonError
from messages.outgoing import Kind
from messages.people import Actor
from messages.wall_clock import digest_at
from storage import audit, outbox, rota, staff
from storage.database import UnitOfWork
from storage.outbox import Owed
from storage.tables import Staff

_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{3,30}", re.ASCII)
_TIME = re.compile(r"([0-9]{1,2})(?:[:.h]([0-9]{2})|h)?", re.ASCII)
_SPAN = re.compile(r"\s*(?:-|–|—|to|à|until|bis)\s*", re.IGNORECASE)

NOTHING = frozenset({"-", "–", "—"})
"""What is typed to leave a field empty."""


async def set_admin(work: UnitOfWork, *, actor: Actor, staff_id: int, is_admin: bool, now: datetime) -> Staff:
    """Make or unmake an admin, and tell them. Raises PersonError for the last one, or where no role is left."""
    member = await staff.present(work, staff_id)
    if member.is_admin == is_admin:
        return member
    if not is_admin:
        await refuse_last_admin(work, member)
    member.is_admin = is_admin
    return await _roles_changed(work, actor, member, now)


async def make_practitioner(work: UnitOfWork, *, actor: Actor, staff_id: int, clinic: Clinic, now: datetime) -> Staff:
    """From now on they may have patients, and get a digest."""
    member = await staff.present(work, staff_id)
    if member.is_practitioner:
        return member
    member.is_practitioner = True
    member.digest_due_at = _next_digest(member, clinic, now)
    return await _roles_changed(work, actor, member, now)


async def unmake_practitioner(
    work: UnitOfWork,
    *,
    actor: Actor,
    staff_id: int,
    successor_id: int | None,
    clinic: Clinic,
    now: datetime,
) -> Staff:
    """Their patients go to a colleague first. Raises PersonError without one, or where no role is left."""
    await rota.change(work)
    member = await staff.present(work, staff_id)
    if not member.is_practitioner:
        return member
    await hand_over_all(work, actor=actor, member=member, successor_id=successor_id, clinic=clinic, now=now)
    for colleague in await release_covers(work, member):
        await take_back(work, member.id, await staff.patients_of(work, colleague.id), now=now)
        await relay_unread(work, colleague.id, now=now)
    member.is_practitioner = False
    member.cover_id = None
    member.digest_due_at = None
    return await _roles_changed(work, actor, member, now)


async def _roles_changed(work: UnitOfWork, actor: Actor, member: Staff, now: datetime) -> Staff:
    if not member.is_admin and not member.is_practitioner:
        raise PersonError("admin.people.needs_role")
    await audit.note(
        work,
        actor,
        "roles_changed",
        "staff",
        member.id,
        now=now,
        practitioner=member.is_practitioner,
        admin=member.is_admin,
    )
    if member.joined_at is not None and member.id != actor.staff_id:
        told = Owed(
            key=f"roles_changed:{member.id}:{int(now.timestamp())}",
            kind=Kind.NOTICE,
            template="staff.roles_changed",
            due_at=now,
            staff_id=member.id,
        )
        await outbox.plan(work, [told], now=now)
    await work.commit()
    return member


async def set_cover(work: UnitOfWork, *, actor: Actor, staff_id: int, cover_id: int | None, now: datetime) -> Staff:
    """Who steps in for a practitioner; None for nobody. Raises NotFound for anyone who can't."""
    await rota.change(work)
    member = await staff.present(work, staff_id)
    able = {each.id for each in await staff.practitioners(work)} - {member.id}
    if not member.is_practitioner or (cover_id is not None and cover_id not in able):
        raise NotFound
    if member.cover_id != cover_id:
        await take_back(work, member.cover_id, await staff.patients_of(work, member.id), now=now)
    member.cover_id = cover_id
    await relay_unread(work, member.id, now=now)
    return await _changed(work, actor, member, now, field="cover", cover=cover_id)


async def set_language(work: UnitOfWork, *, actor: Actor, staff_id: int, language: str, now: datetime) -> Staff:
    """In which language the bot talks to them. Raises NotFound for one that it does not speak."""
    member = await staff.present(work, staff_id)
    if language not in {each.code for each in languages()}:
        raise NotFound
    member.language = language
    return await _changed(work, actor, member, now, field="language", language=language)


async def set_typed(
    work: UnitOfWork, *, actor: Actor, staff_id: int, field: str, text: str, clinic: Clinic, now: datetime
) -> Staff:
    """Change what was typed for: name, phone, hours or digest. Raises PersonError for what can't be read."""
    member = await staff.present(work, staff_id)
    match field:
        case "name":
            member.name = checked_name(text)
        case "phone":
            member.phone = parse_phone(text)
        case "hours":
            member.works_from, member.works_until = parse_hours(text)
        case "digest":
            member.digest_hour = parse_time(text)
            if member.is_practitioner:
                member.digest_due_at = _next_digest(member, clinic, now)
        case _:
            raise NotFound
    return await _changed(work, actor, member, now, field=field)


async def _changed(work: UnitOfWork, actor: Actor, member: Staff, now: datetime, **details: object) -> Staff:
    await audit.note(work, actor, "changed", "staff", member.id, now=now, **details)
    await work.commit()
    return member


def _next_digest(member: Staff, clinic: Clinic, now: datetime) -> datetime | None:
    """None for people who have not joined: the first digest is planned when they do."""
    return digest_at(now, member.digest_hour, clinic.zone) if member.joined_at else None


def parse_phone(text: str) -> str | None:
    """A telephone number as typed, None for a dash. Raises PersonError for anything else."""
    typed = " ".join(text.split())
    if typed in NOTHING:
        return None
    if not _PHONE.fullmatch(typed):
        raise PersonError("admin.people.phone_wrong", {"text": typed[:60]})
    return typed


def parse_hours(text: str) -> tuple[time, time]:
    """ "9–18", "09:30 to 17:00". Raises PersonError unless the second time is later on the same day."""
    parts = _SPAN.split(text.strip())
    if len(parts) != 2:
        raise PersonError("admin.people.hours_wrong", {"text": text.strip()[:60]})
    start, end = parse_time(parts[0]), parse_time(parts[1])
    if end <= start:
        raise PersonError("admin.people.hours_wrong", {"text": text.strip()[:60]})
    return start, end


def parse_time(text: str) -> time:
    """ "8", "8:30", "8h30": a time of day, to the minute. Raises PersonError for anything else."""
    match = _TIME.fullmatch(text.strip().lower())
    if match is None or int(match[1]) > 23 or int(match[2] or 0) > 59:
        raise PersonError("admin.people.time_wrong", {"text": text.strip()[:60]})
    return time(int(match[1]), int(match[2] or 0))
