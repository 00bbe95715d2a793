"""Names that no form foresees, shown wherever a name is shown."""

import pytest

from bot.sandbox.person import Person
from messages.grading import Flag, Grade
from storage.tables import Staff
from tests.bot.conversation import alert, heard, last_id, staff_row
from tests.world import World

NAMES = {
    "markup": '<b>Eve</b> & "Söhne" &amp; </i>',
    "emoji": "👩‍⚕️🦋 Zoë 🙂",
    "right-to-left": "\u202eevil\u202c שלום \u2067محمد\u2069",
    "200 characters": "Wolfeschlegelsteinhausen & <" * 7 + "xxxx",
    "200 emoji": "🦋" * 200,
    "braces": "{patient} {0} %s \\n",
}


def visible(name: str) -> str:
    """The beginning of a name, as Telegram shows it: it drops overrides of the direction."""
    return name.replace("\u202e", "").replace("\u202c", "")[:9].strip()


async def told(world: World, person: Person, before: int) -> str:
    """What the bot has said to this person since, once everything is handled."""
    await world.settle()
    return heard(person, before)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
async def test_a_patient_of_any_name_is_shown_everywhere(world: World, name: str) -> None:
    marie = await world.practitioner()
    alex = await world.admin()
    anna = await world.patient(name, marie)
    await world.session(anna)
    beginning = visible(name)
    before = last_id(marie)
    anna.say("hello <there>")
    assert "hello <there>" in await told(world, marie, before)
    anna.send_photo(caption="look & see")
    assert "look & see" in await told(world, marie, before)
    before, at_alex = last_id(marie), last_id(alex)
    await alert(world, anna, Grade.E, (Flag.E1,))
    alerted = await told(world, marie, before)
    assert "EMERGENCY" in alerted
    await world.move(minutes=11)
    assert "EMERGENCY" in await told(world, alex, at_alex)
    for command in ("/digest", "/patients", "/record"):
        before = last_id(marie)
        marie.say(command)
        assert await told(world, marie, before), command
    marie.tap(marie.last.labels[0])
    await world.settle()
    marie.tap_data(marie.last.id, f"patient.open:{await world.patient_id(anna)}")
    await world.settle()
    shown = heard(marie)
    assert beginning in shown
    assert beginning in alerted


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
async def test_a_practitioner_of_any_name_is_shown_everywhere(world: World, name: str) -> None:
    marie = await world.practitioner()
    alex = await world.admin()
    anna = await world.patient("Anna Keller", marie)
    async with world.database.work() as work:
        member = await work.session.get_one(Staff, await world.staff_id(marie))
        member.name = name
        await work.commit()
    await world.session(anna)
    before = last_id(anna)
    anna.say("hello")
    assert visible(name) in await told(world, anna, before)
    for person, command in ((anna, "/next"), (anna, "/help"), (anna, "/stop"), (alex, "/people"), (alex, "/status")):
        before = last_id(person)
        person.say(command)
        assert await told(world, person, before), command
    alex.tap_data(alex.last.id, f"ppl.card:{await world.staff_id(marie)}")
    marie.say("Yours", reply_to=marie.last.id)
    await world.settle()
    marie.block()
    at_alex = last_id(alex)
    assert "can’t be reached here" in await told(world, alex, at_alex)
    assert (await staff_row(world, marie)).name == name


async def test_names_are_asked_again_when_they_cannot_be(world: World) -> None:
    marie = await world.practitioner()
    marie.say("/new")
    await world.settle()
    for typed, helped in (("x" * 201, "201"), ("\u200e \u200f", "letter"), ("🙂" * 2048, "2048")):
        before = last_id(marie)
        marie.say(typed)
        assert helped in await told(world, marie, before), typed[:10]
