"""What the sender's look at the outbox costs while nothing is due, with few and with very many rows pending."""

import json

from tests.bench.bench import LARGE, SMALL, Bench
from tests.bench.databases import Engine
from tests.bench.figures import Bar, Figure, ratios
from tests.bench.processes import Process

WAYS = {"look": "idle look at all lanes", "claim": "idle claim of the routine lane"}
BAR, BAR_OF_RATIO = Bar(1.0), Bar(1.5)
SECONDS = 60.0


def measure(bench: Bench) -> list[Figure]:
    """Both databases, both sizes in turn, in processes of their own."""
    figures: list[Figure] = []
    for engine in Engine:
        found: dict[str, dict[str, list[float]]] = {SMALL: {way: [] for way in WAYS}, LARGE: {way: [] for way in WAYS}}
        with bench.database(engine, SMALL) as small, bench.database(engine, LARGE) as large:
            for _ in range(bench.sizes.repetitions):
                for size, url in ((SMALL, small), (LARGE, large)):
                    for way, median in _medians(url, bench.sizes.lookups).items():
                        found[size][way].append(median)
        for way, name in WAYS.items():
            few, many = found[SMALL][way], found[LARGE][way]
            figures.append(Figure(f"{name}, 10,000 pending", engine, few, "ms", BAR))
            figures.append(Figure(f"{name}, 1,000,000 pending", engine, many, "ms", BAR))
            figures.append(
                Figure(f"{name}, 1,000,000 against 10,000 pending", engine, ratios(many, few), "×", BAR_OF_RATIO)
            )
    return figures


def _medians(url: str, lookups: int) -> dict[str, float]:
    """Median milliseconds of each way."""
    with Process("-m", "tests.bench.idle_claims", url, str(lookups)) as process:
        _, line = process.line('{"look"', SECONDS)
        process.close()
    medians: dict[str, float] = json.loads(line)
    return medians
