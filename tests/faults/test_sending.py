"""What Telegram, or the way to it, does to a message that is owed: one recorded outcome, never a silent repeat."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

import pytest

from bot.sandbox.faults import Fault
from messages.outgoing import Kind
from tests.bot.wire import address_that_never_accepts, address_without_server
from tests.faults import owing
from tests.faults.heard import listening
from tests.world import World

REPEATED = Kind.NOTICE
"""Read twice is better than never."""
ONCE = Kind.DIGEST
"""Never is better than read twice: it is told in the next one."""


async def _owe_one(world: World, kind: Kind = REPEATED) -> int:
    """One message to a practitioner, whose chat is returned; what had to be said before was said."""
    marie = await world.practitioner()
    await owing.owe(world.database, "one", await world.staff_id(marie), now=world.clock.now(), kind=kind)
    return marie.id


async def _outcome(world: World) -> tuple[str, str | None, int]:
    row = await owing.row(world.database, "one")
    return row.state, row.reason, row.repeats


def _accepted(world: World, chat_id: int) -> int:
    """How many messages Telegram has taken for this chat."""
    return world.sandbox.ledger.count(chat_id=chat_id)


SERVER_ERRORS = {
    "500 before": (Fault.answer(500, "Internal Server Error", moment="before"), 0),
    "500 after": (Fault.answer(500, "Internal Server Error", moment="after"), 1),
    "502 before": (Fault.answer(502, "Bad Gateway", moment="before"), 0),
    "502 after": (Fault.answer(502, "Bad Gateway", moment="after"), 1),
    "dropped before": (Fault.drop("before"), 0),
    "dropped after": (Fault.drop("after"), 1),
    "dropped mid-body": (Fault.drop("mid_body"), 1),
}
"""Each with how many of the messages Telegram has taken all the same."""


@pytest.mark.parametrize(("fault", "at_telegram"), SERVER_ERRORS.values(), ids=SERVER_ERRORS)
async def test_an_error_after_which_the_end_is_unknown(world: World, fault: Fault, at_telegram: int) -> None:
    """Whether it was accepted cannot be told: what may be read twice goes again, and is counted."""
    marie = await world.practitioner()
    before = _accepted(world, marie.id)
    for kind, key in ((REPEATED, "repeated"), (ONCE, "once")):
        world.sandbox.faults.add(replace(fault, method="sendMessage", chat_id=marie.id))
        await owing.owe(world.database, key, await world.staff_id(marie), now=world.clock.now(), kind=kind)
        await world.settle()
    await world.move(minutes=30)
    repeated, once = [await owing.row(world.database, key) for key in ("repeated", "once")]
    assert (repeated.state, repeated.repeats) == ("sent", 1)
    assert (once.state, once.reason, once.repeats) == ("uncertain", "no_answer", 0)
    assert _accepted(world, marie.id) - before == at_telegram + 1 + at_telegram


@contextmanager
def _calling(world: World, url: str, seconds: float) -> Iterator[None]:
    """Everything but polling goes to `url`, with shorter time limits than a clinic's: nobody waits for 20 s here."""
    bot = world.app.application.bot
    right, usual = bot._base_url, (bot.request._connect_timeout, bot.request._read_timeout)  # type: ignore[attr-defined]
    bot._base_url = f"{url}/bot{world.server.token}"
    bot.request._connect_timeout = bot.request._read_timeout = seconds  # type: ignore[attr-defined]
    try:
        yield
    finally:
        bot._base_url = right
        bot.request._connect_timeout, bot.request._read_timeout = usual  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", [REPEATED, ONCE])
@pytest.mark.parametrize("nowhere", [address_without_server, address_that_never_accepts], ids=["refused", "timeout"])
async def test_without_a_connection_nothing_was_sent_and_it_goes_later(
    world: World, kind: Kind, nowhere: Callable[[], AbstractContextManager[str]]
) -> None:
    marie = await world.practitioner()
    before = _accepted(world, marie.id)
    with nowhere() as url, _calling(world, url, 0.2):
        await owing.owe(world.database, "one", await world.staff_id(marie), now=world.clock.now(), kind=kind)
        await world.settle()
        assert (await _outcome(world))[0] == "pending"
    await world.move(minutes=5)
    assert await _outcome(world) == ("sent", None, 0)
    assert _accepted(world, marie.id) - before == 1


async def test_an_answer_that_never_comes_leaves_the_end_unknown(world: World) -> None:
    marie = await world.practitioner()
    before = _accepted(world, marie.id)
    with _calling(world, world.server.url, 0.2):
        for kind, key in ((REPEATED, "repeated"), (ONCE, "once")):
            world.sandbox.faults.add(Fault.slow(1.0, method="sendMessage", chat_id=marie.id, moment="after"))
            await owing.owe(world.database, key, await world.staff_id(marie), now=world.clock.now(), kind=kind)
            await world.settle()
    await world.move(minutes=30)
    repeated, once = [await owing.row(world.database, key) for key in ("repeated", "once")]
    assert (repeated.state, repeated.repeats) == ("sent", 1)
    assert (once.state, once.reason) == ("uncertain", "no_answer")
    assert _accepted(world, marie.id) - before == 3


