"""What a practitioner needs to see of a patient at a glance: for the card, the lists and the digest.

The number of queries is the same for one patient and for a thousand.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from messages.people import Actor
from storage.appointments import ACTIVE
from storage.database import UnitOfWork
from storage.patients import visible_to
from storage.tables import Alert, Answer, Appointment, CheckIn, Course, Letter, Patient, Session, Staff


@dataclass(frozen=True)
class Check:
    """A check-in with its scores by question."""

    check_in: CheckIn
    scores: Mapping[str, int]


@dataclass(frozen=True)
class Overview:
    """One patient with their newest course. `checks` are those of its latest session, in order of time.

    `alerts` are the open ones, the gravest first. `questions` are the times of unanswered letters, oldest first; an
    album counts once. `staff` are names by id.
    """

    patient: Patient
    course: Course | None
    session: Session | None
    appointment: Appointment | None
    checks: Sequence[Check]
    alerts: Sequence[Alert]
    questions: Sequence[datetime]
    staff: Mapping[int, str]


async def of_patient(work: UnitOfWork, patient_id: int) -> Overview | None:
    """One patient. Whose they are, the caller asks."""
    found = await _overviews(work, Patient.id == patient_id)
    return found[0] if found else None


async def of_practitioner(work: UnitOfWork, staff_id: int) -> list[Overview]:
    """A practitioner's own patients."""
    return await _overviews(work, (Patient.practitioner_id == staff_id) & Patient.removed_at.is_(None))


async def visible(work: UnitOfWork, actor: Actor) -> list[Overview]:
    """All patients whom an actor may see."""
    return await _overviews(work, visible_to(actor.staff_id))


async def _overviews(work: UnitOfWork, which: ColumnElement[bool]) -> list[Overview]:
    patients = (await work.session.scalars(select(Patient).where(which).order_by(Patient.id))).all()
    ids = select(Patient.id).where(which)
    courses = select(func.max(Course.id)).where(Course.patient_id.in_(ids)).group_by(Course.patient_id)
    of_patient = await _by(work, select(Course).where(Course.id.in_(courses)), "patient_id")
    sessions = select(Session).where(Session.course_id.in_(courses), Session.undone_at.is_(None))
    of_course = await _by(work, sessions.order_by(Session.ended_at, Session.id), "course_id")
    visits = select(Appointment).where(Appointment.course_id.in_(courses), Appointment.state.in_(ACTIVE))
    expected = await _by(work, visits.order_by(Appointment.id), "course_id")
    open_alerts = select(Alert).where(Alert.patient_id.in_(ids), Alert.resolved_at.is_(None))
    alerts = await _by(work, open_alerts.order_by(Alert.grade.desc(), Alert.raised_at), "patient_id")
    letters = await _questions(work, ids)
    checks = await _checks(work, courses)
    names = await work.session.execute(select(Staff.id, Staff.name))
    staff = {row.id: row.name for row in names}
    result = []
    for patient in patients:
        course = _last(of_patient[patient.id])
        session = _last(of_course[course.id]) if course else None
        result.append(
            Overview(
                patient=patient,
                course=course,
                session=session,
                appointment=_last(expected[course.id]) if course else None,
                checks=checks[session.id] if session else (),
                alerts=alerts[patient.id],
                questions=letters[patient.id],
                staff=staff,
            )
        )
    return result


async def _by(work: UnitOfWork, statement: Select[Any], column: str) -> dict[int, list[Any]]:
    """The rows of a statement, gathered by one of their columns."""
    gathered: dict[int, list[Any]] = defaultdict(list)
    for row in await work.session.scalars(statement):
        gathered[getattr(row, column)].append(row)
    return gathered


def _last(rows: list[Any]) -> Any:
    return rows[-1] if rows else None


async def _questions(work: UnitOfWork, ids: Select[Any]) -> dict[int, list[datetime]]:
    statement = (
        select(Letter.patient_id, Letter.album, Letter.id, Letter.received_at)
        .where(
            Letter.patient_id.in_(ids),
            Letter.inbound,
            Letter.answered_at.is_(None),
            Letter.edited_of.is_(None),
        )
        .order_by(Letter.received_at, Letter.id)
    )
    first: dict[tuple[int, str], datetime] = {}
    for patient_id, album, letter_id, received_at in (await work.session.execute(statement)).all():
        first.setdefault((patient_id, album or f"letter {letter_id}"), received_at)
    waiting: dict[int, list[datetime]] = defaultdict(list)
    for (patient_id, _), received_at in first.items():
        waiting[patient_id].append(received_at)
    return waiting


async def _checks(work: UnitOfWork, courses: Select[Any]) -> dict[int, list[Check]]:
    """The checks of the latest session of each course, by session."""
    numbers = (
        select(Session.course_id, func.max(Session.number).label("number"))
        .where(Session.course_id.in_(courses), Session.undone_at.is_(None))
        .group_by(Session.course_id)
        .subquery()
    )
    latest = (
        select(Session.id)
        .join(numbers, (numbers.c.course_id == Session.course_id) & (numbers.c.number == Session.number))
        .where(Session.undone_at.is_(None))
    )
    scores: dict[int, dict[str, int]] = defaultdict(dict)
    answers = select(Answer).join(CheckIn, CheckIn.id == Answer.check_in_id).where(CheckIn.session_id.in_(latest))
    for answer in await work.session.scalars(answers):
        scores[answer.check_in_id][answer.question] = answer.score
    checks: dict[int, list[Check]] = defaultdict(list)
    statement = select(CheckIn).where(CheckIn.session_id.in_(latest)).order_by(CheckIn.due_at, CheckIn.id)
    for check_in in await work.session.scalars(statement):
        checks[check_in.session_id].append(Check(check_in, scores[check_in.id]))
    return checks
