"""Who an update comes from, where their conversation stands, and how new the texts are: one statement for all."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, and_, bindparam, select

from messages.people import Actor, Role
from storage.database import UnitOfWork
from storage.dialogs import DialogState
from storage.tables import Dialog, Patient, Staff
from storage.templates import NEWEST_PUBLISHED

_ACCOUNT = select(bindparam("account", type_=BigInteger).label("id")).subquery()

_CALLER = (
    select(
        Staff.id.label("staff_id"),
        Staff.language.label("staff_language"),
        Staff.is_practitioner,
        Staff.is_admin,
        Staff.unreachable_since.label("staff_unreachable"),
        Patient.id.label("patient_id"),
        Patient.language.label("patient_language"),
        Patient.consented_at,
        Patient.unreachable_since.label("patient_unreachable"),
        Dialog.name,
        Dialog.step,
        Dialog.data,
        Dialog.private,
        Dialog.message_id,
        NEWEST_PUBLISHED.scalar_subquery().label("texts_version"),
    )
    .select_from(_ACCOUNT)
    .outerjoin(Staff, and_(Staff.telegram_id == _ACCOUNT.c.id, Staff.removed_at.is_(None)))
    .outerjoin(Patient, and_(Patient.telegram_id == _ACCOUNT.c.id, Patient.removed_at.is_(None)))
    .outerjoin(Dialog, Dialog.chat_id == _ACCOUNT.c.id)
)


@dataclass(frozen=True)
class Caller:
    """A person with their conversation. `texts_version` grows with everything that is published."""

    actor: Actor
    dialog: DialogState | None
    texts_version: int


async def caller(work: UnitOfWork, account: int, *, language: str) -> Caller:
    """The person of a Telegram account; a stranger, in `language`, when there is none or they were removed."""
    row = (await work.session.rows(_CALLER, {"account": account})).one()
    dialog = None
    if row.name is not None:
        dialog = DialogState(row.name, row.step, row.data, row.private, row.message_id)
    if row.staff_id is not None:
        roles = {Role.PRACTITIONER} if row.is_practitioner else set()
        if row.is_admin:
            roles.add(Role.ADMIN)
        actor = Actor(
            account,
            frozenset(roles),
            row.staff_language,
            staff_id=row.staff_id,
            unreachable=row.staff_unreachable is not None,
        )
    elif row.patient_id is not None:
        actor = Actor(
            account,
            frozenset({Role.PATIENT}),
            row.patient_language,
            patient_id=row.patient_id,
            consented=row.consented_at is not None,
            unreachable=row.patient_unreachable is not None,
        )
    else:
        actor = Actor(account, frozenset({Role.STRANGER}), language)
    return Caller(actor, dialog, row.texts_version or 0)
