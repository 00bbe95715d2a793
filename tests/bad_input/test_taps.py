"""Buttons that were forged, are old, or are tapped on two devices at once."""

from collections.abc import Iterable

import pytest
from sqlalchemy import func, select

from bot.sandbox.person import Person
from messages.people import Role
from messages.permissions import BUTTONS
from storage.tables import Answer, Audit, CheckIn, Inbox, Session
from tests.bad_input.raw import arrives, message, user
from tests.bot.conversation import (
    alert,
    alert_row,
    heard,
    last_id,
    pair,
    patient_row,
    rows,
    set_cover,
    since,
    times_heard,
)
from tests.world import World

HUGE = "9" * 18
FORGED = (
    "",
    ":",
    ":0",
    f":{HUGE}",
    f":1:{HUGE}:{HUGE}",
    f":0:{HUGE}:0",
    ":1",
    ":1:1:1:1:1:1",
    ":1:fever:9",
    ":x:y:z",
    ":١:٢",
    ":💥\u202e<b>&",
    ":1:en:0",
)
"""What may stand behind an action: nothing, too little, too much, numbers that no column and no calendar holds."""


async def tap_all(world: World, person: Person, datas: Iterable[str]) -> None:
    """Tap every forged button, as many at once as arrive in one batch; each must be answered."""
    for some in batched([data for data in datas if len(data.encode()) <= 64], 20):
        taps = [person.tap_data(person.last.id, data) for data in some]
        await world.settle()
        assert all(tap.answered for tap in taps)


def batched(datas: list[str], size: int) -> Iterable[list[str]]:
    """The list in pieces."""
    return (datas[first : first + size] for first in range(0, len(datas), size))


@pytest.mark.parametrize("role", [Role.PATIENT, Role.PRACTITIONER, Role.ADMIN])
async def test_no_forged_button_raises(world: World, role: Role) -> None:
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    alex = await world.admin()
    person = {Role.PATIENT: anna, Role.PRACTITIONER: marie, Role.ADMIN: alex}[role]
    dangerous = {"ppl.remove", "ppl.remove_to", "ppl.relieve", "ppl.admin", "ppl.practice"}
    actions = [action for action, roles in BUTTONS.items() if role in roles and action not in dangerous]
    await tap_all(world, person, [f"{action}{arguments}" for action in actions for arguments in FORGED])
    person.say("/cancel")
    await world.settle()
    assert person.last.text
    async with world.database.read() as work:
        assert await work.session.scalar(select(func.count()).select_from(Session)) == 0


async def test_forged_buttons_of_people_change_nobody(world: World) -> None:
    alex = await world.admin()
    marie = await world.practitioner()
    for action in ("ppl.remove", "ppl.remove_to", "ppl.relieve", "ppl.admin", "ppl.practice"):
        await tap_all(world, alex, [f"{action}{each}" for each in FORGED if not each.startswith(":1")])
    before = last_id(marie)
    marie.say("/patients")
    await world.settle()
    assert since(marie, before)
    async with world.database.read() as work:
        changed = select(Audit.action).where(Audit.subject == "staff")
        assert (await work.session.scalars(changed)).all() == []


async def test_a_button_of_last_month_says_that_it_is_old(world: World) -> None:
    two = await pair(world)
    await world.session(two.anna, next_in_days=None)
    await world.move(hours=3)
    asked = next(each for each in reversed(two.anna.bot_messages) if "🆘 Urgent" in each.labels)
    answer = next(button.data for row in asked.buttons for button in row if button.text == "None")
    await world.move(days=31)
    async with world.database.read() as work:
        stored = await work.session.scalar(select(func.count()).select_from(Answer))
    late = two.anna.tap_data(asked.id, answer or "")
    await world.settle()
    assert "closed" in (late.toast or "")
    async with world.database.read() as work:
        assert await work.session.scalar(select(func.count()).select_from(Answer)) == stored


