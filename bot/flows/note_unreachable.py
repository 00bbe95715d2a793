"""Telegram refuses a chat: it was blocked, or its account is gone. Somebody must know and use the telephone."""

from datetime import datetime

from bot.flows.climb_alerts import climb_one
from bot.flows.find_recipients import anyone_for, is_reachable, reachable_admins, reachable_cover
from bot.flows.relay_letter import pass_on_undelivered, relay_unread, report_undelivered
from messages.alerts import Rung
from messages.clinic import Clinic
from messages.outgoing import Kind
from storage import alerts, audit, outbox, rota
from storage.database import UnitOfWork
from storage.outbox import Owed
from storage.tables import Alert, Patient, Staff

STAFF_UNREACHABLE = "admin.staff_unreachable"
STAFF_BACK = "admin.staff_back"


async def note_unreachable(work: UnitOfWork, person: Patient | Staff, *, now: datetime, clinic: Clinic) -> None:
    """Mark whoever cannot be reached and tell who must act; no commit. The row given may come from elsewhere.

    The second time nothing new is said, but letters that failed are still reported or passed on.
    """
    stored = await _as_they_are(work, person)
    if isinstance(stored, Patient):
        await _patient(work, stored, now)
    else:
        await _staff(work, stored, now, clinic)


async def has_returned(work: UnitOfWork, person: Patient | Staff) -> bool:
    """Whether somebody has come back since they were as given: a refusal of before may no longer hold.

    To be asked before anything else of the unit of work that records it.
    """
    return (await _as_they_are(work, person)).returns != person.returns


async def note_arrival(work: UnitOfWork, person: Patient | Staff, *, now: datetime) -> None:
    """A message has reached somebody, given as they were when it was composed: if they were marked, they are back.

    Who has gone once more since stays marked. No commit.
    """
    stored = await _as_they_are(work, person)
    if stored.unreachable_since == person.unreachable_since:
        await _back(work, stored, now)


async def note_return(work: UnitOfWork, *, patient_id: int | None, staff_id: int | None, now: datetime) -> None:
    """They are back: they let the bot in again, wrote, or tapped. Commits."""
    if patient_id is not None:
        await _back(work, await work.session.get_one(Patient, patient_id), now)
    if staff_id is not None:
        await rota.change(work)
        await _back(work, await work.session.get_one(Staff, staff_id), now)
    await work.commit()


async def _as_they_are(work: UnitOfWork, person: Patient | Staff) -> Patient | Staff:
    if isinstance(person, Staff):
        await rota.change(work)
    return await work.session.get_one(type(person), person.id, populate_existing=True)


async def _back(work: UnitOfWork, person: Patient | Staff, now: datetime) -> None:
    if person.unreachable_since is None:
        return
    person.returns += 1
    if isinstance(person, Patient):
        await _tell_about_patient(work, person, "practitioner.patient_back", now)
        person.unreachable_since = None
    else:
        person.unreachable_since = None
        await work.session.flush()
        await _tell_admins(work, person, STAFF_BACK, now)
        await relay_unread(work, person.id, now=now)
    await audit.note(work, None, "reachable", "patient" if isinstance(person, Patient) else "staff", person.id, now=now)


async def _patient(work: UnitOfWork, patient: Patient, now: datetime) -> None:
    if patient.unreachable_since is None and patient.removed_at is None:
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
    if staff.unreachable_since is None and staff.removed_at is None:
        staff.unreachable_since = now
        await work.session.flush()
        await _tell_admins(work, staff, STAFF_UNREACHABLE, now)
        await audit.note(work, None, "unreachable", "staff", staff.id, now=now)
    # Also the second time: an alert may have been raised before anybody knew of the first.
    for alert in await alerts.waiting_for(work, staff.id):
        await _climb_if_nobody_has_it(work, await alerts.locked(work, alert.id), now, clinic)
    await pass_on_undelivered(work, staff.id, now=now)


async def _climb_if_nobody_has_it(work: UnitOfWork, alert: Alert, now: datetime, clinic: Clinic) -> None:
    """An alert climbs at once when nobody on its present rung can be reached any more."""
    if alert.acknowledged_at is not None or alert.resolved_at is not None:
        return
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
        await rota.change(work)
        await _staff(work, await work.session.get_one(Staff, staff_id), now, clinic)
    await work.commit()
