"""What Telegram, or another program, does to updates on their way in."""

import httpx
from sqlalchemy import select

from bot.sandbox.faults import Fault
from storage import inbox
from storage.tables import Inbox, Letter
from tests.faults.heard import listening
from tests.world import World

SAID = ["one", "two", "three"]


async def _letters(world: World) -> list[str | None]:
    async with world.database.read() as work:
        return list((await work.session.scalars(select(Letter.text).order_by(Letter.id))).all())


async def test_updates_that_come_in_the_wrong_order_are_handled_in_the_right_one(world: World) -> None:
    anna = await world.patient("Anna Keller", await world.practitioner())
    await world.crash()
    for words in SAID:
        anna.say(words)
    reordered = Fault("reorder_updates", times=1)
    world.sandbox.faults.add(reordered)
    await world.start()
    await world.settle()
    assert reordered.times == 0, "they came in the wrong order"
    assert await _letters(world) == SAID


async def test_a_second_poller_takes_nothing_away(world: World) -> None:
    anna = await world.patient("Anna Keller", await world.practitioner())
    async with listening() as log, httpx.AsyncClient() as other:
        await world.sandbox.changed(lambda: world.sandbox.polling.waiting)
        await other.get(f"{world.server.url}/bot{world.server.token}/getUpdates", params={"timeout": 0})
        await log.until("polling_failed")
        anna.say("hello")
        await world.settle()
    assert await _letters(world) == ["hello"]
    assert world.sandbox.unconfirmed_updates == 0


async def test_an_update_whose_commit_was_answered_too_late_stays_done(world: World) -> None:
    """Its effects are there: handling it again would have them twice."""
    now = world.clock.now()
    async with world.database.work() as work:
        await inbox.store(work, [inbox.Arrival(1, 5, "{}")], now=now)
        await inbox.mark_done(work.session, 1, now=now)
        await work.commit()
    async with world.database.work() as work:
        await inbox.mark_failed(work, 1, error="OperationalError", retry_at=now, now=now)
        await work.commit()
    await world.settle()
    async with world.database.read() as work:
        row = await work.session.get_one(Inbox, 1)
    assert (row.state, row.attempts) == ("done", 0)
