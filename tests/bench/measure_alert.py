"""Alerts in a burst of routine messages, inside Telegram's limits: how long they wait, and whether the limits are held.

The sandbox holds them strictly: 30 messages in any second, not on the average of many.
"""

import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.sandbox.limits import OVERALL
from storage.database import Database
from tests.bench import loads
from tests.bench.bench import Bench
from tests.bench.databases import Engine
from tests.bench.figures import Bar, Figure, WrongResult, percentile, shown
from tests.bench.peers.running import peer
from tests.bench.sandbox import Arrival, expect_once_each

ROW = "an alert behind 10,000 routine messages at 30/s, to another chat: due → at the server, p99"
BAR = Bar(0.1)
APART = timedelta(seconds=0.2)
BEFORE_FIRST = timedelta(seconds=2)
"""The routine messages have a start: the queue is full when the first alert is due."""

SHARE_ROW = "sends per second in that burst, against the 30 that Telegram allows"
SHARE_BAR = Bar(0.97, at_least=True)
REFUSED_ROW = "sends in that burst that were answered with 429"
REFUSED_BAR = Bar(0)

STOCK_ALERTS = 3
LONGEST = 90.0
"""Seconds after the last alert is due in which one that has not come is lost."""


@dataclass(frozen=True)
class _Burst:
    """What one database had to show. Waits in seconds, rates in messages a second."""

    engine: Engine
    waits: Sequence[float]
    rate: float
    routine_rate: float
    refused: int
    sent: int

    def figures(self) -> tuple[Figure, Figure, Figure]:
        note = f"median {shown(statistics.median(self.waits))} s; {shown(self.routine_rate)} routine/s meanwhile"
        return (
            Figure(ROW, self.engine, [percentile(self.waits, 0.99)], "s", BAR, note),
            Figure(SHARE_ROW, self.engine, [self.rate / OVERALL.count], "×", SHARE_BAR, f"{shown(self.rate)} /s"),
            Figure(REFUSED_ROW, self.engine, [self.refused], "", REFUSED_BAR, f"of {self.sent:,}"),
        )


def measure(bench: Bench) -> list[Figure]:
    """The bot on both databases, and the stock way behind a far smaller backlog."""
    waits, shares, refusals = zip(*(_bot(bench, engine).figures() for engine in Engine), strict=True)
    return [*waits, _stock(bench), *shares, *refusals]


def _bot(bench: Bench, engine: Engine) -> _Burst:
    sizes, sandbox = bench.sizes, bench.sandbox
    sandbox.clear(limits=True)
    with bench.database(engine) as url:
        first = bench.soon()

        async def load(database: Database) -> tuple[list[int], list[datetime]]:
            chats = await loads.add_reminders(
                database, bench.people, sizes.alert_backlog, first=first, apart=timedelta(0), name="routine"
            )
            due = await loads.add_alerts(database, bench.people, sizes.alerts, first=first + BEFORE_FIRST, apart=APART)
            return chats, due

        chats, due = bench.with_database(url, load)
        with bench.bot(url):
            seconds = (due[-1] - first).total_seconds() + bench.sizes.lead + LONGEST
            bench.sandbox.wait(sizes.alerts, seconds, bench.people.practitioners)
        recorded = bench.with_database(url, lambda database: loads.chats_of_sent(database, "routine"))
    sent, refused = sandbox.sent(), sandbox.refused()
    staff = set(bench.people.practitioners)
    alerts = [each for each in sent if each.chat_id in staff]
    routine = [each for each in sent if each.chat_id not in staff]
    expect_once_each(alerts, [bench.people.practitioners[n % len(staff)] for n in range(sizes.alerts)], ROW)
    _expect_some(routine, chats, recorded)
    waits = _waits(alerts, due, bench.people.practitioners)
    return _Burst(engine, waits, _rate(sent), _rate(routine), refused, len(sent))


def _rate(arrivals: Sequence[Arrival]) -> float:
    return (len(arrivals) - 1) / (arrivals[-1].at - arrivals[0].at)


def _expect_some(routine: list[Arrival], owed: list[int], recorded: list[int]) -> None:
    """Only some of the routine messages could go: those that are recorded as sent, and none that was not owed."""
    expect_once_each(routine, recorded, "routine messages behind which alerts wait")
    if too_many := sum((Counter(recorded) - Counter(owed)).values()):
        raise WrongResult(f"{too_many} routine messages are recorded as sent that were not owed")


def _waits(alerts: list[Arrival], due: list[datetime], chats: Sequence[int]) -> list[float]:
    """Each chat gets its alerts in the order in which they are due."""
    waits = []
    for place, chat in enumerate(chats):
        times = [each.at for each in alerts if each.chat_id == chat]
        planned = [each.timestamp() for each in due[place :: len(chats)]]
        waits += [at - owed for at, owed in zip(times, planned, strict=True)]
    return waits


def _stock(bench: Bench) -> Figure:
    """Its alerts stand behind whatever came before, so 10,000 would take over five minutes: a few hundred must do."""
    backlog, people = bench.sizes.stock_backlog, bench.people
    bench.sandbox.clear()
    first = bench.soon().timestamp()
    routine = [people.patients[each % len(people.patients)] for each in range(backlog)]
    alerts = people.practitioners[:STOCK_ALERTS]
    due = [first + 1 + each for each in range(len(alerts))]
    jobs = [(chat, first) for chat in routine] + list(zip(alerts, due, strict=True))
    with TemporaryDirectory() as folder:
        store = f"sqlite:///{Path(folder) / 'jobs.db'}"
        with peer(bench, "stock", work="jobs", jobs=jobs, store=store) as process:
            process.tell("go")
            bench.sandbox.wait(len(jobs), backlog / 10 + 60)
            time.sleep(0.5)
            process.line("done", 10)
    sent = {each.chat_id: each.at for each in bench.sandbox.sent()}
    waits = [sent[chat] - at for chat, at in zip(alerts, due, strict=True) if chat in sent]
    note = f"behind {backlog} messages only; {len(jobs) - len(sent)} of {len(jobs)} never came"
    return Figure(ROW, "stock python-telegram-bot", [percentile(waits, 0.99)], "s", None, note)
