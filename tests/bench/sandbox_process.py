"""The sandbox in a process of its own; orders come as lines of JSON, each is answered with one.

The runner speaks to it through `tests/bench/sandbox.py`. Times are seconds since 1970: all processes share the clock.
"""

import asyncio
import contextlib
import json
import sys
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bot.sandbox.model import Chat, Draft, FormattedText
from bot.sandbox.person import Person
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.server import SandboxServer
from bot.sandbox.transcript import Line

ANSWERED_WITHIN = 120.0
"""Seconds that the last tap may wait for its edit before it counts as lost."""


class Timeline(list[Line]):
    """The sandbox's transcript, with the time of each line to the microsecond; Telegram itself keeps seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def append(self, line: Line, /) -> None:
        """Note when it came."""
        self.times.append(time.time())
        super().append(line)

    def clear(self) -> None:
        """Forget everything."""
        self.times.clear()
        super().clear()

    def posted(self) -> dict[tuple[int, int], float]:
        """When each message of the bot came: (chat, message) → time."""
        return {
            (line.chat_id, line.message_id): at
            for at, line in zip(self.times, self, strict=True)
            if line.side == "bot" and line.kind == "text" and line.message_id is not None
        }


class Stagehand:
    """Carries out the orders: one method for each, named as the order."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._timeline = Timeline()
        sandbox.transcript = self._timeline
        self._people: dict[int, Person] = {}

    async def do(self, order: dict[str, Any]) -> object:
        """One order."""
        name = order.pop("do")
        return await getattr(self, name)(**order)

    async def people(self, count: int) -> list[int]:
        """That many people to whom the bot may write; returns their chats."""
        for number in range(count):
            person = self._sandbox.person(f"Person{number}", language_code="en")
            person.chat.membership = "member"
            self._people[person.id] = person
        return list(self._people)

    async def clear(self) -> None:
        """As if nobody had ever written."""
        sandbox = self._sandbox
        sandbox.ledger.entries.clear()
        sandbox.updates.drop()
        sandbox.queries.clear()
        sandbox.limiter.refused = 0
        self._timeline.clear()
        for person in self._people.values():
            person.chat.messages.clear()

    async def limits(self, on: bool) -> None:
        """Telegram's limits: held strictly, or not at all."""
        self._sandbox.limiter.enabled = on

    async def refused(self) -> int:
        """How many calls were answered with 429."""
        return self._sandbox.limiter.refused

    async def wait(self, count: int, seconds: float, chats: Sequence[int] | None = None) -> int:
        """Until `count` messages have come (into these chats only), at most `seconds`; returns how many came."""
        entries = self._sandbox.ledger.entries
        wanted = None if chats is None else set(chats)

        def came() -> int:
            return len(entries) if wanted is None else sum(entry.chat_id in wanted for entry in entries)

        with contextlib.suppress(TimeoutError):
            await self._sandbox.changed(lambda: came() >= count, seconds)
        return came()

    async def sent(self) -> list[tuple[float, int, str]]:
        """The ledger: when, to which chat, what."""
        posted = self._timeline.posted()
        return [
            (posted[entry.chat_id, entry.message_id], entry.chat_id, entry.text)
            for entry in self._sandbox.ledger.entries
        ]

    async def say(self, chats: Sequence[int], text: str) -> None:
        """Each of these people writes."""
        for chat_id in chats:
            self._people[chat_id].say(text)

    async def place(self, chats: Sequence[int], text: str) -> None:
        """A message of the bot in each of these chats, as if it had been sent long ago."""
        for chat_id in chats:
            chat: Chat = self._people[chat_id].chat
            self._sandbox.state.post(chat, self._sandbox.bot.id, Draft(FormattedText(text)))

    async def tap(self, taps: Sequence[tuple[int, str]], per_second: float) -> dict[str, object]:
        """Tap the first message of each chat with this data, so many a second.

        Answers with the seconds from each tap to the edit that shows it, how many taps were never answered, and how
        late the last tap came: more than a little means that this process was too busy.
        """
        begun = time.time()
        tapped: dict[int, deque[float]] = defaultdict(deque)
        for number, (chat_id, data) in enumerate(taps):
            await asyncio.sleep(max(0.0, begun + number / per_second - time.time()))
            tapped[chat_id].append(time.time())
            self._people[chat_id].tap_data(1, data)
        late = time.time() - begun - (len(taps) - 1) / per_second
        with contextlib.suppress(TimeoutError):
            await self._sandbox.changed(
                lambda: not self._sandbox.open_queries() and self._edits() >= len(taps), ANSWERED_WITHIN
            )
        waits = [
            at - tapped[line.chat_id].popleft()
            for at, line in zip(self._timeline.times, self._timeline, strict=True)
            if line.kind == "edit" and tapped[line.chat_id]
        ]
        return {"waits": waits, "edits": self._edits(), "open": len(self._sandbox.open_queries()), "late": late}

    def _edits(self) -> int:
        return sum(line.kind == "edit" for line in self._timeline)


async def _serve() -> None:
    sandbox = Sandbox(lambda: datetime.now(UTC))
    server = SandboxServer(sandbox)
    serving = asyncio.create_task(server.serve())
    stagehand = Stagehand(sandbox)
    reader = asyncio.StreamReader(limit=2**24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    _answer({"url": server.url, "token": server.token})
    while line := await reader.readline():
        _answer(await stagehand.do(json.loads(line)))
    server.stop()
    await serving


def _answer(result: object) -> None:
    print(json.dumps({"answer": result}), flush=True)


if __name__ == "__main__":
    asyncio.run(_serve())
