"""Updates come in: stored, then acknowledged, then handled. A kill between any two loses nothing.

Polling acknowledges by asking for what follows the last stored batch; a webhook by answering 200 after the commit.
"""

import asyncio
import json
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import structlog
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError
from telegram.request import BaseRequest

from bot import measures
from bot.clock import Clock
from bot.pacing import seconds_of
from bot.patience import Patience
from bot.watchdog import Beat
from storage import inbox
from storage.database import Database

log = structlog.get_logger()

ALLOWED_UPDATES = [
    "message",
    "edited_message",
    "callback_query",
    "my_chat_member",
    "message_reaction",
]
"""All that the bot understands. my_chat_member and message_reaction come only when they are named."""

POLL_SECONDS = 25
"""How long Telegram holds an empty poll open."""

FIRST_PAUSE = 1.0
OFFSET_KEPT = timedelta(days=6)
"""Less than the week after which Telegram's update ids may begin anew (core.telegram.org/bots/api#update)."""

LONGEST_PAUSE = 30.0
"""Seconds between two polls when Telegram cannot be reached."""

_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
"""An escaped NUL, and not the end of an escaped stroke before "u0000"."""


def chat_of(update: dict[str, Any]) -> int:
    """The chat whose order this update belongs to; a person's private chat has their own id."""
    try:
        return _stated_chat(update)
    except (KeyError, TypeError, ValueError):
        return inbox.NO_CHAT


def _stated_chat(update: dict[str, Any]) -> int:
    for content in update.values():
        if not isinstance(content, dict):
            continue
        if "chat" in content:
            return int(content["chat"]["id"])
        if "message" in content and isinstance(content["message"], dict) and "chat" in content["message"]:
            return int(content["message"]["chat"]["id"])
        if "from" in content:
            return int(content["from"]["id"])
    return inbox.NO_CHAT


def _storable(payload: str) -> str:
    """Without what no database takes: NUL, which JSON escapes, and halves of characters, which become "?"."""
    return _NUL.sub(r"\1", payload).encode(errors="replace").decode()


def arrival_of(update: dict[str, Any]) -> inbox.Arrival:
    """An update as Telegram sent it, ready to be stored. Raises KeyError, TypeError or ValueError for anything else."""
    return inbox.Arrival(
        int(update["update_id"]),
        chat_of(update),
        _storable(json.dumps(update, ensure_ascii=False, separators=(",", ":"))),
    )


class Intake:
    """Stores what arrives, by whichever way."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._last: inbox.Stored | None = None

    async def store(self, updates: Sequence[dict[str, Any]]) -> int:
        """Store updates durably; returns how many had not been seen before."""
        now = self._clock.now()
        arrivals = [arrival_of(update) for update in updates]
        async with self._database.arriving() as work:
            new = await inbox.store(work, arrivals, now=now)
            await work.commit()
        if arrivals:
            self._last = inbox.Stored(max(each.update_id for each in arrivals), now)
        return new

    async def next_offset(self) -> int:
        """Where polling goes on: behind what was stored last, or 0 for "from the oldest that is not confirmed".

        After a week without updates Telegram begins anew at a random id. An offset from before could confirm
        what nobody has seen, so it is forgotten in time; the inbox refuses what it has already.
        """
        if self._last is None:
            async with self._database.read() as work:
                self._last = await inbox.last_stored(work)
        if self._last is None or self._clock.now() - self._last.received_at > OFFSET_KEPT:
            return 0
        return self._last.update_id + 1


class Poller:
    """Asks Telegram for updates, one question at a time.

    The raw answer is kept as it came, so that kinds of updates that the library does not know survive too.
    `beat` tells when the loop last went round, `heard` when Telegram last answered.
    """

    def __init__(self, request: BaseRequest, base_url: str, intake: Intake) -> None:
        self._request = request
        self._base_url = base_url
        self._intake = intake
        self.beat, self.heard = Beat(), Beat()
        self.stopping = False

    async def run(self) -> None:
        """Poll until told to stop. Raises InvalidToken when Telegram no longer knows the token."""
        pause = FIRST_PAUSE
        patience = Patience("poller")
        while not self.stopping:
            try:
                await self._poll()
                pause = FIRST_PAUSE
                patience.over()
            except InvalidToken:
                raise
            except RetryAfter as flood:
                self._failed(flood, rest=seconds_of(flood))
                await asyncio.sleep(seconds_of(flood))
            except TelegramError as error:
                conflict = isinstance(error, Conflict)
                log.warning("polling_failed", error=type(error).__name__, other_poller=conflict)
                self._failed(error, rest=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            except Exception as error:
                # What was not stored is not acknowledged either: Telegram gives it again.
                await patience.wait(error)

    def _failed(self, error: TelegramError, *, rest: float) -> None:
        measures.failed(error)
        self.beat.give(rest=rest)

    async def _poll(self) -> None:
        self.beat.give()
        asked = {
            "offset": await self._intake.next_offset(),
            "timeout": POLL_SECONDS,
            "allowed_updates": json.dumps(ALLOWED_UPDATES),
        }
        payload = await self._request.retrieve(
            f"{self._base_url}/getUpdates?{urlencode(asked)}", read_timeout=POLL_SECONDS + 10
        )
        updates = self._request.parse_json_payload(payload)["result"]
        self.beat.give()
        self.heard.give()
        if updates:
            await self._intake.store(updates)
