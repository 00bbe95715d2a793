"""Several texts in one message never exceed Telegram's limit, and the needed ones are never cut."""

from hypothesis import given
from hypothesis import strategies as st

from messages.markup import Html, escape, parse, plain_text, utf16_length
from messages.pages import LONGEST_MESSAGE, Part, page

PARTS = st.lists(
    st.builds(
        lambda text, times, spare: Part(escape(text * times), spare),
        st.text(alphabet="a<&🙂 é", min_size=1, max_size=6),
        st.integers(1, 340),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=6,
)


@given(PARTS)
def test_a_page_fits_and_is_made_of_whole_parts(parts: list[Part]) -> None:
    shown = page(*parts)
    parse(shown)
    assert utf16_length(plain_text(shown)) <= LONGEST_MESSAGE
    assert all(piece in {str(part.html) for part in parts} for piece in shown.split("\n\n"))


@given(PARTS)
def test_nothing_is_left_out_of_what_fits(parts: list[Part]) -> None:
    whole = "\n\n".join(part.html for part in parts)
    if utf16_length(plain_text(whole)) <= LONGEST_MESSAGE:
        assert page(*parts) == whole


def test_the_most_spare_part_gives_way_first() -> None:
    long = Html("x" * 2100)
    assert page(Part(Html("opening"), 2), Part(long), Part(Html("y" * 2100), 3), Part(Html("footer"), 1)) == (
        f"opening\n\n{long}\n\nfooter"
    )


def test_empty_parts_leave_no_blank_lines() -> None:
    assert page(Part(Html("a")), Part(Html("")), Part(Html("b"))) == "a\n\nb"
