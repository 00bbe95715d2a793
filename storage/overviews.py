"""What a practitioner needs to see of a patient at a glance: for the card, the lists and the digest.

The number of queries is the same for one patient and for a thousand.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, select

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


class _Statements:
    """What is read of the patients that `which` chooses. Built once a choice: they are many, and long."""

    def __init__(self, which: ColumnElement[bool]) -> None:
        ids = select(Patient.id).where(which)
        courses = select(func.max(Course.id)).where(Course.patient_id.in_(ids)).group_by(Course.patient_id)
        self.patients = select(Patient).where(which).order_by(Patient.id)
        self.courses = select(Course).where(Course.id.in_(courses))
        self.sessions = (
            select(Session)
            .where(Session.course_id.in_(courses), Session.undone_at.is_(None))
            .order_by(Session.ended_at, Session.id)
        )
        self.appointments = (
            select(Appointment)
            .where(Appointment.course_id.in_(courses), Appointment.state.in_(ACTIVE))
            .order_by(Appointment.id)
        )
        self.alerts = (
            select(Alert)
            .where(Alert.patient_id.in_(ids), Alert.resolved_at.is_(None))
            .order_by(Alert.grade.desc(), Alert.raised_at)
        )
        self.letters = (
            select(Letter.patient_id, Letter.album, Letter.id, Letter.received_at)
            .where(
                Letter.patient_id.in_(ids),
                Letter.inbound,
                Letter.answered_at.is_(None),
                Letter.edited_of.is_(None),
            )
            .order_by(Letter.received_at, Letter.id)
        )
        latest = _latest_sessions(courses)
        self.answers = (
            select(Answer.check_in_id, Answer.question, Answer.score)
            .join(CheckIn, CheckIn.id == Answer.check_in_id)
            .where(CheckIn.session_id.in_(latest))
        )
        self.checks = select(CheckIn).where(CheckIn.session_id.in_(latest)).order_by(CheckIn.due_at, CheckIn.id)


def _latest_sessions(courses: Select[Any]) -> Select[int]:
    """The latest session of each course."""
    numbers = (
        select(Session.course_id, func.max(Session.number).label("number"))
        .where(Session.course_id.in_(courses), Session.undone_at.is_(None))
        .group_by(Session.course_id)
        .subquery()
    )
    return (
        select(Session.id)
        .join(numbers, (numbers.c.course_id == Session.course_id) & (numbers.c.number == Session.number))
        .where(Session.undone_at.is_(None))
    )


_ID = bindparam("id", type_=Integer)
_OF_PATIENT = _Statements(Patient.id == _ID)
_OF_PRACTITIONER = _Statements((Patient.practitioner_id == _ID) & Patient.removed_at.is_(None))
_VISIBLE = _Statements(visible_to(_ID))
_NAMES = select(Staff.id, Staff.name)


async def of_patient(work: UnitOfWork, patient_id: int) -> Overview | None:
    """One patient. Whose they are, the caller asks."""
    found = await _overviews(work, _OF_PATIENT, patient_id)
    return found[0] if found else None


async def of_practitioner(work: UnitOfWork, staff_id: int) -> list[Overview]:
    """A practitioner's own patients."""
    return await _overviews(work, _OF_PRACTITIONER, staff_id)


async def visible(work: UnitOfWork, actor: Actor) -> list[Overview]:
    """All patients whom an actor may see."""
    return await _overviews(work, _VISIBLE, actor.staff_id)


async def _overviews(work: UnitOfWork, read: _Statements, chosen: int | None) -> list[Overview]:
    of = {"id": chosen}
    patients = (await work.session.scalars(read.patients, of)).all()
    of_patient = await _by(work, read.courses, of, "patient_id")
    of_course = await _by(work, read.sessions, of, "course_id")
    expected = await _by(work, read.appointments, of, "course_id")
    alerts = await _by(work, read.alerts, of, "patient_id")
    letters = await _questions(work, read, of)
    checks = await _checks(work, read, of)
    staff = {row.id: row.name for row in await work.session.rows(_NAMES)}
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


async def _by(work: UnitOfWork, statement: Select[Any], of: Mapping[str, Any], column: str) -> dict[int, list[Any]]:
    """The rows of a statement, gathered by one of their columns."""
    gathered: dict[int, list[Any]] = defaultdict(list)
    for row in await work.session.scalars(statement, of):
        gathered[getattr(row, column)].append(row)
    return gathered


def _last(rows: list[Any]) -> Any:
    return rows[-1] if rows else None


async def _questions(work: UnitOfWork, read: _Statements, of: Mapping[str, Any]) -> dict[int, list[datetime]]:
    first: dict[tuple[int, str], datetime] = {}
    for patient_id, album, letter_id, received_at in (await work.session.rows(read.letters, of)).all():
        first.setdefault((patient_id, album or f"letter {letter_id}"), received_at)
    waiting: dict[int, list[datetime]] = defaultdict(list)
    for (patient_id, _), received_at in first.items():
        waiting[patient_id].append(received_at)
    return waiting


async def _checks(work: UnitOfWork, read: _Statements, of: Mapping[str, Any]) -> dict[int, list[Check]]:
    """The checks of the latest session of each course, by session."""
    scores: dict[int, dict[str, int]] = defaultdict(dict)
    for check_in_id, question, score in await work.session.rows(read.answers, of):
        scores[check_in_id][question] = score
    checks: dict[int, list[Check]] = defaultdict(list)
    for check_in in await work.session.scalars(read.checks, of):
        checks[check_in.session_id].append(Check(check_in, scores[check_in.id]))
    return checks
