"""The queue before Telegram: urgent first, order kept within a chat, limits and pauses honoured."""

import asyncio

import pytest

from bot.throttle import EVERY_CHAT, NO_LIMITS, Limits, Paused, Throttle
from messages.outgoing import Lane
from tests.bot.jumping import run_in_jumps


class Recorder:
    """Takes turns and notes in which order and when (loop time) they came."""

    def __init__(self, limits: Limits) -> None:
        self.throttle = Throttle(limits, lambda: asyncio.get_running_loop().time())
        self.order: list[str] = []
        self.times: dict[str, float] = {}

    async def call(self, name: str, lane: Lane, chat: int, *, spaced: bool = True, bears_pauses: bool = True) -> None:
        async with self.throttle.turn(lane, chat, spaced=spaced, bears_pauses=bears_pauses) as place:
            with self.throttle.calling(place):
                self.order.append(name)
                self.times[name] = asyncio.get_running_loop().time()


async def _all(recorder: Recorder, *calls: tuple[str, Lane, int]) -> None:
    async with asyncio.TaskGroup() as group:
        for name, lane, chat in calls:
            group.create_task(recorder.call(name, lane, chat))


def test_an_alert_overtakes_everything_that_waits() -> None:
    async def scene() -> Recorder:
        recorder = Recorder(Limits(overall_per_second=10, private_chat_seconds=0))
        routine = [(f"routine {number}", Lane.ROUTINE, 100 + number) for number in range(200)]
        async with asyncio.TaskGroup() as group:
            for name, lane, chat in routine:
                group.create_task(recorder.call(name, lane, chat))
            await asyncio.sleep(1.05)
            group.create_task(recorder.call("alert", Lane.URGENT, 1))
        return recorder

    recorder = run_in_jumps(scene())
    # Ten a second: eleven had gone when the alert came, and it was the very next.
    assert recorder.order.index("alert") in (11, 12)
    assert len(recorder.order) == 201


def test_calls_to_one_chat_keep_their_order_and_never_overlap() -> None:
    inside = 0
    seen: list[int] = []

    async def scene() -> None:
        throttle = Throttle(NO_LIMITS, lambda: asyncio.get_running_loop().time())

        async def call(number: int) -> None:
            nonlocal inside
            async with throttle.turn(Lane.ROUTINE, 7) as place:
                inside += 1
                assert inside == 1
                with throttle.calling(place):
                    await asyncio.sleep(0.01)
                seen.append(number)
                inside -= 1

        async with asyncio.TaskGroup() as group:
            for number in range(20):
                group.create_task(call(number))

    run_in_jumps(scene())
    assert seen == list(range(20))


def test_a_private_chat_gets_one_message_a_second_while_others_go_on() -> None:
    async def scene() -> Recorder:
        recorder = Recorder(Limits(overall_per_second=100, private_chat_seconds=1))
        await _all(
            recorder,
            ("first", Lane.ROUTINE, 1),
            ("second", Lane.ROUTINE, 1),
            ("other", Lane.ROUTINE, 2),
        )
        return recorder

    recorder = run_in_jumps(scene())
    assert recorder.order == ["first", "other", "second"]
    assert recorder.times["second"] - recorder.times["first"] == pytest.approx(1)
    assert recorder.times["other"] - recorder.times["first"] < 0.5


def test_an_edit_does_not_wait_for_the_spacing_of_messages() -> None:
    async def scene() -> Recorder:
        recorder = Recorder(Limits(overall_per_second=100, private_chat_seconds=1))
        await recorder.call("message", Lane.CONVERSATION, 1)
        await recorder.call("edit", Lane.CONVERSATION, 1, spaced=False)
        return recorder

    recorder = run_in_jumps(scene())
    assert recorder.times["edit"] - recorder.times["message"] < 0.5


def test_a_second_call_in_one_turn_goes_at_once_and_counts() -> None:
    async def scene() -> list[float]:
        limits = Limits(overall_per_second=2, private_chat_seconds=0)
        throttle, times = Throttle(limits, lambda: asyncio.get_running_loop().time()), []
        for chat, calls in ((1, 2), (2, 1)):
            async with throttle.turn(Lane.ROUTINE, chat) as place:
                for _ in range(calls):
                    with throttle.calling(place):
                        times.append(asyncio.get_running_loop().time())
        return times

    first, second, third = run_in_jumps(scene())
    assert second == first
    assert third == pytest.approx(first + 1), "there is room for two in a second"


def test_who_gives_up_waiting_again_leaves_the_chat_to_others() -> None:
    async def scene() -> None:
        throttle = Throttle(Limits(), lambda: asyncio.get_running_loop().time())

        async def wait_again() -> None:
            async with throttle.turn(Lane.ROUTINE, 1) as place:
                throttle.pause(EVERY_CHAT, 30)
                await throttle.again(place)
                raise AssertionError("it was cancelled before")

        waiting = asyncio.ensure_future(wait_again())
        await asyncio.sleep(1)
        waiting.cancel()
        assert isinstance((await asyncio.gather(waiting, return_exceptions=True))[0], asyncio.CancelledError)
        assert throttle.queued == 0
        async with throttle.turn(Lane.ROUTINE, 1):
            pass

    run_in_jumps(scene())


