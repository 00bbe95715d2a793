"""Callback data goes out within Telegram's limit and comes back as it was; anything else is out of date."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.keyboards import LARGEST_ID, LATEST, decode, encode, markup
from messages.errors import OutOfDate
from messages.outgoing import Button

words = st.text(st.characters(codec="ascii", categories=["L", "N"], include_characters="._-"), min_size=1, max_size=12)


@given(words, st.lists(words | st.integers(0, LARGEST_ID), max_size=3))
def test_what_fits_comes_back(action: str, arguments: list[str | int]) -> None:
    button = Button("label", action, tuple(arguments))
    tap = decode(encode(button))
    assert tap.action == action
    assert tap.arguments == tuple(str(argument) for argument in arguments)
    for position, argument in enumerate(arguments):
        if isinstance(argument, int):
            assert tap.number(position) == argument


@given(st.text(max_size=64))
def test_anything_at_all_can_be_read_and_means_nothing_unless_it_does(data: str) -> None:
    tap = decode(data)
    for position in range(4):
        with suppress(OutOfDate):
            assert tap.number(position) >= 0


@given(st.text(min_size=65, max_size=200))
def test_more_than_64_bytes_is_refused_before_telegram_does(argument: str) -> None:
    with pytest.raises(ValueError, match="callback data"):
        encode(Button("label", "do", (argument,)))


def test_64_bytes_fit_and_65_do_not() -> None:
    assert len(encode(Button("label", "a", ("b" * 62,)))) == 64
    with pytest.raises(ValueError, match="65 bytes"):
        encode(Button("label", "a", ("b" * 63,)))


def test_a_colon_cannot_hide_in_an_argument() -> None:
    with pytest.raises(ValueError, match="colon"):
        encode(Button("label", "do", ("a:b",)))


@pytest.mark.parametrize("forged", ["", "-1", "1.5", "１２", "9" * 19, "x", " 1", str(LARGEST_ID + 1)])
def test_a_forged_number_is_out_of_date(forged: str) -> None:
    with pytest.raises(OutOfDate):
        decode(f"do:{forged}").number(0)


def test_no_buttons_make_no_keyboard_and_an_address_makes_a_link() -> None:
    assert markup(()) is None
    keyboard = markup(((Button("Open", url="https://t.me/bot"),), ()))
    assert keyboard == {"inline_keyboard": [[{"text": "Open", "url": "https://t.me/bot"}]]}


def test_a_time_comes_back_and_one_beyond_every_calendar_is_out_of_date() -> None:
    assert decode("do:1772442000").moment(0) == datetime(2026, 3, 2, 9, tzinfo=UTC)
    for forged in (str(LATEST + 1), "9" * 18, "-1", "x"):
        with pytest.raises(OutOfDate):
            decode(f"do:{forged}").moment(0)
