"""`python -m tests.bench`: every figure in one run. Exit codes: 0 measured (bars met or not), 1 wrong results."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench import (
    measure_alert,
    measure_claims,
    measure_digests,
    measure_idle,
    measure_lateness,
    measure_sending,
    measure_start,
    measure_taps,
    measure_updates,
    measure_wake,
    report,
)
from tests.bench.bench import SMOKE, Bench, Sizes, for_a_burst
from tests.bench.databases import Databases
from tests.bench.figures import Figure, WrongResult
from tests.bench.sandbox import Sandbox

MEASURES: dict[str, Callable[[Bench], list[Figure]]] = {
    "alert": measure_alert.measure,
    "lateness": measure_lateness.measure,
    "sending": measure_sending.measure,
    "claims": measure_claims.measure,
    "start": measure_start.measure,
    "taps": measure_taps.measure,
    "updates": measure_updates.measure,
    "wake": measure_wake.measure,
    "digests": measure_digests.measure,
    "idle": measure_idle.measure,
}
"""In the order of the table in docs/performance.md."""


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, write. Returns the exit code."""
    given = _parser().parse_args(words)
    figures: list[Figure] = []
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="aftercare-bench-") as folder:
        databases = Databases(Path(folder))
        try:
            about = report.machine(databases.versions())
            sizes = SMOKE if given.smoke else for_a_burst(given.burst) if given.burst else Sizes()
            with Sandbox(sizes.practitioners + sizes.patients) as sandbox:
                bench = Bench(sizes, databases, sandbox, Path(folder))
                for name in given.only or (["alert"] if given.burst else MEASURES):
                    measure_one(name, bench, figures, wrong)
        finally:
            databases.stop()
    if given.smoke:
        print("Smoke: tiny loads, whose figures say nothing about speed.")
    print(report.table(figures), flush=True)
    report.write_json(given.out, figures, about, smoke=given.smoke)
    if given.write_docs and not wrong:
        report.write_document(figures, about)
    for sentence in wrong:
        print(f"WRONG RESULT: {sentence}", file=sys.stderr)
    return 1 if wrong else 0


def measure_one(name: str, bench: Bench, figures: list[Figure], wrong: list[str]) -> None:
    """Run one measurement; what it finds wrong is kept, and the others go on."""
    begun = time.monotonic()
    try:
        figures += MEASURES[name](bench)
    except WrongResult as error:
        wrong.append(f"{name}: {error}")
    print(f"{name}: {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="small loads: only whether the results are right")
    parser.add_argument("--burst", type=int, metavar="MINUTES", help="only the burst with alerts in it, for so long")
    parser.add_argument("--only", action="append", choices=sorted(MEASURES), help="this measurement (may be repeated)")
    parser.add_argument("--out", type=Path, default=Path("bench.json"), help="where the figures go (bench.json)")
    parser.add_argument("--write-docs", action="store_true", help="put the table into docs/performance.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
