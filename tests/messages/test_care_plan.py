import re
from datetime import timedelta

import pytest

from messages.care_plan import (
    ALL_PLANS,
    Avoid,
    CheckKind,
    Family,
    PlanError,
    Symptom,
    parse_plan,
    plan_of,
)

FIRST = ("after_3h", "after_24h", "after_72h")


@pytest.mark.parametrize(
    ("family", "sessions", "interval_days", "steps", "late_steps"),
    [
        (Family.FACE, 5, 14, (*FIRST, "eve"), ("late_28d", "late_84d")),
        (Family.EYE, 4, 7, (*FIRST, "eve"), ("late_28d", "late_84d")),
        (Family.SCALP, 7, 7, (*FIRST, "eve"), ("late_28d", "late_84d")),
        (
            Family.LIPO,
            4,
            28,
            (*FIRST, "after_7d", "after_14d", "eve"),
            ("late_28d", "late_56d", "late_84d"),
        ),
        (Family.CELL, 10, 7, (*FIRST, "eve"), ("late_28d", "late_56d", "late_84d")),
        (Family.PAIN, 5, 7, (*FIRST, "eve"), ("late_28d", "late_84d")),
    ],
)
def test_each_family_has_the_plan_of_the_protocol(
    family: Family, sessions: int, interval_days: int, steps: tuple[str, ...], late_steps: tuple[str, ...]
) -> None:
    plan = plan_of(family)
    assert (plan.sessions, plan.interval_days) == (sessions, interval_days)
    assert tuple(step.key for step in plan.steps) == steps
    assert tuple(step.key for step in plan.late_steps) == late_steps
    assert tuple(reminder.key for reminder in plan.reminders) == ("before_48h", "before_24h", "before_3h")


@pytest.mark.parametrize(
    ("family", "windows"),
    [
        (Family.FACE, (48, 72, 48, 48, 336)),
        (Family.EYE, (72, 120, 72, 48, 336)),
        (Family.SCALP, (48, 48, 48, 48, 240)),
        (Family.LIPO, (72, 336, 168, 72, 336)),
        (Family.CELL, (72, 120, 120, 72, 336)),
        (Family.PAIN, (48, 48, 48, 48, 336)),
    ],
)
def test_each_family_has_its_expected_windows(family: Family, windows: tuple[int, ...]) -> None:
    assert tuple(plan_of(family).windows[symptom] for symptom in Symptom) == windows
    assert list(Symptom) == ["redness", "swelling", "pain", "itch", "bruise"]


@pytest.mark.parametrize(
    ("family", "hours"),
    [
        (Family.FACE, (24, 12, 72, 48, 24, 24, 72, 48)),
        (Family.EYE, (48, 12, 72, 48, 24, 24, 72, 48)),
        (Family.SCALP, (24, 24, 72, 48, 24, 24, 72, 48)),
        (Family.LIPO, (24, 12, 72, 48, 48, 48, 72, 48)),
        (Family.CELL, (24, 12, 72, 48, 48, 24, 48, 48)),
        (Family.PAIN, (24, 12, 48, 48, 24, 24, 48, None)),
    ],
)
def test_each_family_says_what_to_avoid_and_how_long(family: Family, hours: tuple[int | None, ...]) -> None:
    assert tuple(plan_of(family).avoid_hours[avoid] for avoid in Avoid) == hours


def test_lipo_is_never_weekly() -> None:
    assert plan_of(Family.LIPO).interval_days >= 28


def test_steps_carry_the_number_of_their_key() -> None:
    delays = {step.key: step.delay for plan in ALL_PLANS.values() for step in (*plan.steps, *plan.late_steps)}
    assert delays["after_3h"] == timedelta(hours=3)
    assert delays["after_72h"] == timedelta(days=3)
    assert delays["late_84d"] == timedelta(days=84)
    assert delays["eve"] is None


def test_kinds_follow_from_the_keys() -> None:
    kinds = {step.key: step.kind for plan in ALL_PLANS.values() for step in (*plan.steps, *plan.late_steps)}
    assert kinds["after_24h"] is CheckKind.ROUTINE
    assert kinds["eve"] is CheckKind.EVE
    assert kinds["late_56d"] is CheckKind.LATE


GOOD = """
sessions = 5
interval_days = 14
steps = ["after_3h", "after_24h", "eve"]
late_steps = ["late_28d"]
reminders = ["before_48h", "before_3h"]
[window_hours]
redness = 48
swelling = 72
pain = 48
itch = 48
bruise = 336
[avoid_hours]
make_up = 24
washing = 12
heat = 72
sun = 48
exercise = 24
alcohol = 24
massage = 72
painkillers = "ask"
"""


def test_a_good_file_is_read() -> None:
    plan = parse_plan(Family.FACE, GOOD)
    assert [step.key for step in plan.steps] == ["after_3h", "after_24h", "eve"]
    assert plan.avoid_hours[Avoid.PAINKILLERS] is None


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("sessions = 5", "sessions = 0", "sessions: 0 is not a whole number from 1 to 40"),
        ("sessions = 5", "sessions = 41", "sessions: 41"),
        ("sessions = 5", "sessions = true", "sessions: True"),
        ("sessions = 5", "", "missing sessions"),
        ("sessions = 5", "sessions = 5\ncolour = 1", "unknown colour"),
        ("interval_days = 14", "interval_days = 366", "interval_days: 366"),
        ('"after_3h", "after_24h"', '"after_24h", "after_3h"', "steps: put them in the order"),
        ('"after_3h", ', '"after_24h", ', "after_24h is there twice"),
        ('"after_3h"', '"soon"', "'soon' is not a step"),
        ('"after_3h"', '"after_0h"', "'after_0h' is not a step"),
        ('"after_3h"', '"before_3h"', "before_3h: a check is"),
        ('"after_24h"', '"after_30h"', "after_30h: beyond 24 hours"),
        ('"after_24h"', '"late_28d"', "steps: late_… belongs in late_steps"),
        ('"late_28d"', '"after_7d"', "late_steps: only late_…"),
        ('["late_28d"]', "28", "late_steps: write a list of keys"),
        ('"before_3h"', '"before_5h"', "reminders: before_5h is not one of"),
        ('"before_48h", "before_3h"', '"before_3h", "before_48h"', "reminders: each once, the earliest first"),
        ("itch = 48\n", "", "window_hours: give exactly"),
        ("itch = 48", "itch = 0", "window_hours.itch: 0"),
        ('"ask"', '"maybe"', "avoid_hours.painkillers: 'maybe'"),
        ("sessions = 5", "sessions = ", "is not valid TOML"),
    ],
)
def test_a_wrong_file_is_refused_in_words(old: str, new: str, told: str) -> None:
    with pytest.raises(PlanError, match=re.escape(told)) as caught:
        parse_plan(Family.EYE, GOOD.replace(old, new, 1))
    assert "plans/eye.toml" in str(caught.value)
