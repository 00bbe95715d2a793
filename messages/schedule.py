"""What planning gives: messages with their times and deadlines, and the steps left out with their reasons."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from messages.care_plan import CheckKind


class PlannedKind(StrEnum):
    """What a planned message is."""

    CHECK_IN = "check_in"
    REMINDER = "reminder"


class SkipReason(StrEnum):
    """Why a step of a plan is not sent."""

    PAST = "past"
    MERGED = "merged"
    AFTER_NEXT_SESSION = "after_next_session"
    TOO_CLOSE = "too_close"
    COURSE_QUIET = "all_well"


@dataclass(frozen=True)
class Planned:
    """One message to send at `due_at`, or until `not_after`; later it no longer makes sense.

    `with_appointment`: a check-in that also carries the reminder of the appointment. It must then go even
    when routine checks are left out. `nominal_hours` is the plan's number ("+24 h"), None for eve and
    reminders.
    """

    kind: PlannedKind
    step: str
    check_kind: CheckKind | None
    due_at: datetime
    not_after: datetime
    with_appointment: bool
    nominal_hours: int | None


@dataclass(frozen=True)
class LeftOut:
    """One step that is not sent, when it would have been due, and why."""

    kind: PlannedKind
    step: str
    due_at: datetime
    reason: SkipReason


@dataclass(frozen=True)
class Schedule:
    """Everything a plan asks for, exactly once: planned (in order of time) or left out with a reason."""

    planned: tuple[Planned, ...]
    left_out: tuple[LeftOut, ...]


def schedule_of(entries: list[Planned | LeftOut]) -> Schedule:
    """The entries sorted into a schedule, each part in order of time."""
    planned = [entry for entry in entries if isinstance(entry, Planned)]
    left_out = [entry for entry in entries if isinstance(entry, LeftOut)]
    return Schedule(
        tuple(sorted(planned, key=lambda entry: entry.due_at)),
        tuple(sorted(left_out, key=lambda entry: entry.due_at)),
    )
