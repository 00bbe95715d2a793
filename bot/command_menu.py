"""Telegram's menu: which commands each person is offered, in their language.

A menu is an offer, not a right, and nothing depends on it: when Telegram refuses, that is logged and life goes on.
"""

import structlog
from telegram import BotCommand, BotCommandScopeAllPrivateChats, BotCommandScopeChat, MenuButtonCommands
from telegram.error import TelegramError

from bot.telegram_bot import TelegramBot
from messages.markup import Html, join_html
from messages.people import STAFF, Actor, Role
from messages.templates import Texts, languages

log = structlog.get_logger()

OFFERED: dict[Role, tuple[str, ...]] = {
    Role.STRANGER: ("start", "help"),
    Role.PATIENT: ("next", "urgent", "help", "language", "stop", "resume"),
    Role.PRACTITIONER: ("record", "new", "patients", "digest"),
    Role.ADMIN: ("people", "templates", "plans", "status"),
}
"""In the order of the menu: what is needed most, or in a hurry, comes first."""

OFFERED_TO_STAFF = ("help", "language", "cancel")


def commands_of(roles: frozenset[Role]) -> tuple[str, ...]:
    """The commands offered to somebody with these roles."""
    staff = OFFERED_TO_STAFF if roles & STAFF else ()
    return (*(name for role in Role if role in roles for name in OFFERED[role]), *staff)


def command_lines(texts: Texts, roles: frozenset[Role], language: str) -> Html:
    """The same commands as a text, one a line: for /help."""
    return join_html(
        texts.html("help.command", language, name=name, text=texts.plain(f"command.{name}", language))
        for name in commands_of(roles)
    )


async def show_commands(bot: TelegramBot, actor: Actor, texts: Texts) -> None:
    """Set the menu of one person's chat."""
    try:
        await bot.set_my_commands(
            _descriptions(texts, actor.roles, actor.language), scope=BotCommandScopeChat(actor.chat_id)
        )
        await bot.set_chat_menu_button(actor.chat_id, MenuButtonCommands())
    except TelegramError as error:
        log.warning("menu_not_set", error=type(error).__name__)


async def show_default_commands(bot: TelegramBot, texts: Texts, default_language: str) -> None:
    """Set the menu of people the bot does not know yet, once for each language that Telegram may be in."""
    strangers = frozenset({Role.STRANGER})
    scope = BotCommandScopeAllPrivateChats()
    try:
        await bot.set_my_commands(_descriptions(texts, strangers, default_language), scope=scope)
        for language in languages():
            commands = _descriptions(texts, strangers, language.code)
            await bot.set_my_commands(commands, scope=scope, language_code=language.code)
    except TelegramError as error:
        log.warning("menu_not_set", error=type(error).__name__)


def _descriptions(texts: Texts, roles: frozenset[Role], language: str) -> list[BotCommand]:
    return [BotCommand(name, texts.plain(f"command.{name}", language)) for name in commands_of(roles)]