async def test_a_tap_without_its_message_is_answered_and_counts(world: World) -> None:
    """Telegram sends an inaccessible message with date 0 for old ones, and none for messages sent through a chat."""
    two = await pair(world)
    await world.session(two.anna)
    await world.move(hours=3)
    async with world.database.read() as work:
        check_in = await work.session.scalar(select(CheckIn).where(CheckIn.state == "open"))
    assert check_in is not None
    gone = {"chat": {"id": two.anna.id, "type": "private"}, "message_id": 4000, "date": 0}
    tap = {"id": "1", "from": user(two.anna), "chat_instance": "1"}
    await arrives(world, "callback_query", {**tap, "message": gone, "data": f"check.score:{check_in.id}:swelling:1"})
    assert "bruising" in two.anna.last.text
    data = f"check.score:{check_in.id}:bruising:0"
    await arrives(world, "callback_query", {**tap, "inline_message_id": "x", "data": data})
    await arrives(world, "callback_query", {**tap, "game_short_name": "chess"})
    async with world.database.read() as work:
        answered = await work.session.execute(select(Answer.question, Answer.score).order_by(Answer.question))
    assert [tuple(row) for row in answered] == [("bruising", 0), ("swelling", 1)]


async def test_agreeing_and_refusing_on_two_devices_at_once_is_one_answer(world: World) -> None:
    marie = await world.practitioner()
    anna, token = await world.invited("Anna Keller", marie)
    anna.start(token)
    await world.settle()
    question = anna.last.id
    for data in ("consent:yes", "consent:yes", "consent:no"):
        anna.tap_data(question, data)
    await world.settle()
    assert (await patient_row(world, anna)).consented_at is not None
    assert times_heard(marie, "Anna Keller has joined") == 1


async def test_urgent_on_two_devices_at_once_is_one_alert(world: World) -> None:
    two = await pair(world)
    before = last_id(two.anna)
    two.anna.say("/urgent")
    two.anna.say("/urgent")
    two.anna.tap_data(two.anna.last.id, "urgent.open:0")
    await world.settle()
    assert len(await rows(world, "alert")) == 1
    assert times_heard(two.anna, "Call 112 now", before) == 1


async def test_two_colleagues_who_take_an_alert_at_once_both_learn_who_has_it(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    await set_cover(world, two.marie, paul)
    alert_id = await alert(world, two.anna)
    taps = [person.tap_data(person.last.id, f"alert.take:{alert_id}") for person in (two.marie, paul) for _ in "12"]
    await world.settle()
    taken = await alert_row(world, alert_id)
    assert taken.acknowledged_by in {await world.staff_id(two.marie), await world.staff_id(paul)}
    assert all(tap.answered for tap in taps)
    async with world.database.read() as work:
        takes = select(func.count()).where(Audit.subject == "alert", Audit.action == "alert.taken")
        assert (await work.session.scalar(takes) or 0) <= 1


async def test_the_same_save_twice_at_once_is_one_session(world: World) -> None:
    marie = await world.practitioner()
    await world.patient("Anna Keller", marie)
    marie.say("/record")
    await world.settle()
    for label in ("Anna Keller", "✅ Now", "None yet"):
        marie.tap(label)
        await world.settle()
    saves = [marie.tap("✅ Save") for _ in range(3)]
    marie.say("/record")
    await world.settle()
    assert all(save.answered for save in saves)
    async with world.database.read() as work:
        assert await work.session.scalar(select(func.count()).select_from(Session)) == 1


async def test_words_and_taps_from_two_devices_are_all_kept(world: World) -> None:
    two = await pair(world)
    await world.session(two.anna)
    await world.move(hours=3)
    before = last_id(two.marie)
    two.anna.tap("None")
    two.anna.say("from my tablet")
    two.anna.tap("None")
    await arrives(world, "message", message(world, two.anna, text="and from my phone"))
    relayed = heard(two.marie, before)
    assert "from my tablet" in relayed
    assert "and from my phone" in relayed
    async with world.database.read() as work:
        assert await work.session.scalar(select(func.count()).select_from(Answer)) == 1
        assert await work.session.scalar(select(func.count()).where(Inbox.state != "done")) == 0
