"""The check-in as it is lived: asked, answered tap by tap, ended, told to the practitioner, and followed up."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select

from bot.sandbox.faults import Fault
from bot.sandbox.person import Person, Seen
from messages.care_plan import Family
from messages.grading import Grade
from messages.templates import Texts
from storage.tables import Alert, Answer, CheckIn, Outbox, ReportedItem, TemplateVersion
from tests.world import World

SLIGHT, MODERATE, STRONG = (Texts().plain(f"answer.swelling.{score}", "en") for score in (1, 2, 3))


async def checks(world: World) -> Sequence[CheckIn]:
    async with world.database.read() as work:
        return (await work.session.scalars(select(CheckIn).order_by(CheckIn.due_at, CheckIn.id))).all()


async def open_check(world: World) -> CheckIn:
    return next(each for each in await checks(world) if each.state == "open")


async def alerts_of(world: World) -> Sequence[Alert]:
    async with world.database.read() as work:
        return (await work.session.scalars(select(Alert).order_by(Alert.id))).all()


async def scores_of(world: World, check_in_id: int) -> dict[str, int]:
    async with world.database.read() as work:
        found = await work.session.execute(
            select(Answer.question, Answer.score).where(Answer.check_in_id == check_in_id)
        )
        return {row.question: row.score for row in found}


async def tap(world: World, person: Person, *labels: str) -> Seen:
    """Tap one button after the other, each once the last has been handled; the message as it is then."""
    for label in labels:
        person.tap(label)
        await world.settle()
    return person.last


async def score_through(world: World, person: Person, *scores: int) -> None:
    """Answer the scored questions in order, by their position."""
    for score in scores:
        check_in = next(message for message in reversed(person.bot_messages) if "🆘 Urgent" in message.labels)
        person.tap(check_in.labels[score], check_in.id)
        await world.settle()


async def asked(
    world: World, family: Family = Family.FACE, hours: float = 3, next_in_days: int = 7
) -> tuple[Person, Person]:
    """A practitioner and a patient who has just been sent the check-in of +3 h."""
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie, family)
    await world.session(anna, next_in_days=next_in_days)
    await world.move(hours=hours)
    return marie, anna


async def test_four_taps_when_all_is_well(world: World) -> None:
    marie, anna = await asked(world)
    message = anna.last
    assert message.text.startswith("You have a check-in\n")
    assert message.labels == ["None", SLIGHT, *message.labels[2:4], "🆘 Urgent"]
    messages = len(anna.bot_messages)
    ending = await tap(world, anna, "None", "Dots only", "Not at all", "Nothing else")
    assert len(anna.bot_messages) == messages
    assert ending.id == message.id
    assert "usual at this stage" in ending.text
    assert "tomorrow, 10:00" in ending.text
    assert "Bruising: Dots only" in ending.text
    done = (await checks(world))[0]
    assert (done.state, done.grade, done.rules) == ("done", Grade.NONE, [9])
    assert await scores_of(world, done.id) == {"swelling": 0, "bruising": 1, "pain": 0}
    assert "Anna Keller" in marie.last.text
    assert "session 1 of" in marie.last.text
    assert "Bruising: Dots only" in marie.last.text


async def test_each_tap_is_stored_at_once_and_survives_a_restart(world: World) -> None:
    _, anna = await asked(world)
    await tap(world, anna, "None", "Dots only")
    check_in = await open_check(world)
    assert await scores_of(world, check_in.id) == {"swelling": 0, "bruising": 1}
    await world.crash()
    await world.start()
    ending = await tap(world, anna, "Not at all", "Nothing else")
    assert "usual at this stage" in ending.text


async def test_repeated_and_late_taps_are_harmless(world: World) -> None:
    marie, anna = await asked(world)
    check_in = await open_check(world)
    message = anna.last
    for _ in range(3):
        anna.tap_data(message.id, f"check.score:{check_in.id}:swelling:1")
    await world.settle()
    assert "bruising" in anna.last.text.lower()
    assert await scores_of(world, check_in.id) == {"swelling": 1}
    await tap(world, anna, "Dots only", "Not at all", "Nothing else")
    answers = len(marie.bot_messages)
    late = anna.tap_data(message.id, f"check.score:{check_in.id}:swelling:3")
    await late.wait()
    await world.settle()
    assert "already have that answer" in (late.toast or "")
    assert await scores_of(world, check_in.id) == {"swelling": 1, "bruising": 1, "pain": 0}
    assert len(marie.bot_messages) == answers
    assert not await alerts_of(world)


async def test_back_takes_the_last_answer_back_and_only_from_where_it_stood(world: World) -> None:
    _, anna = await asked(world)
    check_in = await open_check(world)
    message = await tap(world, anna, "None", "Dots only")
    back = next(b.data for row in message.buttons for b in row if b.text == "‹ Back")
    for _ in range(2):
        anna.tap_data(message.id, back or "")
    await world.settle()
    assert await scores_of(world, check_in.id) == {"swelling": 0}
    assert "How is the bruising" in anna.last.text


@pytest.mark.parametrize(
    "data",
    [
        "check.score:{id}:swelling:9",
        "check.score:{id}:usual_pain:9",
        "check.score:{id}:anything_else:1",
        "check.score:{id}:nonsense:1",
        "check.score:{id}:swelling",
        "check.score:{id}:swelling:-1",
        "check.item:{id}:nonsense:1",
        "check.nothing:{id}",
        "check.follow:{id}:eye:0",
        "check.score:99999:swelling:1",
        "check.score:9999999999999999999999:swelling:1",
        "check.score:x:swelling:1",
        "visit.answer:99:confirmed:0",
        "visit.answer:1:nonsense:0",
        "urgent.sign:E9:0",
        "urgent.sign:E1:99999",
        "urgent.open:99999",
        "record.patient:1",
        "alert.take:1",
        "nobody:knows",
    ],
)
async def test_tampered_taps_say_so_and_change_nothing(world: World, data: str) -> None:
    _, anna = await asked(world)
    check_in = await open_check(world)
    forged = anna.tap_data(anna.last.id, data.format(id=check_in.id))
    await forged.wait()
    await world.settle()
    assert forged.alert or forged.toast
    assert await scores_of(world, check_in.id) == {}
    assert not await alerts_of(world)
    async with world.database.read() as work:
        assert not (await work.session.scalars(select(ReportedItem))).all()


async def test_another_patients_check_in_cannot_be_answered(world: World) -> None:
    marie, _ = await asked(world)
    olga = await world.patient("Olga Petrova", marie)
    check_in = await open_check(world)
    forged = olga.tap_data(olga.last.id, f"check.score:{check_in.id}:swelling:3")
    await forged.wait()
    await world.settle()
    assert "can’t find that" in (forged.toast or "")
    assert await scores_of(world, check_in.id) == {}
    assert not await alerts_of(world)


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


async def test_an_empty_list_stays_open(world: World) -> None:
    _, anna = await asked(world)
    await tap(world, anna, "None", "None", "Not at all", "Something else")
    done = anna.tap("Done")
    await done.wait()
    await world.settle()
    assert "first" in (done.toast or "")
    assert (await open_check(world)).state == "open"


async def test_a_tick_is_set_not_flipped_and_can_be_taken_back(world: World) -> None:
    _, anna = await asked(world)
    check_in = await open_check(world)
    message = await tap(world, anna, "None", "None", "Not at all", "Something else")
    for _ in range(2):
        anna.tap_data(message.id, f"check.item:{check_in.id}:fever:1")
    await world.settle()
    assert "✅ Fever, 38 °C or more" in anna.last.labels
    await tap(world, anna, "✅ Fever, 38 °C or more")
    assert "Fever, 38 °C or more" in anna.last.labels
    assert not await alerts_of(world)


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
    assert "worse again" in marie.last.text


async def test_at_night_the_patient_learns_that_nobody_looks_before_the_morning(world: World) -> None:
    _, anna = await asked(world)
    await world.move_to(world.at(0, "22:00"))
    await score_through(world, anna, 3, 0, 0)
    ending = await tap(world, anna, "Nothing else")
    assert "will be told at 08:00" in ending.text
    assert "+33 1 23 45 67 89" in ending.text


async def test_own_words_end_the_check_in_and_reach_the_practitioner(world: World) -> None:
    marie, anna = await asked(world)
    await tap(world, anna, "None", "None", "Not at all", "Something else", "Something else, in my own words")
    message = await tap(world, anna, "Done")
    assert "own words" in message.text
    anna.say("My cheek feels odd & <tight>")
    await world.settle()
    assert any("My cheek feels odd & <tight>" in each.text for each in marie.bot_messages)
    done = (await checks(world))[0]
    assert (done.state, done.grade) == ("done", Grade.DIGEST)
    ended = next(each for each in anna.bot_messages if each.id == message.id)
    assert "daily overview" in ended.text
    anna.say("And another thing")
    await world.settle()
    assert any("And another thing" in each.text for each in marie.bot_messages)


async def test_done_without_words_ends_it_too(world: World) -> None:
    _, anna = await asked(world)
    await tap(world, anna, "None", "None", "Not at all", "Something else", "Something else, in my own words")
    await tap(world, anna, "Done", "Done")
    assert (await checks(world))[0].state == "done"


async def test_the_eve_check_carries_the_visit(world: World) -> None:
    marie, anna = await asked(world)
    await world.move_to(world.at(6, "18:00"))
    message = anna.last
    assert "Monday 9 March, 10:00" in message.text
    assert "I’ll be there" in message.labels
    await tap(world, anna, "I’ll be there")
    assert anna.last.id == message.id
    assert "confirmed" in anna.last.text
    assert "I’ll be there" not in anna.last.labels
    assert "Anna Keller will come" in marie.last.text
    ending = await tap(world, anna, "None", "None", "Not at all", "Nothing else")
    assert "confirmed" in ending.text


async def test_pain_asks_the_usual_pain_from_zero_to_ten(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie, Family.PAIN)
    await world.session(anna, usual_pain=4)
    await world.move(hours=72)
    anna.tap("None")
    await world.settle()
    assert anna.last.labels[:11] == [str(number) for number in range(11)]
    await tap(world, anna, "6", "Not at all", "Nothing else")
    [alert] = await alerts_of(world)
    assert alert.flags == ["usual_pain_up"]
    assert "Usual pain (0–10): 6" in marie.last.text


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


async def test_everything_is_there_in_french(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie, language="fr")
    await world.session(anna)
    await world.move(hours=3)
    await score_through(world, anna, 0, 0, 0)
    await tap(world, anna, anna.last.labels[1])
    await tap(world, anna, anna.last.labels[2], anna.last.labels[-3])
    assert "38" in anna.last.text or "Merci" in "".join(each.text for each in anna.bot_messages)
    [alert] = await alerts_of(world)
    assert alert.flags == ["U5"]


async def test_a_check_in_that_may_have_arrived_is_not_repeated_but_chased(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    await world.session(anna)
    world.sandbox.faults.add(Fault.drop("after", method="sendMessage", chat_id=anna.id))
    await world.move(hours=3)
    assert sum(message.text.startswith("You have a check-in\n") for message in anna.bot_messages) == 1
    assert (await open_check(world)).message_id is None
    await tap(world, anna, "None")
    assert await scores_of(world, (await open_check(world)).id) == {"swelling": 0}
    await world.move(hours=6)
    assert "check-in waiting" in anna.last.text


async def test_a_text_published_while_a_check_in_waits_is_the_one_that_is_sent(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    await world.session(anna)
    async with world.database.work() as work:
        version = TemplateVersion(
            key="patient.check_in.opening",
            language="en",
            text="Good day, {first_name}!" + "🙂" * 100,
            state="published",
            author_id=await world.staff_id(marie),
            created_at=world.clock.now(),
            published_at=world.clock.now(),
        )
        work.session.add(version)
        await work.commit()
    await world.move(hours=3)
    assert anna.last.text.startswith("Good day, Anna!")
    assert anna.last.labels[-1] == "🆘 Urgent"
    async with world.database.read() as work:
        row = (await work.session.scalars(select(Outbox).where(Outbox.check_in_id == 1))).one()
    assert row.template_version_id == version.id


async def test_two_devices_at_once_lose_nothing(world: World) -> None:
    _, anna = await asked(world)
    check_in = await open_check(world)
    message = anna.last
    for question, score in (("swelling", 1), ("bruising", 1), ("swelling", 0), ("pain", 1)):
        anna.tap_data(message.id, f"check.score:{check_in.id}:{question}:{score}")
    await world.settle()
    assert await scores_of(world, check_in.id) == {"swelling": 0, "bruising": 1, "pain": 1}
    assert "anything else" in anna.last.text
