"""A red flag becomes an alert: one ladder for one thing, told again when it gets worse."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.flows.climb_alerts import SILENCE, climb_one, tell
from bot.flows.find_recipients import as_on_the_rota, is_reachable
from messages.alerts import Rung, alert_notify_at, first_climb_at
from messages.clinic import Clinic
from messages.grading import Flag, Grade
from messages.outgoing import Kind
from storage import alerts, audit, outbox
from storage.database import UnitOfWork
from storage.outbox import Owed
from storage.tables import Alert, Outbox, Patient, Staff

CALL_BACK_WITHIN = timedelta(minutes=30)
"""After which a patient with an immediate sign is sent to emergency care (docs/clinical.md, flag U1)."""

GO_TEMPLATE = "patient.go_to_emergency"

WORDS = "words"
"""The origin of an alert that words in a free text have raised."""

CONVERSATION = timedelta(hours=12)
"""For how long after an alert was taken the same words belong to it."""

EMERGENCY_TALK = timedelta(minutes=30)
"""The same for what cannot wait: written again later, it is happening again, or nobody has helped."""


async def raise_alert(
    work: UnitOfWork,
    *,
    patient: Patient,
    session_id: int | None,
    check_in_id: int | None,
    grade: Grade,
    flags: Sequence[Flag],
    origin: str,
    now: datetime,
    clinic: Clinic,
) -> Alert:
    """Add an alert and everything it owes; no commit. `origin` is check_in, urgent, words or silence.

    An open alert of the same check-in (or else an alert of the patient that nobody has taken yet) is the same thing:
    it is raised in place and told again when the grade, a flag or the check-in is new, and left alone otherwise.
    The emergency text goes to the patient when it becomes an emergency. Raises ValueError for a grade that is no alert.
    """
    patient = await as_on_the_rota(work, patient.id)
    alert = await _same_thing(work, patient.id, check_in_id, grade, flags, origin, now)
    before = Grade(alert.grade) if alert is not None else Grade.NONE
    if alert is None:
        alert = await _add(work, patient, session_id, check_in_id, grade, flags, origin, now, clinic)
        await _tell(work, alert, patient, now, clinic)
    elif grade > before or not set(flags) <= set(alert.flags) or (check_in_id and not alert.check_in_id):
        alert.check_in_id = alert.check_in_id or check_in_id
        await _worsen(work, alert, session_id, grade, flags, origin, now, clinic)
        await _tell(work, alert, patient, now, clinic)
    if grade is Grade.E and before is not Grade.E:
        await send_emergency_text(work, alert, now=now)
    return alert


async def _same_thing(
    work: UnitOfWork,
    patient_id: int,
    check_in_id: int | None,
    grade: Grade,
    flags: Sequence[Flag],
    origin: str,
    now: datetime,
) -> Alert | None:
    """The alert that this belongs to, held for this transaction."""
    if check_in_id is not None:
        same = await alerts.unresolved_of_check_in(work, check_in_id) or await _said_before(work, patient_id)
    else:
        same = await alerts.untaken(work, patient_id)
        if same is None and origin == WORDS:
            same = await _talked_about(work, patient_id, grade, flags, now)
    return await alerts.locked(work, same.id) if same is not None else None


async def _said_before(work: UnitOfWork, patient_id: int) -> Alert | None:
    """What the patient has written, or called for, that nobody has taken yet: a check-in now says it once more.

    Two ladders for one thing would go on climbing, and frighten the patient, after somebody took one of them.
    """
    said = await alerts.untaken(work, patient_id)
    return said if said is not None and said.check_in_id is None else None


async def _talked_about(
    work: UnitOfWork, patient_id: int, grade: Grade, flags: Sequence[Flag], now: datetime
) -> Alert | None:
    """An alert that somebody has taken not long ago, for these very signs: the words belong to that conversation.

    What is written is passed on in any case. Without this "the fever is gone" would call everybody again.
    """
    for alert in await alerts.unresolved(work, patient_id):
        talk = EMERGENCY_TALK if grade >= Grade.U_NOW else CONVERSATION
        recent = alert.acknowledged_at is not None and now - alert.acknowledged_at < talk
        if recent and alert.grade >= grade and set(flags) <= set(alert.flags):
            return alert
    return None


async def _add(
    work: UnitOfWork,
    patient: Patient,
    session_id: int | None,
    check_in_id: int | None,
    grade: Grade,
    flags: Sequence[Flag],
    origin: str,
    now: datetime,
    clinic: Clinic,
) -> Alert:
    notify_at = alert_notify_at(grade, now, clinic.zone)
    alert = Alert(
        patient_id=patient.id,
        session_id=session_id,
        check_in_id=check_in_id,
        grade=grade.value,
        flags=[flag.value for flag in flags],
        origin=origin,
        raised_at=now,
        notify_at=notify_at,
        rung=Rung.PRACTITIONER.value,
        climbs=0,
        next_climb_at=first_climb_at(grade, notify_at, clinic.zone),
    )
    await alerts.add(work, alert)
    await audit.note(
        work, None, "alert.raised", "alert", alert.id, now=now, grade=alert.grade, origin=origin, flags=alert.flags
    )
    return alert


async def _worsen(
    work: UnitOfWork,
    alert: Alert,
    session_id: int | None,
    grade: Grade,
    flags: Sequence[Flag],
    origin: str,
    now: datetime,
    clinic: Clinic,
) -> None:
    """Raise in place. Who had taken it must look again: what they took was less."""
    if alert.origin == SILENCE:
        alert.origin = origin
        # Climbing so far told the patient nothing. It begins anew, and so they hear whom to call.
        alert.rung = Rung.PRACTITIONER.value
    higher = Grade(max(grade, Grade(alert.grade)))
    alert.grade = higher.value
    alert.flags = list(dict.fromkeys([*alert.flags, *(flag.value for flag in flags)]))
    alert.session_id = session_id or alert.session_id
    alert.notify_at = alert_notify_at(higher, now, clinic.zone)
    fresh = first_climb_at(higher, alert.notify_at, clinic.zone)
    if alert.acknowledged_at is not None:
        alert.acknowledged_at = alert.acknowledged_by = None
        alert.rung = Rung.PRACTITIONER.value
        alert.next_climb_at = fresh
    else:
        alert.next_climb_at = min(alert.next_climb_at or fresh, fresh)
    alert.climbs += 1
    await outbox.withdraw(work, Outbox.alert_id == alert.id, Outbox.kind == Kind.ALERT.value, reason="worse", now=now)
    if higher is Grade.E:
        # "Call now" is stronger; otherwise the first half hour goes on, however much is written in it.
        go = Outbox.template == GO_TEMPLATE
        await outbox.withdraw(work, Outbox.alert_id == alert.id, go, reason="worse", now=now)
    await audit.note(work, None, "alert.worsened", "alert", alert.id, now=now, grade=alert.grade, flags=alert.flags)


async def _tell(work: UnitOfWork, alert: Alert, patient: Patient, now: datetime, clinic: Clinic) -> None:
    """Tell the practitioner, and whoever has the alert already. Nobody there: it climbs at once."""
    practitioner = await work.session.get_one(Staff, patient.practitioner_id)
    holders = {member.id: member for member in await alerts.holders(work, alert.id)}
    holders[practitioner.id] = practitioner
    await tell(work, alert, holders.values(), due_at=alert.notify_at, now=now)
    if alert.grade == Grade.U_NOW and alert.origin != SILENCE:
        await _plan_go_to_emergency(work, alert, now)
    if not any(is_reachable(member) for member in holders.values()):
        await climb_one(work, alert, now=now, clinic=clinic)


async def _plan_go_to_emergency(work: UnitOfWork, alert: Alert, now: datetime) -> None:
    """Withdrawn when somebody takes the alert. One that is under way already keeps its time."""
    if await outbox.is_owed(work, Outbox.alert_id == alert.id, Outbox.template == GO_TEMPLATE):
        return
    go = Owed(
        key=f"go_to_emergency:{alert.id}:{alert.climbs}",
        kind=Kind.WHOM_TO_CALL,
        template=GO_TEMPLATE,
        due_at=now + CALL_BACK_WITHIN,
        patient_id=alert.patient_id,
        alert_id=alert.id,
    )
    await outbox.plan(work, [go], now=now)


async def send_emergency_text(work: UnitOfWork, alert: Alert, *, now: datetime) -> None:
    """Owe the emergency text to the patient, at most once a minute; no commit.

    Two devices, or two parts of one message, are one cry for help.
    """
    text = Owed(
        key=f"emergency:{alert.id}:{now:%Y%m%d%H%M}",
        kind=Kind.EMERGENCY_TEXT,
        template="patient.emergency",
        due_at=now,
        patient_id=alert.patient_id,
        alert_id=alert.id,
    )
    await outbox.plan(work, [text], now=now)
