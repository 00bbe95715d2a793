"""Versions of the texts: which one is live, and what came before."""

from sqlalchemy import func, select

from messages.templates import Published
from storage.database import UnitOfWork
from storage.tables import TemplateVersion


async def newest_published_id(work: UnitOfWork) -> int:
    """Grows whenever anything is published: the cache of texts hangs on it. 0 for nothing yet."""
    statement = select(func.max(TemplateVersion.id)).where(TemplateVersion.state == "published")
    return await work.session.scalar(statement) or 0


async def live(work: UnitOfWork) -> dict[tuple[str, str], Published]:
    """The published version of each (key, language) that has one and is not restored to its default."""
    newest = (
        select(func.max(TemplateVersion.id))
        .where(TemplateVersion.state == "published")
        .group_by(TemplateVersion.key, TemplateVersion.language)
    )
    rows = await work.session.scalars(select(TemplateVersion).where(TemplateVersion.id.in_(newest)))
    return {(row.key, row.language): Published(row.id, row.text) for row in rows if row.text is not None}
