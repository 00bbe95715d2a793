"""What happens after a session of each treatment family: checks, late checks, reminders, windows.

The plans are data, one file a family in `messages/plans/`; docs/clinical.md names the source of each number.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from importlib import resources
from itertools import pairwise
from types import MappingProxyType
from typing import cast


class Family(StrEnum):
    """What was treated, and with what aim. Each family has its own care plan."""

    FACE = "face"
    EYE = "eye"
    SCALP = "scalp"
    LIPO = "lipo"
    CELL = "cell"
    PAIN = "pain"


class CheckKind(StrEnum):
    """Why a check-in is asked. Only routine ones are left out when all is well."""

    ROUTINE = "routine"
    EVE = "eve"
    REASK = "reask"
    LATE = "late"


class Symptom(StrEnum):
    """A reaction that is expected for a while; the plan says for how many hours."""

    REDNESS = "redness"
    SWELLING = "swelling"
    PAIN = "pain"
    ITCH = "itch"
    BRUISE = "bruise"


class Avoid(StrEnum):
    """What a patient is asked to avoid after a session."""

    MAKE_UP = "make_up"
    WASHING = "washing"
    HEAT = "heat"
    SUN = "sun"
    EXERCISE = "exercise"
    ALCOHOL = "alcohol"
    MASSAGE = "massage"
    PAINKILLERS = "painkillers"


@dataclass(frozen=True)
class Step:
    """One check of a plan. `delay` counts from the end of the session; None means the eve of the next."""

    key: str
    kind: CheckKind
    delay: timedelta | None


@dataclass(frozen=True)
class Reminder:
    """One reminder of an appointment, `before` its start."""

    key: str
    before: timedelta


@dataclass(frozen=True)
class CarePlan:
    """The default plan of a family. `windows` and `avoid_hours` are hours from the session's end.

    `windows` is how long a reaction is expected. An `avoid_hours` of None means: ask the practitioner.
    """

    family: Family
    sessions: int
    interval_days: int
    steps: tuple[Step, ...]
    late_steps: tuple[Step, ...]
    reminders: tuple[Reminder, ...]
    windows: Mapping[Symptom, int]
    avoid_hours: Mapping[Avoid, int | None]


class PlanError(ValueError):
    """A plan file that cannot be used; the message says in words what to correct."""


AFTER_A_WEEK = Step("after_7d", CheckKind.ROUTINE, timedelta(days=7))
"""Added to any plan without it when the next session is more than a week away, or there is none."""

_FIELDS = ("sessions", "interval_days", "steps", "late_steps", "reminders", "window_hours", "avoid_hours")
_KEY = re.compile(r"(after|late|before)_([1-9][0-9]{0,2})([hd])", re.ASCII)


def plan_of(family: Family) -> CarePlan:
    """The plan in `messages/plans/<family>.toml`."""
    return ALL_PLANS[family]


def parse_plan(family: Family, text: str) -> CarePlan:
    """A plan from the text of its file. Raises PlanError, which names the file, the field and the reason."""
    try:
        return _plan(family, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"plans/{family}.toml is not valid TOML: {error}") from error
    except PlanError as error:
        raise PlanError(f"plans/{family}.toml: {error}") from error


def _plan(family: Family, data: Mapping[str, object]) -> CarePlan:
    if missing := [name for name in _FIELDS if name not in data]:
        raise PlanError(f"missing {', '.join(missing)}")
    if unknown := sorted(set(data) - set(_FIELDS)):
        raise PlanError(f"unknown {', '.join(unknown)}; known are {', '.join(_FIELDS)}")
    steps = tuple(_step(key) for key in _keys(data, "steps"))
    late_steps = tuple(_step(key) for key in _keys(data, "late_steps"))
    if any(step.kind is CheckKind.LATE for step in steps):
        raise PlanError("steps: late_… belongs in late_steps")
    if any(step.kind is not CheckKind.LATE for step in late_steps):
        raise PlanError("late_steps: only late_… belongs here")
    _check_rising("steps", steps)
    _check_rising("late_steps", late_steps)
    return CarePlan(
        family=family,
        sessions=_number("sessions", data["sessions"], 1, 40),
        interval_days=_number("interval_days", data["interval_days"], 1, 365),
        steps=steps,
        late_steps=late_steps,
        reminders=_reminders(_keys(data, "reminders")),
        windows=_windows(data["window_hours"]),
        avoid_hours=_avoid_hours(data["avoid_hours"]),
    )


def _step(key: str) -> Step:
    if key == "eve":
        return Step(key, CheckKind.EVE, None)
    prefix, delay = _delay(key)
    if prefix == "before":
        raise PlanError(f"{key}: a check is after_… or late_… or eve; before_… is a reminder")
    return Step(key, CheckKind.LATE if prefix == "late" else CheckKind.ROUTINE, delay)


def _reminders(keys: list[str]) -> tuple[Reminder, ...]:
    allowed = {"before_48h": 48, "before_24h": 24, "before_3h": 3}
    if unknown := [key for key in keys if key not in allowed]:
        raise PlanError(f"reminders: {', '.join(unknown)} is not one of {', '.join(allowed)}")
    if keys != [key for key in allowed if key in keys]:
        raise PlanError("reminders: each once, the earliest first")
    return tuple(Reminder(key, timedelta(hours=allowed[key])) for key in keys)


def _delay(key: str) -> tuple[str, timedelta]:
    """The key is the number: `after_72h` is 72 hours, so that the two cannot disagree."""
    match = _KEY.fullmatch(key)
    if match is None:
        raise PlanError(f"{key!r} is not a step; write eve, after_3h, after_7d or late_28d")
    prefix, count, unit = match.groups()
    delay = timedelta(hours=int(count)) if unit == "h" else timedelta(days=int(count))
    if delay > timedelta(days=1) and delay % timedelta(days=1):
        raise PlanError(f"{key}: beyond 24 hours a step must be whole days")
    return prefix, delay


def _check_rising(field: str, steps: tuple[Step, ...]) -> None:
    keys = [step.key for step in steps]
    if repeated := sorted({key for key in keys if keys.count(key) > 1}):
        raise PlanError(f"{field}: {', '.join(repeated)} is there twice")
    delays = [step.delay for step in steps if step.delay is not None]
    if any(later <= earlier for earlier, later in pairwise(delays)):
        raise PlanError(f"{field}: put them in the order in which they come")


def _keys(data: Mapping[str, object], field: str) -> list[str]:
    value = data[field]
    if not isinstance(value, list) or not all(isinstance(key, str) for key in value):
        raise PlanError(f'{field}: write a list of keys, such as ["after_3h"]')
    return cast(list[str], value)


def _number(field: str, value: object, lowest: int, highest: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        raise PlanError(f"{field}: {value!r} is not a whole number from {lowest} to {highest}")
    return value


def _table(field: str, value: object, names: tuple[str, ...]) -> Mapping[str, object]:
    if not isinstance(value, dict) or set(value) != set(names):
        raise PlanError(f"{field}: give exactly {', '.join(names)}")
    return value


def _windows(value: object) -> Mapping[Symptom, int]:
    table = _table("window_hours", value, tuple(Symptom))
    return MappingProxyType({s: _number(f"window_hours.{s}", table[s], 1, 24 * 60) for s in Symptom})


def _avoid_hours(value: object) -> Mapping[Avoid, int | None]:
    table = _table("avoid_hours", value, tuple(Avoid))
    return MappingProxyType(
        {a: None if table[a] == "ask" else _number(f"avoid_hours.{a}", table[a], 1, 24 * 30) for a in Avoid}
    )


def _read(family: Family) -> CarePlan:
    source = resources.files("messages").joinpath("plans", f"{family}.toml")
    return parse_plan(family, source.read_text(encoding="utf-8"))


ALL_PLANS: Mapping[Family, CarePlan] = MappingProxyType({family: _read(family) for family in Family})
"""Every plan, read when this module is imported: a broken file stops the start, not a session."""
