"""A session on its way to being recorded or corrected: what is known, what comes next, what would be sent."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.flows.correct_session import latest_of
from bot.flows.plan_messages import NOTHING, schedule_after
from bot.flows.record_session import course_to_record
from messages.care_plan import Family
from messages.people import Actor
from messages.schedule import Schedule
from messages.timing import offered_next, wall_clock_add
from storage import appointments, patients, planned_messages, sessions
from storage.database import UnitOfWork
from storage.dialogs import DialogState
from storage.tables import Course, Patient

RECORD = "record"
"""The name of the dialog."""


@dataclass(frozen=True)
class Draft:
    """What has been gathered. `session_id` is set when a recorded session is corrected.

    `next_known` and `pain_known` tell an answer of "none" from a question not asked yet.
    """

    patient_id: int
    session_id: int | None = None
    ended_at: datetime | None = None
    next_at: datetime | None = None
    next_known: bool = False
    usual_pain: int | None = None
    pain_known: bool = False
    note: str | None = None
    areas: str | None = None

    def as_dialog(self, step: str) -> DialogState:
        """How the dialog's row keeps it; what was typed goes into the private column."""
        data = {
            "patient_id": self.patient_id,
            "session_id": self.session_id,
            "ended_at": self.ended_at.isoformat() if self.ended_at else None,
            "next_at": self.next_at.isoformat() if self.next_at else None,
            "next_known": self.next_known,
            "usual_pain": self.usual_pain,
            "pain_known": self.pain_known,
        }
        return DialogState(RECORD, step, data, private=json.dumps([self.note, self.areas]))


def draft_of(state: DialogState) -> Draft:
    """The draft in a dialog's row."""
    data = dict(state.data)
    for name in ("ended_at", "next_at"):
        data[name] = datetime.fromisoformat(data[name]) if data[name] else None
    note, areas = json.loads(state.private or "[null, null]")
    return Draft(**data, note=note, areas=areas)


@dataclass(frozen=True)
class Outlook:
    """A draft with what surrounds it. `schedule` is what would be planned once `ended_at` is known.

    `offered` is the next appointment at the plan's interval, `previous` the end of the session before.
    """

    draft: Draft
    patient: Patient
    course: Course
    number: int
    is_last: bool
    previous: datetime | None
    offered: datetime | None
    schedule: Schedule

    @property
    def step(self) -> str:
        """What to ask next; "preview" when everything needed is known."""
        if self.draft.ended_at is None:
            return "when"
        if not self.draft.next_known and not self.is_last:
            return "next"
        if not self.draft.pain_known and self.course.family == Family.PAIN.value:
            return "pain"
        return "preview"


async def outlook_of(work: UnitOfWork, actor: Actor, draft: Draft, *, now: datetime, clinic_zone: ZoneInfo) -> Outlook:
    """What surrounds the draft. Raises for somebody else's patient, a course that has ended, an overtaken session."""
    if draft.session_id is None:
        patient = await patients.for_staff(work, actor, draft.patient_id)
        course = await course_to_record(work, patient)
        number, but_not = await sessions.count(work, course.id) + 1, None
    else:
        session, course, patient = await latest_of(work, actor=actor, session_id=draft.session_id)
        number, but_not = session.number, session.id
    is_last = number >= course.sessions_planned or course.ended_at is not None
    previous = await sessions.latest_end(work, patient.id, but_not=but_not)
    draft = replace(draft, next_at=None) if is_last else draft
    offered = _offered(draft, course, now, clinic_zone)
    schedule = await _schedule(work, draft, course, patient, number, now)
    return Outlook(draft, patient, course, number, is_last, previous, offered, schedule)


async def draft_to_correct(work: UnitOfWork, actor: Actor, session_id: int) -> Draft:
    """The draft of a recorded session as it is. Raises as `correct_session`."""
    session, course, patient = await latest_of(work, actor=actor, session_id=session_id)
    appointment = await appointments.active(work, course.id)
    return Draft(
        patient_id=patient.id,
        session_id=session.id,
        ended_at=session.ended_at,
        next_at=appointment.starts_at if appointment else None,
        next_known=True,
        usual_pain=session.usual_pain,
        pain_known=True,
        note=session.note,
        areas=session.areas,
    )


def _offered(draft: Draft, course: Course, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The same hour, an interval later; further intervals later when the session is entered that late."""
    if draft.ended_at is None:
        return None
    offered = offered_next(draft.ended_at, course.interval_days, zone)
    while offered <= now:
        offered = wall_clock_add(offered, days=course.interval_days, zone=zone)
    return offered


async def _schedule(
    work: UnitOfWork, draft: Draft, course: Course, patient: Patient, number: int, now: datetime
) -> Schedule:
    if draft.ended_at is None or (course.paused_at is not None and draft.session_id is not None):
        return NOTHING
    already: frozenset[str] = frozenset()
    if draft.session_id is not None:
        session = await sessions.get(work, draft.session_id)
        appointment = await appointments.active(work, course.id)
        kept = appointment is not None and appointment.starts_at == draft.next_at
        already = await planned_messages.steps_gone(work, session, appointment if kept else None)
    return schedule_after(
        draft.ended_at,
        course=course,
        patient=patient,
        number=number,
        next_at=draft.next_at,
        now=now,
        already=already,
    )
