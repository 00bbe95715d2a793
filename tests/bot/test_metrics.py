"""/metrics: what is in the database is counted, and what happens is measured on our clock."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot import sender
from bot.sandbox.faults import Fault
from bot.throttle import EVERY_CHAT
from bot.web.application import application
from messages.outgoing import Kind
from storage import inbox, outbox
from storage.outbox import Owed
from storage.tables import Alert
from tests.bot.conversation import alert, pair, rows
from tests.world import World

Samples = dict[tuple[str, ...], float]


@pytest.fixture
async def page(world: World) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=application(world.database, world.clock))
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
        yield client


async def scrape(page: httpx.AsyncClient) -> Samples:
    """Every sample: its name without "aftercare_", then the values of its labels in the order of their names."""
    answer = await page.get("/metrics")
    assert answer.status_code == 200
    samples: Samples = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            values = (sample.labels[name] for name in sorted(sample.labels))
            samples[(sample.name.removeprefix("aftercare_"), *values)] = sample.value
    return samples


async def _owe(world: World, key: str, **columns: Any) -> None:
    now = world.clock.now()
    owed = Owed(**{"key": key, "kind": Kind.NOTICE, "template": "group.private_only", "due_at": now, **columns})
    async with world.database.work() as work:
        await outbox.plan(work, [owed], now=now)
        await work.commit()


async def test_messages_are_counted_by_kind_and_state(world: World, page: httpx.AsyncClient) -> None:
    nothing = await scrape(page)
    assert nothing["outbox_messages", "check_in", "pending"] == 0, "an alarm must find the series before it counts"
    two = await pair(world, hours=3)
    found = await scrape(page)
    assert found["outbox_messages", "check_in", "sent"] == 1
    assert found["outbox_messages", "check_in", "pending"] > 0
    two.anna.block()
    await world.settle()
    await _owe(world, "refused", patient_id=await world.patient_id(two.anna))
    await world.settle()
    assert (await scrape(page))["outbox_messages", "notice", "failed"] == 1
    await world.move(hours=25)
    assert (await scrape(page))["outbox_messages", "notice", "failed"] == 0, "ended ones count for a day"


async def test_what_should_have_left_shows_its_lane_and_its_age(world: World, page: httpx.AsyncClient) -> None:
    marie = await world.practitioner()
    assert (await scrape(page))["outbox_oldest_due_seconds",] == 0
    world.app.sender.stopping = True
    staff_id = await world.staff_id(marie)
    await _owe(world, "late", staff_id=staff_id, due_at=world.clock.now() - timedelta(seconds=90))
    await _owe(world, "later", staff_id=staff_id, due_at=world.clock.now() + timedelta(seconds=90))
    found = await scrape(page)
    assert found["outbox_due", "conversation"] == 1
    assert (found["outbox_due", "urgent"], found["outbox_due", "routine"]) == (0, 0)
    assert found["outbox_waiting_seconds", "conversation"] == 90
    assert found["outbox_waiting_seconds", "urgent"] == 0
    assert found["outbox_oldest_due_seconds",] == 90


async def test_lateness_is_from_due_to_sent_on_our_clock(world: World, page: httpx.AsyncClient) -> None:
    marie = await world.practitioner()
    before = await scrape(page)
    await _owe(world, "late", staff_id=await world.staff_id(marie), due_at=world.clock.now() - timedelta(seconds=40))
    await world.settle()
    after = await scrape(page)
    assert _grown(before, after, "lateness_seconds_sum", "conversation") == 40
    assert _grown(before, after, "lateness_seconds_count", "conversation") == 1
    assert _grown(before, after, "lateness_seconds_bucket", "conversation", "30.0") == 0
    assert _grown(before, after, "lateness_seconds_bucket", "conversation", "60.0") == 1
    assert _grown(before, after, "throttle_wait_seconds_count", "conversation") == 1


async def test_the_lag_of_updates_is_from_stored_to_handled(world: World, page: httpx.AsyncClient) -> None:
    before = await scrape(page)
    await _store(world, 700_000_001, {"message_of_the_future": {}}, ago=75)
    await world.settle()
    after = await scrape(page)
    assert _grown(before, after, "update_lag_seconds_sum") == 75
    assert _grown(before, after, "update_lag_seconds_count") == 1


async def test_updates_that_wait_and_dead_letters_are_counted(world: World, page: httpx.AsyncClient) -> None:
    before = await scrape(page)
    await _store(world, 700_000_001, {"message": {"chat": {"id": 5}, "date": "not a date"}}, ago=75)
    await world.settle()
    waiting = await scrape(page)
    assert waiting["inbox_oldest_waiting_seconds",] == 75
    assert waiting["inbox_dead_letters",] == 0
    await world.move(minutes=5)
    dead = await scrape(page)
    assert (dead["inbox_oldest_waiting_seconds",], dead["inbox_waiting",], dead["inbox_dead_letters",]) == (0, 0, 1)
    assert _grown(before, dead, "update_lag_seconds_count") == 0, "it was never handled"


async def test_alerts_that_nobody_took_are_counted_by_age(world: World, page: httpx.AsyncClient) -> None:
    two = await pair(world)
    first = await alert(world, two.anna)
    found = await scrape(page)
    assert (found["alerts_open",], found["alerts_untaken",]) == (1, 1)
    assert found["alerts_untaken_by_age", "under 10 min"] == 1
    await world.move(minutes=10)
    await alert(world, two.anna, origin="urgent")
    found = await scrape(page)
    assert found["alerts_untaken_by_age", "10 to 30 min"] == 1
    assert sum(value for name, value in found.items() if name[0] == "alerts_untaken_by_age") == found["alerts_untaken",]
    async with world.database.work() as work:
        (await work.session.get_one(Alert, first)).acknowledged_at = world.clock.now()
        await work.commit()
    found = await scrape(page)
    assert found["alerts_untaken_by_age", "10 to 30 min"] == 0


async def test_errors_of_telegram_are_counted_by_class(world: World, page: httpx.AsyncClient) -> None:
    marie = await world.practitioner()
    before = await scrape(page)
    world.sandbox.faults.add(Fault.answer(502, "Bad Gateway", method="sendMessage", times=1))
    await _owe(world, "uncertain", staff_id=await world.staff_id(marie))
    await world.move(seconds=2)
    marie.block()
    await world.settle()
    await _owe(world, "refused", staff_id=await world.staff_id(marie))
    await world.settle()
    after = await scrape(page)
    assert _grown(before, after, "telegram_errors_total", "NetworkError") == 1
    assert _grown(before, after, "telegram_errors_total", "Forbidden") == 1


async def test_an_alert_that_a_pause_of_the_whole_bot_holds_back_is_counted_once(
    world: World, page: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    two = await pair(world)
    before = await scrape(page)
    # Pacing is in real seconds: the limit is brought to the alert, instead of ten seconds to the test.
    monkeypatch.setattr(sender, "HELD_BACK_SECONDS", 3600.0)
    world.app.throttle.pause(EVERY_CHAT, 3600)
    raising = asyncio.create_task(alert(world, two.anna))
    await _until(world, lambda: world.app.sender.busy > 0)
    rounds = world.app.sender.beat.at
    await _until(world, lambda: world.app.sender.beat.at > rounds)
    assert _grown(before, await scrape(page), "alerts_held_back_total") == 0, "it has hardly waited"
    monkeypatch.setattr(sender, "HELD_BACK_SECONDS", 0.0)
    await _until(world, lambda: bool(_held_back(caplog)))
    rounds = world.app.sender.beat.at
    await _until(world, lambda: world.app.sender.beat.at > rounds)
    assert _grown(before, await scrape(page), "alerts_held_back_total") == 1
    world.app.throttle.forget_pauses()
    await raising
    assert [line["outbox_id"] for line in _held_back(caplog)] == [row.id for row in await rows(world, "alert")]


def _held_back(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    lines: list[Any] = [record.msg for record in caplog.records]
    return [line for line in lines if isinstance(line, dict) and line["event"] == "alert_held_back"]


async def _store(world: World, update_id: int, content: dict[str, object], *, ago: float) -> None:
    """An update that was stored a while ago."""
    arrival = inbox.Arrival(update_id, 5, json.dumps({"update_id": update_id, **content}))
    async with world.database.work() as work:
        await inbox.store(work, [arrival], now=world.clock.now() - timedelta(seconds=ago))
        await work.commit()


async def _until(world: World, state: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not state():
            await world.app.progress.wait(0.05)


def _grown(before: Samples, after: Samples, *sample: str) -> float:
    return after.get(sample, 0.0) - before.get(sample, 0.0)
