"""The clock that the page can move, as the sandbox sees it."""

from __future__ import annotations

import asyncio
from datetime import datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

MORNING = time(9, 0)
"""When quiet hours end (docs/clinical.md): "next morning" goes here, wall-clock time of the zone."""


class TimeMachine(Protocol):
    """What the owner of the clock offers. All datetimes are aware UTC."""

    @property
    def zone(self) -> ZoneInfo:
        """The clinic's zone, in which the page shows times."""

    def now(self) -> datetime:
        """The present, as the application sees it."""

    async def move_to(self, when: datetime) -> None:
        """Go forward to `when`, doing on the way what falls due; return once all of it is done."""

    async def next_event(self) -> datetime | None:
        """When the application will next send something by itself, if it plans to."""


class ClockMover:
    """Moves the clock for the page: forward only, one move at a time."""

    def __init__(self, machine: TimeMachine) -> None:
        self.machine = machine
        self._lock = asyncio.Lock()

    async def move(self, order: dict[str, object]) -> datetime:
        """Carry out `{"to": ISO}`, `{"hours": n}` or `{"until": "next_morning" | "next_message"}`.

        Raises ValueError, with a sentence to show, for anything else and for a move into the past.
        """
        async with self._lock:
            await self.machine.move_to(await self._target(order))
            return self.machine.now()

    async def _target(self, order: dict[str, object]) -> datetime:
        now = self.machine.now()
        match order:
            case {"to": str(text)}:
                return _not_before(now, _aware(text))
            case {"hours": int(hours) | float(hours)} if 0 < hours <= 24 * 366:
                return now + timedelta(hours=hours)
            case {"until": "next_morning"}:
                return next_morning(now, self.machine.zone)
            case {"until": "next_message"}:
                planned = await self.machine.next_event()
                if planned is None:
                    raise ValueError("Nothing is planned.")
                return max(planned, now)
        raise ValueError("Say to (a time with its offset), hours (more than 0), or until.")


def next_morning(now: datetime, zone: ZoneInfo) -> datetime:
    """The next time that the wall clock of `zone` shows 09:00, in UTC and strictly after `now`."""
    local = now.astimezone(zone)
    morning = datetime.combine(local.date(), MORNING, zone)
    if morning <= local:
        morning = datetime.combine(local.date() + timedelta(days=1), MORNING, zone)
    return morning.astimezone(now.tzinfo)


def _not_before(now: datetime, when: datetime) -> datetime:
    if when < now:
        raise ValueError("The clock only goes forward.")
    return when


def _aware(text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("That is not a time in ISO 8601.") from None
    if when.tzinfo is None:
        raise ValueError("The time needs its offset, such as +00:00.")
    return when
