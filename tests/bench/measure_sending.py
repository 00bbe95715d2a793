"""Sends per second with limits off, and CPU for each message, beside procrastinate and the bare loop."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import loads
from tests.bench.bench import Bench, wait_until
from tests.bench.databases import Engine
from tests.bench.figures import Bar, Figure, WrongResult, ratios
from tests.bench.peers.running import peer
from tests.bench.processes import Process
from tests.bench.sandbox import expect_once_each

RATE = "sends per second, limits off"
AGAINST_BARE = "sends per second, limits off, against the bare loop with the same client"
AGAINST_QUEUE = "sends per second, limits off, against procrastinate"
CPU = "CPU per sent message, database included, against the bare loop on the stock client"
ENOUGH_OF_BARE, ENOUGH_OF_QUEUE, ENOUGH_CPU = Bar(0.8, at_least=True), Bar(2.0, at_least=True), Bar(1.0)
BARE, BARE_STOCK, QUEUE = "bare loop, aiohttp", "bare loop, httpx", "procrastinate"
STORING = "the bot's call, and storing on SQLite by hand"
LONGEST = 180.0


@dataclass(frozen=True)
class Run:
    """One burst: messages a second at the server, and milliseconds of CPU for each."""

    per_second: float
    cpu_ms: float


def measure(bench: Bench) -> list[Figure]:
    """Every way in turn, again and again."""
    ways: dict[str, Callable[[], Run]] = {
        BARE: lambda: _bare(bench, "aiohttp"),
        Engine.SQLITE: lambda: _bot(bench, Engine.SQLITE),
        STORING: lambda: _storing(bench),
        BARE_STOCK: lambda: _bare(bench, "httpx"),
        Engine.POSTGRESQL: lambda: _bot(bench, Engine.POSTGRESQL),
        QUEUE: lambda: _procrastinate(bench),
    }
    runs: dict[str, list[Run]] = {name: [] for name in ways}
    for _ in range(bench.sizes.repetitions):
        for name, way in ways.items():
            runs[name].append(way())
    rate = {name: [run.per_second for run in found] for name, found in runs.items()}
    cpu = {name: [run.cpu_ms for run in found] for name, found in runs.items()}
    figures = [Figure(RATE, name, found, "/s") for name, found in rate.items()]
    figures += [Figure(AGAINST_BARE, name, ratios(rate[name], rate[BARE]), "×", ENOUGH_OF_BARE) for name in Engine]
    figures += [Figure(AGAINST_BARE, STORING, ratios(rate[STORING], rate[BARE]), "×")]
    figures += [Figure(AGAINST_QUEUE, name, ratios(rate[name], rate[QUEUE]), "×", ENOUGH_OF_QUEUE) for name in Engine]
    figures += [Figure("CPU per sent message, database included", name, found, "ms") for name, found in cpu.items()]
    return figures + [Figure(CPU, name, ratios(cpu[name], cpu[BARE_STOCK]), "×", ENOUGH_CPU) for name in Engine]


def _bot(bench: Bench, engine: Engine) -> Run:
    count = bench.sizes.sends
    bench.sandbox.clear()
    with bench.database(engine) as url:
        due = bench.soon()
        chats = bench.with_database(
            url,
            lambda database: loads.add_reminders(
                database, bench.people, count, first=due, apart=timedelta(0), name="burst"
            ),
        )
        with bench.bot(url, limits=False) as process:
            wait_until(due - timedelta(seconds=0.3))
            run = _weighed(bench, process, engine, chats, lambda: None)
        states = bench.with_database(url, lambda database: loads.count_states(database, "burst"))
    loads.expect_states(states, {"sent": count})
    return run


def _bare(bench: Bench, client: str) -> Run:
    bench.sandbox.clear()
    chats = bench.people.patients[: bench.sizes.sends]
    with peer(bench, "bare", client=client, chats=chats) as process:
        run = _weighed(bench, process, None, chats, lambda: process.tell("go"))
        process.line("done", LONGEST)
    return run


def _storing(bench: Bench) -> Run:
    bench.sandbox.clear()
    chats = bench.people.patients[: bench.sizes.sends]
    with TemporaryDirectory() as folder:
        store = Path(folder) / "store.db"
        with peer(bench, "storing", store=str(store), chats=chats) as process:
            run = _weighed(bench, process, None, chats, lambda: process.tell("go"))
            process.line("done", LONGEST)
        _expect_recorded(store, chats)
    return run


def _expect_recorded(store: Path, chats: Sequence[int]) -> None:
    with closing(sqlite3.connect(store)) as database:
        recorded = database.execute(
            "SELECT outbox.chat_id FROM outbox JOIN deliveries ON outbox_id = id WHERE state = 'sent'"
        ).fetchall()
    if sorted(chat_id for (chat_id,) in recorded) != sorted(chats):
        raise WrongResult(f"{STORING}: {len(recorded)} of {len(chats)} are recorded")


def _procrastinate(bench: Bench) -> Run:
    bench.sandbox.clear()
    chats = bench.people.patients[: bench.sizes.sends]
    jobs = [(chat, None) for chat in chats]
    with (
        bench.databases.empty() as store,
        peer(bench, "procrastinate_queue", store=store, prepare=True, pending=0, jobs=jobs) as process,
    ):
        run = _weighed(bench, process, Engine.POSTGRESQL, chats, lambda: process.tell("go"))
        process.line("done", LONGEST)
    return run


def _weighed(
    bench: Bench, process: Process, engine: Engine | None, chats: Sequence[int], begin: Callable[[], None]
) -> Run:
    """From `begin` until everything has come, with what it cost. Raises WrongResult."""

    def spent() -> float:
        server = bench.databases.server_cpu_seconds(engine) if engine else 0.0
        return process.cpu_seconds() + server

    before = spent()
    begin()
    bench.sandbox.wait(len(chats), LONGEST)
    # The last ones are still to be recorded.
    time.sleep(0.5)
    used = spent() - before
    sent = bench.sandbox.sent()
    expect_once_each(sent, chats, process.name)
    times = [each.at for each in sent]
    return Run(per_second=(len(times) - 1) / (max(times) - min(times)), cpu_ms=used * 1000 / len(times))
