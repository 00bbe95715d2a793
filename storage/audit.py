"""Who did what: rows are only ever added."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select

from messages.people import Actor
from storage.database import UnitOfWork
from storage.inserting import rows_of
from storage.tables import Audit

_NOTE = insert(rows_of(Audit))


async def note(
    work: UnitOfWork,
    actor: Actor | None,
    action: str,
    subject: str,
    subject_id: int | None,
    *,
    now: datetime,
    **details: Any,
) -> None:
    """Add one line. `details` are ids, numbers and names of keys; None for `actor` is the program itself."""
    line = {
        "at": now,
        "staff_id": actor.staff_id if actor else None,
        "patient_id": actor.patient_id if actor else None,
        "action": action,
        "subject": subject,
        "subject_id": subject_id,
        "details": details,
    }
    await work.session.rows(_NOTE, line)


RETENTION, FORGOTTEN = "retention", "retention.done"
"""Subject and action under which it is noted that what is old was forgotten."""

LAST_FORGETTING = select(func.max(Audit.at)).where(Audit.subject == RETENTION, Audit.action == FORGOTTEN)
"""When the old was last forgotten."""


_LAST = select(func.max(Audit.at)).where(Audit.subject == bindparam("subject"), Audit.action == bindparam("action"))


async def last_at(work: UnitOfWork, action: str, subject: str) -> datetime | None:
    """When this was last done to a subject of this kind."""
    return (await work.session.rows(_LAST, {"subject": subject, "action": action})).scalar()
