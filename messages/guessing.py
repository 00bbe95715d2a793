"""How long a chat waits after opening links that lead nowhere.

A token has 192 random bits and cannot be guessed; the wait keeps whoever tries from keeping the bot busy.
"""

from datetime import datetime, timedelta

FREE_MISSES = 3
"""Links that may lead nowhere before a wait: one is cut off by a messenger now and then."""

LONGEST_WAIT = timedelta(days=1)

FORGIVEN_AFTER = timedelta(days=7)
"""After a week without a miss the count begins again."""


def wait_after(misses: int) -> timedelta | None:
    """The wait after so many misses in a row: none at first, then a minute, doubling up to a day."""
    if misses <= FREE_MISSES:
        return None
    # Twelve doublings of a minute are beyond a day; without a limit the power would grow for ever.
    doublings = min(misses - FREE_MISSES - 1, 12)
    return min(timedelta(minutes=2**doublings), LONGEST_WAIT)


def misses_now(misses: int, last_at: datetime, now: datetime) -> int:
    """The number of misses that still count at `now`."""
    return 0 if now - last_at >= FORGIVEN_AFTER else misses
