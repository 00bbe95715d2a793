"""The whole way of a tap: posted → polled → stored → handled → the message edited at the server."""

import random
import statistics
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from bot.keyboards import encode
from messages.check_in import Question
from messages.outgoing import Button
from storage.database import Database
from storage.tables import Answer, CheckIn, Session
from tests.bench import loads
from tests.bench.bench import Bench
from tests.bench.databases import Engine
from tests.bench.figures import Bar, Figure, WrongResult, percentile, shown

ROW = "tap → answer edited, whole path, 50 taps/s mixed over 500 chats, p99"
BARS = {Engine.SQLITE: Bar(0.1), Engine.POSTGRESQL: Bar(0.15)}
SCORED = (Question.SWELLING, Question.BRUISING, Question.PAIN)
SEED = 20260302


def measure(bench: Bench) -> list[Figure]:
    """Both databases. Telegram's limits are off: they would let 29 calls a second through, and a tap takes two."""
    return [_of_engine(bench, engine) for engine in Engine]


def _of_engine(bench: Bench, engine: Engine) -> Figure:
    patients = list(range(1, bench.sizes.tapping_patients + 1))
    bench.sandbox.clear()
    with bench.database(engine) as url:
        bench.with_database(url, lambda database: _open_check_ins(database, patients))
        bench.sandbox.place([bench.people.patients[number - 1] for number in patients], "You have a check-in")
        taps = _taps(patients, bench.sizes.taps)
        with bench.bot(url, limits=False):
            found = bench.sandbox.tap(
                [(bench.people.patients[number - 1], data) for number, data in taps], bench.sizes.taps_per_second
            )
        stored = bench.with_database(url, _count_answers)
    waits: list[float] = found["waits"]
    scores = sum(data.startswith("check.score") for _, data in taps)
    if found["edits"] != len(taps) or found["open"] or stored != scores:
        raise WrongResult(
            f"{len(taps)} taps, {found['edits']} edits, {found['open']} taps not answered; "
            f"{scores} scores, {stored} stored"
        )
    note = f"median {shown(statistics.median(waits))} s; taps up to {found['late']:.2f} s behind their time"
    return Figure(ROW, engine, [percentile(waits, 0.99)], "s", BARS[engine], note)


def _taps(patients: list[int], count: int) -> list[tuple[int, str]]:
    """Patients at random, each going through their check-in: three scores, then "nothing else"."""
    chance = random.Random(SEED)
    left = {number: [*(_score(number, question) for question in reversed(SCORED))] for number in patients}
    for number in patients:
        left[number].insert(0, encode(Button("", "check.nothing", (number,))))
    taps = []
    for _ in range(count):
        number = chance.choice(sorted(left))
        taps.append((number, left[number].pop()))
        if not left[number]:
            del left[number]
    return taps


def _score(check_in_id: int, question: Question) -> str:
    return encode(Button("", "check.score", (check_in_id, question.value, 1)))


async def _open_check_ins(database: Database, patients: list[int]) -> None:
    """A session three hours ago for each, and its first check-in, which was sent as message 1."""
    now = datetime.now(UTC)
    sessions = [
        {"id": number, "course_id": number, "number": 1, "ended_at": now - timedelta(hours=3), "recorded_at": now,
         "recorded_by": 1}
        for number in patients
    ]  # fmt: skip
    await loads.add_rows(database, Session, sessions)
    check_ins = [
        {"id": number, "session_id": number, "patient_id": number, "step": "after_3h", "kind": "routine",
         "state": "open", "due_at": now, "opened_at": now, "message_id": 1}
        for number in patients
    ]  # fmt: skip
    await loads.add_rows(database, CheckIn, check_ins)


async def _count_answers(database: Database) -> int:
    async with database.read() as work:
        return await work.session.scalar(select(func.count()).select_from(Answer)) or 0
