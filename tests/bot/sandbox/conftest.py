"""A sandbox on a free port, the real client against it, and one person who has pressed Start."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from telegram import Bot
from telegram.request import HTTPXRequest

from bot.clock import MovableClock
from bot.sandbox.person import Person
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.server import SandboxServer


@pytest.fixture(autouse=True)
def whole_timedeltas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without this, python-telegram-bot warns whenever `retry_after` is read."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(datetime(2026, 3, 27, 14, 30, tzinfo=UTC))


@pytest.fixture
def sandbox(clock: MovableClock) -> Sandbox:
    return Sandbox(clock.now)


@pytest.fixture
async def server(sandbox: Sandbox) -> AsyncIterator[SandboxServer]:
    server = SandboxServer(sandbox)
    serving = asyncio.create_task(server.serve())
    yield server
    server.stop()
    await serving


@pytest.fixture
async def bot(server: SandboxServer) -> AsyncIterator[Bot]:
    # Loading certificates takes half a second, and no certificate is met on loopback.
    unverified = {"verify": False}
    requests = [HTTPXRequest(connection_pool_size=8, httpx_kwargs=unverified) for _ in range(2)]
    client = Bot(
        server.token,
        base_url=f"{server.url}/bot",
        base_file_url=f"{server.url}/file/bot",
        request=requests[0],
        get_updates_request=requests[1],
    )
    async with client:
        yield client


@pytest.fixture
def anna(sandbox: Sandbox) -> Person:
    person = sandbox.person("Anna", last_name="Roy", language_code="en")
    person.start()
    return person
