"""What a process needs beside the database to do its part: each reason says in words why it cannot, or nothing."""

from collections.abc import Callable

from bot.clock import SystemClock
from bot.intake import Poller
from storage.worker_lock import WorkerLock

Reason = Callable[[], str | None]
"""Why the process is not ready, without names or addresses; None when it is."""

SILENT_SECONDS = 90.0
"""How long Telegram may be silent: two long polls, or the pauses after the first failures."""


def holds(lock: WorkerLock) -> Reason:
    """Ready while this process is the worker: a standby is not."""
    return lambda: None if lock.held else "standing by: another worker holds the lock"


def hears(poller: Callable[[], Poller | None]) -> Reason:
    """Ready while Telegram answers the poller."""

    def reason() -> str | None:
        polling = poller()
        if polling is None:
            return "not connected to Telegram"
        silent = SystemClock().monotonic() - polling.heard.at
        return f"Telegram has not answered for {silent:.0f} s" if silent > SILENT_SECONDS else None

    return reason
