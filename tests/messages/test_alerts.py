from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.alerts import (
    Climb,
    Recipient,
    Rung,
    acknowledgement_time,
    alert_notify_at,
    climb,
    first_climb_at,
    needs_night_number,
)
from messages.grading import Grade
from tests.messages.moments import MOMENTS, PARIS, local

EVERYBODY = (Recipient.PRACTITIONER, Recipient.COVER, Recipient.ADMINS)
ALERTS = [Grade.U, Grade.U_NOW, Grade.E]


NOON = local("2026-11-20 12:00")


@pytest.mark.parametrize(("grade", "minutes"), [(Grade.E, 10), (Grade.U_NOW, 15), (Grade.U, 120)])
def test_each_grade_has_its_time_to_acknowledge(grade: Grade, minutes: int) -> None:
    assert acknowledgement_time(grade) == timedelta(minutes=minutes)
    assert first_climb_at(grade, NOON, PARIS) == NOON + timedelta(minutes=minutes)


@pytest.mark.parametrize("grade", [Grade.NONE, Grade.DIGEST, Grade.WATCH])
def test_what_is_no_alert_is_refused(grade: Grade) -> None:
    with pytest.raises(ValueError, match="is no alert"):
        acknowledgement_time(grade)
    with pytest.raises(ValueError, match="is no alert"):
        alert_notify_at(grade, NOON, PARIS)
    with pytest.raises(ValueError, match="is no alert"):
        climb(grade, 0, now=NOON, clinic_zone=PARIS, has_cover=True)


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        ("2026-11-20 20:59", "2026-11-20 20:59"),
        ("2026-11-20 21:00", "2026-11-21 08:00"),
        ("2026-11-20 23:59", "2026-11-21 08:00"),
        ("2026-11-21 00:00", "2026-11-21 08:00"),
        ("2026-11-21 07:59", "2026-11-21 08:00"),
        ("2026-11-21 08:00", "2026-11-21 08:00"),
    ],
)
def test_a_plain_u_of_the_night_is_told_at_eight_the_others_at_once(raised: str, told: str) -> None:
    assert alert_notify_at(Grade.U, local(raised), PARIS) == local(told)
    assert alert_notify_at(Grade.U_NOW, local(raised), PARIS) == local(raised)
    assert alert_notify_at(Grade.E, local(raised), PARIS) == local(raised)


@pytest.mark.parametrize(
    ("raised", "needed"),
    [
        ("2026-11-20 18:59", False),
        ("2026-11-20 19:00", True),
        ("2026-11-20 21:00", True),
        ("2026-11-21 07:59", True),
        ("2026-11-21 08:00", False),
    ],
)
def test_the_patient_gets_the_night_number_when_the_first_timeout_is_at_night(raised: str, needed: bool) -> None:
    assert needs_night_number(Grade.U, local(raised), PARIS) == needed
    assert not needs_night_number(Grade.U_NOW, local(raised), PARIS)
    assert not needs_night_number(Grade.E, local(raised), PARIS)


@pytest.mark.parametrize(
    ("grade", "waits"),
    [
        (Grade.E, (10, 10, 20, 40, 60, 60)),
        (Grade.U_NOW, (15, 15, 30, 60, 60, 60)),
        (Grade.U, (120, 120, 120)),
    ],
)
def test_the_ladder_from_the_practitioner_to_everybody(grade: Grade, waits: tuple[int, ...]) -> None:
    rung, now = int(Rung.PRACTITIONER), NOON
    seen: list[tuple[tuple[Recipient, ...], bool]] = []
    for wait in waits:
        step = climb(grade, rung, now=now, clinic_zone=PARIS, has_cover=True)
        assert step.next_at == now + timedelta(minutes=wait)
        assert step.next_rung == rung + 1
        seen.append((step.recipients, step.tell_patient))
        rung, now = step.next_rung, step.next_at
    assert seen[0] == ((Recipient.COVER,), True)
    assert seen[1] == ((Recipient.ADMINS,), False)
    assert set(seen[2:]) == {(EVERYBODY, False)}


def test_stored_rungs_keep_their_numbers() -> None:
    assert [rung.value for rung in (Rung.PRACTITIONER, Rung.COVER, Rung.ADMINS, Rung.EVERYBODY)] == [0, 1, 2, 3]


def test_without_a_cover_the_admins_are_next() -> None:
    first = climb(Grade.E, 0, now=NOON, clinic_zone=PARIS, has_cover=False)
    assert first == Climb(Rung.ADMINS, (Recipient.ADMINS,), True, NOON + timedelta(minutes=10))
    second = climb(Grade.E, first.next_rung, now=NOON, clinic_zone=PARIS, has_cover=False)
    assert second.recipients == (Recipient.PRACTITIONER, Recipient.ADMINS)
    assert second.next_at == NOON + timedelta(minutes=20)


def test_a_plain_u_does_not_climb_at_night_and_others_do() -> None:
    evening = local("2026-11-20 19:30")
    assert first_climb_at(Grade.U, evening, PARIS) == local("2026-11-21 08:00")
    assert first_climb_at(Grade.U, local("2026-11-20 18:59"), PARIS) == local("2026-11-20 20:59")
    assert climb(Grade.U, 2, now=evening, clinic_zone=PARIS, has_cover=True).next_at == local("2026-11-21 08:00")
    night = local("2026-11-21 02:00")
    assert first_climb_at(Grade.E, night, PARIS) == night + timedelta(minutes=10)
    assert climb(Grade.U_NOW, 1, now=night, clinic_zone=PARIS, has_cover=True).next_at == night + timedelta(minutes=15)


def test_a_negative_rung_is_refused() -> None:
    with pytest.raises(ValueError, match="not a rung"):
        climb(Grade.E, -1, now=NOON, clinic_zone=PARIS, has_cover=True)


def test_naive_times_are_refused() -> None:
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(ValueError, match="naive"):
        alert_notify_at(Grade.E, naive, PARIS)
    with pytest.raises(ValueError, match="naive"):
        climb(Grade.E, 0, now=naive, clinic_zone=PARIS, has_cover=True)


@given(
    st.sampled_from(ALERTS),
    st.integers(0, 5000),
    MOMENTS,
    st.booleans(),
)
def test_it_never_ends_and_always_reaches_somebody(grade: Grade, rung: int, now: datetime, has_cover: bool) -> None:
    step = climb(grade, rung, now=now, clinic_zone=PARIS, has_cover=has_cover)
    assert step.next_rung > rung
    assert step.recipients
    assert (Recipient.COVER in step.recipients) <= (has_cover or rung == Rung.PRACTITIONER)
    assert step.tell_patient == (rung == Rung.PRACTITIONER)
    assert timedelta(minutes=10) <= step.next_at - now
    assert grade is Grade.U or step.next_at - now <= timedelta(hours=1)
    if grade is Grade.U:
        assert 8 <= step.next_at.astimezone(PARIS).hour < 21
