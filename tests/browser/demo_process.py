"""`python -m bot demo` as somebody starts it on a machine with an empty home folder."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.serving import ROOT

START_SECONDS = 180
STOP_SECONDS = 5
"""What the demo promises for Ctrl-C."""

_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


@dataclass(frozen=True)
class Demo:
    """A demo that answers, and the folder that holds its home, its temporary files and its complaints."""

    url: str
    process: Process
    folder: Path

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def complaints(self) -> str:
        return (self.folder / "stderr").read_text()

    @property
    def left_behind(self) -> list[Path]:
        """Files in the home folder and among the temporary ones."""
        return [*(self.folder / "home").iterdir(), *(self.folder / "tmp").iterdir()]

    async def interrupt(self) -> int:
        """Ctrl-C; the exit code. Raises TimeoutError where it takes longer than promised."""
        self.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(STOP_SECONDS):
            return await self.process.wait()


@asynccontextmanager
async def demonstrating(folder: Path, *, port: int = 0) -> AsyncIterator[Demo]:
    """A demo of its own, with all it writes below `folder`; killed if it still runs at the end."""
    for name in ("home", "tmp"):
        (folder / name).mkdir(parents=True)
    with (folder / "stderr").open("wb") as complaints:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "demo", "--port", str(port)),
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp")},
            stdout=PIPE,
            stderr=complaints,
        )
    try:
        yield Demo(await _address(process), process, folder)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _address(process: Process) -> str:
    assert process.stdout is not None
    printed = ""
    async with asyncio.timeout(START_SECONDS):
        async for line in process.stdout:
            printed += line.decode()
            if found := _ADDRESS.search(printed):
                return found.group()
    raise AssertionError(f"the demo ended without an address: {printed!r}")
