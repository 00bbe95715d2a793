"""/record, end to end: the taps, the preview, and what follows a session, a correction and an undo."""

from datetime import datetime

from sqlalchemy import select

from bot.sandbox.person import Person
from messages.care_plan import Family
from storage.tables import Appointment, CheckIn, Course, Outbox, Patient, Session
from tests.world import World


async def _say(world: World, person: Person, text: str) -> None:
    person.say(text)
    await world.settle()


async def _tap(world: World, person: Person, label: str) -> None:
    person.tap(label)
    await world.settle()


async def _record(world: World, marie: Person, name: str, *, next_label: str | None = None) -> None:
    await _say(world, marie, "/record")
    await _tap(world, marie, name)
    await _tap(world, marie, "✅ Now")
    await _tap(world, marie, next_label or marie.last.labels[0])
    await _tap(world, marie, "✅ Save")


async def _pending(world: World) -> list[tuple[str, str]]:
    """(local time, key without its ids) of everything still to be sent to patients."""
    async with world.database.read() as work:
        rows = await work.session.scalars(
            select(Outbox)
            .where(Outbox.state == "pending", Outbox.patient_id.is_not(None))
            .order_by(Outbox.due_at, Outbox.id)
        )
        return [(world.local(row.due_at), str(row.values.get("step"))) for row in rows]


async def _sessions(world: World) -> list[Session]:
    async with world.database.read() as work:
        return list((await work.session.scalars(select(Session).order_by(Session.id))).all())


async def _states(world: World, session_id: int) -> dict[str, str]:
    async with world.database.read() as work:
        rows = await work.session.scalars(select(CheckIn).where(CheckIn.session_id == session_id).order_by(CheckIn.id))
        return {row.step: row.state for row in rows}


async def test_four_taps_record_a_session_and_plan_what_the_preview_showed(world: World) -> None:
    marie = await world.practitioner()
    await world.patient("Anna Keller", marie, interval_days=7)
    await _say(world, marie, "/record")
    taps = 0
    for label in ("Anna Keller", "✅ Now", "✅ Mon 9 Mar, 10:00"):
        await _tap(world, marie, label)
        taps += 1
    preview = marie.last.text
    assert "session 1 of" in preview
    await _tap(world, marie, "✅ Save")
    taps += 1
    assert taps <= 5
    assert "Anna Keller · session 1 of" in marie.last.text
    pending = await _pending(world)
    assert pending == [
        ("2026-03-02 13:00", "after_3h"),
        ("2026-03-03 10:00", "after_24h"),
        ("2026-03-05 10:00", "after_72h"),
        ("2026-03-07 10:00", "before_48h"),
        ("2026-03-08 18:00", "eve"),
        ("2026-03-09 09:00", "before_3h"),
    ]
    for local, _ in pending:
        at = datetime.fromisoformat(local)
        assert f"{at:%a} {at.day} {at:%b}, {at:%H:%M}" in preview


async def test_two_taps_on_save_record_one_session(world: World) -> None:
    marie = await world.practitioner()
    await world.patient("Anna Keller", marie)
    await _say(world, marie, "/record")
    for label in ("Anna Keller", "✅ Now", "None yet"):
        await _tap(world, marie, label)
    data = next(button.data for row in marie.last.buttons for button in row if button.text == "✅ Save")
    assert data is not None
    message = marie.last.id
    first, second = marie.tap_data(message, data), marie.tap_data(message, data)
    await world.settle()
    assert (first.alert, second.toast) == (False, "Already saved.")
    assert len(await _sessions(world)) == 1
    assert "session 1 of" in marie.last.text


async def test_a_forged_or_old_button_saves_nothing(world: World) -> None:
    marie = await world.practitioner()
    await world.patient("Anna Keller", marie)
    paul = await world.practitioner("Paul Petit")
    await _say(world, marie, "/record")
    message = marie.last.id
    for data in ("record.patient:999", "record.save:1:1:0", "record.when", "record.edit:x", "record.pain:11"):
        tap = marie.tap_data(message, data)
        await world.settle()
        assert tap.alert, data
    await _say(world, paul, "/record")
    async with world.database.read() as work:
        anna = await work.session.scalar(select(Patient.id))
    tap = paul.tap_data(paul.last.id, f"record.patient:{anna}")
    await world.settle()
    assert tap.toast is not None
    assert "can’t find" in tap.toast
    assert await _sessions(world) == []


