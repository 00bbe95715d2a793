"""Loads: people, and rows of the outbox by the hundred and by the million, written as bulk SQL.

Every pending row is a reminder of a real visit to a real patient: what is most often waiting in a real outbox.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import JSON, String, cast, func, insert, literal, select, text

from messages.flags import Grade
from messages.outgoing import Kind, Lane
from storage import alerts
from storage.database import Base, Database, UtcDateTime
from storage.tables import Alert, Appointment, Course, Outbox, Patient, Staff
from tests.bench.figures import WrongResult

AT_ONCE = 5_000
"""Rows in one call of executemany."""

CHUNK = 50_000
"""Rows in one transaction of a bulk load."""

FAR = timedelta(days=60)
"""When the first of the pending rows is due: long after the measurement."""

REMINDER = "patient.reminder.before_24h"


@dataclass(frozen=True)
class People:
    """Who is in the database: each number is an id, each chat a Telegram id."""

    practitioners: Sequence[int]
    patients: Sequence[int]
    zone: ZoneInfo

    def practitioner_of(self, patient_id: int) -> int:
        """Patients go round the practitioners."""
        return (patient_id - 1) % len(self.practitioners) + 1


async def add_rows(database: Database, table: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Bulk INSERT."""
    async with database.work() as work:
        for start in range(0, len(rows), AT_ONCE):
            # Many at once, which the bot's own queries never need, so that its session's type has no word for it.
            many: Any = rows[start : start + AT_ONCE]
            await work.session.execute(insert(table), many)
        await work.commit()


async def add_people(database: Database, people: People) -> None:
    """Practitioners, their patients, and a course with a visit in a month for each."""
    now = datetime.now(UTC)
    await add_rows(
        database, Staff, [staff_row(number + 1, chat, now) for number, chat in enumerate(people.practitioners)]
    )
    rows = [
        patient_row(number + 1, chat, people.practitioner_of(number + 1), people.zone, now)
        for number, chat in enumerate(people.patients)
    ]
    await add_rows(database, Patient, rows)
    await add_rows(database, Course, [course_row(row["id"], now) for row in rows])
    visits = [
        {"id": row["id"], "course_id": row["id"], "starts_at": now + timedelta(days=30), "state": "booked",
         "created_at": now}
        for row in rows
    ]  # fmt: skip
    await add_rows(database, Appointment, visits)


def staff_row(number: int, chat: int | None, now: datetime) -> dict[str, Any]:
    """A practitioner whose daily digest is not due before the measurement ends."""
    return {
        "id": number, "telegram_id": chat, "name": f"Marie Laurent {number}", "language": "en",
        "is_practitioner": True, "is_admin": False, "joined_at": now, "created_at": now,
        "digest_due_at": now + timedelta(days=1),
    }  # fmt: skip


