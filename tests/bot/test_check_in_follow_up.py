"""What a check-in leads to: alerts, checks that ask again, the check after it, and peace."""

from sqlalchemy import select

from messages.care_plan import Family
from messages.grading import Grade
from storage.tables import Outbox
from tests.bot.checking_in import MODERATE, STRONG, alerts_of, asked, checks, open_check, score_through, tap
from tests.world import World


async def test_an_emergency_is_told_with_the_tap_that_says_it(world: World) -> None:
    marie, anna = await asked(world)
    await tap(world, anna, "None", "None", "Not at all", "Something else", "Trouble breathing, or fainting")
    assert any("Call 112 now" in message.text for message in anna.bot_messages)
    assert "EMERGENCY" in marie.last.text
    [alert] = await alerts_of(world)
    assert alert.grade == Grade.E
    assert (await open_check(world)).state == "open"
    told = len(marie.bot_messages)
    await tap(world, anna, "Itching at the points", "Done")
    assert len(await alerts_of(world)) == 1
    assert [m.text for m in anna.bot_messages if "Call 112 now" in m.text]
    assert len(marie.bot_messages) > told
    assert sum("Call 112 now" in message.text and "Thank you" not in message.text for message in anna.bot_messages) == 1


async def test_a_follow_up_answered_yes_is_an_emergency_at_once(world: World) -> None:
    marie, anna = await asked(world)
    await tap(world, anna, "None", "None", "Not at all", "Something else")
    await tap(world, anna, "Eyelid swollen shut, red sore eye", "Done")
    assert "Has your sight changed" in anna.last.text
    assert not await alerts_of(world)
    anna.tap("Not sure")
    await world.settle()
    [alert] = await alerts_of(world)
    assert (alert.grade, alert.flags) == (Grade.E, ["E3"])
    assert "EMERGENCY" in marie.last.text


async def test_a_sign_for_today_is_told_at_the_end_with_all_answers_and_asks_for_more(world: World) -> None:
    marie, anna = await asked(world)
    await tap(world, anna, "None", "None", "Not at all", "Something else")
    await tap(world, anna, "Hives, or a rash elsewhere", "Done")
    ending = next(message for message in anna.bot_messages if "Your check-in" in message.text)
    assert "Marie Laurent has been told" in ending.text
    assert "do you have any of these now" in anna.last.text
    assert anna.last.labels[-1] == "None of these"
    assert "hives or a rash" in marie.last.text
    [alert] = await alerts_of(world)
    assert (alert.grade, alert.flags) == (Grade.U, ["U2"])
    await tap(world, anna, "None of these")
    assert "appears later" in anna.last.text
    assert len(await alerts_of(world)) == 1


async def test_a_sign_chosen_after_the_answers_raises_the_same_alert(world: World) -> None:
    marie, anna = await asked(world)
    await tap(world, anna, "None", "None", "Not at all", "Something else")
    await tap(world, anna, "Hives, or a rash elsewhere", "Done")
    await tap(world, anna, "Hard to breathe, lips or tongue swelling")
    [alert] = await alerts_of(world)
    assert alert.grade == Grade.E
    assert set(alert.flags) == {"U2", "E1"}
    assert any("Call 112 now" in message.text for message in anna.bot_messages)
    assert "EMERGENCY" in marie.last.text


async def test_a_grave_answer_left_unfinished_is_told_after_a_quarter_of_an_hour(world: World) -> None:
    marie, anna = await asked(world)
    await tap(world, anna, STRONG)
    assert not await alerts_of(world)
    await world.move(minutes=14)
    assert not await alerts_of(world)
    await world.move(minutes=1)
    [alert] = await alerts_of(world)
    assert alert.grade == Grade.U
    assert STRONG in marie.last.text
    told = len(marie.bot_messages)
    await tap(world, anna, "None", "Not at all", "Nothing else")
    assert len(await alerts_of(world)) == 1
    assert len(marie.bot_messages) == told + 1
    assert "Pain at the points: Not at all" in marie.last.text


async def test_a_corrected_mistake_alerts_nobody(world: World) -> None:
    _, anna = await asked(world)
    await tap(world, anna, STRONG, "‹ Back", "None")
    await world.move(minutes=30)
    assert not await alerts_of(world)


