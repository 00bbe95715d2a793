"""The words in typed times: names of months and weekdays from Babel, the rest from the language files.

`[typed_time]` in texts/<language>.toml: `now` and `ignored` are words, `slash_date` says whether 3/4 is read
day first ("day_first") or may be either ("either").
"""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from babel.dates import get_day_names, get_month_names

from messages.catalogue import language_data, language_file, languages

_SHORTEST_PREFIX = 3


def plain(text: str) -> str:
    """Lower case, without accents, with one kind of apostrophe: what typed words are compared by."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    letters = "".join(character for character in decomposed if not unicodedata.combining(character))
    return letters.replace("’", "'").replace("œ", "oe").replace("æ", "ae")


@dataclass(frozen=True)
class TimeWords:
    """The words of all languages. `days` are days from today; names are plain."""

    now: frozenset[str]
    ignored: frozenset[str]
    days: Mapping[str, int]
    months: tuple[tuple[str, int], ...]
    weekdays: tuple[tuple[str, int], ...]
    slashes_read_both_ways: bool

    def month(self, word: str) -> int | None:
        """The month (1–12) whose name, or the beginning of whose name, this is."""
        return _named(word, self.months)

    def weekday(self, word: str) -> int | None:
        """The weekday (Monday is 0) whose name, or the beginning of whose name, this is."""
        return _named(word, self.weekdays)


def _named(word: str, names: tuple[tuple[str, int], ...]) -> int | None:
    """What the word names in full, or else abbreviates in three letters or more without a doubt."""
    short = word.rstrip(".")
    exact = {number for name, number in names if name == short}
    starting = {number for name, number in names if len(short) >= _SHORTEST_PREFIX and name.startswith(short)}
    found = exact or starting
    return found.pop() if len(found) == 1 else None


@lru_cache
def time_words(language: str) -> TimeWords:
    """The words understood from somebody who is spoken to in `language`."""
    codes = [known.code for known in languages()]
    tables = {code: language_file(code)["typed_time"] for code in codes}
    days = {"yesterday": -1, "today": 0, "tomorrow": 1}
    return TimeWords(
        now=frozenset(plain(word) for table in tables.values() for word in table["now"]),
        ignored=frozenset(plain(word) for table in tables.values() for word in table["ignored"]),
        days={plain(language_data(code)[name]): days[name] for code in codes for name in days},
        months=tuple(_names(codes, "month")),
        weekdays=tuple(_names(codes, "day")),
        slashes_read_both_ways=tables[language]["slash_date"] == "either",
    )


def _names(codes: list[str], unit: str) -> Iterator[tuple[str, int]]:
    for code in codes:
        locale = language_data(code)["locale"]
        names = get_month_names if unit == "month" else get_day_names
        for number, name in names("wide", locale=locale).items():
            yield plain(name), number
