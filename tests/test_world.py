"""The tests' world keeps its word: what it does with time and kills is what would happen."""

from datetime import timedelta

from bot.sandbox.faults import Fault
from tests.bot.conversation import last_id, pair, since
from tests.world import World


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
