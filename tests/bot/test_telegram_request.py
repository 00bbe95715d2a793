"""Each way in which a call to Telegram can go wrong, on the wire, and what the bot then knows about the message."""

import asyncio
import gc
import logging
import warnings
from pathlib import Path

import pytest
from telegram import InputFile
from telegram.error import NetworkError, TimedOut
from telegram.request import RequestData

from bot.app import Aftercare
from bot.clock import SystemClock
from bot.telegram_calls import failure_of
from bot.telegram_request import TelegramRequest, multipart, proxy_for
from bot.throttle import NO_LIMITS
from messages.retrying import Failure
from storage.database import Database
from tests.bot.calling import TOKEN, calling, error_of, failure
from tests.bot.wire import (
    OK,
    Behaviour,
    Wire,
    address_that_never_accepts,
    address_that_never_reads,
    address_without_server,
    breaks_off,
    closes_when_idle,
    hangs_up_on_the_second,
    resets,
    says,
    stalls,
    wire,
)
from tests.world import CLINIC

HTML = b"<html><body>Bad Gateway</body></html>"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
PROXY_NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXY_NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(breaks_off(b""), id="closed before the answer"),
        pytest.param(resets, id="reset"),
        pytest.param(breaks_off(b"HTTP/1.1 200 O"), id="cut in the status"),
        pytest.param(breaks_off(HEAD + b"Content-Le"), id="cut in the headers"),
        pytest.param(breaks_off(HEAD + b"Content-Length: 99\r\n\r\n" + OK[:20]), id="cut in the body"),
        pytest.param(breaks_off(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"), id="cut in a chunk"),
        pytest.param(breaks_off(HEAD + b"\r\n" + OK[:20]), id="cut in a body without length"),
        pytest.param(breaks_off(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"), id="bad chunk"),
        pytest.param(breaks_off(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), id="not HTTP"),
        pytest.param(says("500 Internal Server Error", HTML), id="500"),
        pytest.param(says("502 Bad Gateway", HTML), id="502"),
        pytest.param(says("502 Bad Gateway", b""), id="502 without a body"),
        pytest.param(says("502 Bad Gateway", b"null"), id="502 of a gateway with JSON"),
        pytest.param(says("403 Forbidden", HTML), id="403 of a proxy"),
        pytest.param(says("404 Not Found", HTML), id="404 of a gateway"),
        pytest.param(says("400 Bad Request", b'{"error": "no"}'), id="400 of a gateway"),
        pytest.param(says("200 OK", HTML), id="200 of a login page"),
        pytest.param(says("200 OK", b'{"welcome": 1}'), id="200 of something else"),
        pytest.param(says("200 OK", b'{"ok": true}'), id="200 of something that only says that it is well"),
        pytest.param(says("302 Found", b"", "Location: /login"), id="302"),
        pytest.param(says("307 Temporary Redirect", b"", "Location: /elsewhere"), id="307"),
    ],
)
async def test_after_a_broken_answer_the_end_is_unknown_and_nothing_is_repeated(behaviour: Behaviour) -> None:
    async with wire(behaviour) as server, calling(server.url) as bot:
        assert await failure(bot.send_message(1, "hello")) is Failure.UNKNOWN
        assert len(server.requests) == 1


@pytest.mark.parametrize("part", [b"", HEAD, HEAD + b"Content-Length: 99\r\n\r\n" + OK[:20]])
async def test_after_a_read_timeout_the_end_is_unknown(part: bytes) -> None:
    async with wire(stalls(part)) as server, calling(server.url, read_timeout=0.05) as bot:
        error = await error_of(bot.send_message(1, "hello"))
        assert isinstance(error, TimedOut)
        assert failure_of(error)[0] is Failure.UNKNOWN
        assert len(server.requests) == 1


async def test_an_upload_that_nobody_takes_ends_unknown() -> None:
    with address_that_never_reads() as url:
        async with calling(url) as bot:
            sent = bot.send_document(1, InputFile(bytes(16 * 1024 * 1024), filename="a"), write_timeout=0.1)
            async with asyncio.timeout(10):
                error = await error_of(sent)
    assert isinstance(error, TimedOut)
    assert failure_of(error)[0] is Failure.UNKNOWN


async def test_a_refused_connection_has_sent_nothing() -> None:
    with address_without_server() as url:
        async with calling(url) as bot:
            assert await failure(bot.send_message(1, "hello")) is Failure.NOT_SENT


async def test_a_connection_that_takes_too_long_has_sent_nothing() -> None:
    with address_that_never_accepts() as url:
        async with calling(url, connect_timeout=0.1) as bot:
            error = await error_of(bot.send_message(1, "hello"))
    assert isinstance(error, TimedOut)
    assert failure_of(error)[0] is Failure.NOT_SENT


async def test_a_server_that_cannot_prove_who_it_is_gets_nothing() -> None:
    secret = b"only for Telegram"
    seen = bytearray()

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.extend(await reader.read(4096))
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with server, calling(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}") as bot:
        assert await failure(bot.send_message(1, secret.decode())) is Failure.NOT_SENT
    assert seen
    assert secret not in seen


async def test_a_call_that_gets_no_connection_has_sent_nothing() -> None:
    async with wire(stalls()) as server, calling(server.url, connections=1) as bot:
        first = asyncio.create_task(bot.send_message(1, "first"))
        await server.arrived.wait()
        error = await error_of(bot.send_message(1, "second", pool_timeout=0.05))
        assert isinstance(error, TimedOut)
        assert failure_of(error)[0] is Failure.NOT_SENT
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert len(server.requests) == 1


async def test_a_call_that_is_given_up_frees_its_connection() -> None:
    async def never_the_first(server: Wire, writer: asyncio.StreamWriter) -> None:
        await (stalls() if len(server.requests) == 1 else says("200 OK", OK))(server, writer)

    async with wire(never_the_first) as server, calling(server.url, connections=1) as bot:
        first = asyncio.create_task(bot.send_message(1, "first"))
        await server.arrived.wait()
        first.cancel()
        assert (await bot.send_message(1, "second")).message_id == 1


async def test_a_message_that_meets_a_closing_connection_is_not_sent_twice() -> None:
    async with wire(hangs_up_on_the_second) as server, calling(server.url) as bot:
        await bot.send_message(1, "first")
        assert await failure(bot.send_message(1, "second")) is Failure.UNKNOWN
        assert server.connections == 1
        assert len(server.requests) == 2


async def test_a_connection_that_the_server_has_closed_is_not_used_again() -> None:
    async with wire(closes_when_idle) as server, calling(server.url) as bot:
        await bot.send_message(1, "first")
        await server.closed.wait()
        for _ in range(3):
            await asyncio.sleep(0)
        await bot.send_message(1, "second")
        assert server.connections == 2
        assert len(server.requests) == 2


async def test_connections_are_used_again() -> None:
    async with wire(says("200 OK", OK)) as server, calling(server.url) as bot:
        for number in range(3):
            await bot.send_message(1, str(number))
        assert server.connections == 1


async def test_a_long_poll_may_take_longer_than_a_call() -> None:
    async def late(server: Wire, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)
        await says("200 OK", b'{"ok": true, "result": []}')(server, writer)

    async with wire(late) as server, calling(server.url, read_timeout=0.1) as bot:
        assert await bot.get_updates(timeout=10) == ()
        assert isinstance(await error_of(bot.send_message(1, "hello")), TimedOut)


async def test_it_can_be_shut_down_and_initialized_again() -> None:
    request = TelegramRequest(1)
    async with wire(says("200 OK", OK)) as server:
        for _ in range(2):
            await request.initialize()
            assert await request.do_request(f"{server.url}/bot1/getMe", "POST", RequestData()) == (200, OK)
            await request.shutdown()
            await request.shutdown()
    with pytest.raises(NetworkError, match="not initialized"):
        await request.retrieve(f"{server.url}/bot1/getMe")


async def test_a_start_that_is_given_up_leaves_no_connection_open(tmp_path: Path) -> None:
    async with wire(says("502 Bad Gateway", HTML)) as telegram_is_away:
        database = Database(f"sqlite:///{tmp_path / 'aftercare.db'}")
        program = Aftercare(
            token=TOKEN,
            api_url=telegram_is_away.url,
            new_request=TelegramRequest,
            database=database,
            clock=SystemClock(),
            clinic=CLINIC,
            limits=NO_LIMITS,
        )
        starting = asyncio.create_task(program.start())
        await telegram_is_away.arrived.wait()
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await database.close()
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            del program, starting
            gc.collect()
        # An open session complains when it is collected.
        assert [str(each.message) for each in said if each.category is ResourceWarning] == []


async def test_nothing_is_logged_of_addresses(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with wire(says("200 OK", OK)) as server, calling(server.url) as bot:
        await bot.send_message(1, "hello")
    async with wire(says("500 Oops", HTML)) as server, calling(server.url) as bot:
        await error_of(bot.send_message(1, "hello"))
    assert TOKEN not in caplog.text


def test_names_in_an_upload_cannot_end_their_line() -> None:
    body, content_type = multipart({"a": "1"}, {"f": ('x"\r\ny.txt', b"content", "text/plain")})
    boundary = content_type.removeprefix("multipart/form-data; boundary=").encode()
    assert body == (
        b'--%b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
        b'--%b\r\nContent-Disposition: form-data; name="f"; filename="x%%22%%0D%%0Ay.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\ncontent\r\n--%b--\r\n"
    ) % (boundary, boundary, boundary)


async def test_calls_go_through_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async with wire(says("200 OK", OK)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("//", "//user:word@"))
        async with calling("http://telegram.example") as bot:
            await bot.send_message(1, "hello")
    assert proxy.requests[0].startswith(b"POST http://telegram.example/bot")
    assert b"Proxy-Authorization: Basic dXNlcjp3b3Jk" in proxy.requests[0]


async def test_a_proxy_that_refuses_has_passed_nothing_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async with wire(says("407 Proxy Authentication Required", b"")) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        async with calling("https://telegram.example") as bot:
            assert await failure(bot.send_message(1, "hello")) is Failure.NOT_SENT
    assert proxy.requests[0].startswith(b"CONNECT telegram.example:443 ")


async def test_a_proxy_that_is_down_has_passed_nothing_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with address_without_server() as url:
        monkeypatch.setenv("ALL_PROXY", url)
        async with calling("https://telegram.example") as bot:
            assert await failure(bot.send_message(1, "hello")) is Failure.NOT_SENT


async def test_a_proxy_of_another_kind_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://user:word@127.0.0.1:1080")
    with pytest.raises(RuntimeError, match="socks5; only http"):
        await TelegramRequest(1).initialize()


@pytest.mark.parametrize(
    ("url", "proxied"),
    [
        ("https://api.telegram.org/bot1:a/getMe", True),
        ("https://telegram.example/bot1:a/getMe", False),
        ("https://api.telegram.example/bot1:a/getMe", False),
        ("http://127.0.0.1:8081/bot1:a/getMe", False),
        ("http://[::1]:8081/bot1:a/getMe", False),
        ("http://localhost:8081/bot1:a/getMe", False),
    ],
)
def test_which_addresses_need_a_proxy(monkeypatch: pytest.MonkeyPatch, url: str, proxied: bool) -> None:
    monkeypatch.setenv("NO_PROXY", "telegram.example")
    proxies = {"http": "http://proxy:3128", "all": "http://proxy:3128"}
    assert (proxy_for(url, proxies) is not None) is proxied
