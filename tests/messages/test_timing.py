from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.care_plan import CarePlan, CheckKind, Family, plan_of
from messages.quiet_hours import is_quiet
from messages.schedule import LeftOut, Planned, PlannedKind, Schedule, SkipReason
from messages.timing import applicable_steps, plan_appointment, plan_session
from tests.messages.moments import CHANGING_ZONES, MOMENTS, PARIS, local

TWO_HOURS = timedelta(hours=2)


def shown(at: datetime) -> str:
    return f"{at.astimezone(PARIS):%Y-%m-%d %H:%M}"


def planned(
    ended: str,
    appointment: str | None = None,
    *,
    family: Family = Family.FACE,
    recorded: str | None = None,
    is_last: bool = False,
    interval_days: int = 7,
    already: frozenset[str] = frozenset(),
) -> Schedule:
    return plan_session(
        plan_of(family),
        ended_at=local(ended),
        recorded_at=local(recorded or ended),
        next_appointment=None if appointment is None else local(appointment),
        is_last=is_last,
        interval_days=interval_days,
        zone=PARIS,
        already=already,
    )


def times(schedule: Schedule) -> list[tuple[str, str]]:
    return [(entry.step, shown(entry.due_at)) for entry in schedule.planned]


def reasons(schedule: Schedule) -> dict[str, SkipReason]:
    return {entry.step: entry.reason for entry in schedule.left_out}


def find(schedule: Schedule, step: str) -> Planned:
    return next(entry for entry in schedule.planned if entry.step == step)


@pytest.mark.parametrize("family", [Family.FACE, Family.EYE, Family.SCALP, Family.CELL, Family.PAIN])
def test_a_weekly_session_at_ten(family: Family) -> None:
    schedule = planned("2026-11-16 10:00", "2026-11-23 10:00", family=family)
    assert times(schedule) == [
        ("after_3h", "2026-11-16 13:00"),
        ("after_24h", "2026-11-17 10:00"),
        ("after_72h", "2026-11-19 10:00"),
        ("before_48h", "2026-11-21 10:00"),
        ("eve", "2026-11-22 18:00"),
        ("before_3h", "2026-11-23 09:00"),
    ]
    assert reasons(schedule) == {"before_24h": SkipReason.MERGED}
    assert find(schedule, "eve") == Planned(
        PlannedKind.CHECK_IN,
        "eve",
        CheckKind.EVE,
        local("2026-11-22 18:00"),
        local("2026-11-23 10:00"),
        True,
        None,
    )
    assert find(schedule, "after_24h") == Planned(
        PlannedKind.CHECK_IN,
        "after_24h",
        CheckKind.ROUTINE,
        local("2026-11-17 10:00"),
        local("2026-11-18 10:00"),
        False,
        24,
    )


def test_lipo_every_four_weeks() -> None:
    schedule = planned("2026-11-02 15:00", "2026-11-30 15:00", family=Family.LIPO, interval_days=28)
    assert times(schedule) == [
        ("after_3h", "2026-11-02 18:00"),
        ("after_24h", "2026-11-03 15:00"),
        ("after_72h", "2026-11-05 15:00"),
        ("after_7d", "2026-11-09 15:00"),
        ("after_14d", "2026-11-16 15:00"),
        ("before_48h", "2026-11-28 15:00"),
        ("eve", "2026-11-29 18:00"),
        ("before_3h", "2026-11-30 12:00"),
    ]


@pytest.mark.parametrize("family", Family)
def test_after_the_last_session_a_week_then_late_checks_and_no_reminders(family: Family) -> None:
    schedule = planned("2026-11-02 10:00", "2026-12-01 10:00", family=family, is_last=True)
    steps = [entry.step for entry in schedule.planned]
    fortnight = ["after_14d"] if family is Family.LIPO else []
    late = ["late_56d"] if family in {Family.LIPO, Family.CELL} else []
    assert steps == [
        "after_3h",
        "after_24h",
        "after_72h",
        "after_7d",
        *fortnight,
        "late_28d",
        *late,
        "late_84d",
    ]
    assert schedule.left_out == ()
    assert shown(find(schedule, "late_84d").due_at) == "2027-01-25 10:00"
    assert find(schedule, "late_28d").check_kind is CheckKind.LATE
    assert find(schedule, "late_28d").nominal_hours == 672


