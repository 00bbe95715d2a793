"""The pending messages of a course: which steps went already, and how they are withdrawn.

Withdrawing ends outbox rows and planned check-ins together. A check-in that is at this moment being sent is left to
the sender; one that was sent stays answerable.
"""

from collections import Counter
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, or_, select, update

from messages.care_plan import CheckKind
from messages.outgoing import PROACTIVE, Kind
from messages.reminder_times import EVE_REMINDER
from messages.schedule import SkipReason
from storage import check_ins, outbox
from storage.database import UnitOfWork
from storage.tables import Appointment, CheckIn, Course, Outbox, Session

LEFT_OUT = "left_out:"
"""How the keys of rows begin that were left out when they were planned."""

EARLY_REMINDER = "before_48h"
ALL_WELL = SkipReason.COURSE_QUIET.value
MERGED = SkipReason.MERGED.value

_GONE = ("sending", "sent", "uncertain")
_PROACTIVE = [kind.value for kind in PROACTIVE]


async def withdraw_course(work: UnitOfWork, course: Course, *, reason: str, now: datetime) -> int:
    """Withdraw check-ins, nudges and reminders of a course. Returns how many messages there were."""
    sessions = select(Session.id).where(Session.course_id == course.id)
    await _hold(work, CheckIn.session_id.in_(sessions))
    rows = await outbox.withdraw(
        work,
        Outbox.patient_id == course.patient_id,
        Outbox.kind.in_(_PROACTIVE),
        _about(course),
        reason=reason,
        now=now,
    )
    await _stop_chasing(work, CheckIn.session_id.in_(sessions))
    await _cancel(work, CheckIn.session_id.in_(sessions), now=now)
    return rows


async def withdraw_earlier(work: UnitOfWork, *, patient_id: int, session_id: int, now: datetime) -> int:
    """Withdraw what sessions before this one still wanted, but not late checks. Returns how many messages."""
    earlier = (
        CheckIn.patient_id == patient_id,
        CheckIn.session_id != session_id,
        CheckIn.kind != CheckKind.LATE.value,
    )
    await _hold(work, *earlier)
    rows = await outbox.withdraw(
        work,
        Outbox.patient_id == patient_id,
        Outbox.kind.in_(_PROACTIVE),
        or_(Outbox.kind == Kind.REMINDER.value, Outbox.check_in_id.in_(select(CheckIn.id).where(*earlier))),
        reason="new_session",
        now=now,
    )
    await _stop_chasing(work, *earlier)
    await _cancel(work, *earlier, now=now)
    return rows


async def withdraw_to_replan(work: UnitOfWork, course: Course, session: Session | None, *, now: datetime) -> None:
    """Withdraw the pending checks of `session` and the course's reminders, to be planned anew.

    Checks that ask again after something to watch stay: they belong to an answer, not to the plan.
    """
    of_session = (
        CheckIn.session_id == (session.id if session else None),
        CheckIn.kind != CheckKind.REASK.value,
        CheckIn.state == "planned",
    )
    await _hold(work, *of_session)
    await outbox.withdraw(
        work,
        Outbox.patient_id == course.patient_id,
        or_(
            (Outbox.kind == Kind.REMINDER.value) & _about(course),
            (Outbox.kind == Kind.CHECK_IN.value) & Outbox.check_in_id.in_(select(CheckIn.id).where(*of_session)),
        ),
        reason="replanned",
        now=now,
    )
    await _cancel(work, *of_session, now=now)
    await forget_left_out(work, course, session)


async def forget_left_out(work: UnitOfWork, course: Course, session: Session | None) -> None:
    """What a plan left out belongs to the plan: it goes when `session` is planned anew, or undone."""
    await work.session.execute(
        delete(Outbox).where(
            Outbox.course_id == course.id,
            Outbox.session_id == (session.id if session else None),
            Outbox.key.startswith(LEFT_OUT),
        )
    )


async def steps_gone(work: UnitOfWork, session: Session | None, appointment: Appointment | None) -> frozenset[str]:
    """The steps not to be planned again: sent, being sent, or left out by a rule.

    An eve check counts only for its own appointment, and stands for the reminder that it carried.
    """
    appointment_id = appointment.id if appointment else None
    gone = {
        template.rpartition(".")[2]
        for template in await work.session.scalars(
            select(Outbox.template).where(
                Outbox.appointment_id == appointment_id,
                Outbox.kind == Kind.REMINDER.value,
                Outbox.state.in_(_GONE),
            )
        )
    }
    checks = await work.session.scalars(
        select(CheckIn).where(CheckIn.session_id == (session.id if session else None), CheckIn.state != "cancelled")
    )
    for check in checks:
        is_eve = check.kind == CheckKind.EVE.value
        carried = appointment_id is not None and check.appointment_id == appointment_id
        if carried:
            gone.add(EVE_REMINDER if is_eve else EARLY_REMINDER)
        if carried or not is_eve:
            gone.add(check.step)
    return frozenset(gone)


