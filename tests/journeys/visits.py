"""What a practitioner does between the sessions of a course."""

from bot.flows.move_appointment import move_appointment
from bot.sandbox.person import Person
from storage import people
from tests.journeys.journal import paris
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
