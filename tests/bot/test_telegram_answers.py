"""What Telegram answers to our client, and what the bot then knows about the message."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from telegram import Bot, InputFile, InputMediaDocument
from telegram.error import InvalidToken

from bot.clock import MovableClock
from bot.sandbox.faults import Fault
from bot.sandbox.person import Person
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.server import SandboxServer
from bot.telegram_calls import failure_of
from messages.retrying import Failure
from tests.bot.calling import calling, error_of, failure


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(MovableClock(datetime(2026, 3, 27, 14, 30, tzinfo=UTC)).now)


@pytest.fixture
async def server(sandbox: Sandbox) -> AsyncIterator[SandboxServer]:
    server = SandboxServer(sandbox)
    serving = asyncio.create_task(server.serve())
    yield server
    server.stop()
    await serving


@pytest.fixture
async def bot(server: SandboxServer) -> AsyncIterator[Bot]:
    async with calling(server.url, token=server.token) as client:
        yield client


@pytest.fixture
def anna(sandbox: Sandbox) -> Person:
    person = sandbox.person("Anna")
    person.start()
    return person


async def test_a_flood_tells_how_long_to_wait(bot: Bot, sandbox: Sandbox, anna: Person) -> None:
    sandbox.faults.add(Fault.flood(7, method="sendMessage"))
    error = await error_of(bot.send_message(anna.id, "hello"))
    assert failure_of(error) == (Failure.FLOOD, timedelta(seconds=7))


@pytest.mark.parametrize(
    ("status", "description", "expected"),
    [
        (400, "Bad Request: can't parse entities: unclosed tag", Failure.BAD_MARKUP),
        (400, "Bad Request: chat not found", Failure.UNREACHABLE),
        (400, "Bad Request: message text is empty", Failure.REFUSED),
        (403, "Forbidden: bot was blocked by the user", Failure.UNREACHABLE),
        (409, "Conflict: terminated by other getUpdates request", Failure.REFUSED),
        (500, "Internal Server Error", Failure.UNKNOWN),
        (502, "Bad Gateway", Failure.UNKNOWN),
    ],
)
async def test_what_telegram_refuses(
    bot: Bot, sandbox: Sandbox, anna: Person, status: int, description: str, expected: Failure
) -> None:
    sandbox.faults.add(Fault.answer(status, description, method="sendMessage"))
    assert await failure(bot.send_message(anna.id, "hello")) is expected
    assert sandbox.ledger.entries == []


async def test_a_group_that_has_moved_is_refused(bot: Bot, sandbox: Sandbox, anna: Person) -> None:
    sandbox.faults.add(Fault.migrated(anna.id, -100123))
    assert await failure(bot.send_message(anna.id, "hello")) is Failure.REFUSED


async def test_a_wrong_token_is_nobodys_failure(server: SandboxServer, anna: Person) -> None:
    async with calling(server.url) as stranger:
        error = await error_of(stranger.send_message(anna.id, "hello"))
    with pytest.raises(InvalidToken):
        failure_of(error)


@pytest.mark.parametrize(
    ("fault", "accepted"), [(Fault.drop("before"), 0), (Fault.drop("after"), 1), (Fault.drop("mid_body"), 1)]
)
async def test_a_dropped_call_is_accepted_once_at_most(
    bot: Bot, sandbox: Sandbox, anna: Person, fault: Fault, accepted: int
) -> None:
    sandbox.faults.add(fault)
    assert await failure(bot.send_message(anna.id, "hello")) is Failure.UNKNOWN
    assert sandbox.ledger.count() == accepted


async def test_text_arrives_as_it_was_written(bot: Bot, anna: Person) -> None:
    text = "a+b=c & 100 % \"quoted\" 'так' \\ /" + "\n" + "🌿🤕" * 1000
    await bot.send_message(anna.id, text)
    assert anna.last.text == text


async def downloaded(bot: Bot, file_id: str) -> bytes:
    return bytes(await (await bot.get_file(file_id)).download_as_bytearray())


@pytest.mark.parametrize("size", [0, 64 * 1024 - 1, 64 * 1024, 1_500_000])
async def test_a_file_of_any_size_arrives_whole(bot: Bot, anna: Person, size: int) -> None:
    content = b"\r\n--" + bytes(range(256)) * (size // 256) + b"--\r\n"
    await bot.send_document(anna.id, InputFile(content, filename='Ann "é"\r\n.bin'), caption="für Sie 🌿")
    assert anna.last.media is not None
    assert anna.last.media.file is not None
    assert await downloaded(bot, anna.last.media.file.file_id) == content
    assert anna.last.text == "für Sie 🌿"


async def test_an_album_arrives_in_its_order(bot: Bot, anna: Person) -> None:
    contents = [b"first", b"second", b"third"]
    album = await bot.send_media_group(anna.id, [InputMediaDocument(each) for each in contents], caption="three")
    received = [await downloaded(bot, each.document.file_id) for each in album if each.document is not None]
    assert received == contents


async def test_what_was_sent_and_what_people_write_comes_back_whole(bot: Bot, anna: Person) -> None:
    sent = await bot.send_message(anna.id, "How is it?")
    assert (sent.message_id, sent.chat.id, sent.text) == (anna.last.id, anna.id, "How is it?")
    anna.say("Better", reply_to=anna.last.id)
    *_, update = await bot.get_updates(timeout=0)
    assert update.message is not None
    assert update.message.text == "Better"
    assert update.message.reply_to_message is not None
    assert update.message.reply_to_message.text == "How is it?"
