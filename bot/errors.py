"""The one error handler: a person's mistake is told to the person, everything else is told to the log."""

import structlog
from telegram.error import Forbidden

from bot.turn import TURN, Turn
from messages.errors import PersonError
from messages.outgoing import Outgoing

log = structlog.get_logger()

LONGEST_TOAST = 200
"""Characters that answerCallbackQuery takes."""


async def tell(update: object, context: object) -> None:
    """python-telegram-bot calls this with whatever a handler raised."""
    turn = TURN.get()
    error = getattr(context, "error", None)
    if isinstance(error, PersonError):
        try:
            await _tell_person(turn, error)
        except Exception as failure:
            _note(turn, failure)
    elif isinstance(error, Exception):
        _note(turn, error)


def _note(turn: Turn, error: Exception) -> None:
    if isinstance(error, Forbidden):
        # They blocked the bot while we answered; the my_chat_member update that tells so is on its way.
        log.info("answer_forbidden", update_id=turn.update.update_id)
    else:
        turn.failure = error


async def _tell_person(turn: Turn, error: PersonError) -> None:
    if turn.update.callback_query is not None:
        sentence = turn.plain(error.key, **error.values)
        if len(sentence) <= LONGEST_TOAST:
            await turn.toast(error.key, alert=True, **error.values)
            return
        await turn.toast()
    if turn.update.effective_chat is not None:
        await turn.say(Outgoing(turn.html(error.key, **error.values)))
