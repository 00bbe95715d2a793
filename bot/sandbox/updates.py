"""The queue of updates for the bot: numbered, filtered by kind, kept until confirmed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.sandbox.changes import Signal
from bot.sandbox.faults import Faults
from bot.sandbox.model import Json

FIRST_UPDATE_ID = 870_000_001
NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
"""Kinds that Telegram sends only to bots which name them in allowed_updates."""


@dataclass(slots=True, eq=False)
class Update:
    """One update; `repeat` marks one that is delivered again though it was confirmed."""

    id: int
    kind: str
    payload: Json
    repeat: bool = False

    def as_json(self) -> Json:
        """An Update object."""
        return {"update_id": self.id, self.kind: self.payload}


class UpdateQueue:
    """Updates that the bot has not confirmed, oldest first."""

    def __init__(self, faults: Faults) -> None:
        self.arrived = Signal()
        self.allowed: frozenset[str] = frozenset()
        self._faults = faults
        self._pending: list[Update] = []
        self._repeats: list[Update] = []
        self._next_id = FIRST_UPDATE_ID

    def __len__(self) -> int:
        return len(self._pending) + len(self._repeats)

    def allow(self, kinds: Iterable[str]) -> None:
        """Set the kinds wanted from now on; an empty list means Telegram's default."""
        self.allowed = frozenset(kinds)

    def add(self, kind: str, payload: Json) -> Update | None:
        """Queue an update, unless the bot does not want its kind."""
        wanted = kind in self.allowed if self.allowed else kind not in NOT_BY_DEFAULT
        return self.add_unfiltered(kind, payload) if wanted else None

    def add_unfiltered(self, kind: str, payload: Json) -> Update:
        """Queue an update of any kind, also one that no bot has asked for."""
        repeat = self._faults.take_for_updates("duplicate_update")
        update = Update(self._next_id, kind, payload, repeat)
        self._next_id += 1
        self._pending.append(update)
        self.arrived.fire()
        return update

    def batch(self, limit: int) -> list[Update]:
        """The oldest updates. Repeats of confirmed ones come first, and only this once."""
        repeats, self._repeats = self._repeats[:limit], self._repeats[limit:]
        found = repeats + self._pending[: limit - len(repeats)]
        if len(found) > 1 and self._faults.take_for_updates("reorder_updates"):
            found.reverse()
        return found

    def confirm_before(self, offset: int) -> None:
        """Forget all updates with a smaller id; a negative offset keeps that many of the newest."""
        if offset < 0:
            self._settle(self._pending[:offset])
        elif offset > 0:
            self._settle([update for update in self._pending if update.id < offset])

    def confirm(self, update: Update) -> None:
        """Forget one update, which a webhook has accepted."""
        self._settle([update])

    def drop(self) -> None:
        """Forget everything."""
        self._pending.clear()
        self._repeats.clear()

    def _settle(self, confirmed: list[Update]) -> None:
        if not confirmed:
            return
        ids = {update.id for update in confirmed}
        self._pending = [update for update in self._pending if update.id not in ids]
        self._repeats += [Update(one.id, one.kind, one.payload) for one in confirmed if one.repeat]
