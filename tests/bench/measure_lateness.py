"""How late routine messages are at 25 a second, with a million more pending."""

import statistics
from datetime import timedelta

from tests.bench import loads
from tests.bench.bench import LARGE, Bench
from tests.bench.databases import Engine
from tests.bench.figures import Bar, Figure, percentile, shown
from tests.bench.peers.running import peer
from tests.bench.sandbox import expect_once_each

ROW = "lateness of routine messages at 25/s with 1,000,000 more pending, p99"
BAR = Bar(1.0)
PER_SECOND = 25
PATIENCE = 240.0
"""Seconds after the last is due in which what has not come counts as lost."""

PATIENCE_WITH_PEER = 30.0
"""The same for a peer, of which it is only counted."""


def measure(bench: Bench) -> list[Figure]:
    """The bot on both databases, then procrastinate."""
    return [*(_bot(bench, engine) for engine in Engine), _procrastinate(bench)]


def _bot(bench: Bench, engine: Engine) -> Figure:
    count = int(bench.sizes.late_seconds * PER_SECOND)
    bench.sandbox.clear(limits=True)
    with bench.database(engine, LARGE) as url:
        first, apart = bench.soon(), timedelta(seconds=1 / PER_SECOND)
        chats = bench.with_database(
            url,
            lambda database: loads.add_reminders(database, bench.people, count, first=first, apart=apart, name="timed"),
        )
        with bench.bot(url):
            bench.sandbox.wait(count, bench.sizes.late_seconds + PATIENCE)
    expect_once_each(bench.sandbox.sent(), chats, ROW)
    due = {chat: (first + each * apart).timestamp() for each, chat in enumerate(chats)}
    return _figure(bench, engine, due, BAR, f"{bench.sandbox.refused()} answered with 429")


def _procrastinate(bench: Bench) -> Figure:
    """Without Telegram's limits: how it keeps time is what is compared."""
    count = int(bench.sizes.late_seconds * PER_SECOND)
    bench.sandbox.clear()
    chats = bench.people.patients[:count]
    with bench.databases.empty() as store:
        with peer(bench, "procrastinate_queue", store=store, prepare=True, pending=bench.sizes.large, jobs=[]) as one:
            one.tell("go")
            one.line("done", 10)
        first = bench.soon().timestamp()
        due = {chat: first + each / PER_SECOND for each, chat in enumerate(chats)}
        with peer(bench, "procrastinate_queue", store=store, prepare=False, jobs=list(due.items())) as one:
            one.tell("go")
            came = bench.sandbox.wait(count, bench.sizes.late_seconds + PATIENCE_WITH_PEER)
            one.line("done", 10)
    note = f"{count - came} of {count} had not come when it was stopped"
    return _figure(bench, "procrastinate", due, None, note)


def _figure(bench: Bench, variant: str, due: dict[int, float], bar: Bar | None, note: str) -> Figure:
    late = [each.at - due[each.chat_id] for each in bench.sandbox.sent()]
    return Figure(
        ROW, variant, [percentile(late, 0.99)], "s", bar, f"median {shown(statistics.median(late))} s; {note}"
    )
