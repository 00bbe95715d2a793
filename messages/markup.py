"""Telegram's HTML, read strictly, and text as people see it: its length, clipping and direction.

Stricter than Telegram: whatever passes `parse` is accepted by the Bot API with the same meaning.
Lengths are UTF-16 code units, as Telegram counts them: an emoji outside the basic plane counts two.
"""

import html
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

ELLIPSIS = "…"
_FIRST_STRONG_ISOLATE = "\N{FIRST STRONG ISOLATE}"
_POP_ISOLATE = "\N{POP DIRECTIONAL ISOLATE}"
_ISOLATE_OPENERS = frozenset("\N{LEFT-TO-RIGHT ISOLATE}\N{RIGHT-TO-LEFT ISOLATE}\N{FIRST STRONG ISOLATE}")
_TURNING = frozenset({"R", "AL", "AN", "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
_DANGLING = "\N{ZERO WIDTH JOINER}\N{VARIATION SELECTOR-16}"

_TOKEN = re.compile(r"<[^<>]*>|&[a-z0-9#]*;|[^<>&]+|[<>&]", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|#\d{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)
_OPENING = re.compile(
    r"<(?:(?P<simple>b|strong|i|em|u|ins|s|strike|del|code|pre|blockquote|tg-spoiler)"
    r'|(?P<a>a) href="(?:https?|tg|mailto):[^"\s]+"'
    r'|(?P<span>span) class="tg-spoiler"'
    r"|(?P<blockquote>blockquote) expandable"
    r'|(?P<code>code) class="language-[^"]+"'
    r'|(?P<emoji>tg-emoji) emoji-id="\d+")>'
)
_LITERAL_TAGS = frozenset({"code", "pre"})


class BrokenMarkup(ValueError):
    """Markup that Telegram would refuse or read differently. `fragment` is the piece to look at."""

    def __init__(self, fragment: str) -> None:
        super().__init__(fragment)
        self.fragment = fragment


class Html(str):
    """Text that is already Telegram HTML: put into another text as it is, not escaped again."""

    __slots__ = ()


@dataclass(frozen=True)
class Piece:
    """A tag, or text still escaped, with the tags that are open around it (outermost first)."""

    source: str
    tags: tuple[str, ...]
    is_tag: bool


def parse(source: str) -> tuple[Piece, ...]:
    """The tags and texts of `source` in order; raises `BrokenMarkup` at the first fault."""
    pieces: list[Piece] = []
    open_tags: list[str] = []
    for match in _TOKEN.finditer(source):
        found = match.group()
        if found.startswith("</"):
            if not open_tags or found != f"</{open_tags[-1]}>":
                raise BrokenMarkup(found)
            open_tags.pop()
        elif found.startswith("<"):
            open_tags.append(_opened(found, open_tags))
        elif found == ">" or (found.startswith("&") and not _ENTITY.fullmatch(found)):
            raise BrokenMarkup(source[max(0, match.start() - 10) : match.end() + 10])
        pieces.append(Piece(found, tuple(open_tags), found.startswith("<")))
    if open_tags:
        raise BrokenMarkup(f"<{open_tags[-1]}>")
    return tuple(pieces)


def _opened(found: str, open_tags: list[str]) -> str:
    """The name of the tag that `found` opens here, or `BrokenMarkup` when it may not."""
    match = _OPENING.fullmatch(found)
    if match is None:
        raise BrokenMarkup(found)
    name = next(group for group in match.groups() if group)
    code_in_pre = bool(open_tags) and open_tags[-1] == "pre" and name == "code"
    if _LITERAL_TAGS.intersection(open_tags) and not code_in_pre:
        raise BrokenMarkup(found)
    if name in {"a", "blockquote"} and name in open_tags:
        raise BrokenMarkup(found)
    return name


def escape(text: str) -> Html:
    """`text` as HTML that shows exactly `text`."""
    return Html(html.escape(text, quote=False))


_MARKED = re.compile("[<>&]")


def plain_text(source: str) -> str:
    """What people see of Telegram HTML, without its formatting. Raises `BrokenMarkup`."""
    if _MARKED.search(source) is None:
        return str(source)
    return "".join(html.unescape(piece.source) for piece in parse(source) if not piece.is_tag)


def join_html(parts: Iterable[str], separator: str = "\n") -> Html:
    """Several pieces of HTML as one; plain strings among them are escaped."""
    return Html(separator.join(part if isinstance(part, Html) else escape(part) for part in parts))


def utf16_length(text: str) -> int:
    """The length Telegram counts, in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def clip(text: str, longest: int) -> str:
    """At most `longest` UTF-16 units of `text`, ending in "…" when something is left out."""
    if utf16_length(text) <= longest:
        return text
    room = longest - utf16_length(ELLIPSIS)
    if room < 0:
        return ""
    kept: list[str] = []
    for character in text:
        room -= utf16_length(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept).rstrip().rstrip(_DANGLING) + ELLIPSIS


def fit(text: str, longest: int) -> str:
    """A value as it may stand inside a sentence: cleaned, isolated and at most `longest` units long."""
    cleaned = _clean(text)
    room = longest
    while True:
        shown = isolate(clip(cleaned, room))
        excess = utf16_length(shown) - longest
        if excess <= 0:
            return shown
        room -= excess


def _clean(text: str) -> str:
    """`text` without control characters (newline and tab stay) and without halves of surrogate pairs."""
    if text.isprintable():
        return text
    lines = re.sub("\r\n|[\r\u2028\u2029]", "\n", text)
    return "".join(c for c in lines if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"})


def isolate(text: str) -> str:
    """`text` with each line that could turn its surroundings wrapped in FSI … PDI.

    A right-to-left name, or an override mark hidden in one, must not rearrange the sentence around it.
    """
    return "\n".join(_isolate_line(line) for line in text.split("\n"))


def _isolate_line(line: str) -> str:
    if line.isascii() or not any(unicodedata.bidirectional(character) in _TURNING for character in line):
        return line
    depth = 0
    kept: list[str] = []
    for character in line:
        if character in _ISOLATE_OPENERS:
            depth += 1
        elif character == _POP_ISOLATE:
            if depth == 0:
                continue
            depth -= 1
        kept.append(character)
    return _FIRST_STRONG_ISOLATE + "".join(kept) + _POP_ISOLATE * (depth + 1)
