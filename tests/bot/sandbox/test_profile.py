"""Commands by scope and language, menu buttons, and what the bot says of itself."""

import pytest
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    MenuButtonCommands,
    MenuButtonDefault,
)
from telegram.constants import ChatAction
from telegram.error import BadRequest

from bot.sandbox.person import Person
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.views import person_view


def shown(sandbox: Sandbox, person: Person) -> list[object]:
    return [one["command"] for one in sandbox.commands.shown_in(person.chat, person.account)]


async def test_the_narrowest_scope_wins_then_the_language(bot: Bot, sandbox: Sandbox, anna: Person) -> None:
    chloe = sandbox.person("Chloé", language_code="fr")
    chloe.start()
    everywhere = BotCommandScopeAllPrivateChats()
    await bot.set_my_commands([("default", "Default")])
    assert shown(sandbox, anna) == ["default"]
    await bot.set_my_commands([("private", "Private")], scope=everywhere)
    await bot.set_my_commands([("prive", "Privé")], scope=everywhere, language_code="fr")
    assert (shown(sandbox, anna), shown(sandbox, chloe)) == (["private"], ["prive"])
    own = BotCommandScopeChat(chloe.id)
    await bot.set_my_commands([("doctor", "For the doctor")], scope=own)
    assert (shown(sandbox, anna), shown(sandbox, chloe)) == (["private"], ["doctor"])
    assert await bot.get_my_commands(own) == (BotCommand("doctor", "For the doctor"),)
    await bot.delete_my_commands(own)
    assert shown(sandbox, chloe) == ["prive"]


async def test_commands_refused(bot: Bot, sandbox: Sandbox) -> None:
    with pytest.raises(BadRequest, match="Bot_command_invalid"):
        await bot.set_my_commands([("Stop", "x")])
    with pytest.raises(BadRequest, match="Bot_command_description_invalid"):
        await bot.set_my_commands([("stop", "")])
    stranger = sandbox.person("Ben")
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.set_my_commands([("stop", "x")], scope=BotCommandScopeChat(stranger.id))


async def test_menu_buttons(bot: Bot, anna: Person) -> None:
    await bot.set_chat_menu_button(anna.id, MenuButtonCommands())
    assert isinstance(await bot.get_chat_menu_button(anna.id), MenuButtonCommands)
    await bot.set_chat_menu_button(anna.id, MenuButtonDefault())
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.set_chat_menu_button(4, MenuButtonCommands())


async def test_names_and_descriptions(bot: Bot) -> None:
    await bot.set_my_name("Suivi", language_code="fr")
    await bot.set_my_description("Aftercare between sessions")
    await bot.set_my_short_description("Aftercare")
    assert (await bot.get_my_name("fr")).name == "Suivi"
    assert (await bot.get_my_name()).name == "Aftercare"
    assert (await bot.get_my_description()).description == "Aftercare between sessions"
    assert (await bot.get_my_short_description()).short_description == "Aftercare"
    with pytest.raises(BadRequest, match="Bot_description_too_long"):
        await bot.set_my_description("x" * 513)


async def test_chats_and_actions(bot: Bot, sandbox: Sandbox, anna: Person) -> None:
    chat = await bot.get_chat(anna.id)
    assert (chat.first_name, chat.last_name, chat.type) == ("Anna", "Roy", "private")
    await bot.send_chat_action(anna.id, ChatAction.TYPING)
    assert person_view(sandbox, anna.account)["typing"] is True
    await bot.send_message(anna.id, "x")
    assert person_view(sandbox, anna.account)["typing"] is False
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.get_chat(4)
