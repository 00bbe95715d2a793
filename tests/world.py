"""A small world for tests: the sandbox, the real application against it, and a clock that stands still.

    async def test_something(world: World) -> None:
        marie = await world.practitioner("Marie Laurent")      # a joined practitioner, as a sandbox Person
        anna = await world.patient("Anna Keller", marie, Family.FACE)     # invited, joined, has agreed
        await world.session(anna, next_in_days=7)              # marie records a session that ended just now
        await world.move(hours=3)                              # everything up to then happens at its own time
        assert "check-in" in anna.last.text
        anna.tap("None")
        await world.settle()                                   # until nothing is left to do

`world.at(day, "10:30")` gives an aware time of the clinic's wall clock; `world.local(moment)` shows one.
No sleeps: `settle`, `move`, `move_to`. Ids: `patient_id(person)`, `staff_id(person)`. Rows:
`async with world.database.read()`. `await world.crash()` then `await world.start()` restart the application
on the same database and sandbox.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import select

from bot.clock import MovableClock
from bot.flows.add_patient import add_patient
from bot.flows.record_session import Recorded, record_session
from bot.sandbox.person import Person
from bot.staging.served_stage import ServedStage
from bot.throttle import NO_LIMITS, Limits
from messages.care_plan import Family, plan_of
from messages.clinic import Clinic
from messages.people import Actor
from storage import people
from storage.database import UnitOfWork
from storage.tables import Patient, Staff
from tests.pictures import Beginning, Pictures

PARIS = ZoneInfo("Europe/Paris")
START = datetime(2026, 3, 2, 10, 0, tzinfo=PARIS)
"""A Monday, four weeks before the clocks change."""

CLINIC = Clinic(name="Lindenhof Clinic", zone=PARIS, phone="+33 1 23 45 67 89", emergency_number="112", language="en")


class World(ServedStage):
    """Everything a test needs. `start` again after `crash` goes on with the same database."""

    def __init__(
        self,
        database_url: str,
        *,
        start: datetime = START,
        limits: Limits = NO_LIMITS,
        pictures: Pictures | None = None,
    ) -> None:
        """With `pictures` the first people join as they did before, if they did: see tests/pictures.py."""
        # As in production: what is not, commits without giving others their turn before it is durable.
        super().__init__(database_url, CLINIC, MovableClock(start), limits=limits, durable=True)
        self._beginning = Beginning(pictures, database_url, self.sandbox)

    async def start(self) -> None:
        """Start the application on the database, as it stands."""
        await super().start()
        work = self.database.work

        def counted() -> AbstractAsyncContextManager[UnitOfWork]:
            self._beginning.writes += 1
            return work()

        setattr(self.database, "work", counted)  # noqa: B010
        self._beginning.opened(self.clinic, self.limits)

    async def crash(self) -> None:
        """End every task of the application at once, as a kill would, and leave the rows as they are.

        What it has called last is at the sandbox before the clock can be moved.
        """
        self.app.schedule.stop()
        await self.app.nursery.stop()
        await self.app.application.shutdown()
        await self.database.close()
        await self.server.deserted()

    async def move(self, **duration: float) -> None:
        """Live through a `timedelta(**duration)`."""
        await self.move_to(self.clock.now() + timedelta(**duration))

    def at(self, days: int, clock: str = "10:00") -> datetime:
        """`days` after the first day of this world, at a wall-clock time of the clinic."""
        day = START.date() + timedelta(days=days)
        return datetime.combine(day, time.fromisoformat(clock), PARIS).astimezone(UTC)

    def local(self, moment: datetime) -> str:
        """A moment as the clinic's wall clock shows it: "2026-03-02 10:00"."""
        return moment.astimezone(PARIS).strftime("%Y-%m-%d %H:%M")

    async def practitioner(self, name: str = "Marie Laurent", **details: object) -> Person:
        """A practitioner who has joined; `details` are columns of Staff."""
        return await self._staff(name, practitioner=True, admin=False, **details)

    async def admin(self, name: str = "Alex Martin", **details: object) -> Person:
        """An admin who has joined."""
        return await self._staff(name, practitioner=False, admin=True, **details)

    async def _staff(self, name: str, *, practitioner: bool, admin: bool, **details: object) -> Person:
        step = ("staff", name, practitioner, admin, *sorted(details.items()))
        joins = partial(self._staff_joins, name, practitioner=practitioner, admin=admin, **details)
        return await self._beginning.step(self.clock.now(), step, joins)

    async def _staff_joins(self, name: str, *, practitioner: bool, admin: bool, **details: object) -> Person:
        person = self.sandbox.person(name.split()[0], language_code=str(details.get("language", "en")))
        async with self.database.work() as work:
            columns: dict[str, object] = {"language": "en", **details}
            work.session.add(
                Staff(
                    telegram_id=person.id,
                    name=name,
                    is_practitioner=practitioner,
                    is_admin=admin,
                    joined_at=self.clock.now(),
                    created_at=self.clock.now(),
                    **columns,
                )
            )
            await work.commit()
        person.say("/start")
        await self.settle()
        return person

    async def invited(
        self,
        name: str,
        practitioner: Person,
        family: Family = Family.FACE,
        *,
        language: str = "en",
        **plan: int,
    ) -> tuple[Person, str]:
        """A person who has not opened their link yet, and its token. `plan`: sessions, interval_days."""
        default = plan_of(family)
        async with self.database.work() as work:
            _, token = await add_patient(
                work,
                actor=await self._actor(practitioner),
                name=name,
                family=family,
                sessions=plan.get("sessions", default.sessions),
                interval_days=plan.get("interval_days", default.interval_days),
                language=language,
                clinic=self.clinic,
                now=self.clock.now(),
            )
        return self.sandbox.person(name.split()[0], language_code=language), token

    async def patient(
        self,
        name: str,
        practitioner: Person,
        family: Family = Family.FACE,
        *,
        language: str = "en",
        **plan: int,
    ) -> Person:
        """A patient who has opened the link and agreed."""
        step = ("patient", name, practitioner.id, family, language, *sorted(plan.items()))
        joins = partial(self._patient_joins, name, practitioner, family, language=language, **plan)
        return await self._beginning.step(self.clock.now(), step, joins)

    async def _patient_joins(
        self, name: str, practitioner: Person, family: Family, *, language: str, **plan: int
    ) -> Person:
        person, token = await self.invited(name, practitioner, family, language=language, **plan)
        person.start(token)
        await self.settle()
        person.tap("consent:yes")
        await self.settle()
        return person

    async def session(
        self,
        patient: Person,
        *,
        next_in_days: int | None = 7,
        ended_at: datetime | None = None,
        next_at: datetime | None = None,
        usual_pain: int | None = None,
    ) -> Recorded:
        """Their practitioner records a session that ended at `ended_at` (now)."""
        step = ("session", patient.id, next_in_days, ended_at, next_at, usual_pain)
        ends = partial(self._session_ends, patient, next_in_days, ended_at, next_at, usual_pain)
        return await self._beginning.step(self.clock.now(), step, ends)

    async def _session_ends(
        self,
        patient: Person,
        next_in_days: int | None,
        ended_at: datetime | None,
        next_at: datetime | None,
        usual_pain: int | None,
    ) -> Recorded:
        ended = ended_at or self.clock.now()
        if next_at is None and next_in_days is not None:
            local = ended.astimezone(PARIS)
            next_at = datetime.combine(local.date() + timedelta(days=next_in_days), local.time(), PARIS)
        async with self.database.work() as work:
            row = await work.session.get_one(Patient, await self.patient_id(patient))
            practitioner = await work.session.get_one(Staff, row.practitioner_id)
            assert practitioner.telegram_id is not None
            recorded = await record_session(
                work,
                actor=await people.actor_of(work, practitioner.telegram_id, language="en"),
                patient_id=row.id,
                ended_at=ended,
                next_appointment=next_at,
                note=None,
                areas=None,
                usual_pain=usual_pain,
                clinic=self.clinic,
                now=self.clock.now(),
            )
        await self.settle()
        return recorded

    async def _actor(self, person: Person) -> Actor:
        async with self.database.read() as work:
            return await people.actor_of(work, person.id, language="en")

    async def patient_id(self, person: Person) -> int:
        """The id of a patient who has joined."""
        async with self.database.read() as work:
            found = await work.session.scalar(select(Patient.id).where(Patient.telegram_id == person.id))
        assert found is not None
        return found

    async def staff_id(self, person: Person) -> int:
        """The id of a member of staff who has joined."""
        async with self.database.read() as work:
            found = await work.session.scalar(select(Staff.id).where(Staff.telegram_id == person.id))
        assert found is not None
        return found


@asynccontextmanager
async def living(
    database_url: str, *, start: datetime = START, limits: Limits = NO_LIMITS, pictures: Pictures | None = None
) -> AsyncIterator[World]:
    """A world that runs until the block is left."""
    world = World(database_url, start=start, limits=limits, pictures=pictures)
    await world.open()
    try:
        await world.start()
        try:
            yield world
        finally:
            await world.stop()
    finally:
        await world.close()
