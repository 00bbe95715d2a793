"""What the tests of check-ins share: a patient who was asked, taps, and what the rows say."""

from collections.abc import Sequence

from sqlalchemy import select

from bot.sandbox.person import Person, Seen
from messages.care_plan import Family
from messages.templates import Texts
from storage.tables import Alert, Answer, CheckIn
from tests.world import World

SLIGHT, MODERATE, STRONG = (Texts().plain(f"answer.swelling.{score}", "en") for score in (1, 2, 3))


async def checks(world: World) -> Sequence[CheckIn]:
    async with world.database.read() as work:
        return (await work.session.scalars(select(CheckIn).order_by(CheckIn.due_at, CheckIn.id))).all()


async def open_check(world: World) -> CheckIn:
    return next(each for each in await checks(world) if each.state == "open")


async def alerts_of(world: World) -> Sequence[Alert]:
    async with world.database.read() as work:
        return (await work.session.scalars(select(Alert).order_by(Alert.id))).all()


async def scores_of(world: World, check_in_id: int) -> dict[str, int]:
    async with world.database.read() as work:
        found = await work.session.execute(
            select(Answer.question, Answer.score).where(Answer.check_in_id == check_in_id)
        )
        return {row.question: row.score for row in found}


async def tap(world: World, person: Person, *labels: str) -> Seen:
    """Tap one button after the other, each once the last has been handled; the message as it is then."""
    for label in labels:
        person.tap(label)
        await world.settle()
    return person.last


async def score_through(world: World, person: Person, *scores: int) -> None:
    """Answer the scored questions in order, by their position."""
    for score in scores:
        check_in = next(message for message in reversed(person.bot_messages) if "🆘 Urgent" in message.labels)
        person.tap(check_in.labels[score], check_in.id)
        await world.settle()


async def asked(
    world: World, family: Family = Family.FACE, hours: float = 3, next_in_days: int = 7
) -> tuple[Person, Person]:
    """A practitioner and a patient who has just been sent the check-in of +3 h."""
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie, family)
    await world.session(anna, next_in_days=next_in_days)
    await world.move(hours=hours)
    return marie, anna
