"""Starting with a million rows pending, against starting with none: time until it serves, and memory."""

from tests.bench.bench import LARGE, PEOPLE, Bench
from tests.bench.databases import Engine
from tests.bench.figures import Bar, Figure, ratios

ROW = "start with 1,000,000 pending against empty"
BAR_OF_TIME, BAR_OF_MEMORY = Bar(1.2), Bar(1.1)


def measure(bench: Bench) -> list[Figure]:
    """Both databases, empty and full in turn."""
    figures: list[Figure] = []
    for engine in Engine:
        figures += _of_engine(bench, engine)
    return figures


def _of_engine(bench: Bench, engine: Engine) -> list[Figure]:
    times: dict[str, list[float]] = {PEOPLE: [], LARGE: []}
    memory: dict[str, list[float]] = {PEOPLE: [], LARGE: []}
    bench.sandbox.clear()
    with bench.database(engine, PEOPLE) as empty, bench.database(engine, LARGE) as full:
        for _ in range(bench.sizes.repetitions):
            for name, url in ((PEOPLE, empty), (LARGE, full)):
                seconds, megabytes = bench.start_time(url)
                times[name].append(seconds)
                memory[name].append(megabytes)
    return [
        Figure("start, nothing pending: time", engine, times[PEOPLE], "s"),
        Figure("start, nothing pending: memory", engine, memory[PEOPLE], "MB"),
        Figure(f"{ROW}: time", engine, ratios(times[LARGE], times[PEOPLE]), "×", BAR_OF_TIME),
        Figure(f"{ROW}: memory", engine, ratios(memory[LARGE], memory[PEOPLE]), "×", BAR_OF_MEMORY),
    ]
