"""How people come onto a stage: staff and patients join by their links, as in a real clinic."""

from datetime import datetime
from random import Random

from bot.flows.add_patient import add_patient
from bot.flows.invite_staff import invite_staff
from bot.flows.record_session import record_session
from bot.sandbox.person import Person
from bot.staging.cast import Manner, ScriptedPatient, ScriptedPractitioner
from bot.staging.stage import Stage
from messages.care_plan import Family
from messages.timing import wall_clock_add
from storage import people
from storage.tables import Staff


async def join_staff(
    stage: Stage, name: str, *, practitioner: bool, admin: bool, language: str = "en"
) -> tuple[Person, int]:
    """A practitioner or admin who opens their link. Returns them and their staff id."""
    async with stage.database.work() as work:
        member, token = await invite_staff(
            work,
            actor=None,
            name=name,
            practitioner=practitioner,
            admin=admin,
            language=language,
            clinic=stage.clinic,
            now=stage.now(),
        )
    person = _person(stage, name, "practitioner" if practitioner else "admin", language=language)
    person.start(token)
    await stage.settle()
    return person, member.id


async def join_patient(
    stage: Stage,
    name: str,
    practitioner: Person,
    family: Family,
    *,
    sessions: int,
    interval_days: int,
    language: str = "en",
    person: Person | None = None,
) -> tuple[Person, int]:
    """A patient (`person`, or a new one) who opens their link and agrees. Returns them and their patient id."""
    async with stage.database.read() as work:
        actor = await people.actor_of(work, practitioner.id, language=language)
    async with stage.database.work() as work:
        patient, token = await add_patient(
            work,
            actor=actor,
            name=name,
            family=family,
            sessions=sessions,
            interval_days=interval_days,
            language=language,
            clinic=stage.clinic,
            now=stage.now(),
        )
    person = person or patient_to_be(stage, name, language=language)
    person.start(token)
    await stage.settle()
    person.tap("consent:yes")
    await stage.settle()
    return person, patient.id


async def set_cover(stage: Stage, staff_id: int, cover_id: int) -> None:
    """Who answers alerts in a practitioner's place."""
    async with stage.database.work() as work:
        member = await work.session.get_one(Staff, staff_id)
        member.cover_id = cover_id
        await work.commit()


async def rest_digests(stage: Stage, staff_id: int, *, until: datetime) -> None:
    """No daily digest for this practitioner before `until`."""
    async with stage.database.work() as work:
        member = await work.session.get_one(Staff, staff_id)
        member.digest_due_at = until
        await work.commit()


async def record(
    stage: Stage, practitioner: Person, patient_id: int, *, ended_at: datetime, next_in_days: int | None
) -> None:
    """A session that ended at `ended_at`, and the next appointment as many days later at the same hour."""
    next_at = wall_clock_add(ended_at, days=next_in_days, zone=stage.zone) if next_in_days is not None else None
    async with stage.database.read() as work:
        actor = await people.actor_of(work, practitioner.id, language=stage.clinic.language)
    async with stage.database.work() as work:
        await record_session(
            work,
            actor=actor,
            patient_id=patient_id,
            ended_at=ended_at,
            next_appointment=next_at,
            note=None,
            areas=None,
            usual_pain=None,
            clinic=stage.clinic,
            now=stage.now(),
        )
    await stage.settle()


def scripted(person: Person, manner: Manner, random: Random) -> ScriptedPatient:
    """A patient who acts by themselves."""
    return ScriptedPatient(person, manner, Random(random.random()))


def scripted_practitioner(person: Person, random: Random) -> ScriptedPractitioner:
    """A practitioner who acts by themselves."""
    return ScriptedPractitioner(person, Random(random.random()))


def patient_to_be(stage: Stage, name: str, *, label: str = "", language: str = "en") -> Person:
    """Somebody who has not opened their link yet."""
    return _person(stage, name, "patient", label=label, language=language)


def _person(stage: Stage, name: str, role: str, *, label: str = "", language: str) -> Person:
    first, _, last = name.rpartition(" ")
    return stage.sandbox.person(first, last_name=last, role=role, label=label, language_code=language)
