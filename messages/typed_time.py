"""Dates and times as people type them: "10:30", "yesterday 16:15", "hier 16h15", "20.11. 10:30".

Names of months and days are understood in every language the bot speaks, whoever types them.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal, NoReturn
from zoneinfo import ZoneInfo

from messages.errors import PersonError
from messages.time_words import TimeWords, plain, time_words
from messages.wall_clock import DAY, check_aware, moment

Prefer = Literal["past", "future"]

OLDEST_SESSION = timedelta(days=30)
FARTHEST_APPOINTMENT = timedelta(days=400)

_SLIP = timedelta(days=30)
"""A date without a year this near on the wrong side is a slip, and not a date eleven months away."""

_YEARS = range(1970, 2200)
_LONGEST = 60
_TIME = re.compile(r"([0-9]{1,2})(?:[:.]([0-9]{2})|h([0-9]{2})?)?(am|pm)?")
_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_NUMBERS = re.compile(r"([0-9]{1,2})([./])([0-9]{1,2})(?:[./]([0-9]{4}|[0-9]{2})?)?")
_DAY_NUMBER = re.compile(r"([0-9]{1,2})(?:\.|[a-z]{2})?")
_YEAR = re.compile(r"[0-9]{4}")


class WhenError(PersonError):
    """A typed time that cannot be understood, or that does not exist."""


@dataclass(frozen=True)
class _Day:
    """What was said about the day: as much as was typed, not yet checked against a calendar."""

    offset: int | None = None
    weekday: int | None = None
    year: int | None = None
    month: int | None = None
    day: int | None = None
    ambiguous: bool = False


def parse_when(text: str, *, now: datetime, zone: ZoneInfo, language: str, prefer: Prefer = "past") -> datetime:
    """The UTC moment that a person meant on the clocks of `zone`.

    A time alone is today's, or, when that is on the other side of `now` than `prefer`, yesterday's or
    tomorrow's; a weekday, or a date without a year, is the nearest in that direction. A time that a clock
    change skips moves forward, a doubled one is the first. "20.11" alone is ten past eight in the evening,
    before a time it is a date. Raises WhenError, and nothing else whatever was typed.
    """
    check_aware(now)
    words = time_words(language)
    tokens = _tokens(text, words)
    if len(text) > _LONGEST or not tokens:
        _refuse("error.when_not_understood", text)
    if len(tokens) == 1 and tokens[0] in words.now:
        return now
    split = _split(tokens, words)
    if split is None:
        _refuse("error.when_not_understood", text)
    typed_time, day = split
    if day.ambiguous:
        _refuse("error.when_ambiguous", text)
    hour = _time(typed_time)
    found = None if hour is None else _resolve(day, hour, now, zone, prefer)
    return found if found is not None else _refuse("error.when_no_such_date", text)


def check_session_time(when: datetime, *, now: datetime, previous: datetime | None) -> None:
    """Raises PersonError for a session in the future, over 30 days ago, or not after the previous one."""
    check_aware(when)
    if when > now:
        raise PersonError("error.session_in_future")
    if now - when > OLDEST_SESSION:
        raise PersonError("error.session_too_old", {"days": OLDEST_SESSION.days})
    if previous is not None and when <= previous:
        raise PersonError("error.session_before_previous")


def check_appointment_time(when: datetime, *, now: datetime, after: datetime | None) -> None:
    """Raises PersonError for an appointment not ahead, over 400 days away, or not after the session."""
    check_aware(when)
    if when <= now:
        raise PersonError("error.appointment_in_past")
    if when - now > FARTHEST_APPOINTMENT:
        raise PersonError("error.appointment_too_far", {"days": FARTHEST_APPOINTMENT.days})
    if after is not None and when <= after:
        raise PersonError("error.appointment_before_session")


def _refuse(key: str, text: str) -> NoReturn:
    raise WhenError(key, {"text": text.strip()[:_LONGEST]})


def _tokens(text: str, words: TimeWords) -> list[str]:
    spaced = plain(text[: _LONGEST + 1]).replace(",", " ")
    joined = re.sub(r"\b([0-9]{1,2}) ?(h|am|pm)\b", r"\1\2", " ".join(spaced.split()))
    tokens = [token for token in joined.split() if token not in words.ignored]
    # "16 h 15" is French typography; "10h 20 novembre" is a time before a date and stays apart.
    if len(tokens) > 1 and re.fullmatch(r"[0-9]{1,2}h", tokens[-2]) and re.fullmatch(r"[0-9]{2}", tokens[-1]):
        tokens[-2:] = [tokens[-2] + tokens[-1]]
    return tokens


def _split(tokens: list[str], words: TimeWords) -> tuple[re.Match[str], _Day] | None:
    """The time, at the end or at the beginning, and the day that the other words say."""
    for typed, rest in ((tokens[-1], tokens[:-1]), (tokens[0], tokens[1:])):
        match = _TIME.fullmatch(typed)
        day = _day(rest, words)
        if match is not None and day is not None and (rest or not typed.isdecimal()):
            return match, day
    return None


def _time(match: re.Match[str]) -> time | None:
    hour, minute = int(match[1]), int(match[2] or match[3] or 0)
    if match[4]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match[4] == "pm" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _day(tokens: list[str], words: TimeWords) -> _Day | None:
    if not tokens:
        return _Day()
    if len(tokens) == 1 and tokens[0] in words.days:
        return _Day(offset=words.days[tokens[0]])
    weekday = words.weekday(tokens[0])
    if weekday is None:
        return _date(tokens, words, None)
    return _Day(weekday=weekday) if len(tokens) == 1 else _date(tokens[1:], words, weekday)


def _date(tokens: list[str], words: TimeWords, weekday: int | None) -> _Day | None:
    if len(tokens) == 1:
        if match := _ISO.fullmatch(tokens[0]):
            return _Day(weekday=weekday, year=int(match[1]), month=int(match[2]), day=int(match[3]))
        match = _NUMBERS.fullmatch(tokens[0])
        return None if match is None else _numbers(match, words, weekday)
    year = int(tokens[2]) if len(tokens) == 3 and _YEAR.fullmatch(tokens[2]) else None
    if len(tokens) > 3 or (len(tokens) == 3 and year is None):
        return None
    for number, name in (tokens[:2], tokens[1::-1]):
        match, month = _DAY_NUMBER.fullmatch(number), words.month(name)
        if match is not None and month is not None:
            return _Day(weekday=weekday, year=year, month=month, day=int(match[1]))
    return None


def _numbers(match: re.Match[str], words: TimeWords, weekday: int | None) -> _Day:
    """Day before month. With slashes, where the language writes both orders, only what has one reading."""
    day, month = int(match[1]), int(match[3])
    either = match[2] == "/" and words.slashes_read_both_ways
    if either and day <= 12 < month:
        day, month = month, day
    year = None if match[4] is None else int(match[4]) + (2000 if len(match[4]) == 2 else 0)
    return _Day(
        weekday=weekday,
        year=year,
        month=month,
        day=day,
        ambiguous=either and max(day, month) <= 12 and day != month,
    )


def _resolve(day: _Day, at: time, now: datetime, zone: ZoneInfo, prefer: Prefer) -> datetime | None:
    """The moment meant, or None where there is none."""
    today = now.astimezone(zone).date()
    if day.offset is not None:
        return moment(today + day.offset * DAY, at, zone)
    if day.month is None:
        near = [today + days * DAY for days in range(-7, 8)]
        matching = [date_ for date_ in near if day.weekday is None or date_.weekday() == day.weekday]
        return _nearest([moment(date_, at, zone) for date_ in matching], now, prefer)
    years = [day.year] if day.year is not None else list(range(today.year - 8, today.year + 9))
    dates = [date_ for year in years if (date_ := _calendar_date(year, day)) is not None]
    moments = [moment(date_, at, zone) for date_ in dates]
    if day.year is None:
        moments = [_nearest(moments, now, prefer, slip=_SLIP)] if moments else []
    found = moments[0] if moments else None
    if found is None or day.weekday is None or found.astimezone(zone).weekday() == day.weekday:
        return found
    return None


def _calendar_date(year: int, day: _Day) -> date | None:
    if year not in _YEARS:
        return None
    try:
        return date(year, day.month or 0, day.day or 0)
    except ValueError:
        return None


def _nearest(moments: list[datetime], now: datetime, prefer: Prefer, *, slip: timedelta = timedelta()) -> datetime:
    """The moment nearest to `now` on the preferred side; on the other side when it is within `slip` there."""
    before = max((at for at in moments if at <= now), default=None)
    after = min((at for at in moments if at >= now), default=None)
    wanted, other = (before, after) if prefer == "past" else (after, before)
    if wanted is None or (other is not None and abs(other - now) <= slip < abs(wanted - now)):
        return other if other is not None else moments[0]
    return wanted
