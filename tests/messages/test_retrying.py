"""What becomes of a message whose call failed: every kind against every failure."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.outgoing import PROACTIVE, REPEATED_WHEN_UNCERTAIN, Kind
from messages.retrying import (
    HANDLING_ATTEMPTS,
    LONGEST_ANSWER,
    LONGEST_WAIT,
    OUTAGE_ATTEMPTS,
    Again,
    Decision,
    End,
    Failure,
    Plain,
    answer_retry,
    decide,
    handling_retry,
    handling_wait,
    wait_after,
)


def _decide(kind: Kind, failure: Failure, *, attempts: int = 1, plain: bool = False) -> Decision:
    return decide(kind, failure, attempts=attempts, retry_after=timedelta(seconds=7), plain=plain)


@pytest.mark.parametrize("kind", Kind)
def test_what_telegram_never_had_is_tried_again_and_counts_as_no_repeat(kind: Kind) -> None:
    assert _decide(kind, Failure.NOT_SENT) == Again(timedelta(seconds=2))


@pytest.mark.parametrize("kind", Kind)
def test_a_flood_waits_exactly_as_long_as_told(kind: Kind) -> None:
    assert _decide(kind, Failure.FLOOD) == Again(timedelta(seconds=7))


@pytest.mark.parametrize("kind", Kind)
def test_an_unknown_end_is_repeated_only_where_twice_is_better_than_never(kind: Kind) -> None:
    expected = (
        Again(timedelta(seconds=2), repeated=True) if kind in REPEATED_WHEN_UNCERTAIN else End("uncertain", "no_answer")
    )
    assert _decide(kind, Failure.UNKNOWN) == expected


def test_alerts_relays_and_emergency_texts_are_repeated_and_check_ins_are_not() -> None:
    assert {Kind.ALERT, Kind.RELAY, Kind.EMERGENCY_TEXT, Kind.WHOM_TO_CALL} <= REPEATED_WHEN_UNCERTAIN
    assert not PROACTIVE & REPEATED_WHEN_UNCERTAIN


@pytest.mark.parametrize("kind", Kind)
def test_bad_markup_is_sent_once_as_plain_text_then_fails(kind: Kind) -> None:
    assert _decide(kind, Failure.BAD_MARKUP) == Plain()
    assert _decide(kind, Failure.BAD_MARKUP, plain=True) == End("failed", "bad_markup")


@pytest.mark.parametrize("kind", Kind)
def test_a_refusal_is_never_tried_again(kind: Kind) -> None:
    assert _decide(kind, Failure.UNREACHABLE) == End("failed", "unreachable")
    assert _decide(kind, Failure.REFUSED) == End("failed", "refused")


def test_waits_double_up_to_ten_minutes() -> None:
    assert [wait_after(attempts).total_seconds() for attempts in (1, 2, 3, 4)] == [2, 4, 8, 16]
    assert wait_after(9) == timedelta(seconds=512)
    assert wait_after(10) == LONGEST_WAIT
    assert wait_after(10_000) == LONGEST_WAIT


def test_an_update_is_set_aside_within_a_quarter_of_a_minute() -> None:
    total = sum((handling_wait(tried).total_seconds() for tried in range(1, HANDLING_ATTEMPTS)), 0.0)
    assert total == 15


@given(st.integers(1, OUTAGE_ATTEMPTS - 1), st.floats(0, 1e300))
def test_an_update_waits_for_the_end_of_a_silence_or_ten_minutes(tried: int, asked: float) -> None:
    wait = handling_retry(tried, outage=True, asked=asked)
    assert wait is not None
    assert min(timedelta(seconds=min(asked, 600)), LONGEST_WAIT) <= wait <= LONGEST_WAIT
    assert wait >= wait_after(tried)


def test_an_answer_is_said_again_soon_and_for_some_minutes() -> None:
    pauses: list[float] = []
    while (pause := answer_retry(len(pauses) + 1, waited=sum(pauses), asked=0.0)) is not None:
        pauses.append(pause)
    assert pauses[:5] == [0.5, 1, 2, 4, 8]
    assert sum(pauses) == 511.5


@given(st.integers(1, 10_000), st.floats(0, 3600), st.floats(0, 3600))
def test_an_answer_waits_as_long_as_told_and_not_for_ever(tried: int, waited: float, asked: float) -> None:
    pause = answer_retry(tried, waited=waited, asked=asked)
    assert pause is None or (pause >= asked and waited + pause <= LONGEST_ANSWER)
