"""Red-flag words in a free text. The text itself is always passed on: finding words may only raise a grade.

There is no cleverness about negation: "no fever" is found too. A needless look is better than a missed fever.
"""

from collections.abc import Mapping
from functools import cache

from messages.catalogue import language_file, languages
from messages.grading import Flag
from messages.time_words import plain


def red_flags_in(text: str, language: str) -> tuple[Flag, ...]:
    """The red flags whose words stand in `text`, most urgent first.

    The words of every language are tried, the person's own first: people write in the language they feel in.
    Whole words only; capitals, accents and punctuation do not matter.
    """
    searched = _spaced(text)
    tables = [_phrases(code) for code in dict.fromkeys((language, *(known.code for known in languages())))]
    return tuple(flag for flag in Flag if any(phrase in searched for table in tables for phrase in table.get(flag, ())))


@cache
def _phrases(language: str) -> Mapping[Flag, tuple[str, ...]]:
    table: Mapping[str, list[str]] = language_file(language)["red_flag_words"]
    return {Flag(name): tuple(_spaced(phrase) for phrase in phrases) for name, phrases in table.items()}


def _spaced(text: str) -> str:
    """The words of a text with one space before and after each, so that a phrase is found by `in`."""
    letters = (character if character.isalnum() else " " for character in plain(text))
    return f" {' '.join(''.join(letters).split())} "
