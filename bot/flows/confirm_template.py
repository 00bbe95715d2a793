"""A second admin confirms or refuses a new emergency text."""

from datetime import datetime

from messages.errors import OutOfDate, PersonError
from messages.outgoing import Kind
from messages.people import Actor
from messages.templates import check
from messages.text_directory import readable
from storage import audit, outbox, templates
from storage.database import UnitOfWork
from storage.outbox import Owed
from storage.tables import TemplateVersion


async def confirm(work: UnitOfWork, *, actor: Actor, version_id: int, now: datetime) -> TemplateVersion:
    """Put a proposal into force and tell who made it. Raises OutOfDate once it was decided."""
    proposal = await _waiting(work, actor, version_id)
    text = proposal.text or ""
    check(proposal.key, proposal.language, text)
    proposal.state = "withdrawn"
    # A row of its own: what is in force is the newest id, and something may have been published meanwhile.
    row = await templates.publish(
        work,
        proposal.key,
        proposal.language,
        text,
        author_id=proposal.author_id,
        confirmed_by=actor.staff_id,
        now=now,
    )
    await _tell_author(work, proposal, "admin.proposal.confirmed", now)
    await audit.note(work, actor, "text_confirmed", "text", row.id, now=now, key=row.key, language=row.language)
    await work.commit()
    return row


async def refuse(work: UnitOfWork, *, actor: Actor, version_id: int, now: datetime) -> TemplateVersion:
    """Leave everything as it is and tell who proposed the change. Raises OutOfDate once it was decided."""
    proposal = await _waiting(work, actor, version_id)
    proposal.state = "withdrawn"
    await _tell_author(work, proposal, "admin.proposal.refused", now)
    await audit.note(work, actor, "text_refused", "text", proposal.id, now=now, key=proposal.key)
    await work.commit()
    return proposal


async def look(work: UnitOfWork, version_id: int) -> TemplateVersion:
    """A proposal that still waits. Raises OutOfDate once it was decided or replaced."""
    proposal = await templates.version(work, version_id)
    if proposal.state != "awaiting":
        raise OutOfDate("admin.proposal.decided")
    return proposal


async def _waiting(work: UnitOfWork, actor: Actor, version_id: int) -> TemplateVersion:
    await templates.take_turn(work)
    proposal = await look(work, version_id)
    if proposal.author_id == actor.staff_id:
        raise PersonError("admin.proposal.own")
    return proposal


async def _tell_author(work: UnitOfWork, proposal: TemplateVersion, template: str, now: datetime) -> None:
    told = Owed(
        key=f"text_decided:{proposal.id}",
        kind=Kind.NOTICE,
        template=template,
        due_at=now,
        staff_id=proposal.author_id,
        values={"text_name": readable(proposal.key)},
    )
    await outbox.plan(work, [told], now=now)
