"""/status counts what is there, and names no patient."""

from messages.grading import Flag, Grade
from storage import inbox
from tests.bot.conversation import alert
from tests.world import World


async def test_an_idle_bot(world: World) -> None:
    alex = await world.admin()
    alex.say("/status")
    await world.settle()
    assert "Planned messages: 0" in alex.last.text
    assert "No message is late." in alex.last.text
    assert "Could not be handled: 0" in alex.last.text
    # The question itself is being handled.
    assert "Waiting to be handled: 0" in alex.last.text
    alex.tap("🔄 Refresh")
    await world.settle()
    assert "Open alerts: 0" in alex.last.text
    assert "Waiting to be handled: 0" in alex.last.text


async def test_what_is_there_is_counted(world: World) -> None:
    alex, marie = await world.admin(), await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    await world.session(anna, next_in_days=7)
    await alert(world, anna, Grade.U, (Flag.U5,))
    anna.block()
    await world.settle()
    marie.block()
    await world.settle()
    async with world.database.work() as work:
        await inbox.store(work, [inbox.Arrival(10**12, 999, "{")], now=world.clock.now())
        await inbox.mark_failed(work, 10**12, error="Bug", retry_at=None, now=world.clock.now())
        await work.commit()
    alex.say("/status")
    await world.settle()
    text = alex.last.text
    assert "Planned messages: 0" not in text
    assert "Open alerts: 1" in text
    assert "taken by nobody yet: 1" in text
    assert "Patients who can’t be reached: 1" in text
    assert "Colleagues who can’t be reached: 1" in text
    assert "They must unblock the bot: Marie Laurent." in text
    assert "Could not be handled: 1" in text
    assert "Anna" not in text
