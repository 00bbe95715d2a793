"""A one-time link was opened: who joins, and a kind explanation where nobody does."""

from dataclasses import dataclass
from datetime import datetime

from bot.flows.agree import show_consent
from bot.flows.standing import Standing, standing_of
from messages import wording
from messages.clinic import Clinic
from messages.errors import PersonError, Value
from messages.outgoing import Outgoing
from messages.people import Actor
from messages.templates import Texts
from messages.timing import digest_at
from storage import audit, invitations, people, token_guesses
from storage.database import UnitOfWork
from storage.tables import Invitation, Patient, Staff


@dataclass(frozen=True)
class Redeemed:
    """Whose link it was: exactly one of both. `consent` is the question for a patient who has not agreed yet.

    `new` is whether this opening has connected them.
    """

    standing: Standing | None
    staff: Staff | None
    consent: Outgoing | None
    new: bool


async def redeem_invitation(
    work: UnitOfWork,
    *,
    actor: Actor,
    token: str,
    texts: Texts,
    clinic: Clinic,
    telegram_language: str | None,
    now: datetime,
) -> Redeemed:
    """Connect the account with the person who was invited.

    A patient is not asked anything about health before they agree. Raises PersonError, with the explanation, for a
    link that is used, expired, withdrawn, unknown or somebody else's, and for too many unknown ones in a row.
    """
    await _refuse_while_waiting(work, actor, clinic, now)
    invitation = await invitations.find(work, token)
    if invitation is None:
        await token_guesses.note_miss(work, actor.chat_id, now=now)
        await work.commit()
        raise PersonError("link.foreign", _clinic(clinic))
    own = _is_own(actor, invitation, clinic)
    if not own:
        await _join(work, actor, invitation, clinic, now)
    else:
        await invitations.use(work, invitation.id, now=now)
    standing = await standing_of(work, invitation.patient_id) if invitation.patient_id else None
    consent = None
    if standing is not None and standing.patient.consented_at is None:
        consent = show_consent(standing, texts=texts, clinic=clinic, telegram_language=telegram_language, now=now)
    staff = await work.session.get(Staff, invitation.staff_id) if invitation.staff_id else None
    await work.commit()
    return Redeemed(standing, staff, consent, new=not own)


async def _refuse_while_waiting(work: UnitOfWork, actor: Actor, clinic: Clinic, now: datetime) -> None:
    """A link that works is refused as well: otherwise the answer would tell which ones do."""
    until = await token_guesses.waits_until(work, actor.chat_id, now=now)
    if until is not None:
        wait = wording.duration(until - now, actor.language)
        raise PersonError("link.too_many_guesses", {"wait": wait, "clinic_phone": clinic.phone})


def _is_own(actor: Actor, invitation: Invitation, clinic: Clinic) -> bool:
    """Whether somebody connected opens their own link again. Raises PersonError where it is somebody else's."""
    if actor.staff_id is not None and invitation.staff_id != actor.staff_id:
        raise PersonError("link.for_patients" if invitation.patient_id else "link.for_colleague")
    if actor.patient_id is not None and invitation.patient_id != actor.patient_id:
        raise PersonError("link.other_patient" if invitation.patient_id else "link.for_staff", _clinic(clinic))
    return actor.staff_id is not None or actor.patient_id is not None


async def _join(work: UnitOfWork, actor: Actor, invitation: Invitation, clinic: Clinic, now: datetime) -> None:
    person: Patient | Staff
    if invitation.patient_id is not None:
        person = await work.session.get_one(Patient, invitation.patient_id)
    else:
        person = await work.session.get_one(Staff, invitation.staff_id)
    if invitation.used_at is not None:
        raise PersonError("link.used", _clinic(clinic))
    if invitation.withdrawn_at is not None or person.removed_at is not None:
        raise PersonError("link.withdrawn", _clinic(clinic))
    if invitation.expires_at <= now:
        raise PersonError("link.expired", _clinic(clinic))
    if not await invitations.use(work, invitation.id, now=now):
        raise PersonError("link.used", _clinic(clinic))
    await token_guesses.forgive(work, actor.chat_id)
    await _connect(work, actor.chat_id, person, clinic, now)
    await audit.note(work, actor, "joined", type(person).__name__.lower(), person.id, now=now)


async def _connect(work: UnitOfWork, telegram_id: int, person: Patient | Staff, clinic: Clinic, now: datetime) -> None:
    """Bind the account. Whoever was removed with the same account gives it up; a new account has to agree anew."""
    await people.release(work, telegram_id)
    moved = person.telegram_id is not None
    person.telegram_id = telegram_id
    person.unreachable_since = None
    # What is being refused in another account's chat says nothing of this one.
    person.returns += 1
    if isinstance(person, Staff):
        person.joined_at = person.joined_at or now
        person.digest_due_at = digest_at(now, person.digest_hour, clinic.zone) if person.is_practitioner else None
    elif moved:
        person.consented_at = None
    await work.session.flush()


def _clinic(clinic: Clinic) -> dict[str, Value]:
    return {"clinic": clinic.name, "clinic_phone": clinic.phone}
