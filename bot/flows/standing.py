"""Where a patient stands: whose they are, their course, its latest session and next visit."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from messages import wording
from messages.care_plan import Family
from messages.clinic import Clinic
from messages.errors import NotFound, Value
from messages.people import Actor
from storage import appointments, courses, patients, sessions, staff
from storage.database import UnitOfWork
from storage.tables import Appointment, Course, Patient, Session, Staff


@dataclass(frozen=True)
class Standing:
    """A patient with everything around them. A course stands for as long as there is none after it."""

    patient: Patient
    practitioner: Staff
    course: Course | None
    session: Session | None
    appointment: Appointment | None

    @property
    def family(self) -> Family | None:
        """What the current course treats."""
        return Family(self.course.family) if self.course else None

    @property
    def zone(self) -> ZoneInfo:
        """The patient's zone."""
        return ZoneInfo(self.patient.zone)


async def standing_of(work: UnitOfWork, patient_id: int) -> Standing:
    """Where this patient stands. Raises NotFound for one who was removed."""
    patient = await patients.get(work, patient_id)
    course = await courses.current(work, patient.id)
    return Standing(
        patient=patient,
        practitioner=await staff.get(work, patient.practitioner_id),
        course=course,
        session=await sessions.latest(work, course.id) if course else None,
        appointment=await appointments.active(work, course.id) if course else None,
    )


async def own_standing(work: UnitOfWork, actor: Actor) -> Standing:
    """Where the patient who acts stands. Raises NotFound for anybody else."""
    if actor.patient_id is None:
        raise NotFound
    return await standing_of(work, actor.patient_id)


def values_of(patient: Patient, practitioner: Staff, clinic: Clinic, language: str, now: datetime) -> dict[str, Value]:
    """What most texts to a patient name. A text takes those that it declares."""
    return {
        "first_name": first_name(patient.name),
        "practitioner": practitioner.name,
        "clinic": clinic.name,
        "clinic_phone": clinic.phone,
        "emergency_number": clinic.emergency_number,
        "answer_hours": answer_hours(practitioner, clinic, language, now),
    }


def first_name(name: str) -> str:
    """The first word of a name, which is how patients are addressed; a name of blanks stays as it is."""
    words = name.split()
    return words[0] if words else name


def answer_hours(practitioner: Staff, clinic: Clinic, language: str, now: datetime) -> str:
    """Between which hours a practitioner answers, on the clinic's wall clock: "09:00 and 18:00"."""
    today = now.astimezone(clinic.zone).date()
    bounds = (practitioner.works_from, practitioner.works_until)
    times = [datetime.combine(today, bound, tzinfo=clinic.zone) for bound in bounds]
    return wording.join([wording.time_of_day(each, clinic.zone, language) for each in times], language)
