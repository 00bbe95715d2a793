"""Bot API methods about the bot itself: its commands, menu button, name and descriptions."""

from __future__ import annotations

from bot.sandbox.commands import parse_commands, parse_scope
from bot.sandbox.errors import bad_request
from bot.sandbox.model import Json
from bot.sandbox.parameters import Parameters
from bot.sandbox.sandbox import Sandbox


def set_my_commands(sandbox: Sandbox, parameters: Parameters) -> bool:
    """The commands for a scope and a language."""
    scope = parse_scope(parameters.structure("scope"))
    if scope.chat_id is not None:
        sandbox.state.met_chat(scope.chat_id)
    commands = parse_commands(parameters.structure("commands"))
    sandbox.commands.set(scope, parameters.text("language_code"), commands)
    sandbox.changes.tell()
    return True


def get_my_commands(sandbox: Sandbox, parameters: Parameters) -> list[Json]:
    """The commands of exactly this scope and language."""
    scope = parse_scope(parameters.structure("scope"))
    return sandbox.commands.get(scope, parameters.text("language_code"))


def delete_my_commands(sandbox: Sandbox, parameters: Parameters) -> bool:
    """Back to the wider scope's commands."""
    scope = parse_scope(parameters.structure("scope"))
    sandbox.commands.set(scope, parameters.text("language_code"), [])
    sandbox.changes.tell()
    return True


def set_chat_menu_button(sandbox: Sandbox, parameters: Parameters) -> bool:
    """The button beside the text field, of one private chat or of all."""
    chat_id = parameters.chat_id() if parameters.text("chat_id") else None
    if chat_id is not None:
        sandbox.state.met_chat(chat_id)
    button = parameters.structure("menu_button") or {"type": "default"}
    if not isinstance(button, dict) or button.get("type") not in {"default", "commands", "web_app"}:
        raise bad_request("can't parse menu button: unsupported type specified")
    sandbox.commands.menu_buttons[chat_id] = button
    sandbox.changes.tell()
    return True


def get_chat_menu_button(sandbox: Sandbox, parameters: Parameters) -> Json:
    """The menu button shown in a chat, or by default."""
    chat_id = parameters.chat_id() if parameters.text("chat_id") else None
    button = sandbox.commands.menu_button(chat_id)
    return {"type": "commands"} if button["type"] == "default" else button


def set_my_name(sandbox: Sandbox, parameters: Parameters) -> bool:
    """The bot's name in a language."""
    return _set_profile(sandbox.profile.names, parameters, "name", 64)


def set_my_description(sandbox: Sandbox, parameters: Parameters) -> bool:
    """What an empty chat shows."""
    return _set_profile(sandbox.profile.descriptions, parameters, "description", 512)


def set_my_short_description(sandbox: Sandbox, parameters: Parameters) -> bool:
    """What the bot's profile shows."""
    return _set_profile(sandbox.profile.short_descriptions, parameters, "short_description", 120)


def _set_profile(book: dict[str, str], parameters: Parameters, name: str, limit: int) -> bool:
    value = parameters.text(name)
    if len(value) > limit:
        raise bad_request(f"BOT_{name.removeprefix('short_').upper()}_TOO_LONG")
    book[parameters.text("language_code")] = value
    return True


def get_my_name(sandbox: Sandbox, parameters: Parameters) -> Json:
    """The bot's name in a language."""
    return {"name": sandbox.profile.names.get(parameters.text("language_code")) or sandbox.bot.first_name}


def get_my_description(sandbox: Sandbox, parameters: Parameters) -> Json:
    """The description in a language."""
    return {"description": sandbox.profile.descriptions.get(parameters.text("language_code"), "")}


def get_my_short_description(sandbox: Sandbox, parameters: Parameters) -> Json:
    """The short description in a language."""
    return {"short_description": sandbox.profile.short_descriptions.get(parameters.text("language_code"), "")}
