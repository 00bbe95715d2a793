"""/start and consent: who joins, who does not, and what is stored before a patient agrees."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from bot.sandbox.person import Person
from messages.care_plan import Family
from messages.guessing import FREE_MISSES, LONGEST_WAIT, misses_now, wait_after
from storage import invitations
from storage.tables import Alert, Audit, Inbox, Invitation, Letter, Outbox, Patient, Staff
from tests.world import START, World


async def row(world: World, person: Person) -> Patient:
    async with world.database.read() as work:
        found = await work.session.scalar(select(Patient).where(Patient.telegram_id == person.id))
    assert found is not None
    return found


async def invite_staff(world: World, name: str = "Paul Roy") -> tuple[Person, str]:
    async with world.database.work() as work:
        member = Staff(name=name, language="fr", is_practitioner=True, is_admin=False, created_at=world.clock.now())
        work.session.add(member)
        await work.session.flush()
        token = await invitations.create(work, staff_id=member.id, created_by=None, now=world.clock.now())
        await work.commit()
    return world.sandbox.person(name.split()[0], language_code="fr"), token


async def test_a_link_leads_to_the_question_and_the_answer_joins(world: World) -> None:
    marie = await world.practitioner()
    anna, token = await world.invited("Anna Keller", marie)
    anna.start(token)
    await world.settle()
    assert "Do you agree?" in anna.last.text
    assert "112" in anna.last.text
    assert (await row(world, anna)).consented_at is None
    anna.tap("I agree")
    await world.settle()
    patient = await row(world, anna)
    assert patient.consented_at == world.clock.now()
    assert patient.joined_at == world.clock.now()
    assert patient.consent_language == "en"
    assert (patient.consent_version or "").startswith("default-")
    assert "connected with Marie Laurent" in anna.last.text
    assert marie.last.text == "Anna Keller has joined."
    asked = next(message for message in anna.bot_messages if "Do you agree?" in message.text)
    assert asked.labels == []


async def test_only_the_hash_of_a_token_is_stored(world: World) -> None:
    marie = await world.practitioner()
    _, token = await world.invited("Anna Keller", marie)
    assert len(token) >= 22
    async with world.database.read() as work:
        stored = await work.session.scalar(select(Invitation.token_hash))
    assert token not in str(stored)


async def test_a_second_tap_on_either_answer_changes_nothing(world: World) -> None:
    marie = await world.practitioner()
    anna, token = await world.invited("Anna Keller", marie)
    anna.start(token)
    await world.settle()
    question = anna.last.id
    anna.tap("I agree")
    await world.settle()
    before = len(anna.bot_messages)
    anna.tap_data(question, "consent:yes")
    anna.tap_data(question, "consent:perhaps")
    await world.settle()
    assert len(anna.bot_messages) == before
    anna.tap_data(question, "consent:no")
    await world.settle()
    assert "already agreed" in anna.last.text
    assert (await row(world, anna)).consented_at is not None
    assert [message.text for message in marie.bot_messages].count("Anna Keller has joined.") == 1


async def test_who_refuses_is_left_alone_and_may_come_back(world: World) -> None:
    marie = await world.practitioner()
    anna, token = await world.invited("Anna Keller", marie)
    anna.start(token)
    await world.settle()
    anna.tap("No, thank you")
    await world.settle()
    assert "Your care stays exactly the same" in anna.last.text
    assert "prefers not to use this chat" in marie.last.text
    anna.start(token)
    await world.settle()
    anna.tap("I agree")
    await world.settle()
    patient = await row(world, anna)
    assert patient.consented_at is not None
    assert patient.refused_at is None


async def test_nothing_about_symptoms_is_stored_before_consent(world: World) -> None:
    marie = await world.practitioner()
    anna, token = await world.invited("Anna Keller", marie)
    anna.start(token)
    await world.settle()
    anna.say("I cannot breathe, and a rash")
    anna.send_photo(caption="my cheek")
    anna.send_voice()
    await world.settle()
    assert "Do you agree?" in anna.last.text
    assert "112" in anna.last.text
    async with world.database.read() as work:
        assert await work.session.scalar(select(func.count(Letter.id))) == 0
        assert await work.session.scalar(select(func.count(Alert.id))) == 0
        payloads = (await work.session.scalars(select(Inbox.payload))).all()
    assert set(payloads) == {"{}"}


async def test_urgent_before_consent_says_whom_to_call_and_stores_nothing(world: World) -> None:
    marie = await world.practitioner()
    anna, token = await world.invited("Anna Keller", marie)
    anna.start(token)
    await world.settle()
    anna.say("/urgent")
    await world.settle()
    assert "Call 112 now" in anna.last.text
    async with world.database.read() as work:
        assert await work.session.scalar(select(func.count(Alert.id))) == 0


async def test_a_bare_start_explains_by_role(world: World) -> None:
    marie = await world.practitioner()
    assert "/record" in marie.last.text
    anna = await world.patient("Anna Keller", marie)
    anna.start()
    stranger = world.sandbox.person("Sam")
    stranger.say("/start")
    await world.settle()
    assert "already connected with Marie Laurent" in anna.last.text
    assert "personal link" in stranger.last.text


@pytest.mark.parametrize(
    ("what", "said"),
    [("used", "already been used"), ("expired", "expired"), ("withdrawn", "withdrawn"), ("unknown", "recognise")],
)
async def test_a_link_that_leads_nowhere_is_explained_kindly(world: World, what: str, said: str) -> None:
    marie = await world.practitioner()
    anna, token = await world.invited("Anna Keller", marie)
    stranger = world.sandbox.person("Sam")
    match what:
        case "used":
            anna.start(token)
            await world.settle()
        case "expired":
            await world.move(days=14, minutes=1)
        case "withdrawn":
            async with world.database.work() as work:
                await invitations.create(work, patient_id=1, created_by=None, now=world.clock.now())
                await work.commit()
        case _:
            token = "A" * 32
    stranger.start(token)
    await world.settle()
    assert said in stranger.last.text
    async with world.database.read() as work:
        assert await work.session.scalar(select(Patient).where(Patient.telegram_id == stranger.id)) is None


async def test_staff_and_other_patients_cannot_use_up_a_patients_link(world: World) -> None:
    marie = await world.practitioner()
    other = await world.patient("Olga Petrova", marie)
    anna, token = await world.invited("Anna Keller", marie)
    marie.start(token)
    other.start(token)
    await world.settle()
    assert "for a patient" in marie.last.text
    assert "made for somebody else" in other.last.text
    anna.start(token)
    await world.settle()
    assert "Do you agree?" in anna.last.text


async def test_an_invited_practitioner_joins_in_their_language(world: World) -> None:
    paul, token = await invite_staff(world)
    paul.start(token)
    await world.settle()
    assert "Bienvenue, Paul Roy" in paul.last.text
    assert "/record" in paul.last.text
    async with world.database.read() as work:
        member = await work.session.scalar(select(Staff).where(Staff.telegram_id == paul.id))
    assert member is not None
    assert member.joined_at == world.clock.now()
    assert world.local(member.digest_due_at or START) == "2026-03-03 08:30"
    shown = world.sandbox.commands.shown_in(paul.chat, paul.account)
    assert {"record", "new", "patients", "digest"} <= {each["command"] for each in shown}


async def test_a_patient_or_colleague_cannot_use_up_a_staff_link(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    paul, token = await invite_staff(world)
    anna.start(token)
    marie.start(token)
    await world.settle()
    assert "works at Lindenhof Clinic" in anna.last.text
    assert "for a colleague" in marie.last.text
    paul.start(token)
    await world.settle()
    assert "Bienvenue" in paul.last.text


async def test_guessing_is_slowed_down_even_for_links_that_work(world: World) -> None:
    marie = await world.practitioner()
    _, token = await world.invited("Anna Keller", marie)
    guesser = world.sandbox.person("Eve")
    for number in range(FREE_MISSES + 1):
        guesser.start(f"wrong{number}")
        await world.settle()
    assert "recognise" in guesser.last.text
    guesser.start(token)
    await world.settle()
    assert "1 minute" in guesser.last.text
    await world.move(minutes=1)
    guesser.start("wrong_again")
    await world.settle()
    guesser.start(token)
    await world.settle()
    assert "2 minutes" in guesser.last.text
    await world.move(minutes=2)
    guesser.start(token)
    await world.settle()
    assert "Do you agree?" in guesser.last.text


def test_waits_double_up_to_a_day_and_a_quiet_week_forgives() -> None:
    waits = [wait_after(misses) for misses in range(FREE_MISSES + 30)]
    assert waits[: FREE_MISSES + 1] == [None] * (FREE_MISSES + 1)
    assert waits[FREE_MISSES + 1 : FREE_MISSES + 4] == [timedelta(minutes=each) for each in (1, 2, 4)]
    assert waits[-1] == LONGEST_WAIT
    assert misses_now(9, START, START + timedelta(days=6)) == 9
    assert misses_now(9, START, START + timedelta(days=7)) == 0


async def test_a_token_too_long_or_odd_is_only_unknown(world: World) -> None:
    stranger = world.sandbox.person("Sam")
    stranger.say("/start " + "x" * 3000)
    stranger.say("/start 🙂' OR 1=1 --")
    await world.settle()
    assert "recognise" in stranger.last.text


async def test_the_question_can_be_read_in_the_language_of_the_phone(world: World) -> None:
    marie = await world.practitioner()
    _, token = await world.invited("Anna Keller", marie, language="en")
    anna = world.sandbox.person("Anna", language_code="fr")
    anna.start(token)
    await world.settle()
    anna.tap("Français")
    await world.settle()
    assert "Bonjour Anna" in anna.last.text
    anna.tap("consent:yes")
    await world.settle()
    patient = await row(world, anna)
    assert (patient.language, patient.consent_language) == ("fr", "fr")
    assert "language" not in anna.last.text


async def test_who_agrees_in_another_language_than_their_phones_is_asked_which(world: World) -> None:
    marie = await world.practitioner()
    _, token = await world.invited("Anna Keller", marie, language="en")
    anna = world.sandbox.person("Anna", language_code="fr")
    anna.start(token)
    await world.settle()
    anna.tap("I agree")
    await world.settle()
    assert "Which language" in anna.last.text
    anna.tap("Français")
    await world.settle()
    assert "français" in anna.last.text
    assert (await row(world, anna)).language == "fr"
    shown = world.sandbox.commands.shown_in(anna.chat, anna.account)
    assert "urgent" in {each["command"] for each in shown}


async def test_a_new_phone_gets_a_new_link_and_agrees_anew(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    patient_id = await world.patient_id(anna)
    async with world.database.work() as work:
        token = await invitations.create(work, patient_id=patient_id, created_by=None, now=world.clock.now())
        await work.commit()
    phone = world.sandbox.person("Anna")
    phone.start(token)
    await world.settle()
    assert "Do you agree?" in phone.last.text
    phone.tap("I agree")
    await world.settle()
    assert await world.patient_id(phone) == patient_id
    anna.say("hello?")
    await world.settle()
    assert "don’t know yet who you are" in anna.last.text


async def test_a_check_due_before_consent_comes_when_it_still_makes_sense(world: World) -> None:
    marie = await world.practitioner()
    anna, token = await world.invited("Anna Keller", marie, Family.FACE)
    anna.start(token)
    await world.settle()
    await world.session(anna)
    await world.move(hours=4)
    assert not any("check-in" in message.text for message in anna.bot_messages)
    anna.tap("I agree")
    await world.settle()
    assert any("You have a check-in" in message.text for message in anna.bot_messages)
    async with world.database.read() as work:
        states = (await work.session.scalars(select(Outbox.state).where(Outbox.kind == "check_in"))).all()
    assert sorted(set(states)) == ["pending", "sent"] or "skipped" in states


@pytest.mark.parametrize("name", ["<b>Eve & co</b>", "Zoë 🙂🙂", "\u202eevil\u202c שלום"])
async def test_names_with_markup_emoji_and_marks_are_shown_as_they_are(world: World, name: str) -> None:
    marie = await world.practitioner()
    anna, token = await world.invited(name, marie)
    anna.start(token)
    await world.settle()
    anna.tap("I agree")
    await world.settle()
    assert "connected with Marie Laurent" in anna.last.text
    assert "has joined" in marie.last.text


async def test_joining_is_audited_without_any_name(world: World) -> None:
    marie = await world.practitioner()
    await world.patient("Anna Keller", marie)
    async with world.database.read() as work:
        rows = (await work.session.scalars(select(Audit))).all()
    assert {"joined", "agreed"} <= {each.action for each in rows}
    assert not any("Anna" in str(each.details) for each in rows)
