"""Whatever no other conversation takes: nothing is ignored in silence, and nothing raises."""

from functools import partial

from telegram import Update
from telegram.constants import ChatType
from telegram.error import TelegramError

from bot.handling import Bots
from bot.routing import EVERYONE, command_of, content
from bot.telegram_calls import is_outage
from bot.turn import Turn
from messages.errors import OutOfDate
from messages.people import Role


def setup_first(application: Bots) -> None:
    """What must not reach any conversation: groups."""
    application.add_handler(content("group", _is_elsewhere, leave, before_consent=True))


def setup(application: Bots) -> None:
    """The end of the list."""
    application.add_handler(content("unknown button", _is_tap, explain_button, before_consent=True))
    application.add_handler(content("unknown command", _is_command, explain_command, before_consent=True))
    strangers = frozenset({Role.STRANGER})
    application.add_handler(content("stranger", _is_message, explain_stranger, strangers))
    application.add_handler(content("anything else", _is_anything, ignore, EVERYONE, before_consent=True))


async def leave(turn: Turn) -> None:
    """What is said here belongs to one patient and their clinic: no groups, no channels."""
    chat = turn.update.effective_chat
    if chat is None or (turn.update.my_chat_member is not None and not _is_inside(turn.update)):
        return
    try:
        if chat.type != ChatType.CHANNEL:
            words = turn.plain("group.private_only")
            await turn.answer.give(partial(turn.bot.send_message, chat.id, words), may_repeat=None)
        await turn.answer.give(partial(turn.bot.leave_chat, chat.id), may_repeat=None)
    except TelegramError as error:
        if is_outage(error):
            raise


async def explain_button(turn: Turn) -> None:
    """A button of an earlier version of the bot, or one that nobody made."""
    raise OutOfDate


async def explain_command(turn: Turn) -> None:
    """A command that does not exist."""
    await turn.say_text("error.unknown_command")


async def explain_stranger(turn: Turn) -> None:
    """Nobody reads what a stranger writes here, and they must know that."""
    await turn.say_text(
        "stranger.message",
        clinic=turn.clinic.name,
        clinic_phone=turn.clinic.phone,
        emergency_number=turn.clinic.emergency_number,
    )


async def ignore(turn: Turn) -> None:
    """A kind of update that asks for no answer."""


def _is_elsewhere(turn: Turn) -> bool:
    chat = turn.update.effective_chat
    return chat is not None and chat.type != ChatType.PRIVATE


def _is_inside(update: Update) -> bool:
    change = update.my_chat_member
    return change is not None and change.new_chat_member.status in ("member", "administrator")


def _is_anything(turn: Turn) -> bool:
    return True


def _is_tap(turn: Turn) -> bool:
    return turn.tap is not None


def _is_command(turn: Turn) -> bool:
    return command_of(turn) is not None


def _is_message(turn: Turn) -> bool:
    return turn.update.message is not None
