"""Courses of treatment."""

from datetime import datetime

from sqlalchemy import bindparam, select

from messages.errors import NotFound
from storage.database import UnitOfWork
from storage.tables import Course


async def add(
    work: UnitOfWork, *, patient_id: int, family: str, sessions: int, interval_days: int, now: datetime
) -> Course:
    """A new course that begins now."""
    course = Course(
        patient_id=patient_id,
        family=family,
        sessions_planned=sessions,
        interval_days=interval_days,
        created_at=now,
    )
    work.session.add(course)
    await work.session.flush()
    return course


async def get(work: UnitOfWork, course_id: int) -> Course:
    """The course. Raises NotFound."""
    course = await work.session.get(Course, course_id)
    if course is None:
        raise NotFound
    return course


_CURRENT = select(Course).where(Course.patient_id == bindparam("patient")).order_by(Course.id.desc()).limit(1)


async def current(work: UnitOfWork, patient_id: int) -> Course | None:
    """The newest course, also when it has ended: late checks and questions still belong to it."""
    return await work.session.scalar(_CURRENT, {"patient": patient_id})


async def under_way(work: UnitOfWork, patient_id: int) -> Course | None:
    """The newest course, unless it has ended. A paused one is under way."""
    course = await current(work, patient_id)
    return course if course is not None and course.ended_at is None else None
