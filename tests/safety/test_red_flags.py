"""A red flag reaches a person, in time: each test is a promise that was once broken."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot.flows.climb_alerts import climb_alerts
from bot.flows.nudge import nudge
from bot.flows.watch_answers import raise_unfinished
from bot.flows.watch_silence import watch_silence
from messages.alerts import Rung
from messages.care_plan import Family
from messages.clinic import Clinic
from messages.grading import Flag, Grade
from messages.outgoing import Kind
from messages.red_flags import red_flags_in
from storage.database import Database
from storage.tables import Alert, Answer, CheckIn
from tests.bot.conversation import alert, alert_row, heard, last_id, pair, rows, set_cover, since
from tests.world import World

Tick = Callable[[Database, Clinic, datetime], Awaitable[int]]


async def _alerts(world: World) -> list[Alert]:
    async with world.database.read() as work:
        return list((await work.session.scalars(select(Alert).order_by(Alert.id))).all())


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
    assert "Same day" in heard(marie, before)


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
    assert "EMERGENCY" in heard(two.marie, before)
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
    assert "go to emergency care" in heard(anna, before)
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
    assert "Swelling: None" in heard(marie, before)
    [one] = await _alerts(world)
    assert (one.flags, one.grade) == (["U5"], Grade.U)
    marie.tap("✋ I’m on it")
    await world.settle()
    at_anna, at_alex = last_id(anna), last_id(alex)
    await world.move(hours=5)
    assert since(alex, at_alex) == []
    assert "wait for us" not in heard(anna, at_anna)


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
    assert "EMERGENCY" in heard(two.marie, before)
    await world.move(minutes=10)
    assert (await alert_row(world, alert_id)).rung > Rung.PRACTITIONER


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
    assert "wait for us" not in heard(two.anna, at_anna)


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
