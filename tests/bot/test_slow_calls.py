"""Calls that take their time: what Telegram counts, what an alert waits for, and what goes meanwhile."""

import asyncio
import contextlib
import itertools
import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.throttle import FEW, PAID_LIMITS, SILENT_SECONDS, Limits, Throttle
from messages.outgoing import Lane
from tests.bot.jumping import run_in_jumps


def _busiest_second(arrivals: Sequence[float]) -> int:
    """As the sandbox counts: what has arrived a second ago, to the moment, does not count any more."""
    return max(sum(start <= each < start + 1 for each in arrivals) for start in arrivals)


ORDINARY = Limits(private_chat_seconds=0)
"""Telegram's, but for the second of each chat: every call goes into another."""


class Journeys:
    """Calls that take a while to be composed, to arrive, to be answered and to be recorded; all in seconds.

    While `silent`, they time out in place of being answered.
    """

    def __init__(self, journeys: Sequence[tuple[float, float, float, float]], limits: Limits = ORDINARY) -> None:
        self.throttle = Throttle(limits, lambda: asyncio.get_running_loop().time())
        self.arrivals: list[float] = []
        self.silent = False
        self._journeys = itertools.cycle(journeys)

    async def burst(self, calls: int, *, first_chat: int = 1) -> None:
        """All at once, each into another chat."""
        async with asyncio.TaskGroup() as group:
            for chat in range(first_chat, first_chat + calls):
                group.create_task(self._call(chat, *next(self._journeys)))

    async def _call(self, chat: int, composing: float, there: float, back: float, recording: float) -> None:
        async with self.throttle.turn(Lane.ROUTINE, chat) as place:
            await asyncio.sleep(composing)
            if not self.throttle.has_room(place):
                await self.throttle.again(place)
            with contextlib.suppress(TimeoutError), self.throttle.calling(place):
                await asyncio.sleep(there)
                self.arrivals.append(asyncio.get_running_loop().time())
                await asyncio.sleep(back)
                if self.silent:
                    raise TimeoutError
            await asyncio.sleep(recording)


async def _wait_for_turn(throttle: Throttle, lane: Lane, chat: int) -> float:
    """Seconds."""
    asked_at = asyncio.get_running_loop().time()
    async with throttle.turn(lane, chat):
        return asyncio.get_running_loop().time() - asked_at


_MOMENT = st.floats(0, 0.45)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.floats(0, 3), _MOMENT, _MOMENT, st.floats(0, 3)), min_size=1, max_size=100))
def test_no_second_sees_more_than_thirty_calls_however_unevenly_they_travel(
    journeys: list[tuple[float, float, float, float]],
) -> None:
    async def scene() -> Journeys:
        burst = Journeys(journeys)
        await burst.burst(90)
        return burst

    arrivals = run_in_jumps(scene()).arrivals
    assert len(arrivals) == 90
    assert _busiest_second(sorted(arrivals)) <= 30


def test_a_burst_uses_what_is_allowed() -> None:
    async def scene() -> Journeys:
        # Composed in 6 ms, at the server after 2, answered after 3 more, recorded in 50: as on a small machine.
        burst = Journeys([(0.006, 0.002, 0.003, 0.05)])
        await burst.burst(30 * 60)
        return burst

    arrivals = run_in_jumps(scene()).arrivals
    assert _busiest_second(arrivals) <= 30
    assert (len(arrivals) - 1) / (arrivals[-1] - arrivals[0]) >= 0.97 * 30


def test_calls_that_hang_hold_an_alert_up_for_two_seconds_at_most() -> None:
    async def scene() -> float:
        hanging = Journeys([(0, math.inf, 0, 0)])
        burst = asyncio.ensure_future(hanging.burst(30))
        await asyncio.sleep(1.1)
        waited = await _wait_for_turn(hanging.throttle, Lane.URGENT, 1_000)
        burst.cancel()
        await asyncio.gather(burst, return_exceptions=True)
        return waited

    assert 0 < run_in_jumps(scene()) <= 2


