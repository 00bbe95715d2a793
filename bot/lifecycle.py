"""Tasks and threads: started here and nowhere else, watched, drained and stopped in order.

A side task that dies takes the program with it: half alive is worse than restarted by the supervisor.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

log = structlog.get_logger()


class Nursery:
    """Runs the long-lived loops and the short jobs they start."""

    def __init__(self) -> None:
        self._loops: set[asyncio.Task[None]] = set()
        self._jobs: set[asyncio.Task[None]] = set()
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # Asked for by `wait_failed` only in a serving process; without this an unasked one would warn.
        self.failed.add_done_callback(lambda future: future.cancelled() or future.exception())

    def start_loop(self, name: str, loop: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a loop for as long as the program lives."""
        task = asyncio.create_task(loop, name=name)
        self._loops.add(task)
        task.add_done_callback(self._loop_ended)
        return task

    def start_job(self, name: str, job: Coroutine[Any, Any, None]) -> None:
        """Run a short job that handles its own errors; one that escapes stops the program loudly."""
        task = asyncio.create_task(job, name=name)
        self._jobs.add(task)
        task.add_done_callback(self._job_ended)

    @property
    def busy(self) -> int:
        """How many short jobs are running."""
        return len(self._jobs)

    def fail(self, error: Exception) -> None:
        """Stop the program because of `error`, unless it is stopping because of another one."""
        if not self.failed.done():
            self.failed.set_exception(error)

    async def drain(self, seconds: float) -> bool:
        """Wait for the short jobs. False when some were still running after `seconds`."""
        if not self._jobs:
            return True
        _, late = await asyncio.wait(set(self._jobs), timeout=seconds)
        return not late

    async def stop(self) -> None:
        """Cancel what is left and wait for it."""
        tasks = self._loops | self._jobs
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if not self.failed.done():
            self.failed.cancel()

    def _loop_ended(self, task: asyncio.Task[None]) -> None:
        self._loops.discard(task)
        self._report(task)

    def _job_ended(self, task: asyncio.Task[None]) -> None:
        self._jobs.discard(task)
        self._report(task)

    def _report(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        log.error("task_died", task=task.get_name(), error=type(error).__name__, exc_info=error)
        if not self.failed.done():
            self.failed.set_exception(error)


class Wake:
    """Something happened: look again. Waiting also ends after a while, in case the news got lost."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def call(self) -> None:
        """Tell the one who waits."""
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Until `call`, at most `seconds` of real time."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return
        finally:
            self._event.clear()


class StopSignal:
    """SIGTERM or SIGINT, as something to wait for. Made inside the running loop, which it belongs to."""

    def __init__(self) -> None:
        self.came = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.came.set)

    async def wait(self, seconds: float | None = None) -> bool:
        """Until the signal comes, at most `seconds`; whether it came."""
        try:
            async with asyncio.timeout(seconds):
                await self.came.wait()
        except TimeoutError:
            return False
        return True

    async def interrupts(self, work: Coroutine[Any, Any, None] | asyncio.Future[None]) -> bool:
        """Await `work` and raise what it raises; the signal cancels it. Whether the signal came."""
        task = asyncio.ensure_future(work)
        signalled = asyncio.create_task(self.came.wait())
        try:
            await asyncio.wait({task, signalled}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            signalled.cancel()
            if not task.done():
                task.cancel()
        if task.cancelled() or not task.done():
            await asyncio.gather(task, return_exceptions=True)
        else:
            task.result()
        return self.came.is_set()


async def first_of(work: Coroutine[Any, Any, None], stopped: asyncio.Event) -> None:
    """Do `work` unless `stopped` is set before it ends. Raises what the work raises."""
    working = asyncio.create_task(work)
    waiting = asyncio.create_task(stopped.wait())
    await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not working.done():
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        return
    working.result()


def start_thread(name: str, run: Callable[[Callable[[float], bool]], None]) -> threading.Event:
    """Do `run(wait)` in a thread that does not keep the process alive. Returns the event that tells it to end.

    `wait(seconds)` is true once that event is set.
    """
    done = threading.Event()
    threading.Thread(target=run, args=(done.wait,), name=name, daemon=True).start()
    return done