async def times_planned(work: UnitOfWork, appointment: Appointment | None) -> Counter[str]:
    """How often each reminder of an appointment was planned before, by its text: makes its next key new."""
    templates = await work.session.scalars(
        select(Outbox.template).where(
            Outbox.appointment_id == (appointment.id if appointment else None),
            Outbox.kind == Kind.REMINDER.value,
            Outbox.key.startswith(LEFT_OUT).is_(False),
        )
    )
    return Counter(templates.all())


def _about(course: Course) -> ColumnElement[bool]:
    """Rows of the course; those that answer to a check-in, such as nudges, are found through it."""
    checks = select(CheckIn.id).join(Session, Session.id == CheckIn.session_id).where(Session.course_id == course.id)
    visits = select(Appointment.id).where(Appointment.course_id == course.id)
    return or_(Outbox.course_id == course.id, Outbox.check_in_id.in_(checks), Outbox.appointment_id.in_(visits))


_IS_BEING_SENT = CheckIn.id.in_(
    select(Outbox.check_in_id).where(
        Outbox.kind == Kind.CHECK_IN.value, Outbox.state == "sending", Outbox.check_in_id.is_not(None)
    )
)


async def _hold(work: UnitOfWork, *which: ColumnElement[bool]) -> None:
    """Hold the check-ins before their outbox rows, and the open ones first, as whoever answers one does.

    The other way round PostgreSQL finds a deadlock with an answer given at that moment, and stops one of the two.
    """
    if work.on_sqlite:
        return
    await work.session.execute(
        select(CheckIn.id)
        .where(CheckIn.state.in_(check_ins.UNFINISHED), ~_IS_BEING_SENT, *which)
        .order_by(CheckIn.state == "planned", CheckIn.id)
        .with_for_update()
    )


async def _cancel(work: UnitOfWork, *which: ColumnElement[bool], now: datetime) -> None:
    await check_ins.withdraw(
        work,
        CheckIn.state == "planned",
        ~_IS_BEING_SENT,
        *which,
        state="cancelled",
        now=now,
    )


async def _stop_chasing(work: UnitOfWork, *which: ColumnElement[bool]) -> None:
    """Open check-ins stay answerable, but nobody is nudged about them."""
    await work.session.execute(
        update(CheckIn).where(CheckIn.state == "open", *which).values(nudge_due_at=None, silence_due_at=None)
    )


async def was_told(work: UnitOfWork, appointment: Appointment | None) -> bool:
    """Whether the patient has heard of this appointment: a reminder, or a check-in that carried one, was sent."""
    if appointment is None:
        return False
    return (
        await work.session.scalar(
            select(Outbox.id).where(Outbox.appointment_id == appointment.id, Outbox.state.in_(_GONE)).limit(1)
        )
        is not None
    )


async def count_pending(work: UnitOfWork, course: Course) -> int:
    """How many check-ins and reminders of a course are still to be sent."""
    statement = select(func.count(Outbox.id)).where(
        Outbox.patient_id == course.patient_id,
        Outbox.kind.in_(_PROACTIVE),
        Outbox.state == "pending",
        _about(course),
    )
    return await work.session.scalar(statement) or 0


async def to_patient(work: UnitOfWork, patient_id: int) -> list[tuple[Outbox, CheckIn | None]]:
    """A patient's check-ins, nudges and reminders that are pending, sent, or were not sent, oldest first.

    What was withdrawn, or travelled with another message, is not told: nobody waited for it.
    """
    statement = (
        select(Outbox, CheckIn)
        .join(CheckIn, CheckIn.id == Outbox.check_in_id, isouter=True)
        .where(
            Outbox.patient_id == patient_id,
            Outbox.kind.in_(_PROACTIVE),
            or_(Outbox.state != "cancelled", Outbox.reason == ALL_WELL),
            or_(Outbox.reason.is_(None), Outbox.reason != MERGED),
        )
        .order_by(Outbox.due_at, Outbox.id)
    )
    return [(row, check) for row, check in (await work.session.execute(statement)).all()]
