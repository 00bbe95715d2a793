"""What this process measures of itself: how long things took, by its own clock, and what went wrong.

What is in the database is counted there, when somebody asks (storage/figures.py); this is what no row tells.
"""

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

from messages.outgoing import Lane

# When each series began helps nobody, and makes the page longer by a third.
disable_created_metrics()  # type: ignore[no-untyped-call]

MEASURES = CollectorRegistry()

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 43200)
"""Up to the twelve hours that a check-in may be late."""

_WAITS = Histogram(
    "aftercare_throttle_wait_seconds",
    "How long calls to Telegram waited for their turn, by lane.",
    ["lane"],
    buckets=_SECONDS,
    registry=MEASURES,
)
_LATENESS = Histogram(
    "aftercare_lateness_seconds",
    "From the time at which a message was due to the time at which Telegram had it, by lane.",
    ["lane"],
    buckets=_SECONDS,
    registry=MEASURES,
)
_LAG = Histogram(
    "aftercare_update_lag_seconds",
    "From the time at which an update was stored to the time at which it was handled.",
    buckets=_SECONDS,
    registry=MEASURES,
)
_ERRORS = Counter(
    "aftercare_telegram_errors",
    "Calls to Telegram that failed, by the class of the error.",
    ["error"],
    registry=MEASURES,
)
_HELD_BACK = Counter(
    "aftercare_alerts_held_back",
    "Urgent messages that waited for more than ten seconds because Telegram silenced the whole bot.",
    registry=MEASURES,
)

_WAIT_OF = {lane: _WAITS.labels(lane.name.lower()) for lane in Lane}
_LATENESS_OF = {lane: _LATENESS.labels(lane.name.lower()) for lane in Lane}


def waited(lane: Lane, seconds: float) -> None:
    """A call got its turn after `seconds`."""
    _WAIT_OF[lane].observe(seconds)


def sent(lane: Lane, *, due_at: datetime, now: datetime) -> None:
    """A message reached Telegram. One that was put off counts from the time to which it was put off."""
    _LATENESS_OF[lane].observe(max(0.0, (now - due_at).total_seconds()))


def handled(*, received_at: datetime, now: datetime) -> None:
    """An update was handled. Another machine may have stored it: its clock may be ahead of ours."""
    _LAG.observe(max(0.0, (now - received_at).total_seconds()))


def failed(error: Exception) -> None:
    """A call to Telegram failed."""
    _ERRORS.labels(type(error).__name__).inc()


def held_back() -> None:
    """An urgent message waits because Telegram silenced the whole bot."""
    _HELD_BACK.inc()
