"""Alerts: red flags that wait for a person."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, select

from messages.outgoing import Kind
from storage.database import UnitOfWork
from storage.tables import Alert, Delivery, Outbox, Patient, Staff

ALERT_TEMPLATE = "alert.message"
"""The template of the rows that carry an alert itself, not news of it."""

SENT_STATES = ("sending", "sent", "uncertain")
"""States of a row that its recipient may have seen."""


async def add(work: UnitOfWork, alert: Alert) -> Alert:
    """Store an alert; it has its id afterwards."""
    work.session.add(alert)
    await work.session.flush()
    return alert


async def get(work: UnitOfWork, alert_id: int | None) -> Alert | None:
    """One alert; None for no id."""
    return None if alert_id is None else await work.session.get(Alert, alert_id)


_OF_CHECK_IN = select(Alert).where(Alert.check_in_id == bindparam("check_in")).order_by(Alert.id.desc()).limit(1)
_UNRESOLVED_OF_CHECK_IN = _OF_CHECK_IN.where(Alert.resolved_at.is_(None))
_UNTAKEN = (
    select(Alert)
    .where(Alert.patient_id == bindparam("patient"), Alert.acknowledged_at.is_(None), Alert.resolved_at.is_(None))
    .order_by(Alert.id.desc())
    .limit(1)
)


async def unresolved_of_check_in(work: UnitOfWork, check_in_id: int) -> Alert | None:
    """The newest alert of a check-in that is not resolved."""
    return await work.session.scalar(_UNRESOLVED_OF_CHECK_IN, {"check_in": check_in_id})


async def untaken(work: UnitOfWork, patient_id: int) -> Alert | None:
    """The patient's newest alert that nobody has taken yet."""
    return await work.session.scalar(_UNTAKEN, {"patient": patient_id})


async def unresolved(work: UnitOfWork, patient_id: int) -> Sequence[Alert]:
    """The patient's alerts that are not resolved, the gravest first, then the oldest."""
    statement = (
        select(Alert)
        .where(Alert.patient_id == patient_id, Alert.resolved_at.is_(None))
        .order_by(Alert.grade.desc(), Alert.raised_at, Alert.id)
    )
    return (await work.session.scalars(statement)).all()


async def hold_unresolved(work: UnitOfWork, patient_id: int) -> list[Alert]:
    """The patient's alerts that are not resolved, each held as `locked` does, in the order of their ids."""
    ids = sorted(alert.id for alert in await unresolved(work, patient_id))
    return [alert for each in ids if (alert := await locked(work, each)).resolved_at is None]


async def due_to_climb(work: UnitOfWork, *, now: datetime) -> Sequence[int]:
    """The ids of the alerts whose time to be acknowledged has run out, the gravest first."""
    statement = (
        select(Alert.id)
        .where(Alert.next_climb_at <= now, Alert.resolved_at.is_(None), Alert.acknowledged_at.is_(None))
        .order_by(Alert.grade.desc(), Alert.next_climb_at)
    )
    return (await work.session.scalars(statement)).all()


NEXT_CLIMB = select(func.min(Alert.next_climb_at)).where(Alert.acknowledged_at.is_(None), Alert.resolved_at.is_(None))
"""When the next alert climbs unless somebody acknowledges it."""


async def waiting_for(work: UnitOfWork, staff_id: int) -> Sequence[Alert]:
    """Alerts that nobody has taken and that were sent, or are about to be, to this member of staff."""
    sent = select(Outbox.alert_id).where(
        Outbox.kind == Kind.ALERT.value, Outbox.template == ALERT_TEMPLATE, Outbox.staff_id == staff_id
    )
    statement = select(Alert).where(Alert.id.in_(sent), Alert.acknowledged_at.is_(None), Alert.resolved_at.is_(None))
    return (await work.session.scalars(statement.order_by(Alert.id))).all()


