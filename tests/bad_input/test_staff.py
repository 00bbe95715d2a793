"""Staff who are gone, removed or impatient, links that are not theirs, and texts that could break a send."""

import secrets

from sqlalchemy import select

from bot.sandbox.person import Person
from messages.grading import Grade
from storage import invitations
from storage.tables import Letter, Patient, TemplateVersion
from tests.bot.conversation import (
    alert,
    alert_row,
    heard,
    last_id,
    letters,
    pair,
    patient_row,
    remove,
    rows,
    set_cover,
    since,
)
from tests.bot.test_templates import edit, live
from tests.world import World

KEY = "patient.reminder.before_3h"


async def says(world: World, person: Person, text: str) -> str:
    """What somebody is answered."""
    before = last_id(person)
    person.say(text)
    await world.settle()
    return heard(person, before)


async def test_a_practitioner_who_blocks_is_replaced_for_letters_and_alerts(world: World) -> None:
    two = await pair(world)
    paul, alex = await world.practitioner("Paul Morel"), await world.admin()
    await set_cover(world, two.marie, paul)
    two.marie.block()
    await world.settle()
    assert any("Marie Laurent can’t be reached" in each.text for each in alex.bot_messages)
    before = last_id(paul)
    alert_id = await alert(world, two.anna, Grade.E)
    assert "Paul Morel" in await says(world, two.anna, "Is anybody there?")
    told = heard(paul, before)
    assert "EMERGENCY" in told
    assert "Is anybody there?" in told
    paul.block()
    await world.settle()
    await world.move(minutes=30)
    assert any("EMERGENCY" in each.text for each in alex.bot_messages)
    assert (await alert_row(world, alert_id)).acknowledged_at is None
    assert any("112" in each.text for each in two.anna.bot_messages)
    assert "can’t be reached here" in await says(world, two.anna, "And now?")
    assert [letter.text for letter in await letters(world)] == ["Is anybody there?", "And now?"]


async def test_a_practitioner_removed_in_the_middle_of_a_dialog_can_do_nothing_more(world: World) -> None:
    two = await pair(world)
    paul, alex = await world.practitioner("Paul Morel"), await world.admin()
    two.marie.tap_data(two.marie.last.id, f"write:{await world.patient_id(two.anna)}")
    await world.settle()
    await remove(world, two.marie, by=alex, successor=paul)
    await world.settle()
    before = last_id(two.anna)
    assert world.clinic.phone in await says(world, two.marie, "My last words to Anna")
    assert world.clinic.phone in await says(world, two.marie, "and again")
    refused = two.marie.tap_data(two.marie.last.id, f"patient.card:{await world.patient_id(two.anna)}")
    await world.settle()
    assert refused.alert
    assert since(two.anna, before) == []
    assert await letters(world) == []


async def test_a_patient_who_opens_somebody_elses_link_stays_who_they_are(world: World) -> None:
    two = await pair(world)
    _, token = await world.invited("Olga Petrova", two.marie)
    own_id = await world.patient_id(two.anna)
    two.anna.start(token)
    await world.settle()
    assert "somebody else" in two.anna.last.text or "other" in two.anna.last.text
    assert await world.patient_id(two.anna) == own_id
    async with world.database.work() as work:
        again = await invitations.create(work, patient_id=own_id, created_by=None, now=world.clock.now())
        await work.commit()
    two.anna.start(again)
    await world.settle()
    assert await world.patient_id(two.anna) == own_id
    assert (await patient_row(world, two.anna)).consented_at is not None
    async with world.database.read() as work:
        olga = await work.session.scalar(select(Patient.telegram_id).where(Patient.name == "Olga Petrova"))
    assert olga is None


async def test_twenty_wrong_links_are_slowed_down_and_help_stays_open(world: World) -> None:
    marie = await world.practitioner()
    await world.invited("Anna Keller", marie)
    guesser = world.sandbox.person("Eve")
    for _ in range(20):
        guesser.start(secrets.token_urlsafe(48))
    await world.settle()
    said = [each.text for each in guesser.bot_messages]
    assert len(said) == 20
    assert "recognise" in said[0]
    assert "1 minute" in said[-1]
    assert "112" in await says(world, guesser, "/urgent")
    async with world.database.read() as work:
        assert (await work.session.scalars(select(Patient.telegram_id))).all() == [None]


async def test_commands_of_another_role_are_refused_in_words(world: World) -> None:
    two = await pair(world)
    alex = await world.admin()
    for person, command in (
        (two.anna, "/record"),
        (two.anna, "/templates"),
        (two.marie, "/people"),
        (two.marie, "/urgent"),
        (alex, "/patients"),
        (alex, "/stop"),
        (alex, "/nonsense and more"),
    ):
        assert "/help" in await says(world, person, command), command
    assert await letters(world) == []


async def test_what_staff_send_to_nobody_is_said_to_have_gone_nowhere(world: World) -> None:
    two = await pair(world)
    before = last_id(two.anna)
    for act in (two.marie.send_sticker, two.marie.send_poll, two.marie.send_photo, two.marie.send_location):
        at_marie = last_id(two.marie)
        act()
        await world.settle()
        assert len(since(two.marie, at_marie)) == 1
    at_marie = last_id(two.marie)
    two.marie.say("x" * 9000)
    await world.settle()
    assert len(since(two.marie, at_marie)) == 3
    assert since(two.anna, before) == []
    async with world.database.read() as work:
        assert (await work.session.scalars(select(Letter))).all() == []


async def test_a_text_that_could_break_a_send_is_refused_in_words(world: World) -> None:
    alex = await world.admin()
    await edit(world, alex, KEY, "See you at {appointmnt}")
    assert "can’t use {appointmnt}" in alex.last.text
    for text, helped in (
        ("<b>Until {appointment}", "formatting near <b>"),
        ("{appointment} " + "x" * 4083, "Telegram has split it"),
        ("\u200b", "keep {appointment}"),
        ("{appointment", "brace"),
        ("{appointment.__class__}", "brace"),
    ):
        assert helped in await says(world, alex, text), text[:20]
    alex.send_poll()
    await world.settle()
    assert alex.last.text
    assert await live(world, KEY) is None
    async with world.database.read() as work:
        drafts = await work.session.scalars(select(TemplateVersion.state).where(TemplateVersion.state == "published"))
        assert drafts.all() == []
    assert await rows(world, "reminder") == []
