"""How a letter is carried over: whole where it fits, and never more than Telegram takes."""

from hypothesis import given
from hypothesis import strategies as st

from messages.letters import CAPTION_LIMIT, HEADER_ROOM, MEDIA, MESSAGE_LIMIT, TEXT, Part, parts_of
from messages.markup import utf16_length


@given(st.text(max_size=MESSAGE_LIMIT))
def test_a_text_stands_with_its_header_where_both_fit(text: str) -> None:
    whole = parts_of(TEXT, text) == (Part.WHOLE,)
    assert whole == (utf16_length(text) + HEADER_ROOM <= MESSAGE_LIMIT)


@given(st.sampled_from(sorted(MEDIA)), st.text(max_size=CAPTION_LIMIT))
def test_a_long_caption_follows_its_medium(kind: str, caption: str) -> None:
    parts = parts_of(kind, caption)
    assert parts in ((Part.WHOLE,), (Part.HEADED, Part.BODY))
    assert (len(parts) == 1) == (utf16_length(caption) + HEADER_ROOM <= CAPTION_LIMIT)


@given(st.sampled_from(["sticker", "location", "contact", "poll", "video_note", "dice"]))
def test_what_takes_no_words_is_copied_after_its_header(kind: str) -> None:
    assert parts_of(kind, None) == (Part.HEADED, Part.COPY)
