"""Answers that are said again: how many at a time, and for how long. What people read: tests/faults/test_answers.py.

Without an application: a Telegram that fails for a minute in one chat after the other cannot be had in real time.
"""

import asyncio

import pytest
from telegram.error import Forbidden, NetworkError, TelegramError

from bot import answers
from bot.answers import RETRIES_AT_ONCE, Answer, Answers, GivenUp
from messages import retrying


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "FIRST_ANSWER_PAUSE", 0.001)
    monkeypatch.setattr(retrying, "LONGEST_ANSWER", 0.5)
    monkeypatch.setattr(answers, "LAST_TRY_SECONDS", 0.05)


class Telegram:
    """Takes nothing, and notes how many calls it has had, and how many at once."""

    def __init__(self, failure: TelegramError | None = None, *, seconds: float = 0.0) -> None:
        self.failure = failure or NetworkError("Bad Gateway")
        self.seconds = seconds
        self.calls = self.now = self.most = 0

    async def take(self) -> None:
        self.calls, self.now = self.calls + 1, self.now + 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.now -= 1
        raise self.failure


async def _may() -> bool:
    return True


def _to(every: Answers, chat_id: int = 5, *, hurried: bool = False) -> Answer:
    return every.to(chat_id, chat_id, hurried=hurried)


async def test_few_are_said_again_at_a_time() -> None:
    """The other connections are for alerts."""
    every, first, again = Answers(lambda: None), Telegram(), Telegram(seconds=0.002)

    async def give(number: int) -> None:
        calls = iter((first.take,))
        with pytest.raises(GivenUp):
            await _to(every, number).give(lambda: next(calls, again.take)(), may_repeat=_may)

    await asyncio.gather(*(give(number) for number in range(5 * RETRIES_AT_ONCE)))
    assert first.most == 5 * RETRIES_AT_ONCE
    assert again.most == RETRIES_AT_ONCE
    assert not every.standing


async def test_nothing_is_said_again_that_stored_nothing() -> None:
    every, telegram = Answers(lambda: None), Telegram()
    with pytest.raises(NetworkError):
        await _to(every).give(telegram.take, may_repeat=None)
    assert telegram.calls == 1


async def test_a_refusal_is_none_that_passes() -> None:
    every, telegram = Answers(lambda: None), Telegram(Forbidden("bot was blocked by the user"))
    for may_repeat in (_may, None):
        with pytest.raises(Forbidden):
            await _to(every).give(telegram.take, may_repeat=may_repeat)
    assert telegram.calls == 2


async def test_a_call_under_way_may_take_a_moment_more_when_its_person_goes_on() -> None:
    began = asyncio.Event()
    every, first, hangs = Answers(lambda: None), Telegram(), Telegram(seconds=600)
    calls = iter((first.take,))

    async def call() -> None:
        take = next(calls, hangs.take)
        if take == hangs.take:
            began.set()
        await take()

    async with asyncio.timeout(10):
        giving = asyncio.ensure_future(_to(every).give(call, may_repeat=_may))
        await began.wait()
        assert every.standing == {5: 5}
        every.hurry(5)
        with pytest.raises(GivenUp):
            await giving
    assert (hangs.now, every.standing) == (0, {})


async def test_who_goes_on_while_others_are_said_again_waits_for_no_place() -> None:
    every, hangs = Answers(lambda: None), Telegram(seconds=600)
    async with asyncio.timeout(10):
        for _ in range(RETRIES_AT_ONCE):
            await every.places.acquire()
        with pytest.raises(GivenUp):
            await _to(every, hurried=True).give(hangs.take, may_repeat=_may)
    assert hangs.calls == 0


async def test_what_is_hurried_is_tried_once() -> None:
    every, telegram = Answers(lambda: None), Telegram()
    with pytest.raises(GivenUp):
        await _to(every, hurried=True).give(telegram.take, may_repeat=_may)
    assert telegram.calls == 1


async def test_a_chat_whose_answer_was_taken_in_the_end_is_in_no_trouble_any_more() -> None:
    every, telegram = Answers(lambda: None), Telegram()
    with pytest.raises(NetworkError):
        await _to(every).give(telegram.take, may_repeat=None)
    assert every.troubled == {5}

    async def taken() -> str:
        return "taken"

    calls = iter((telegram.take,))
    assert await _to(every).give(lambda: next(calls, taken)(), may_repeat=_may) == "taken"
    assert (telegram.calls, every.troubled) == (2, set())
