"""The one place that reads the time.

`SystemClock` is the machine's. `SharedClock` is the database's, on which processes on several machines agree.
`MovableClock` stands still until it is moved: the sandbox and the tests live through weeks with it. All give
monotonic seconds for pacing, which no clock change and no test moves.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

UNCERTAINTY = timedelta(seconds=0.1)
"""A difference below this is the journey of the question, not the clocks'."""


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


class SharedClock:
    """The database's time: what is due, and whose lease has run out, is the same for every machine.

    Between two measurements it goes on by monotonic seconds, so that it also bears a machine's clock being set.
    Before the first measurement it is the machine's.
    """

    def __init__(self, machine: Clock) -> None:
        self._machine = machine
        self._measured: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        if self._measured is None:
            return self._machine.now()
        then, read = self._measured
        return then + timedelta(seconds=self.monotonic() - read)

    def monotonic(self) -> float:
        """Seconds that only ever grow."""
        return self._machine.monotonic()

    def measured(self, theirs: datetime, *, asked: float) -> timedelta:
        """The database answered `theirs` to a question of `asked` (monotonic). Returns how far the machine is ahead."""
        answered = self.monotonic()
        # The answer was given some time in between; half-way is wrong by half of the journey at most.
        theirs = theirs.astimezone(UTC) + timedelta(seconds=(answered - asked) / 2)
        if self._measured is None or abs(theirs - self.now()) > UNCERTAINTY:
            self._measured = theirs, answered
        return self._machine.now() - theirs


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
