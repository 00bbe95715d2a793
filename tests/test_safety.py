"""What must never happen to a patient, tried on the real application: each test is a promise that was once broken."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot.flows.climb_alerts import climb_alerts
from bot.flows.nudge import nudge
from bot.flows.watch_answers import raise_unfinished
from bot.flows.watch_silence import watch_silence
from bot.sandbox.faults import Fault
from bot.sandbox.person import Person
from messages.alerts import Rung
from messages.care_plan import Family
from messages.clinic import Clinic
from messages.grading import Flag, Grade
from messages.outgoing import LANES, Kind
from messages.red_flags import red_flags_in
from storage import outbox, sending
from storage.database import Database
from storage.outbox import Owed
from storage.tables import Alert, Answer, CheckIn, Outbox, Patient
from tests.bot.conversation import (
    alert,
    alert_row,
    last_id,
    letters,
    pair,
    patient_row,
    rows,
    set_cover,
    since,
    times_heard,
)
from tests.world import World

Tick = Callable[[Database, Clinic, datetime], Awaitable[int]]


async def _alerts(world: World) -> list[Alert]:
    async with world.database.read() as work:
        return list((await work.session.scalars(select(Alert).order_by(Alert.id))).all())


async def _answer(world: World, person: Person, *labels: str) -> None:
    for label in labels:
        person.tap(label)
        await world.settle()


def _said(person: Person, after: int) -> str:
    return "\n".join(message.text for message in since(person, after))


# A red flag that reaches nobody, or too late


async def test_an_alert_that_cannot_climb_does_not_hold_up_the_others(world: World) -> None:
    two = await pair(world)
    await world.admin()
    waiting = await alert(world, two.anna, Grade.E)
    broken_id = await alert(world, two.anna, Grade.E, (Flag.E1,), origin="check_in")
    assert broken_id == waiting
    now = world.clock.now()
    async with world.database.work() as work:
        broken = Alert(
            patient_id=await world.patient_id(two.anna),
            grade=9,
            flags=[],
            origin="check_in",
            raised_at=now,
            notify_at=now,
            rung=0,
            climbs=0,
            next_climb_at=now,
        )
        work.session.add(broken)
        await work.commit()
    with pytest.raises(ExceptionGroup):
        await climb_alerts(world.database, world.clinic, now + timedelta(minutes=11))
    assert (await alert_row(world, waiting)).rung == Rung.ADMINS


@pytest.mark.parametrize(
    ("tick", "column"),
    [(nudge, "nudge_due_at"), (watch_silence, "silence_due_at"), (raise_unfinished, "unfinished_due_at")],
)
async def test_a_check_in_that_breaks_does_not_hold_up_the_others(world: World, tick: Tick, column: str) -> None:
    marie = await world.practitioner()
    people = [await world.patient(name, marie) for name in ("Anna Keller", "Ben Vidal")]
    for person in people:
        await world.session(person)
    await world.move(hours=3)
    now = world.clock.now()
    async with world.database.work() as work:
        opened = (await work.session.scalars(select(CheckIn).where(CheckIn.state == "open").order_by(CheckIn.id))).all()
        ids = [each.id for each in opened]
        for each in opened:
            setattr(each, column, now + timedelta(seconds=each.id))
        work.session.add(Answer(check_in_id=ids[0], question="no_such_question", score=1, answered_at=now))
        await work.commit()
    with pytest.raises(ExceptionGroup):
        await tick(world.database, world.clinic, now + timedelta(hours=1))
    async with world.database.work() as work:
        second = await work.session.get_one(CheckIn, ids[1])
        assert getattr(second, column) != now + timedelta(seconds=ids[1])
        await work.session.execute(update(CheckIn).values({column: None}))
        await work.commit()


async def test_a_grave_answer_given_just_before_the_next_check_in_arrives_is_an_alert(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    await world.session(anna)
    await world.move(hours=23, minutes=50)
    anna.tap("Strong, over 10 cm, or stops me")
    await world.settle()
    before = last_id(marie)
    await world.move(minutes=10)
    assert [each.flags for each in await _alerts(world)] == [["score3"]]
    assert "Same day" in _said(marie, before)


async def test_a_grave_answer_counts_though_its_session_is_taken_back(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    await world.session(anna)
    await world.move(hours=3)
    anna.tap("Strong, over 10 cm, or stops me")
    await world.settle()
    marie.tap_data(marie.last.id, "session.undo_confirm:1")
    await world.settle()
    await world.move(minutes=20)
    assert [each.flags for each in await _alerts(world)] == [["score3"]]


async def test_an_emergency_written_again_hours_after_it_was_taken_calls_somebody_again(world: World) -> None:
    two = await pair(world)
    two.anna.say("I can't breathe")
    await world.settle()
    two.marie.tap("✋ I’m on it")
    await world.settle()
    await world.move(hours=6)
    before = last_id(two.marie)
    two.anna.say("Again I can't breathe")
    await world.settle()
    assert "EMERGENCY" in _said(two.marie, before)
    assert len([each for each in await _alerts(world) if each.acknowledged_at is None]) == 1


async def test_what_is_written_at_once_after_an_alert_was_taken_belongs_to_it(world: World) -> None:
    two = await pair(world)
    two.anna.say("I can't breathe")
    await world.settle()
    two.marie.tap("✋ I’m on it")
    await world.settle()
    await world.move(minutes=5)
    two.anna.say("I called, but I still can't breathe well")
    await world.settle()
    assert len(await _alerts(world)) == 1


async def test_writing_more_does_not_put_off_the_advice_to_go_to_emergency_care(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie, Family.CELL)
    await world.session(anna, next_in_days=None)
    anna.say("My skin is white there")
    await world.settle()
    await world.move(minutes=25)
    anna.say("And the bruise is growing")
    await world.settle()
    before = last_id(anna)
    await world.move(minutes=5)
    assert "go to emergency care" in _said(anna, before)
    assert len([row for row in await rows(world, Kind.WHOM_TO_CALL) if "emergency" in row.template]) == 1


async def test_what_is_written_and_then_answered_in_the_check_in_climbs_one_ladder(world: World) -> None:
    marie = await world.practitioner()
    alex = await world.admin()
    anna = await world.patient("Anna Keller", marie)
    await world.session(anna)
    await world.move(hours=3)
    check_in = anna.last.id
    anna.say("I have a fever")
    await world.settle()
    before = last_id(marie)
    labels = ("None", "None", "Not at all", "Something else", "Fever, 38 °C or more", "Done")
    for label in labels:
        anna.tap(label, check_in)
        await world.settle()
    assert "Swelling: None" in _said(marie, before)
    [one] = await _alerts(world)
    assert (one.flags, one.grade) == (["U5"], Grade.U)
    marie.tap("✋ I’m on it")
    await world.settle()
    at_anna, at_alex = last_id(anna), last_id(alex)
    await world.move(hours=5)
    assert since(alex, at_alex) == []
    assert "wait for us" not in _said(anna, at_anna)


async def test_an_alert_taken_by_a_cover_who_is_removed_goes_back_to_the_practitioner(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    alex = await world.admin()
    await set_cover(world, two.marie, paul)
    alert_id = await alert(world, two.anna, Grade.E)
    await world.move(minutes=10)
    paul.tap("✋ I’m on it")
    await world.settle()
    before = last_id(two.marie)
    alex.tap_data(alex.last.id, f"ppl.remove:{await world.staff_id(paul)}:1")
    await world.settle()
    alex.tap("Yes, do it")
    await world.settle()
    open_again = await alert_row(world, alert_id)
    assert open_again.acknowledged_by is None
    assert "EMERGENCY" in _said(two.marie, before)
    await world.move(minutes=10)
    assert (await alert_row(world, alert_id)).rung > Rung.PRACTITIONER


async def test_what_waits_for_its_turn_when_a_patient_is_handed_over_goes_to_the_colleague(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    marie_id, paul_id = await world.staff_id(two.marie), await world.staff_id(paul)
    patient_id = await world.patient_id(two.anna)
    now = world.clock.now()
    async with world.database.work() as work:
        owed = Owed(
            key="waits",
            kind=Kind.NOTICE,
            template="practitioner.patient_back",
            due_at=now + timedelta(days=1),
            staff_id=marie_id,
            subject_id=patient_id,
        )
        await outbox.plan(work, [owed], now=now)
        await work.session.execute(update(Outbox).where(Outbox.key == "waits").values(state="claimed"))
        await outbox.readdress(work, subject_id=patient_id, from_staff=marie_id, to_staff=paul_id, now=now)
        row = (await work.session.scalars(select(Outbox).where(Outbox.key == "waits"))).one()
        # The one who had claimed it for the first practitioner finds that it is not theirs any more.
        assert await sending.mark_sending(work, [row]) == [False]
        await sending.end(work, row, state="skipped", reason="removed", now=now)
        row = await work.session.get_one(Outbox, row.id, populate_existing=True)
        assert (row.state, row.staff_id) == ("pending", paul_id)


async def test_who_has_given_a_message_back_has_no_hand_in_it_any_more(world: World) -> None:
    """The commit that gave it back was not answered: it is given back again, when somebody else has it."""
    marie = await world.practitioner()
    tomorrow = world.clock.now() + timedelta(days=1)
    lane = LANES[Kind.NOTICE]
    async with world.database.work() as work:
        owed = Owed("waits", Kind.NOTICE, "practitioner.welcome", tomorrow, staff_id=await world.staff_id(marie))
        await outbox.plan(work, [owed], now=world.clock.now())
        ((first, _),) = await sending.claim(work, lane, many=1, now=tomorrow)
        await sending.put_back(work, first, due_at=tomorrow)
        ((second, _),) = await sending.claim(work, lane, many=1, now=tomorrow + timedelta(seconds=1))
        await sending.put_back(work, first, due_at=tomorrow)
        assert not await sending.end(work, first, state="skipped", reason="removed", now=tomorrow)
        assert await sending.mark_sending(work, [second]) == [True]


async def test_a_check_in_that_was_withdrawn_and_brought_back_while_it_waited_is_sent_once(world: World) -> None:
    """Two jobs have it in hand then, and the first one's turn comes first. Telegram asks it to wait."""
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    await world.session(anna)
    due = (await _check_in(world)).due_at
    world.app.throttle.pause(anna.id, 3600)
    for seconds, words, state in ((0, None, "claimed"), (5, "/stop", "cancelled"), (10, "/resume", "claimed")):
        world.clock.set(due + timedelta(seconds=seconds))
        world.app.sender.wake.call()
        if words is not None:
            anna.say(words)
        async with asyncio.timeout(20):
            while (await _check_in(world)).state != state:
                await world.app.progress.wait(0.05)
    world.sandbox.faults.add(Fault.flood(1, method="sendMessage", chat_id=anna.id))
    world.app.throttle.forget_pauses()
    world.clock.set(due + timedelta(minutes=1))
    await world.settle()
    await world.move(minutes=5)
    assert (await _check_in(world)).state == "sent"
    assert times_heard(anna, "You have a check-in") == 1


