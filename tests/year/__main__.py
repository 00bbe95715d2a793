"""`python -m tests.year`: years with ever new seeds, for hours; or one of them again.

python -m tests.year --hours 8                         # from a seed of its own choice
python -m tests.year --seed 1234 --years 1             # that year once more
python -m tests.year --database postgres --hours 1
"""

import argparse
import asyncio
import contextlib
import gc
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bot import logs
from tests.databases import Postgres, Sqlite
from tests.year.clinic import YearWorld
from tests.year.year import Broken, Year


def main() -> int:
    arguments = _arguments()
    logs.configure(level="CRITICAL", form="json", secrets=())
    gc.set_threshold(50_000, 10, 20)
    seed = arguments.seed if arguments.seed is not None else random.randrange(10**6)
    until = time.monotonic() + arguments.hours * 3600
    broken = 0
    with _databases(arguments.database) as databases:
        years = 0
        while (years < arguments.years) if arguments.years else (time.monotonic() < until):
            with databases.database() as address:
                broken += not asyncio.run(_live(address, seed + years, arguments.steps))
            # A year holds a sandbox with all that was said in it.
            gc.collect()
            years += 1
            if broken >= arguments.most:
                break
    print(f"{years} years, {broken} of them broken")
    return 1 if broken else 0


async def _live(address: str, seed: int, steps: int) -> bool:
    world = YearWorld(address)
    year = Year(world, seed)
    began, used = time.monotonic(), time.process_time()
    await world.open()
    try:
        await world.start()
        try:
            await year.live(steps)
        finally:
            with contextlib.suppress(Exception):
                await world.stop()
    except Broken as error:
        print(f"BROKEN {error}", flush=True)
        return False
    finally:
        await world.close()
    days = (world.clock.now() - year.ledger.began_at).days if year.ledger.began_at else 0
    seconds, cpu = time.monotonic() - began, time.process_time() - used
    lived = f"{year.steps} steps, {days} days, {len(year.evidence.sent)} messages"
    print(f"seed {seed}: {lived}, {seconds:.0f} s, {cpu:.0f} s of CPU", flush=True)
    return True


@contextlib.contextmanager
def _databases(kind: str) -> Iterator[Sqlite | Postgres]:
    with tempfile.TemporaryDirectory(prefix="aftercare-year-") as folder:
        if kind == "sqlite":
            yield Sqlite(Path(folder))
            return
        server = Postgres(Path(folder))
        try:
            yield server
        finally:
            server.stop()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.year", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hours", type=float, default=1.0, help="how long to go on, in hours of real time")
    parser.add_argument("--years", type=int, help="how many years to live through, instead of hours")
    parser.add_argument("--seed", type=int, help="the first year's seed; each further one is one more")
    parser.add_argument("--steps", type=int, default=2_000, help="how many steps a year has")
    parser.add_argument("--most", type=int, default=1, help="after how many broken years to stop")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
