"""A clinic in the middle of its courses: every patient has had a session and answered two check-ins."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from storage.database import Database
from storage.tables import Answer, Appointment, CheckIn, Course, Patient, Session, Staff
from tests.bench import loads

FEW_PATIENTS = 5
"""Of the last practitioner, whose queries are compared."""

STEPS = ("after_3h", "after_24h")
QUESTIONS = ("swelling", "bruising", "pain")


async def fill(database: Database, practitioners: int, patients: int, *, zone: ZoneInfo) -> None:
    """`practitioners` whose digest is due, with `patients` each, and one more with five whose digest is not."""
    now = datetime.now(UTC)
    staff = [
        {**loads.staff_row(number, 10_000_000 + number, now), "digest_due_at": now - timedelta(minutes=1)}
        for number in range(1, practitioners + 1)
    ]
    staff.append(loads.staff_row(practitioners + 1, 10_000_000, now))
    await loads.add_rows(database, Staff, staff)
    owners = [number for number in range(1, practitioners + 1) for _ in range(patients)]
    owners += [practitioners + 1] * FEW_PATIENTS
    rows = [loads.patient_row(each, 20_000_000 + each, owner, zone, now) for each, owner in enumerate(owners, start=1)]
    await loads.add_rows(database, Patient, rows)
    await loads.add_rows(database, Course, [loads.course_row(row["id"], now) for row in rows])
    ids = [row["id"] for row in rows]
    await loads.add_rows(
        database,
        Session,
        [
            {"id": each, "course_id": each, "number": 1, "ended_at": now - timedelta(hours=30), "recorded_at": now,
             "recorded_by": owners[each - 1]}
            for each in ids
        ],
    )  # fmt: skip
    await loads.add_rows(
        database,
        Appointment,
        [
            {"id": each, "course_id": each, "starts_at": now + timedelta(hours=20), "state": "booked",
             "created_at": now}
            for each in ids
        ],
    )  # fmt: skip
    await _fill_answers(database, ids, now)


async def _fill_answers(database: Database, patient_ids: list[int], now: datetime) -> None:
    checks = [
        {
            "id": (each - 1) * len(STEPS) + place + 1, "session_id": each, "patient_id": each, "step": step,
            "kind": "routine", "state": "done", "due_at": at, "opened_at": at, "answered_at": at, "done_at": at,
            "nothing_else": True, "grade": 1,
        }
        for each in patient_ids
        for place, step in enumerate(STEPS)
        for at in [now - timedelta(hours=27 - 21 * place)]
    ]  # fmt: skip
    await loads.add_rows(database, CheckIn, checks)
    answers = [
        {"check_in_id": check["id"], "question": question, "score": 1, "answered_at": now}
        for check in checks
        for question in QUESTIONS
    ]
    await loads.add_rows(database, Answer, answers)
