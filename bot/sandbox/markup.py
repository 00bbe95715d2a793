"""Telegram's HTML → text and entities, as strict as its documentation.

The documentation demands that every `<`, `>` and `&` outside of tags is escaped; Telegram's parser lets a
bare `>` or `&` pass. Here both are refused, so that a forgotten escape is found before it meets a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.sandbox.errors import ApiError, bad_request
from bot.sandbox.model import Entity, FormattedText
from bot.sandbox.utf16 import units

_SPECIAL = re.compile(r"[<>&]")
_REFERENCE = re.compile(r"&(?:#(?P<decimal>\d{1,7})|#[xX](?P<hex>[0-9a-fA-F]{1,6})|(?P<name>lt|gt|amp|quot));")
_ATTRIBUTE = re.compile(r"""\s+(?P<name>[a-zA-Z-]+)(?:\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'))?""")
_START_TAG = re.compile(
    r"""<(?P<name>[a-zA-Z][a-zA-Z0-9-]*)(?P<attributes>(?:\s+[a-zA-Z-]+(?:\s*=\s*(?:"[^"]*"|'[^']*'))?)*)\s*>"""
)
_END_TAG = re.compile(r"</(?P<name>[a-zA-Z][a-zA-Z0-9-]*)?\s*>")
_TAG_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9-]*)?")
_LINK = re.compile(r"(?:https?|tg|ton)://[^\s]+|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?:/\S*)?", re.IGNORECASE)
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_KINDS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
    "tg-emoji": "custom_emoji",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}


@dataclass(frozen=True, slots=True)
class _OpenTag:
    name: str
    attributes: dict[str, str]
    offset: int


def parse_html(source: str) -> FormattedText:
    """Parse the HTML of a Bot API call.

    Raises ApiError "can't parse entities: …", with byte offsets into the UTF-8 source, as Telegram does.
    """
    return _Parser(source).parse()


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._position = 0
        self._text: list[str] = []
        self._offset = 0
        self._open: list[_OpenTag] = []
        self._entities: list[Entity] = []
        self._code_in_pre: dict[int, str] = {}

    def parse(self) -> FormattedText:
        while self._position < len(self._source):
            match self._source[self._position]:
                case "<" if self._source.startswith("</", self._position):
                    self._end_tag()
                case "<":
                    self._start_tag()
                case "&":
                    self._reference()
                case ">":
                    raise self._error('Character ">" must be escaped')
                case _:
                    self._plain()
        if self._open:
            name = self._open[-1].name
            raise bad_request(f"can't parse entities: Can't find end tag corresponding to start tag \"{name}\"")
        entities = sorted(self._entities, key=lambda entity: (entity.offset, -entity.length))
        return FormattedText("".join(self._text), tuple(entities))

    def _plain(self) -> None:
        found = _SPECIAL.search(self._source, self._position)
        end = found.start() if found else len(self._source)
        self._write(self._source[self._position : end])
        self._position = end

    def _reference(self) -> None:
        found = _REFERENCE.match(self._source, self._position)
        character = _referred(found) if found else None
        if found is None or character is None:
            raise self._error('Character "&" must be escaped')
        self._write(character)
        self._position = found.end()

    def _start_tag(self) -> None:
        name = self._tag_name()
        if name not in _KINDS:
            raise self._error(f'Unsupported start tag "{name}"')
        found = _START_TAG.match(self._source, self._position)
        if found is None:
            raise self._error("Unclosed start tag")
        attributes = _attributes(found["attributes"])
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise self._error('Tag "span" must have class "tg-spoiler"')
        self._refuse_nesting(name)
        self._open.append(_OpenTag(name, attributes, self._offset))
        self._position = found.end()

    def _refuse_nesting(self, name: str) -> None:
        around = [tag.name for tag in self._open]
        if around == ["pre"] and name == "code":
            return
        if {"code", "pre"} & set(around) or (name in {"code", "pre"} and around):
            raise self._error(f'Tag "{name}" can\'t be nested with code')
        if name == "blockquote" and name in around:
            raise self._error('Tag "blockquote" can\'t be nested')

    def _end_tag(self) -> None:
        found = _END_TAG.match(self._source, self._position)
        if found is None:
            raise self._error("Unclosed end tag")
        if not self._open:
            raise self._error("Unexpected end tag")
        name = (found["name"] or "").lower()
        tag = self._open.pop()
        if name and name != tag.name:
            raise self._error("Unmatched end tag", f', expected "</{tag.name}>", found "</{name}>"')
        self._position = found.end()
        self._close(tag)

    def _close(self, tag: _OpenTag) -> None:
        length = self._offset - tag.offset
        if tag.name == "code" and self._open:
            self._code_in_pre[tag.offset] = tag.attributes.get("class", "").removeprefix("language-")
            return
        entity = self._entity(tag, length)
        if length and entity is not None:
            self._entities.append(entity)

    def _entity(self, tag: _OpenTag, length: int) -> Entity | None:
        kind = _KINDS[tag.name]
        if tag.name == "a":
            return _link(tag.attributes.get("href", ""), tag.offset, length)
        if tag.name == "pre":
            return Entity(kind, tag.offset, length, language=self._code_in_pre.get(tag.offset) or None)
        if tag.name == "blockquote" and "expandable" in tag.attributes:
            return Entity("expandable_blockquote", tag.offset, length)
        if tag.name == "tg-emoji":
            if not tag.attributes.get("emoji-id", "").isdecimal():
                raise bad_request("can't parse entities: invalid custom emoji identifier specified")
            return Entity(kind, tag.offset, length, emoji_id=tag.attributes["emoji-id"])
        return Entity(kind, tag.offset, length)

    def _write(self, text: str) -> None:
        self._text.append(text)
        self._offset += units(text)

    def _tag_name(self) -> str:
        found = _TAG_NAME.match(self._source, self._position)
        return ((found[1] if found else None) or "").lower()

    def _error(self, reason: str, detail: str = "") -> ApiError:
        offset = len(self._source[: self._position].encode("utf-8", "surrogatepass"))
        return bad_request(f"can't parse entities: {reason} at byte offset {offset}{detail}")


def _referred(found: re.Match[str]) -> str | None:
    if found["name"]:
        return _NAMED[found["name"]]
    code = int(found["decimal"]) if found["decimal"] else int(found["hex"], 16)
    valid = 0 < code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF
    return chr(code) if valid else None


def _attributes(source: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for attribute in _ATTRIBUTE.finditer(source):
        value = attribute["double"] or attribute["single"] or ""
        found[attribute["name"].lower()] = _REFERENCE.sub(lambda match: _referred(match) or "", value)
    return found


def _link(href: str, offset: int, length: int) -> Entity | None:
    """A link entity; like Telegram, silently none for an address that isn't one (tel: and mailto: too)."""
    user = re.fullmatch(r"tg://user\?id=(\d+)", href)
    if user:
        return Entity("text_mention", offset, length, user_id=int(user[1]))
    if not _LINK.fullmatch(href):
        return None
    return Entity("text_link", offset, length, url=href if "://" in href else f"http://{href}/")
