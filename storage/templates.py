"""Versions of the texts: which one is live, and what came before."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, func, select, update
from sqlalchemy import text as sql

from messages.errors import NotFound
from messages.templates import Published
from storage.database import UnitOfWork
from storage.outbox import OPEN_STATES
from storage.tables import Outbox, Patient, Staff, TemplateVersion

NEWEST_PUBLISHED = select(func.max(TemplateVersion.id)).where(TemplateVersion.state == "published")
"""Grows whenever anything is published: the cache of texts hangs on it. None for nothing yet."""


async def newest_published_id(work: UnitOfWork) -> int:
    """The newest published version of all texts; 0 for nothing yet."""
    return await work.session.scalar(NEWEST_PUBLISHED) or 0


async def live(work: UnitOfWork) -> dict[tuple[str, str], Published]:
    """The published version of each (key, language) that has one and is not restored to its default."""
    newest = (
        select(func.max(TemplateVersion.id))
        .where(TemplateVersion.state == "published")
        .group_by(TemplateVersion.key, TemplateVersion.language)
    )
    rows = await work.session.scalars(select(TemplateVersion).where(TemplateVersion.id.in_(newest)))
    return {(row.key, row.language): Published(row.id, row.text) for row in rows if row.text is not None}


async def take_turn(work: UnitOfWork) -> None:
    """Publish one after another: two admins must not both find a text unchanged.

    It also keeps the ids of versions in the order of their commits, which `newest_published_id` relies on.
    SQLite's writers come one after another anyway.
    """
    if not work.on_sqlite:
        await work.session.execute(sql("LOCK TABLE template_versions IN SHARE ROW EXCLUSIVE MODE"))


async def current(work: UnitOfWork, key: str, language: str) -> TemplateVersion | None:
    """The version now in force; None where nothing was ever published. An empty text is the default's."""
    return await work.session.scalar(_published(key, language).limit(1))


async def history(work: UnitOfWork, key: str, language: str, *, limit: int) -> Sequence[TemplateVersion]:
    """The published versions, the newest first."""
    return (await work.session.scalars(_published(key, language).limit(limit))).all()


async def version(work: UnitOfWork, version_id: int) -> TemplateVersion:
    """One version. Raises NotFound."""
    found = await work.session.get(TemplateVersion, version_id)
    if found is None:
        raise NotFound
    return found


async def publish(
    work: UnitOfWork,
    key: str,
    language: str,
    text: str | None,
    *,
    author_id: int,
    confirmed_by: int | None = None,
    now: datetime,
) -> TemplateVersion:
    """Put a text into force from this commit on; None restores the default."""
    row = TemplateVersion(
        key=key,
        language=language,
        text=text,
        state="published",
        author_id=author_id,
        created_at=now,
        confirmed_by=confirmed_by,
        published_at=now,
    )
    work.session.add(row)
    await work.session.flush()
    return row


async def propose(
    work: UnitOfWork, key: str, language: str, text: str, *, author_id: int, now: datetime
) -> TemplateVersion:
    """Let a text wait for a second admin; an earlier one of the same key that still waits is withdrawn."""
    await work.session.execute(
        update(TemplateVersion)
        .where(
            TemplateVersion.key == key,
            TemplateVersion.language == language,
            TemplateVersion.state == "awaiting",
        )
        .values(state="withdrawn")
    )
    row = TemplateVersion(key=key, language=language, text=text, state="awaiting", author_id=author_id, created_at=now)
    work.session.add(row)
    await work.session.flush()
    return row


async def count_queued(work: UnitOfWork, key: str, language: str) -> int:
    """How many messages still to be sent will say this text to readers of this language."""
    reader = func.coalesce(Patient.language, Staff.language)
    statement = (
        select(func.count(Outbox.id))
        .select_from(Outbox)
        .outerjoin(Patient, Patient.id == Outbox.patient_id)
        .outerjoin(Staff, Staff.id == Outbox.staff_id)
        .where(Outbox.template == key, Outbox.state.in_(OPEN_STATES), reader == language)
    )
    return await work.session.scalar(statement) or 0


def _published(key: str, language: str) -> Select[TemplateVersion]:
    return (
        select(TemplateVersion)
        .where(
            TemplateVersion.key == key,
            TemplateVersion.language == language,
            TemplateVersion.state == "published",
        )
        .order_by(TemplateVersion.id.desc())
    )