async def test_patients_of_today_come_first_then_the_latest_and_typing_searches(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    await world.patient("Émile Zöe", marie)
    zoe = await world.patient("Zoë Ünal", marie)
    await world.session(anna, next_in_days=7)
    await world.move(minutes=5)
    await world.session(zoe, next_in_days=None)
    await _say(world, marie, "/record")
    assert marie.last.labels == ["Zoë Ünal", "Anna Keller", "Émile Zöe"]
    await world.move_to(world.at(7, "09:30"))
    await _say(world, marie, "/record")
    assert marie.last.labels[0] == "10:00 Anna Keller"
    await _say(world, marie, "zoe")
    assert sorted(marie.last.labels) == ["Zoë Ünal", "Émile Zöe"]
    await _say(world, marie, "ZOE EM")
    assert marie.last.labels == ["Émile Zöe"]
    await _say(world, marie, "xyz")
    assert "“xyz”" in marie.last.text


async def test_a_typed_time_is_checked_and_what_is_too_late_is_told(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie, interval_days=7)
    await world.session(anna, ended_at=world.at(-2), next_in_days=None)
    await _say(world, marie, "/record")
    await _tap(world, marie, "Anna Keller")
    for typed, told in (
        ("tomorrow 10:00", "still to come"),
        ("1.1. 10:00", "30 days ago"),
        ("31.2. 10:00", "doesn’t exist"),
        ("27.2. 10:00", "before the previous session"),
        ("gibberish", "can’t read"),
    ):
        await _say(world, marie, typed)
        assert told in marie.last.text, typed
    await _say(world, marie, "yesterday 16:15")
    await _say(world, marie, "28.2. 10:00")
    assert "already passed" in marie.last.text
    await _say(world, marie, "9.3. 16:15")
    assert "Ended Sun 1 Mar, 16:15" in marie.last.text
    assert "Left out: check-in +3 h (its time had passed)" in marie.last.text
    await _tap(world, marie, "✅ Save")
    assert [session.number for session in await _sessions(world)] == [1, 2]
    assert (await _pending(world))[0] == ("2026-03-02 16:15", "after_24h")


async def test_note_areas_and_usual_pain_are_kept(world: World) -> None:
    marie = await world.practitioner()
    await world.patient("Anna Keller", marie, Family.PAIN)
    await _say(world, marie, "/record anna")
    for label in ("Anna Keller", "✅ Now", "None yet", "6", "📍 Areas"):
        await _tap(world, marie, label)
    await _say(world, marie, "lower <back>")
    await _say(world, marie, "typed at the preview")
    assert "Note: typed at the preview" in marie.last.text
    await _tap(world, marie, "Usual pain")
    await _say(world, marie, "11")
    assert "0 to 10" in marie.last.text
    await _say(world, marie, "7")
    await _tap(world, marie, "✅ Save")
    [session] = await _sessions(world)
    assert (session.usual_pain, session.areas, session.note) == (7, "lower <back>", "typed at the preview")


async def test_the_last_session_ends_the_course_and_plans_late_checks(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie, sessions=2, interval_days=7)
    await world.session(anna, next_in_days=7)
    await world.move_to(world.at(7, "11:00"))
    await _say(world, marie, "/record")
    await _tap(world, marie, "10:00 Anna Keller")
    await _tap(world, marie, "✅ Now")
    assert "The last session" in marie.last.text
    await _tap(world, marie, "✅ Save")
    assert [step for _, step in await _pending(world)] == [
        "after_3h", "after_24h", "after_72h", "after_7d", "late_28d", "late_84d"
    ]  # fmt: skip
    async with world.database.read() as work:
        course = (await work.session.scalars(select(Course))).one()
        visits = (await work.session.scalars(select(Appointment))).all()
    assert (course.end_reason, [visit.state for visit in visits]) == ("completed", ["fulfilled"])
    await _say(world, marie, "/record")
    assert "No course is under way" in marie.last.text


async def test_a_new_session_withdraws_the_checks_of_the_one_before(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    first = await world.session(anna, next_in_days=14)
    await world.move(hours=4)
    await world.session(anna, next_in_days=14)
    states = await _states(world, first.session.id)
    assert states["after_3h"] == "open"
    assert set(states.values()) == {"open", "cancelled"}
    async with world.database.read() as work:
        old = await work.session.scalars(
            select(Outbox).where(Outbox.session_id == first.session.id, Outbox.state == "pending")
        )
        assert old.all() == []


async def test_a_correction_moves_what_is_pending_and_leaves_what_was_sent(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie, interval_days=7)
    await _record(world, marie, "Anna Keller")
    saved = marie.last.id
    await world.move(hours=4)
    sent = len(anna.bot_messages)
    marie.tap("✏️ Correct", saved)
    await world.settle()
    await _tap(world, marie, "🕐 Time")
    await _say(world, marie, "09:00")
    await _tap(world, marie, "📅 Next")
    await _say(world, marie, "10.3. 15:00")
    await _tap(world, marie, "✅ Save")
    assert len(anna.bot_messages) == sent, "not told of an appointment that nobody had named"
    assert await _pending(world) == [
        ("2026-03-03 09:00", "after_24h"),
        ("2026-03-05 09:00", "after_72h"),
        ("2026-03-08 15:00", "before_48h"),
        ("2026-03-09 09:00", "after_7d"),
        ("2026-03-09 18:00", "eve"),
        ("2026-03-10 12:00", "before_3h"),
    ]
    async with world.database.read() as work:
        visits = (await work.session.scalars(select(Appointment).order_by(Appointment.id))).all()
    assert [visit.state for visit in visits] == ["moved", "booked"]


async def test_an_undone_session_leaves_everything_as_before(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie, interval_days=7)
    await world.session(anna, next_in_days=7)
    before = await _pending(world)
    await world.move(minutes=10)
    await _record(world, marie, "Anna Keller")
    assert await _pending(world) != before
    await _tap(world, marie, "↩️ Undo")
    await _tap(world, marie, "No, keep it")
    await _tap(world, marie, "↩️ Undo")
    await _tap(world, marie, "Yes, take it back")
    assert "taken back" in marie.last.text
    assert await _pending(world) == before
    again = marie.tap_data(marie.last.id, "session.undo_confirm:2")
    await world.settle()
    assert again.toast == "Only the latest session of a course can be changed."
    await _record(world, marie, "Anna Keller")
    assert [session.number for session in await _sessions(world)] == [1, 2, 2]


async def test_a_patient_cannot_record(world: World) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    await _say(world, anna, "/record")
    assert "another role" in anna.last.text


async def test_a_restart_in_the_middle_loses_nothing(world: World) -> None:
    marie = await world.practitioner()
    await world.patient("Anna Keller", marie)
    await _say(world, marie, "/record")
    await _tap(world, marie, "Anna Keller")
    await world.crash()
    await world.start()
    for label in ("✅ Now", "None yet", "✅ Save"):
        await _tap(world, marie, label)
    assert len(await _sessions(world)) == 1
