"""The least that storing takes: each message claimed and marked before the bot's own call, recorded afterwards.

Statements by hand, through the standard library's sqlite3, each as durable as the bot's, those of several senders in
one commit, as many at a time as the bot has in hand. No person is looked up, nothing is checked, no text composed. An
error ends it.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from bot import telegram_calls
from bot.pacing import ThrottleLimiter
from bot.sender import AT_ONCE
from bot.telegram_bot import TelegramBot
from bot.telegram_request import TelegramRequest
from bot.throttle import NO_LIMITS, Throttle
from messages.outgoing import Button, Lane, Outgoing
from tests.bench.peers import protocol

_TABLES = """
CREATE TABLE outbox (id INTEGER PRIMARY KEY, chat_id INTEGER NOT NULL, state TEXT NOT NULL, ended_at TEXT);
CREATE INDEX pending ON outbox (id) WHERE state = 'pending';
CREATE TABLE deliveries (chat_id INTEGER, message_id INTEGER, outbox_id INTEGER, PRIMARY KEY (chat_id, message_id));
"""
_CLAIM = """
UPDATE outbox SET state = 'claimed'
WHERE id IN (SELECT id FROM outbox WHERE state = 'pending' ORDER BY id LIMIT ?) RETURNING id, chat_id
"""
_MARK = "UPDATE outbox SET state = 'sending' WHERE id = ? AND state = 'claimed'"
_SENT = "UPDATE outbox SET state = 'sent', ended_at = ? WHERE id = ?"
_DELIVERED = "INSERT INTO deliveries VALUES (?, ?, ?)"

Write = tuple[str, Sequence[Any]]

_BUTTONS = tuple((Button(label, "visit.answer", (1, answer, 0)),) for label, answer in protocol.ANSWERS)
_MESSAGE = Outgoing(protocol.TEXT, buttons=_BUTTONS)


class _Store:
    """Writes of several senders at a time; what waits while one commit is under way is committed together."""

    def __init__(self, path: str, chats: Sequence[int]) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.executescript(_TABLES)
        rows = [(chat_id,) for chat_id in chats]
        self._database.execute("BEGIN")
        self._database.executemany("INSERT INTO outbox (chat_id, state) VALUES (?, 'pending')", rows)
        self._database.execute("COMMIT")
        self._turn = asyncio.Lock()
        self._waiting: list[tuple[Sequence[Write], asyncio.Future[None]]] = []
        self._claimed: list[tuple[int, int]] = []

    async def next(self) -> tuple[int, int] | None:
        """A row that nobody else sends, and its chat."""
        if not self._claimed:
            async with self._turn:
                if not self._claimed:
                    self._claimed = await self._commit(
                        lambda: self._database.execute(_CLAIM, [AT_ONCE[Lane.ROUTINE]]).fetchall()
                    )
        return self._claimed.pop(0) if self._claimed else None

    async def write(self, *writes: Write) -> None:
        """Returns when they are durable. Raises sqlite3.Error, to everybody whose writes were in that commit."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((writes, done))
        async with self._turn:
            if not done.done():
                taken, self._waiting = self._waiting, []
                try:
                    await self._commit(lambda: self._write_all([write for writes, _ in taken for write in writes]))
                except sqlite3.Error as error:
                    for _, each in taken:
                        each.set_exception(error)
                else:
                    for _, each in taken:
                        each.set_result(None)
        await done

    def _write_all(self, writes: Sequence[Write]) -> None:
        for statement in dict.fromkeys(statement for statement, _ in writes):
            self._database.executemany(statement, [values for each, values in writes if each == statement])

    async def _commit(self, step: Callable[[], Any]) -> Any:
        self._database.execute("BEGIN IMMEDIATE")
        result = step()
        await asyncio.get_running_loop().run_in_executor(None, self._database.execute, "COMMIT")
        return result


async def _main() -> None:
    given = protocol.parameters()
    at_once = AT_ONCE[Lane.ROUTINE]
    limiter = ThrottleLimiter(Throttle(NO_LIMITS, asyncio.get_running_loop().time))
    request = TelegramRequest(at_once)
    async with TelegramBot(given["token"], limiter=limiter, base_url=f"{given['api']}/bot", request=request) as bot:
        store = _Store(given["store"], given["chats"])
        await protocol.ready()
        await asyncio.gather(*(_send_all(bot, store) for _ in range(at_once)))
        await protocol.done()


async def _send_all(bot: TelegramBot, store: _Store) -> None:
    while (claimed := await store.next()) is not None:
        row, chat_id = claimed
        await store.write((_MARK, (row,)))
        (message_id,) = await telegram_calls.send(bot, chat_id, _MESSAGE)
        await store.write((_SENT, (datetime.now(UTC).isoformat(), row)), (_DELIVERED, (chat_id, message_id, row)))


if __name__ == "__main__":
    asyncio.run(_main())
