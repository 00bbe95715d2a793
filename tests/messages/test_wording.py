"""Dates, durations and lists read as a person of the language would write them."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from messages import wording

PARIS = ZoneInfo("Europe/Paris")
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def test_dates_are_shown_in_the_readers_zone_and_language() -> None:
    assert wording.date_and_time(AT, PARIS, "en") == "Friday 20 November, 10:30"
    assert wording.date_and_time(AT, PARIS, "fr") == "vendredi 20 novembre à 10\xa0h\xa030"
    assert wording.short_date_and_time(AT, PARIS, "en") == "Fri 20 Nov, 10:30"
    assert wording.short_date_and_time(AT, PARIS, "fr") == "ven. 20 nov. à 10\xa0h\xa030"
    assert wording.day(AT, PARIS, "en") == "Friday 20 November"
    assert wording.time_of_day(AT, ZoneInfo("America/New_York"), "en") == "04:30"


def test_the_same_moment_is_another_day_elsewhere() -> None:
    late = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    assert wording.day(late, PARIS, "en") == "Saturday 21 November"
    assert wording.day(late, ZoneInfo("America/New_York"), "en") == "Friday 20 November"


@pytest.mark.parametrize(
    ("days", "english", "french"),
    [
        (-1, "yesterday", "hier"),
        (0, "today", "aujourd’hui"),
        (1, "tomorrow", "demain"),
        (2, "Sunday 22 November", "dimanche 22 novembre"),
    ],
)
def test_near_days_have_names(days: int, english: str, french: str) -> None:
    at = AT + timedelta(days=days)
    assert wording.relative_day(at, AT, PARIS, "en") == english
    assert wording.relative_day(at, AT, PARIS, "fr") == french
    assert wording.relative_date_and_time(at, AT, PARIS, "en") == f"{english}, 10:30"


def test_tomorrow_is_a_matter_of_the_calendar_not_of_24_hours() -> None:
    before_midnight = datetime(2026, 11, 20, 22, 50, tzinfo=UTC)
    assert wording.relative_day(before_midnight + timedelta(minutes=20), before_midnight, PARIS, "en") == "tomorrow"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        wording.day(datetime(2026, 11, 20), PARIS, "en")  # noqa: DTZ001


@pytest.mark.parametrize(
    ("minutes", "english", "french"),
    [
        (-5, "1 minute", "1 minute"),
        (0, "1 minute", "1 minute"),
        (10, "10 minutes", "10 minutes"),
        (60, "1 hour", "1 heure"),
        (100, "1 hour 40 minutes", "1 heure 40 minutes"),
        (121, "2 hours 1 minute", "2 heures 1 minute"),
        (185, "3 hours", "3 heures"),
        (26 * 60 + 59, "26 hours", "26 heures"),
        (49 * 60, "2 days", "2 jours"),
        (84 * 24 * 60, "84 days", "84 jours"),
    ],
)
def test_durations_are_as_exact_as_needed(minutes: int, english: str, french: str) -> None:
    length = timedelta(minutes=minutes)
    assert wording.duration(length, "en") == english
    assert wording.duration(length, "fr").replace("\xa0", " ") == french


def test_answer_hours_stand_after_between() -> None:
    assert wording.hours_between(time(9), time(18), "en") == "09:00 and 18:00"
    assert wording.hours_between(time(9), time(18, 30), "fr") == "9\xa0h\xa000 et 18\xa0h\xa030"


def test_lists_are_joined_as_the_language_does() -> None:
    assert wording.join(["a", "b", "c"], "en") == "a, b and c"
    assert wording.join(["a", "b"], "fr") == "a et b"
    assert wording.join(["a"], "en") == "a"
    assert wording.join([], "en") == ""
