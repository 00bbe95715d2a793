"""`aftercare db backup`: a copy made while the bot works is a whole one, and the bot goes on from it."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox.updates import FIRST_UPDATE_ID
from storage.backup import CannotBackUp, back_up, pg_dump
from storage.database import Database, normal_url
from storage.tables import Inbox
from tests.bot.conversation import letters
from tests.databases import Postgres, Sqlite
from tests.serving import environment, run
from tests.world import START, World, living

QUIET = 800_000_000
"""An update that is stored and does nothing."""


@pytest.fixture
async def at_work(sqlite: Sqlite) -> AsyncIterator[World]:
    with sqlite.database() as address:
        async with living(address) as world:
            yield world


async def _command(world: World, folder: Path, file: Path) -> tuple[int | None, str, str]:
    process = await run(
        "db", "backup", str(file), settings=environment(world.server, world.database_url, folder, world.zone)
    )
    output, errors = await process.communicate()
    return process.returncode, output.decode(), errors.decode()


async def _store_until(world: World, ended: asyncio.Task[tuple[int | None, str, str]]) -> int:
    """Write as fast as it goes while a command runs; how many updates."""
    count = 0
    while not ended.done():
        await world.app.intake.store([{"update_id": QUIET + count, "message_of_the_future": {"pad": "x" * 2000}}])
        count += 1
    return count


async def _continue_from(world: World, file: Path) -> None:
    """Lose the database, and start on the copy."""
    await world.crash()
    world.database_url = f"sqlite:///{file}"
    await world.start()


def _count_of_quiet(file: Path) -> int:
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        # Above them are the sandbox's own, what Anna said and tapped before.
        between = "SELECT count(*) FROM inbox WHERE update_id >= ? AND update_id < ?"
        [(count,)] = connection.execute(between, (QUIET, FIRST_UPDATE_ID)).fetchall()
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    return int(count)


async def test_the_bot_goes_on_from_a_copy_made_while_it_worked(at_work: World, tmp_path: Path) -> None:
    world, file = at_work, tmp_path / "copy.db"
    marie = await world.practitioner()
    anna = await world.patient("Anna Keller", marie)
    await world.session(anna, next_in_days=7)
    making = asyncio.create_task(_command(world, tmp_path, file))
    written = await _store_until(world, making)
    code, out, err = await making
    assert (code, err) == (0, "")
    assert out.startswith(f"{file}: ")
    assert file.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["copy.db"], "nothing half made is left, and no second half beside it"
    assert 0 <= _count_of_quiet(file) <= written
    assert written, "nothing was written meanwhile"

    await _continue_from(world, file)
    await world.move(hours=3)
    assert "check-in" in anna.last.text, "what was planned before the copy is sent by who starts from it"
    anna.say("Is this swelling usual?")
    await world.settle()
    question = marie.last
    assert "Is this swelling usual?" in question.text
    marie.say("Yes, cool it.", reply_to=question.id)
    await world.settle()
    assert any("Yes, cool it." in message.text for message in anna.bot_messages)
    assert [letter.text for letter in await letters(world)] == ["Is this swelling usual?", "Yes, cool it."]


async def test_a_copy_is_one_state_of_the_database(sqlite: Sqlite, tmp_path: Path) -> None:
    with sqlite.database() as address:
        database = Database(address)
        async with database.work() as work:
            work.session.add(
                Inbox(update_id=1, chat_id=1, payload="{}", state="waiting", received_at=START, attempts=0)
            )
            await work.session.flush()
            await asyncio.to_thread(back_up, database.url, tmp_path / "before.db")
            await work.commit()
        await asyncio.to_thread(back_up, database.url, tmp_path / "after.db")
        await database.close()
    assert [_rows(tmp_path / name) for name in ("before.db", "after.db")] == [0, 1]


def _rows(file: Path) -> int:
    connection = sqlite3.connect(file)
    [(count,)] = connection.execute("SELECT count(*) FROM inbox").fetchall()
    connection.close()
    return int(count)


async def test_nothing_is_written_over(at_work: World, tmp_path: Path) -> None:
    file = tmp_path / "copy.db"
    file.write_text("last week's", encoding="utf-8")
    code, out, err = await _command(at_work, tmp_path, file)
    assert (code, out) == (1, "")
    assert err == f"{file} exists already. Choose another name, or move it away.\n"
    assert file.read_text(encoding="utf-8") == "last week's"


def test_why_there_is_no_copy_is_said_in_words(tmp_path: Path) -> None:
    here = tmp_path / "aftercare.db"
    url = normal_url(f"sqlite:///{here}")
    with pytest.raises(CannotBackUp, match=r"There is no database at .*aftercare\.db"):
        back_up(url, tmp_path / "copy.db")
    assert not here.exists()
    here.write_bytes(b"no database at all, but long enough to be read as one" * 100)
    with pytest.raises(CannotBackUp, match="cannot be written: file is not a database"):
        back_up(url, tmp_path / "copy.db")
    with pytest.raises(CannotBackUp, match="cannot be written: No such file or directory"):
        back_up(url, tmp_path / "nowhere" / "copy.db")
    assert os.listdir(tmp_path) == ["aftercare.db"]


async def test_postgresql_names_its_own_command(postgres: Postgres, tmp_path: Path) -> None:
    file = tmp_path / "copy.dump"
    with postgres.database() as address:
        async with living(address) as world:
            code, out, err = await _command(world, tmp_path, file)
    assert (code, out) == (1, "")
    assert f"pg_dump --format=custom --file={file} " in err
    assert not file.exists()


def test_the_command_for_postgresql_has_no_password() -> None:
    address = "postgres://bot:hunter22@db.clinic.example:5433/aftercare?sslmode=require&password=hunter33"
    command = pg_dump(normal_url(address), Path("my copy.dump"))
    assert command == (
        "pg_dump --format=custom --file='my copy.dump' "
        "'postgresql://bot@db.clinic.example:5433/aftercare?sslmode=require'"
    )
