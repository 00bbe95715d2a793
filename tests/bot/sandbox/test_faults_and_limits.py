"""Faults as the client meets them, what was accepted nevertheless, and the limiter."""

import asyncio
from datetime import timedelta

import pytest
from telegram import Bot, InputMediaPhoto
from telegram.error import BadRequest, ChatMigrated, Forbidden, NetworkError, RetryAfter, TimedOut

from bot.sandbox.errors import ApiError
from bot.sandbox.faults import Fault
from bot.sandbox.limits import Limiter
from bot.sandbox.model import Chat
from bot.sandbox.person import Person
from bot.sandbox.pictures import PIXEL
from bot.sandbox.sandbox import Sandbox


async def test_errors_before_acceptance(bot: Bot, sandbox: Sandbox, anna: Person) -> None:
    sandbox.faults.add(Fault.answer(500, "Internal Server Error", method="sendMessage", times=2))
    for _ in range(2):
        with pytest.raises(NetworkError, match="Internal Server Error"):
            await bot.send_message(anna.id, "x")
    assert anna.bot_messages == []
    await bot.send_message(anna.id, "x")
    assert sandbox.ledger.count(chat_id=anna.id) == 1


async def test_errors_after_acceptance_are_in_the_ledger(bot: Bot, sandbox: Sandbox, anna: Person) -> None:
    sandbox.faults.add(Fault.answer(502, "Bad Gateway", moment="after"))
    with pytest.raises(NetworkError, match="Bad Gateway"):
        await bot.send_message(anna.id, "x")
    await bot.send_message(anna.id, "x")
    assert [seen.text for seen in anna.bot_messages] == ["x", "x"]
    assert sandbox.ledger.repeats() == {("sendMessage", anna.id, "x"): 2}
    assert [entry.message_id for entry in sandbox.ledger.accepted_unseen()] == [2]


@pytest.mark.parametrize(("moment", "accepted"), [("before", 0), ("after", 1), ("mid_body", 1)])
async def test_dropped_connections(bot: Bot, sandbox: Sandbox, anna: Person, moment: str, accepted: int) -> None:
    sandbox.faults.add(Fault.from_json({"kind": "drop", "moment": moment, "method": "sendMessage"}))
    with pytest.raises(NetworkError, match="RemoteProtocolError") as broken:
        await bot.send_message(anna.id, "x")
    assert type(broken.value) is NetworkError
    assert len(anna.bot_messages) == len(sandbox.ledger.accepted_unseen()) == accepted
    await bot.send_message(anna.id, "y")
    assert anna.last.text == "y"


async def test_delays(bot: Bot, sandbox: Sandbox, anna: Person) -> None:
    sandbox.faults.add(Fault.slow(0.5))
    with pytest.raises(TimedOut):
        await bot.send_message(anna.id, "x", read_timeout=0.05)
    await sandbox.changed(lambda: bool(anna.bot_messages))


async def test_an_answer_that_comes_too_late_is_in_the_ledger(bot: Bot, sandbox: Sandbox, anna: Person) -> None:
    sandbox.faults.add(Fault.slow(0.2, moment="after"))
    with pytest.raises(TimedOut):
        await bot.send_message(anna.id, "x", read_timeout=0.05)
    assert anna.last.text == "x"
    await sandbox.changed(lambda: bool(sandbox.ledger.accepted_unseen()))


async def test_flood_answers(bot: Bot, sandbox: Sandbox, anna: Person) -> None:
    ben = sandbox.person("Ben")
    ben.start()
    sandbox.faults.add(Fault.flood(7, chat_id=anna.id))
    await bot.send_message(ben.id, "x")
    with pytest.raises(RetryAfter) as told:
        await bot.send_message(anna.id, "x")
    assert told.value.retry_after == timedelta(seconds=7)


