"""Telegram's HTML, parsed strictly and rendered back."""

from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.errors import ApiError
from bot.sandbox.formatting import split_text, to_html, trimmed, with_found_entities
from bot.sandbox.markup import parse_html
from bot.sandbox.model import Entity, FormattedText
from bot.sandbox.utf16 import cut, units

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
TAGS = st.sampled_from(["b", "i", "u", "s", "tg-spoiler"])
MARKUP = st.recursive(
    TEXTS.map(lambda text: escape(text, quote=False)),
    lambda inner: st.one_of(
        st.tuples(TAGS, inner).map(lambda pair: f"<{pair[0]}>{pair[1]}</{pair[0]}>"),
        st.lists(inner, max_size=3).map("".join),
    ),
    max_leaves=8,
)


@given(TEXTS)
def test_escaped_text_comes_back(text: str) -> None:
    assert parse_html(escape(text)).text == text


@given(MARKUP)
def test_rendering_and_parsing_again_changes_nothing(source: str) -> None:
    once = parse_html(source)
    again = parse_html(to_html(once))
    assert again.text == once.text
    assert set(again.entities) == set(once.entities)


@given(MARKUP)
def test_entities_lie_within_the_text(source: str) -> None:
    for body in (parse_html(source), trimmed(parse_html(source))):
        assert all(0 <= item.offset < item.end <= units(body.text) for item in body.entities)


@given(TEXTS)
def test_trimming_is_stripping(text: str) -> None:
    assert trimmed(FormattedText(text)).text == text.strip()


@given(st.text(st.sampled_from("ab 😀"), max_size=9000))
def test_split_texts_lose_nothing_but_blank_pieces(text: str) -> None:
    pieces = split_text(FormattedText(text))
    assert all(units(piece.text) <= 4096 for piece in pieces)
    assert "".join(piece.text for piece in pieces).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("<b>bold</b>", "bold", [Entity("bold", 0, 4)]),
        ("😀 <i>x</i>", "😀 x", [Entity("italic", 3, 1)]),
        ("<b>a<i>b</i></b>", "ab", [Entity("bold", 0, 2), Entity("italic", 1, 1)]),
        ("<span class='tg-spoiler'>s</span>", "s", [Entity("spoiler", 0, 1)]),
        (
            '<a href="https://a.org/?x=1&amp;y=2">l</a>',
            "l",
            [Entity("text_link", 0, 1, "https://a.org/?x=1&y=2")],
        ),
        ('<a href="tg://user?id=7">l</a>', "l", [Entity("text_mention", 0, 1, user_id=7)]),
        ('<a href="tel:+331">call</a>', "call", []),
        ('<pre><code class="language-python">x</code></pre>', "x", [Entity("pre", 0, 1, language="python")]),
        ("<blockquote expandable>q</blockquote>", "q", [Entity("expandable_blockquote", 0, 1)]),
        ('<tg-emoji emoji-id="5">😀</tg-emoji>', "😀", [Entity("custom_emoji", 0, 2, emoji_id="5")]),
        ("<b></b>&lt;&#33;&#x21;", "<!!", []),
        ("<B>x</b >", "x", [Entity("bold", 0, 1)]),
        ("<b>x</>", "x", [Entity("bold", 0, 1)]),
    ],
)
def test_understood(source: str, text: str, entities: list[Entity]) -> None:
    assert parse_html(source) == FormattedText(text, tuple(entities))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("é<b", "Unclosed start tag at byte offset 2"),
        ("<div>x</div>", 'Unsupported start tag "div" at byte offset 0'),
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("1 > 2", 'Character ">" must be escaped at byte offset 2'),
        ("a & b", 'Character "&" must be escaped at byte offset 2'),
        ("&nbsp;", 'Character "&" must be escaped at byte offset 0'),
        ("&#55296;", 'Character "&" must be escaped at byte offset 0'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b><i>x</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<code><b>x</b></code>", 'Tag "b" can\'t be nested with code at byte offset 6'),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>", 'Tag "blockquote" can\'t be nested'),
        ("<tg-emoji>x</tg-emoji>", "invalid custom emoji identifier specified"),
    ],
)
def test_refused(source: str, reason: str) -> None:
    with pytest.raises(ApiError) as refusal:
        parse_html(source)
    assert refusal.value.code == 400
    assert refusal.value.description.startswith(f"Bad Request: can't parse entities: {reason}")


def test_commands_addresses_and_mentions_are_found() -> None:
    text = "/start@some_bot see https://a.org/x?y. or @anna_b #help 😀 mail@a.org"
    found = with_found_entities(FormattedText(text)).entities
    stretches = {(item.kind, cut(text, item.offset, item.length)) for item in found}
    assert stretches == {
        ("bot_command", "/start@some_bot"),
        ("url", "https://a.org/x?y"),
        ("mention", "@anna_b"),
        ("hashtag", "#help"),
        ("email", "mail@a.org"),
    }


def test_only_the_page_links_bare_addresses() -> None:
    body = with_found_entities(FormattedText("see https://a.org/x"))
    assert to_html(body) == "see https://a.org/x"
    assert to_html(body, link_addresses=True) == 'see <a href="https://a.org/x">https://a.org/x</a>'
