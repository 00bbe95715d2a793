"""Questions of a dialog: shown, and remembered by their message, so that a reply to one is an answer to it."""

from bot.turn import Turn
from messages.outgoing import Outgoing
from storage import dialogs


async def ask(turn: Turn, question: Outgoing) -> None:
    """Show a question whose dialog is saved already: in place of the tapped message, or as a new one."""
    message_id = await turn.show(question)
    async with turn.database.work() as work:
        await dialogs.carried_by(work, turn.chat_id, message_id)
        await work.commit()
