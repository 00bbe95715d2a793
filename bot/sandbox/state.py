"""Accounts, chats, messages and files of one sandbox. No HTTP, no waiting, no clock of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from bot.sandbox.errors import bad_request, forbidden, migrated
from bot.sandbox.model import Account, Chat, Draft, Message, StoredFile

Now = Callable[[], datetime]

FIRST_PERSON_ID = 5_000_000_001
"""Above 32 bits, as Telegram's ids have been since 2021."""


class State:
    """What Telegram's servers remember. `now` returns aware UTC."""

    def __init__(self, now: Now, bot: Account) -> None:
        self._now = now
        self.bot = bot
        self.accounts: dict[int, Account] = {bot.id: bot}
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, StoredFile] = {}
        self._albums = 0

    def now(self) -> datetime:
        """The present in aware UTC, to the second, which is what Telegram keeps."""
        now = self._now()
        if now.tzinfo is None:
            raise ValueError("the sandbox needs an aware clock")
        return now.replace(microsecond=0)

    def next_person_id(self) -> int:
        """An id that nobody has."""
        return FIRST_PERSON_ID + len(self.accounts) - 1

    def add_person(self, account: Account) -> None:
        """Somebody new, with a private chat in which nobody has written yet."""
        self.accounts[account.id] = account
        self.chats[account.id] = Chat(account.id, "private", account.first_name, member_ids={account.id})

    def add_group(self, title: str, member_ids: Iterable[int]) -> Chat:
        """A group of people that the bot does not belong to yet."""
        groups = sum(chat.kind != "private" for chat in self.chats.values())
        group = Chat(-4_000_000_001 - groups, "group", title, member_ids=set(member_ids))
        self.chats[group.id] = group
        return group

    def upgrade_group(self, group: Chat) -> Chat:
        """Turn a group into a supergroup, which has another id; the old id answers 400 from now on."""
        new = Chat(-1_000_000_000_000 + group.id, "supergroup", group.title, group.membership)
        new.member_ids = set(group.member_ids)
        self.chats[new.id] = new
        group.migrated_to = new.id
        return new

    def people(self) -> list[Account]:
        """Everybody but the bot, in the order of their arrival."""
        return [account for account in self.accounts.values() if not account.is_bot]

    def sendable_chat(self, chat_id: int) -> Chat:
        """The chat, if the bot may write there now; raises Telegram's ApiError otherwise."""
        chat = self.known_chat(chat_id)
        if chat.kind == "private":
            self._refuse_private(chat)
        elif chat.membership == "kicked":
            raise forbidden(f"bot was kicked from the {chat.kind} chat")
        elif chat.membership != "member":
            raise forbidden(f"bot is not a member of the {chat.kind} chat")
        return chat

    def known_chat(self, chat_id: int) -> Chat:
        """The chat with this id; raises ApiError where there is none or it has moved."""
        chat = self.chats.get(chat_id)
        if chat is None:
            raise bad_request("chat not found")
        if chat.migrated_to is not None:
            raise migrated(chat.migrated_to)
        return chat

    def met_chat(self, chat_id: int) -> Chat:
        """A chat that the bot has been in; to Telegram's bots all others don't exist."""
        chat = self.known_chat(chat_id)
        if chat.membership == "none":
            raise bad_request("chat not found")
        return chat

    def _refuse_private(self, chat: Chat) -> None:
        if self.accounts[chat.id].deactivated:
            raise forbidden("user is deactivated")
        if chat.membership == "none":
            raise forbidden("bot can't initiate conversation with a user")
        if chat.membership == "kicked":
            raise forbidden("bot was blocked by the user")

    def post(self, chat: Chat, sender_id: int, draft: Draft) -> Message:
        """Put a message into a chat, under the chat's next number."""
        message = Message(
            id=len(chat.messages) + 1,
            chat_id=chat.id,
            sender_id=sender_id,
            at=self.now(),
            body=draft.body,
            media=draft.media,
            keyboard=draft.keyboard,
            reply_to_id=draft.reply_to_id,
            media_group_id=draft.media_group_id,
            forwarded_from=draft.forwarded_from,
            forwarded_at=draft.forwarded_at,
            protected=draft.protected,
        )
        chat.messages[message.id] = message
        return message

    def next_album_id(self) -> str:
        """A media_group_id that no other album has."""
        self._albums += 1
        return str(13_000_000_000_000_000 + self._albums)

    def store_file(self, kind: str, content: bytes, name: str, mime_type: str, size: int | None = None) -> StoredFile:
        """Keep an uploaded file. `size` (bytes) may claim more than `content` holds."""
        number = len(self.files) + 1
        folder = {"photo": "photos", "voice": "voice", "video": "videos"}.get(kind, "documents")
        suffix = f".{name.rpartition('.')[2]}" if "." in name else ""
        file = StoredFile(
            file_id=f"AgACAgSandbox{number:08d}{kind}",
            unique_id=f"AQAD{number:08d}",
            kind=kind,
            path=f"{folder}/file_{number}{suffix}",
            size=len(content) if size is None else size,
            content=content,
            name=name,
            mime_type=mime_type,
        )
        self.files[file.file_id] = file
        return file

    def file_at(self, path: str) -> StoredFile | None:
        """The file that is downloaded from `path`."""
        return next((file for file in self.files.values() if file.path == path), None)


def message_in(chat: Chat, message_id: int | None) -> Message | None:
    """The message, unless it never was or has been deleted."""
    message = chat.messages.get(message_id) if message_id is not None else None
    return None if message is None or message.deleted else message
