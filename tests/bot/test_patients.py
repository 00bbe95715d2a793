"""/patients, end to end: the list, the card, and every button on it; and that nobody sees what is not theirs."""

import pytest
from sqlalchemy import select

from bot.sandbox.person import Person
from storage.tables import Appointment, Audit, CheckIn, Course, Outbox, Staff
from tests.world import World


async def _say(world: World, person: Person, text: str) -> None:
    person.say(text)
    await world.settle()


async def _tap(world: World, person: Person, label: str) -> str | None:
    tap = person.tap(label)
    await world.settle()
    return tap.toast


async def _card(world: World, marie: Person, name: str) -> str:
    await _say(world, marie, f"/patients {name}")
    marie.tap(marie.last.labels[0])
    await world.settle()
    return marie.last.text


async def _states(world: World, kind: str) -> list[tuple[str, str, str | None]]:
    async with world.database.read() as work:
        rows = await work.session.scalars(
            select(Outbox).where(Outbox.kind == kind, Outbox.patient_id.is_not(None)).order_by(Outbox.due_at, Outbox.id)
        )
        return [(str(row.values.get("step")), row.state, row.reason) for row in rows]


async def _course(world: World) -> Course:
    async with world.database.read() as work:
        return (await work.session.scalars(select(Course).order_by(Course.id.desc()).limit(1))).one()


async def test_the_list_turns_pages_and_finds_names_without_accents(world: World) -> None:
    marie = await world.practitioner()
    for number in range(9):
        await world.invited(f"Patient {number}", marie)
    await world.invited("Zoë Ünal", marie)
    await _say(world, marie, "/patients")
    assert "10 patients" in marie.last.text
    assert len(marie.last.labels) == 9
    await _tap(world, marie, "More ›")
    assert [label.split(" ")[1] for label in marie.last.labels[:2]] == ["Patient", "Zoë"]
    await _tap(world, marie, "‹ Earlier")
    assert "More ›" in marie.last.labels
    await _say(world, marie, "unal zoe")
    assert len(marie.last.labels) == 1
    await _tap(world, marie, "▫️ Zoë Ünal · 0/5")
    assert marie.last.text.startswith("Zoë Ünal\nFace · session 0 of 5")


async def test_the_card_tells_what_was_sent_is_planned_and_was_left_out(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie, interval_days=7)
    await world.session(anna, ended_at=world.at(-1, "09:00"), next_at=world.at(6, "09:00"))
    await world.move(hours=1)
    text = await _card(world, marie, "anna")
    assert "session 1 of 5 · every 7 days" in text
    assert "📅 Sun 8 Mar, 09:00 · not confirmed yet" in text
    assert "Planned\nWed 4 Mar, 09:00 · check-in +72 h" in text
    assert "Sent\nMon 2 Mar, 10:00 · check-in +24 h" in text
    assert "Sun 1 Mar, 12:00 · check-in +3 h: its time had passed" in text.partition("Not sent")[2]


async def test_a_moved_appointment_is_told_and_its_reminders_follow(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie, interval_days=7)
    await world.session(anna, next_in_days=7)
    await _card(world, marie, "anna")
    await _tap(world, marie, "📅 Appointment")
    assert "Monday 9 March, 10:00" in marie.last.text
    for typed, told in (("1.3. 10:00", "already passed"), ("1.3.2030 10:00", "400 days"), ("what", "can’t read")):
        await _say(world, marie, typed)
        assert told in marie.last.text, typed
    await _say(world, marie, "12.3. 15:00")
    assert "📅 Thu 12 Mar, 15:00" in marie.last.text
    assert "Thursday 12 March, 15:00" in anna.last.text
    reminders = [each for each in await _states(world, "reminder") if each[1] != "skipped"]
    assert [each for each in reminders if each[1] == "pending"] == [
        ("before_48h", "pending", None),
        ("before_3h", "pending", None),
    ]
    eve = [each for each in await _states(world, "check_in") if each[0] == "eve"]
    assert eve == [("eve", "cancelled", "replanned"), ("eve", "pending", None)]


async def test_a_cancelled_appointment_withdraws_its_reminders_and_plans_the_week(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie, interval_days=7)
    await world.session(anna, next_in_days=7)
    await _card(world, marie, "anna")
    await _tap(world, marie, "📅 Appointment")
    await _tap(world, marie, "🗑 Cancel it")
    assert "📅 No appointment" in marie.last.text
    assert "cancelled" in anna.last.text
    assert all(state != "pending" for _, state, _ in await _states(world, "reminder"))
    pending = [step for step, state, _ in await _states(world, "check_in") if state == "pending"]
    assert pending == ["after_3h", "after_24h", "after_72h", "after_7d"]


async def test_an_appointment_before_the_first_session_has_reminders(world: World) -> None:
    marie = await world.practitioner()
    await world.patient("Anna Keller", marie)
    await _card(world, marie, "anna")
    await _tap(world, marie, "📅 Appointment")
    await _say(world, marie, "6.3. 15:00")
    assert [step for step, state, _ in await _states(world, "reminder") if state == "pending"] == [
        "before_48h",
        "before_24h",
        "before_3h",
    ]


