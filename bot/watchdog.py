"""Notices that a part of the program hangs, and ends the process, so that its supervisor starts it again.

A loop that waits for a statement, a lock or a call that never returns raises nothing: only its silence tells. Each
loop gives a sign of life every round; a thread compares them with the time, because a blocked event loop could not.
A rest with a cause (Telegram asked to wait, a pause before the next try) is announced, and is no silence.
"""

import asyncio
import os
import time
from collections.abc import Callable, Mapping

import structlog

from bot.clock import SystemClock
from bot.lifecycle import start_thread

log = structlog.get_logger()

LIMIT = 45.0
"""Seconds of silence. Longer than a long poll with its time limits (40 s) and than a database's busy time-out (10 s);
with `LOOK_EVERY` and `GRACE` a part that hangs is noticed, and the process gone, within 60 s."""

LOOK_EVERY = 2.0
"""Seconds between two looks."""

GRACE = 10.0
"""Seconds for the program to stop in order. What hangs may not let it: then the process ends as it is."""

LAST_WORDS = 2.0
"""Seconds for the log line: standard error may be what hangs."""

EVENT_LOOP = "event loop"

Sign = Callable[[], float]
"""When a part last gave a sign of life, in seconds of the monotonic clock; in the future during an announced rest."""


class Stuck(Exception):
    """A part of the program hangs; only a new start helps."""


class Beat:
    """A loop's sign of life. Always by real monotonic time, however a test moves the clock."""

    def __init__(self) -> None:
        self.at = 0.0
        self.give()

    def give(self, *, rest: float = 0.0) -> None:
        """Another round has begun. `rest`: seconds for which the loop will be silent, for a reason."""
        self.at = SystemClock().monotonic() + rest


class Watchdog:
    """Watches the parts that were named to it.

    `stop` is called from the watchdog's thread and should make the program stop in order; `end` ends the process.
    Tests give shorter times than `LIMIT`, `LOOK_EVERY` and `GRACE`, all in seconds.
    """

    def __init__(
        self,
        *,
        stop: Callable[[Stuck], object],
        end: Callable[[int], object] = os._exit,
        limit: float | None = None,
        look_every: float | None = None,
        grace: float | None = None,
        monotonic: Callable[[], float] | None = None,
    ) -> None:
        self._stop = stop
        self._end = end
        self._limit = LIMIT if limit is None else limit
        self._look_every = LOOK_EVERY if look_every is None else look_every
        self._grace = GRACE if grace is None else grace
        self._signs: dict[str, Sign] = {}
        self._turning = Beat()
        self._monotonic = monotonic or SystemClock().monotonic
        self._looked_at = self._awake_since = self._monotonic()

    def watch(self, signs: Mapping[str, Sign]) -> None:
        """Look after these parts from now on, and after no others but the event loop."""
        # They may have been made long before they began, while Telegram or the database was away.
        self._awake_since = self._monotonic()
        self._signs = dict(signs)

    async def run(self) -> None:
        """Begin to watch, the event loop first of all: as long as it turns, this gives its sign of life."""
        self._looked_at = self._awake_since = self._monotonic()
        done = start_thread("watchdog", self._watch)
        try:
            while True:
                self._turning.give()
                await asyncio.sleep(min(1.0, self._look_every))
        finally:
            done.set()

    def silent(self) -> dict[str, float]:
        """The parts that have been silent for too long, with the seconds."""
        now = self._monotonic()
        last = {EVENT_LOOP: self._turning.at} | {name: sign() for name, sign in self._signs.items()}
        ages = {name: now - max(at, self._awake_since) for name, at in last.items()}
        return {name: age for name, age in ages.items() if age > self._limit_of(name)}

    def _limit_of(self, name: str) -> float:
        """The event loop gives a sign every second. When it hangs everything does, and it is to be named first."""
        return self._limit * 2 / 3 if name == EVENT_LOOP else self._limit

    def look(self) -> dict[str, float]:
        """Look once, in the watchdog's own time; returns what `silent` does.

        A process that was itself stopped for a while (a debugger, a sleeping machine) starts its count anew:
        its loops could not give a sign either.
        """
        now = self._monotonic()
        if now - self._looked_at > max(5 * self._look_every, 1.0):
            self._awake_since = now
        self._looked_at = now
        return self.silent()

    def _watch(self, wait: Callable[[float], bool]) -> None:
        while not wait(self._look_every):
            silent = self.look()
            if silent:
                self._give_up(silent)
                return

    def _give_up(self, silent: Mapping[str, float]) -> None:
        """Ends the process in any case: also one that has stopped in order may wait for a thread that hangs."""
        parts = ", ".join(sorted(silent))
        # In a thread of its own: the line must not be able to hold up the end.
        start_thread("last words", lambda _: log.error("stuck", parts=parts, silent_for=round(max(silent.values()))))
        if EVENT_LOOP in silent:
            time.sleep(LAST_WORDS)
            self._end(1)
            return
        try:
            self._stop(Stuck(parts))
        finally:
            time.sleep(self._grace)
            self._end(1)
