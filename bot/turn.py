"""One update in hand: who sent it, where their conversation stands, and how to answer."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

from telegram import ChatMember, Message, Update
from telegram.constants import ChatType
from telegram.error import BadRequest

from bot import telegram_calls
from bot.answers import Answer
from bot.keyboards import Tap
from bot.patience import Patience
from bot.telegram_bot import TelegramBot
from messages.clinic import Clinic
from messages.errors import Value
from messages.outgoing import Outgoing
from messages.people import STAFF, Actor
from messages.templates import Texts
from storage import inbox, people
from storage.database import Database, UnitOfWork
from storage.dialogs import DialogState

Result = TypeVar("Result")

GONE = frozenset({ChatMember.BANNED, ChatMember.LEFT})
"""What a chat says of the bot once the person has blocked it."""


@dataclass
class Turn:
    """Everything a handler needs, and nothing that reaches beyond this update.

    `failure` is the bug or broken machine that stopped the handling; errors a person caused are told to them.
    """

    update: Update
    bot: TelegramBot
    actor: Actor
    dialog: DialogState | None
    tap: Tap | None
    now: datetime
    clinic: Clinic
    texts: Texts
    database: Database
    answer: Answer
    committed: bool = False
    tap_answered: bool = False
    failure: Exception | None = None

    @property
    def chat_id(self) -> int:
        """The private chat of the person."""
        return self.actor.chat_id

    @property
    def message(self) -> Message | None:
        """The message that was sent or edited; None for taps and other updates."""
        return self.update.message or self.update.edited_message

    @property
    def is_presence(self) -> bool:
        """Whether the person acts in their private chat, other than by leaving it: then it takes messages."""
        chat, membership = self.update.effective_chat, self.update.my_chat_member
        if chat is None or chat.type != ChatType.PRIVATE:
            return False
        return membership is None or membership.new_chat_member.status not in GONE

    @property
    def tapped_message_id(self) -> int | None:
        """The message whose button was tapped."""
        query = self.update.callback_query
        return query.message.message_id if query and query.message else None

    @property
    def telegram_language(self) -> str | None:
        """The language of the person's Telegram, "fr-CA" for one; None where it does not say."""
        user = self.update.effective_user
        return user.language_code if user else None

    @property
    def text(self) -> str:
        """The text of the message, empty where there is none."""
        return (self.message.text or "") if self.message else ""

    @property
    def command_argument(self) -> str:
        """What follows the command, without blanks around it."""
        _, _, argument = self.text.partition(" ")
        return argument.strip()

    @asynccontextmanager
    async def work(self) -> AsyncIterator[UnitOfWork]:
        """A writing unit of work. Committing it ends this update in the same transaction: one a handler.

        It comes before the answer, which may be given up, and what would follow it with it.
        """
        if self.answer.begun and not self.committed:
            raise RuntimeError("a handler stores first, and answers afterwards")
        async with self._ending() as unit:
            yield unit

    async def end(self) -> None:
        """The update is done, where nothing of it was to be stored."""
        if not self.committed:
            async with self._ending() as unit:
                await unit.commit()

    @asynccontextmanager
    async def _ending(self) -> AsyncIterator[UnitOfWork]:
        async with self.database.work() as unit:
            unit.before_commit(partial(inbox.mark_done, update_id=self.update.update_id, now=self.now))
            unit.after_commit(self._note_commit)
            yield unit

    @asynccontextmanager
    async def read(self) -> AsyncIterator[UnitOfWork]:
        """A reading unit of work."""
        async with self.database.read() as unit:
            yield unit

    def html(self, key: str, **values: Value) -> str:
        """A text in the person's language, as Telegram HTML."""
        return self.texts.html(key, self.actor.language, **values)

    def plain(self, key: str, **values: Value) -> str:
        """A text in the person's language without markup: buttons and toasts."""
        return self.texts.plain(key, self.actor.language, **values)

    async def say(self, outgoing: Outgoing) -> int:
        """Send a message into this conversation; returns its id."""
        return (await self._give(partial(telegram_calls.send, self.bot, self.chat_id, outgoing)))[-1]

    async def say_text(self, key: str, **values: Value) -> int:
        """Send a text by its key."""
        return await self.say(Outgoing(self.html(key, **values)))

    async def show(self, outgoing: Outgoing, message_id: int | None = None) -> int:
        """Change the tapped message (or `message_id`) in place; a message too old for that is sent anew."""
        target = message_id or self.tapped_message_id
        if target is not None:
            edit = partial(telegram_calls.edit, self.bot, self.chat_id, target, outgoing)
            if await self._give(edit):
                return target
        return await self.say(outgoing)

    async def toast(self, key: str | None = None, *, alert: bool = False, **values: Value) -> None:
        """Answer the tap: a short line at the top, or a window to close (`alert`). Once; later ones are dropped."""
        if self.update.callback_query is None or self.tap_answered:
            return
        self.tap_answered = True
        text = self.plain(key, **values) if key else None
        answer = partial(self.bot.answer_callback_query, self.update.callback_query.id, text=text, show_alert=alert)
        try:
            await self._give(answer)
        except BadRequest as error:
            # Telegram forgets a tap after some minutes; what it asked for has been done all the same.
            if "too old" not in error.message and "query id is invalid" not in error.message.lower():
                raise

    async def stop_spinning(self) -> None:
        """As `toast` without words, and tried once: for an answer that was given up."""
        self.answer.hurry()
        await self.toast()

    async def _give(self, call: Callable[[], Awaitable[Result]]) -> Result:
        """An update of which nothing was stored is handled anew instead, with the rights of that moment."""
        return await self.answer.give(call, may_repeat=self._holds_their_roles if self.committed else None)

    async def _holds_their_roles(self) -> bool:
        """Whether they are still the staff that they were: who was removed meanwhile reads no more of anybody."""
        roles = self.actor.roles & STAFF
        if not roles:
            return True
        return roles <= (await Patience("answers").insist(self._newest_actor)).roles

    async def _newest_actor(self) -> Actor:
        async with self.read() as work:
            return await people.actor_of(work, self.chat_id, language=self.actor.language)

    def _note_commit(self) -> None:
        self.committed = True


TURN: ContextVar[Turn] = ContextVar("turn")
"""The update in hand: python-telegram-bot's handlers find their turn here."""
