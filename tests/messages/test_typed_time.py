from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.errors import PersonError
from messages.typed_time import (
    Prefer,
    WhenError,
    check_appointment_time,
    check_session_time,
    parse_when,
)
from messages.wording import date_and_time
from tests.messages.moments import PARIS, local

NOW = local("2026-11-20 14:00")  # a Friday


def parsed(text: str, *, prefer: Prefer = "past", language: str = "en", now: datetime = NOW) -> datetime:
    return parse_when(text, now=now, zone=PARIS, language=language, prefer=prefer)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("10:30", "2026-11-20 10:30"),
        (" 10:30 ", "2026-11-20 10:30"),
        ("10.30", "2026-11-20 10:30"),
        ("10h30", "2026-11-20 10:30"),
        ("10 h 30", "2026-11-20 10:30"),
        ("10h", "2026-11-20 10:00"),
        ("9am", "2026-11-20 09:00"),
        ("9:15 AM", "2026-11-20 09:15"),
        ("12 am", "2026-11-20 00:00"),
        ("12pm", "2026-11-20 12:00"),
        ("1 pm", "2026-11-20 13:00"),
        ("at 10:30", "2026-11-20 10:30"),
        ("à 10h30", "2026-11-20 10:30"),
        ("yesterday 16:15", "2026-11-19 16:15"),
        ("Yesterday at 16:15", "2026-11-19 16:15"),
        ("16:15 yesterday", "2026-11-19 16:15"),
        ("hier 16h15", "2026-11-19 16:15"),
        ("hier à 16 h 15", "2026-11-19 16:15"),
        ("today 9:00", "2026-11-20 09:00"),
        ("aujourd'hui 9h", "2026-11-20 09:00"),
        ("aujourd’hui 9h", "2026-11-20 09:00"),
        ("today 16:00", "2026-11-20 16:00"),
        ("tomorrow 9", "2026-11-21 09:00"),
        ("demain 9h", "2026-11-21 09:00"),
        ("20.11. 10:30", "2026-11-20 10:30"),
        ("20.11 10:30", "2026-11-20 10:30"),
        ("19.11. 10.30", "2026-11-19 10:30"),
        ("10:30 20.11.", "2026-11-20 10:30"),
        ("20.11.2026 10:30", "2026-11-20 10:30"),
        ("20.11.26 10:30", "2026-11-20 10:30"),
        ("20/11/2026 10:30", "2026-11-20 10:30"),
        ("20/11 10:30", "2026-11-20 10:30"),
        ("2026-11-20 10:30", "2026-11-20 10:30"),
        ("20 Nov 10:30", "2026-11-20 10:30"),
        ("20 nov. 10:30", "2026-11-20 10:30"),
        ("Nov 20 10:30", "2026-11-20 10:30"),
        ("20th November 2026, 10:30", "2026-11-20 10:30"),
        ("20 novembre 10h30", "2026-11-20 10:30"),
        ("10h30 le 20 novembre", "2026-11-20 10:30"),
        ("10h 20 novembre", "2026-11-20 10:00"),
        ("1er août 2026 10h", "2026-08-01 10:00"),
        ("1 AOUT 10h", "2026-08-01 10:00"),
        ("3 mar 10h", "2026-03-03 10:00"),
        ("Monday 10:30", "2026-11-16 10:30"),
        ("mon 10:30", "2026-11-16 10:30"),
        ("lundi 10h", "2026-11-16 10:00"),
        ("mar. 10h", "2026-11-17 10:00"),
        ("Friday 10:30", "2026-11-20 10:30"),
        ("Friday 14:00", "2026-11-20 14:00"),
        ("Friday 14:01", "2026-11-13 14:01"),
        ("Friday 20 November 10:30", "2026-11-20 10:30"),
        ("vendredi 20 novembre à 10h30", "2026-11-20 10:30"),
    ],
)
def test_what_people_type_for_the_past(text: str, meant: str, language: str) -> None:
    assert parsed(text, language=language) == local(meant)


