"""Whether an outbox row may go, what it says, and what follows once it was sent: one composer a kind.

Composers only read. What they return is sent as it is; `Left` ends the row as skipped, with the reason that the
patient's card shows.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from messages.clinic import Clinic
from messages.outgoing import PROACTIVE, Kind, Outgoing
from messages.templates import Texts
from messages.timing import is_quiet, next_morning
from storage.database import UnitOfWork
from storage.outbox import Claimed
from storage.tables import Patient, Staff

REMOVED = "removed"
"""Why a row is left out whose recipient is no longer at the clinic."""

TOO_LATE = "too_late"
"""Why a row is left out when its deadline has passed: the machine was down, or Telegram was."""


@dataclass(frozen=True)
class Scene:
    """What a composer may use besides the row: exactly one of `patient` and `staff` is the recipient."""

    now: datetime
    clinic: Clinic
    texts: Texts
    patient: Patient | None
    staff: Staff | None

    @property
    def person(self) -> Patient | Staff:
        """The recipient."""
        person = self.patient or self.staff
        assert person is not None
        return person

    @property
    def language(self) -> str:
        """The recipient's language."""
        return self.person.language

    @property
    def zone(self) -> ZoneInfo:
        """The recipient's zone: a patient's own, the clinic's for its people."""
        return ZoneInfo(self.patient.zone) if self.patient else self.clinic.zone

    @property
    def chat_id(self) -> int:
        """The recipient's chat. Only called for people who have joined."""
        if self.person.telegram_id is None:
            raise ValueError("the recipient has not joined")
        return self.person.telegram_id


@dataclass(frozen=True)
class Left:
    """Not to be sent any more, and why."""

    reason: str


Compose = Callable[[UnitOfWork, Claimed, Scene], Awaitable[Outgoing | Left]]
AfterSending = Callable[[UnitOfWork, Claimed, Scene, Sequence[int]], Awaitable[None]]
AfterRefusal = Callable[[UnitOfWork, Claimed, Scene], Awaitable[None]]
AfterLeaving = Callable[[UnitOfWork, Claimed, datetime], Awaitable[None]]


@dataclass(frozen=True)
class Composer:
    """How one kind of message is made. `after` runs in the transaction that records it as sent.

    `refused` runs in the one that records that Telegram will never take it, though the chat can be reached;
    `late` in the one that leaves it out because its deadline has passed, `gone` because its recipient has left the
    clinic, has not joined, or reads for this patient no more; that one is alone with the rota (storage/rota.py).
    """

    compose: Compose
    after: AfterSending | None = None
    refused: AfterRefusal | None = None
    late: AfterRefusal | None = None
    gone: AfterLeaving | None = None


def obstacle(row: Claimed, scene: Scene) -> str | datetime | None:
    """Why a row must not go: a reason (it ends as skipped), a time to try again, or None when it may."""
    kind = Kind(row.kind)
    if row.not_after is not None and scene.now > row.not_after:
        return TOO_LATE
    if scene.patient is not None:
        if scene.patient.removed_at is not None:
            return REMOVED
        if kind in PROACTIVE and scene.patient.stopped_at is not None:
            return "stopped"
        if kind in PROACTIVE and scene.patient.consented_at is None:
            return "no_consent"
        if kind in PROACTIVE and scene.patient.unreachable_since is not None:
            return "unreachable"
        if kind in PROACTIVE and is_quiet(scene.now, scene.zone):
            return next_morning(scene.now, scene.zone)
    if scene.staff is not None and scene.staff.removed_at is not None:
        return REMOVED
    return None