@pytest.mark.parametrize(
    ("appointment", "interval_days", "week"),
    [
        ("2026-11-23 10:00", 7, False),
        ("2026-11-24 10:00", 7, True),
        ("2026-11-23 13:00", 7, False),
        ("2026-11-23 13:00", 8, True),
        ("2026-11-30 10:00", 14, True),
        (None, 7, True),
    ],
)
def test_a_check_after_a_week_when_the_next_session_is_later_or_unknown(
    appointment: str | None, interval_days: int, week: bool
) -> None:
    schedule = planned("2026-11-16 10:00", appointment, interval_days=interval_days)
    assert ("after_7d" in [entry.step for entry in schedule.planned]) == week
    assert ("eve" in [entry.step for entry in schedule.planned]) == (appointment is not None)


def test_an_interval_over_a_week_asks_after_a_week_unless_the_session_comes_first() -> None:
    schedule = planned("2026-11-16 10:00", "2026-11-21 10:00", interval_days=14)
    assert reasons(schedule)["after_7d"] is SkipReason.AFTER_NEXT_SESSION


@pytest.mark.parametrize(
    ("ended", "first"),
    [
        ("2026-11-16 17:59", "2026-11-16 20:59"),
        ("2026-11-16 18:00", "2026-11-16 20:30"),
        ("2026-11-16 19:00", "2026-11-16 20:30"),
        ("2026-11-16 19:01", "2026-11-17 09:00"),
        ("2026-11-16 21:30", "2026-11-17 09:00"),
        ("2026-11-16 05:59", "2026-11-16 09:00"),
    ],
)
def test_three_hours_after_an_evening_session(ended: str, first: str) -> None:
    assert shown(find(planned(ended), "after_3h").due_at) == first


def test_an_early_session_keeps_its_24_hour_check_in_the_morning() -> None:
    assert shown(find(planned("2026-11-16 08:30"), "after_24h").due_at) == "2026-11-17 09:00"


def test_a_weekly_ten_stays_ten_across_a_clock_change() -> None:
    schedule = planned("2026-10-22 10:00", "2026-10-29 10:00")
    assert times(schedule) == [
        ("after_3h", "2026-10-22 13:00"),
        ("after_24h", "2026-10-23 10:00"),
        ("after_72h", "2026-10-25 10:00"),
        ("before_48h", "2026-10-27 10:00"),
        ("eve", "2026-10-28 18:00"),
        ("before_3h", "2026-10-29 09:00"),
    ]


@pytest.mark.parametrize(
    ("recorded", "first", "reason"),
    [
        ("2026-11-16 13:00", "2026-11-16 13:00", None),
        ("2026-11-16 20:00", "2026-11-16 20:00", None),
        ("2026-11-16 21:00", "2026-11-17 09:00", SkipReason.MERGED),
        ("2026-11-17 01:00", "2026-11-17 09:00", SkipReason.MERGED),
        ("2026-11-17 01:01", None, SkipReason.PAST),
    ],
)
def test_a_late_entry_asks_now_what_is_at_most_12_hours_late(
    recorded: str, first: str | None, reason: SkipReason | None
) -> None:
    schedule = planned("2026-11-16 10:00", recorded=recorded)
    assert reasons(schedule).get("after_3h") is reason
    if reason is None:
        assert first is not None
        assert shown(find(schedule, "after_3h").due_at) == first
    assert all(entry.due_at >= local(recorded) for entry in schedule.planned)


