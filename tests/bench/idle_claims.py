"""A process that asks the outbox again and again while nothing is due: `python -m tests.bench.idle_claims URL COUNT`.

Prints the median milliseconds of the sender's look (a reading transaction) and of a claim (one that writes) as JSON.
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from messages.outgoing import Lane
from storage import sending
from storage.database import Database
from tests.bench.figures import WrongResult

WARM_UP = 20


async def _main(url: str, count: int) -> None:
    database = Database(url)
    found = {
        "look": await _median_ms(lambda: _look(database), count),
        "claim": await _median_ms(lambda: _claim(database), count),
    }
    await database.close()
    print(json.dumps(found), flush=True)
    sys.stdin.read()


async def _look(database: Database) -> None:
    async with database.read() as work:
        now = datetime.now(UTC)
        if any(at <= now for at in (await sending.next_by_lane(work)).values()):
            raise WrongResult("nothing is due, but a lane says so")


async def _claim(database: Database) -> None:
    async with database.single() as work:
        if await sending.claim(work, Lane.ROUTINE, many=30, now=datetime.now(UTC)):
            raise WrongResult("nothing is due, but something was claimed")


async def _median_ms(once: Callable[[], Awaitable[None]], count: int) -> float:
    times = []
    for _ in range(WARM_UP + count):
        begun = time.perf_counter()
        await once()
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times[WARM_UP:])


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2])))
