"""What a new wording changes, word by word, for the admin who is about to publish it."""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from messages.markup import ELLIPSIS, BrokenMarkup, Html, clip, escape, parse, utf16_length

_SHOWN = 3_000
"""UTF-16 units of a comparison that are shown, so that it fits into a message with something around it."""

_MOST_COMPARISONS = 250_000
"""Pairs of words compared, about 0.1 s. Beyond that the differing middle counts as rewritten."""

_MARKS = {" ": "{}", "-": "<s>{}</s>", "+": "<b><u>{}</u></b>"}


@dataclass(frozen=True)
class _Word:
    """A word with its formatting. The blanks after it are shown, not compared."""

    text: str
    tags: tuple[str, ...]
    blanks: str = field(compare=False)


_Steps = Iterator[tuple[str, _Word]]
"""Words in the order to be shown, each kept (" "), removed ("-") or added ("+")."""


def changes(old: str, new: str) -> Html:
    """`new` as HTML, with what it removes struck through and what it adds bold and underlined.

    A word whose formatting changed counts as changed. At most 3,000 UTF-16 units of text are shown.
    """
    room = _SHOWN
    parts: list[str] = []
    for mark, steps in groupby(_compare(_words(old), _words(new)), key=lambda step: step[0]):
        text = "".join(word.text + word.blanks for _, word in steps)
        parts.append(_MARKS[mark].format(escape(clip(text, room))))
        room -= utf16_length(text)
        if room <= 0:
            parts.append(ELLIPSIS)
            break
    return Html("".join(parts))


def _words(source: str) -> list[_Word]:
    """The words of Telegram HTML; markup that can't be read is compared as it stands."""
    try:
        texts = [(html.unescape(piece.source), piece.tags) for piece in parse(source) if not piece.is_tag]
    except BrokenMarkup:
        texts = [(source, ())]
    words: list[_Word] = []
    for text, tags in texts:
        leading = re.match(r"\s*", text)
        if leading and leading.group() and words:
            words[-1] = _Word(words[-1].text, words[-1].tags, words[-1].blanks + leading.group())
        words.extend(_Word(match[1], tags, match[2]) for match in re.finditer(r"(\S+)(\s*)", text))
    return words


def _compare(old: Sequence[_Word], new: Sequence[_Word]) -> _Steps:
    """The steps from `old` to `new`: their common beginning and end, and the difference between."""
    shortest = min(len(old), len(new))
    start = next((i for i in range(shortest) if old[i] != new[i]), shortest)
    most = shortest - start
    end = next((i for i in range(most) if old[-1 - i] != new[-1 - i]), most)
    yield from ((" ", word) for word in new[:start])
    yield from _difference(old[start : len(old) - end], new[start : len(new) - end])
    yield from ((" ", word) for word in new[len(new) - end :])


def _difference(old: Sequence[_Word], new: Sequence[_Word]) -> _Steps:
    if len(old) * len(new) > _MOST_COMPARISONS:
        yield from (("-", word) for word in old)
        yield from (("+", word) for word in new)
        return
    kept = _longest_common(old, new)
    i = j = 0
    while i < len(old) or j < len(new):
        if i < len(old) and j < len(new) and old[i] == new[j]:
            yield " ", new[j]
            i, j = i + 1, j + 1
        elif i < len(old) and kept[i + 1][j] >= kept[i][j]:
            yield "-", old[i]
            i += 1
        elif j < len(new):
            yield "+", new[j]
            j += 1
        else:
            yield "-", old[i]
            i += 1


def _longest_common(old: Sequence[_Word], new: Sequence[_Word]) -> list[list[int]]:
    """How many words the rests of `old` from i and `new` from j have in common, in order, at [i][j]."""
    kept = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            kept[i][j] = kept[i + 1][j + 1] + 1 if old[i] == new[j] else max(kept[i + 1][j], kept[i][j + 1])
    return kept
