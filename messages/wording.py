"""Dates, durations and lists in words. The patterns of dates are the language file's, the words are Babel's.

Every time is aware; results are plain text in the wall-clock time of `zone`. What Babel has formatted is kept: a
digest of fifty patients says the same few days and durations again and again.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from babel.lists import format_list
from babel.units import format_unit

from messages.catalogue import language_data

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


def date_and_time(at: datetime, zone: ZoneInfo, language: str) -> str:
    """ "Thursday 20 November, 10:30"."""
    return _with_time(day(at, zone, language), at, zone, language)


def short_date_and_time(at: datetime, zone: ZoneInfo, language: str) -> str:
    """ "Thu 20 Nov, 10:30", for lists."""
    return _with_time(short_day(at, zone, language), at, zone, language)


def day(at: datetime, zone: ZoneInfo, language: str) -> str:
    """ "Thursday 20 November"."""
    return _date(at, zone, language, "date")


def short_day(at: datetime, zone: ZoneInfo, language: str) -> str:
    """ "Thu 20 Nov"."""
    return _date(at, zone, language, "short_date")


def time_of_day(at: datetime, zone: ZoneInfo, language: str) -> str:
    """ "10:30"."""
    return _time(_local(at, zone).time().replace(second=0, microsecond=0), language)


def hours_between(start: time, end: time, language: str) -> str:
    """ "09:00 and 18:00", to stand after "between". Both are wall-clock times."""
    return join([_time(start, language), _time(end, language)], language)


def relative_day(at: datetime, now: datetime, zone: ZoneInfo, language: str) -> str:
    """ "today", "tomorrow", "yesterday", otherwise "Thursday 20 November"."""
    days = (_local(at, zone).date() - _local(now, zone).date()).days
    name = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(days)
    return day(at, zone, language) if name is None else language_data(language)[name]


def relative_date_and_time(at: datetime, now: datetime, zone: ZoneInfo, language: str) -> str:
    """ "tomorrow, 09:00", or "Thursday 20 November, 10:30" further away."""
    return _with_time(relative_day(at, now, zone, language), at, zone, language)


def duration(length: timedelta, language: str) -> str:
    """ "45 minutes", "1 hour 40 minutes" under three hours, "26 hours" under two days, then "3 days".

    Rounded down to the unit shown; less than a minute, and less than nothing, is one minute.
    """
    minutes = max(1, int(length / timedelta(minutes=1)))
    if length >= 2 * _DAY:
        return _unit(int(length / _DAY), "day", language)
    if length >= 3 * _HOUR or (length >= _HOUR and minutes % 60 == 0):
        return _unit(minutes // 60, "hour", language)
    if length >= _HOUR:
        return f"{_unit(1 if minutes < 120 else 2, 'hour', language)} {_unit(minutes % 60, 'minute', language)}"
    return _unit(minutes, "minute", language)


def join(items: Sequence[str], language: str) -> str:
    """ "a, b and c"."""
    return format_list(items, locale=_locale(language))


@lru_cache(maxsize=1024)
def _unit(number: int, unit: str, language: str) -> str:
    return format_unit(number, f"duration-{unit}", locale=_locale(language))


@lru_cache(maxsize=4096)
def _time(at: time, language: str) -> str:
    return format_time(at, language_data(language)["time"], locale=_locale(language))


def _date(at: datetime, zone: ZoneInfo, language: str, pattern: str) -> str:
    return _formatted(_local(at, zone).date(), language, pattern)


@lru_cache(maxsize=4096)
def _formatted(day: date, language: str, pattern: str) -> str:
    return format_date(day, language_data(language)[pattern], locale=_locale(language))


def _with_time(date: str, at: datetime, zone: ZoneInfo, language: str) -> str:
    return f"{date}{language_data(language)['before_time']}{time_of_day(at, zone, language)}"


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a time without a zone cannot be shown")
    return at.astimezone(zone)


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(language_data(language)["locale"])