async def holders(work: UnitOfWork, alert_id: int, *, reached: bool = False) -> Sequence[Staff]:
    """Everybody who was sent this alert or was meant to be; with `reached` only whom it has reached."""
    meant = select(Outbox.staff_id).where(
        Outbox.alert_id == alert_id, Outbox.kind == Kind.ALERT.value, Outbox.template == ALERT_TEMPLATE
    )
    if reached:
        meant = meant.where(Outbox.state.in_(SENT_STATES))
    return (await work.session.scalars(select(Staff).where(Staff.id.in_(meant)).order_by(Staff.id))).all()


async def was_told(work: UnitOfWork, *, staff_id: int, patient_id: int) -> bool:
    """Whether an alert of this patient that is still open has reached this member of staff."""
    statement = (
        select(Outbox.id)
        .join(Alert, Alert.id == Outbox.alert_id)
        .where(
            Outbox.staff_id == staff_id,
            Outbox.kind == Kind.ALERT.value,
            Outbox.template == ALERT_TEMPLATE,
            Outbox.state.in_(SENT_STATES),
            Alert.patient_id == patient_id,
            Alert.resolved_at.is_(None),
        )
        .limit(1)
    )
    return await work.session.scalar(statement) is not None


async def practitioner_of(work: UnitOfWork, alert: Alert) -> tuple[Patient, Staff]:
    """The patient of an alert and whose they are now."""
    patient = await work.session.get_one(Patient, alert.patient_id)
    return patient, await work.session.get_one(Staff, patient.practitioner_id)


async def locked(work: UnitOfWork, alert_id: int) -> Alert:
    """One alert, held until the end of this transaction: taking it and climbing exclude each other."""
    return await work.session.get_one(Alert, alert_id, with_for_update=True, populate_existing=True)


async def is_holder(work: UnitOfWork, *, alert_id: int, staff_id: int) -> bool:
    """Whether this alert was sent to this member of staff."""
    statement = (
        select(Outbox.id)
        .where(
            Outbox.alert_id == alert_id,
            Outbox.staff_id == staff_id,
            Outbox.kind == Kind.ALERT.value,
            Outbox.template == ALERT_TEMPLATE,
            Outbox.state.in_(SENT_STATES),
        )
        .limit(1)
    )
    return await work.session.scalar(statement) is not None


async def of_check_in(work: UnitOfWork, check_in_id: int) -> Alert | None:
    """The newest alert of a check-in, whether resolved or not."""
    return await work.session.scalar(_OF_CHECK_IN, {"check_in": check_in_id})


async def has_reached(work: UnitOfWork, *, alert_id: int, staff_id: int) -> bool:
    """Whether an earlier telling of this alert has arrived at this member of staff."""
    statement = (
        select(Outbox.id)
        .where(
            Outbox.alert_id == alert_id,
            Outbox.staff_id == staff_id,
            Outbox.template == ALERT_TEMPLATE,
            Outbox.state == "sent",
        )
        .limit(1)
    )
    return await work.session.scalar(statement) is not None


async def message_of(work: UnitOfWork, *, alert_id: int, chat_id: int) -> int | None:
    """The newest message in a chat that carries this alert."""
    return await work.session.scalar(
        select(func.max(Delivery.message_id))
        .join(Outbox, Outbox.id == Delivery.outbox_id)
        .where(Outbox.alert_id == alert_id, Outbox.template == ALERT_TEMPLATE, Delivery.chat_id == chat_id)
    )


async def patient_was_told_whom_to_call(work: UnitOfWork, alert_id: int) -> bool:
    """Whether the patient has the clinic's number and the emergency number because of this alert."""
    statement = (
        select(Outbox.id)
        .where(
            Outbox.alert_id == alert_id,
            Outbox.kind == Kind.WHOM_TO_CALL.value,
            Outbox.state.in_(SENT_STATES),
        )
        .limit(1)
    )
    return await work.session.scalar(statement) is not None


async def taken_by(work: UnitOfWork, staff_id: int) -> Sequence[Alert]:
    """Alerts that this member of staff has taken and nobody has resolved, held until the end of this transaction."""
    statement = (
        select(Alert)
        .where(Alert.acknowledged_by == staff_id, Alert.resolved_at.is_(None))
        .order_by(Alert.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await work.session.scalars(statement)).all()
