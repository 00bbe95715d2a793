"""Telegram refuses a chat: it was blocked, or its account is gone. Somebody must know and use the telephone."""

from datetime import datetime

from bot.flows.climb_alerts import climb_one
from bot.flows.find_recipients import anyone_for, is_reachable, reachable_admins, reachable_cover
from bot.flows.relay_letter import pass_on_undelivered, relay_unread, report_undelivered
from messages.alerts import Rung
from messages.clinic import Clinic
from messages.outgoing import Kind
from storage import alerts, audit, outbox
from storage.database import UnitOfWork
from storage.outbox import Owed
from storage.tables import Alert, Patient, Staff

STAFF_UNREACHABLE = "admin.staff_unreachable"
STAFF_BACK = "admin.staff_back"


async def note_unreachable(
    work: UnitOfWork, *, patient: Patient | None, staff: Staff | None, now: datetime, clinic: Clinic
) -> None:
    """Mark whoever cannot be reached and tell who must act; no commit. The rows given may come from elsewhere.

    The second time nothing new is said, but letters that failed are still reported or passed on.
    """
    if patient is not None:
        await _patient(work, await work.session.get_one(Patient, patient.id), now)
    if staff is not None:
        await _staff(work, await work.session.get_one(Staff, staff.id), now, clinic)


async def note_reachable(work: UnitOfWork, *, patient_id: int | None, staff_id: int | None, now: datetime) -> None:
    """They are back: unblocked, or they wrote. No commit."""
    if patient_id is not None:
        patient = await work.session.get_one(Patient, patient_id)
        if patient.unreachable_since is not None:
            await _tell_about_patient(work, patient, "practitioner.patient_back", now)
            patient.unreachable_since = None
            await audit.note(work, None, "reachable", "patient", patient.id, now=now)
    if staff_id is not None:
        staff = await work.session.get_one(Staff, staff_id)
        if staff.unreachable_since is not None:
            staff.unreachable_since = None
            await work.session.flush()
            await _tell_admins(work, staff, STAFF_BACK, now)
            await relay_unread(work, staff.id, now=now)
            await audit.note(work, None, "reachable", "staff", staff.id, now=now)


async def _patient(work: UnitOfWork, patient: Patient, now: datetime) -> None:
    if patient.unreachable_since is None:
        patient.unreachable_since = now
        await _tell_about_patient(work, patient, "practitioner.patient_unreachable", now)
        await audit.note(work, None, "unreachable", "patient", patient.id, now=now)
    await report_undelivered(work, patient.id, now=now)


async def _tell_about_patient(work: UnitOfWork, patient: Patient, template: str, now: datetime) -> None:
    since = patient.unreachable_since or now
    await outbox.plan(
        work,
        [
            Owed(
                key=f"{template}:{patient.id}:{since:%Y%m%d%H%M%S}:{member.id}",
                kind=Kind.NOTICE,
                template=template,
                due_at=now,
                staff_id=member.id,
                subject_id=patient.id,
            )
            for member in await anyone_for(work, patient)
        ],
        now=now,
    )


async def _staff(work: UnitOfWork, staff: Staff, now: datetime, clinic: Clinic) -> None:
    if staff.unreachable_since is None:
        staff.unreachable_since = now
        await work.session.flush()
        await _tell_admins(work, staff, STAFF_UNREACHABLE, now)
        await audit.note(work, None, "unreachable", "staff", staff.id, now=now)
        for alert in await alerts.waiting_for(work, staff.id):
            await _climb_if_nobody_has_it(work, alert, now, clinic)
    await pass_on_undelivered(work, staff.id, now=now)


async def _climb_if_nobody_has_it(work: UnitOfWork, alert: Alert, now: datetime, clinic: Clinic) -> None:
    """An alert climbs at once when nobody on its present rung can be reached any more."""
    _, practitioner = await alerts.practitioner_of(work, alert)
    match alert.rung:
        case Rung.PRACTITIONER:
            somebody = is_reachable(practitioner)
        case Rung.COVER:
            somebody = await reachable_cover(work, practitioner) is not None
        case Rung.ADMINS:
            somebody = bool(await reachable_admins(work))
        case _:
            # Everybody has been told already: what is left is the repetition.
            somebody = True
    if not somebody:
        await climb_one(work, alert, now=now, clinic=clinic)


async def _tell_admins(work: UnitOfWork, staff: Staff, template: str, now: datetime) -> None:
    """An alert in its kind: with a practitioner unreachable every alert of theirs takes a longer way."""
    await outbox.plan(
        work,
        [
            Owed(
                key=f"{template}:{staff.id}:{now:%Y%m%d%H%M%S}:{admin.id}",
                kind=Kind.ALERT,
                template=template,
                due_at=now,
                staff_id=admin.id,
                values={"staff": staff.id},
            )
            for admin in await reachable_admins(work)
            if admin.id != staff.id
        ],
        now=now,
    )


async def note_block(
    work: UnitOfWork, *, patient_id: int | None, staff_id: int | None, now: datetime, clinic: Clinic
) -> None:
    """As `note_unreachable` for somebody who has just blocked the bot; commits. A stranger changes nothing."""
    if patient_id is not None:
        await _patient(work, await work.session.get_one(Patient, patient_id), now)
    if staff_id is not None:
        await _staff(work, await work.session.get_one(Staff, staff_id), now, clinic)
    await work.commit()


async def note_unblock(work: UnitOfWork, *, patient_id: int | None, staff_id: int | None, now: datetime) -> None:
    """As `note_reachable`, and commit."""
    await note_reachable(work, patient_id=patient_id, staff_id=staff_id, now=now)
    await work.commit()