async def test_a_flood_in_one_chat_leaves_what_is_under_way_elsewhere_alone(world: World) -> None:
    flooded, *others = [await world.practitioner(name) for name in ("Marie", "Paul", "Lea")]
    ids = {person.id: await world.staff_id(person) for person in (flooded, *others)}
    world.sandbox.faults.add(
        *(Fault.slow(0.3, method="sendMessage", chat_id=person.id) for person in others),
        Fault.flood(60, method="sendMessage", chat_id=flooded.id),
    )
    for person in (*others, flooded):
        await owing.owe(world.database, f"for {person.id}", ids[person.id], now=world.clock.now())
    await world.settle()
    assert [owing.times_reached(world, person) for person in (flooded, *others)] == [0, 1, 1]
    waiting = await owing.row(world.database, f"for {flooded.id}")
    assert (waiting.state, (waiting.due_at - world.clock.now()).total_seconds()) == ("pending", 60)
    assert world.app.throttle.paused_for == 0
    world.app.throttle.forget_pauses()
    await world.move(seconds=60)
    assert owing.times_reached(world, flooded) == 1


async def test_a_flood_of_the_whole_bot_holds_everything_back_and_repeats_nothing(world: World) -> None:
    people = [await world.practitioner(name) for name in ("Marie", "Paul", "Lea")]
    marie, paul, lea = people
    ids = [await world.staff_id(person) for person in people]
    world.sandbox.faults.add(
        Fault.slow(0.5, method="sendMessage", chat_id=lea.id, moment="after"),
        Fault.flood(60, method="sendMessage", chat_id=marie.id),
        Fault.flood(60, method="sendMessage", chat_id=paul.id),
    )
    await owing.owe(world.database, "under way", ids[2], now=world.clock.now())
    await world.sandbox.changed(lambda: owing.times_reached(world, lea) == 1)
    for number in (0, 1):
        await owing.owe(world.database, str(number), ids[number], now=world.clock.now())
    await world.settle()
    assert world.app.throttle.paused_for > 0, "two chats were refused: the bot is meant"
    assert (await owing.row(world.database, "under way")).state == "sent"
    world.app.throttle.forget_pauses()
    await world.move(seconds=60)
    assert [owing.times_reached(world, person) for person in people] == [1, 1, 1]
    assert not world.sandbox.ledger.accepted_unseen()


async def test_markup_that_telegram_cannot_read_goes_once_as_plain_text(world: World) -> None:
    marie = await world.practitioner()
    refusal = Fault.answer(400, "Bad Request: can't parse entities: unclosed tag", chat_id=marie.id, times=1)
    world.sandbox.faults.add(refusal)
    await owing.owe(world.database, "one", await world.staff_id(marie), now=world.clock.now())
    await world.settle()
    assert await _outcome(world) == ("sent", None, 0)
    assert owing.times_reached(world, marie) == 1


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        ((400, "Bad Request: can't parse entities: unclosed tag"), "bad_markup"),
        ((400, "Bad Request: chat not found"), "unreachable"),
        ((403, "Forbidden: bot was blocked by the user"), "unreachable"),
        ((403, "Forbidden: user is deactivated"), "unreachable"),
        ((400, "Bad Request: group chat was upgraded to a supergroup chat"), "refused"),
        ((400, "Bad Request: message is too long"), "refused"),
    ],
)
async def test_what_telegram_will_never_take_fails_once_and_says_why(
    world: World, refusal: tuple[int, str], reason: str
) -> None:
    marie = await world.practitioner()
    moved = {"migrate_to_chat_id": -100123} if "upgraded" in refusal[1] else {}
    fault = Fault.answer(*refusal, method="sendMessage", chat_id=marie.id, times=None, parameters=moved)
    world.sandbox.faults.add(fault)
    async with listening() as log:
        await owing.owe(world.database, "one", await world.staff_id(marie), now=world.clock.now())
        await world.move(hours=2)
    assert await _outcome(world) == ("failed", reason, 0)
    assert log.count("not_sent") == (2 if reason == "bad_markup" else 1)
    assert owing.times_reached(world, marie) == 0


async def test_an_edit_that_changes_nothing_is_no_error(world: World) -> None:
    """Two taps on one button: the second answer is the same as the first."""
    marie = await world.practitioner()
    marie.say("/language")
    await world.settle()
    asked = marie.last
    async with listening() as log:
        for _ in range(2):
            marie.tap(asked.buttons[0][0].text, asked.id)
        await world.settle()
    assert log.count("update_failed") == log.count("answer_failed") == 0
    assert not world.sandbox.open_queries()
