"""Admins look after the clinic's people: inviting, changing, covering, handing over, removing."""

from datetime import UTC, datetime, time

import pytest
from sqlalchemy import select

from bot.flows.change_staff import parse_hours, parse_phone, parse_time
from bot.sandbox.person import Person
from messages.errors import PersonError
from messages.grading import Flag, Grade
from storage.tables import Audit, Invitation, Outbox, Patient, Staff
from tests.bot.conversation import alert, alert_row, staff_row
from tests.world import World


async def tap(world: World, person: Person, button: str) -> None:
    person.tap(button)
    await world.settle()


async def say(world: World, person: Person, text: str) -> None:
    person.say(text)
    await world.settle()


async def card(world: World, admin: Person, staff_id: int) -> None:
    """Open somebody's card."""
    await say(world, admin, "/people")
    await tap(world, admin, f"ppl.card:{staff_id}")


async def invite(world: World, admin: Person, name: str, role: str) -> str:
    """Invite somebody; the token of their link."""
    await say(world, admin, "/people")
    await tap(world, admin, "➕ Invite")
    await say(world, admin, name)
    await tap(world, admin, role)
    return admin.last.text.partition("start=")[2].split()[0]


async def member(world: World, name: str) -> Staff:
    async with world.database.read() as work:
        rows = (await work.session.scalars(select(Staff))).all()
    return next(row for row in rows if row.name == name)


async def test_a_practitioner_is_invited_and_joins(world: World) -> None:
    alex = await world.admin()
    token = await invite(world, alex, "Dr  <Weiss> & Söhne", "Practitioner")
    assert alex.last.media is not None, "with a QR picture"
    assert "Dr <Weiss> & Söhne" in alex.last.text
    weiss = world.sandbox.person("Weiss", language_code="en")
    weiss.start(token)
    await world.settle()
    row = await member(world, "Dr <Weiss> & Söhne")
    assert (row.is_practitioner, row.is_admin, row.telegram_id) == (True, False, weiss.id)
    await card(world, alex, row.id)
    assert "Joined: Mon 2 Mar, 10:00" in alex.last.text
    await say(world, weiss, "/people")
    assert "another role" in weiss.last.text


async def test_a_link_is_renewed_and_withdrawn(world: World) -> None:
    alex = await world.admin()
    first = await invite(world, alex, "Bea Schmid", "Admin")
    bea = (await member(world, "Bea Schmid")).id
    await card(world, alex, bea)
    assert "Invited, not joined yet" in alex.last.text
    await tap(world, alex, "New link")
    second = alex.last.text.partition("start=")[2].split()[0]
    person = world.sandbox.person("Bea", language_code="en")
    person.start(first)
    await world.settle()
    assert "withdrawn or replaced" in person.last.text
    await card(world, alex, bea)
    await tap(world, alex, "Withdraw link")
    assert "no link that works" in alex.last.text
    person.start(second)
    await world.settle()
    assert (await member(world, "Bea Schmid")).joined_at is None
    async with world.database.read() as work:
        states = (await work.session.scalars(select(Invitation.withdrawn_at))).all()
    assert all(states)


async def test_a_long_name_is_refused_and_the_question_stays(world: World) -> None:
    alex = await world.admin()
    await say(world, alex, "/people")
    await tap(world, alex, "➕ Invite")
    await say(world, alex, "x" * 65)
    assert "65 characters; at most 64" in alex.last.text
    await say(world, alex, "Bea Schmid")
    assert "What will Bea Schmid be?" in alex.last.text


async def test_a_photo_is_no_name(world: World) -> None:
    alex = await world.admin()
    await say(world, alex, "/people")
    await tap(world, alex, "➕ Invite")
    alex.send_photo()
    await world.settle()
    assert alex.last.text == "Please send a name as text."


