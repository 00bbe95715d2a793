"""A large clinic's daily digests: planned in one tick, then each composed as the sender does."""

import json

from storage.database import Database
from tests.bench import clinic_of_digests
from tests.bench.bench import Bench
from tests.bench.databases import Engine
from tests.bench.figures import Bar, Figure, WrongResult
from tests.bench.processes import Process

ROW = "planning and composing the daily digests of 200 practitioners × 50 patients"
QUERIES = "queries for one digest, with 50 patients against 5"
BAR, BAR_OF_QUERIES = Bar(10.0), Bar(1.0)
SECONDS = 180.0


def measure(bench: Bench) -> list[Figure]:
    """Both databases, in processes of their own."""
    sizes, figures = bench.sizes, []

    async def fill(database: Database) -> None:
        await clinic_of_digests.fill(
            database, sizes.clinic_practitioners, sizes.clinic_patients, zone=bench.people.zone
        )

    for engine in Engine:
        bench.databases.template(engine, "clinic", fill)
        found = [_run(bench, engine) for _ in range(min(2, bench.sizes.repetitions))]
        planned = {each["planned"] for each in found}
        if planned != {sizes.clinic_practitioners}:
            raise WrongResult(f"{sizes.clinic_practitioners} digests are due, {planned} were planned")
        note = f"{found[0]['queries']:.0f} queries a practitioner; planning alone {found[0]['plan']:.2f} s"
        figures.append(Figure(ROW, engine, [each["plan"] + each["compose"] for each in found], "s", BAR, note))
        figures.append(Figure(QUERIES, engine, [each["queries"] / each["few"] for each in found], "×", BAR_OF_QUERIES))
    return figures


def _run(bench: Bench, engine: Engine) -> dict[str, float]:
    with (
        bench.databases.copy(engine, "clinic") as url,
        Process("-m", "tests.bench.plan_digests", url, bench.people.zone.key) as process,
    ):
        _, line = process.line('{"planned"', SECONDS)
        process.close()
    found: dict[str, float] = json.loads(line)
    return found
