"""Hand a patient over to a colleague, who is told; what was on its way to the first one goes to the second."""

from datetime import datetime

from bot.flows.climb_alerts import tell
from bot.flows.pass_over import HANDED_OVER
from bot.flows.relay_letter import relay_waiting, take_back_from_cover
from messages.errors import NotFound
from messages.outgoing import Kind
from messages.people import Actor
from storage import alerts, audit, outbox, patients, rota, staff
from storage.database import UnitOfWork
from storage.letters import NOT_THEIRS
from storage.outbox import Owed
from storage.tables import Alert, Outbox, Patient, Staff


async def hand_over(
    work: UnitOfWork, *, actor: Actor, patient_id: int, to_staff_id: int, now: datetime
) -> tuple[Patient, Staff]:
    """The patient's practitioner is now `to_staff_id`. Messages to the patient go on as planned.

    Handing over to whom they belong already changes nothing.
    Raises NotFound for somebody else's patient, and for a colleague who cannot take patients.
    """
    await rota.change(work)
    patient = await patients.for_staff(work, actor, patient_id)
    colleague = next((each for each in await staff.practitioners(work) if each.id == to_staff_id), None)
    if colleague is None:
        raise NotFound
    before = patient.practitioner_id
    if before != colleague.id:
        patient.practitioner_id = colleague.id
        open_alerts = await alerts.hold_unresolved(work, patient.id)
        about_this = (Outbox.template == HANDED_OVER, Outbox.subject_id == patient.id)
        await outbox.withdraw(work, *about_this, reason=NOT_THEIRS, now=now)
        await outbox.readdress(work, subject_id=patient.id, from_staff=before, to_staff=colleague.id, now=now)
        await outbox.plan(work, [_told(patient, colleague, now)], now=now)
        await take_back_from_cover(work, await work.session.get_one(Staff, before), patient, colleague, now=now)
        await relay_waiting(work, patient, now=now)
        for alert in open_alerts:
            if alert.acknowledged_by == before:
                # Taken, and still to be looked after: from now on by the colleague, who finds it on the card.
                alert.acknowledged_by = colleague.id
            # Its ladder goes on; the colleague must not wait for the next rung to hear of it.
            if (
                alert.acknowledged_at is None
                and alert.notify_at <= now
                and not await _on_its_way(work, alert, colleague)
            ):
                await tell(work, alert, [colleague], due_at=now, now=now)
        await audit.note(
            work, actor, "handed_over", "patient", patient.id, now=now, from_staff=before, to_staff=colleague.id
        )
    await work.commit()
    return patient, colleague


async def _on_its_way(work: UnitOfWork, alert: Alert, colleague: Staff) -> bool:
    telling = Outbox.template == alerts.ALERT_TEMPLATE
    return await outbox.is_owed(work, Outbox.alert_id == alert.id, telling, Outbox.staff_id == colleague.id)


def _told(patient: Patient, colleague: Staff, now: datetime) -> Owed:
    return Owed(
        key=f"hand_over:{patient.id}:{colleague.id}:{int(now.timestamp())}",
        kind=Kind.NOTICE,
        template=HANDED_OVER,
        due_at=now,
        staff_id=colleague.id,
        subject_id=patient.id,
        values={"buttons": [[["button.card", "patient.card", patient.id]]]},
    )
