"""A patient who answers check-ins at once, as a list of scores says."""

from collections.abc import Sequence
from datetime import datetime

from bot.keyboards import decode
from bot.sandbox.person import Person, Seen

CALM = "000"
"""Swelling, bruising (or the usual pain) and pain: nothing of each, and nothing else."""

SILENT = ""
"""Not answered at all, nor its nudge."""


class Answering:
    """Taps through every check-in in the moment it arrives: the scores of each in turn, then always the last ones."""

    def __init__(self, person: Person, scores: Sequence[str] = (CALM,)) -> None:
        self._person = person
        self._scores = list(scores)
        self._read_up_to = max((message.id for message in person.messages), default=0)
        self._answering: int | None = None
        self._left: list[str] = []

    def next_time(self) -> datetime | None:
        """They only wait."""
        return None

    async def act(self, now: datetime) -> bool:
        """One tap, if there is something to answer."""
        if self._answering is None and not self._open_next():
            return False
        message = next(each for each in self._person.bot_messages if each.id == self._answering)
        tap = self._tap(message)
        if tap is None:
            self._answering = None
            return True
        self._person.tap_data(message.id, tap)
        return True

    def _open_next(self) -> bool:
        for message in self._person.bot_messages:
            is_nudge = message.reply_to is not None
            if message.id <= self._read_up_to or is_nudge or not _buttons(message, "check.nothing", "check.score"):
                continue
            self._read_up_to = message.id
            scores = self._scores.pop(0) if len(self._scores) > 1 else self._scores[0]
            if scores:
                self._answering, self._left = message.id, list(scores)
                return True
        return False

    def _tap(self, message: Seen) -> str | None:
        if scores := _buttons(message, "check.score"):
            wanted = self._left.pop(0)
            return next(data for data in scores if decode(data).arguments[-1] == wanted)
        return next(iter(_buttons(message, "check.nothing")), None)


def _buttons(message: Seen, *actions: str) -> list[str]:
    """The callback data of the message's buttons that do one of `actions`."""
    found = [button.data for row in message.buttons for button in row if button.data]
    return [data for data in found if decode(data).action in actions]