def test_a_late_entry_keeps_what_is_still_ahead() -> None:
    schedule = planned("2026-11-16 10:00", "2026-11-23 10:00", recorded="2026-11-18 10:00")
    assert reasons(schedule) == {
        "after_3h": SkipReason.PAST,
        "after_24h": SkipReason.PAST,
        "before_24h": SkipReason.MERGED,
    }
    assert schedule.left_out[0] == LeftOut(PlannedKind.CHECK_IN, "after_3h", local("2026-11-16 13:00"), SkipReason.PAST)


@pytest.mark.parametrize(("recorded", "merged"), [("2026-11-17 17:30", False), ("2026-11-17 17:31", True)])
def test_of_two_checks_less_than_two_hours_apart_the_later_stays(recorded: str, merged: bool) -> None:
    # The first check was due at 09:00 and goes when the session is recorded; the second is due at 19:30.
    schedule = planned("2026-11-16 19:30", recorded=recorded)
    assert (reasons(schedule).get("after_3h") is SkipReason.MERGED) == merged
    assert shown(find(schedule, "after_24h").due_at) == "2026-11-17 19:30"


@pytest.mark.parametrize(
    ("ended", "merged"),
    [
        ("2026-11-16 16:00", False),
        ("2026-11-16 16:01", True),
        ("2026-11-16 19:59", True),
        ("2026-11-16 20:00", False),
    ],
)
def test_the_eve_check_stays_whatever_is_near(ended: str, merged: bool) -> None:
    schedule = planned(ended, "2026-11-24 15:00", interval_days=8)
    assert shown(find(schedule, "eve").due_at) == "2026-11-23 18:00"
    assert find(schedule, "eve").with_appointment
    assert (reasons(schedule).get("after_7d") is SkipReason.MERGED) == merged


@pytest.mark.parametrize(
    ("starts", "reason"),
    [("2026-11-19 12:00", None), ("2026-11-19 11:59", SkipReason.AFTER_NEXT_SESSION)],
)
def test_no_check_in_the_last_two_hours_before_a_session(starts: str, reason: SkipReason | None) -> None:
    schedule = planned("2026-11-16 10:00", starts)
    assert reasons(schedule).get("after_72h") is reason
    for entry in schedule.planned:
        assert entry.not_after <= local(starts)


@pytest.mark.parametrize(("ended", "reason"), [("2026-11-16 16:30", None), ("2026-11-16 16:31", SkipReason.TOO_CLOSE)])
def test_no_eve_check_within_90_minutes_of_the_session(ended: str, reason: SkipReason | None) -> None:
    schedule = planned(ended, "2026-11-17 15:00")
    assert reasons(schedule).get("eve") is reason


def test_an_eve_check_that_was_missed_goes_late_and_still_carries_the_appointment() -> None:
    schedule = planned("2026-11-16 10:00", "2026-11-23 15:00", recorded="2026-11-22 19:00")
    assert shown(find(schedule, "eve").due_at) == "2026-11-22 19:00"
    assert reasons(schedule)["before_24h"] is SkipReason.MERGED


@pytest.mark.parametrize(
    ("recorded", "starts", "reason"),
    [
        ("2026-11-23 06:01", "2026-11-23 15:00", SkipReason.PAST),
        ("2026-11-22 22:30", "2026-11-23 10:59", SkipReason.AFTER_NEXT_SESSION),
    ],
)
def test_an_eve_check_that_comes_too_late_is_left_out_with_its_reminder(
    recorded: str, starts: str, reason: SkipReason
) -> None:
    left_out = reasons(planned("2026-11-16 10:00", starts, recorded=recorded))
    assert (left_out["eve"], left_out["before_24h"]) == (reason, SkipReason.PAST)


@pytest.mark.parametrize(("recorded", "starts"), [("2026-11-22 22:30", "2026-11-23 11:00")])
def test_an_eve_check_may_wait_for_the_morning(recorded: str, starts: str) -> None:
    schedule = planned("2026-11-16 10:00", starts, recorded=recorded)
    assert shown(find(schedule, "eve").due_at) == "2026-11-23 09:00"


