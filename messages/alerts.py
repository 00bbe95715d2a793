"""The ladder of an alert: whom it reaches next while nobody acknowledges it, and when.

Plain U alerts rest from 21:00 to 08:00 on the clinic's clock; E and U-now never do. Numbers:
docs/clinical.md.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import IntEnum, StrEnum
from types import MappingProxyType
from zoneinfo import ZoneInfo

from messages.grading import Grade
from messages.quiet_hours import QUIET_FROM, next_morning
from messages.wall_clock import check_aware

ACKNOWLEDGE = MappingProxyType(
    {Grade.E: timedelta(minutes=10), Grade.U_NOW: timedelta(minutes=15), Grade.U: timedelta(hours=2)}
)
"""How long a person has to acknowledge an alert before it climbs."""

LONGEST_REPEAT = timedelta(minutes=60)
STAFF_MORNING = time(8)


class Rung(IntEnum):
    """How far an alert has climbed. Every number above EVERYBODY is one more repetition."""

    PRACTITIONER = 0
    COVER = 1
    ADMINS = 2
    EVERYBODY = 3


class Recipient(StrEnum):
    """Who is told on a rung."""

    PRACTITIONER = "practitioner"
    COVER = "cover"
    ADMINS = "admins"


@dataclass(frozen=True)
class Climb:
    """One step up: the rung, whom to tell, whether the patient learns whom to call, and the next timeout."""

    next_rung: int
    recipients: tuple[Recipient, ...]
    tell_patient: bool
    next_at: datetime


def alert_notify_at(grade: Grade, raised_at: datetime, clinic_zone: ZoneInfo) -> datetime:
    """When the practitioner is told: at once, but a plain U of the night at 08:00.

    Raises ValueError for a grade that is no alert.
    """
    acknowledgement_time(grade)
    return _waking(grade, check_aware(raised_at), clinic_zone)


def acknowledgement_time(grade: Grade) -> timedelta:
    """How long an alert of this grade may stay unacknowledged. Raises ValueError for one that is no alert."""
    if grade not in ACKNOWLEDGE:
        raise ValueError(f"{grade.name} is no alert")
    return ACKNOWLEDGE[grade]


def first_climb_at(grade: Grade, notified_at: datetime, clinic_zone: ZoneInfo) -> datetime:
    """When an alert told to the practitioner at `notified_at` climbs unless somebody acknowledges it."""
    return _waking(grade, check_aware(notified_at) + acknowledgement_time(grade), clinic_zone)


def needs_night_number(grade: Grade, raised_at: datetime, clinic_zone: ZoneInfo) -> bool:
    """Whether the patient gets the out-of-hours number together with the answer to a plain U.

    True when its first timeout would fall in the night: from then on nobody would climb until 08:00.
    """
    if grade is not Grade.U:
        return False
    timeout = check_aware(raised_at) + ACKNOWLEDGE[grade]
    return _is_night(raised_at, clinic_zone) or _is_night(timeout, clinic_zone)


def climb(grade: Grade, rung: int, *, now: datetime, clinic_zone: ZoneInfo, has_cover: bool) -> Climb:
    """What happens at `now`, when an alert on `rung` was acknowledged by nobody or could not be delivered.

    First the cover (the admins, where there is none), and the patient is told whom to call; then the admins;
    then everybody again and again, the waits doubling up to an hour, or up to the acknowledgement time
    where that is longer. It never ends by itself.
    """
    if rung < Rung.PRACTITIONER:
        raise ValueError(f"{rung} is not a rung")
    first = rung == Rung.PRACTITIONER
    reached = int(Rung.ADMINS) if first and not has_cover else rung + 1
    wait = acknowledgement_time(grade)
    # Six doublings of ten minutes are beyond any cap; without a limit the power would grow for ever.
    doubled = wait * 2 ** min(max(reached - Rung.ADMINS, 0), 6)
    pause = min(doubled, max(LONGEST_REPEAT, wait))
    return Climb(reached, _recipients(reached, has_cover), first, _waking(grade, check_aware(now) + pause, clinic_zone))


def _recipients(rung: int, has_cover: bool) -> tuple[Recipient, ...]:
    if rung == Rung.COVER:
        return (Recipient.COVER,)
    if rung == Rung.ADMINS:
        return (Recipient.ADMINS,)
    return tuple(r for r in Recipient if has_cover or r is not Recipient.COVER)


def _is_night(at: datetime, clinic_zone: ZoneInfo) -> bool:
    local = at.astimezone(clinic_zone).time()
    return local >= QUIET_FROM or local < STAFF_MORNING


def _waking(grade: Grade, at: datetime, clinic_zone: ZoneInfo) -> datetime:
    if grade is Grade.U and _is_night(at, clinic_zone):
        return next_morning(at, clinic_zone, until=STAFF_MORNING)
    return at
