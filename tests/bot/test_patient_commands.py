"""/next, /help, /stop, /resume, /language, and the menu of commands."""

import pytest
from sqlalchemy import select

from bot.sandbox.person import Person
from messages.care_plan import Family
from storage.tables import Outbox, Patient
from tests.bot.conversation import times_heard
from tests.world import World


async def after_a_session(world: World, family: Family = Family.FACE) -> tuple[Person, Person]:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie, family)
    await world.session(anna)
    return marie, anna


async def say(world: World, person: Person, text: str) -> str:
    person.say(text)
    await world.settle()
    return person.last.text


def check_ins_heard(person: Person) -> int:
    return sum(message.text.startswith("You have a check-in\n") for message in person.bot_messages)


async def rows(world: World, *kinds: str) -> list[Outbox]:
    async with world.database.read() as work:
        statement = select(Outbox).where(Outbox.kind.in_(kinds)).order_by(Outbox.due_at, Outbox.id)
        return list((await work.session.scalars(statement)).all())


async def test_next_names_the_check_in_and_the_visit(world: World) -> None:
    _, anna = await after_a_session(world)
    answer = await say(world, anna, "/next")
    assert "Check-in: today, 13:00" in answer
    assert "Appointment: Monday 9 March, 10:00" in answer
    anna.tap("I’ll be there")
    await world.settle()
    assert "(confirmed)" in await say(world, anna, "/next")
    await world.move(hours=3)
    assert "waiting for your answer" in await say(world, anna, "/next")


async def test_next_with_nothing_planned(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    assert "Nothing is planned" in await say(world, anna, "/next")


@pytest.mark.parametrize("family", list(Family))
async def test_help_says_what_to_avoid_after_this_kind_of_session(world: World, family: Family) -> None:
    _, anna = await after_a_session(world, family)
    answer = await say(world, anna, "/help")
    assert "+33 1 23 45 67 89" in answer
    assert "sauna" in answer
    heat = "48" if family is Family.PAIN else "72"
    assert f"sauna, hot baths and swimming pools: {heat} hours" in answer
    assert ("ask us first" in answer) == (family is Family.PAIN)


async def test_help_for_others(world: World) -> None:
    marie = await world.practitioner()
    alex = await world.admin()
    sam = world.sandbox.person("Sam")
    assert "/record" in await say(world, marie, "/help")
    answer = await say(world, alex, "/help")
    assert "/people" in answer
    assert "/record" not in answer
    assert "personal link" in await say(world, sam, "/help")


async def test_stop_ends_what_is_planned_at_once_and_tells_the_practitioner(world: World) -> None:
    marie, anna = await after_a_session(world)
    assert "We won’t send you" in await say(world, anna, "/stop")
    assert "has stopped check-ins" in marie.last.text
    planned = await rows(world, "check_in", "reminder")
    # What the plan itself left out from the start stays as it was recorded.
    assert {row.reason for row in planned if row.state != "skipped"} == {"stopped"}
    assert {row.state for row in planned} <= {"cancelled", "skipped"}
    heard = len(anna.bot_messages)
    await world.move(days=6)
    assert len(anna.bot_messages) == heard
    assert "already stopped" in await say(world, anna, "/stop")
    assert times_heard(marie, "has stopped") == 1
    assert "stopped our messages" in await say(world, anna, "/next")


async def test_resuming_brings_back_what_still_makes_sense(world: World) -> None:
    marie, anna = await after_a_session(world)
    await say(world, anna, "/stop")
    await world.move(days=1, hours=2)
    anna.tap("Receive them again")
    await world.settle()
    assert "receives check-ins and reminders again" in marie.last.text
    # +3 h is long past; +24 h was due two hours ago and goes now.
    assert check_ins_heard(anna) == 1
    states = {row.values.get("step"): row.state for row in await rows(world, "check_in") if row.check_in_id}
    assert states == {"after_3h": "cancelled", "after_24h": "sent", "after_72h": "pending", "eve": "pending"}
    assert "already receive" in await say(world, anna, "/resume")
    await world.move(days=2)
    assert check_ins_heard(anna) == 2


async def test_stopped_patients_are_still_heard_and_helped(world: World) -> None:
    marie, anna = await after_a_session(world)
    await say(world, anna, "/stop")
    await say(world, anna, "It feels odd")
    assert any("It feels odd" in message.text for message in marie.bot_messages)
    await say(world, anna, "/urgent")
    assert any("Call 112 now" in message.text for message in anna.bot_messages)


async def test_language_changes_the_chat_and_its_menu(world: World) -> None:
    marie, anna = await after_a_session(world)
    await say(world, anna, "/language")
    assert anna.last.labels == ["English", "Français"]
    anna.tap("Français")
    await world.settle()
    async with world.database.read() as work:
        patient = await work.session.get_one(Patient, await world.patient_id(anna))
    assert patient.language == "fr"
    assert "Rendez-vous" in await say(world, anna, "/next")
    shown = {each["command"]: each["description"] for each in world.sandbox.commands.shown_in(anna.chat, anna.account)}
    assert shown["next"] != "What comes next"
    forged = anna.tap_data(anna.last.id, "language:xx")
    await forged.wait()
    assert forged.toast
    await say(world, marie, "/language")
    marie.tap("Français")
    await world.settle()
    assert "Ce que vous pouvez faire" in await say(world, marie, "/help")


async def test_everybody_is_offered_their_own_commands(world: World) -> None:
    marie, anna = await after_a_session(world)
    alex = await world.admin()
    sam = world.sandbox.person("Sam")
    sam.say("hello")
    await world.settle()
    offered = {
        person.account.first_name: {
            each["command"] for each in world.sandbox.commands.shown_in(person.chat, person.account)
        }
        for person in (marie, anna, alex, sam)
    }
    assert {"next", "urgent", "help", "stop", "resume", "language"} == offered["Anna"]
    assert {"record", "new", "patients", "digest"} <= offered["Marie"]
    assert {"people", "templates", "plans", "status"} <= offered["Alex"]
    assert "record" not in offered["Alex"]
    assert {"start", "help"} == offered["Sam"]


@pytest.mark.parametrize("command", ["/next", "/stop", "/resume", "/record", "/people"])
async def test_commands_of_another_role_are_refused_in_words(world: World, command: str) -> None:
    marie, anna = await after_a_session(world)
    sam = world.sandbox.person("Sam")
    for person, theirs in ((sam, set()), (marie, {"/record"}), (anna, {"/next", "/stop", "/resume"})):
        if command not in theirs:
            assert "another role" in await say(world, person, command)