@pytest.mark.parametrize("seconds", [1, 2, 3, 5])
def test_a_slow_telegram_gets_nearly_fifteen_a_second(seconds: float) -> None:
    """What has not been answered for a second has arrived, and counts for one more: thirty every two seconds."""

    async def scene() -> Journeys:
        slow = Journeys([(0, 0, seconds, 0)])
        await slow.burst(15 * 60)
        return slow

    arrivals = run_in_jumps(scene()).arrivals
    assert (len(arrivals) - 1) / (arrivals[-1] - arrivals[0]) >= 14


@pytest.mark.parametrize("lane", [Lane.URGENT, Lane.CONVERSATION])
def test_few_routine_calls_are_begun_while_telegram_answers_none(lane: Lane) -> None:
    """Alerts and answers are."""

    async def scene() -> tuple[int, float, Journeys]:
        silent = Journeys([(0, 0, 20, 0)])
        # Who had a turn and was not called after all is not waited for.
        for chat in range(FEW):
            async with silent.throttle.turn(Lane.ROUTINE, 2_000 + chat):
                pass
        burst = asyncio.ensure_future(silent.burst(120))
        await asyncio.sleep(19)
        meanwhile = len(silent.arrivals)
        waited = await _wait_for_turn(silent.throttle, lane, 1_000)
        await burst
        return meanwhile, waited, silent

    meanwhile, waited, silent = run_in_jumps(scene())
    assert 30 <= meanwhile <= 30 + FEW, "those of one second, until so many had not been answered for two"
    assert waited < 0.1
    assert len(silent.arrivals) == 120


@pytest.mark.parametrize("limits", [ORDINARY, PAID_LIMITS], ids=["ordinary", "paid"])
def test_few_are_begun_after_those_that_timed_out_until_one_is_answered(limits: Limits) -> None:
    async def scene() -> tuple[list[int], Journeys]:
        telegram, begun = Journeys([(0, 0, 20, 0)], limits), []
        telegram.silent = True
        started_at = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as group:
            group.create_task(telegram.burst(120))
            await asyncio.sleep(10)
            group.create_task(telegram.burst(60, first_chat=200))
            for at in (19, 39, 59):
                await asyncio.sleep(started_at + at - asyncio.get_running_loop().time())
                begun.append(len(telegram.arrivals))
            telegram.silent = False
        return begun, telegram

    (first, second, third), telegram = run_in_jumps(scene())
    assert 0 < second - first <= FEW
    assert 0 < third - second <= FEW
    assert len(telegram.arrivals) == 180, "all, since one was answered"


def test_who_waits_again_in_a_chat_is_not_held_back_with_the_other_routine_calls() -> None:
    """An alert to that chat would wait with it."""

    async def scene() -> float:
        silent = Journeys([(0, 0, 20, 0)])
        hanging = asyncio.ensure_future(silent.burst(FEW))

        async def wait_again() -> None:
            async with silent.throttle.turn(Lane.ROUTINE, 1_000) as place:
                await asyncio.sleep(SILENT_SECONDS + 1)
                await silent.throttle.again(place)

        waiting = asyncio.ensure_future(wait_again())
        await asyncio.sleep(SILENT_SECONDS + 1)
        waited = await _wait_for_turn(silent.throttle, Lane.URGENT, 1_000)
        await asyncio.gather(hanging, waiting)
        return waited

    assert run_in_jumps(scene()) < 1


def test_calls_that_the_database_holds_up_hold_nobody_else_up() -> None:
    async def scene() -> tuple[float, Journeys]:
        slow = Journeys([(5, 0.01, 0.01, 0)])
        burst = asyncio.ensure_future(slow.burst(60))
        await asyncio.sleep(1.1)
        waited = await _wait_for_turn(slow.throttle, Lane.CONVERSATION, 1_000)
        await burst
        return waited, slow

    waited, slow = run_in_jumps(scene())
    assert waited <= 1
    assert len(slow.arrivals) == 60
    assert _busiest_second(slow.arrivals) <= 30
