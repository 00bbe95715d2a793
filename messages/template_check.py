"""What an admin is told before a text goes live: what is wrong with it, and how it looks.

A text that passes `check` cannot break a send: see tests/messages/test_templates.py.
"""

from collections.abc import Mapping

from messages.catalogue import OTHER, KeySpec, plural_forms, samples, spec_of
from messages.errors import PersonError
from messages.markup import BrokenMarkup, Html, escape, join_html, parse, plain_text, utf16_length
from messages.placeholders import LooseBrace, Parts, Slot, fill, longest_length, parse_forms, take_apart


class TemplateError(PersonError):
    """A text that may not be published. Its sentence says the first thing that is wrong."""


def text_from(key: str, html: str) -> str:
    """The text to check and publish from the HTML of an admin's Telegram message.

    A button's text loses its escaping; formatting in it stays visible, for `check` to refuse.
    """
    return plain_text(html) if spec_of(key).is_plain and not _has_formatting(html) else html


def check(key: str, language: str, text: str) -> None:
    """Raises `TemplateError` unless `text` may be published for `key` in `language`.

    A text with a count holds its plural forms as lines "one: …", "other: …".
    """
    spec = spec_of(key)
    for form in forms_of(spec, language, text).values():
        _check_form(spec, language, form)


def forms_of(spec: KeySpec, language: str, text: str) -> Mapping[str, str]:
    """The plural forms of `text`, all that the language needs; raises `TemplateError` when one lacks."""
    if spec.count is None:
        return {OTHER: text}
    forms = parse_forms(text)
    needed = plural_forms(language)
    if not set(needed) <= set(forms):
        raise TemplateError("template.missing_form", {"forms": ", ".join(f"{form}: …" for form in needed)})
    return forms


def _check_form(spec: KeySpec, language: str, text: str) -> None:
    if not text.strip():
        raise TemplateError("template.empty")
    parts = _parts(spec, text)
    used = {part.name for part in parts if isinstance(part, Slot)}
    allowed = ", ".join(f"{{{name}}}" for name in spec.placeholders) or "–"
    for name in sorted(used - spec.placeholders.keys()):
        raise TemplateError("template.unknown_placeholder", {"placeholder": f"{{{name}}}", "allowed": allowed})
    for name in sorted(spec.required - used):
        raise TemplateError("template.missing_placeholder", {"placeholder": f"{{{name}}}"})
    if not used and not plain_text(text if not spec.is_plain else escape(text)).strip():
        raise TemplateError("template.empty")
    length = _length(spec, language, parts)
    if length > spec.limit:
        raise TemplateError("template.too_long", {"length": length, "limit": spec.limit})


def _parts(spec: KeySpec, text: str) -> Parts:
    if spec.is_plain and _has_formatting(text):
        raise TemplateError("template.plain_only")
    try:
        return take_apart(text, is_plain=spec.is_plain)
    except BrokenMarkup as error:
        raise TemplateError("template.broken_markup", {"fragment": error.fragment}) from error
    except LooseBrace as error:
        raise TemplateError("template.loose_brace", {"fragment": error.fragment}) from error


def _has_formatting(text: str) -> bool:
    """Whether a text meant for a button came with formatting; "a < b" is only text."""
    try:
        return any(piece.is_tag for piece in parse(text))
    except BrokenMarkup:
        return False


def _length(spec: KeySpec, language: str, parts: Parts) -> int:
    """The length that counts against the limit.

    Buttons, toasts and commands are clipped when they are shown, so there the sample values decide;
    otherwise a button could not hold a name at all.
    """
    if not spec.is_plain:
        return longest_length(parts, spec)
    return utf16_length(plain_text(fill(parts, spec, samples(spec, language))))


def preview(key: str, language: str, text: str) -> Html:
    """`text` as its readers would see it, with sample values; all plural forms, one a paragraph.

    Raises `TemplateError` as `check` does.
    """
    check(key, language, text)
    spec = spec_of(key)
    shown = (
        fill(take_apart(text_of_form, is_plain=spec.is_plain), spec, samples(spec, language, form))
        for form, text_of_form in forms_of(spec, language, text).items()
    )
    return join_html(shown, "\n\n")
