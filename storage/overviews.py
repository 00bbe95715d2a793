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
from storage.many_ids import among
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


_NEWEST = select(func.max(Course.id)).where(among(Course.patient_id)).group_by(Course.patient_id)
_COURSES = select(Course).where(Course.id.in_(_NEWEST))
_SESSIONS = (
    select(Session).where(among(Session.course_id), Session.undone_at.is_(None)).order_by(Session.ended_at, Session.id)
)
_APPOINTMENTS = (
    select(Appointment).where(among(Appointment.course_id), Appointment.state.in_(ACTIVE)).order_by(Appointment.id)
)
_ALERTS = (
    select(Alert)
    .where(among(Alert.patient_id), Alert.resolved_at.is_(None))
    .order_by(Alert.grade.desc(), Alert.raised_at)
)
_LETTERS = (
    select(Letter.patient_id, Letter.album, Letter.id, Letter.received_at)
    .where(
        among(Letter.patient_id),
        Letter.inbound,
        Letter.answered_at.is_(None),
        Letter.edited_of.is_(None),
    )
    .order_by(Letter.received_at, Letter.id)
)
_ANSWERS = (
    select(Answer.check_in_id, Answer.question, Answer.score)
    .join(CheckIn, CheckIn.id == Answer.check_in_id)
    .where(among(CheckIn.session_id))
)
_CHECKS = select(CheckIn).where(among(CheckIn.session_id)).order_by(CheckIn.due_at, CheckIn.id)

_ID = bindparam("id", type_=Integer)


def _patients(which: ColumnElement[bool]) -> Select[Patient]:
    return select(Patient).where(which).order_by(Patient.id)


_OF_PATIENT = _patients(Patient.id == _ID)
_OF_PRACTITIONER = _patients((Patient.practitioner_id == _ID) & Patient.removed_at.is_(None))
_VISIBLE = _patients(visible_to(_ID))
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


async def _overviews(work: UnitOfWork, which: Select[Patient], chosen: int | None) -> list[Overview]:
    patients = (await work.session.scalars(which, {"id": chosen})).all()
    of_patients = {"ids": [patient.id for patient in patients]}
    courses = {each.patient_id: each for each in await work.session.scalars(_COURSES, of_patients)}
    of_courses = {"ids": [course.id for course in courses.values()]}
    sessions = {each.course_id: each for each in await work.session.scalars(_SESSIONS, of_courses)}
    expected = {each.course_id: each for each in await work.session.scalars(_APPOINTMENTS, of_courses)}
    alerts = await _alerts(work, of_patients)
    letters = await _questions(work, of_patients)
    checks = await _checks(work, {"ids": [session.id for session in sessions.values()]})
    staff = {row.id: row.name for row in await work.session.rows(_NAMES)}
    result = []
    for patient in patients:
        course = courses.get(patient.id)
        session = sessions.get(course.id) if course else None
        result.append(
            Overview(
                patient=patient,
                course=course,
                session=session,
                appointment=expected.get(course.id) if course else None,
                checks=checks[session.id] if session else (),
                alerts=alerts[patient.id],
                questions=letters[patient.id],
                staff=staff,
            )
        )
    return result


async def _alerts(work: UnitOfWork, of_patients: Mapping[str, Any]) -> dict[int, list[Alert]]:
    alerts: dict[int, list[Alert]] = defaultdict(list)
    for alert in await work.session.scalars(_ALERTS, of_patients):
        alerts[alert.patient_id].append(alert)
    return alerts


async def _questions(work: UnitOfWork, of_patients: Mapping[str, Any]) -> dict[int, list[datetime]]:
    first: dict[tuple[int, str], datetime] = {}
    for patient_id, album, letter_id, received_at in (await work.session.rows(_LETTERS, of_patients)).all():
        first.setdefault((patient_id, album or f"letter {letter_id}"), received_at)
    waiting: dict[int, list[datetime]] = defaultdict(list)
    for (patient_id, _), received_at in first.items():
        waiting[patient_id].append(received_at)
    return waiting


async def _checks(work: UnitOfWork, of_sessions: Mapping[str, Any]) -> dict[int, list[Check]]:
    """The checks of some sessions, by session."""
    scores: dict[int, dict[str, int]] = defaultdict(dict)
    for check_in_id, question, score in await work.session.rows(_ANSWERS, of_sessions):
        scores[check_in_id][question] = score
    checks: dict[int, list[Check]] = defaultdict(list)
    for check_in in await work.session.scalars(_CHECKS, of_sessions):
        checks[check_in.session_id].append(Check(check_in, scores[check_in.id]))
    return checks
