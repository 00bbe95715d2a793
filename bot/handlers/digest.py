"""/digest: the digest now."""

from bot.flows.compose_digest import digest_of
from bot.handling import Bots
from bot.routing import command
from bot.turn import Turn
from messages.errors import NotAllowed


def setup(application: Bots) -> None:
    """Add the route of this command."""
    application.add_handler(command("digest", show))


async def show(turn: Turn) -> None:
    """What needs a decision, as it is this moment."""
    if turn.actor.staff_id is None:
        raise NotAllowed
    async with turn.read() as work:
        digest = await digest_of(
            work,
            turn.actor.staff_id,
            texts=turn.texts,
            language=turn.actor.language,
            clinic=turn.clinic,
            now=turn.now,
        )
    await turn.say(digest)