async def test_the_card_is_changed_field_by_field(world: World) -> None:
    alex, marie = await world.admin(), await world.practitioner()
    luc = await world.practitioner("Luc Roche")
    staff_id = await world.staff_id(marie)
    await card(world, alex, staff_id)
    assert "Steps in: nobody" in alex.last.text
    for button, wrong, right, seen in (
        ("Telephone", "call me", "+33 6 12 34 56 78", "Telephone: +33 6 12 34 56 78"),
        ("Working hours", "18-9", "8h30 – 17", "Works: 08:30–17:00"),
        ("Daily overview", "25:00", "7:45", "Daily overview: 07:45"),
        ("Name", "y" * 70, "Dr Marie L.", "Dr Marie L., practitioner"),
    ):
        await tap(world, alex, button)
        await say(world, alex, wrong)
        assert "/cancel" not in alex.last.text
        await say(world, alex, right)
        assert seen in alex.last.text
    await tap(world, alex, "Who steps in")
    await tap(world, alex, "Luc Roche")
    assert "Steps in: Luc Roche" in alex.last.text
    await tap(world, alex, "Language")
    await tap(world, alex, "Français")
    row = await staff_row(world, marie)
    assert (row.language, row.cover_id) == ("fr", await world.staff_id(luc))
    assert (row.works_from, row.works_until, row.digest_hour) == (time(8, 30), time(17), time(7, 45))
    assert row.digest_due_at == datetime(2026, 3, 3, 6, 45, tzinfo=UTC)
    async with world.database.read() as work:
        changes = select(Audit.details).where(Audit.action == "changed").order_by(Audit.id)
        fields = (await work.session.scalars(changes)).all()
    assert [each["field"] for each in fields] == ["phone", "hours", "digest", "name", "cover", "language"]


async def test_roles_are_given_and_taken_and_the_person_is_told(world: World) -> None:
    alex, marie = await world.admin(), await world.practitioner()
    staff_id = await world.staff_id(marie)
    await card(world, alex, staff_id)
    await tap(world, alex, "Make admin")
    assert "practitioner and admin" in alex.last.text
    assert "changed your role" in marie.last.text
    await say(world, marie, "/status")
    assert "How the bot is doing" in marie.last.text
    await card(world, alex, staff_id)
    await tap(world, alex, "No longer practitioner")
    await tap(world, alex, "Yes, do it")
    row = await staff_row(world, marie)
    assert (row.is_practitioner, row.is_admin, row.digest_due_at) == (False, True, None)
    await tap(world, alex, "No longer admin")
    assert (await staff_row(world, marie)).is_admin, "nobody is left without a role"


async def test_the_last_admin_stays(world: World) -> None:
    alex = await world.admin()
    await invite(world, alex, "Bea Schmid", "Admin")
    staff_id = await world.staff_id(alex)
    await card(world, alex, staff_id)
    tapped = alex.tap("No longer admin")
    await world.settle()
    assert tapped.alert
    assert "only admin who has joined" in (tapped.toast or "")
    await tap(world, alex, "Remove")
    await tap(world, alex, "Yes, do it")
    row = await staff_row(world, alex)
    assert row.is_admin
    assert row.removed_at is None


async def test_removing_hands_patients_messages_and_alerts_over(world: World) -> None:
    alex, marie = await world.admin(), await world.practitioner()
    luc = await world.practitioner("Luc Roche")
    anna = await world.patient("Anna Keller", marie)
    await world.session(anna, ended_at=world.clock.now(), next_in_days=7)
    raised = await alert(world, anna, Grade.U, (Flag.U5,))
    marie.tap("✋ I’m on it")
    await world.settle()
    assert (await alert_row(world, raised)).acknowledged_by == await world.staff_id(marie)
    marie_id, luc_id = await world.staff_id(marie), await world.staff_id(luc)
    await card(world, alex, marie_id)
    await tap(world, alex, "Remove")
    assert "has 1 patient. Who takes over?" in alex.last.text
    await tap(world, alex, "Luc Roche")
    assert "Marie Laurent has been removed" in alex.last.text
    assert "1 patient was handed over" in alex.last.text
    async with world.database.read() as work:
        patient = await work.session.get_one(Patient, await world.patient_id(anna))
        pending = (await work.session.scalars(select(Outbox).where(Outbox.state == "pending"))).all()
    assert patient.practitioner_id == luc_id
    assert {row.patient_id for row in pending if row.patient_id} == {patient.id}, "check-ins go on"
    assert not [row for row in pending if row.staff_id == marie_id]
    row = await alert_row(world, raised)
    assert row.acknowledged_at is None
    assert any("handed over to you" in each.text for each in luc.bot_messages)
    luc.tap("✋ I’m on it")
    await world.settle()
    assert (await alert_row(world, raised)).acknowledged_by == luc_id
    await say(world, marie, "/patients")
    assert "Anna" not in marie.last.text
    async with world.database.read() as work:
        gone = await work.session.get_one(Staff, marie_id)
    assert gone.removed_at is not None
    assert gone.telegram_id is None


