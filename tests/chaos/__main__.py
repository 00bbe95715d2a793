"""`python -m tests.chaos`: kills at random. Exit codes: 0 every promise was kept, 1 one was broken."""

import argparse
import asyncio
import random
import sys
import tempfile
import warnings
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.chaos.torment import Outcome, torment

with warnings.catch_warnings():
    # The PostgreSQL wheel looks for a runtime folder when it is imported; the temporary one serves.
    warnings.simplefilter("ignore")
    from tests.databases import Postgres, Sqlite

ENGINES = ("sqlite", "postgres")


def main(words: Sequence[str] | None = None) -> int:
    """Run, print, judge. Returns the exit code."""
    given = _parser().parse_args(words)
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(10**6)
    engines = [given.database] if given.database else list(ENGINES)
    print(f"seed {seed}: {given.kills} kills, {given.messages} messages, {' and '.join(engines)}", flush=True)
    with tempfile.TemporaryDirectory(prefix="aftercare-chaos-") as folder, ExitStack() as databases:
        addresses = {engine: _database(engine, Path(folder), databases) for engine in engines}
        outcomes = asyncio.run(_all(addresses, Path(folder), given.messages, given.kills, seed))
    for engine, outcome in outcomes.items():
        print("\n".join(_report(engine, outcome)), flush=True)
    broken = any(outcome.errors or not outcome.reckoning.right for outcome in outcomes.values())
    only = f" --database {given.database}" if given.database else ""
    again = f"python -m tests.chaos --kills {given.kills} --messages {given.messages} --seed {seed}{only}"
    print(f"BROKEN. The same again: {again}" if broken else "Every promise was kept.", flush=True)
    return int(broken)


async def _all(addresses: dict[str, str], folder: Path, messages: int, kills: int, seed: int) -> dict[str, Outcome]:
    """Both databases side by side: most of the time a bot that was killed is waited for."""
    async with asyncio.TaskGroup() as group:
        runs = {
            engine: group.create_task(torment(address, folder, messages=messages, kills=kills, seed=f"{seed} {engine}"))
            for engine, address in addresses.items()
        }
    return {engine: run.result() for engine, run in runs.items()}


def _database(engine: str, folder: Path, databases: ExitStack) -> str:
    if engine == "sqlite":
        return databases.enter_context(Sqlite(folder).database())
    server_folder = folder / "server"
    server_folder.mkdir()
    # The server's rights are another user's, who must get there.
    folder.chmod(0o755)
    server = Postgres(server_folder)
    databases.callback(server.stop)
    return databases.enter_context(server.database())


def _report(engine: str, outcome: Outcome) -> list[str]:
    kills = ", ".join(f"{count} {moment}" for moment, count in outcome.kills.items())
    return [
        f"{engine}, {outcome.seconds:.0f} s",
        f"  kills: {outcome.kills.total()} ({kills})",
        *(f"  {line}" for line in outcome.reckoning.lines()),
        *(f"  ERROR: {each}" for each in outcome.errors),
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="how often the serving process is killed (50)")
    parser.add_argument("--messages", type=int, default=2_000, help="how many messages fall due (2000)")
    parser.add_argument("--database", choices=ENGINES, help="on one of them only (both, side by side)")
    parser.add_argument("--seed", type=int, help="the same people, times and kills as a run that printed it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
