"""`python -m bot …` in a process that has its modules already: to import them takes a second of processor time.

In everything else it is a process of its own, with its own environment, folder, output, signals and end. That the
command also starts from nothing is shown in tests/bot/test_command_line.py and tests/browser/test_demo_command.py.
"""

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

VERBS = ("serve", "deadletters", "db", "doctor", "invite")

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["bot.__main__", *(f"bot.commands.{verb}" for verb in VERBS)])


class Forked:
    """One run of the command, with what is used here of asyncio's own Process."""

    def __init__(self, process: ForkServerProcess, stdout: asyncio.StreamReader, stderr: asyncio.StreamReader) -> None:
        self._process = process
        self.stdout, self.stderr = stdout, stderr
        self._ended = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(process.sentinel, self._note_end)

    @classmethod
    async def start(cls, *words: str, settings: Mapping[str, str], folder: Path, together: bool = False) -> "Forked":
        """Run the command. `together`: its errors come in its output, too."""
        output, its_output = _SERVER.Pipe(duplex=False)
        errors, its_errors = _SERVER.Pipe(duplex=False)
        process = _SERVER.Process(
            target=_run,
            args=(words, dict(settings), folder, its_output, its_output if together else its_errors),
            daemon=True,
        )
        # Here, not in a thread: it looks for the ends of all processes, which is for one at a time.
        process.start()
        its_output.close()
        its_errors.close()
        return cls(process, await _reader(output), await _reader(errors))

    @property
    def returncode(self) -> int | None:
        """Its exit code; the negative signal that ended it; None while it runs."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Nothing where it has ended."""
        if self.returncode is None and self._process.pid is not None:
            # It may have ended without its end being known here.
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    async def wait(self) -> int:
        """Its exit code, when it has ended."""
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    async def communicate(self) -> tuple[bytes, bytes]:
        """All of its output and errors, when it has ended."""
        output, errors, _ = await asyncio.gather(self.stdout.read(), self.stderr.read(), self.wait())
        return output, errors

    def _note_end(self) -> None:
        self._loop.remove_reader(self._process.sentinel)
        self._process.join()
        self._ended.set()


async def _reader(pipe: Connection) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    file = os.fdopen(os.dup(pipe.fileno()), "rb", buffering=0)
    pipe.close()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), file)
    return reader


def _run(words: Sequence[str], settings: dict[str, str], folder: Path, output: Connection, errors: Connection) -> None:
    """In the new process."""
    # What cannot be imported beforehand is passed over in silence, and every start would be slow.
    missing = {f"bot.commands.{verb}" for verb in VERBS} - sys.modules.keys()
    if missing:
        raise ImportError(f"not there beforehand: {missing}")
    from bot.__main__ import main

    os.dup2(output.fileno(), 1)
    os.dup2(errors.fileno(), 2)
    output.close()
    os.environ.clear()
    os.environ.update(settings)
    os.chdir(folder)
    sys.exit(main(words))
