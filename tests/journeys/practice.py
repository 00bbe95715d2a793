"""What a practice does between the sessions of a course."""

from bot.flows.move_appointment import move_appointment
from bot.sandbox.person import Person
from storage import people
from storage.tables import Staff
from tests.journeys.journal import NO_DIGEST, paris
from tests.world import World


async def move_visit(world: World, practitioner: Person, patient: Person, to: str | None) -> None:
    """The practitioner moves the next visit to a time of the clocks of Paris, books one, or cancels it with None."""
    async with world.database.work() as work:
        await move_appointment(
            work,
            actor=await people.actor_of(work, practitioner.id, language="en"),
            patient_id=await world.patient_id(patient),
            starts_at=paris(to) if to else None,
            clinic=world.clinic,
            now=world.clock.now(),
        )
    await world.settle()


async def end_digests(world: World, practitioner: Person) -> None:
    """From now on the practitioner gets no digest: the rest of a long course is lived through much faster."""
    async with world.database.work() as work:
        member = await work.session.get_one(Staff, await world.staff_id(practitioner))
        member.digest_due_at = NO_DIGEST
        await work.commit()