async def _check_in(world: World) -> Outbox:
    async with world.database.read() as work:
        statement = select(Outbox).where(Outbox.kind == Kind.CHECK_IN.value).order_by(Outbox.due_at).limit(1)
        return (await work.session.scalars(statement)).one()


async def test_an_alert_that_was_taken_goes_along_when_its_patient_is_handed_over(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    alert_id = await alert(world, two.anna, Grade.U)
    two.marie.tap("✋ I’m on it")
    await world.settle()
    to_paul = f"patient.hand_to:{await world.patient_id(two.anna)}:{await world.staff_id(paul)}"
    two.marie.tap_data(two.marie.last.id, to_paul)
    await world.settle()
    assert (await alert_row(world, alert_id)).acknowledged_by == await world.staff_id(paul)


async def test_an_alert_of_days_ago_does_not_ring_again_because_somebody_leaves(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    alex = await world.admin()
    alert_id = await alert(world, two.anna, Grade.U)
    two.marie.tap("✋ I’m on it")
    await world.settle()
    await world.move(days=2)
    at_anna = last_id(two.anna)
    alex.tap_data(alex.last.id, f"ppl.remove_to:{await world.staff_id(two.marie)}:{await world.staff_id(paul)}")
    await world.settle()
    await world.move(hours=5)
    moved = await alert_row(world, alert_id)
    assert (moved.acknowledged_by, moved.rung) == (await world.staff_id(paul), Rung.PRACTITIONER)
    assert "wait for us" not in _said(two.anna, at_anna)


# A message to the wrong person


async def test_another_patients_card_ends_writing_to_the_one_before(world: World) -> None:
    two = await pair(world)
    ben = await world.patient("Ben Vidal", two.marie)
    two.marie.tap_data(two.marie.last.id, f"write:{await world.patient_id(two.anna)}")
    await world.settle()
    two.marie.tap_data(two.marie.last.id, f"patient.card:{await world.patient_id(ben)}")
    await world.settle()
    at_anna = last_id(two.anna)
    two.marie.say("Your result is here, Ben")
    await world.settle()
    assert since(two.anna, at_anna) == []
    assert "sent it to nobody" in two.marie.last.text


async def test_a_time_typed_under_another_patients_card_moves_no_appointment(world: World) -> None:
    two = await pair(world)
    ben = await world.patient("Ben Vidal", two.marie)
    two.marie.tap_data(two.marie.last.id, f"patient.appointment:{await world.patient_id(two.anna)}")
    await world.settle()
    two.marie.tap_data(two.marie.last.id, f"patient.card:{await world.patient_id(ben)}")
    await world.settle()
    at_anna = last_id(two.anna)
    two.marie.say("9.3. 10:00")
    await world.settle()
    assert since(two.anna, at_anna) == []
    assert "sent it to nobody" in two.marie.last.text


async def test_the_card_of_the_same_patient_does_not_end_writing(world: World) -> None:
    two = await pair(world)
    anna_id = await world.patient_id(two.anna)
    two.marie.tap_data(two.marie.last.id, f"write:{anna_id}")
    await world.settle()
    two.marie.tap_data(two.marie.last.id, f"patient.card:{anna_id}")
    await world.settle()
    two.marie.say("See you on Monday")
    await world.settle()
    assert "See you on Monday" in two.anna.last.text


async def test_a_message_written_long_after_write_was_tapped_goes_to_nobody(world: World) -> None:
    two = await pair(world)
    two.marie.tap_data(two.marie.last.id, f"write:{await world.patient_id(two.anna)}")
    await world.settle()
    await world.move(minutes=31)
    at_anna = last_id(two.anna)
    two.marie.say("Buy milk")
    await world.settle()
    assert "Buy milk" not in _said(two.anna, at_anna)
    assert "sent it to nobody" in two.marie.last.text


async def test_who_has_handed_a_patient_over_cannot_write_to_them_by_an_edit(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    two.anna.say("Can I swim?")
    await world.settle()
    answer = two.marie.say("Not yet", reply_to=two.marie.last.id)
    await world.settle()
    async with world.database.work() as work:
        row = await work.session.get_one(Patient, await world.patient_id(two.anna))
        row.practitioner_id = await world.staff_id(paul)
        await work.commit()
    before, stored = last_id(two.anna), len(await letters(world))
    two.marie.edit(answer.id, "Come to my new practice")
    await world.settle()
    assert since(two.anna, before) == []
    assert len(await letters(world)) == stored


async def test_who_comes_back_after_a_long_stop_is_not_nudged_about_what_was_asked_before_it(world: World) -> None:
    two = await pair(world)
    await world.move(hours=1)
    two.anna.say("/stop")
    await world.settle()
    await world.move(days=20)
    before = last_id(two.anna)
    two.anna.say("/resume")
    await world.settle()
    await world.move(hours=2)
    assert "check-in waiting" not in _said(two.anna, before)


async def test_nobody_hears_of_an_appointment_before_they_have_agreed(world: World) -> None:
    marie = await world.practitioner()
    anna, token = await world.invited("Anna Keller", marie)
    anna.start(token)
    await world.settle()
    anna.tap("consent:no")
    await world.settle()
    before = last_id(anna)
    marie.tap_data(marie.last.id, f"patient.appointment:{await world.patient_id(anna)}")
    await world.settle()
    marie.say("9.3. 10:00")
    await world.settle()
    await world.move(days=8)
    assert since(anna, before) == []
    assert (await patient_row(world, anna)).consented_at is None


# Sentences that are not true


async def test_a_sign_of_the_early_evening_is_told_now_and_the_patient_gets_the_number_for_the_night(
    world: World,
) -> None:
    two = await pair(world)
    await world.move_to(world.at(0, "19:30"))
    at_anna, at_marie = last_id(two.anna), last_id(two.marie)
    two.anna.say("I have a fever")
    await world.settle()
    assert "Same day" in _said(two.marie, at_marie)
    said = _said(two.anna, at_anna)
    assert "will be told at" not in said
    assert "has been told" in said
    assert world.clinic.phone in said


async def test_an_emergency_that_nobody_can_read_is_not_said_to_be_passed_on(world: World) -> None:
    two = await pair(world)
    two.marie.block()
    await world.settle()
    before = last_id(two.anna)
    two.anna.say("I can't breathe")
    await world.settle()
    said = _said(two.anna, before)
    assert "Call 112 now" in said
    assert "Passed to" not in said
    assert "can’t be reached here" in said


async def test_the_digest_and_the_card_say_that_urgent_was_tapped(world: World) -> None:
    two = await pair(world)
    two.anna.say("/urgent")
    await world.settle()
    two.marie.say("/digest")
    await world.settle()
    assert "tapped Urgent" in two.marie.last.text
    two.marie.tap_data(two.marie.last.id, f"patient.card:{await world.patient_id(two.anna)}")
    await world.settle()
    assert "tapped Urgent" in two.marie.last.text


async def test_a_check_in_answered_after_urgent_does_not_end_with_words_that_calm(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    await world.session(anna)
    await world.move(hours=3)
    check_in = anna.last.id
    anna.tap("🆘 Urgent")
    await world.settle()
    for label in ("None", "None", "Not at all", "Nothing else"):
        anna.tap(label, check_in)
        await world.settle()
    ended = next(message for message in anna.bot_messages if message.id == check_in)
    assert "usual at this stage" not in ended.text
    assert "If you have not called 112 yet" in ended.text


async def test_nothing_after_the_emergency_text_sounds_as_if_an_answer_could_be_waited_for(world: World) -> None:
    two = await pair(world)
    two.anna.say("Is a swim all right?")
    await world.settle()
    before = last_id(two.anna)
    two.anna.say("I can't breathe")
    await world.settle()
    two.anna.say("please, what shall I do")
    await world.settle()
    said = _said(two.anna, before)
    assert "Call 112 now" in said
    assert said.count("Passed to Marie Laurent as an emergency") == 1
    assert "usually answers" not in said
    await world.move(minutes=31)
    before = last_id(two.anna)
    two.anna.say("It was nothing")
    await world.settle()
    assert "usually answers" in _said(two.anna, before)


async def test_that_somebody_has_seen_an_emergency_does_not_keep_the_patient_from_calling(world: World) -> None:
    two = await pair(world)
    await alert(world, two.anna, Grade.E, (Flag.E1,))
    two.marie.tap("✋ I’m on it")
    await world.settle()
    assert "If you have not called 112 yet" in two.anna.last.text


async def test_that_somebody_has_seen_an_immediate_sign_does_not_end_the_half_hour(world: World) -> None:
    two = await pair(world)
    await alert(world, two.anna, Grade.U_NOW, (Flag.U7,))
    two.marie.tap("✋ I’m on it")
    await world.settle()
    assert "within 30 minutes" in two.anna.last.text
    assert "go to emergency care" in two.anna.last.text


async def test_who_takes_an_alert_about_silence_hears_that_the_patient_knows_nothing_of_it(world: World) -> None:
    two = await pair(world)
    await alert(world, two.anna, Grade.U, (Flag.SILENCE,), origin="silence")
    before = last_id(two.anna)
    tap = two.marie.tap("✋ I’m on it")
    await world.settle()
    assert since(two.anna, before) == []
    assert "does not know of it" in (tap.toast or "")


@pytest.mark.parametrize(
    ("language", "text", "flag"),
    [
        ("en", "my lip is swelling up", Flag.E1),
        ("en", "I am having a hard time breathing", Flag.E1),
        ("en", "I can barely breathe!!", Flag.E1),
        ("en", "Throat feels swollen, my throat is swelling", Flag.E1),
        ("en", "I blacked out this morning", Flag.E2),
        ("en", "My vision is blurry since this morning", Flag.E3),
        ("en", "my chest feels tight, chest tightness", Flag.E4),
        ("en", "there is a white patch on my nose", Flag.U1),
        ("fr", "Je respire mal depuis une heure", Flag.E1),
        ("fr", "j’ai la lèvre gonflée", Flag.E1),
        ("fr", "Mon visage est gonflé d’un coup", Flag.E1),
        ("fr", "je suis tombée dans les pommes", Flag.E2),
        ("fr", "je vois flou de l’oeil gauche", Flag.E3),
        ("fr", "la moitié du visage engourdie", Flag.E4),
        ("fr", "une tache blanche sur le nez", Flag.U1),
    ],
)
def test_what_frightened_people_write_is_recognised(language: str, text: str, flag: Flag) -> None:
    assert flag in red_flags_in(text, language)