@pytest.mark.parametrize(
    ("text", "prefer", "meant"),
    [
        ("14:00", "past", "2026-11-20 14:00"),
        ("14:01", "past", "2026-11-19 14:01"),
        ("14:00", "future", "2026-11-20 14:00"),
        ("13:59", "future", "2026-11-21 13:59"),
        ("20.11", "past", "2026-11-19 20:11"),
        ("20.11", "future", "2026-11-20 20:11"),
        ("Friday 13:59", "future", "2026-11-27 13:59"),
        ("Friday 14:00", "future", "2026-11-20 14:00"),
        ("Thursday 10:00", "future", "2026-11-26 10:00"),
        ("15.06. 10:00", "past", "2026-06-15 10:00"),
        ("15.06. 10:00", "future", "2027-06-15 10:00"),
        ("27.11. 10:00", "future", "2026-11-27 10:00"),
        ("29.02. 10:00", "future", "2028-02-29 10:00"),
        ("29.02. 10:00", "past", "2024-02-29 10:00"),
    ],
)
def test_the_nearest_on_the_preferred_side(text: str, prefer: Prefer, meant: str) -> None:
    assert parsed(text, prefer=prefer) == local(meant)


@pytest.mark.parametrize(
    ("text", "prefer", "meant"),
    [
        ("20.11. 16:00", "past", "2026-11-20 16:00"),
        ("20.12. 14:00", "past", "2026-12-20 14:00"),
        ("20.12. 14:01", "past", "2025-12-20 14:01"),
        ("19.11. 10:00", "future", "2026-11-19 10:00"),
        ("21.10. 14:00", "future", "2027-10-21 14:00"),
    ],
)
def test_a_date_slightly_on_the_wrong_side_is_a_slip_and_not_eleven_months_away(
    text: str, prefer: Prefer, meant: str
) -> None:
    assert parsed(text, prefer=prefer) == local(meant)


@pytest.mark.parametrize("text", ["now", "Now", " maintenant "])
def test_now_is_now(text: str) -> None:
    assert parsed(text) == NOW


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "soon",
        "9",
        "20 Nov",
        "20.11.",
        "Monday",
        "yesterday",
        "20 jui 10:30",
        "10:3",
        "10:300",
        "10:30:00",
        "maybe 10:30",
        "10:30 or 11:30",
        "20 Nov 2026 2026 10:30",
        "🙂",
        "10:30" + " " * 60,
        "x" * 5000,
    ],
)
def test_what_cannot_be_understood(text: str) -> None:
    with pytest.raises(WhenError) as caught:
        parsed(text)
    assert caught.value.key == "error.when_not_understood"
    assert len(str(caught.value.values["text"])) <= 60


@pytest.mark.parametrize(
    "text",
    [
        "24:00",
        "10:60",
        "yesterday 25:00",
        "13 pm",
        "0 am",
        "31.02. 10:30",
        "29.02.2026 10:30",
        "0.11. 10:30",
        "20.13. 10:30",
        "2026-13-01 10:30",
        "1969-12-31 10:30",
        "2200-01-01 10:30",
        "9999-12-31 23:59",
        "0001-01-01 00:00",
        "Monday 20 November 10:30",
        "lundi 20.11.2026 10h",
    ],
)
def test_what_does_not_exist(text: str) -> None:
    with pytest.raises(WhenError) as caught:
        parsed(text)
    assert (caught.value.key, caught.value.values) == ("error.when_no_such_date", {"text": text})


def test_slashes_are_ambiguous_in_english_and_day_first_in_french() -> None:
    with pytest.raises(WhenError) as caught:
        parsed("03/04/2026 10:30")
    assert caught.value.key == "error.when_ambiguous"
    assert parsed("03/04/2026 10:30", language="fr") == local("2026-04-03 10:30")
    assert parsed("04/04/2026 10:30") == local("2026-04-04 10:30")
    assert parsed("04/13/2026 10:30") == parsed("13/04/2026 10:30") == local("2026-04-13 10:30")
    with pytest.raises(WhenError):
        parsed("04/13/2026 10:30", language="fr")
    assert parsed("12/13/2026 10:30") == parsed("13/12/2026 10:30") == local("2026-12-13 10:30")
    assert parsed("03.04.2026 10:30") == local("2026-04-03 10:30")
    with pytest.raises(WhenError):
        parsed("12/11 10:30")


