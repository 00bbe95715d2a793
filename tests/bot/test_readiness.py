"""/healthz and /readyz fail when they should, and only then."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg
import pytest

from bot.clock import SystemClock
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.server import SandboxServer
from bot.watchdog import Beat, Watchdog
from bot.web import monitoring
from bot.web.application import application
from bot.web.readiness import SILENT_SECONDS, Reason, hears, holds
from storage.database import Database
from storage.worker_lock import WorkerLock
from tests.databases import Postgres
from tests.serving import environment, run, serving, zone_where_it_is_noon
from tests.world import World

PATIENCE = 30.0
"""Real seconds for processes."""


@asynccontextmanager
async def pages(
    database: Database, *needed: Reason, watchdog: Watchdog | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    app = application(database, SystemClock(), needed=needed, watchdog=watchdog)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://bot") as client:
        yield client


async def ready(page: httpx.AsyncClient) -> tuple[int, str]:
    answer = await page.get("/readyz")
    return answer.status_code, answer.text


async def test_only_one_of_two_workers_is_ready(database_url: str) -> None:
    database = Database(database_url)
    first, second = WorkerLock(database), WorkerLock(database)
    async with pages(database, holds(first)) as one, pages(database, holds(second)) as two:
        assert (await ready(one))[0] == 503
        assert await first.take()
        assert not await second.take()
        assert await ready(one) == (200, "ready")
        assert await ready(two) == (503, "standing by: another worker holds the lock")
        await first.release()
        assert (await ready(one))[0] == 503
        assert await second.take()
        assert await ready(two) == (200, "ready")
        await second.release()
    await database.close()


async def test_a_poller_that_hears_nothing_is_not_ready(world: World) -> None:
    poller = world.app.poller
    assert poller is not None
    async with pages(world.database, hears(lambda: world.app.poller)) as page:
        assert await ready(page) == (200, "ready")
        poller.heard.at -= SILENT_SECONDS + 1
        status, words = await ready(page)
        assert status == 503
        assert words.startswith("Telegram has not answered for 9")
        world.sandbox.person("Anna").say("/start")
        await world.settle()
        assert await ready(page) == (200, "ready")
        world.app.poller = None
        assert await ready(page) == (503, "not connected to Telegram")
        world.app.poller = poller


async def test_every_reason_is_named(tmp_path: Path) -> None:
    empty = Database(f"sqlite:///{tmp_path}/empty.db")
    async with pages(empty, holds(WorkerLock(empty)), hears(lambda: None)) as page:
        status, words = await ready(page)
    await empty.close()
    assert status == 503
    assert words.split("; ") == [
        "the database needs: python -m bot db upgrade",
        "standing by: another worker holds the lock",
        "not connected to Telegram",
    ]


async def test_a_database_that_cannot_be_read_is_not_ready(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"this is no database, whatever its name says" * 100)
    for address in (f"sqlite:///{tmp_path}/broken.db", "postgresql://bot:hunter22@127.0.0.1:1/nowhere"):
        database = Database(address)
        async with pages(database) as page:
            assert await ready(page) == (503, "the database does not answer")
            assert (await page.get("/healthz")).status_code == 200, "a new start would not help"
        await database.close()


async def test_a_database_that_never_answers_is_not_ready(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    with postgres.database() as address:
        database = Database(address)
        async with pages(database) as page:
            assert (await ready(page))[0] == 200
            with psycopg.connect(address) as somebody, monkeypatch.context() as impatient:
                somebody.execute("LOCK TABLE alembic_version")
                impatient.setattr(monitoring, "ANSWER_SECONDS", 0.2)
                assert await ready(page) == (503, "the database does not answer")
            assert (await ready(page))[0] == 200
        await database.close()


async def test_health_names_what_hangs(database_url: str) -> None:
    database = Database(database_url)
    watchdog = Watchdog(stop=lambda _: None, limit=30)
    beat = Beat()
    watchdog.watch({"sender": lambda: beat.at})
    async with pages(database, watchdog=watchdog) as page:
        assert (await page.get("/healthz")).text == "ok"
        watchdog = Watchdog(stop=lambda _: None, limit=-1)
        watchdog.watch({"sender": lambda: beat.at})
    async with pages(database, watchdog=watchdog) as page:
        answer = await page.get("/healthz")
        assert (answer.status_code, answer.text) == (503, "stuck: event loop, sender")
    await database.close()


async def _becomes(port: int, status: int) -> str:
    """Ask a process until it answers so; what it says."""
    async with asyncio.timeout(PATIENCE), httpx.AsyncClient() as client:
        while True:
            try:
                answer = await client.get(f"http://127.0.0.1:{port}/readyz")
            except httpx.TransportError:
                await asyncio.sleep(0.1)
                continue
            if answer.status_code == status:
                return answer.text
            await asyncio.sleep(0.1)


async def test_a_polling_worker_and_its_standby_show_how_they_are(
    postgres: Postgres, tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> None:
    first, second = unused_tcp_port_factory(), unused_tcp_port_factory()
    with postgres.database() as address:
        server = SandboxServer(Sandbox(lambda: datetime.now(UTC)))
        serving_sandbox = asyncio.create_task(server.serve())
        settings = environment(server, address, tmp_path, zone_where_it_is_noon())
        async with serving(settings, "--monitor", str(first)) as worker:
            assert await _becomes(first, 200) == "ready"
            async with serving(settings, "--monitor", str(second)):
                assert (await _becomes(second, 503)).startswith("standing by")
                worker.kill()
                await worker.wait()
                assert await _becomes(second, 200) == "ready"
                async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{second}") as client:
                    assert (await client.get("/healthz")).text == "ok"
                    assert "aftercare_lateness_seconds" in (await client.get("/metrics")).text
        server.stop()
        await serving_sandbox


async def test_a_process_with_a_port_needs_no_second_one(tmp_path: Path) -> None:
    server = SandboxServer(Sandbox(lambda: datetime.now(UTC)))
    serving_sandbox = asyncio.create_task(server.serve())
    settings = environment(server, f"sqlite:///{tmp_path}/bot.db", tmp_path, zone_where_it_is_noon())
    process = await run("serve", "--role", "web", "--monitor", "9000", settings=settings)
    _, errors = await process.communicate()
    server.stop()
    await serving_sandbox
    assert process.returncode == 2
    assert errors.decode().startswith("--monitor is for a process without PORT")
