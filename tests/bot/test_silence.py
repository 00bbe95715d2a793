"""Silence: one nudge, the digest after a day, and an alert where something was being watched."""

from sqlalchemy import select, update

from bot.sandbox.person import Person
from messages.templates import Texts
from storage.tables import CheckIn
from tests.bot.conversation import last_id, rows, since
from tests.world import World


async def _first_check(world: World) -> tuple[Person, Person, CheckIn]:
    """A patient whose first check-in has just arrived, at 13:00."""
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    await world.session(anna, next_in_days=7)
    await world.move(hours=3)
    return marie, anna, (await _check_ins(world))[0]


async def _check_ins(world: World) -> list[CheckIn]:
    async with world.database.read() as work:
        return list((await work.session.scalars(select(CheckIn).order_by(CheckIn.due_at))).all())


def _label(key: str) -> str:
    return Texts().plain(key, "en")


async def test_an_unanswered_check_in_is_nudged_once_after_six_hours(world: World) -> None:
    _, anna, first = await _first_check(world)
    before = last_id(anna)
    await world.move(hours=5, minutes=59)
    assert since(anna, before) == []
    await world.move(minutes=1)
    assert [message.text.split("\n")[0] for message in since(anna, before)] == ["You have a check-in waiting"]
    await world.move(hours=14)
    assert len(await rows(world, "nudge")) == 1
    assert first.nudge_due_at == world.at(0, "19:00")


async def test_an_answered_check_in_is_not_nudged(world: World) -> None:
    _, anna, _ = await _first_check(world)
    for answer in ("answer.swelling.0", "answer.bruising.0", "answer.pain.0"):
        anna.tap(_label(answer))
        await world.settle()
    anna.tap(_label("answer.anything_else.0"))
    await world.settle()
    await world.move(hours=12)
    assert [row.state for row in await rows(world, "nudge")] in ([], ["cancelled"])


async def test_a_day_of_silence_is_for_the_digest_and_no_alert(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    await world.session(anna, ended_at=world.clock.now(), next_in_days=None)
    checks = await _check_ins(world)
    async with world.database.work() as work:
        # Only the first check of the course, so that no later one closes it.
        await work.session.execute(update(CheckIn).where(CheckIn.id != checks[0].id).values(state="cancelled"))
        await work.commit()
    await world.move(hours=3)
    before = last_id(marie)
    await world.move(hours=24)
    assert (await _check_ins(world))[0].silence_seen_at == world.clock.now()
    assert await rows(world, "alert") == []
    assert all("alert" not in message.text.lower() for message in since(marie, before))


async def test_silence_after_a_two_left_unfinished_is_an_alert_six_hours_past_the_nudge(world: World) -> None:
    marie, anna, _ = await _first_check(world)
    anna.tap(_label("answer.swelling.2"))
    await world.settle()
    before = last_id(marie)
    await world.move_to(world.at(0, "19:00"))
    [nudge] = await rows(world, "nudge")
    assert nudge.state == "sent"
    await world.move_to(world.at(1, "00:59"))
    assert await rows(world, "alert") == []
    await world.move_to(world.at(1, "07:59"))
    assert since(marie, before) == [], "a plain U of the night waits for the morning"
    await world.move_to(world.at(1, "08:00"))
    assert any("no answer" in message.text for message in since(marie, before))


async def test_the_patient_is_not_alarmed_by_an_alert_about_their_own_silence(world: World) -> None:
    marie, anna, _ = await _first_check(world)
    anna.tap(_label("answer.swelling.2"))
    await world.settle()
    await world.move_to(world.at(1, "09:30"))
    assert await rows(world, "alert") != []
    marie.tap("✋ I’m on it")
    await world.settle()
    assert await rows(world, "whom_to_call") == []
    assert await rows(world, "acknowledgement") == []


async def test_the_check_after_one_to_watch_is_watched_too(world: World) -> None:
    marie, anna, _ = await _first_check(world)
    for answer in ("answer.swelling.2", "answer.bruising.0", "answer.pain.0", "answer.anything_else.0"):
        anna.tap(_label(answer))
        await world.settle()
    before = last_id(marie)
    await world.move(hours=48)
    assert any("no answer" in message.text for message in since(marie, before))