def test_a_skipped_time_moves_forward_and_a_doubled_one_is_the_first() -> None:
    assert parsed("2026-03-29 02:30") == local("2026-03-29 03:30")
    assert parsed("2026-10-25 02:30") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_naive_now_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        parsed("10:30", now=datetime.fromisoformat("2026-11-20 10:00"))


WRITTEN = st.text("0123456789:.-/ hampfjdnovlui", max_size=24)


@given(st.text(max_size=80) | WRITTEN, st.sampled_from(["en", "fr"]), st.sampled_from(["past", "future"]))
def test_any_text_is_a_moment_or_a_kind_refusal(text: str, language: str, prefer: Prefer) -> None:
    try:
        found = parsed(text, language=language, prefer=prefer)
    except WhenError:
        return
    assert found.utcoffset() == timedelta(0)


MINUTES = st.integers(60 * 24, 120_000_000).map(lambda minute: datetime.fromtimestamp(minute * 60, UTC))
"""Any minute from 1970 to 2198, read as if the clock on the wall had shown it."""


@given(MINUTES, st.sampled_from(["%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M", "%d %B %Y %Hh%M", "%H:%M %d %b %Y"]))
def test_written_dates_are_read_back(at: datetime, pattern: str) -> None:
    assert parsed(at.strftime(pattern)) == at.replace(tzinfo=PARIS).astimezone(UTC)


@given(st.timedeltas(timedelta(0), timedelta(days=180)), st.sampled_from(["en", "fr"]))
def test_what_the_bot_writes_is_read_back(ago: timedelta, language: str) -> None:
    at = (NOW - ago).astimezone(PARIS).replace(second=0, microsecond=0, fold=0).astimezone(UTC)
    text = date_and_time(at, PARIS, language)
    assert parsed(text, language=language) == at


@pytest.mark.parametrize(
    ("when", "previous", "key"),
    [
        (NOW, None, None),
        (NOW + timedelta(minutes=1), None, "error.session_in_future"),
        (NOW - timedelta(days=30), None, None),
        (NOW - timedelta(days=30, minutes=1), None, "error.session_too_old"),
        (NOW, NOW, "error.session_before_previous"),
        (NOW, NOW - timedelta(minutes=1), None),
        (NOW - timedelta(days=1), NOW, "error.session_before_previous"),
    ],
)
def test_a_session_lies_in_the_last_30_days_after_the_previous(
    when: datetime, previous: datetime | None, key: str | None
) -> None:
    if key is None:
        check_session_time(when, now=NOW, previous=previous)
        return
    with pytest.raises(PersonError) as caught:
        check_session_time(when, now=NOW, previous=previous)
    assert caught.value.key == key


@pytest.mark.parametrize(
    ("when", "after", "key"),
    [
        (NOW + timedelta(minutes=1), None, None),
        (NOW, None, "error.appointment_in_past"),
        (NOW + timedelta(days=400), None, None),
        (NOW + timedelta(days=400, minutes=1), None, "error.appointment_too_far"),
        (NOW + timedelta(days=1), NOW + timedelta(days=1), "error.appointment_before_session"),
        (NOW + timedelta(days=1), NOW, None),
    ],
)
def test_an_appointment_lies_ahead_within_400_days_after_the_session(
    when: datetime, after: datetime | None, key: str | None
) -> None:
    if key is None:
        check_appointment_time(when, now=NOW, after=after)
        return
    with pytest.raises(PersonError) as caught:
        check_appointment_time(when, now=NOW, after=after)
    assert caught.value.key == key


def test_the_limits_are_told() -> None:
    with pytest.raises(PersonError) as old:
        check_session_time(NOW - timedelta(days=31), now=NOW, previous=None)
    with pytest.raises(PersonError) as far:
        check_appointment_time(NOW + timedelta(days=401), now=NOW, after=None)
    assert (old.value.values, far.value.values) == ({"days": 30}, {"days": 400})


def test_the_first_and_the_last_year_and_the_longest_text() -> None:
    assert parsed("1970-01-01 10:30") == local("1970-01-01 10:30")
    assert parsed("2199-12-31 10:30") == local("2199-12-31 10:30")
    assert parsed("10:30".ljust(60)) == local("2026-11-20 10:30")
    with pytest.raises(WhenError):
        parsed("10:30".ljust(61))
