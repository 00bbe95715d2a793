"""The runner's end of the sandbox: people, messages that came, taps."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from tests.bench.figures import WrongResult
from tests.bench.processes import Process

ORDER_SECONDS = 150.0


@dataclass(frozen=True)
class Arrival:
    """A message that the sandbox accepted; `at` in seconds since 1970."""

    at: float
    chat_id: int
    text: str


class Sandbox:
    """A sandbox in its own process, with `people` to whom the bot may write."""

    def __init__(self, people: int) -> None:
        self.process = Process("-m", "tests.bench.sandbox_process")
        hello = self._answer(ORDER_SECONDS)
        self.url: str = hello["url"]
        self.token: str = hello["token"]
        self.chats: list[int] = self._order("people", count=people)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.__exit__()

    def clear(self, *, limits: bool = False) -> None:
        """Forget everything that was said. `limits`: hold Telegram's, strictly."""
        self._order("clear")
        self._order("limits", on=limits)

    def refused(self) -> int:
        """How many calls were answered with 429."""
        return int(self._order("refused"))

    def wait(self, count: int, seconds: float, chats: Sequence[int] | None = None) -> int:
        """Until `count` messages have come (into these chats only), at most `seconds`; returns how many came."""
        chosen = None if chats is None else list(chats)
        return int(self._order("wait", seconds, count=count, seconds=seconds, chats=chosen))

    def sent(self) -> list[Arrival]:
        """Every message that came, in order."""
        return [Arrival(*entry) for entry in self._order("sent")]

    def say(self, chats: Sequence[int], text: str) -> None:
        """Each of these people writes."""
        self._order("say", chats=list(chats), text=text)

    def place(self, chats: Sequence[int], text: str) -> None:
        """An earlier message of the bot in each of these chats, with the number 1."""
        self._order("place", chats=list(chats), text=text)

    def tap(self, taps: Sequence[tuple[int, str]], per_second: float) -> dict[str, Any]:
        """Tap that message with this data, so many a second. See `Stagehand.tap`."""
        answer: dict[str, Any] = self._order("tap", len(taps) / per_second, taps=list(taps), per_second=per_second)
        return answer

    def _order(self, name: str, takes: float = 0.0, **details: object) -> Any:
        self.process.tell(json.dumps({"do": name, **details}))
        return self._answer(ORDER_SECONDS + takes)

    def _answer(self, seconds: float) -> Any:
        return json.loads(self.process.line('{"answer"', seconds)[1])["answer"]


def expect_once_each(arrivals: Iterable[Arrival], expected: Iterable[int], what: str) -> None:
    """Raises WrongResult unless each of the `expected` chats got exactly as many messages as it is named there."""
    got, wanted = Counter(each.chat_id for each in arrivals), Counter(expected)
    if got == wanted:
        return
    lost, extra = sum((wanted - got).values()), sum((got - wanted).values())
    raise WrongResult(f"{what}: {sum(got.values())} messages came, {lost} are missing, {extra} are too many")