def patient_row(number: int, chat: int | None, practitioner: int, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    """A patient who has joined and agreed."""
    return {
        "id": number, "telegram_id": chat, "name": f"Anna Keller {number}", "search_name": f"anna keller {number}",
        "language": "en", "zone": zone.key, "practitioner_id": practitioner, "joined_at": now, "consented_at": now,
        "created_at": now,
    }  # fmt: skip


def course_row(patient_id: int, now: datetime) -> dict[str, Any]:
    """The one course of a patient, under the patient's own number."""
    return {
        "id": patient_id, "patient_id": patient_id, "family": "face", "sessions_planned": 5, "interval_days": 14,
        "created_at": now,
    }  # fmt: skip


async def add_reminders(
    database: Database, people: People, count: int, *, first: datetime, apart: timedelta, name: str
) -> list[int]:
    """Routine rows, due one after the other, each to the next patient. Returns their chats."""
    now = datetime.now(UTC)
    numbers = [each % len(people.patients) + 1 for each in range(count)]
    rows = [
        {
            "key": f"{name}:{each}", "kind": Kind.REMINDER.value, "lane": Lane.ROUTINE.value, "patient_id": number,
            "subject_id": number, "template": REMINDER, "values": {}, "course_id": number, "appointment_id": number,
            "due_at": first + each * apart, "planned_at": now,
        }
        for each, number in enumerate(numbers)
    ]  # fmt: skip
    await add_rows(database, Outbox, rows)
    return [people.patients[number - 1] for number in numbers]


async def add_alerts(
    database: Database, people: People, count: int, *, first: datetime, apart: timedelta
) -> list[datetime]:
    """Alerts about different patients, to the practitioners in turn. Returns when each is due."""
    now = datetime.now(UTC)
    due = [first + each * apart for each in range(count)]
    patients = [each % len(people.patients) + 1 for each in range(count)]
    found = [
        {
            "id": each + 1, "patient_id": patients[each], "grade": Grade.U.value, "flags": ["U3"],
            "origin": "check_in", "raised_at": now, "notify_at": at, "rung": 0,
        }
        for each, at in enumerate(due)
    ]  # fmt: skip
    await add_rows(database, Alert, found)
    rows = [
        {
            "key": f"alert:{each}", "kind": Kind.ALERT.value, "lane": Lane.URGENT.value,
            "staff_id": each % len(people.practitioners) + 1, "subject_id": patients[each],
            "template": alerts.ALERT_TEMPLATE, "values": {}, "alert_id": each + 1, "due_at": at, "planned_at": now,
        }
        for each, at in enumerate(due)
    ]  # fmt: skip
    await add_rows(database, Outbox, rows)
    return due


async def add_pending(database: Database, people: People, count: int) -> None:
    """Reminders that are due in some months: they are only there. Made inside the database, chunk by chunk."""
    now = datetime.now(UTC)
    for start in range(0, count, CHUNK):
        due = now + FAR + timedelta(seconds=start)
        await _add_chunk(database, people, start, min(CHUNK, count - start), due, now)


async def _add_chunk(database: Database, people: People, start: int, count: int, due: datetime, now: datetime) -> None:
    numbers = select(literal(start).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < start + count - 1))
    patient = (numbers.c.n % len(people.patients) + 1).label("patient")
    moment, planned = literal(due, UtcDateTime()), literal(now, UtcDateTime())
    columns: dict[str, Any] = {
        "key": literal("pending:", String()) + cast(numbers.c.n, String()),
        "kind": literal(Kind.REMINDER.value, String()),
        "lane": literal(Lane.ROUTINE.value),
        "patient_id": patient,
        "subject_id": patient,
        "template": literal(REMINDER, String()),
        "values": literal({}, JSON()),
        "course_id": patient,
        "appointment_id": patient,
        "due_at": moment,
        "state": literal("pending", String()),
        "attempts": literal(0),
        "repeats": literal(0),
        "planned_at": planned,
    }
    rows = select(*(column.label(f"c{place}") for place, column in enumerate(columns.values())))
    async with database.work() as work:
        if not database.is_sqlite:
            # Four look-ups of keys that are known to be right, for each of a million rows, take minutes.
            await work.session.execute(text("SET LOCAL session_replication_role = replica"))
        await work.session.execute(insert(Outbox).from_select(list(columns), rows, include_defaults=False))
        await work.commit()


async def count_states(database: Database, name: str) -> dict[str, int]:
    """How many rows of a load there are in each state."""
    async with database.read() as work:
        statement = select(Outbox.state, func.count()).where(Outbox.key.startswith(f"{name}:")).group_by(Outbox.state)
        return {str(state): int(count) for state, count in (await work.session.execute(statement)).all()}


async def chats_of_sent(database: Database, name: str) -> list[int]:
    """To whom rows of a load were sent, as the database has it: a chat for each row."""
    statement = (
        select(Patient.telegram_id)
        .join(Outbox, Outbox.patient_id == Patient.id)
        .where(Outbox.key.startswith(f"{name}:"), Outbox.state == "sent")
    )
    async with database.read() as work:
        return [chat for chat in (await work.session.scalars(statement)).all() if chat is not None]


def expect_states(states: dict[str, int], expected: dict[str, int]) -> None:
    """Raises WrongResult unless exactly these states are recorded."""
    if states != expected:
        raise WrongResult(f"recorded are {states}, expected were {expected}")
