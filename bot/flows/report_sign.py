"""Urgent: the patient asks for help, then may say what is happening."""

from datetime import datetime

from bot.flows.check_in_case import own_case
from bot.flows.raise_alert import raise_alert, send_emergency_text
from bot.flows.receive_letter import take_letter
from bot.flows.standing import Standing, own_standing
from messages.check_in import UrgentSign
from messages.clinic import Clinic
from messages.grading import Flag, Grade, Grading, grade_sign
from messages.letters import Content
from messages.outgoing import Kind
from messages.people import Actor
from storage import alerts, outbox
from storage.database import UnitOfWork
from storage.outbox import Owed
from storage.tables import Alert

ORIGIN = "urgent"

NONE = "none"
"""The button for none of the signs."""

CHECKED = "checked"
"""Marks the buttons under a question that a check-in's answers led to, not the Urgent button."""


async def call_for_help(
    work: UnitOfWork,
    *,
    actor: Actor,
    check_in_id: int | None,
    clinic: Clinic,
    now: datetime,
    said: Content | None = None,
) -> None:
    """ "Urgent" was tapped: an emergency until somebody knows better. `said`: what was written with it is passed on.

    It sends the alert, and each time the emergency text (at most once a minute) and after it the list of signs.
    Raises NotFound for somebody else's check-in.
    """
    standing = await own_standing(work, actor)
    session_id = await _session_of(work, actor, standing, check_in_id)
    alert = await raise_alert(
        work,
        patient=standing.patient,
        session_id=session_id,
        check_in_id=await _unless_taken(work, check_in_id),
        grade=Grade.E,
        flags=(),
        origin=ORIGIN,
        now=now,
        clinic=clinic,
    )
    await send_emergency_text(work, alert, now=now)
    await _ask_signs(work, alert, check_in_id, now)
    if said is not None:
        await take_letter(work, patient_id=standing.patient.id, content=said, now=now, clinic=clinic)
    await work.commit()


async def report_sign(
    work: UnitOfWork, *, actor: Actor, sign: UrgentSign, check_in_id: int | None, clinic: Clinic, now: datetime
) -> tuple[Standing, Grading]:
    """A sign was chosen from the list: the alert gets it, and gets graver where it is graver.

    Raises NotFound for somebody else's check-in.
    """
    standing = await own_standing(work, actor)
    session_id = await _session_of(work, actor, standing, check_in_id)
    grading = _graded(standing, sign)
    await raise_alert(
        work,
        patient=standing.patient,
        session_id=session_id,
        check_in_id=check_in_id,
        grade=grading.grade,
        flags=grading.flags,
        origin=ORIGIN,
        now=now,
        clinic=clinic,
    )
    await work.commit()
    return standing, grading


async def _ask_signs(work: UnitOfWork, alert: Alert, check_in_id: int | None, now: datetime) -> None:
    """In the lane behind the emergency text: calling comes first."""
    signs = [(f"sign.{sign.value.lower()}", sign.value) for sign in UrgentSign]
    rows = [*signs, ("button.none_of_these", NONE)]
    question = Owed(
        key=f"urgent_signs:{alert.id}:{now:%Y%m%d%H%M}",
        kind=Kind.NOTICE,
        template="patient.urgent.signs",
        due_at=now,
        patient_id=alert.patient_id,
        subject_id=alert.patient_id,
        session_id=alert.session_id,
        values={"buttons": [[[key, "urgent.sign", name, check_in_id or 0]] for key, name in rows]},
    )
    await outbox.plan(work, [question], now=now)


async def _unless_taken(work: UnitOfWork, check_in_id: int | None) -> int | None:
    """A cry for help after somebody took the check-in's alert is a new one: it must be heard again."""
    alert = await alerts.unresolved_of_check_in(work, check_in_id) if check_in_id is not None else None
    return None if alert is not None and alert.acknowledged_at is not None else check_in_id


async def _session_of(work: UnitOfWork, actor: Actor, standing: Standing, check_in_id: int | None) -> int | None:
    if check_in_id is not None:
        return (await own_case(work, actor, check_in_id)).session.id
    return standing.session.id if standing.session else None


def _graded(standing: Standing, sign: UrgentSign) -> Grading:
    """Without a course nothing is known of the place that was treated: the graver reading counts."""
    if standing.family is None:
        return Grading(Grade.E, (Flag(sign.value),), emergency_text=True)
    return grade_sign(standing.family, sign)
