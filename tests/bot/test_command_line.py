"""The command line as people meet it: real processes against the sandbox."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg
import pytest

from bot.sandbox.faults import Fault
from bot.sandbox.person import Person
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.server import SandboxServer
from storage import migrating, schema
from storage.database import Database
from tests.databases import Postgres
from tests.forked import Forked

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
"""Real seconds for a process to do what it should: it starts Python first."""


@dataclass
class Shell:
    """A person at a terminal: settings, and commands run with them."""

    server: SandboxServer
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    running: list[Forked] = field(default_factory=list)

    def environment(self, **changes: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "BOT_TOKEN": self.server.token,
            "TELEGRAM_API_URL": self.server.url,
            "CLINIC_NAME": "Lindenhof Clinic",
            "CLINIC_TIMEZONE": "Europe/Paris",
            "CLINIC_PHONE": "+33 1 23 45 67 89",
            "EMERGENCY_NUMBER": "112",
            "DATA_DIR": str(self.folder / "data"),
            **self.settings,
            **changes,
        }

    async def begin(self, *words: str, **changes: str) -> Forked:
        process = await Forked.start(*words, settings=self.environment(**changes), folder=self.folder)
        self.running.append(process)
        return process

    async def run(self, *words: str, **changes: str) -> tuple[int | None, str, str]:
        """Exit code, standard output, standard error; the token is in neither."""
        return await self.end_of(await self.begin(*words, **changes))

    async def end_of(self, process: Forked) -> tuple[int | None, str, str]:
        async with asyncio.timeout(PATIENCE):
            output, errors = await process.communicate()
        out, err = output.decode(), errors.decode()
        assert self.server.token not in out + err
        return process.returncode, out, err

    async def stop(self, process: Forked) -> tuple[int | None, str, str]:
        process.send_signal(signal.SIGTERM)
        return await self.end_of(process)


@pytest.fixture
async def shell(tmp_path: Path) -> AsyncIterator[Shell]:
    async with _serving(tmp_path) as made:
        yield made


@asynccontextmanager
async def _serving(folder: Path) -> AsyncIterator[Shell]:
    server = SandboxServer(Sandbox(lambda: datetime.now(UTC)))
    serving = asyncio.create_task(server.serve())
    shell = Shell(server, folder)
    try:
        yield shell
    finally:
        for process in shell.running:
            if process.returncode is None:
                process.kill()
                await process.communicate()
        server.stop()
        await serving


async def answered(shell: Shell, person: Person) -> None:
    """Until the bot has said something to this person."""
    await shell.server.sandbox.changed(lambda: bool(person.bot_messages), seconds=PATIENCE)


async def test_the_bot_starts_from_nothing_and_stops_in_order(shell: Shell) -> None:
    """All others have their modules already (tests/forked.py), and end without Python's own end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-X", "dev", "-m", "bot", "serve"),
        cwd=shell.folder,
        env=shell.environment(PYTHONPATH=str(ROOT), LOG_FORMAT="json"),
        stdout=PIPE,
        stderr=PIPE,
    )
    anna = shell.server.sandbox.person("Anna")
    anna.say("/start")
    try:
        await answered(shell, anna)
    finally:
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            output, errors = await process.communicate()
    assert (process.returncode, output) == (0, b"")
    assert [line for line in errors.decode().splitlines() if not line.startswith("{")] == []


async def test_bad_settings_are_named_without_a_traceback(shell: Shell) -> None:
    code, out, err = await shell.run("serve", BOT_TOKEN="<the token>", CLINIC_TIMEZONE="Mars/Base", PORT="0")
    assert (code, out) == (2, "")
    assert [line.split()[0] for line in err.splitlines()] == ["BOT_TOKEN", "CLINIC_TIMEZONE", "PORT"]


async def test_settings_may_stand_in_a_file(shell: Shell) -> None:
    values = shell.environment()
    file = shell.folder / "clinic.env"
    file.write_text("".join(f'{name}="{value}"\n' for name, value in values.items()), encoding="utf-8")
    bare = {name: "" for name in values if name != "PATH"}
    code, out, err = await shell.run("--env-file", str(file), "db", "upgrade", **bare)
    assert (code, err) == (0, "")
    assert out.startswith("empty → ")


async def test_the_database_is_upgraded_once(shell: Shell) -> None:
    assert (await shell.run("db", "current"))[1].startswith("empty (newest: ")
    assert (await shell.run("db", "upgrade"))[0] == 0
    code, out, _ = await shell.run("db", "upgrade")
    assert (code, out.strip()) == (0, f"{schema.NEWEST}, nothing to do")
    assert (await shell.run("db", "current"))[1].startswith(schema.NEWEST)


