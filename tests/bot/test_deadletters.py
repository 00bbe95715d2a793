"""`aftercare deadletters`: as an admin at a terminal meets it, while the bot runs and while it does not."""

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.sandbox.person import Person
from storage import inbox
from storage.database import Database
from storage.tables import Audit, Inbox
from tests.bot.conversation import Pair, letters, pair
from tests.serving import environment, run
from tests.world import World

FIRST, SECOND = 910_000_001, 910_000_002


def _words(person: Person, update_id: int, text: str) -> inbox.Arrival:
    """What this person wrote, as Telegram tells it."""
    who = {"id": person.id, "first_name": person.account.first_name}
    message = {"message_id": update_id, "date": 1, "chat": {**who, "type": "private"}, "text": text}
    content = {"update_id": update_id, "message": {**message, "from": {**who, "is_bot": False}}}
    return inbox.Arrival(update_id, person.id, json.dumps(content))


async def _set_aside(world: World, *arrivals: inbox.Arrival) -> None:
    """Store updates; the first is a dead letter from the beginning."""
    database = Database(world.database_url)
    async with database.work() as work:
        await inbox.store(work, arrivals, now=world.clock.now())
        dead = arrivals[0].update_id
        await inbox.mark_failed(work, dead, error="KeyError", retry_at=None, now=world.clock.now())
        await work.commit()
    await database.close()


async def _command(world: World, folder: Path, *words: str) -> tuple[int | None, str, str]:
    settings = environment(world.server, world.database_url, folder, world.zone)
    process = await run("deadletters", *words, settings=settings)
    output, errors = await process.communicate()
    return process.returncode, output.decode(), errors.decode()


async def _state(world: World, update_id: int) -> tuple[str, int]:
    async with world.database.read() as work:
        row = await work.session.get_one(Inbox, update_id)
        return row.state, row.attempts


async def _audited(world: World) -> list[tuple[str, object]]:
    async with world.database.read() as work:
        statement = select(Audit.action, Audit.details).where(Audit.subject == "update").order_by(Audit.id)
        return [(action, details) for action, details in await work.session.execute(statement)]


@pytest.fixture
async def two(world: World) -> Pair:
    return await pair(world)


async def test_the_list_tells_everything_but_the_content(world: World, two: Pair, tmp_path: Path) -> None:
    assert await _command(world, tmp_path, "list") == (0, "There are no dead letters.\n", "")
    await _set_aside(world, _words(two.anna, FIRST, "SECRET"))
    code, out, err = await _command(world, tmp_path, "list")
    assert (code, err) == (0, "")
    heading, line = out.splitlines()
    assert heading.split() == ["ID", "ARRIVED", "(UTC)", "ATTEMPTS", "ERROR", "CHAT"]
    arrived = f"{world.clock.now():%Y-%m-%d %H:%M:%S}"
    assert line.split() == [str(FIRST), *arrived.split(), "1", "KeyError", str(two.anna.id)]


async def test_a_running_bot_handles_what_is_retried(world: World, two: Pair, tmp_path: Path) -> None:
    await _set_aside(world, _words(two.anna, FIRST, "my cheek is hot"))
    await world.settle()
    assert await letters(world) == []
    code, out, _ = await _command(world, tmp_path, "retry", str(FIRST))
    assert (code, out) == (0, f"Dead letter {FIRST} is handled by the running bot, or when it starts.\n")
    await world.settle()
    assert [letter.text for letter in await letters(world)] == ["my cheek is hot"]
    assert any("my cheek is hot" in message.text for message in two.marie.bot_messages)
    assert await _state(world, FIRST) == ("done", 0)
    assert await _audited(world) == [("inbox.dead_letter_retried", {"update_id": FIRST})]


async def test_the_next_start_handles_it_before_what_its_chat_wrote_since(
    world: World, two: Pair, tmp_path: Path
) -> None:
    await world.crash()
    await _set_aside(world, _words(two.anna, FIRST, "first words"), _words(two.anna, SECOND, "second words"))
    assert (await _command(world, tmp_path, "retry", str(FIRST)))[0] == 0
    await world.start()
    await world.settle()
    assert [letter.text for letter in await letters(world)] == ["first words", "second words"]


async def test_what_is_dropped_never_comes_back(world: World, two: Pair, tmp_path: Path) -> None:
    arrival = _words(two.anna, FIRST, "SECRET")
    await _set_aside(world, arrival)
    code, out, _ = await _command(world, tmp_path, "drop", str(FIRST))
    assert (code, out) == (0, f"Dead letter {FIRST} is dropped, with its content.\n")
    assert (await _command(world, tmp_path, "list"))[1] == "There are no dead letters.\n"
    async with world.database.read() as work:
        assert not await work.session.scalar(select(func.count()).where(Inbox.payload.contains("SECRET")))
    await world.app.intake.store([json.loads(arrival.payload)])
    await world.settle()
    assert await letters(world) == [], "Telegram may send an update twice"
    assert await _audited(world) == [("inbox.dead_letter_dropped", {"update_id": FIRST})]


async def test_only_dead_letters_are_touched(world: World, two: Pair, tmp_path: Path) -> None:
    two.anna.say("handled long ago")
    await world.settle()
    async with world.database.read() as work:
        handled = await work.session.scalar(select(func.max(Inbox.update_id)))
    for action, unknown in (("retry", FIRST), ("retry", handled), ("drop", handled)):
        code, out, err = await _command(world, tmp_path, action, str(unknown))
        assert (code, out) == (1, "")
        assert err == f"There is no dead letter {unknown}. `aftercare deadletters list` shows them.\n"
    assert len(await letters(world)) == 1
    assert await _audited(world) == []


async def test_a_number_is_asked_for_and_bad_settings_end_with_2(world: World, tmp_path: Path) -> None:
    assert (await _command(world, tmp_path, "retry"))[0] == 2
    settings = environment(world.server, world.database_url, tmp_path, world.zone) | {"CLINIC_TIMEZONE": "Mars/Base"}
    process = await run("deadletters", "list", settings=settings)
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert errors.decode().startswith("CLINIC_TIMEZONE")
