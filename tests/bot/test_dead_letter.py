"""An update that always fails is set aside, and somebody learns of it: it may have been a cry for help."""

from sqlalchemy import select

from messages.retrying import HANDLING_ATTEMPTS
from storage.tables import Inbox, Outbox
from tests.bot.conversation import last_id, pair, since
from tests.world import World

UPDATE = 900_000_000


def _unreadable(chat_id: int, text: str = "SECRET") -> dict[str, object]:
    return {"update_id": UPDATE, "message": {"chat": {"id": chat_id}, "date": "no date", "text": text}}


async def _owed(world: World) -> list[str]:
    """The keys of all notices about dead letters."""
    async with world.database.read() as work:
        keys = select(Outbox.key).where(Outbox.key.like("dead_letter:%")).order_by(Outbox.key)
        return list((await work.session.scalars(keys)).all())


async def test_every_admin_and_the_sender_are_told_once_and_without_the_content(world: World) -> None:
    two = await pair(world)
    alex, zoe = await world.admin(), await world.admin("Zoe Blanc", language="fr")
    marks = {person.id: last_id(person) for person in (alex, zoe, two.anna, two.marie)}
    await world.app.intake.store([_unreadable(two.anna.id)])
    await world.settle()
    assert await _owed(world) == [], "as long as it is tried again, nobody is alarmed"
    await world.move(minutes=5)
    async with world.database.read() as work:
        update = await work.session.get_one(Inbox, UPDATE)
    assert (update.state, update.attempts) == ("dead", HANDLING_ATTEMPTS)
    [at_alex], [at_zoe], [at_anna] = (since(person, marks[person.id]) for person in (alex, zoe, two.anna))
    assert f"update {UPDATE}" in at_alex.text
    assert "could not be handled" in at_alex.text
    assert str(UPDATE) in at_zoe.text
    assert "n’a pas pu être traité" in at_zoe.text
    assert "not passed on" in at_anna.text
    assert world.clinic.phone in at_anna.text
    assert since(two.marie, marks[two.marie.id]) == []
    assert not any("SECRET" in each.text for person in (alex, zoe, two.anna) for each in person.bot_messages)
    await world.move(hours=1)
    assert len(since(alex, marks[alex.id])) == 1


async def test_the_notice_is_owed_in_the_transaction_that_sets_the_update_aside(world: World) -> None:
    two = await pair(world)
    alex = await world.admin()
    await world.app.intake.store([_unreadable(two.anna.id)])
    await world.move(seconds=7)
    await world.crash()
    await world.start()
    await world.move(minutes=5)
    assert await _owed(world) == [
        f"dead_letter:{UPDATE}:admin:{await world.staff_id(alex)}",
        f"dead_letter:{UPDATE}:sender",
    ]
    assert sum(str(UPDATE) in each.text for each in alex.bot_messages) == 1


async def test_a_strangers_dead_letter_is_told_to_the_admins_alone(world: World) -> None:
    alex = await world.admin()
    stranger = world.sandbox.person("Nobody")
    await world.app.intake.store([_unreadable(stranger.id)])
    await world.move(minutes=5)
    assert str(UPDATE) in alex.last.text
    assert stranger.bot_messages == []
