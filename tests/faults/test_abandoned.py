"""Rows that were claimed by a transaction whose answer got lost: nobody has them in hand, and nobody forgets them."""

from datetime import timedelta

from sqlalchemy import update

from storage import sending
from storage.database import Database
from storage.sending import LEASE
from storage.tables import Outbox, Staff
from tests.faults import owing
from tests.world import START, World


async def test_a_running_sender_takes_back_what_nobody_has_in_hand(world: World) -> None:
    marie = await world.practitioner()
    now = world.clock.now()
    await owing.owe(world.database, "abandoned", await world.staff_id(marie), now=now, due_at=now + timedelta(hours=1))
    async with world.database.work() as work:
        claimed = {"state": "claimed", "due_at": now, "lease_until": now + LEASE}
        await work.session.execute(update(Outbox).where(Outbox.key == "abandoned").values(**claimed))
        await work.commit()
    world.clock.set(now + LEASE + timedelta(minutes=1))
    await world.settle()
    row = await owing.row(world.database, "abandoned")
    assert (row.state, row.repeats) == ("sent", 0)
    assert owing.times_reached(world, marie) == 1


async def test_only_what_outlived_its_lease_and_is_in_nobodys_hand_is_taken_back(database_url: str) -> None:
    database = Database(database_url)
    async with database.work() as work:
        work.session.add(
            Staff(id=1, name="Marie", language="en", is_practitioner=True, is_admin=False, created_at=START)
        )
        await work.commit()
    now = START
    for key, left in (("ours", -1), ("theirs", 1), ("nobody's", -1)):
        await owing.owe(database, key, 1, now=now)
        async with database.work() as work:
            lease = {"state": "claimed", "lease_until": START + timedelta(seconds=left)}
            await work.session.execute(update(Outbox).where(Outbox.key == key).values(**lease))
            await work.commit()
    in_hand = {(await owing.row(database, "ours")).id}
    async with database.work() as work:
        assert await sending.anything_abandoned(work, in_hand=in_hand, now=now)
        assert await sending.recover(work, now=now, in_hand=in_hand) == (1, 0)
        assert not await sending.anything_abandoned(work, in_hand=in_hand, now=now)
        await work.commit()
    states = {key: (await owing.row(database, key)).state for key in ("ours", "theirs", "nobody's")}
    await database.close()
    assert states == {"ours": "claimed", "theirs": "claimed", "nobody's": "pending"}