async def test_the_first_admin_joins_by_a_link_and_the_bot_stops_in_order(shell: Shell) -> None:
    code, out, _ = await shell.run("invite", "admin", "Claire Weber")
    assert code == 0
    link = out.strip()
    assert link.startswith("https://t.me/aftercare_sandbox_bot?start=")
    claire = shell.server.sandbox.person("Claire", language_code="en")
    process = await shell.begin("serve")
    claire.start(link.partition("start=")[2])
    await answered(shell, claire)
    claire.say("/status")
    await shell.server.sandbox.changed(
        lambda: any("Planned messages" in each.text for each in claire.bot_messages), seconds=PATIENCE
    )
    code, _, err = await shell.stop(process)
    assert code == 0, err
    assert "Traceback" not in err


async def test_an_empty_name_is_refused_in_words(shell: Shell) -> None:
    code, out, err = await shell.run("invite", "admin", "  ")
    assert (code, out) == (1, "")
    assert err.strip() == "Please send a name as text."


async def test_a_second_worker_is_refused_on_sqlite(shell: Shell) -> None:
    anna = shell.server.sandbox.person("Anna")
    first = await shell.begin("serve")
    anna.say("/start")
    await answered(shell, anna)
    code, out, err = await shell.run("serve")
    assert (code, out) == (1, "")
    assert err.strip().splitlines()[-1].startswith("Another aftercare is already working with this database.")
    assert (await shell.stop(first))[0] == 0


async def test_a_standby_takes_over_on_postgresql(shell: Shell, postgres: Postgres) -> None:
    with postgres.database() as address:
        shell.settings["DATABASE_URL"] = address.replace("postgresql://", "postgres://")
        await _stamp(address)
        anna = shell.server.sandbox.person("Anna")
        first = await shell.begin("serve")
        anna.say("/start")
        await answered(shell, anna)
        second = await shell.begin("serve", LOG_FORMAT="json")
        await _logged(second, "standing_by")
        first.kill()
        await first.communicate()
        before = len(anna.bot_messages)
        anna.say("/start")
        await shell.server.sandbox.changed(lambda: len(anna.bot_messages) > before, seconds=PATIENCE)
        assert (await shell.stop(second))[0] == 0


async def test_a_standby_that_is_stopped_leaves_quietly(shell: Shell, postgres: Postgres) -> None:
    with postgres.database() as address:
        shell.settings["DATABASE_URL"] = address
        await _stamp(address)
        anna = shell.server.sandbox.person("Anna")
        first = await shell.begin("serve")
        anna.say("/start")
        await answered(shell, anna)
        second = await shell.begin("serve")
        await _logged(second, "standing_by")
        assert (await shell.stop(second))[0] == 0
        assert (await shell.stop(first))[0] == 0


_LOCK = "FROM pg_locks WHERE locktype = 'advisory' AND granted"


async def test_a_worker_whose_lock_was_cut_off_takes_it_again(shell: Shell, postgres: Postgres) -> None:
    with postgres.database() as address:
        shell.settings["DATABASE_URL"] = address
        await _stamp(address)
        anna = shell.server.sandbox.person("Anna")
        worker = await shell.begin("serve")
        anna.say("/start")
        await answered(shell, anna)
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f"SELECT pg_terminate_backend(pid, 5000) {_LOCK}")
            async with asyncio.timeout(PATIENCE):
                # The server's state cannot be awaited.
                while connection.execute(f"SELECT 1 {_LOCK}").fetchone() is None:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        second = await shell.begin("serve", LOG_FORMAT="json")
        await _logged(second, "standing_by")
        before = len(anna.bot_messages)
        anna.say("/start")
        await shell.server.sandbox.changed(lambda: len(anna.bot_messages) > before, seconds=PATIENCE)
        for process in (worker, second):
            assert (await shell.stop(process))[0] == 0


