"""/language: the language in which the bot talks to this person."""

from dataclasses import replace

from bot.command_menu import show_commands
from bot.flows.choose_language import choose_language, language_question
from bot.handling import Bots
from bot.routing import button, command
from bot.turn import Turn
from messages.outgoing import Outgoing


def setup(application: Bots) -> None:
    """Add the routes of this conversation."""
    application.add_handler(command("language", ask, before_consent=True))
    application.add_handler(button("language", choose, before_consent=True))


async def ask(turn: Turn) -> None:
    """Which language?"""
    await turn.say(language_question(turn.texts, turn.actor.language))


async def choose(turn: Turn) -> None:
    """From now on in this language, the menu too."""
    assert turn.tap is not None
    code = turn.tap.text(0)
    async with turn.work() as work:
        await choose_language(work, actor=turn.actor, code=code)
    await turn.show(Outgoing(turn.texts.html("patient.language_set", code)))
    await show_commands(turn.bot, replace(turn.actor, language=code), turn.texts)
