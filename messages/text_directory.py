"""Finding one text among hundreds: by who reads it, by topic, or by a word in it.

Keys are too long for a button, which takes 64 bytes: buttons carry a short code, read back here.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from messages.catalogue import Audience, all_keys, spec_of
from messages.errors import OutOfDate
from messages.markup import clip, plain_text
from messages.templates import Texts, parse_forms

PAGE = 8
"""Buttons of a page: about as many as a phone shows at once."""

OPENING = 48
"""UTF-16 units of a text's beginning on a button."""


@dataclass(frozen=True)
class Page:
    """A part of a long list. `number` counts from 0 and is moved inside the list when it lies outside."""

    items: tuple[str, ...]
    number: int
    pages: int


def page_of(items: Sequence[str], number: int) -> Page:
    """The page of `number`, or the nearest there is."""
    pages = max(1, -(-len(items) // PAGE))
    shown = min(max(number, 0), pages - 1)
    return Page(tuple(items[shown * PAGE : (shown + 1) * PAGE]), shown, pages)


def code_of(name: str) -> str:
    """The short code of a key or a topic: eight hexadecimal digits, the same in every version of the program."""
    return sha256(name.encode()).hexdigest()[:8]


@lru_cache(maxsize=1)
def _names_by_code() -> dict[str, str]:
    names = {*all_keys(), *(topic_of(key) for key in all_keys())}
    found = {code_of(name): name for name in names}
    if len(found) != len(names):
        raise ValueError("two names of texts share a code: lengthen it")
    return found


def key_of(code: str) -> str:
    """The key behind a code. Raises OutOfDate for one that is gone or never was."""
    key = _names_by_code().get(code)
    if key not in all_keys():
        raise OutOfDate
    return key


def topic_by(code: str) -> str:
    """The topic behind a code. Raises OutOfDate for one that is gone or never was."""
    topic = _names_by_code().get(code)
    if topic is None:
        raise OutOfDate
    return topic


def topic_of(key: str) -> str:
    """The first parts of a key: "patient.check_in" of "patient.check_in.opening", "answer" of "answer.pain.0"."""
    parts = key.split(".")
    is_shelf = parts[0] in {audience.value for audience in Audience} and len(parts) > 2
    return ".".join(parts[:2]) if is_shelf else parts[0]


def readable(name: str) -> str:
    """A key or topic as people read it: "patient › check in"."""
    return name.replace(".", " › ").replace("_", " ")


def topics(audience: Audience) -> tuple[str, ...]:
    """The topics of those who read them, in the order of keys.toml."""
    return tuple(dict.fromkeys(topic_of(key) for key in all_keys() if spec_of(key).audience is audience))


def keys_in(audience: Audience, topic: str) -> tuple[str, ...]:
    """The keys of a topic, in the order of keys.toml."""
    return tuple(key for key in all_keys() if spec_of(key).audience is audience and topic_of(key) == topic)


def opening(texts: Texts, key: str, language: str) -> str:
    """The beginning of a text as it is published, without formatting, for a button."""
    first = next(iter(parse_forms(texts.current(key, language)).values()))
    words = first if spec_of(key).is_plain else plain_text(first)
    return clip(" ".join(words.split()), OPENING) or key


def search(texts: Texts, word: str, language: str) -> tuple[str, ...]:
    """The keys whose text in `language`, purpose or name holds `word`; accents and capitals do not matter."""
    wanted = _folded(word)
    return tuple(
        key
        for key in all_keys()
        if any(wanted in _folded(place) for place in (key, spec_of(key).purpose, texts.current(key, language)))
    )


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("’", "'"))
    return " ".join("".join(sign for sign in decomposed if not unicodedata.combining(sign)).split())
