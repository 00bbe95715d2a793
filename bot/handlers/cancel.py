"""/cancel: leave whatever conversation is under way; nothing of it is kept."""

from bot.handling import Bots
from bot.routing import command
from bot.turn import Turn
from storage import dialogs


def setup(application: Bots) -> None:
    """Add the routes of this conversation."""
    application.add_handler(command("cancel", cancel, before_consent=True))


async def cancel(turn: Turn) -> None:
    """Say whether there was anything to leave."""
    under_way = turn.dialog is not None
    async with turn.work() as work:
        await dialogs.close(work, turn.chat_id)
        await work.commit()
    await turn.say_text("dialog.cancelled" if under_way else "dialog.nothing_to_cancel")
