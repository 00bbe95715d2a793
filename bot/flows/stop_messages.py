"""/stop and /resume: check-ins and reminders end at once, and come back as far as they still make sense."""

from datetime import datetime

from bot.flows.bring_back import STOPPED, bring_back
from bot.flows.compose_check_in import COURSE_END
from bot.flows.find_recipients import reader_of
from bot.flows.receive_letter import take_letter
from bot.flows.standing import Standing, own_standing
from messages.clinic import Clinic
from messages.letters import Content
from messages.outgoing import PROACTIVE, Kind
from messages.people import Actor
from storage import audit, outbox
from storage.database import UnitOfWork
from storage.outbox import Owed
from storage.tables import Outbox


async def stop_messages(
    work: UnitOfWork, *, actor: Actor, clinic: Clinic, now: datetime, said: Content | None = None
) -> tuple[Standing, bool]:
    """Withdraw every pending check-in, nudge and reminder, and tell the practitioner.

    `said`: what was written with it is passed on. Returns False when messages were stopped already.
    """
    standing = await own_standing(work, actor)
    patient = standing.patient
    if said is not None:
        await take_letter(work, patient_id=patient.id, content=said, now=now, clinic=clinic)
    if patient.stopped_at is not None:
        await work.commit()
        return standing, False
    patient.stopped_at = now
    proactive = Outbox.kind.in_([kind.value for kind in PROACTIVE])
    await outbox.withdraw(
        work,
        Outbox.patient_id == patient.id,
        proactive | (Outbox.template == COURSE_END),
        reason=STOPPED,
        now=now,
    )
    await audit.note(work, actor, "stopped", "patient", patient.id, now=now)
    await _tell(work, standing, "practitioner.patient_stopped", now)
    await work.commit()
    return standing, True


async def resume_messages(work: UnitOfWork, *, actor: Actor, now: datetime) -> tuple[Standing, bool]:
    """Plan again what still makes sense, and tell the practitioner. Returns False when nothing was stopped."""
    standing = await own_standing(work, actor)
    patient = standing.patient
    if patient.stopped_at is None:
        await work.commit()
        return standing, False
    patient.stopped_at = None
    await bring_back(work, patient, reasons=(STOPPED,), now=now)
    await audit.note(work, actor, "resumed", "patient", patient.id, now=now)
    await _tell(work, standing, "practitioner.patient_resumed", now)
    await work.commit()
    return standing, True


async def _tell(work: UnitOfWork, standing: Standing, template: str, now: datetime) -> None:
    patient = standing.patient
    reader = await reader_of(work, patient) or standing.practitioner
    notice = Owed(
        key=f"{template}:{patient.id}:{now.timestamp():.0f}",
        kind=Kind.NOTICE,
        template=template,
        due_at=now,
        staff_id=reader.id,
        subject_id=patient.id,
        values={"buttons": [[["button.card", "patient.card", patient.id]]]},
    )
    await outbox.plan(work, [notice], now=now)
