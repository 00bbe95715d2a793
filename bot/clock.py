"""The one place that reads the time.

`Clock` is the real one. `MovableClock` stands still until it is moved: the sandbox and the tests live through
weeks with it. Both give monotonic seconds for pacing, which no clock change and no test moves.
"""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the rest of the program may know of time."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that only ever grow; meaningless but for differences."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that only ever grow."""
        return time.monotonic()


class MovableClock:
    """A clock that stands still until it is moved forward, and never goes back."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock needs an aware time")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The time it was set to; aware, in UTC."""
        return self._now

    def monotonic(self) -> float:
        """Real seconds: limits of the wire hold however time is moved."""
        return time.monotonic()

    def set(self, when: datetime) -> None:
        """Move to `when`; a time already passed is left as it is. Raises ValueError for a naive time."""
        if when.tzinfo is None:
            raise ValueError("a clock needs an aware time")
        self._now = max(when.astimezone(UTC), self._now)
