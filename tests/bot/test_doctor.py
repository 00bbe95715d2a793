"""`doctor` finds what keeps the bot from working."""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.applications import Starlette
from telegram import Bot

from bot.clock import Clock, MovableClock, SystemClock
from bot.commands.doctor import Finding, examine
from bot.sandbox.faults import Fault
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.server import SandboxServer
from bot.settings import Settings, load
from bot.web.server import WebServer
from storage import migrating
from storage.database import Database
from storage.tables import Staff


@pytest.fixture
async def server() -> AsyncIterator[SandboxServer]:
    made = SandboxServer(Sandbox(lambda: datetime.now(UTC)))
    serving = asyncio.create_task(made.serve())
    yield made
    made.stop()
    await serving


@pytest.fixture
def settings(tmp_path: Path, server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in {
        "BOT_TOKEN": server.token,
        "TELEGRAM_API_URL": server.url,
        "CLINIC_NAME": "Lindenhof Clinic",
        "CLINIC_TIMEZONE": "Europe/Paris",
        "CLINIC_PHONE": "+33 1 23 45 67 89",
        "EMERGENCY_NUMBER": "112",
        "DATA_DIR": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    return load(None)


async def findings(settings: Settings, clock: Clock | None = None) -> dict[str, Finding]:
    return {each.subject: each async for each in examine(settings, clock or SystemClock())}


async def prepared(settings: Settings, **staff: object) -> None:
    database = Database(settings.database)
    await migrating.upgrade(database)
    now = datetime.now(UTC)
    async with database.work() as work:
        columns = {"name": "Claire Weber", "joined_at": now, "created_at": now, **staff}
        work.session.add(Staff(language="en", is_practitioner=False, is_admin=True, telegram_id=7, **columns))
        await work.commit()
    await database.close()


async def test_all_is_well(settings: Settings) -> None:
    await prepared(settings)
    found = await findings(settings)
    assert all(each.right for each in found.values()), found
    assert list(found) == ["settings", "database", "staff", "token", "webhook", "clock"]
    assert settings.token not in "".join(each.line() for each in found.values())


async def test_a_database_without_tables(settings: Settings) -> None:
    found = await findings(settings)
    assert not found["database"].right
    assert "python -m bot db upgrade" in found["database"].words


async def test_nobody_to_run_it(settings: Settings) -> None:
    await prepared(settings, joined_at=None)
    found = await findings(settings)
    assert "aftercare invite admin" in found["admins"].words


async def test_staff_who_blocked_the_bot_are_named(settings: Settings) -> None:
    await prepared(settings, unreachable_since=datetime(2026, 3, 2, 9, tzinfo=UTC))
    found = await findings(settings)
    assert not found["staff"].right
    assert "Claire Weber (since 02.03.2026 09:00 UTC)" in found["staff"].words


async def test_a_refused_token(settings: Settings, server: SandboxServer) -> None:
    server.sandbox.faults.add(Fault.answer(401, "Unauthorized", method="getMe", times=None))
    found = await findings(settings)
    assert found["token"].words.startswith("BOT_TOKEN was refused")
    assert "webhook" not in found


async def test_a_webhook_of_somebody_else(settings: Settings, server: SandboxServer) -> None:
    async with Bot(server.token, base_url=f"{server.url}/bot") as bot:
        await bot.set_webhook("https://example.org/other")
    found = await findings(settings)
    assert not found["webhook"].right


@pytest.mark.parametrize(("offset", "right"), [(0, True), (5, True), (60, False), (-3600, False)])
async def test_the_clock_is_compared_with_telegram_s(settings: Settings, offset: int, right: bool) -> None:
    # The sandbox tells no time of its own, because its clock is moved; any web server does.
    web = WebServer(Starlette(), 0)
    serving = asyncio.create_task(web.serve())
    elsewhere = settings.model_copy(update={"telegram_api_url": f"http://127.0.0.1:{web.port}"})
    clock = MovableClock(datetime.now(UTC) + timedelta(seconds=offset))
    assert (await findings(elsewhere, clock))["clock"].right is right
    web.stop()
    await serving


async def test_telegram_out_of_reach(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    found = await findings(settings.model_copy(update={"telegram_api_url": f"http://127.0.0.1:{port}"}))
    assert not found["clock"].right
    assert not found["token"].right
    assert "cannot be reached" in found["token"].words