async def test_something_to_watch_is_asked_again(world: World) -> None:
    marie, anna = await asked(world)
    ending = await tap(world, anna, MODERATE, "None", "Not at all", "Nothing else")
    assert "We will ask again" in ending.text
    done, again, *_ = await checks(world)
    assert done.grade == Grade.WATCH
    assert done.watched == ["swelling"]
    # Twelve hours after 13:00 is the night; the plan's own check of 10:00 comes within two hours of 09:00.
    assert (again.kind, world.local(again.due_at)) == ("routine", "2026-03-03 10:00")
    assert "tomorrow, 10:00" in ending.text
    assert "Moderate" in marie.last.text


async def test_a_check_that_asks_again_is_sent(world: World) -> None:
    _, anna = await asked(world, hours=3 * 24)
    await score_through(world, anna, 0, 2, 0)
    ending = await tap(world, anna, "Nothing else")
    assert "We will ask again: tomorrow, 10:00" in ending.text
    await world.move(hours=24)
    assert "asking again" in anna.last.text
    check_in = await open_check(world)
    assert check_in.kind == "reask"


async def test_twice_all_well_leaves_the_patient_in_peace(world: World) -> None:
    _, anna = await asked(world, Family.LIPO, next_in_days=28)
    for hours in (0, 21, 48):
        await world.move(hours=hours)
        await score_through(world, anna, 0, 0, 0)
        ending = await tap(world, anna, "Nothing else")
    assert "leave you in peace until" in ending.text
    left = [(each.step, each.state) for each in await checks(world)][3:]
    assert left == [("after_7d", "skipped"), ("after_14d", "skipped"), ("eve", "planned")]
    async with world.database.read() as work:
        rows = (await work.session.scalars(select(Outbox).where(Outbox.reason == "all_well"))).all()
    assert len(rows) == 2


async def test_rule_8_worse_again_is_an_alert(world: World) -> None:
    marie, anna = await asked(world)
    for hours, swelling in ((0, 0), (21, 0), (48, 1)):
        await world.move(hours=hours)
        await score_through(world, anna, swelling, 0, 0)
        await tap(world, anna, "Nothing else")
    [alert] = await alerts_of(world)
    assert alert.flags == ["U8"]
    assert "worse than at the check before" in marie.last.text


async def test_at_night_the_patient_learns_that_nobody_looks_before_the_morning(world: World) -> None:
    _, anna = await asked(world)
    await world.move_to(world.at(0, "22:00"))
    await score_through(world, anna, 3, 0, 0)
    ending = await tap(world, anna, "Nothing else")
    assert "will be told at 08:00" in ending.text
    assert "+33 1 23 45 67 89" in ending.text


async def test_a_late_check_is_one_tap_and_the_last_one_says_goodbye(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie, sessions=1)
    await world.session(anna, next_in_days=None)
    await world.move(days=28)
    assert anna.last.labels == ["Nothing new", "Something new", "🆘 Urgent"]
    ending = await tap(world, anna, "Nothing new")
    assert "usual at this stage" in ending.text
    await world.move(days=84 - 28)
    await tap(world, anna, "Nothing new")
    await world.move(days=1)
    assert "our last planned check-in" in anna.last.text
    assert "any lump, any time" in anna.last.text


async def test_a_newer_check_in_closes_the_one_before_and_its_buttons_say_so(world: World) -> None:
    marie, anna = await asked(world)
    first = anna.last
    await tap(world, anna, MODERATE)
    old = await open_check(world)
    await world.move(hours=21)
    [closed] = [each for each in await checks(world) if each.id == old.id]
    assert (closed.state, closed.grade) == ("missed", Grade.WATCH)
    assert any("Moderate" in message.text for message in marie.bot_messages)
    late = anna.tap_data(first.id, f"check.score:{old.id}:bruising:0")
    await late.wait()
    await world.settle()
    assert "closed" in (late.toast or "")
    shown = next(message for message in anna.bot_messages if message.id == first.id)
    assert shown.labels == ["🆘 Urgent"]


async def test_the_nudge_asks_where_the_patient_left_off(world: World) -> None:
    _, anna = await asked(world)
    first = anna.last
    await tap(world, anna, "None")
    await world.move(hours=6)
    nudge = anna.last
    assert nudge.id != first.id
    assert nudge.reply_to == first.id
    assert "check-in waiting" in nudge.text
    assert "bruising" in nudge.text
    await tap(world, anna, "None", "Not at all", "Nothing else")
    assert (await checks(world))[0].state == "done"
    await world.move(hours=12)
    async with world.database.read() as work:
        nudges = (await work.session.scalars(select(Outbox).where(Outbox.kind == "nudge"))).all()
    assert [each.state for each in nudges] == ["sent"]
