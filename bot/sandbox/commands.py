"""What the bot says of itself: commands by scope and language, menu buttons, names and descriptions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bot.sandbox.errors import bad_request
from bot.sandbox.model import Account, Chat, Json

MAX_COMMANDS = 100
_SCOPES = {"default", "all_private_chats", "all_group_chats", "all_chat_administrators"}
_CHAT_SCOPES = {"chat", "chat_administrators", "chat_member"}


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a list of commands is for."""

    kind: str = "default"
    chat_id: int | None = None
    user_id: int | None = None


def parse_scope(stated: object) -> Scope:
    """The scope of a call; raises ApiError for one that Telegram does not know."""
    match stated:
        case None:
            return Scope()
        case {"type": str(kind)} if kind in _SCOPES:
            return Scope(kind)
        case {"type": str(kind), "chat_id": chat_id, **rest} if kind in _CHAT_SCOPES:
            user_id = rest.get("user_id")
            return Scope(kind, _number(chat_id), _number(user_id) if user_id is not None else None)
    raise bad_request("can't parse BotCommandScope: unsupported type specified")


def _number(stated: object) -> int:
    if not re.fullmatch(r"-?\d+", str(stated)):
        raise bad_request("chat not found")
    return int(str(stated))


def parse_commands(stated: object) -> list[Json]:
    """The commands of a call; raises ApiError for names or descriptions that Telegram refuses."""
    if not isinstance(stated, list) or len(stated) > MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    return [_command(item) for item in stated]


def _command(item: object) -> Json:
    if not isinstance(item, dict):
        raise bad_request("can't parse BotCommand")
    name, description = str(item.get("command", "")).removeprefix("/"), item.get("description")
    if not re.fullmatch(r"[a-z0-9_]{1,32}", name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not isinstance(description, str) or not 1 <= len(description.strip()) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description.strip()}


@dataclass(slots=True)
class CommandBook:
    """All lists of commands, and the menu buttons."""

    lists: dict[tuple[Scope, str], list[Json]] = field(default_factory=dict)
    menu_buttons: dict[int | None, Json] = field(default_factory=dict)

    def set(self, scope: Scope, language: str, commands: list[Json]) -> None:
        """Replace one list; an empty one is removed."""
        if commands:
            self.lists[scope, language] = commands
        else:
            self.lists.pop((scope, language), None)

    def get(self, scope: Scope, language: str) -> list[Json]:
        """Exactly this list."""
        return self.lists.get((scope, language), [])

    def shown_in(self, chat: Chat, account: Account) -> list[Json]:
        """What the person sees in the chat, narrowest scope first, as Telegram resolves it."""
        if chat.kind == "private":
            scopes = [Scope("chat", chat.id), Scope("all_private_chats"), Scope()]
        else:
            member = Scope("chat_member", chat.id, account.id)
            scopes = [member, Scope("chat", chat.id), Scope("all_group_chats"), Scope()]
        for scope in scopes:
            for language in (account.language_code or "", ""):
                if found := self.get(scope, language):
                    return found
        return []

    def menu_button(self, chat_id: int | None) -> Json:
        """The menu button of a chat, or the default one."""
        default: Json = {"type": "default"}
        button = self.menu_buttons.get(chat_id, default)
        if button["type"] == "default" and chat_id is not None:
            return self.menu_button(None)
        return button


@dataclass(slots=True)
class Profile:
    """What the bot says of itself, by language."""

    names: dict[str, str] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    short_descriptions: dict[str, str] = field(default_factory=dict)
