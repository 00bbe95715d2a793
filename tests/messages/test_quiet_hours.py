from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.quiet_hours import awake_deadline, is_quiet, next_morning, quiet_shift
from tests.messages.moments import CHANGING_ZONES, MOMENTS, PARIS, local


@pytest.mark.parametrize(
    ("clock", "quiet"),
    [
        ("20:59:59", False),
        ("21:00", True),
        ("23:59", True),
        ("00:00", True),
        ("08:59:59", True),
        ("09:00", False),
        ("12:00", False),
    ],
)
def test_quiet_is_from_21_to_9(clock: str, quiet: bool) -> None:
    assert is_quiet(local(f"2026-11-20 {clock}"), PARIS) == quiet


@pytest.mark.parametrize(
    ("at", "morning"),
    [
        ("2026-11-20 08:59", "2026-11-20 09:00"),
        ("2026-11-20 09:00", "2026-11-20 09:00"),
        ("2026-11-20 09:01", "2026-11-21 09:00"),
        ("2026-12-31 22:00", "2027-01-01 09:00"),
    ],
)
def test_the_next_morning_is_at_nine(at: str, morning: str) -> None:
    assert next_morning(local(at), PARIS) == local(morning)


@pytest.mark.parametrize(
    ("due", "earliest", "goes"),
    [
        ("2026-11-20 20:59", None, "2026-11-20 20:59"),
        ("2026-11-20 21:00", None, "2026-11-20 20:30"),
        ("2026-11-20 23:59", "2026-11-20 20:30", "2026-11-20 20:30"),
        ("2026-11-20 21:00", "2026-11-20 20:31", "2026-11-21 09:00"),
        ("2026-11-21 00:00", None, "2026-11-21 09:00"),
        ("2026-11-21 08:59", None, "2026-11-21 09:00"),
        ("2026-11-21 09:00", "2026-11-21 12:00", "2026-11-21 09:00"),
    ],
)
def test_what_is_due_in_quiet_hours_goes_at_half_past_eight_or_at_nine(
    due: str, earliest: str | None, goes: str
) -> None:
    at_least = None if earliest is None else local(earliest)
    assert quiet_shift(local(due), earliest=at_least, zone=PARIS) == local(goes)


@pytest.mark.parametrize(
    ("due", "deadline"),
    [
        ("2026-11-20 09:00", "2026-11-21 10:00"),
        ("2026-11-20 18:00", "2026-11-21 10:00"),
        ("2026-11-20 20:59", "2026-11-21 10:00"),
    ],
)
def test_a_deadline_in_the_night_moves_to_ten(due: str, deadline: str) -> None:
    assert awake_deadline(local(due), timedelta(hours=12), PARIS) == local(deadline)


def test_a_deadline_by_day_stays() -> None:
    due = local("2026-11-20 10:00")
    assert awake_deadline(due, timedelta(hours=3), PARIS) == due + timedelta(hours=3)


def test_naive_times_are_refused() -> None:
    naive = datetime.fromisoformat("2026-11-20 10:00")
    with pytest.raises(ValueError, match="naive"):
        is_quiet(naive, PARIS)
    with pytest.raises(ValueError, match="naive"):
        next_morning(naive, PARIS)
    with pytest.raises(ValueError, match="naive"):
        quiet_shift(naive, earliest=None, zone=PARIS)
    with pytest.raises(ValueError, match="naive"):
        quiet_shift(local("2026-11-20 22:00"), earliest=naive, zone=PARIS)


@given(MOMENTS, st.sampled_from(CHANGING_ZONES), st.none() | st.timedeltas(timedelta(hours=-6), timedelta(0)))
def test_shifted_is_awake_near_and_not_before_the_earliest(
    due: datetime, zone: ZoneInfo, before: timedelta | None
) -> None:
    earliest = None if before is None else due + before
    goes = quiet_shift(due, earliest=earliest, zone=zone)
    assert not is_quiet(goes, zone)
    # Eleven and a half hours at most, and one more where the clocks change that night.
    assert -timedelta(hours=4, minutes=30) <= goes - due <= timedelta(hours=13)
    assert earliest is None or goes >= earliest
    assert quiet_shift(goes, earliest=earliest, zone=zone) == goes
