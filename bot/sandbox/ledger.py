"""What the bot has sent and Telegram has accepted, so that tests can count repeats."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Acceptance:
    """One accepted send; `client_saw_error` where a fault kept the answer from the bot, or it gave up."""

    method: str
    chat_id: int
    message_id: int
    text: str
    client_saw_error: bool = False


@dataclass(slots=True)
class Ledger:
    """Every accepted send, in order."""

    entries: list[Acceptance] = field(default_factory=list)

    def count(self, *, method: str | None = None, chat_id: int | None = None, text: str | None = None) -> int:
        """How many sends match all that is given."""
        return len(self._matching(method, chat_id, text))

    def accepted_unseen(self) -> list[Acceptance]:
        """The sends that were accepted though the bot saw an error."""
        return [entry for entry in self.entries if entry.client_saw_error]

    def repeats(self) -> dict[tuple[str, int, str], int]:
        """(method, chat, text) → how often, for all that was accepted more than once."""
        counts: dict[tuple[str, int, str], int] = {}
        for entry in self.entries:
            key = (entry.method, entry.chat_id, entry.text)
            counts[key] = counts.get(key, 0) + 1
        return {key: count for key, count in counts.items() if count > 1}

    def _matching(self, method: str | None, chat_id: int | None, text: str | None) -> list[Acceptance]:
        return [
            entry
            for entry in self.entries
            if (method is None or entry.method == method)
            and (chat_id is None or entry.chat_id == chat_id)
            and (text is None or entry.text == text)
        ]
