"""What to do when a call to Telegram failed: a decision from plain facts."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from messages.outgoing import REPEATED_WHEN_UNCERTAIN, Kind

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=10)

HANDLING_ATTEMPTS = 5
"""How often an update is tried before it is set aside: with the waits of `handling_wait` 15 s in all."""

OUTAGE_ATTEMPTS = 60
"""How often an update is tried while Telegram or the database is away: with the waits of `wait_after` nine hours."""

FIRST_ANSWER_PAUSE = 0.5
LONGEST_ANSWER = 600.0
"""Seconds after which an answer that Telegram did not take is said again, and for how long: its person looks at the
screen, and who may read it does not change much meanwhile."""


class Failure(StrEnum):
    """How a call failed, as far as its cause tells."""

    NOT_SENT = "not_sent"
    """Telegram never had it: no connection, no place in the pool, a gateway error before acceptance."""
    UNKNOWN = "unknown"
    """It may have arrived: a read timeout, a connection lost half-way, a 5xx."""
    FLOOD = "flood"
    """429: Telegram says how long to wait."""
    BAD_MARKUP = "bad_markup"
    UNREACHABLE = "unreachable"
    """Blocked, deactivated, never started: this chat takes nothing more."""
    BROKEN = "broken"
    """A bug of ours met it before the call: nothing was sent."""
    REFUSED = "refused"
    """Anything else that Telegram will refuse again."""


@dataclass(frozen=True)
class Again:
    """Try again after `wait`; `repeated` when the first may have arrived."""

    wait: timedelta
    repeated: bool = False


@dataclass(frozen=True)
class Plain:
    """Try once more without markup."""


@dataclass(frozen=True)
class End:
    """Do not try again: the state it ends in, and why."""

    state: str
    reason: str


Decision = Again | Plain | End


def wait_after(attempts: int) -> timedelta:
    """Doubling from 2 s up to 10 min; `attempts` counts from 1."""
    return min(FIRST_WAIT * float(2 ** min(attempts - 1, 20)), LONGEST_WAIT)


def handling_wait(attempts: int) -> timedelta:
    """How long a failed update waits: 1, 2, 4, 8 s … `attempts` counts from 1."""
    return timedelta(seconds=float(2 ** (attempts - 1)))


def handling_retry(attempts: int, *, outage: bool, asked: float = 0.0) -> timedelta | None:
    """How long an update that failed `attempts` times waits; None when it is to be set aside.

    `outage`: the world was away, not a bug met; that passes, so it is tried far longer. `asked`: for how many seconds
    Telegram wants silence. It is asked about again after the longest wait: a restart may know of none.
    """
    if outage:
        silence = timedelta(seconds=min(asked, LONGEST_WAIT.total_seconds()))
        return max(wait_after(attempts), silence) if attempts < OUTAGE_ATTEMPTS else None
    return handling_wait(attempts) if attempts < HANDLING_ATTEMPTS else None


def answer_retry(attempts: int, *, waited: float, asked: float) -> float | None:
    """Seconds until an answer that Telegram did not take `attempts` times is said again; None when it is given up.

    In seconds: how long it has `waited` by then, and the silence that Telegram has `asked` for.
    """
    pause = max(FIRST_ANSWER_PAUSE * 2 ** min(attempts - 1, 20), asked)
    return pause if waited + pause <= LONGEST_ANSWER else None


def decide(kind: Kind, failure: Failure, *, attempts: int, retry_after: timedelta | None, plain: bool) -> Decision:
    """What becomes of a message whose call failed.

    A message that Telegram never had is tried until its deadline, which the sender checks. What may have
    arrived is repeated only where reading it twice is better than never.
    """
    match failure:
        case Failure.FLOOD:
            return Again(retry_after or wait_after(attempts))
        case Failure.NOT_SENT:
            return Again(wait_after(attempts))
        case Failure.UNKNOWN if kind in REPEATED_WHEN_UNCERTAIN:
            return Again(wait_after(attempts), repeated=True)
        case Failure.UNKNOWN:
            return End("uncertain", "no_answer")
        case Failure.BROKEN if attempts < HANDLING_ATTEMPTS:
            return Again(wait_after(attempts))
        case Failure.BAD_MARKUP if not plain:
            return Plain()
        case Failure.UNREACHABLE:
            return End("failed", "unreachable")
        case _:
            return End("failed", failure.value)
