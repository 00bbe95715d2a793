"""The sandbox as a whole: state, updates, limits, faults, and what was observed. No HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from bot.sandbox.changes import Changes
from bot.sandbox.commands import CommandBook, Profile
from bot.sandbox.errors import bad_request
from bot.sandbox.faults import Faults
from bot.sandbox.ledger import Ledger
from bot.sandbox.limits import Limiter
from bot.sandbox.model import Account, Chat, Draft, Json, Membership, Message
from bot.sandbox.person import Person
from bot.sandbox.polling import Polling
from bot.sandbox.queries import CallbackQuery
from bot.sandbox.state import Now, State
from bot.sandbox.transcript import Line, Side
from bot.sandbox.updates import UpdateQueue
from bot.sandbox.webhook import WebhookDelivery
from bot.sandbox.wire import chat_json, message_json, user_json

BOT_ID = 700_000_001
TOKEN = f"{BOT_ID}:{'sandbox' * 5}"
"""Of the shape of a real token, worth nothing anywhere else."""


class Sandbox:
    """A Telegram with one bot. `now` returns aware UTC; the sandbox reads no clock of its own."""

    def __init__(
        self,
        now: Now,
        *,
        token: str = TOKEN,
        bot_name: str = "Aftercare",
        bot_username: str = "aftercare_sandbox_bot",
        limits: bool = False,
    ) -> None:
        bot_id = int(token.partition(":")[0])
        bot = Account(bot_id, bot_name, username=bot_username, is_bot=True, shown=False)
        self.token = token
        self.state = State(now, bot)
        self.faults = Faults()
        self.updates = UpdateQueue(self.faults)
        self.changes = Changes()
        self.polling = Polling(self.updates, self.changes)
        self.webhooks = WebhookDelivery(self.updates, self.changes, self.state.now)
        self.limiter = Limiter(lambda: asyncio.get_running_loop().time(), limits)
        self.ledger = Ledger()
        self.transcript: list[Line] = []
        self.commands = CommandBook()
        self.profile = Profile()
        self.queries: dict[str, CallbackQuery] = {}

    @property
    def bot(self) -> Account:
        """The bot's own account."""
        return self.state.bot

    @property
    def unconfirmed_updates(self) -> int:
        """How many updates the bot has confirmed neither by an offset nor by a webhook's 2xx."""
        return len(self.updates)

    def person(
        self,
        first_name: str,
        *,
        last_name: str | None = None,
        username: str | None = None,
        language_code: str | None = None,
        label: str = "",
        role: str = "",
        shown: bool = True,
    ) -> Person:
        """A new person who has not written to the bot yet; label, role and shown are for the page."""
        account = Account(
            self.state.next_person_id(),
            first_name,
            last_name,
            username,
            language_code,
            label=label,
            role=role,
            shown=shown,
        )
        self.state.add_person(account)
        self.changes.tell()
        return Person(self, account)

    def person_with_id(self, person_id: int) -> Person | None:
        """The handle of a person that exists already."""
        account = self.state.accounts.get(person_id)
        return Person(self, account) if account and not account.is_bot else None

    def group(self, title: str, members: Iterable[Person]) -> Chat:
        """A group to which somebody has just added the bot; people act in it through `Person.within`."""
        people = list(members)
        group = self.state.add_group(title, [person.id for person in people])
        self.set_membership(group, "member", people[0].account)
        return group

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after every change; returns what ends it."""
        return self.changes.listen(listener)

    async def changed(self, predicate: Callable[[], bool], seconds: float = 10.0) -> None:
        """Wait until `predicate` holds; raises TimeoutError after `seconds` of real time."""
        await self.changes.until(predicate, seconds)

    async def settled(self, seconds: float = 10.0) -> None:
        """Wait until every update is confirmed and every tap answered."""
        await self.changed(lambda: not self.unconfirmed_updates and not self.open_queries(), seconds)

    def open_queries(self) -> list[CallbackQuery]:
        """The taps that still wait for an answer and may get one."""
        now = self.state.now()
        return [query for query in self.queries.values() if query.is_open(now)]

    def post(self, chat: Chat, sender: Account, draft: Draft) -> Message:
        """Put a message into a chat and note it; the bot is told of what people write."""
        message = self.state.post(chat, sender.id, draft)
        self.note(message, message.media.kind if message.media else "text")
        if sender.is_bot:
            chat.typing_until = None
        else:
            chat.read_up_to = message.id
            self.updates.add("message", message_json(self.state, message))
        self.changes.tell()
        return message

    def note(self, message: Message, kind: str) -> None:
        """Write what a message shows now into the transcript."""
        buttons = tuple(tuple(button.text for button in row) for row in message.keyboard)
        chat = self.state.chats[message.chat_id]
        side: Side = "bot" if message.sender_id == self.bot.id else "person"
        self.note_event(chat, side, kind, message.body.text, buttons, message.id)

    def note_event(
        self,
        chat: Chat,
        side: Side,
        kind: str,
        text: str = "",
        buttons: tuple[tuple[str, ...], ...] = (),
        message_id: int | None = None,
    ) -> None:
        """Write a line into the transcript."""
        line = Line(self.state.now(), chat.title, chat.id, side, kind, text, buttons, message_id)
        self.transcript.append(line)

    def set_membership(self, chat: Chat, standing: Membership, by: Account) -> None:
        """The bot is added, removed, blocked or let in again; it is told by a my_chat_member update."""
        before, chat.membership = chat.membership, standing
        update: Json = {
            "chat": chat_json(self.state, chat),
            "from": user_json(by),
            "date": int(self.state.now().timestamp()),
            "old_chat_member": self._member(before),
            "new_chat_member": self._member(standing),
        }
        self.updates.add("my_chat_member", update)
        self.changes.tell()

    def _member(self, membership: Membership) -> Json:
        status = "left" if membership == "none" else membership
        shown: Json = {"user": user_json(self.bot), "status": status}
        return shown | ({"until_date": 0} if status == "kicked" else {})

    def open_query(self, sender: Account, message: Message, data: str) -> CallbackQuery:
        """Somebody has tapped a button."""
        number = str(4_000_000_000_000_000 + len(self.queries))
        query = CallbackQuery(number, message.chat_id, message.id, data, self.state.now())
        self.queries[number] = query
        shown: Json = {
            "id": number,
            "from": user_json(sender),
            "message": message_json(self.state, message),
            "chat_instance": str(message.chat_id * 7919),
            "data": data,
        }
        self.updates.add("callback_query", shown)
        self.changes.tell()
        return query

    def answer_query(self, query_id: str, toast: str | None, alert: bool, url: str | None) -> None:
        """The bot answers a tap; raises ApiError where it is unknown, too old or answered already."""
        query = self.queries.get(query_id)
        if query is None or not query.is_open(self.state.now()):
            raise bad_request("query is too old and response timeout expired or query ID is invalid")
        query.answered, query.toast, query.alert, query.url = True, toast or None, alert, url
        chat = self.state.chats[query.chat_id]
        self.note_event(chat, "bot", "callback_answer", toast or "", message_id=query.message_id)
        self.changes.tell()
