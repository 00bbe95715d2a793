"""Consent: shown word by word, given or refused, and what it sets going."""

from datetime import datetime

from bot.flows.bring_back import NOT_YET, bring_back
from bot.flows.consent_page import consent_page
from bot.flows.standing import Standing, own_standing
from messages.clinic import Clinic
from messages.consent import consent_version
from messages.outgoing import Kind, Outgoing
from messages.people import Actor
from messages.templates import Texts
from storage import audit, outbox
from storage.database import UnitOfWork
from storage.outbox import Owed


def show_consent(
    standing: Standing, *, texts: Texts, clinic: Clinic, telegram_language: str | None, now: datetime
) -> Outgoing:
    """The question for consent. Which wording is shown is remembered: that is the one a "yes" agrees to."""
    patient = standing.patient
    page = consent_page(
        patient, standing.practitioner, texts=texts, clinic=clinic, telegram_language=telegram_language, now=now
    )
    patient.consent_version = consent_version(page.template_version_id, patient.language)
    patient.consent_language = patient.language
    return page


async def ask_again(
    work: UnitOfWork, *, actor: Actor, texts: Texts, clinic: Clinic, telegram_language: str | None, now: datetime
) -> Outgoing:
    """The question for consent once more, for a patient who has not agreed."""
    standing = await own_standing(work, actor)
    page = show_consent(standing, texts=texts, clinic=clinic, telegram_language=telegram_language, now=now)
    await work.commit()
    return page


async def agree(work: UnitOfWork, *, actor: Actor, now: datetime) -> tuple[Standing, bool]:
    """The patient agrees: messages that waited for it go. Returns False when they had agreed before."""
    standing = await own_standing(work, actor)
    patient = standing.patient
    if patient.consented_at is not None:
        await work.commit()
        return standing, False
    patient.consented_at = now
    patient.joined_at = patient.joined_at or now
    patient.refused_at = None
    await bring_back(work, patient, reasons=NOT_YET, now=now)
    await audit.note(
        work, actor, "agreed", "patient", patient.id, now=now, version=patient.consent_version,
        language=patient.consent_language,
    )  # fmt: skip
    await _tell(work, standing, "practitioner.patient_joined", now)
    await work.commit()
    return standing, True


async def refuse(work: UnitOfWork, *, actor: Actor, now: datetime) -> tuple[Standing, bool]:
    """The patient does not agree. Returns False when they have agreed before: /stop is for that."""
    standing = await own_standing(work, actor)
    patient = standing.patient
    if patient.consented_at is not None:
        await work.commit()
        return standing, False
    if patient.refused_at is None:
        patient.refused_at = now
        await audit.note(work, actor, "refused", "patient", patient.id, now=now)
        await _tell(work, standing, "practitioner.patient_refused", now)
    await work.commit()
    return standing, True


async def _tell(work: UnitOfWork, standing: Standing, template: str, now: datetime) -> None:
    patient = standing.patient
    notice = Owed(
        key=f"{template}:{patient.id}:{now.timestamp():.0f}",
        kind=Kind.NOTICE,
        template=template,
        due_at=now,
        staff_id=standing.practitioner.id,
        subject_id=patient.id,
        values={"buttons": [[["button.card", "patient.card", patient.id]]]},
    )
    await outbox.plan(work, [notice], now=now)
