from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.quiet_hours import is_quiet
from messages.timing import hours_for_grading, nudge_at, reask_at, silence_alert_at, silent_at
from tests.messages.moments import MOMENTS, NAIVE, PARIS, local


@pytest.mark.parametrize(
    ("answered", "hours", "asked"),
    [
        ("2026-11-20 20:59", 12, "2026-11-21 09:00"),
        ("2026-11-20 10:00", 12, "2026-11-20 20:30"),
        ("2026-11-20 10:00", 24, "2026-11-21 10:00"),
        ("2026-11-20 23:00", 24, "2026-11-21 20:30"),
        ("2026-11-20 10:00", 168, "2026-11-27 10:00"),
        ("2026-10-24 10:00", 24, "2026-10-25 10:00"),
        ("2026-11-20 23:00", 12, "2026-11-21 11:00"),
    ],
)
def test_what_is_watched_is_asked_again_out_of_quiet_hours(answered: str, hours: int, asked: str) -> None:
    assert reask_at(local(answered), hours, next_check_due=None, zone=PARIS) == local(asked)


@pytest.mark.parametrize(
    ("next_check", "asked"),
    [
        ("2026-11-20 12:00", False),
        ("2026-11-21 09:59", False),
        ("2026-11-21 10:00", False),
        ("2026-11-21 11:59", False),
        ("2026-11-21 12:00", True),
        ("2026-11-23 10:00", True),
    ],
)
def test_a_planned_check_before_or_within_two_hours_asks_the_same(next_check: str, asked: bool) -> None:
    again = reask_at(local("2026-11-20 10:00"), 24, next_check_due=local(next_check), zone=PARIS)
    assert again == (local("2026-11-21 10:00") if asked else None)


@pytest.mark.parametrize(
    ("sent", "nudged"),
    [
        ("2026-11-20 09:00", "2026-11-20 15:00"),
        ("2026-11-20 14:59", "2026-11-20 20:59"),
        ("2026-11-20 15:00", "2026-11-20 20:30"),
        ("2026-11-20 18:00", "2026-11-21 09:00"),
        ("2026-11-20 20:30", "2026-11-21 09:00"),
    ],
)
def test_the_nudge_comes_after_six_hours_out_of_quiet_hours(sent: str, nudged: str) -> None:
    assert nudge_at(local(sent), PARIS) == local(nudged)


def test_silence_is_noted_after_a_day_and_alerts_six_hours_past_the_nudge() -> None:
    sent = local("2026-11-20 09:00")
    assert silent_at(sent) == sent + timedelta(hours=24)
    assert silence_alert_at(sent) == sent + timedelta(hours=6)


@pytest.mark.parametrize(
    ("answered", "hours"),
    [
        ("2026-11-19 10:00", 72.0),
        ("2026-11-19 16:00", 72.0),
        ("2026-11-19 16:01", 78 + 1 / 60),
        ("2026-11-20 10:00", 96.0),
        ("2026-11-19 09:00", 71.0),
    ],
)
def test_an_answer_within_six_hours_counts_as_its_check(answered: str, hours: float) -> None:
    ended, due = local("2026-11-16 10:00"), local("2026-11-19 10:00")
    assert hours_for_grading(ended, due_at=due, answered_at=local(answered), zone=PARIS) == pytest.approx(hours)


def test_naive_times_are_refused() -> None:
    for refused in (
        lambda: reask_at(NAIVE, 12, next_check_due=None, zone=PARIS),
        lambda: reask_at(local("2026-11-20 10:00"), 12, next_check_due=NAIVE, zone=PARIS),
        lambda: nudge_at(NAIVE, PARIS),
        lambda: silent_at(NAIVE),
        lambda: silence_alert_at(NAIVE),
        lambda: hours_for_grading(NAIVE, due_at=NAIVE, answered_at=NAIVE, zone=PARIS),
    ):
        with pytest.raises(ValueError, match="naive"):
            refused()


@given(
    MOMENTS,
    st.sampled_from([12, 24, 168]),
)
def test_nothing_is_asked_again_in_quiet_hours_or_at_once(at: datetime, hours: int) -> None:
    again = reask_at(at, hours, next_check_due=None, zone=PARIS)
    assert again is not None
    for asked in (again, nudge_at(at, PARIS)):
        assert not is_quiet(asked, PARIS)
        assert asked - at >= timedelta(minutes=90)
