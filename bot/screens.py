"""How screens of one or more messages are put into a chat."""

from collections.abc import Sequence

from bot.flows.show_template import Reader
from bot.turn import Turn
from messages.outgoing import Outgoing


async def present(turn: Turn, messages: Sequence[Outgoing]) -> None:
    """Show one message in place of the tapped one; several, or any after typing, as new ones."""
    if len(messages) == 1:
        await turn.show(messages[0])
        return
    for message in messages:
        await turn.say(message)


def reader_of(turn: Turn) -> Reader:
    """The person in this conversation, as one who reads screens."""
    return Reader(turn.texts, turn.actor.language, turn.clinic)
