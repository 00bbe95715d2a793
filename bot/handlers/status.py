"""/status: how the bot is doing."""

from bot.flows.show_status import show_status
from bot.handling import Bots
from bot.routing import button, command
from bot.screens import reader_of
from bot.turn import Turn
from messages.outgoing import Button, Outgoing


def setup(application: Bots) -> None:
    """Add the routes of this conversation."""
    application.add_handler(command("status", show))
    application.add_handler(button("status", show))


async def show(turn: Turn) -> None:
    """The counts, with a button to count again."""
    async with turn.read() as work:
        shown = await show_status(work, reader_of(turn), chat_id=turn.chat_id, now=turn.now)
    again = Button(turn.plain("admin.button.refresh"), "status")
    await turn.show(Outgoing(shown.text, buttons=((again,),)))
