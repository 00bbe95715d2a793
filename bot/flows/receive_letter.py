"""What a patient sends is stored, passed on, acknowledged once, and searched for red flags, in one transaction."""

from datetime import datetime, timedelta

from bot.flows.find_recipients import as_on_the_rota
from bot.flows.raise_alert import WORDS, raise_alert, send_emergency_text
from bot.flows.relay_letter import relay_to_clinic
from messages.alerts import alert_notify_at
from messages.care_plan import Family
from messages.clinic import Clinic
from messages.grading import Grade, grade_words
from messages.letters import Content
from messages.outgoing import Kind
from messages.red_flags import red_flags_in
from storage import courses, letters, outbox, sessions
from storage.database import UnitOfWork
from storage.outbox import Owed
from storage.tables import Letter, Outbox, Patient

QUIET_AFTER_ACKNOWLEDGEMENT = timedelta(minutes=30)
"""One burst of messages is acknowledged once, unless the clinic has answered in between."""

STALE = timedelta(hours=12)
"""After which an acknowledgement would only puzzle."""

ACKNOWLEDGED = "patient.acknowledged"
ACKNOWLEDGED_EMERGENCY = "patient.acknowledged_emergency"
NOBODY_READS = "patient.nobody_reads"
TOLD = "patient.ending.alert"


async def receive_letter(
    work: UnitOfWork,
    *,
    patient_id: int,
    content: Content,
    now: datetime,
    clinic: Clinic,
    check_in_id: int | None = None,
    acknowledge: bool = True,
) -> Letter:
    """Store and pass on, then commit. `check_in_id` when it was written as an answer of a check-in.

    `acknowledge` False where the caller answers in its own words. An alert is raised and told about in any case.
    """
    letter = await take_letter(
        work,
        patient_id=patient_id,
        content=content,
        now=now,
        clinic=clinic,
        check_in_id=check_in_id,
        acknowledge=acknowledge,
    )
    await work.commit()
    return letter


async def take_letter(
    work: UnitOfWork,
    *,
    patient_id: int,
    content: Content,
    now: datetime,
    clinic: Clinic,
    check_in_id: int | None = None,
    acknowledge: bool = True,
    edited_of: int | None = None,
) -> Letter:
    """As `receive_letter`, without the commit: for a flow that stores more in the same transaction."""
    patient = await as_on_the_rota(work, patient_id)
    letter = await _store(work, patient, content, now, edited_of)
    reader = await relay_to_clinic(work, letter, patient, now=now)
    passed_on = ACKNOWLEDGED if reader else NOBODY_READS
    if await _raise_for_words(work, letter, patient, check_in_id, now, clinic, passed_on=passed_on):
        return letter
    if acknowledge and edited_of is None:
        await _acknowledge(work, letter, passed_on, now)
    return letter


async def _store(work: UnitOfWork, patient: Patient, content: Content, now: datetime, edited_of: int | None) -> Letter:
    course = await courses.current(work, patient.id)
    session = await sessions.latest(work, course.id) if course else None
    letter = Letter(
        patient_id=patient.id,
        session_id=session.id if session else None,
        inbound=True,
        chat_id=content.chat_id,
        message_id=content.message_id,
        kind=content.kind,
        text=content.text,
        file_id=content.file_id,
        album=content.album,
        reply_to_message_id=content.reply_to_message_id,
        edited_of=edited_of,
        edited_at=now if edited_of is not None else None,
        received_at=min(content.sent_at or now, now),
    )
    return await letters.add(work, letter)


async def _raise_for_words(
    work: UnitOfWork,
    letter: Letter,
    patient: Patient,
    check_in_id: int | None,
    now: datetime,
    clinic: Clinic,
    *,
    passed_on: str,
) -> bool:
    """Words for a red flag raise an alert. Whether they did: the patient was told so then."""
    flags = red_flags_in(letter.text or "", patient.language)
    if not flags:
        return False
    course = await courses.current(work, patient.id)
    # Without a course the strictest family is assumed: there a change of skin colour is an emergency.
    grading = grade_words(Family(course.family) if course else Family.FACE, flags)
    if grading.grade < Grade.U:
        return False
    alert = await raise_alert(
        work,
        patient=patient,
        session_id=letter.session_id,
        check_in_id=check_in_id,
        grade=grading.grade,
        flags=grading.flags or flags,
        origin=WORDS,
        now=now,
        clinic=clinic,
    )
    if grading.grade is Grade.E:
        # Also when the alert is an emergency already: who writes this again must read it again.
        await send_emergency_text(work, alert, now=now)
    # What follows, as at the end of a check-in, and not twice within the half hour.
    await _acknowledge(work, letter, _ending(grading.grade, now, clinic, passed_on=passed_on), now)
    return True


def _ending(grade: Grade, now: datetime, clinic: Clinic, *, passed_on: str) -> str:
    if grade is Grade.E:
        # Beside the emergency text nothing may sound as if an answer could be waited for.
        return ACKNOWLEDGED_EMERGENCY if passed_on == ACKNOWLEDGED else passed_on
    if grade is Grade.U_NOW:
        return "patient.ending.alert_now"
    return "patient.ending.alert_night" if alert_notify_at(grade, now, clinic.zone) > now else TOLD


async def _acknowledge(work: UnitOfWork, letter: Letter, template: str, now: datetime) -> None:
    if not await _said_recently(work, letter.patient_id, template, now):
        await _owe(work, letter, template, now)


async def _said_recently(work: UnitOfWork, patient_id: int, template: str, now: datetime) -> bool:
    # Who has been told not to wait is not told when answers usually come.
    said_by = (ACKNOWLEDGED, ACKNOWLEDGED_EMERGENCY) if template == ACKNOWLEDGED else (template,)
    said_at = await outbox.last_planned_at(
        work,
        Outbox.patient_id == patient_id,
        Outbox.kind == Kind.ACKNOWLEDGEMENT.value,
        Outbox.template.in_(said_by),
    )
    if said_at is None or now - said_at >= QUIET_AFTER_ACKNOWLEDGEMENT:
        return False
    answered_at = await letters.last_answer_at(work, patient_id)
    return answered_at is None or answered_at < said_at


async def _owe(work: UnitOfWork, letter: Letter, template: str, now: datetime) -> None:
    await outbox.plan(
        work,
        [
            Owed(
                key=f"acknowledged:{letter.id}",
                kind=Kind.ACKNOWLEDGEMENT,
                template=template,
                due_at=now,
                not_after=now + STALE,
                patient_id=letter.patient_id,
                letter_id=letter.id,
            )
        ],
        now=now,
    )
