"""Urgent: the emergency text at once, an alert, and then the list of signs."""

import pytest
from sqlalchemy import select

from bot.sandbox.person import Person
from messages.care_plan import Family
from messages.grading import Grade
from storage.tables import Alert
from tests.world import World


async def alerts_of(world: World) -> list[Alert]:
    async with world.database.read() as work:
        return list((await work.session.scalars(select(Alert).order_by(Alert.id))).all())


async def calling(world: World, family: Family = Family.FACE) -> tuple[Person, Person]:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie, family)
    await world.session(anna, next_in_days=None)
    anna.say("/urgent")
    await world.settle()
    return marie, anna


async def test_the_emergency_text_the_alert_and_the_list(world: World) -> None:
    marie, anna = await calling(world)
    texts = [message.text for message in anna.bot_messages]
    assert sum("Call 112 now" in text for text in texts) == 1
    assert "Call 112 now" in anna.bot_messages[-2].text
    assert len(anna.last.labels) == 8
    assert "EMERGENCY" in marie.last.text
    [alert] = await alerts_of(world)
    assert (alert.grade, alert.origin) == (Grade.E, "urgent")


async def test_a_second_call_is_answered_again_and_is_the_same_alert(world: World) -> None:
    _, anna = await calling(world)
    await world.move(minutes=2)
    anna.say("/urgent")
    await world.settle()
    assert "Call 112 now" in anna.bot_messages[-2].text
    assert "None of these" in anna.last.labels
    assert len(await alerts_of(world)) == 1


async def test_a_call_after_somebody_took_the_alert_is_heard_again(world: World) -> None:
    marie, anna = await calling(world)
    marie.tap("✋ I’m on it")
    await world.settle()
    await world.move(minutes=30)
    told = len(marie.bot_messages)
    anna.say("/urgent")
    await world.settle()
    assert len(await alerts_of(world)) == 2
    assert len(marie.bot_messages) > told


@pytest.mark.parametrize(
    ("family", "grade", "said"),
    [(Family.FACE, Grade.E, "Call 112 now"), (Family.SCALP, Grade.E, "Call 112 now")],
)
async def test_a_sign_reaches_the_alert(world: World, family: Family, grade: Grade, said: str) -> None:
    marie, anna = await calling(world, family)
    anna.tap("urgent.sign:U1:0")
    await world.settle()
    [alert] = await alerts_of(world)
    assert (alert.grade, alert.flags) == (grade, ["U1"])
    assert any(said in message.text for message in anna.bot_messages)
    assert "grey-blue" in marie.last.text


async def test_none_of_these_leaves_the_alert(world: World) -> None:
    _, anna = await calling(world)
    anna.tap("None of these")
    await world.settle()
    assert "112" in anna.last.text
    assert anna.last.labels == []
    [alert] = await alerts_of(world)
    assert alert.resolved_at is None


async def test_outside_the_face_a_change_of_colour_says_go_after_thirty_minutes(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie, Family.CELL)
    await world.session(anna)
    await world.move(hours=3)
    for label in ("None", "None", "Not at all", "Something else", "Skin changed colour", "Done", "Yes"):
        anna.tap(label)
        await world.settle()
    assert any("within 30 minutes" in message.text for message in anna.bot_messages)
    [alert] = await alerts_of(world)
    assert alert.grade == Grade.U_NOW


async def test_the_urgent_button_of_an_old_check_in_still_helps(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    await world.session(anna)
    await world.move(hours=3)
    old = anna.last
    await world.move(days=2)
    anna.tap("🆘 Urgent", old.id)
    await world.settle()
    assert any("Call 112 now" in message.text for message in anna.bot_messages)
    assert "EMERGENCY" in marie.last.text


async def test_a_stranger_is_told_whom_to_call(world: World) -> None:
    sam = world.sandbox.person("Sam")
    sam.say("/urgent")
    await world.settle()
    assert "Call 112 now" in sam.last.text
    assert not await alerts_of(world)