@pytest.mark.parametrize(("starts", "merged"), [("2026-11-21 11:59", True), ("2026-11-21 12:00", False)])
def test_a_reminder_less_than_two_hours_from_a_check_travels_with_it(starts: str, merged: bool) -> None:
    # +72 h is on the 19th at 10:00; the reminder two days before is due on the 19th too.
    schedule = planned("2026-11-16 10:00", starts)
    assert (reasons(schedule).get("before_48h") is SkipReason.MERGED) == merged
    assert find(schedule, "after_72h").with_appointment == merged


def test_steps_that_were_decided_before_are_not_planned_again() -> None:
    already = frozenset({"after_3h", "after_24h", "before_48h"})
    schedule = planned("2026-11-16 10:00", "2026-11-24 10:00", recorded="2026-11-17 11:00", already=already)
    assert [entry.step for entry in schedule.planned] == ["after_72h", "after_7d", "eve", "before_3h"]
    assert not already & reasons(schedule).keys()


def test_nothing_is_left_when_all_was_decided_before() -> None:
    schedule = planned("2026-11-16 10:00", already=frozenset({"after_3h", "after_24h", "after_72h", "after_7d"}))
    assert schedule == Schedule((), ())


# Reminders alone.


def reminded(starts: str, made: str = "2026-11-01 12:00", family: Family = Family.FACE) -> Schedule:
    return plan_appointment(plan_of(family), starts_at=local(starts), planned_at=local(made), zone=PARIS)


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        (
            "2026-11-20 15:00",
            [
                ("before_48h", "2026-11-18 15:00", "2026-11-19 18:00"),
                ("before_24h", "2026-11-19 18:00", "2026-11-20 11:00"),
                ("before_3h", "2026-11-20 12:00", "2026-11-20 14:30"),
            ],
        ),
        (
            "2026-11-20 08:00",
            [
                ("before_48h", "2026-11-18 09:00", "2026-11-19 18:00"),
                ("before_24h", "2026-11-19 18:00", "2026-11-20 04:00"),
            ],
        ),
        (
            "2026-11-20 21:30",
            [
                ("before_48h", "2026-11-18 20:30", "2026-11-19 18:00"),
                ("before_24h", "2026-11-19 18:00", "2026-11-20 17:30"),
                ("before_3h", "2026-11-20 18:30", "2026-11-20 21:00"),
            ],
        ),
        (
            "2026-10-26 10:00",
            [
                ("before_48h", "2026-10-24 10:00", "2026-10-25 18:00"),
                ("before_24h", "2026-10-25 18:00", "2026-10-26 06:00"),
                ("before_3h", "2026-10-26 09:00", "2026-10-26 09:30"),
            ],
        ),
    ],
)
def test_the_reminders_of_an_appointment(starts: str, expected: list[tuple[str, str, str]]) -> None:
    schedule = reminded(starts, "2026-10-01 12:00")
    assert [(e.step, shown(e.due_at), shown(e.not_after)) for e in schedule.planned] == expected
    for entry in schedule.planned:
        assert (entry.kind, entry.check_kind, entry.nominal_hours) == (PlannedKind.REMINDER, None, None)


@pytest.mark.parametrize(
    ("starts", "due"),
    [
        ("2026-11-20 12:00", "2026-11-20 09:00"),
        ("2026-11-20 11:59", "2026-11-20 09:00"),
        ("2026-11-20 10:00", "2026-11-20 09:00"),
        ("2026-11-20 09:59", None),
        ("2026-11-20 00:30", None),
        ("2026-11-20 23:59", "2026-11-20 20:59"),
    ],
)
def test_the_short_reminder_waits_for_the_morning_or_is_left_out(starts: str, due: str | None) -> None:
    schedule = reminded(starts)
    assert [shown(e.due_at) for e in schedule.planned if e.step == "before_3h"] == ([due] if due else [])
    assert (reasons(schedule).get("before_3h") is SkipReason.TOO_CLOSE) == (due is None)


