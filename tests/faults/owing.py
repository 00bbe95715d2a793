"""Messages that are owed to staff, and what became of them."""

from collections import Counter
from datetime import datetime

from sqlalchemy import select

from bot.sandbox.person import Person
from messages.outgoing import Kind
from storage import outbox
from storage.database import Database
from storage.outbox import Owed
from storage.tables import Outbox, Staff
from tests.world import World

NOTICE = "private"
"""A word of the text of the notices that are owed here."""


async def owe(database: Database, key: str, staff_id: int, *, now: datetime, **more: object) -> None:
    """Plan a notice that is due at once. `more` are other columns of `Owed`."""
    columns: dict[str, object] = {"due_at": now, "template": "group.private_only", "kind": Kind.NOTICE, **more}
    async with database.work() as work:
        await outbox.plan(work, [Owed(key=key, staff_id=staff_id, **columns)], now=now)  # type: ignore[arg-type]
        await work.commit()


async def row(database: Database, key: str) -> Outbox:
    """The row of this key, as the database has it."""
    async with database.read() as work:
        return (await work.session.scalars(select(Outbox).where(Outbox.key == key))).one()


async def states(database: Database) -> Counter[str]:
    """How many rows there are in each state."""
    async with database.read() as work:
        return Counter((await work.session.scalars(select(Outbox.state))).all())


def times_reached(world: World, person: Person) -> int:
    """How often Telegram has accepted one of these notices for a person."""
    entries = world.sandbox.ledger.entries
    return sum(entry.chat_id == person.id and NOTICE in entry.text for entry in entries)


async def employ(world: World, database: Database, *names: str) -> list[Person]:
    """Practitioners who have joined, while no program runs that could greet them. Their ids are 1, 2, …"""
    people = []
    async with database.work() as work:
        for number, name in enumerate(names, 1):
            person = world.sandbox.person(name)
            # Only who has written to the bot can be written to.
            person.say("/start")
            world.sandbox.updates.drop()
            joined = {"telegram_id": person.id, "joined_at": world.clock.now(), "created_at": world.clock.now()}
            roles = {"is_practitioner": True, "is_admin": False}
            work.session.add(Staff(id=number, name=name, language="en", **roles, **joined))
            people.append(person)
        await work.commit()
    return people
