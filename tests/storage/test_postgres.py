"""PostgreSQL's driver at its edges: who does not answer, what must not be said, and what is no outage."""

import asyncio
import os
import signal
import socket
import traceback
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from struct import pack

import asyncpg
import pytest
from sqlalchemy import URL, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from storage import postgres as driver
from storage.database import Database, is_database_outage, normal_url
from storage.tables import Audit
from tests.databases import Postgres
from tests.world import living

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PRIVATE = "my eye is swollen"

Behaviour = Callable[[bytes, StreamWriter], Awaitable[None]]
"""What a server does with the first message of a connection."""


@asynccontextmanager
async def _server(behaviour: Behaviour) -> AsyncIterator[str]:
    """The address of a server that says only what a test wants. What is asked after a `?` goes behind it."""
    closing = asyncio.Event()

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(4), "big")
        await behaviour(await reader.readexactly(length - 4), writer)
        await closing.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"postgresql://anna:p%40ss@127.0.0.1:{server.sockets[0].getsockname()[1]}/clinic?sslmode=disable"
        closing.set()


def _message(kind: bytes, content: bytes) -> bytes:
    return kind + pack("!i", len(content) + 4) + content


async def _lets_in(_: bytes, writer: StreamWriter) -> None:
    version = _message(b"S", b"server_version\x0018.0\x00")
    writer.write(_message(b"R", pack("!i", 0)) + version + _message(b"Z", b"I"))


async def _lets_in_and_shuts_down(first: bytes, writer: StreamWriter) -> None:
    await _lets_in(first, writer)
    writer.write(_message(b"E", b"SFATAL\x00VFATAL\x00C57P01\x00Mterminating connection\x00\x00"))


async def _refuses(_: bytes, writer: StreamWriter) -> None:
    writer.write(_message(b"E", b"SFATAL\x00VFATAL\x00C28P01\x00Mpassword authentication failed\x00\x00"))


async def _is_silent(_: bytes, __: StreamWriter) -> None:
    pass


async def test_the_server_gets_what_is_meant_for_it_and_not_what_is_meant_for_libpq() -> None:
    asked: list[bytes] = []

    async def listens(first: bytes, writer: StreamWriter) -> None:
        asked.append(first)
        await _refuses(first, writer)

    more = "&application_name=aftercare&connect_timeout=3&keepalives=1&gssencmode=disable&channel_binding=prefer"
    async with _server(listens) as address:
        with pytest.raises(driver.Unreachable):
            await driver.connect(normal_url(address + more))
    words = asked[0].split(b"\x00")
    assert {b"anna", b"clinic", b"application_name", b"aftercare"} <= set(words)
    assert not {b"connect_timeout", b"keepalives", b"gssencmode", b"channel_binding"} & set(words)


@pytest.mark.parametrize("behaviour", [_refuses, _is_silent])
async def test_a_server_that_lets_nobody_in_is_an_outage(behaviour: Behaviour) -> None:
    async with _server(behaviour) as address:
        opened = driver.engine(normal_url(address), seconds=0.2)
        with pytest.raises(OperationalError) as caught:
            await driver.opened(opened)
        assert is_database_outage(caught.value)


async def test_a_server_that_hangs_up_in_the_greeting_is_an_outage() -> None:
    async with _server(_lets_in_and_shuts_down) as address:
        opened = driver.engine(normal_url(address), first="SELECT 1")
        with pytest.raises(OperationalError) as caught:
            await driver.opened(opened)
        assert is_database_outage(caught.value)


async def test_that_no_server_is_the_primary_is_an_outage() -> None:
    async def is_standby(_: bytes, writer: StreamWriter) -> None:
        settings = _message(b"S", b"server_version\x0018.0\x00") + _message(b"S", b"in_hot_standby\x00on\x00")
        writer.write(_message(b"R", pack("!i", 0)) + settings + _message(b"Z", b"I"))

    async with _server(is_standby) as address:
        with pytest.raises(driver.Unreachable):
            await driver.connect(normal_url(f"{address}&target_session_attrs=primary"))


async def test_an_address_that_cannot_be_followed_is_not_taken_for_an_outage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ValueError, match="root certificate"):
        await driver.connect(normal_url("postgresql://anna@127.0.0.1:1/clinic?sslmode=verify-full"))
    with pytest.raises(driver.Unreachable):
        await driver.connect(normal_url("postgresql://anna@127.0.0.1:1/clinic?sslmode=verify-full&sslrootcert=system"))