@pytest.mark.parametrize(
    ("made", "steps"),
    [
        ("2026-11-18 15:00", ["before_48h", "before_24h", "before_3h"]),
        ("2026-11-18 15:01", ["before_24h", "before_3h"]),
        ("2026-11-19 18:00", ["before_24h", "before_3h"]),
        ("2026-11-19 18:01", ["before_3h"]),
        ("2026-11-20 12:01", []),
    ],
)
def test_a_reminder_whose_time_has_passed_is_not_caught_up(made: str, steps: list[str]) -> None:
    schedule = reminded("2026-11-20 15:00", made)
    assert [entry.step for entry in schedule.planned] == steps
    assert set(reasons(schedule).values()) <= {SkipReason.PAST}


def test_naive_times_are_refused() -> None:
    naive = datetime.fromisoformat("2026-11-20 10:00")
    plan, aware = plan_of(Family.FACE), local("2026-11-20 10:00")
    for ended, recorded, appointment in (
        (naive, aware, None),
        (aware, naive, None),
        (aware, aware, naive),
    ):
        with pytest.raises(ValueError, match="naive"):
            plan_session(
                plan,
                ended_at=ended,
                recorded_at=recorded,
                next_appointment=appointment,
                is_last=False,
                interval_days=7,
                zone=PARIS,
            )
    with pytest.raises(ValueError, match="naive"):
        plan_appointment(plan, starts_at=naive, planned_at=aware, zone=PARIS)
    with pytest.raises(ValueError, match="naive"):
        plan_appointment(plan, starts_at=aware, planned_at=naive, zone=PARIS)


# Properties.


@st.composite
def sessions(draw: st.DrawFn) -> tuple[CarePlan, datetime, datetime, datetime | None, bool, int, ZoneInfo]:
    ended = draw(MOMENTS)
    recorded = ended + timedelta(minutes=draw(st.integers(0, 30 * 24 * 60)))
    gap = draw(st.none() | st.integers(1, 60 * 24 * 60))
    appointment = None if gap is None else ended + timedelta(minutes=gap)
    return (
        plan_of(draw(st.sampled_from(Family))),
        ended,
        recorded,
        appointment,
        draw(st.booleans()),
        draw(st.integers(1, 60)),
        draw(st.sampled_from(CHANGING_ZONES)),
    )


@given(sessions())
def test_every_schedule_keeps_the_promises(
    case: tuple[CarePlan, datetime, datetime, datetime | None, bool, int, ZoneInfo],
) -> None:
    plan, ended, recorded, appointment, is_last, interval_days, zone = case
    schedule = plan_session(
        plan,
        ended_at=ended,
        recorded_at=recorded,
        next_appointment=appointment,
        is_last=is_last,
        interval_days=interval_days,
        zone=zone,
    )
    following = None if is_last else appointment
    steps = applicable_steps(
        plan,
        ended_at=ended,
        next_appointment=following,
        is_last=is_last,
        interval_days=interval_days,
        zone=zone,
    )
    expected = [step.key for step in steps]
    if following is not None:
        expected += [reminder.key for reminder in plan.reminders]
    given_once = [entry.step for entry in schedule.planned] + [entry.step for entry in schedule.left_out]
    assert sorted(given_once) == sorted(expected)

    dues = [entry.due_at for entry in schedule.planned]
    assert dues == sorted(dues)
    checks = [entry for entry in schedule.planned if entry.kind is PlannedKind.CHECK_IN]
    for entry in schedule.planned:
        assert recorded <= entry.due_at < entry.not_after
        assert not is_quiet(entry.due_at, zone)
        assert entry.due_at.utcoffset() == timedelta(0)
        assert following is None or entry.not_after <= following
        for check in checks:
            assert check is entry or abs(check.due_at - entry.due_at) >= TWO_HOURS
    for check in checks:
        assert check.due_at >= ended
        assert following is None or check.due_at <= following - TWO_HOURS
    assert following is not None or not any(entry.with_appointment for entry in schedule.planned)
