"""The webhook stores before it answers; health and metrics say what is true."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from bot.clock import SystemClock
from bot.web.application import LARGEST_UPDATE, SECRET_HEADER, application, webhook_path
from storage import migrating
from storage.database import Database
from storage.tables import Inbox

TOKEN = "1234567890:AAEhBP0av18vF7-Zl4sQkRjXyTqWcVbNm01"
SECRET = "a-secret-of-some-length"
UPDATE = {
    "update_id": 71,
    "message": {"message_id": 1, "date": 1, "chat": {"id": 5, "type": "private"}, "text": "hello"},
}


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def web(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    app = application(database, SystemClock(), token=TOKEN, secret=SECRET, receiving=True)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
        yield client


async def stored(database: Database) -> list[int]:
    async with database.read() as work:
        return list((await work.session.scalars(select(Inbox.update_id))).all())


async def post(web: httpx.AsyncClient, content: bytes, secret: str = SECRET) -> int:
    answer = await web.post(webhook_path(TOKEN), content=content, headers={SECRET_HEADER: secret})
    return answer.status_code


async def test_200_means_that_the_update_is_stored(web: httpx.AsyncClient, database: Database) -> None:
    assert await post(web, json.dumps(UPDATE).encode()) == 200
    assert await stored(database) == [71]
    assert await post(web, json.dumps(UPDATE).encode()) == 200
    assert await stored(database) == [71], "Telegram repeats updates"


@pytest.mark.parametrize("secret", ["", "wrong", SECRET + "x", "é"])
async def test_without_the_secret_nothing_is_stored(web: httpx.AsyncClient, database: Database, secret: str) -> None:
    answer = await web.post(
        webhook_path(TOKEN), content=json.dumps(UPDATE), headers={SECRET_HEADER.encode(): secret.encode()}
    )
    assert answer.status_code == 404
    assert await stored(database) == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"message": {}}', b'{"update_id": "x"}', b"\xff", b"[" * 100_000]
)
async def test_what_is_no_update_is_refused(web: httpx.AsyncClient, database: Database, body: bytes) -> None:
    assert await post(web, body) == 400
    assert await stored(database) == []


async def test_a_body_beyond_the_limit_is_refused(web: httpx.AsyncClient, database: Database) -> None:
    assert await post(web, b" " * (LARGEST_UPDATE + 1)) == 413
    assert await stored(database) == []


async def test_a_database_that_fails_makes_telegram_repeat(tmp_path: Path) -> None:
    broken = Database(f"sqlite:///{tmp_path}/empty.db")
    app = application(broken, SystemClock(), token=TOKEN, secret=SECRET, receiving=True)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as web:
        assert await post(web, json.dumps(UPDATE).encode()) == 500
        assert (await web.get("/healthz")).status_code == 200
        ready = await web.get("/readyz")
        assert ready.status_code == 503
        assert "db upgrade" in ready.text
    await broken.close()


async def test_other_paths_and_methods_are_not_there(web: httpx.AsyncClient) -> None:
    headers = {SECRET_HEADER: SECRET}
    assert (await web.post("/telegram/guess", content="{}", headers=headers)).status_code == 404
    assert (await web.get(webhook_path(TOKEN), headers=headers)).status_code == 405


def test_the_path_is_the_same_for_a_token_and_does_not_show_it() -> None:
    assert webhook_path(TOKEN) == webhook_path(TOKEN) != webhook_path(TOKEN + "x")
    assert TOKEN.split(":")[0] not in webhook_path(TOKEN)


async def test_without_a_webhook_there_are_only_the_pages_of_monitoring(database: Database) -> None:
    transport = httpx.ASGITransport(app=application(database, SystemClock()))
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as web:
        assert (await web.post(webhook_path(TOKEN), content="{}")).status_code == 404
        assert (await web.get("/healthz")).text == "ok"


async def test_ready_is_a_migrated_database(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/new.db")
    await migrating.upgrade(database)
    transport = httpx.ASGITransport(app=application(database, SystemClock()))
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as web:
        assert (await web.get("/readyz")).status_code == 200
    await database.close()


async def test_metrics_count_what_is_in_the_database(web: httpx.AsyncClient) -> None:
    await post(web, json.dumps(UPDATE).encode())
    answer = await web.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    lines = answer.text.splitlines()
    assert "aftercare_inbox_waiting 1.0" in lines
    assert 'aftercare_outbox_messages{kind="alert",state="pending"} 0.0' in lines
    assert "aftercare_alerts_open 0.0" in lines
