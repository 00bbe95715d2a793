"""Reminders of a visit and what the patient answers."""

import pytest
from sqlalchemy import select

from bot.sandbox.person import Person
from storage.tables import Appointment, Outbox
from tests.bot.conversation import times_heard
from tests.world import World


async def appointment_of(world: World) -> Appointment:
    async with world.database.read() as work:
        return (await work.session.scalars(select(Appointment).order_by(Appointment.id.desc()))).one()


async def reminded(world: World) -> tuple[Person, Person]:
    """A patient who has just been reminded of a visit in 48 hours."""
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    await world.session(anna)
    await world.move_to(world.at(5, "10:00"))
    return marie, anna


async def reminders(world: World) -> list[tuple[str, str, str | None]]:
    async with world.database.read() as work:
        rows = await work.session.scalars(select(Outbox).where(Outbox.kind == "reminder").order_by(Outbox.due_at))
        return [(row.template.rpartition(".")[2], row.state, row.reason) for row in rows.all()]


async def test_two_days_before_with_three_answers(world: World) -> None:
    _, anna = await reminded(world)
    first, _, rest = anna.last.text.partition("\n")
    assert first == "You have an appointment"
    assert "Monday 9 March, 10:00" in rest
    assert anna.last.labels == ["I’ll be there", "Please move it", "I can’t come"]


@pytest.mark.parametrize(
    ("label", "state", "to_patient", "to_practitioner"),
    [
        ("I’ll be there", "confirmed", "is confirmed", "Anna Keller will come"),
        ("Please move it", "move_asked", "will suggest another time", "asks to move"),
        ("I can’t come", "cannot_come", "can’t come", "Anna Keller can’t come"),
    ],
)
async def test_an_answer_is_stored_and_told(
    world: World, label: str, state: str, to_patient: str, to_practitioner: str
) -> None:
    marie, anna = await reminded(world)
    message = anna.last
    anna.tap(label)
    await world.settle()
    assert (await appointment_of(world)).state == state
    assert anna.last.id == message.id
    assert to_patient in anna.last.text
    assert label not in anna.last.labels
    assert to_practitioner in marie.last.text


async def test_the_same_answer_twice_is_told_once_and_a_change_of_mind_again(world: World) -> None:
    marie, anna = await reminded(world)
    message, appointment = anna.last, await appointment_of(world)
    for _ in range(2):
        anna.tap_data(message.id, f"visit.answer:{appointment.id}:confirmed:0")
    await world.settle()
    assert times_heard(marie, "will come") == 1
    await world.move(minutes=5)
    anna.tap("I can’t come")
    await world.settle()
    await world.move(minutes=5)
    anna.tap("I’ll be there")
    await world.settle()
    assert times_heard(marie, "will come") == 2
    assert (await appointment_of(world)).state == "confirmed"


async def test_somebody_elses_visit_and_a_past_one_cannot_be_answered(world: World) -> None:
    marie, anna = await reminded(world)
    olga = await world.patient("Olga Petrova", marie)
    appointment = await appointment_of(world)
    forged = olga.tap_data(olga.last.id, f"visit.answer:{appointment.id}:cannot_come:0")
    await forged.wait()
    assert "can’t find" in (forged.toast or "")
    message = anna.last
    await world.move(days=2, hours=1)
    late = anna.tap_data(message.id, f"visit.answer:{appointment.id}:cannot_come:0")
    await late.wait()
    assert "has passed" in (late.toast or "")
    await world.settle()
    assert (await appointment_of(world)).state == "booked"


async def test_all_reminders_come_once_and_the_last_without_buttons(world: World) -> None:
    _, anna = await reminded(world)
    await world.move_to(world.at(7, "09:59"))
    short = [message for message in anna.bot_messages if message.text.startswith("See you soon")]
    assert [message.labels for message in short] == [[]]
    assert ("before_3h", "sent", None) in await reminders(world)


async def test_who_cannot_come_is_not_reminded_any_more(world: World) -> None:
    _, anna = await reminded(world)
    anna.tap("I can’t come")
    await world.settle()
    await world.move_to(world.at(7, "09:59"))
    assert not any("See you soon" in message.text for message in anna.bot_messages)
    assert ("before_3h", "skipped", "cannot_come") in await reminders(world)
    eve = anna.last
    assert "I’ll be there" in eve.labels
