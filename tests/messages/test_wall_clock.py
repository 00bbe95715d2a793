from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.wall_clock import (
    check_aware,
    digest_at,
    hours_since,
    moment,
    offered_next,
    wall_clock_add,
    wall_clock_after,
)
from tests.messages.moments import CHANGING_ZONES, MOMENTS, NAIVE, PARIS, local

CHANGES = [
    ("Europe/Paris", date(2026, 3, 29)),
    ("Europe/Paris", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Africa/Casablanca", date(2026, 2, 15)),
    ("Africa/Casablanca", date(2026, 3, 22)),
]


@pytest.mark.parametrize(("name", "changes_on"), CHANGES)
def test_a_week_later_is_the_same_hour_across_each_change(name: str, changes_on: date) -> None:
    zone = ZoneInfo(name)
    before = moment(changes_on - timedelta(days=3), time(10, 15), zone)
    after = wall_clock_add(before, days=7, zone=zone)
    assert after.astimezone(zone).time() == time(10, 15)
    assert after.astimezone(zone).date() == changes_on + timedelta(days=4)
    assert after - before != timedelta(days=7)
    assert hours_since(before, after, zone) == 168.0


@pytest.mark.parametrize(
    ("name", "skipped", "shown"),
    [
        ("Europe/Paris", "2026-03-29 02:30", "03:30"),
        ("America/New_York", "2026-03-08 02:30", "03:30"),
        ("Australia/Lord_Howe", "2026-10-04 02:15", "02:45"),
        ("Africa/Casablanca", "2026-03-22 02:30", "03:30"),
    ],
)
def test_a_skipped_time_moves_forward(name: str, skipped: str, shown: str) -> None:
    zone, wanted = ZoneInfo(name), datetime.fromisoformat(skipped)
    week_before = moment(wanted.date() - timedelta(days=7), wanted.time(), zone)
    assert f"{wall_clock_add(week_before, days=7, zone=zone).astimezone(zone):%H:%M}" == shown


@pytest.mark.parametrize(
    ("name", "doubled"),
    [
        ("Europe/Paris", "2026-10-25 02:30"),
        ("America/New_York", "2026-11-01 01:30"),
        ("Australia/Lord_Howe", "2026-04-05 01:45"),
        ("Africa/Casablanca", "2026-02-15 02:30"),
    ],
)
def test_a_doubled_time_is_the_first(name: str, doubled: str) -> None:
    zone, wanted = ZoneInfo(name), datetime.fromisoformat(doubled)
    week_before = moment(wanted.date() - timedelta(days=7), wanted.time(), zone)
    found = wall_clock_add(week_before, days=7, zone=zone)
    assert found == local(doubled, zone, fold=0) < local(doubled, zone, fold=1)


def test_no_days_is_the_same_moment_even_when_doubled() -> None:
    second = local("2026-10-25 02:30", fold=1)
    assert wall_clock_add(second, days=0, zone=PARIS) == second


@given(MOMENTS, st.integers(1, 400), st.sampled_from(CHANGING_ZONES))
def test_the_local_hour_is_kept_unless_it_is_skipped(at: datetime, days: int, zone: ZoneInfo) -> None:
    here = at.astimezone(zone)
    later = wall_clock_add(at, days=days, zone=zone).astimezone(zone)
    wanted = datetime.combine(here.date() + timedelta(days=days), here.time())
    naive = later.replace(tzinfo=None)
    if naive == wanted:
        assert later.fold == 0
        return
    assert wanted < naive <= wanted + timedelta(hours=1)
    skipped = wanted.replace(tzinfo=zone)
    assert skipped.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wanted


@pytest.mark.parametrize(
    ("delay", "expected"),
    [
        (timedelta(hours=3), "2026-03-29 04:30"),
        (timedelta(hours=24), "2026-03-30 00:30"),
        (timedelta(days=3), "2026-04-01 00:30"),
    ],
)
def test_hours_are_elapsed_and_days_are_on_the_wall(delay: timedelta, expected: str) -> None:
    assert wall_clock_after(local("2026-03-29 00:30"), delay, PARIS) == local(expected)


@pytest.mark.parametrize(
    ("ended", "at", "hours"),
    [
        ("2026-11-20 10:00", "2026-11-20 13:00", 3.0),
        ("2026-11-20 10:00", "2026-11-20 09:00", 0.0),
        ("2026-11-20 10:00", "2026-11-20 10:00", 0.0),
        ("2026-10-24 10:00", "2026-10-27 10:00", 72.0),
        ("2026-10-24 10:00", "2026-10-27 10:30", 72.5),
        ("2026-03-28 10:00", "2026-03-31 10:00", 72.0),
        ("2026-03-28 10:00", "2026-03-31 09:30", 71.5),
        ("2026-03-28 10:00", "2026-03-29 09:30", 22.5),
    ],
)
def test_hours_since_a_session(ended: str, at: str, hours: float) -> None:
    assert hours_since(local(ended), local(at), PARIS) == hours


def test_the_longest_day_of_the_year_has_24_hours_too() -> None:
    ended = local("2026-10-24 10:00")
    assert hours_since(ended, local("2026-10-25 09:59"), PARIS) == 24.0
    assert hours_since(ended, local("2026-10-25 10:00"), PARIS) == 24.0


@given(MOMENTS, st.integers(0, 10_000), st.integers(0, 10_000), st.sampled_from(CHANGING_ZONES))
def test_hours_never_fall_as_time_goes_on(ended: datetime, one: int, other: int, zone: ZoneInfo) -> None:
    sooner, later = sorted((ended + timedelta(minutes=one), ended + timedelta(minutes=other)))
    assert hours_since(ended, sooner, zone) <= hours_since(ended, later, zone)
    elapsed = (later - ended) / timedelta(hours=1)
    assert abs(hours_since(ended, later, zone) - elapsed) <= 1.0


@given(MOMENTS, st.integers(0, 400), st.sampled_from(CHANGING_ZONES))
def test_whole_days_on_the_wall_are_whole_days_of_hours(ended: datetime, days: int, zone: ZoneInfo) -> None:
    at = wall_clock_add(ended, days=days, zone=zone)
    assert hours_since(ended, at, zone) == days * 24.0


@pytest.mark.parametrize(
    ("ended", "days", "offered"),
    [
        ("2026-11-20 10:30", 7, "2026-11-27 10:30"),
        ("2026-11-20 10:44", 7, "2026-11-27 10:30"),
        ("2026-11-20 10:45", 28, "2026-12-18 10:45"),
        ("2026-10-20 10:00", 7, "2026-10-27 10:00"),
    ],
)
def test_the_offered_appointment_is_at_the_same_hour(ended: str, days: int, offered: str) -> None:
    assert offered_next(local(ended), days, PARIS) == local(offered)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2026-11-20 08:29", "2026-11-20 08:30"),
        ("2026-11-20 08:30", "2026-11-21 08:30"),
        ("2026-11-20 08:31", "2026-11-21 08:30"),
        ("2026-10-24 09:00", "2026-10-25 08:30"),
    ],
)
def test_the_digest_is_at_the_next_such_time_strictly_after(after: str, expected: str) -> None:
    assert digest_at(local(after), time(8, 30), PARIS) == local(expected)


def test_naive_times_are_refused() -> None:
    for refused in (
        lambda: check_aware(NAIVE),
        lambda: wall_clock_add(NAIVE, days=1, zone=PARIS),
        lambda: wall_clock_add(NAIVE, days=0, zone=PARIS),
        lambda: wall_clock_after(NAIVE, timedelta(hours=3), PARIS),
        lambda: hours_since(NAIVE, local("2026-11-20 10:00"), PARIS),
        lambda: hours_since(local("2026-11-20 10:00"), NAIVE, PARIS),
        lambda: offered_next(NAIVE, 7, PARIS),
        lambda: digest_at(NAIVE, time(8), PARIS),
    ):
        with pytest.raises(ValueError, match="naive"):
            refused()
