"""Everything of one practitioner goes to another: patients, what is on its way about them, and their open alerts."""

from datetime import datetime, timedelta

from bot.flows.climb_alerts import tell
from bot.flows.relay_letter import relay_waiting, take_back_from_cover
from messages.alerts import Rung, alert_notify_at, first_climb_at
from messages.clinic import Clinic
from messages.errors import PersonError
from messages.grading import Grade
from messages.outgoing import Kind
from messages.people import Actor
from storage import alerts, audit, outbox, staff
from storage.database import UnitOfWork
from storage.outbox import Owed
from storage.tables import Alert, Outbox, Patient, Staff

FRESH = timedelta(hours=24)
"""For how long after it was taken an alert is a matter of somebody's hands, not of the records."""


async def hand_over_all(
    work: UnitOfWork,
    *,
    actor: Actor,
    member: Staff,
    successor_id: int | None,
    clinic: Clinic,
    now: datetime,
) -> int:
    """Hand over, no commit. Returns how many patients there were; the successor is told that many have come.

    The caller is alone with the rota (storage/rota.py).
    Raises PersonError when there are patients and the successor is missing or can't take them.
    """
    owned = await staff.patients_of(work, member.id)
    if not owned:
        return 0
    successor = await _successor(work, member, successor_id)
    for patient in owned:
        patient.practitioner_id = successor.id
        await work.session.flush()
        for alert in await alerts.hold_unresolved(work, patient.id):
            await _pass_alert(work, alert, member, successor, clinic, now)
        await outbox.readdress(work, subject_id=patient.id, from_staff=member.id, to_staff=successor.id, now=now)
        await take_back_from_cover(work, member, patient, successor, now=now)
        await relay_waiting(work, patient, now=now)
        await _note(work, actor, patient, member, successor, now)
    told = Owed(
        key=f"hand_over_all:{member.id}:{successor.id}:{int(now.timestamp())}",
        kind=Kind.NOTICE,
        template="practitioner.patients_received",
        due_at=now,
        staff_id=successor.id,
        values={"count": len(owned)},
    )
    await outbox.plan(work, [told], now=now)
    return len(owned)


async def give_back_alerts(work: UnitOfWork, *, member: Staff, clinic: Clinic, now: datetime) -> int:
    """What `member` had taken for colleagues, and nobody would look after any more, goes back. Returns how many alerts.

    The ladder begins anew with the patient's own practitioner; no commit.
    """
    taken = await alerts.taken_by(work, member.id)
    for alert in taken:
        _, practitioner = await alerts.practitioner_of(work, alert)
        await _pass_alert(work, alert, member, practitioner, clinic, now)
    return len(taken)


async def _successor(work: UnitOfWork, member: Staff, successor_id: int | None) -> Staff:
    for each in await staff.practitioners(work):
        if each.id == successor_id and each.id != member.id:
            return each
    raise PersonError("admin.people.needs_successor", {"name": member.name})


async def _pass_alert(
    work: UnitOfWork, alert: Alert, member: Staff, successor: Staff, clinic: Clinic, now: datetime
) -> None:
    """An alert that nobody has, or that the leaving one had just taken, begins its ladder anew with the successor.

    What was taken longer ago only changes hands: ringing again would frighten a patient who was helped days ago.
    """
    if alert.acknowledged_at is not None and alert.acknowledged_by != member.id:
        return
    if alert.acknowledged_at is not None and now - alert.acknowledged_at > FRESH:
        alert.acknowledged_by = successor.id
        return
    grade = Grade(alert.grade)
    alert.acknowledged_at = alert.acknowledged_by = None
    alert.rung = Rung.PRACTITIONER.value
    alert.climbs += 1
    alert.notify_at = alert_notify_at(grade, now, clinic.zone)
    alert.next_climb_at = first_climb_at(grade, alert.notify_at, clinic.zone)
    await outbox.withdraw(
        work,
        Outbox.alert_id == alert.id,
        Outbox.kind == Kind.ALERT.value,
        Outbox.staff_id == member.id,
        reason="handed_over",
        now=now,
    )
    await tell(work, alert, [successor], due_at=alert.notify_at, now=now)


async def _note(
    work: UnitOfWork, actor: Actor, patient: Patient, member: Staff, successor: Staff, now: datetime
) -> None:
    await audit.note(
        work,
        actor,
        "handed_over",
        "patient",
        patient.id,
        now=now,
        from_staff=member.id,
        to_staff=successor.id,
    )
