"""Operating-system processes: started, listened to, weighed, stopped."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.bench.figures import WrongResult

ROOT = Path(__file__).parent.parent.parent
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
STOP_SECONDS = 20.0
"""Longer than the bot's own drain."""


class Process:
    """A Python process of its own; what it prints is read at once, each line with the time at which it came."""

    def __init__(self, *words: str, environment: Mapping[str, str] | None = None) -> None:
        """Start `python …`. `environment`: these variables and nothing of this machine's; None: the same as here."""
        self.name = " ".join(words[:4])
        self.started_at = time.time()
        self._popen = subprocess.Popen(
            [sys.executable, *words],
            cwd=ROOT,
            env=None if environment is None else dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: list[tuple[float, str]] = []
        self._read = 0
        self._ended = False
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._popen.poll() is None:
            self._popen.kill()
        self._popen.wait()
        self._reader.join()
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                pipe.close()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._popen.pid

    def _listen(self) -> None:
        assert self._popen.stdout is not None
        for line in self._popen.stdout:
            with self._news:
                self._lines.append((time.time(), line.rstrip("\n")))
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def line(self, containing: str, seconds: float) -> tuple[float, str]:
        """The next line that contains some text, and when it came (seconds since 1970). Raises WrongResult."""
        deadline = time.monotonic() + seconds
        with self._news:
            while True:
                while self._read < len(self._lines):
                    at, line = self._lines[self._read]
                    self._read += 1
                    if containing in line:
                        return at, line
                left = deadline - time.monotonic()
                if self._ended or left <= 0:
                    raise WrongResult(f"{self.name}: no {containing!r} within {seconds:.0f} s\n{self.last_words()}")
                self._news.wait(left)

    def last_words(self) -> str:
        """The end of what it has printed."""
        return "\n".join(line for _, line in self._lines[-15:])

    def tell(self, line: str) -> None:
        """Write a line to its standard input."""
        assert self._popen.stdin is not None
        self._popen.stdin.write(f"{line}\n")
        self._popen.stdin.flush()

    def cpu_seconds(self) -> float:
        """CPU time that it has used since its start."""
        return cpu_seconds(self.pid)

    def resident_mb(self) -> float:
        """Memory that it holds now, in MB of 10⁶ bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
        return int(kilobytes) * 1024 / 1_000_000

    def stop(self) -> None:
        """SIGTERM. Raises WrongResult when it does not end, or not with 0."""
        self._popen.send_signal(signal.SIGTERM)
        self._finish()

    def close(self) -> None:
        """End its standard input, by which a peer knows that it may go. Raises WrongResult as `stop` does."""
        assert self._popen.stdin is not None
        self._popen.stdin.close()
        self._finish()

    def _finish(self) -> None:
        try:
            code = self._popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise WrongResult(f"{self.name} does not stop\n{self.last_words()}") from error
        if code != 0:
            raise WrongResult(f"{self.name} ended with {code}\n{self.last_words()}")


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    # After the name: user, system, and both of the children that were waited for (man 5 proc, fields 14 to 17).
    return sum(int(field) for field in fields[11:15]) / TICKS_PER_SECOND


def family_cpu_seconds(pid: int) -> float:
    """The same for a process with all its children: PostgreSQL has one for each connection."""
    total = cpu_seconds(pid)
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid:
                total += cpu_seconds(int(folder.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total
