"""What the tests of conversation and alerts share: two people in a chat each, and what the rows say."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from sqlalchemy import select

from bot.flows import change_staff
from bot.flows.hand_over import hand_over
from bot.flows.raise_alert import raise_alert
from bot.flows.remove_staff import remove_staff
from bot.sandbox.faults import Fault
from bot.sandbox.person import Person, Seen
from messages.grading import Flag, Grade
from storage import courses, people, sessions
from storage.tables import Alert, Audit, Letter, Outbox, Patient, Staff
from tests.world import World


@dataclass(frozen=True)
class Pair:
    """A practitioner and their patient, three hours after the first session."""

    marie: Person
    anna: Person


async def pair(world: World, *, name: str = "Anna Keller", hours: float = 3, language: str = "en") -> Pair:
    """A practitioner and a patient whose first session ended `hours` ago and who has answered nothing."""
    marie = await world.practitioner()
    anna = await world.patient(name, marie, language=language)
    ended_at = world.clock.now() - timedelta(hours=hours)
    await world.session(anna, ended_at=ended_at, next_in_days=None)
    return Pair(marie, anna)


def since(person: Person, message_id: int) -> list[Seen]:
    """What the bot has said to this person after a message."""
    return [message for message in person.bot_messages if message.id > message_id]


def last_id(person: Person) -> int:
    """The newest message of the bot in this person's chat."""
    return max((message.id for message in person.messages), default=0)


async def alert(
    world: World,
    patient: Person,
    grade: Grade = Grade.U,
    flags: tuple[Flag, ...] = (Flag.U5,),
    origin: str = "check_in",
) -> int:
    """Raise an alert about a patient, as a flow would; its id."""
    async with world.database.work() as work:
        row = await work.session.get_one(Patient, await world.patient_id(patient))
        course = await courses.current(work, row.id)
        session = await sessions.latest(work, course.id) if course else None
        raised = await raise_alert(
            work,
            patient=row,
            session_id=session.id if session else None,
            check_in_id=None,
            grade=grade,
            flags=flags,
            origin=origin,
            now=world.clock.now(),
            clinic=world.clinic,
        )
        await work.commit()
    await world.settle()
    return raised.id


async def alert_row(world: World, alert_id: int) -> Alert:
    """How an alert stands."""
    async with world.database.read() as work:
        return await work.session.get_one(Alert, alert_id)


async def letters(world: World) -> list[Letter]:
    """Every letter, in order."""
    async with world.database.read() as work:
        return list((await work.session.scalars(select(Letter).order_by(Letter.id))).all())


async def rows(world: World, kind: str) -> list[Outbox]:
    """Every outbox row of a kind, in order."""
    async with world.database.read() as work:
        statement = select(Outbox).where(Outbox.kind == kind).order_by(Outbox.id)
        return list((await work.session.scalars(statement)).all())


async def audited(world: World, subject: str) -> list[str]:
    """What was done to a kind of record, in order."""
    async with world.database.read() as work:
        statement = select(Audit.action).where(Audit.subject == subject).order_by(Audit.id)
        return list((await work.session.scalars(statement)).all())


async def set_cover(world: World, practitioner: Person, cover: Person) -> None:
    """Let `cover` step in for `practitioner`."""
    async with world.database.work() as work:
        member = await work.session.get_one(Staff, await world.staff_id(practitioner))
        member.cover_id = await world.staff_id(cover)
        await work.commit()


async def remove(world: World, member: Person, *, by: Person, successor: Person | None = None) -> None:
    """Let an admin remove a member of staff, whose patients go to the successor."""
    staff_id = await world.staff_id(member)
    successor_id = await world.staff_id(successor) if successor else None
    async with world.database.work() as work:
        await remove_staff(
            work,
            actor=await people.actor_of(work, by.id, language="en"),
            staff_id=staff_id,
            successor_id=successor_id,
            clinic=world.clinic,
            now=world.clock.now(),
        )


async def hand_patient_over(world: World, patient: Person, *, to: Person, by: Person, settled: bool = True) -> None:
    """Let a practitioner hand a patient over to a colleague. Without `settled`, nothing may have been sent yet."""
    patient_id, to_id = await world.patient_id(patient), await world.staff_id(to)
    async with world.database.work() as work:
        actor = await people.actor_of(work, by.id, language="en")
        await hand_over(work, actor=actor, patient_id=patient_id, to_staff_id=to_id, now=world.clock.now())
    if settled:
        await world.settle()


def refusal(person: Person, **matching: object) -> Fault:
    """What Telegram answers for who has blocked the bot: for one call, and nothing else tells of it."""
    return Fault.answer(403, "Forbidden: bot was blocked by the user", chat_id=person.id, **matching)


def heard(person: Person, after: int = 0) -> str:
    """All that the bot has said to this person, or has said after a message."""
    return "\n".join(message.text for message in since(person, after))


def times_heard(person: Person, words: str, after: int = 0) -> int:
    """How many messages with these words the bot has said to this person, or has said after a message."""
    return sum(words in message.text for message in since(person, after))


async def leave_patients(world: World, practitioner: Person, *, by: Person) -> None:
    """Let an admin make an admin of somebody who treats nobody any more."""
    staff_id = await world.staff_id(practitioner)
    for change in (
        partial(change_staff.set_admin, is_admin=True),
        partial(change_staff.unmake_practitioner, successor_id=None, clinic=world.clinic),
    ):
        async with world.database.work() as work:
            actor = await people.actor_of(work, by.id, language="en")
            await change(work, actor=actor, staff_id=staff_id, now=world.clock.now())


async def replace_cover(world: World, practitioner: Person, cover: Person, *, by: Person) -> None:
    """Let an admin have somebody else step in for a practitioner."""
    staff_id, cover_id = await world.staff_id(practitioner), await world.staff_id(cover)
    async with world.database.work() as work:
        actor = await people.actor_of(work, by.id, language="en")
        await change_staff.set_cover(work, actor=actor, staff_id=staff_id, cover_id=cover_id, now=world.clock.now())


async def patient_row(world: World, person: Person) -> Patient:
    """A patient's row."""
    async with world.database.read() as work:
        return await work.session.get_one(Patient, await world.patient_id(person))


async def staff_row(world: World, person: Person) -> Staff:
    """The row of a member of staff."""
    async with world.database.read() as work:
        return await work.session.get_one(Staff, await world.staff_id(person))
