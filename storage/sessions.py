"""Treatments that took place. One that was undone keeps its row and is not counted."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select

from messages.errors import NotFound
from storage.database import UnitOfWork
from storage.tables import Course, Session


async def get(work: UnitOfWork, session_id: int) -> Session:
    """The session, undone or not. Raises NotFound."""
    session = await work.session.get(Session, session_id)
    if session is None:
        raise NotFound
    return session


async def of_course(work: UnitOfWork, course_id: int) -> Sequence[Session]:
    """The sessions of a course, oldest first."""
    statement = (
        select(Session)
        .where(Session.course_id == course_id, Session.undone_at.is_(None))
        .order_by(Session.ended_at, Session.id)
    )
    return (await work.session.scalars(statement)).all()


async def latest(work: UnitOfWork, course_id: int) -> Session | None:
    """The newest session of a course."""
    return await work.session.scalar(
        select(Session)
        .where(Session.course_id == course_id, Session.undone_at.is_(None))
        .order_by(Session.ended_at.desc(), Session.id.desc())
        .limit(1)
    )


async def count(work: UnitOfWork, course_id: int) -> int:
    """How many sessions of a course took place."""
    statement = select(func.count()).where(Session.course_id == course_id, Session.undone_at.is_(None))
    return await work.session.scalar(statement) or 0


async def latest_end(work: UnitOfWork, patient_id: int, *, but_not: int | None = None) -> datetime | None:
    """When the patient's newest session ended, in whichever course; `but_not` is a session left out of account."""
    statement = (
        select(func.max(Session.ended_at))
        .join(Course, Course.id == Session.course_id)
        .where(Course.patient_id == patient_id, Session.undone_at.is_(None), Session.id != (but_not or 0))
    )
    return await work.session.scalar(statement)


async def ended_in_second(work: UnitOfWork, patient_id: int, second: datetime) -> Session | None:
    """The patient's session that ended within the second that begins at `second`."""
    return await work.session.scalar(
        select(Session)
        .join(Course, Course.id == Session.course_id)
        .where(
            Course.patient_id == patient_id,
            Session.undone_at.is_(None),
            Session.ended_at >= second,
            Session.ended_at < second + timedelta(seconds=1),
        )
        .order_by(Session.id.desc())
        .limit(1)
    )