async def test_a_machine_on_which_nobody_listens_is_an_outage() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        database = Database(f"postgresql://anna@127.0.0.1:{nobody.getsockname()[1]}/clinic")
        for unit in (database.read, database.work):
            with pytest.raises(OperationalError) as caught:
                async with unit():
                    pass
            assert is_database_outage(caught.value)
        await database.close()


async def test_the_line_notices_a_server_that_vanishes() -> None:
    async with _server(_lets_in) as address:
        connection = await driver.connect(normal_url(address))
        line = connection._transport.get_extra_info("socket")
        assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 10
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 20_000
        connection.terminate()


@pytest.fixture
def address(postgres: Postgres) -> Iterator[str]:
    with postgres.database() as made:
        yield made


@pytest.fixture
async def database(address: str) -> AsyncIterator[Database]:
    opened = Database(address)
    yield opened
    await opened.close()


async def test_a_refused_row_is_not_quoted(database: Database) -> None:
    async with database.work() as work:
        work.session.add(Audit(at=NOW, action=None, subject=PRIVATE, details={}))
        with pytest.raises(IntegrityError) as caught:
            await work.session.flush()
    assert "action" in str(caught.value)
    assert PRIVATE not in "".join(traceback.format_exception(caught.value))


async def test_a_text_that_cannot_be_sent_is_neither_quoted_nor_an_outage(database: Database) -> None:
    async with database.work() as work:
        with pytest.raises(DBAPIError) as caught:
            await work.session.execute(select(Audit).where(Audit.subject == f"{PRIVATE} \ud800"))
    assert not is_database_outage(caught.value)
    assert PRIVATE not in "".join(traceback.format_exception(caught.value))


async def test_a_connection_on_which_something_was_broken_off_is_not_kept(database: Database) -> None:
    pids = []
    for statement in ("SELECT pg_cancel_backend(pg_backend_pid())", "SELECT 1"):
        with suppress(DBAPIError):
            async with database.work() as work:
                pids.append(await work.session.scalar(text("SELECT pg_backend_pid()")))
                await work.session.execute(text(statement))
    assert pids[0] != pids[1]


async def test_a_text_that_is_no_number_is_not_quoted(database: Database) -> None:
    async with database.work() as work:
        with pytest.raises(DBAPIError) as caught:
            await work.session.execute(text(f"SELECT CAST('{PRIVATE}' || version() AS integer)"))
    told = "".join(traceback.format_exception(caught.value))
    assert "InvalidTextRepresentation" in told
    assert told.count(PRIVATE) == told.count(f"CAST('{PRIVATE}'"), "only in the statement"


async def test_who_goes_away_while_the_server_hangs_is_let_go(database: Database) -> None:
    """The server stands still, and so does whoever would break the statement off for us."""
    backend: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def ask() -> None:
        async with database.work() as work:
            backend.set_result(await work.session.scalar(text("SELECT pg_backend_pid()")))
            await work.session.execute(text("SELECT pg_sleep(60)"))

    asking = asyncio.create_task(ask())
    process = await backend
    with _standing_still(process, _parent(process)):
        asking.cancel()
        async with asyncio.timeout(10):
            with pytest.raises(asyncio.CancelledError):
                await asking
    async with database.work() as work:
        assert await work.session.scalar(text("SELECT pg_backend_pid()")) != process


def _parent(process: int) -> int:
    (line,) = [line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("PPid:")]
    return int(line.split()[1])


@contextmanager
def _standing_still(*processes: int) -> Iterator[None]:
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


def test_several_hosts_and_a_socket(address: str) -> None:
    assert driver._address(normal_url("postgres://u:p%40ss@/n?host=a:1&host=b:2")) == (
        "postgresql://u:p%40ss@/n?host=a%3A1%2Cb%3A2"
    )
    assert isinstance(normal_url(address), URL)


async def test_no_statement_has_a_type_to_be_looked_up(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """An array among the parameters made asyncpg ask on each connection what that is: 20 ms of the server each."""
    looked_up: list[tuple[int, ...]] = []
    introspect = asyncpg.Connection._introspect_types

    async def noted(connection: asyncpg.Connection, types: Iterable[int], seconds: float) -> object:
        looked_up.append(tuple(types))
        return await introspect(connection, types, seconds)

    monkeypatch.setattr(asyncpg.Connection, "_introspect_types", noted)
    with postgres.database() as address:
        async with living(address) as world:
            marie = await world.practitioner()
            anna = await world.patient("Anna Keller", marie)
            await world.session(anna)
            anna.say("It is swollen")
            await world.move(days=2)
            anna.tap("None")
            await world.move(days=6)
            assert any("Digest" in message.text for message in marie.bot_messages)
    assert looked_up == []
