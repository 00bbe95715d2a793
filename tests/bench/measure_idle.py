"""A bot that has nothing to do: its share of a core, and its memory."""

import time

from tests.bench.bench import Bench
from tests.bench.databases import Engine
from tests.bench.figures import Bar, Figure

BAR_OF_CPU, BAR_OF_MEMORY = Bar(0.5), Bar(110)


def measure(bench: Bench) -> list[Figure]:
    """Both databases."""
    figures: list[Figure] = []
    for engine in Engine:
        bench.sandbox.clear()
        with bench.database(engine) as url, bench.bot(url) as process:
            time.sleep(bench.sizes.idle_after)
            before, of_server = process.cpu_seconds(), bench.databases.server_cpu_seconds(engine)
            time.sleep(bench.sizes.idle_seconds)
            used = (process.cpu_seconds() - before) * 100 / bench.sizes.idle_seconds
            server = (bench.databases.server_cpu_seconds(engine) - of_server) * 100 / bench.sizes.idle_seconds
            note = f"the database server beside it {server:.1f} %" if engine is Engine.POSTGRESQL else ""
            figures.append(Figure("idle process: share of a core", engine, [used], "%", BAR_OF_CPU, note))
            figures.append(Figure("idle process: memory", engine, [process.resident_mb()], "MB", BAR_OF_MEMORY))
    return figures
