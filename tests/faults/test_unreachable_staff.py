"""The practitioner and their cover are both gone: the red flag still finds a person, and the patient a number."""

from messages.grading import Grade
from tests.bot.conversation import alert, last_id, pair, set_cover, since
from tests.world import World


async def test_with_practitioner_and_cover_gone_the_admins_are_called_and_the_patient_is_told(world: World) -> None:
    two = await pair(world)
    paul = await world.practitioner("Paul Morel")
    alex = await world.admin()
    await set_cover(world, two.marie, paul)
    two.marie.block()
    # One has blocked the bot, which is known; that the other is gone shows only when it is tried.
    paul.account.deactivated = True
    await world.settle()
    at_alex, at_anna = last_id(alex), last_id(two.anna)
    await alert(world, two.anna, Grade.E)
    assert any("EMERGENCY" in message.text for message in since(alex, at_alex))
    assert any("don’t wait for us" in message.text for message in since(two.anna, at_anna))
