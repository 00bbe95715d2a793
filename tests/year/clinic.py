"""The clinic of a year: the world with everybody in it, who may fail, be restarted, and settle all the same."""

import asyncio
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import update

from messages.care_plan import Family
from storage.agenda import Agenda
from storage.tables import Patient, Staff
from tests.world import World
from tests.year.model import History, Ledger, PatientFacts, StaffFacts

ZONES = ("Europe/Paris", "Europe/Paris", "America/New_York", "Asia/Tokyo")
FIRST_NAMES = ("Anna", "David", "Lea", "Noah", "Mia", "Paul", "Zoe", "Emil")
LANGUAGES = ("en", "en", "fr")


class YearWorld(World):
    """A world in which taps may stay unanswered for a while, because Telegram was told to fail."""

    async def settle(self) -> Agenda:
        """Until every update is handled or waits to be tried again, and every due message is sent or put back."""
        async with asyncio.timeout(60):
            while True:
                self.app.throttle.forget_pauses()
                await self.sandbox.changed(lambda: not self.sandbox.unconfirmed_updates, 30)
                planned = await self.app.settle()
                if not self.sandbox.unconfirmed_updates:
                    return planned


async def open_clinic(world: YearWorld, ledger: Ledger, random: Random, *, patients: int) -> None:
    """Two practitioners who cover for each other, one without a cover, two admins, and their patients."""
    for number in range(3):
        person = await world.practitioner(f"Doctor{number} Laurent")
        staff_id = await world.staff_id(person)
        ledger.staff[staff_id] = StaffFacts(person, staff_id)
    for number in range(2):
        person = await world.admin(f"Admin{number} Martin")
        staff_id = await world.staff_id(person)
        ledger.staff[staff_id] = StaffFacts(person, staff_id, is_admin=True)
    first, second, *_ = ledger.staff.values()
    for member, cover in ((first, second), (second, first)):
        member.cover_id = cover.staff_id
        await _set_cover(world, member.staff_id, cover.staff_id)
    for _ in range(patients):
        await add_patient(world, ledger, random)


async def _set_cover(world: YearWorld, staff_id: int, cover_id: int) -> None:
    async with world.database.work() as work:
        await work.session.execute(update(Staff).where(Staff.id == staff_id).values(cover_id=cover_id))
        await work.commit()


async def add_patient(world: YearWorld, ledger: Ledger, random: Random) -> PatientFacts:
    """Somebody who joins and agrees, with a name and a zone of their own."""
    marker = f"p{len(ledger.patients) + 1:03d}q"
    owner = random.choice([each for each in ledger.staff.values() if not each.is_admin])
    name = f"{random.choice(FIRST_NAMES)}{marker} Keller{marker}"
    language, zone = random.choice(LANGUAGES), random.choice(ZONES)
    family = random.choice(list(Family))
    person = await world.patient(name, owner.person, family, language=language)
    patient_id = await world.patient_id(person)
    async with world.database.work() as work:
        await work.session.execute(update(Patient).where(Patient.id == patient_id).values(zone=zone))
        await work.commit()
    facts = PatientFacts(person, patient_id, marker, ZoneInfo(zone), History(owner.staff_id))
    ledger.patients[patient_id] = facts
    return facts
