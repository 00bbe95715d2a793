"""`demo`: the whole product in the browser, without Telegram and without settings. Ctrl-C ends it."""

import argparse
import asyncio
import signal
import sys
import tempfile
from pathlib import Path

from bot import logs
from bot.clock import MovableClock, SystemClock
from bot.lifecycle import first_of
from bot.staging.served_stage import ServedStage
from bot.staging.stage import prepare
from bot.staging.story import CLINIC, HINTS, opening_time, tell


def run(arguments: argparse.Namespace) -> int:
    """Serve the demo until it is interrupted."""
    logs.configure(level="WARNING", form="console", secrets=())
    asyncio.run(_serve(arguments.port))
    return 0


async def _serve(port: int) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    with tempfile.TemporaryDirectory(prefix="aftercare-demo-") as folder:
        address = f"sqlite:///{Path(folder) / 'demo.db'}"
        await prepare(address)
        stage = _stage(address, port)
        await stage.open()
        try:
            await stage.start()
            print("Preparing a small clinic …", file=sys.stderr, flush=True)
            await first_of(tell(stage), stopped)
            if not stopped.is_set():
                print(f"\n  Aftercare demo: {stage.server.url}\n\n  Ctrl-C ends it.", flush=True)
            await stopped.wait()
            await stage.stop()
        finally:
            await stage.close()


def _stage(address: str, port: int) -> ServedStage:
    clock = MovableClock(opening_time(SystemClock().now()))
    try:
        return ServedStage(address, CLINIC, clock, hints=HINTS, port=port)
    except OSError:
        # The usual port is taken: any free one will do.
        return ServedStage(address, CLINIC, clock, hints=HINTS, port=0)
