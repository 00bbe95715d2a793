"""A process that plans every digest that is due, then composes each: `python -m tests.bench.plan_digests URL ZONE`.

Prints seconds and numbers of queries as JSON.
"""

import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, event, select

from bot.flows.compose_digest import digest_of
from bot.flows.send_digests import send_digests
from bot.texts import PublishedTexts
from messages.clinic import Clinic
from messages.templates import Texts
from storage.database import Database
from storage.tables import Outbox, Staff


class Queries:
    """Counts every statement of this process."""

    def __init__(self) -> None:
        self.count = 0
        event.listen(Engine, "before_cursor_execute", self._note)

    def _note(self, *_: object) -> None:
        self.count += 1


async def _main(url: str, zone: str) -> None:
    clinic = Clinic("Lindenhof Clinic", ZoneInfo(zone), "+33 1 23 45 67 89", "112", "en")
    database, queries, now = Database(url), Queries(), datetime.now(UTC)
    async with database.read() as work:
        texts = await PublishedTexts(database).current(work)
    begun = time.perf_counter()
    planned = await send_digests(database, clinic, now)
    after_planning = time.perf_counter()
    async with database.read() as work:
        owed = (await work.session.scalars(select(Outbox.staff_id))).all()
        spare = (await work.session.scalars(select(Staff.id).where(Staff.id.not_in(owed)))).one()
    before = queries.count
    composing = time.perf_counter()
    for staff_id in owed:
        assert staff_id is not None
        await _compose(database, staff_id, texts, clinic, now)
    composed = time.perf_counter()
    of_many = (queries.count - before) / len(owed)
    before = queries.count
    await _compose(database, spare, texts, clinic, now)
    found = {
        "planned": planned,
        "plan": after_planning - begun,
        "compose": composed - composing,
        "queries": of_many,
        "few": queries.count - before,
    }
    await database.close()
    print(json.dumps(found), flush=True)
    sys.stdin.read()


async def _compose(database: Database, staff_id: int, texts: Texts, clinic: Clinic, now: datetime) -> None:
    async with database.read() as work:
        digest = await digest_of(work, staff_id, texts=texts, language="en", clinic=clinic, now=now)
    assert digest.buttons, "a digest without patients"


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2]))
