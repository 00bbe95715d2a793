"""An event loop for tests of timing: hours pass in no time, and always the same way."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class JumpingLoop(asyncio.SelectorEventLoop):
    """A loop whose time stands still while it works, and jumps to the next timer when it has nothing to do."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 1000.0

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        if not self._ready:  # type: ignore[attr-defined]
            timers: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
            self._now = max(self._now, min((each.when() for each in timers if not each.cancelled()), default=0.0))
        super()._run_once()  # type: ignore[misc]


def run_in_jumps(scene: Coroutine[Any, Any, Result]) -> Result:
    """What `scene` returns, on such a loop of its own."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(scene)
