"""Texts with {placeholders}: taken apart once, filled many times. There is no other template language."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from messages.catalogue import OTHER, KeySpec
from messages.errors import Value
from messages.markup import BrokenMarkup, Html, escape, fit, parse, plain_text, utf16_length

_BRACES = re.compile(r"\{\{|\}\}|\{[a-z][a-z0-9_]*\}|\{")
_FORM = re.compile(r"^(zero|one|two|few|many|other):[ \t]*", re.MULTILINE)
_NO_NESTED_MARKUP = frozenset({"a", "code", "pre", "blockquote"})


class LooseBrace(ValueError):
    """A "{" that begins neither a placeholder nor a doubled brace. `fragment` is where it stands."""

    def __init__(self, fragment: str) -> None:
        super().__init__(fragment)
        self.fragment = fragment


@dataclass(frozen=True)
class Slot:
    """A place for a value. `plain_only` where a value may not bring markup of its own."""

    name: str
    plain_only: bool


Parts = tuple[Html | Slot, ...]


@lru_cache(maxsize=4096)
def take_apart(text: str, *, is_plain: bool) -> Parts:
    """The fixed pieces (HTML) and slots of `text`; raises `BrokenMarkup` or `LooseBrace`.

    A placeholder inside a tag, such as a link's address, counts as broken: values are text.
    """
    parts: list[Html | Slot] = []
    for piece in parse(escape(text) if is_plain else text):
        if piece.is_tag and _BRACES.search(piece.source):
            raise BrokenMarkup(piece.source)
        if piece.is_tag:
            parts.append(Html(piece.source))
        else:
            plain_only = bool(_NO_NESTED_MARKUP.intersection(piece.tags))
            parts.extend(_slots_in(piece.source, plain_only))
    return tuple(parts)


def _slots_in(source: str, plain_only: bool) -> list[Html | Slot]:
    slots: list[Html | Slot] = []
    position = 0
    for match in _BRACES.finditer(source):
        slots.append(Html(source[position : match.start()]))
        position = match.end()
        brace = match.group()
        if brace == "{":
            raise LooseBrace(source[match.start() : match.start() + 20])
        slots.append(Html(brace[0]) if brace in {"{{", "}}"} else Slot(brace[1:-1], plain_only))
    slots.append(Html(source[position:]))
    return slots


def fill(parts: Parts, spec: KeySpec, values: Mapping[str, Value]) -> Html:
    """The text with its values, each escaped and clipped to its placeholder's `longest`."""
    return Html(
        "".join(
            _shown(values[part.name], spec.placeholders[part.name].longest, part.plain_only)
            if isinstance(part, Slot)
            else part
            for part in parts
        )
    )


def _shown(value: Value, longest: int, plain_only: bool) -> Html:
    """A value as HTML: `Html` as it is where it fits and may stand, anything else escaped."""
    if not isinstance(value, Html):
        return escape(fit(str(value), longest))
    seen = plain_text(value)
    if plain_only or utf16_length(seen) > longest:
        return escape(fit(seen, longest))
    return value


def longest_length(parts: Parts, spec: KeySpec) -> int:
    """The length when every value is as long as it may be, in UTF-16 units; formatting doesn't count."""
    fixed = "".join(part for part in parts if isinstance(part, Html))
    slots = (spec.placeholders[part.name].longest for part in parts if isinstance(part, Slot))
    return utf16_length(plain_text(fixed)) + sum(slots)


def join_forms(forms: Mapping[str, str]) -> str:
    """Plural forms as one text to edit: a line "one: …" for each. A text without a count stays as it is."""
    if set(forms) == {OTHER}:
        return forms[OTHER]
    return "\n".join(f"{form}: {text}" for form, text in forms.items())


def parse_forms(text: str) -> dict[str, str]:
    """The plural forms in a text that `join_forms` made or an admin sent; without any, all is "other"."""
    starts = list(_FORM.finditer(text))
    if not starts or text[: starts[0].start()].strip():
        return {OTHER: text}
    ends = [*(match.start() for match in starts[1:]), len(text)]
    return {match.group(1): text[match.end() : end].strip() for match, end in zip(starts, ends, strict=True)}
