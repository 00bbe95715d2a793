"""Somebody takes an alert: it climbs no further, the others and the patient are told."""

from datetime import datetime

from bot.flows.climb_alerts import SILENCE
from messages.errors import NotFound
from messages.grading import Grade
from messages.outgoing import Kind
from messages.people import Actor
from storage import alerts, audit, outbox, patients
from storage.database import UnitOfWork
from storage.outbox import Owed
from storage.tables import Alert, Outbox

TAKEN = "alert.acknowledged"
SEEN = "patient.seen"
SEEN_BY_GRADE = {Grade.E: "patient.seen_emergency", Grade.U_NOW: "patient.seen_now"}
"""That somebody has seen an emergency must not keep the patient from calling; plain U is `SEEN`."""


async def alert_for(work: UnitOfWork, actor: Actor, alert_id: int, *, hold: bool = False) -> Alert:
    """The alert, if it concerns this member of staff: their own or covered patient's, or it has climbed to them.

    `hold` keeps it for this transaction. Raises NotFound otherwise.
    """
    alert = await alerts.get(work, alert_id)
    if alert is None or actor.staff_id is None:
        raise NotFound
    if not await alerts.is_holder(work, alert_id=alert_id, staff_id=actor.staff_id):
        await patients.for_staff(work, actor, alert.patient_id)
    return await alerts.locked(work, alert_id) if hold else alert


async def acknowledge_alert(work: UnitOfWork, *, actor: Actor, alert_id: int, now: datetime) -> tuple[Alert, bool]:
    """Take the alert and commit. False with it when somebody had it already. Raises NotFound."""
    alert, taken = await take_alert(work, actor=actor, alert_id=alert_id, now=now)
    await work.commit()
    return alert, taken


async def take_alert(work: UnitOfWork, *, actor: Actor, alert_id: int, now: datetime) -> tuple[Alert, bool]:
    """As `acknowledge_alert`, without the commit."""
    alert = await alert_for(work, actor, alert_id, hold=True)
    if alert.acknowledged_at is not None or alert.resolved_at is not None:
        return alert, False
    alert.acknowledged_at = now
    alert.acknowledged_by = actor.staff_id
    alert.next_climb_at = None
    await withdraw_tellings(work, alert, reason="acknowledged", now=now)
    await tell_others(work, alert, TAKEN, actor=actor, now=now)
    if alert.origin != SILENCE:
        await _tell_patient(work, alert, now)
    await audit.note(work, actor, "alert.acknowledged", "alert", alert.id, now=now)
    return alert, True


async def withdraw_tellings(work: UnitOfWork, alert: Alert, *, reason: str, now: datetime) -> None:
    """Nobody else needs to be called any more, neither staff nor by the patient. No commit."""
    climbing = Outbox.kind.in_((Kind.ALERT.value, Kind.WHOM_TO_CALL.value))
    await outbox.withdraw(work, Outbox.alert_id == alert.id, climbing, reason=reason, now=now)


async def tell_others(work: UnitOfWork, alert: Alert, template: str, *, actor: Actor, now: datetime) -> None:
    """Tell everybody else who has this alert what became of it. No commit."""
    await outbox.plan(
        work,
        [
            Owed(
                key=f"{template}:{alert.id}:{alert.climbs}:{holder.id}",
                kind=Kind.ALERT,
                template=template,
                due_at=now,
                staff_id=holder.id,
                subject_id=alert.patient_id,
                alert_id=alert.id,
            )
            for holder in await alerts.holders(work, alert.id, reached=True)
            if holder.id != actor.staff_id
        ],
        now=now,
    )


async def _tell_patient(work: UnitOfWork, alert: Alert, now: datetime) -> None:
    seen = Owed(
        key=f"seen:{alert.id}:{alert.climbs}",
        kind=Kind.ACKNOWLEDGEMENT,
        template=SEEN_BY_GRADE.get(Grade(alert.grade), SEEN),
        due_at=now,
        patient_id=alert.patient_id,
        alert_id=alert.id,
    )
    await outbox.plan(work, [seen], now=now)
