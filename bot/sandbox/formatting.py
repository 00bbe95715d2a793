"""Texts as Telegram keeps them: cleaned, with the entities that it finds by itself, and back to HTML."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from html import escape

from bot.sandbox.errors import bad_request
from bot.sandbox.model import Entity, FormattedText
from bot.sandbox.utf16 import cut, units

MAX_TEXT = 4096
"""The longest text of a message, in UTF-16 code units: the stricter reading of Telegram's "characters"."""

_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f]")
_REMOVED = re.compile("[\r\u2028-\u202e]")
_FOUND = re.compile(
    r"(?P<url>https?://[^\s<>\"]+[^\s<>\".,;:!?)])"
    r"|(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,})"
    r"|(?<![\w/])(?P<bot_command>/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?)(?![\w/])"
    r"|(?<![\w@])(?P<mention>@[A-Za-z][A-Za-z0-9_]{3,31})(?!\w)"
    r"|(?<![\w#])(?P<hashtag>#(?!\d+\b)\w+)"
)
_TAGS = {
    "bold": "b",
    "italic": "i",
    "underline": "u",
    "strikethrough": "s",
    "spoiler": "tg-spoiler",
    "code": "code",
    "blockquote": "blockquote",
}


def cleaned(source: str) -> str:
    """Without what Telegram drops: carriage returns, line separators, direction overrides."""
    return _CONTROLS.sub(" ", _REMOVED.sub("", source))


def trimmed(body: FormattedText) -> FormattedText:
    """Without white space at both ends, which Telegram cuts off; entities are moved along."""
    text = body.text.rstrip()
    start = len(text) - len(text.lstrip())
    shift, limit = units(text[:start]), units(text)
    moved = []
    for entity in body.entities:
        first, last = max(entity.offset, shift), min(entity.end, limit)
        if last > first:
            moved.append(replace(entity, offset=first - shift, length=last - first))
    return FormattedText(text[start:], tuple(moved))


def with_found_entities(body: FormattedText) -> FormattedText:
    """With commands, addresses, mentions and hashtags marked, outside of links and code."""
    taken = [entity for entity in body.entities if entity.kind in {"text_link", "text_mention", "code", "pre"}]
    found = []
    for match in _FOUND.finditer(body.text):
        kind = match.lastgroup or ""
        entity = Entity(kind, units(body.text[: match.start()]), units(match[0]))
        if not any(entity.offset < other.end and other.offset < entity.end for other in taken):
            found.append(entity)
    entities = sorted({*body.entities, *found}, key=lambda entity: (entity.offset, -entity.length))
    return FormattedText(body.text, tuple(entities))


def stated_entities(text: str, stated: object) -> FormattedText:
    """A text with entities given as Bot API objects; raises ApiError for one that is out of bounds."""
    if not isinstance(stated, list):
        raise bad_request("can't parse entities JSON object")
    entities = tuple(_stated(item, units(text)) for item in stated)
    return FormattedText(text, tuple(sorted(entities, key=lambda item: (item.offset, -item.length))))


def _stated(item: object, limit: int) -> Entity:
    match item:
        case {"type": str(kind), "offset": int(offset), "length": int(length), **rest}:
            entity = Entity(
                kind,
                offset,
                length,
                url=_string(rest.get("url")),
                language=_string(rest.get("language")),
                emoji_id=_string(rest.get("custom_emoji_id")),
            )
        case _:
            raise bad_request("can't parse MessageEntity: it needs type, offset and length")
    if offset < 0 or length <= 0 or entity.end > limit:
        raise bad_request("ENTITY_BOUNDS_INVALID")
    user = rest.get("user")
    return replace(entity, user_id=user["id"]) if isinstance(user, dict) else entity


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None


@lru_cache(maxsize=2048)
def to_html(body: FormattedText, *, link_addresses: bool = False) -> str:
    """The text in Telegram's HTML. `link_addresses` also makes bare web addresses clickable."""
    opening: dict[int, list[str]] = {}
    closing: dict[int, list[str]] = {}
    for entity in body.entities:
        tags = _tags(entity, body.text, link_addresses)
        if tags:
            opening.setdefault(entity.offset, []).append(tags[0])
            closing.setdefault(entity.end, []).insert(0, tags[1])
    borders = sorted({0, units(body.text), *opening, *closing})
    parts = []
    for start, end in zip(borders, [*borders[1:], borders[-1]], strict=True):
        parts += [*closing.get(start, []), *opening.get(start, [])]
        parts.append(escape(cut(body.text, start, end - start), quote=False))
    return "".join(parts)


def _tags(entity: Entity, text: str, link_addresses: bool) -> tuple[str, str] | None:
    match entity.kind:
        case "text_link":
            return _anchor(entity.url or "")
        case "text_mention":
            return _anchor(f"tg://user?id={entity.user_id}")
        case "url" if link_addresses:
            return _anchor(cut(text, entity.offset, entity.length))
        case "expandable_blockquote":
            return "<blockquote expandable>", "</blockquote>"
        case "custom_emoji":
            return f'<tg-emoji emoji-id="{escape(entity.emoji_id or "")}">', "</tg-emoji>"
        case "pre" if entity.language:
            return f'<pre><code class="language-{escape(entity.language)}">', "</code></pre>"
        case "pre":
            return "<pre>", "</pre>"
    tag = _TAGS.get(entity.kind)
    return (f"<{tag}>", f"</{tag}>") if tag else None


def _anchor(href: str) -> tuple[str, str]:
    return f'<a href="{escape(href)}">', "</a>"


def split_text(body: FormattedText) -> list[FormattedText]:
    """Pieces of at most 4,096 UTF-16 units, as the apps make them; splitting drops the formatting here."""
    if units(body.text) <= MAX_TEXT:
        return [body]
    pieces, piece, size = [], "", 0
    for character in body.text:
        if size + units(character) > MAX_TEXT:
            pieces.append(piece)
            piece, size = "", 0
        piece, size = piece + character, size + units(character)
    return [FormattedText(part) for part in (*pieces, piece) if part.strip()]