async def test_a_pause_withdraws_and_going_on_plans_again_each_once(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie, interval_days=7)
    await world.session(anna, next_in_days=7)
    await _card(world, marie, "anna")
    await _tap(world, marie, "⏸ Pause")
    assert "⏸ Paused since" in marie.last.text
    assert {state for _, state, _ in await _states(world, "check_in")} == {"cancelled"}
    count = len(anna.bot_messages)
    await world.move(hours=30)
    assert len(anna.bot_messages) == count
    await _card(world, marie, "anna")
    await _tap(world, marie, "▶️ Go on")
    live = [(step, state) for step, state, _ in await _states(world, "check_in") if state in {"pending", "sent"}]
    assert live == [("after_24h", "sent"), ("after_72h", "pending"), ("eve", "pending")]
    assert len(anna.bot_messages) == count + 1, "a check six hours late goes at once"
    assert [step for step, state, _ in await _states(world, "reminder") if state == "pending"] == [
        "before_48h",
        "before_3h",
    ]


async def test_an_ended_course_keeps_late_checks_and_a_new_one_can_begin(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie, interval_days=7)
    await world.session(anna, next_in_days=7)
    await _card(world, marie, "anna")
    await _tap(world, marie, "⏹ End course")
    await _tap(world, marie, "Yes, end it")
    assert "⏹ Course ended" in marie.last.text
    assert "cancelled" in anna.last.text
    pending = [step for step, state, _ in await _states(world, "check_in") if state == "pending"]
    assert pending == ["after_3h", "after_24h", "after_72h", "after_7d", "late_28d", "late_84d"]
    await _tap(world, marie, "🔁 New course")
    for label in ("Under-eye", "new.plan:usual"):
        await _tap(world, marie, label)
    course = await _course(world)
    assert (course.family, course.ended_at) == ("eye", None)
    assert "A new course" in marie.last.text
    await world.move(minutes=5)
    await world.session(anna, next_in_days=7)
    pending = [step for step, state, _ in await _states(world, "check_in") if state == "pending"]
    assert pending.count("late_28d") == 1, "late checks of the course before stay"
    assert pending.count("after_3h") == 1


async def test_a_handed_over_patient_belongs_to_the_colleague_who_is_told(world: World) -> None:
    marie = await world.practitioner()
    paul = await world.practitioner("Paul Petit")
    anna = await world.patient("Anna Keller", marie)
    await _card(world, marie, "anna")
    card = marie.last.id
    await _tap(world, marie, "🤝 Hand over")
    await _tap(world, marie, "Paul Petit")
    assert "is now with Paul Petit" in marie.last.text
    assert "handed over to you" in paul.last.text
    await _tap(world, paul, "👤 Card")
    assert "Anna Keller" in paul.last.text
    late = marie.tap_data(card, f"patient.open:{await world.patient_id(anna)}")
    await world.settle()
    assert late.toast is not None
    assert "can’t find" in late.toast
    async with world.database.read() as work:
        actions = (await work.session.scalars(select(Audit.action))).all()
    assert "handed_over" in actions


async def test_a_cover_sees_the_patients_and_whose_they_are(world: World) -> None:
    paul = await world.practitioner("Paul Petit")
    marie = await world.practitioner(cover_id=await world.staff_id(paul))
    await world.patient("Anna Keller", marie)
    assert "Patient of Marie Laurent" in await _card(world, paul, "anna")


BUTTONS = (
    "patient.open:{id}", "patient.card:{id}", "patient.appointment:{id}", "appointment.set:{id}:1900000000",
    "appointment.cancel:{id}", "patient.pause:{id}", "patient.resume:{id}", "patient.end:{id}",
    "patient.end_confirm:{id}", "patient.hand_over:{id}", "patient.hand_to:{id}:2", "patient.link:{id}",
    "patient.withdraw_link:{id}", "record.patient:{id}", "new.course:{id}", "session.correct:{id}",
    "session.undo:{id}", "session.undo_confirm:{id}", "session.keep:{id}", "write:{id}",
)  # fmt: skip


async def test_no_button_reaches_a_colleagues_patient(world: World) -> None:
    marie = await world.practitioner()
    paul = await world.practitioner("Paul Petit")
    anna = await world.patient("Anna Keller", marie)
    await world.session(anna)
    await _say(world, paul, "/patients")
    assert "No patients yet" in paul.last.text
    before = len(paul.bot_messages)
    for data in BUTTONS:
        tap = paul.tap_data(paul.last.id, data.format(id=await world.patient_id(anna)))
        await world.settle()
        assert tap.toast is not None, data
        assert "can’t find" in tap.toast, data
    assert len(paul.bot_messages) == before
    async with world.database.read() as work:
        assert {row.state for row in await work.session.scalars(select(Appointment))} == {"booked"}
        assert "cancelled" not in {row.state for row in await work.session.scalars(select(CheckIn))}


@pytest.mark.parametrize("role", ["admin", "patient", "stranger"])
async def test_other_roles_have_no_patients(world: World, role: str) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    person = {"patient": lambda: anna, "stranger": lambda: world.sandbox.person("Sam")}.get(role, lambda: None)()
    person = person or await world.admin()
    for command in ("/patients", "/record", "/new", "/digest"):
        await _say(world, person, command)
        assert "another role" in person.last.text, command


async def test_an_unreachable_or_stopped_patient_is_marked(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    await _say(world, anna, "/stop")
    assert "✋ Sent /stop" in await _card(world, marie, "anna")
    async with world.database.read() as work:
        assert (await work.session.get_one(Staff, await world.staff_id(marie))).removed_at is None
