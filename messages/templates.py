"""Every text the bot sends, ready to be shown: the published version where there is one, else the default.

    texts = Texts(published)
    texts.html("patient.check_in.opening", "fr", first_name="Anna")

Values are escaped, clipped to their placeholder's length, and isolated when their script runs the other
way. `Html` values (made by `Texts.html` or `join_html`) keep their markup.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from messages.catalogue import (
    OTHER,
    Audience,
    KeySpec,
    Language,
    Placeholder,
    TextKind,
    all_keys,
    default_forms,
    language_or_default,
    languages,
    plural_form,
    spec_of,
)
from messages.errors import PersonError, Value
from messages.markup import ELLIPSIS, Html, clip, escape, join_html, plain_text
from messages.placeholders import fill, join_forms, parse_forms, take_apart
from messages.template_check import TemplateError, check, forms_of, preview, text_from
from messages.text_changes import changes

__all__ = [
    "Audience",
    "Html",
    "KeySpec",
    "Language",
    "Placeholder",
    "Published",
    "Rendered",
    "TemplateError",
    "TextKind",
    "Texts",
    "all_keys",
    "changes",
    "check",
    "default_text",
    "join_html",
    "language_or_default",
    "languages",
    "parse_forms",
    "preview",
    "spec_of",
    "text_from",
]


@dataclass(frozen=True)
class Published:
    """A wording that an admin has published: its version's id, and the text as it was sent."""

    version_id: int
    text: str


@dataclass(frozen=True)
class Rendered:
    """A text with its values, and the published version it came from (None for the default)."""

    html: Html
    version_id: int | None


class Texts:
    """All texts as they are published at one moment. Does not change; make a new one after publishing."""

    def __init__(self, published: Mapping[tuple[str, str], Published] | None = None) -> None:
        """`published` by (key, language); what it lacks is said in the default wording."""
        self._published = dict(published or {})
        self._fixed: dict[tuple[str, str], Rendered] = {}

    def render(self, key: str, language: str, **values: Value) -> Rendered:
        """The text of `key` with `values`: valid Telegram HTML within the limit of its kind, never blank.

        A published text that no longer fits its key (a placeholder has gone since) gives way to the
        default. An unknown key or language, and a value missing for any placeholder of the key, are
        bugs: KeyError.
        """
        if values:
            return self._rendered(key, language, values)
        # What has no values says the same each time: most buttons.
        fixed = self._fixed.get((key, language))
        if fixed is None:
            fixed = self._fixed[key, language] = self._rendered(key, language, values)
        return fixed

    def _rendered(self, key: str, language: str, values: Mapping[str, Value]) -> Rendered:
        spec = spec_of(key)
        for name in spec.placeholders:
            if name not in values:
                raise KeyError(f"{key} needs a value for {name}")
        forms, version_id = self._forms(spec, language)
        shown = fill(take_apart(_form(forms, spec, language, values), is_plain=spec.is_plain), spec, values)
        if spec.is_plain:
            shown = escape(clip(plain_text(shown), spec.limit))
        return Rendered(shown if plain_text(shown).strip() else Html(ELLIPSIS), version_id)

    def html(self, key: str, language: str, **values: Value) -> Html:
        """As `render`, only the HTML."""
        return self.render(key, language, **values).html

    def plain(self, key: str, language: str, **values: Value) -> str:
        """As `render`, without formatting: for buttons, toasts and commands."""
        return plain_text(self.html(key, language, **values))

    def sentence(self, error: PersonError, language: str) -> Html:
        """What `error` says to the person who caused it."""
        return self.html(error.key, language, **error.values)

    def current(self, key: str, language: str) -> str:
        """The text now in force, as it would be edited."""
        forms, _ = self._forms(spec_of(key), language)
        return join_forms(forms)

    def _forms(self, spec: KeySpec, language: str) -> tuple[Mapping[str, str], int | None]:
        published = self._published.get((spec.key, language))
        if published is not None and _is_usable(spec.key, language, published.text):
            return forms_of(spec, language, published.text), published.version_id
        return default_forms(spec.key, language), None


def _form(forms: Mapping[str, str], spec: KeySpec, language: str, values: Mapping[str, Value]) -> str:
    """The plural form that the count asks for."""
    if spec.count is None:
        return forms[OTHER]
    return forms.get(plural_form(language, int(values[spec.count])), forms[OTHER])


@lru_cache(maxsize=4096)
def _is_usable(key: str, language: str, text: str) -> bool:
    try:
        check(key, language, text)
    except TemplateError:
        return False
    return True


def default_text(key: str, language: str) -> str:
    """The wording that ships with the bot, plural forms as lines "one: …", "other: …" (see `parse_forms`)."""
    return join_forms(default_forms(key, language))
