"""Telegram's HTML is read strictly, and no value can rearrange or outgrow the sentence it stands in."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.markup import (
    BrokenMarkup,
    Html,
    clip,
    escape,
    fit,
    isolate,
    join_html,
    parse,
    plain_text,
    utf16_length,
)

VALID = [
    "plain",
    "<b>bold <i>and <u>more</u></i></b>",
    "<strong>a</strong> <em>b</em> <ins>c</ins> <strike>d</strike> <del>e</del> <s>f</s>",
    "&lt;b&gt; &amp; &quot; &#39; &#x27;",
    '<a href="https://example.org/?a=1&amp;b=2">link</a>',
    '<a href="tg://user?id=7">Anna</a>',
    "<blockquote>quoted</blockquote><blockquote expandable>long</blockquote>",
    '<tg-spoiler>a</tg-spoiler><span class="tg-spoiler">b</span>',
    '<pre><code class="language-python">x</code></pre>',
    '<tg-emoji emoji-id="5368324170671202286">👍</tg-emoji>',
]

BROKEN = [
    "a < b",
    "a > b",
    "salt & pepper",
    "&nbsp;",
    "<b>",
    "</b>",
    "<b><i>crossed</b></i>",
    "<h1>no such tag</h1>",
    "<B>capital</B>",
    "<b >space</b>",
    "<br>",
    '<a href="javascript:alert(1)">x</a>',
    "<a>no address</a>",
    '<a href="https://a.org"><a href="https://b.org">x</a></a>',
    "<code><b>bold in code</b></code>",
    "<blockquote><blockquote>nested</blockquote></blockquote>",
    '<span class="other">x</span>',
]


@pytest.mark.parametrize("source", VALID)
def test_valid_markup_is_read(source: str) -> None:
    assert "".join(piece.source for piece in parse(source)) == source


@pytest.mark.parametrize("source", BROKEN)
def test_broken_markup_is_refused(source: str) -> None:
    with pytest.raises(BrokenMarkup) as refused:
        parse(source)
    assert refused.value.fragment


def test_plain_text_is_what_people_see() -> None:
    assert plain_text("<b>Tom &amp; Jo</b> &lt;3") == "Tom & Jo <3"


@given(st.text())
def test_escaped_text_shows_exactly_itself(text: str) -> None:
    assert plain_text(escape(text)) == text


def test_joined_html_escapes_what_is_not_html() -> None:
    joined = join_html([Html("<b>a</b>"), "b < c"], " · ")
    assert joined == "<b>a</b> · b &lt; c"
    assert isinstance(joined, Html)


def test_emoji_count_two_units() -> None:
    assert utf16_length("a👍é") == 4


@pytest.mark.parametrize(
    ("text", "longest", "clipped"),
    [
        ("short", 5, "short"),
        ("longer", 5, "long…"),
        ("👍👍", 3, "👍…"),
        ("👍👍", 2, "…"),
        ("ab", 0, ""),
        ("a bc", 3, "a…"),
    ],
)
def test_clipping_ends_in_an_ellipsis(text: str, longest: int, clipped: str) -> None:
    assert clip(text, longest) == clipped


def test_a_clipped_emoji_sequence_leaves_no_joiner_behind() -> None:
    assert clip("👩\N{ZERO WIDTH JOINER}👩\N{ZERO WIDTH JOINER}👧", 5) == "👩…"


def test_left_to_right_text_is_left_alone() -> None:
    assert isolate("Anna Müller 10:30") == "Anna Müller 10:30"


def test_a_right_to_left_name_is_isolated() -> None:
    assert isolate("דנה") == "\u2068דנה\u2069"


def test_marks_in_a_name_cannot_leave_it() -> None:
    assert isolate("A\u2069\u202eB\u2067") == "\u2068A\u202eB\u2067\u2069\u2069"


@given(
    st.text(alphabet=st.characters() | st.sampled_from("\u2066\u2067\u2068\u2069\u202e\u202cאب\n")),
    st.integers(1, 80),
)
def test_a_fitted_value_is_short_clean_and_balanced(text: str, longest: int) -> None:
    shown = fit(text, longest)
    assert utf16_length(shown) <= longest
    assert not [c for c in shown if c not in "\n\t" and unicodedata.category(c) in {"Cc", "Cs"}]
    for line in shown.split("\n"):
        depth = 0
        for character in line:
            depth += (character in "\u2066\u2067\u2068") - (character == "\u2069")
            assert depth >= 0
        assert depth == 0
        if any(character in "\u202a\u202b\u202d\u202e" for character in line):
            assert line[0] + line[-1] == "\u2068\u2069"
