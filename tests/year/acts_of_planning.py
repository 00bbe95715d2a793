"""What practitioners plan: sessions, corrections, visits, pauses, ends of courses, hand-overs."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from sqlalchemy import select

from bot.flows.correct_session import correct_session, undo_session
from bot.flows.end_course import end_course, start_course
from bot.flows.hand_over import hand_over
from bot.flows.move_appointment import move_appointment
from bot.flows.pause_course import pause_course, resume_course
from bot.flows.record_session import record_session
from messages.care_plan import Family, plan_of
from messages.errors import PersonError
from messages.people import Actor
from messages.timing import wall_clock_add
from storage.database import UnitOfWork
from storage.tables import Course, Session
from tests.year.life import Act, Life
from tests.year.model import PatientFacts

Flow = Callable[[UnitOfWork, Actor, PatientFacts], Awaitable[object]]


async def _of_patient(life: Life, what: str, flow: Flow) -> str:
    """A patient's practitioner does something; what can't be done is told to them, and nothing happens."""
    patient = life.any_patient()
    owner = life.ledger.staff[patient.owner.newest]
    actor = await life.actor(owner)
    try:
        async with life.world.database.work() as work:
            await flow(work, actor, patient)
    except PersonError as refusal:
        return f"{what} of {patient.marker}: refused, {refusal.key}"
    return f"{what} of {patient.marker} by staff {owner.staff_id}"


def _visit_time(life: Life, after: datetime) -> datetime:
    """Some time of a working day ahead, on the clinic's clock."""
    local = wall_clock_add(after, days=life.random.choice((0, 1, 2, 7, 14, 28)), zone=life.world.zone)
    day = local.astimezone(life.world.zone)
    return day.replace(hour=life.random.randint(8, 18), minute=life.random.choice((0, 30)), second=0, microsecond=0)


async def record(life: Life) -> str:
    ended_at = life.now - timedelta(minutes=life.random.choice((0, 0, 5, 60, 300, 900)))
    next_at = _visit_time(life, life.now) if life.random.random() < 0.8 else None

    async def flow(work: UnitOfWork, actor: Actor, patient: PatientFacts) -> None:
        await record_session(
            work,
            actor=actor,
            patient_id=patient.patient_id,
            ended_at=ended_at,
            next_appointment=next_at,
            note=None,
            areas=None,
            usual_pain=life.random.choice((None, 3, 6)),
            clinic=life.world.clinic,
            now=life.now,
        )

    return await _of_patient(life, "session", flow)


async def _latest_session(work: UnitOfWork, patient: PatientFacts) -> Session | None:
    statement = (
        select(Session)
        .join(Course, Course.id == Session.course_id)
        .where(Course.patient_id == patient.patient_id, Session.undone_at.is_(None))
        .order_by(Session.id.desc())
        .limit(1)
    )
    return await work.session.scalar(statement)


async def correct(life: Life) -> str:
    async def flow(work: UnitOfWork, actor: Actor, patient: PatientFacts) -> None:
        session = await _latest_session(work, patient)
        if session is None:
            return
        await correct_session(
            work,
            actor=actor,
            session_id=session.id,
            ended_at=session.ended_at - timedelta(minutes=life.random.choice((0, 30, 120))),
            next_appointment=_visit_time(life, life.now) if life.random.random() < 0.7 else None,
            note=None,
            areas=None,
            usual_pain=session.usual_pain,
            clinic=life.world.clinic,
            now=life.now,
        )

    return await _of_patient(life, "correction", flow)


async def undo(life: Life) -> str:
    async def flow(work: UnitOfWork, actor: Actor, patient: PatientFacts) -> None:
        session = await _latest_session(work, patient)
        if session is not None:
            await undo_session(work, actor=actor, session_id=session.id, clinic=life.world.clinic, now=life.now)

    return await _of_patient(life, "undoing", flow)


async def move(life: Life) -> str:
    starts_at = _visit_time(life, life.now) if life.random.random() < 0.75 else None

    async def flow(work: UnitOfWork, actor: Actor, patient: PatientFacts) -> None:
        await move_appointment(
            work,
            actor=actor,
            patient_id=patient.patient_id,
            starts_at=starts_at,
            clinic=life.world.clinic,
            now=life.now,
        )

    return await _of_patient(life, "appointment" if starts_at else "cancelling", flow)


async def pause_or_resume(life: Life) -> str:
    pausing = life.random.random() < 0.4

    async def flow(work: UnitOfWork, actor: Actor, patient: PatientFacts) -> None:
        change = pause_course if pausing else resume_course
        await change(work, actor=actor, patient_id=patient.patient_id, now=life.now)

    return await _of_patient(life, "pause" if pausing else "going on", flow)


async def end_or_begin(life: Life) -> str:
    ending = life.random.random() < 0.3

    async def flow(work: UnitOfWork, actor: Actor, patient: PatientFacts) -> None:
        if ending:
            clinic = life.world.clinic
            await end_course(work, actor=actor, patient_id=patient.patient_id, clinic=clinic, now=life.now)
            return
        family = life.random.choice(list(Family))
        plan = plan_of(family)
        await start_course(
            work,
            actor=actor,
            patient_id=patient.patient_id,
            family=family,
            sessions=plan.sessions,
            interval_days=plan.interval_days,
            now=life.now,
        )

    return await _of_patient(life, "end of the course" if ending else "another course", flow)


async def hand_to_colleague(life: Life) -> str:
    colleague = life.any_member(admin=False)

    async def flow(work: UnitOfWork, actor: Actor, patient: PatientFacts) -> None:
        await hand_over(work, actor=actor, patient_id=patient.patient_id, to_staff_id=colleague.staff_id, now=life.now)
        patient.owner.change(colleague.staff_id, life.now)

    return await _of_patient(life, f"hand-over to {colleague.staff_id}", flow)


ACTS: tuple[tuple[int, Act], ...] = (
    (8, record),
    (2, correct),
    (1, undo),
    (4, move),
    (2, pause_or_resume),
    (2, end_or_begin),
    (2, hand_to_colleague),
)
"""How often each is done, beside the others."""
