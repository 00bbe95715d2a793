"""Updates as Telegram could send them, for what no app lets a person do."""

from typing import Any

from bot.sandbox.person import Person
from tests.world import World

Json = dict[str, Any]


def user(person: Person) -> Json:
    """A User object."""
    return {"id": person.id, "is_bot": False, "first_name": "Somebody"}


def message(world: World, person: Person, message_id: int = 5000, **content: object) -> Json:
    """A Message object in the private chat of a person."""
    return {
        "message_id": message_id,
        "date": int(world.clock.now().timestamp()),
        "chat": {"id": person.id, "type": "private", "first_name": "Somebody"},
        "from": user(person),
        **content,
    }


async def arrives(world: World, kind: str, content: Json) -> None:
    """Let an update of any kind arrive, and wait until it is handled."""
    world.sandbox.updates.add_unfiltered(kind, content)
    await world.settle()