async def _logged(process: Forked, event: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while event not in (await process.stderr.readline()).decode():
            assert process.returncode is None


async def _stamp(address: str) -> None:
    """Empty it and migrate: the template of the tests has tables, but no version."""
    database = Database(address)
    await database.run(lambda connection: connection.exec_driver_sql("DROP SCHEMA public CASCADE"))
    await database.run(lambda connection: connection.exec_driver_sql("CREATE SCHEMA public"))
    await migrating.upgrade(database)
    await database.close()


async def test_an_old_database_is_not_touched(shell: Shell, postgres: Postgres) -> None:
    with postgres.database(empty=True) as address:
        code, out, err = await shell.run("serve", DATABASE_URL=address)
    assert (code, out) == (1, "")
    assert err.strip() == "The database is empty. Prepare it with: python -m bot db upgrade"


async def test_a_database_that_is_not_there_is_said_in_words(shell: Shell) -> None:
    address = f"postgresql://somebody:hunter22@127.0.0.1:{_free_port()}/nowhere"
    code, out, err = await shell.run("serve", DATABASE_URL=address)
    assert (code, out) == (1, "")
    assert err.startswith("The database does not answer")
    assert "hunter22" not in err
    assert "Traceback" not in err


async def test_a_wrong_token_ends_with_2_in_words(shell: Shell) -> None:
    wrong = "700000009:" + "z" * 35
    for words in (["serve"], ["invite", "admin", "Claire"]):
        code, out, err = await shell.run(*words, BOT_TOKEN=wrong)
        assert (code, out) == (2, "")
        assert err.strip().splitlines()[-1].startswith("BOT_TOKEN was refused by ")
        assert "Traceback" not in err
        assert wrong not in err


async def test_an_unreachable_telegram_is_tried_again(shell: Shell) -> None:
    anna = shell.server.sandbox.person("Anna")
    shell.server.sandbox.faults.add(
        Fault.answer(502, "Bad Gateway", method="getMe", times=1), Fault.drop("before", method="getMe", times=1)
    )
    process = await shell.begin("serve", LOG_FORMAT="json")
    anna.say("/start")
    await answered(shell, anna)
    code, _, err = await shell.stop(process)
    assert code == 0
    assert err.count("telegram_unreachable") == 2


async def test_a_signal_ends_the_waiting_for_telegram(shell: Shell) -> None:
    shell.settings["TELEGRAM_API_URL"] = f"http://127.0.0.1:{_free_port()}"
    process = await shell.begin("serve")
    await _logged(process, "telegram_unreachable")
    assert (await shell.stop(process))[0] == 0


async def test_a_token_revoked_while_serving_ends_with_2(shell: Shell) -> None:
    anna = shell.server.sandbox.person("Anna")
    process = await shell.begin("serve")
    anna.say("/start")
    await answered(shell, anna)
    shell.server.sandbox.faults.add(Fault.answer(401, "Unauthorized", method="getUpdates", times=None))
    anna.say("/start")
    code, _, err = await shell.end_of(process)
    assert code == 2
    assert "BOT_TOKEN was refused" in err


async def test_the_webhook_brings_updates_and_polling_takes_it_away_again(shell: Shell) -> None:
    port = _free_port()
    here = f"http://127.0.0.1:{port}"
    webhook = {"WEBHOOK_URL": here, "WEBHOOK_SECRET": "a-secret-of-some-length", "PORT": str(port)}
    anna = shell.server.sandbox.person("Anna")
    process = await shell.begin("serve", "--webhook", **webhook)
    anna.say("/start")
    await answered(shell, anna)
    assert shell.server.sandbox.webhooks.webhook.url.startswith(f"{here}/telegram/")
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{here}/healthz")).status_code == 200
        assert "aftercare_outbox_messages" in (await client.get(f"{here}/metrics")).text
    assert (await shell.stop(process))[0] == 0
    before = len(anna.bot_messages)
    polling = await shell.begin("serve")
    anna.say("/start")
    await shell.server.sandbox.changed(lambda: len(anna.bot_messages) > before, seconds=PATIENCE)
    assert (await shell.stop(polling))[0] == 0


async def test_web_and_worker_share_the_work(shell: Shell) -> None:
    port = _free_port()
    webhook = {
        "WEBHOOK_URL": f"http://127.0.0.1:{port}",
        "WEBHOOK_SECRET": "a-secret-of-some-length",
        "PORT": str(port),
    }
    await shell.run("db", "upgrade")
    web = await shell.begin("serve", "--role", "web", "--webhook", **webhook)
    worker = await shell.begin("serve", "--role", "worker", "--webhook", **webhook)
    anna = shell.server.sandbox.person("Anna")
    anna.say("/start")
    await answered(shell, anna)
    assert (await shell.stop(worker))[0] == 0
    assert (await shell.stop(web))[0] == 0


async def test_a_webhook_without_its_settings_ends_with_2(shell: Shell) -> None:
    code, _, err = await shell.run("serve", "--webhook")
    assert code == 2
    assert [line.split()[0] for line in err.splitlines()] == ["WEBHOOK_URL", "WEBHOOK_SECRET"]


async def test_a_port_that_is_taken_is_said_in_words(shell: Shell) -> None:
    with socket.create_server(("", 0)) as taken:
        port = str(taken.getsockname()[1])
        await shell.run("db", "upgrade")
        code, _, err = await shell.run("serve", "--role", "web", PORT=port)
    assert code == 1
    assert err.strip().splitlines()[-1].startswith(f"PORT {port} cannot be used")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
