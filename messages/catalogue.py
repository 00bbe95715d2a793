"""The texts that ship with the bot: which keys there are, and their default wording per language.

`texts/keys.toml` says what each key is for; `texts/<language>.toml` holds its wording. Both are read once.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Any

from babel import Locale

from messages.errors import Value

OTHER = "other"
_COUNTS_THAT_HAPPEN = 1_000
"""Plural forms that no count below this needs (French "many" is for millions) may be left out."""


class TextKind(StrEnum):
    """Where a text is shown, which decides its limit and whether it may carry formatting."""

    MESSAGE = "message"
    CAPTION = "caption"
    FRAGMENT = "fragment"
    BUTTON = "button"
    TOAST = "toast"
    COMMAND = "command"


LIMITS: Mapping[TextKind, int] = {
    TextKind.MESSAGE: 4096,
    TextKind.CAPTION: 1024,
    TextKind.FRAGMENT: 2048,
    TextKind.BUTTON: 64,
    TextKind.TOAST: 200,
    TextKind.COMMAND: 256,
}
"""UTF-16 units. Telegram's own limits, except fragments and buttons, which are ours."""

PLAIN_KINDS = frozenset({TextKind.BUTTON, TextKind.TOAST, TextKind.COMMAND})


class Audience(StrEnum):
    """Who reads a text."""

    PATIENT = "patient"
    PRACTITIONER = "practitioner"
    ADMIN = "admin"
    EVERYONE = "everyone"


@dataclass(frozen=True)
class Placeholder:
    """A value that a text may show. `longest` is in UTF-16 units; longer values are clipped."""

    name: str
    meaning: str
    sample: Value
    longest: int


@dataclass(frozen=True)
class KeySpec:
    """What a key is for, and what its text may and must contain.

    `emergency` texts need a second admin to publish. `count` names the placeholder that picks the plural.
    """

    key: str
    purpose: str
    audience: Audience
    placeholders: Mapping[str, Placeholder]
    required: frozenset[str]
    kind: TextKind
    emergency: bool
    count: str | None

    @property
    def limit(self) -> int:
        """The longest text of this kind that Telegram takes, in UTF-16 units."""
        return LIMITS[self.kind]

    @property
    def is_plain(self) -> bool:
        """Whether the text is shown where Telegram knows no formatting."""
        return self.kind in PLAIN_KINDS


@dataclass(frozen=True)
class Language:
    """A language the bot speaks: its code ("fr") and its own name for itself ("Français")."""

    code: str
    name: str


@lru_cache(maxsize=1)
def specs() -> Mapping[str, KeySpec]:
    """Every key with its specification, in the order of keys.toml."""
    tables = tomllib.loads(_read("keys.toml"))
    known = {name: Placeholder(name, **table) for name, table in tables.pop("placeholders").items()}
    return {key: _spec(key, table, known) for key, table in tables.items()}


def _spec(key: str, table: Mapping[str, Any], known: Mapping[str, Placeholder]) -> KeySpec:
    names: list[str] = table.get("placeholders", [])
    required = frozenset(table.get("required", []))
    count = table.get("count")
    if not required <= set(names) or (count is not None and count not in names):
        raise ValueError(f"{key}: required and count must be among its placeholders")
    return KeySpec(
        key=key,
        purpose=table["purpose"],
        audience=Audience(table["audience"]),
        placeholders={name: known[name] for name in names},
        required=required,
        kind=TextKind(table.get("kind", "message")),
        emergency=table.get("emergency", False),
        count=count,
    )


def spec_of(key: str) -> KeySpec:
    """The specification of `key`; KeyError for a key that does not exist."""
    return specs()[key]


def all_keys() -> tuple[str, ...]:
    """Every key, in the order of keys.toml."""
    return tuple(specs())


@lru_cache(maxsize=1)
def languages() -> tuple[Language, ...]:
    """The languages there is a file for; English first, then by code."""
    names = (entry.name for entry in resources.files(__package__).joinpath("texts").iterdir())
    codes = {name.removesuffix(".toml") for name in names if name.endswith(".toml")} - {"keys"}
    ordered = sorted(codes, key=lambda code: (code != "en", code))
    return tuple(Language(code, language_data(code)["name"]) for code in ordered)


def language_or_default(code: str | None, default: str) -> str:
    """The language to speak to somebody whose Telegram says `code`: "fr-CA" is "fr", unknown is `default`."""
    short = (code or "").replace("_", "-").split("-")[0].lower()
    return short if short in {language.code for language in languages()} else default


@lru_cache
def language_file(language: str) -> Mapping[str, Any]:
    """Everything in a language's file; KeyError for a language that has none."""
    if not language.isalpha() or language == "keys":
        raise KeyError(language)
    try:
        return tomllib.loads(_read(f"{language}.toml"))
    except FileNotFoundError:
        raise KeyError(language) from None


def language_data(language: str) -> Mapping[str, str]:
    """The language's name, locale, and patterns of dates and times."""
    data: Mapping[str, str] = language_file(language)["language"]
    return data


def samples(spec: KeySpec, language: str, form: str = OTHER) -> Mapping[str, Value]:
    """The values a preview shows: the language's own samples where it has them, and a count that takes `form`."""
    own: Mapping[str, Value] = language_file(language).get("samples", {})
    shown = {name: own.get(name, placeholder.sample) for name, placeholder in spec.placeholders.items()}
    if spec.count is not None and plural_form(language, int(shown[spec.count])) != form:
        counts = (n for n in range(1, _COUNTS_THAT_HAPPEN) if plural_form(language, n) == form)
        shown[spec.count] = next(counts, shown[spec.count])
    return shown


def default_forms(key: str, language: str) -> Mapping[str, str]:
    """The wording that ships with the bot, by plural form; a text without a count has only "other"."""
    text: str | Mapping[str, str] = language_file(language)["texts"][key]
    return {OTHER: text} if isinstance(text, str) else text


def plural_form(language: str, number: int) -> str:
    """The plural form that `number` takes: "one", "few", … , "other"."""
    return Locale.parse(language).plural_form(number)


@lru_cache
def plural_forms(language: str) -> tuple[str, ...]:
    """The forms a text with a count must have in `language`, in the order in which counts meet them."""
    rule = Locale.parse(language).plural_form
    met = dict.fromkeys(rule(number) for number in range(_COUNTS_THAT_HAPPEN))
    return (*(form for form in met if form != OTHER), OTHER)


def _read(name: str) -> str:
    return resources.files(__package__).joinpath("texts", name).read_text(encoding="utf-8")
