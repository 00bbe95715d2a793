"""Next visits. A course has at most one active appointment."""

from datetime import datetime

from sqlalchemy import bindparam, select

from messages.errors import NotFound
from storage.database import UnitOfWork
from storage.tables import Appointment

ACTIVE = ("booked", "confirmed", "move_asked", "cannot_come")
"""The states in which a visit is expected; moved, cancelled and fulfilled ones are over."""


async def add(work: UnitOfWork, *, course_id: int, starts_at: datetime, now: datetime) -> Appointment:
    """A booked appointment."""
    appointment = Appointment(course_id=course_id, starts_at=starts_at, state="booked", created_at=now)
    work.session.add(appointment)
    await work.session.flush()
    return appointment


async def get(work: UnitOfWork, appointment_id: int) -> Appointment:
    """The appointment, active or not. Raises NotFound."""
    appointment = await work.session.get(Appointment, appointment_id)
    if appointment is None:
        raise NotFound
    return appointment


_ACTIVE = (
    select(Appointment)
    .where(Appointment.course_id == bindparam("course"), Appointment.state.in_(ACTIVE))
    .order_by(Appointment.id.desc())
    .limit(1)
)


async def active(work: UnitOfWork, course_id: int) -> Appointment | None:
    """The appointment that is expected next."""
    return await work.session.scalar(_ACTIVE, {"course": course_id})


async def latest_fulfilled(work: UnitOfWork, course_id: int, *, since: datetime) -> Appointment | None:
    """The newest appointment, made at or after `since`, that a session fulfilled."""
    return await work.session.scalar(
        select(Appointment)
        .where(
            Appointment.course_id == course_id,
            Appointment.state == "fulfilled",
            Appointment.created_at >= since,
        )
        .order_by(Appointment.id.desc())
        .limit(1)
    )
