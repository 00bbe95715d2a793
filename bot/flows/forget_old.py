"""Once a day, what is no longer needed is forgotten. The audit and the medical record stay.

The terms are docs/clinical.md, "Privacy": what was written 12 months, content-free records 90 days. Handled updates
hold no content any more and are kept a week, to look into errors.
"""

from collections import Counter
from datetime import datetime, timedelta

from messages.clinic import Clinic
from storage import audit, inbox, letters, outbox
from storage.agenda import LONG_AGO, Agenda
from storage.database import Database, UnitOfWork

LETTERS_KEPT = timedelta(days=365)
RECORDS_KEPT = timedelta(days=90)
UPDATES_KEPT = timedelta(days=7)
EVERY = timedelta(days=1)

PORTION = 500
"""How many things of a sort are forgotten in one unit of work: alerts and answers wait for no more than that."""


async def forget_old(database: Database, clinic: Clinic, now: datetime) -> int:
    """Forget what has outlived its term, once a day. Returns how many things.

    A kill on the way leaves the rest to the next try: the day counts as done only when everything is.
    """
    forgotten: Counter[str] = Counter()
    done = False
    while not done:
        async with database.work() as work:
            last = await audit.last_at(work, audit.FORGOTTEN, audit.RETENTION)
            if last is not None and now - last < EVERY:
                break
            portion = await _forget_portion(work, now)
            forgotten.update(portion)
            done = max(portion.values()) < PORTION
            if done:
                await audit.note(work, None, audit.FORGOTTEN, audit.RETENTION, None, now=now, **forgotten)
            await work.commit()
    return forgotten.total()


async def _forget_portion(work: UnitOfWork, now: datetime) -> dict[str, int]:
    return {
        "letters": await letters.forget_contents(work, before=now - LETTERS_KEPT, most=PORTION),
        "messages": await outbox.forget_ended(work, before=now - RECORDS_KEPT, most=PORTION),
        "updates": await inbox.forget_handled(
            work, before=now - UPDATES_KEPT, dead_before=now - RECORDS_KEPT, most=PORTION
        ),
    }


def next_at(agenda: Agenda) -> datetime | None:
    """When it is time again."""
    return LONG_AGO if agenda.forgotten is None else agenda.forgotten + EVERY
