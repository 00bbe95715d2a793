"""Once a day, what is no longer needed is forgotten. The audit and the medical record stay.

The terms are docs/clinical.md, "Privacy": what was written 12 months, content-free records 90 days. Handled updates
hold no content any more and are kept a week, to look into errors.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
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

AT_ONCE = 10
"""Portions in one go: the ladder of alerts waits for no more. The next tick goes on."""


async def forget_old(database: Database, clinic: Clinic, now: datetime) -> int:
    """Forget what has outlived its term, once a day. Returns how many things.

    A kill on the way leaves the rest to the next try: the day counts as done only when everything is. The audit holds
    the numbers of the go that came to the end.
    """
    forgotten: Counter[str] = Counter()
    left = dict(_FORGETTING)
    for _ in range(AT_ONCE):
        async with database.work() as work:
            last = await audit.last_at(work, audit.FORGOTTEN, audit.RETENTION)
            if last is not None and now - last < EVERY:
                break
            for name, forget in list(left.items()):
                portion = await forget(work, now)
                forgotten[name] += portion
                if portion < PORTION:
                    del left[name]
            if not left:
                await audit.note(work, None, audit.FORGOTTEN, audit.RETENTION, None, now=now, **forgotten)
            await work.commit()
    return forgotten.total()


async def _letters(work: UnitOfWork, now: datetime) -> int:
    return await letters.forget_contents(work, before=now - LETTERS_KEPT, most=PORTION)


async def _messages(work: UnitOfWork, now: datetime) -> int:
    return await outbox.forget_ended(work, before=now - RECORDS_KEPT, most=PORTION)


async def _updates(work: UnitOfWork, now: datetime) -> int:
    return await inbox.forget_handled(work, before=now - UPDATES_KEPT, dead_before=now - RECORDS_KEPT, most=PORTION)


_FORGETTING: Mapping[str, Callable[[UnitOfWork, datetime], Awaitable[int]]] = {
    "letters": _letters,
    "messages": _messages,
    "updates": _updates,
}


def next_at(agenda: Agenda) -> datetime | None:
    """When it is time again."""
    return LONG_AGO if agenda.forgotten is None else agenda.forgotten + EVERY
