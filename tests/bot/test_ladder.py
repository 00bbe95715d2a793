"""The ladder: nobody takes an alert, and it climbs until somebody does; the patient learns whom to call."""

from datetime import timedelta

from bot.sandbox.person import Person
from messages.grading import Flag, Grade
from tests.bot.conversation import alert, alert_row, audited, last_id, pair, rows, set_cover, since
from tests.world import World


def _alerts(person: Person, before: int) -> list[str]:
    return [message.text for message in since(person, before) if "Anna Keller" in message.text]


async def test_an_emergency_climbs_from_practitioner_to_cover_to_admins_to_everybody(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    alex = await world.admin()
    await set_cover(world, two.marie, paul)
    at_marie, at_paul, at_alex = last_id(two.marie), last_id(paul), last_id(alex)
    alert_id = await alert(world, two.anna, Grade.E)

    def told() -> tuple[int, int, int]:
        return len(_alerts(two.marie, at_marie)), len(_alerts(paul, at_paul)), len(_alerts(alex, at_alex))

    assert told() == (1, 0, 0)
    await world.move(minutes=9)
    assert told() == (1, 0, 0)
    await world.move(minutes=1)
    assert told() == (1, 1, 0)
    assert "Nobody has taken this alert for 10 minutes" in _alerts(paul, at_paul)[0]
    assert "It belongs to Marie Laurent" in _alerts(paul, at_paul)[0]
    await world.move(minutes=10)
    assert told() == (1, 1, 1)
    await world.move(minutes=10)
    assert told() == (2, 2, 2)
    assert "Still open, waiting for 30 minutes" in _alerts(two.marie, at_marie)[1]
    await world.move(minutes=20)
    assert told() == (3, 3, 3)
    await world.move(hours=24)
    assert told()[0] >= 3 + 23
    climbs = (await audited(world, "alert")).count("alert.climbed")
    assert climbs == (await alert_row(world, alert_id)).climbs


async def test_without_a_cover_the_admins_come_first(world: World) -> None:
    two = await pair(world)
    alex = await world.admin()
    before = last_id(alex)
    await alert(world, two.anna, Grade.U_NOW, (Flag.U7,))
    await world.move(minutes=15)
    assert len(_alerts(alex, before)) == 1


async def test_the_patient_is_told_whom_to_call_at_the_first_timeout_and_once(world: World) -> None:
    two = await pair(world)
    await world.admin()
    before = last_id(two.anna)
    await alert(world, two.anna, Grade.U)
    await world.move(minutes=119)
    assert since(two.anna, before) == []
    await world.move(minutes=1)
    [told] = since(two.anna, before)
    assert world.clinic.phone in told.text
    assert "112" in told.text
    await world.move(hours=6)
    assert len([message for message in since(two.anna, before) if "Please call" in message.text]) == 1


async def test_a_plain_u_rests_at_night_and_an_emergency_does_not(world: World) -> None:
    two = await pair(world)
    alex = await world.admin()
    await world.move_to(world.at(0, "20:00"))
    before = last_id(alex)
    await alert(world, two.anna, Grade.U)
    await world.move_to(world.at(1, "07:59"))
    assert _alerts(alex, before) == []
    await world.move_to(world.at(1, "08:00"))
    assert len(_alerts(alex, before)) == 1
    await world.move_to(world.at(1, "22:00"))
    night = last_id(alex)
    await alert(world, two.anna, Grade.E, (Flag.E1,))
    await world.move(minutes=30)
    assert len(_alerts(alex, night)) >= 1


async def test_an_alert_to_somebody_who_blocked_the_bot_climbs_at_once(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    await set_cover(world, two.marie, paul)
    two.marie.block()
    await world.settle()
    before = last_id(paul)
    await alert(world, two.anna, Grade.E)
    assert len(_alerts(paul, before)) == 1


async def test_an_alert_whose_sending_is_refused_climbs_at_once(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    await set_cover(world, two.marie, paul)
    two.marie.account.deactivated = True
    before = last_id(paul)
    await alert(world, two.anna, Grade.E)
    assert len(_alerts(paul, before)) == 1
    assert any("don’t wait for us" in message.text for message in two.anna.bot_messages)


async def test_blocking_with_an_open_alert_makes_it_climb(world: World) -> None:
    two = await pair(world)
    alex = await world.admin()
    await alert(world, two.anna, Grade.E)
    before = last_id(alex)
    two.marie.block()
    await world.settle()
    told = [message.text for message in since(alex, before)]
    assert any("Marie Laurent can’t be reached here" in text for text in told)
    assert any("EMERGENCY" in text for text in told)


async def test_with_nobody_reachable_the_patient_knows_whom_to_call_and_the_alert_keeps_trying(world: World) -> None:
    two = await pair(world)
    alex = await world.admin()
    alex.block()
    two.marie.block()
    await world.settle()
    alert_id = await alert(world, two.anna, Grade.U_NOW, (Flag.U1,))
    assert any("don’t wait for us" in message.text for message in two.anna.bot_messages)
    two.marie.unblock()
    await world.settle()
    before = last_id(two.marie)
    await world.move(hours=2)
    assert len(_alerts(two.marie, before)) >= 1
    assert (await alert_row(world, alert_id)).acknowledged_at is None


async def test_what_climbs_while_the_program_is_down_climbs_when_it_is_back(world: World) -> None:
    two = await pair(world)
    alex = await world.admin()
    await alert(world, two.anna, Grade.E)
    before = last_id(alex)
    await world.crash()
    world.clock.set(world.clock.now() + timedelta(hours=3))
    await world.start()
    await world.move(minutes=1)
    assert len(_alerts(alex, before)) == 1
    assert "3 hours" in _alerts(alex, before)[0]


async def test_resolved_alerts_rest(world: World) -> None:
    two = await pair(world)
    alex = await world.admin()
    await alert(world, two.anna, Grade.U)
    two.marie.tap("✅ Resolved")
    await world.settle()
    before = last_id(alex)
    await world.move(hours=30)
    assert _alerts(alex, before) == []
    assert [row.state for row in await rows(world, "whom_to_call")] == []


async def test_what_a_patient_reports_after_a_silence_has_its_own_ladder(world: World) -> None:
    """While it climbed for silence the patient was told nothing; then they say what it is, and nobody comes."""
    two = await pair(world)
    await world.admin()
    silence = await alert(world, two.anna, Grade.U, (), origin="silence")
    await world.move(hours=5)
    assert await rows(world, "whom_to_call") == []
    assert await alert(world, two.anna, Grade.U, (Flag.U4,), origin="check_in") == silence
    await world.move(hours=2)
    assert [row.state for row in await rows(world, "whom_to_call")] == ["sent"]
