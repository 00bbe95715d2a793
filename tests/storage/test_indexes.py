"""What is asked again and again reads an index, however many messages are planned or ended."""

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import event

from messages.outgoing import Lane
from storage import check_ins, inbox, letters, outbox, overviews, sending
from storage.agenda import agenda
from storage.database import Database, UnitOfWork
from storage.tables import CheckIn, Outbox
from tests.claiming import claimed
from tests.databases import Sqlite

GROWING = {
    "alerts", "answers", "appointments", "check_ins", "courses", "deliveries", "inbox", "letters", "outbox",
    "reported_items", "sessions",
}  # fmt: skip

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


async def _ask_everything(work: UnitOfWork) -> None:
    await agenda(work, now=NOW)
    await sending.next_by_lane(work)
    for lane in Lane:
        await sending.claim(work, lane, many=30, now=NOW)
    await sending.mark_sending(work, [claimed(Outbox(id=1, staff_id=1)), claimed(Outbox(id=2, patient_id=1))])
    await sending.anything_abandoned(work, in_hand={1, 2}, now=NOW)
    await sending.recover(work, now=NOW)
    await sending.recover(work, now=NOW, in_hand={1, 2})
    await outbox.last_carrying(work, 1)
    await letters.read_by_nobody(work, 1, since=NOW)
    await letters.patients_unread(work, 1, since=NOW)
    await letters.undelivered_to_staff(work, 1, since=NOW)
    await letters.undelivered_to_patient(work, 1, since=NOW)
    await letters.waiting(work, 1)
    await outbox.forget_ended(work, before=NOW - timedelta(days=90), most=500)
    await inbox.waiting(work, now=NOW, but_not=[1], limit=16, yielding=["TimedOut"])
    await inbox.with_more(work, {1: 2})
    await inbox.last_stored(work)
    await overviews.of_practitioner(work, 1)
    await check_ins.all_answers_of(work, [CheckIn(id=1), CheckIn(id=2)])


async def test_nothing_reads_a_whole_table_that_grows(sqlite: Sqlite) -> None:
    """PostgreSQL chooses by statistics and cannot be asked without a million rows; the indexes are the same."""
    asked: list[tuple[str, Any]] = []
    with sqlite.database() as address:
        database = Database(address)
        for engine in database.engines.synchronous:
            event.listen(engine, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))
        async with database.work() as work:
            await _ask_everything(work)
            await work.commit()
        await database.close()
        with sqlite3.connect(address.removeprefix("sqlite:///")) as connection:
            plans = {
                statement: [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
                for statement, values in asked
            }
        connection.close()
    assert len(plans) > 10
    scans = [(step, statement) for statement, steps in plans.items() for step in steps if _reads_all(step)]
    assert scans == []


def _reads_all(step: str) -> bool:
    return step in {f"SCAN {table}" for table in GROWING}
