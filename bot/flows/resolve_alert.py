"""An alert is closed. Taking and resolving are two things; who resolves without having taken does both."""

from datetime import datetime

from bot.flows.acknowledge_alert import alert_for, take_alert, tell_others, withdraw_tellings
from messages.people import Actor
from storage import audit
from storage.database import UnitOfWork
from storage.tables import Alert

RESOLVED = "alert.resolved"


async def resolve_alert(work: UnitOfWork, *, actor: Actor, alert_id: int, now: datetime) -> tuple[Alert, bool]:
    """Close the alert and commit. False with it when it was closed already. Raises NotFound."""
    alert = await alert_for(work, actor, alert_id, hold=True)
    if alert.resolved_at is not None:
        return alert, False
    await take_alert(work, actor=actor, alert_id=alert_id, now=now)
    alert.resolved_at = now
    alert.resolved_by = actor.staff_id
    await withdraw_tellings(work, alert, reason="resolved", now=now)
    await tell_others(work, alert, RESOLVED, actor=actor, now=now)
    await audit.note(work, actor, "alert.resolved", "alert", alert.id, now=now)
    await work.commit()
    return alert, True