async def test_accounts_and_groups_that_are_gone(bot: Bot, sandbox: Sandbox, anna: Person) -> None:
    group = sandbox.group("Clinic", [anna])
    sandbox.faults.add(Fault.deactivated(anna.id), Fault.migrated(group.id, -1007))
    for _ in range(2):
        with pytest.raises(Forbidden, match="deactivated"):
            await bot.send_message(anna.id, "x")
        with pytest.raises(ChatMigrated) as moved:
            await bot.send_message(group.id, "x")
        assert moved.value.new_chat_id == -1007
    sandbox.faults.clear()
    await bot.send_message(anna.id, "x")


async def test_rules_let_calls_pass_first(bot: Bot, sandbox: Sandbox, anna: Person) -> None:
    sandbox.faults.add(Fault.answer(400, "Bad Request: third", skip=2))
    await bot.send_message(anna.id, "1")
    await bot.send_message(anna.id, "2")
    with pytest.raises(BadRequest, match="Third"):
        await bot.send_message(anna.id, "3")
    await bot.send_message(anna.id, "4")


@pytest.mark.parametrize(
    "rule", [3, {"kind": "magic"}, {"kind": "drop", "moment": "later"}, {"kind": "drop", "times": "x"}, {"what": 1}]
)
def test_rules_that_make_no_sense(rule: object) -> None:
    with pytest.raises(ValueError, match=r"is one of|some of|numbers"):
        Fault.from_json(rule)


class Seconds:
    """Monotonic seconds, moved by hand."""

    def __init__(self) -> None:
        self.value = 1000.0

    def __call__(self) -> float:
        return self.value


def admitted(limiter: Limiter, chat: Chat, messages: int) -> int:
    """How many of `messages` pass at this moment."""
    passed = 0
    for _ in range(messages):
        try:
            limiter.admit(chat)
        except ApiError:
            return passed
        passed += 1
    return passed


def test_a_private_chat_takes_a_small_burst_then_one_a_second() -> None:
    seconds = Seconds()
    limiter, chat = Limiter(seconds, enabled=True), Chat(7, "private", "Anna")
    assert admitted(limiter, chat, 10) == 3
    with pytest.raises(ApiError) as refusal:
        limiter.admit(chat)
    assert refusal.value.code == 429
    assert refusal.value.parameters == {"retry_after": 3}
    for _ in range(20):
        seconds.value += 1
        assert admitted(limiter, chat, 1) <= 1
    assert admitted(limiter, Chat(8, "private", "Ben"), 10) == 3


def test_thirty_a_second_in_all_chats() -> None:
    seconds = Seconds()
    limiter = Limiter(seconds, enabled=True)
    assert sum(admitted(limiter, Chat(number, "private", "x"), 1) for number in range(100)) == 30
    seconds.value += 1
    assert sum(admitted(limiter, Chat(number, "private", "x"), 1) for number in range(100, 200)) == 30


def test_a_thousand_a_second_where_they_are_paid_for() -> None:
    limiter = Limiter(Seconds(), enabled=True)
    for number in range(1000):
        limiter.admit(Chat(number, "private", "x"), paid=True)
    with pytest.raises(ApiError):
        limiter.admit(Chat(1000, "private", "x"), paid=True)


def test_a_group_takes_twenty_a_minute() -> None:
    seconds = Seconds()
    limiter, group = Limiter(seconds, enabled=True), Chat(-7, "group", "Clinic")
    assert admitted(limiter, group, 30) == 20
    seconds.value += 59
    assert admitted(limiter, group, 30) == 0
    seconds.value += 1
    assert admitted(limiter, group, 30) == 20


async def test_the_limiter_answers_429_over_http(bot: Bot, sandbox: Sandbox, anna: Person) -> None:
    sandbox.limiter.enabled = True
    with pytest.raises(RetryAfter):
        await asyncio.gather(*[bot.send_message(anna.id, str(number)) for number in range(4)])
    assert sandbox.limiter.refused >= 1
    ben = sandbox.person("Ben")
    ben.start()
    await bot.send_media_group(ben.id, [InputMediaPhoto(PIXEL)] * 3)
    with pytest.raises(RetryAfter):
        await bot.send_message(ben.id, "an album counts for its photos")
