"""The tests' world keeps its word: what it does with time and kills is what would happen."""

from datetime import timedelta
from typing import Any

from bot.sandbox.faults import Fault
from bot.sandbox.sandbox import Sandbox
from tests.bot.conversation import last_id, pair, since
from tests.databases import Postgres
from tests.pictures import Picture, Pictures
from tests.world import World, living


async def test_what_a_killed_program_has_called_is_taken_at_the_time_of_the_kill(world: World) -> None:
    two = await pair(world)
    at, before = world.clock.now(), last_id(two.marie)
    slow = Fault.slow(0.2, method="sendMessage", chat_id=two.marie.id)
    world.sandbox.faults.add(slow)
    two.anna.say("Is this swelling normal?")
    await world.sandbox.changed(lambda: slow.times == 0, 60)
    await world.crash()
    world.clock.set(at + timedelta(hours=8))
    await world.start()
    await world.settle()
    taken = [message.at for message in since(two.marie, before)]
    assert taken == [at, at + timedelta(hours=8)]


class _Counted(Pictures):
    put_up = 0

    def put(self, picture: Picture, address: str, sandbox: Sandbox) -> Any:
        self.put_up += 1
        return super().put(picture, address, sandbox)


async def test_a_beginning_is_lived_through_once_and_goes_on_as_it_did(postgres: Postgres) -> None:
    pictures = _Counted(postgres)
    lives = [await _life(postgres, pictures) for _ in range(3)]
    assert pictures.put_up == 2 * 3, "a practitioner, a patient and a session, the second and the third time"
    assert lives[0] == lives[1] == lives[2]


async def _life(postgres: Postgres, pictures: Pictures) -> list[list[str]]:
    """What both have read after a beginning, a check-in and an answer."""
    with postgres.database() as address:
        async with living(address, pictures=pictures) as world:
            marie = await world.practitioner()
            anna = await world.patient("Anna Keller", marie)
            await world.session(anna)
            await world.move(hours=3)
            anna.tap("None")
            await world.settle()
            return [[message.text for message in person.messages] for person in (marie, anna)]


async def test_what_a_test_has_done_itself_is_in_no_picture(postgres: Postgres) -> None:
    pictures = _Counted(postgres)
    for _ in range(2):
        with postgres.database() as address:
            async with living(address, pictures=pictures) as world:
                world.sandbox.person("Somebody").say("Hello")
                await world.settle()
                await world.practitioner()
    assert pictures.put_up == 0