def test_who_waits_again_keeps_the_chat_and_its_order() -> None:
    async def scene() -> Recorder:
        recorder = Recorder(Limits())

        async def slow() -> None:
            async with recorder.throttle.turn(Lane.ROUTINE, 1) as place:
                await asyncio.sleep(1.5)
                assert not recorder.throttle.has_room(place)
                await recorder.throttle.again(place)
                with recorder.throttle.calling(place):
                    recorder.order.append("slow")

        async with asyncio.TaskGroup() as group:
            group.create_task(slow())
            await asyncio.sleep(0.1)
            group.create_task(recorder.call("behind it", Lane.URGENT, 1))
            group.create_task(recorder.call("elsewhere", Lane.ROUTINE, 2))
        return recorder

    assert run_in_jumps(scene()).order == ["elsewhere", "slow", "behind it"]


def test_one_that_is_not_called_after_all_takes_nobodys_place() -> None:
    async def scene() -> float:
        throttle = Throttle(Limits(private_chat_seconds=1), lambda: asyncio.get_running_loop().time())
        begun_at = asyncio.get_running_loop().time()
        for chat in (*range(1, 61), 1):
            async with throttle.turn(Lane.ROUTINE, chat):
                pass
        return asyncio.get_running_loop().time() - begun_at

    assert run_in_jumps(scene()) == pytest.approx(2, abs=0.2), "evenly, but with no second to wait for"


def test_a_group_gets_twenty_a_minute() -> None:
    async def scene() -> Recorder:
        recorder = Recorder(Limits())
        await _all(recorder, *((str(number), Lane.ROUTINE, -5) for number in range(21)))
        return recorder

    times = sorted(run_in_jumps(scene()).times.values())
    assert times[20] - times[0] == pytest.approx(60)


def test_a_pause_of_one_chat_does_not_hold_up_another() -> None:
    async def scene() -> Recorder:
        recorder = Recorder(NO_LIMITS)
        recorder.throttle.flooded(1, 5)
        await _all(recorder, ("paused", Lane.URGENT, 1), ("free", Lane.ROUTINE, 2))
        return recorder

    recorder = run_in_jumps(scene())
    assert recorder.order == ["free", "paused"]
    assert recorder.times["paused"] - recorder.times["free"] == pytest.approx(5)


def test_a_second_refused_chat_pauses_everything() -> None:
    async def scene() -> Recorder:
        recorder = Recorder(NO_LIMITS)
        recorder.throttle.flooded(1, 5)
        recorder.throttle.flooded(2, 5)
        before = asyncio.get_running_loop().time()
        await recorder.call("alert", Lane.URGENT, 3)
        assert recorder.times["alert"] - before == pytest.approx(5)
        assert recorder.throttle.paused_for == 0
        return recorder

    assert run_in_jumps(scene()).order == ["alert"]


@pytest.mark.parametrize("paused", [1, EVERY_CHAT])
def test_an_answer_does_not_sit_out_a_pause_in_the_queue(paused: int) -> None:
    """Neither one that begins while it waits nor one that has begun: it would hold what its person does next."""

    async def scene() -> Recorder:
        recorder = Recorder(Limits(overall_per_second=30, private_chat_seconds=1))
        await recorder.call("first", Lane.CONVERSATION, 1)
        asyncio.get_running_loop().call_later(0.5, recorder.throttle.pause, paused, 60)
        for _ in range(2):
            with pytest.raises(Paused):
                await recorder.call("answer", Lane.CONVERSATION, 1, bears_pauses=False)
        recorder.times["given up"] = asyncio.get_running_loop().time()
        await recorder.call("alert", Lane.URGENT, 1)
        return recorder

    recorder = run_in_jumps(scene())
    assert recorder.order == ["first", "alert"]
    assert recorder.times["given up"] - recorder.times["first"] == pytest.approx(0.5)
    assert recorder.times["alert"] - recorder.times["first"] == pytest.approx(60.5)


def test_a_pause_is_never_shortened_by_another_request() -> None:
    async def scene() -> float:
        recorder = Recorder(NO_LIMITS)
        recorder.throttle.pause(EVERY_CHAT, 10)
        recorder.throttle.pause(EVERY_CHAT, 1)
        before = asyncio.get_running_loop().time()
        await recorder.call("late", Lane.URGENT, 3)
        return recorder.times["late"] - before

    assert run_in_jumps(scene()) >= 9.9


def test_who_gives_up_waiting_leaves_the_queue() -> None:
    async def scene() -> Recorder:
        recorder = Recorder(Limits(overall_per_second=1, private_chat_seconds=0))
        await recorder.call("first", Lane.ROUTINE, 1)
        waiting = asyncio.create_task(recorder.call("given up", Lane.ROUTINE, 2))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await recorder.call("next", Lane.ROUTINE, 2)
        return recorder

    recorder = run_in_jumps(scene())
    assert recorder.order == ["first", "next"]
    assert recorder.throttle.queued == 0


def test_all_who_wait_can_go_away_together() -> None:
    async def scene() -> None:
        throttle = Throttle(NO_LIMITS, lambda: asyncio.get_running_loop().time())

        async def call() -> None:
            async with throttle.turn(Lane.ROUTINE, 1):
                await asyncio.Event().wait()

        calls = [asyncio.ensure_future(call()) for _ in range(3)]
        await asyncio.sleep(0)
        for each in calls:
            each.cancel()
        ended = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(each) for each in ended] == [asyncio.CancelledError] * 3
        assert throttle.queued == 0
        async with throttle.turn(Lane.ROUTINE, 1):
            pass

    run_in_jumps(scene())
