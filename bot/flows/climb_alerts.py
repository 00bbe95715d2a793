"""Alerts that nobody takes climb: practitioner, cover, admins, everybody again, until somebody does."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.flows.find_recipients import is_reachable, reachable_admins, reachable_cover
from bot.flows.one_by_one import one_by_one
from messages.alerts import Climb, Recipient, Rung, alert_notify_at, climb
from messages.clinic import Clinic
from messages.grading import Grade
from messages.outgoing import Kind
from storage import alerts, audit, outbox
from storage.agenda import Agenda
from storage.database import Database, UnitOfWork
from storage.outbox import Owed
from storage.tables import Alert, Staff

SILENCE = "silence"
"""The origin of an alert that the patient does not know about: nothing was reported, so they are told nothing."""


async def climb_alerts(database: Database, clinic: Clinic, now: datetime) -> int:
    """Move every alert up whose time to be taken has run out. Returns how many."""
    async with database.read() as work:
        due = await alerts.due_to_climb(work, now=now)

    async def climb_if_due(work: UnitOfWork, alert_id: int) -> bool:
        alert = await alerts.locked(work, alert_id)
        if alert.acknowledged_at is not None or alert.next_climb_at is None or alert.next_climb_at > now:
            return False
        await climb_one(work, alert, now=now, clinic=clinic)
        return True

    return await one_by_one(database, due, climb_if_due)


def next_at(agenda: Agenda) -> datetime | None:
    """When the next alert climbs unless somebody takes it."""
    return agenda.climb


async def climb_one(work: UnitOfWork, alert: Alert, *, now: datetime, clinic: Clinic) -> None:
    """Move one alert up to the next people who can be reached. No commit.

    Rungs on which nobody can be reached are passed at once, up to the one where everybody is told.
    """
    _, practitioner = await alerts.practitioner_of(work, alert)
    cover = await reachable_cover(work, practitioner)
    grade = Grade(alert.grade)
    # A plain U of the night is climbed now but told in the morning, and the next wait begins there.
    tell_at = alert_notify_at(grade, now, clinic.zone)
    told: Sequence[Staff] = ()
    patient_told = False
    while not told:
        step = climb(grade, alert.rung, now=tell_at, clinic_zone=clinic.zone, has_cover=cover is not None)
        told = await _reachable(work, step, practitioner, cover)
        patient_told = patient_told or step.tell_patient
        alert.rung = step.next_rung
        alert.next_climb_at = step.next_at
        if step.next_rung >= Rung.EVERYBODY:
            break
    alert.climbs += 1
    await tell(work, alert, told, due_at=tell_at, now=now)
    if patient_told and alert.origin != SILENCE:
        await _tell_patient(work, alert, now)
    await audit.note(
        work,
        None,
        "alert.climbed",
        "alert",
        alert.id,
        now=now,
        rung=alert.rung,
        told=[member.id for member in told],
        patient_told=patient_told,
    )


async def tell(work: UnitOfWork, alert: Alert, people: Iterable[Staff], *, due_at: datetime, now: datetime) -> None:
    """Plan the alert for each of `people`. `alert.climbs` tells this telling from the earlier ones."""
    await outbox.plan(
        work,
        [
            Owed(
                key=f"alert:{alert.id}:{alert.climbs}:{member.id}",
                kind=Kind.ALERT,
                template=alerts.ALERT_TEMPLATE,
                due_at=due_at,
                staff_id=member.id,
                subject_id=alert.patient_id,
                session_id=alert.session_id,
                alert_id=alert.id,
            )
            for member in people
        ],
        now=now,
    )


async def _reachable(work: UnitOfWork, step: Climb, practitioner: Staff, cover: Staff | None) -> Sequence[Staff]:
    people: dict[int, Staff] = {}
    for recipient in step.recipients:
        match recipient:
            case Recipient.PRACTITIONER if is_reachable(practitioner):
                people[practitioner.id] = practitioner
            case Recipient.COVER if cover is not None:
                people[cover.id] = cover
            case Recipient.ADMINS:
                people.update((admin.id, admin) for admin in await reachable_admins(work))
    return list(people.values())


async def _tell_patient(work: UnitOfWork, alert: Alert, now: datetime) -> None:
    """Whom to call: once an alert and grade, however often it climbs."""
    whom = Owed(
        key=f"whom_to_call:{alert.id}:{alert.grade}",
        kind=Kind.WHOM_TO_CALL,
        template="patient.whom_to_call",
        due_at=now,
        patient_id=alert.patient_id,
        alert_id=alert.id,
    )
    await outbox.plan(work, [whom], now=now)