async def test_without_another_practitioner_patients_are_not_left_alone(world: World) -> None:
    alex, marie = await world.admin(), await world.practitioner()
    await world.patient("Anna Keller", marie)
    staff_id = await world.staff_id(marie)
    await card(world, alex, staff_id)
    message = alex.last.id
    await tap(world, alex, "Remove")
    assert "no other practitioner" in alex.last.text
    for successor in (0, staff_id, await world.staff_id(alex), 999):
        alex.tap_data(message, f"ppl.remove_to:{staff_id}:{successor}")
    await world.settle()
    assert (await staff_row(world, marie)).removed_at is None


async def test_who_was_covered_by_the_removed_one_is_named(world: World) -> None:
    alex, luc = await world.admin(), await world.practitioner("Luc Roche")
    await world.practitioner(cover_id=await world.staff_id(luc))
    await card(world, alex, await world.staff_id(luc))
    await tap(world, alex, "Remove")
    await tap(world, alex, "Yes, do it")
    assert "Nobody steps in any more for: Marie Laurent" in alex.last.text
    assert (await member(world, "Marie Laurent")).cover_id is None


async def test_a_removed_person_can_be_invited_again(world: World) -> None:
    alex, luc = await world.admin(), await world.practitioner("Luc Roche")
    await card(world, alex, await world.staff_id(luc))
    await tap(world, alex, "Remove")
    await tap(world, alex, "Yes, do it")
    token = await invite(world, alex, "Luc Roche", "Practitioner")
    luc.start(token)
    await world.settle()
    assert await world.staff_id(luc)


async def test_buttons_of_somebody_else_or_of_nobody(world: World) -> None:
    alex, marie = await world.admin(), await world.practitioner()
    alex_id = await world.staff_id(alex)
    for data in ("ppl.card:999", "ppl.card", "ppl.card:x", "ppl.ask:1:salary", "ppl.language:1:xx", "ppl.role:p"):
        alex.tap_data(alex.last.id, data)
    marie.tap_data(marie.last.id, f"ppl.admin:{await world.staff_id(marie)}:1")
    marie.tap_data(marie.last.id, f"ppl.remove_to:{alex_id}:0")
    await world.settle()
    assert not (await staff_row(world, marie)).is_admin
    assert (await staff_row(world, alex)).removed_at is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("8", time(8)), ("08:30", time(8, 30)), ("8h30", time(8, 30)), ("8h", time(8)), ("23.59", time(23, 59))],
)
def test_times_as_people_type_them(typed: str, meant: time) -> None:
    assert parse_time(f" {typed} ") == meant


@pytest.mark.parametrize("typed", ["", "24", "8:60", "noon", "8:3", "-1", "٨"])
def test_times_that_are_none(typed: str) -> None:
    with pytest.raises(PersonError):
        parse_time(typed)


def test_hours_and_telephones() -> None:
    assert parse_hours("9-18") == (time(9), time(18))
    assert parse_hours("9:00 to 17:30") == (time(9), time(17, 30))
    for wrong in ("9", "18-9", "9-9", "9-10-11", ""):
        with pytest.raises(PersonError):
            parse_hours(wrong)
    assert parse_phone(" +33 6 12 ") == "+33 6 12"
    assert parse_phone("-") is None
    for wrong in ("", "12", "call <b>me</b>", "+" * 40):
        with pytest.raises(PersonError):
            parse_phone(wrong)


async def test_the_menu_follows_the_role(world: World) -> None:
    alex, marie = await world.admin(), await world.practitioner()

    def offered() -> set[object]:
        return {each["command"] for each in world.sandbox.commands.shown_in(marie.chat, marie.account)}

    await card(world, alex, await world.staff_id(marie))
    await tap(world, alex, "Make admin")
    assert {"record", "people"} <= offered()
    await tap(world, alex, "Remove")
    await tap(world, alex, "Yes, do it")
    assert offered() == {"start", "help"}
