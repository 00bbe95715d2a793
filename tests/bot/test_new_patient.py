"""/new, end to end: the questions, the link and its picture, and what is typed wrong."""

import re

import pytest
from sqlalchemy import select

from bot.sandbox.person import Person
from storage.tables import Course, Patient
from tests.world import World


async def _say(world: World, person: Person, text: str) -> None:
    person.say(text)
    await world.settle()


async def _tap(world: World, person: Person, label: str) -> None:
    person.tap(label)
    await world.settle()


async def _usual(world: World, marie: Person, name: str) -> str:
    """Add a patient in the usual way; returns the token of their link."""
    for text in ("/new", name):
        await _say(world, marie, text)
    for label in ("Face", "new.plan:usual", "new.language:en"):
        await _tap(world, marie, label)
    found = re.search(r"https://t\.me/\w+\?start=([\w-]+)", marie.last.text)
    assert found is not None, marie.last.text
    return found[1]


async def _patients(world: World) -> list[tuple[Patient, Course]]:
    async with world.database.read() as work:
        rows = await work.session.execute(
            select(Patient, Course).join(Course, Course.patient_id == Patient.id).order_by(Patient.id)
        )
        return [(patient, course) for patient, course in rows.all()]


async def test_a_name_and_three_taps_give_a_link_that_the_patient_can_open(world: World) -> None:
    marie = await world.practitioner()
    token = await _usual(world, marie, "Anna Keller")
    assert marie.last.media is not None
    assert marie.last.media.kind == "photo"
    assert "until Monday 16 March" in marie.last.text
    anna = world.sandbox.person("Anna")
    anna.start(token)
    await world.settle()
    assert "Marie Laurent" in anna.last.text
    anna.tap("consent:yes")
    await world.settle()
    assert "Anna Keller" in marie.last.text
    [(patient, course)] = await _patients(world)
    assert patient.consented_at is not None
    assert (course.family, course.sessions_planned, course.interval_days) == ("face", 5, 14)


async def test_other_numbers_are_tapped_or_typed(world: World) -> None:
    marie = await world.practitioner()
    await _say(world, marie, "/new Béatrice <b> & Co")
    for label in ("Scalp", "Other…"):
        await _tap(world, marie, label)
    await _say(world, marie, "seven")
    assert "1 to 40" in marie.last.text
    await _say(world, marie, "7")
    await _tap(world, marie, "14 days")
    await _tap(world, marie, "Français")
    [(patient, course)] = await _patients(world)
    assert patient.name == "Béatrice <b> & Co"
    assert patient.search_name == "beatrice <b> & co"
    assert (course.sessions_planned, course.interval_days, patient.language) == (7, 14, "fr")


@pytest.mark.parametrize("name", ["\u2067evil", "محمد عبد الله", "👩‍⚕️ Zoë", "x" * 200])
async def test_any_name_is_shown_and_never_breaks_a_message(world: World, name: str) -> None:
    marie = await world.practitioner()
    await _usual(world, marie, name)
    await _tap(world, marie, "👤 Card")
    assert "session 0 of" in marie.last.text
    await _say(world, marie, "/patients")
    assert all(len(button.text) <= 64 for row in marie.last.buttons for button in row)
    [(patient, _)] = await _patients(world)
    assert patient.name == name


@pytest.mark.parametrize(("typed", "told"), [("x" * 201, "201"), ("\u200e \u200f", "at least one letter")])
async def test_a_name_that_cannot_be_is_refused_in_words(world: World, typed: str, told: str) -> None:
    marie = await world.practitioner()
    await _say(world, marie, "/new")
    await _say(world, marie, typed)
    assert told in marie.last.text
    assert await _patients(world) == []


async def test_a_picture_where_a_name_is_asked_for_is_answered(world: World) -> None:
    marie = await world.practitioner()
    await _say(world, marie, "/new")
    marie.send_photo()
    await world.settle()
    assert "type it as text" in marie.last.text


async def test_a_second_tap_on_the_last_answer_adds_nobody(world: World) -> None:
    marie = await world.practitioner()
    for text in ("/new", "Anna Keller"):
        await _say(world, marie, text)
    for label in ("Face", "new.plan:usual"):
        await _tap(world, marie, label)
    language = marie.last.id
    first, second = marie.tap("new.language:en", language), marie.tap("new.language:fr", language)
    await world.settle()
    assert not first.alert
    assert second.alert
    assert second.toast is not None
    assert "begin again" in second.toast
    assert len(await _patients(world)) == 1


async def test_a_renewed_link_replaces_the_first_and_a_withdrawn_one_is_gone(world: World) -> None:
    marie = await world.practitioner()
    old = await _usual(world, marie, "Anna Keller")
    await _tap(world, marie, "👤 Card")
    assert "link valid until" in marie.last.text
    card = marie.last.id
    await _tap(world, marie, "🔗 New link")
    found = re.search(r"start=([\w-]+)", marie.last.text)
    assert found is not None
    anna = world.sandbox.person("Anna")
    anna.start(old)
    await world.settle()
    assert "withdrawn or replaced" in anna.last.text
    withdrawn = marie.tap("🚫 Withdraw link", card)
    await world.settle()
    assert withdrawn.toast == "The link no longer works."
    anna.start(found[1])
    await world.settle()
    assert "withdrawn or replaced" in anna.last.text


async def test_the_questions_are_asked_in_french(world: World) -> None:
    marie = await world.practitioner(language="fr")
    await _say(world, marie, "/new")
    assert "Nouveau patient" in marie.last.text
    await _say(world, marie, "Zoé")
    await _tap(world, marie, "new.family:eye")
    assert "tous les" in marie.last.labels[0]


async def test_a_reply_to_the_question_answers_it(world: World) -> None:
    marie = await world.practitioner()
    await _say(world, marie, "/new")
    marie.say("Anna Keller", reply_to=marie.last.id)
    await world.settle()
    assert "What is treated?" in marie.last.text
    await _say(world, marie, "/record")
    marie.say("nobody", reply_to=marie.last.id)
    await world.settle()
    assert "don’t know who this is for" not in marie.last.text
