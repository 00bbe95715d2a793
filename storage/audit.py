"""Who did what: rows are only ever added."""

from datetime import datetime
from typing import Any

from messages.people import Actor
from storage.database import UnitOfWork
from storage.tables import Audit


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
    work.session.add(
        Audit(
            at=now,
            staff_id=actor.staff_id if actor else None,
            patient_id=actor.patient_id if actor else None,
            action=action,
            subject=subject,
            subject_id=subject_id,
            details=details,
        )
    )
