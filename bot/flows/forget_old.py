"""Once a day, what is no longer needed is forgotten. The audit and the medical record stay.

The terms are docs/clinical.md, "Privacy": what was written 12 months, content-free records 90 days. Handled updates
hold no content any more and are kept a week, to look into errors.
"""

from datetime import datetime, timedelta

from messages.clinic import Clinic
from storage import audit, inbox, letters, outbox
from storage.agenda import LONG_AGO, Agenda
from storage.database import Database

LETTERS_KEPT = timedelta(days=365)
RECORDS_KEPT = timedelta(days=90)
UPDATES_KEPT = timedelta(days=7)
EVERY = timedelta(days=1)


async def forget_old(database: Database, clinic: Clinic, now: datetime) -> int:
    """Forget what has outlived its term, once a day. Returns how many things."""
    async with database.work() as work:
        last = await audit.last_at(work, audit.FORGOTTEN, audit.RETENTION)
        if last is not None and now - last < EVERY:
            return 0
        forgotten = {
            "letters": await letters.forget_contents(work, before=now - LETTERS_KEPT),
            "messages": await outbox.forget_ended(work, before=now - RECORDS_KEPT),
            "updates": await inbox.forget_handled(work, before=now - UPDATES_KEPT, dead_before=now - RECORDS_KEPT),
        }
        await audit.note(work, None, audit.FORGOTTEN, audit.RETENTION, None, now=now, **forgotten)
        await work.commit()
    return sum(forgotten.values())


def next_at(agenda: Agenda) -> datetime | None:
    """When it is time again."""
    return LONG_AGO if agenda.forgotten is None else agenda.forgotten + EVERY
