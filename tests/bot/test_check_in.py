"""The check-in as it is lived: asked, answered tap by tap, ended, and told to the practitioner."""

import pytest
from sqlalchemy import select

from bot.sandbox.faults import Fault
from messages.care_plan import Family
from messages.grading import Grade
from storage.tables import Outbox, ReportedItem, TemplateVersion
from tests.bot.checking_in import SLIGHT, alerts_of, asked, checks, open_check, score_through, scores_of, tap
from tests.world import World


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
