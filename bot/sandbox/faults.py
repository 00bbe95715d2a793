"""Faults to inject: a list of rules, each matched by method and chat, for a number of calls.

The first rule that matches a call is applied to it and used up by one. Rules for updates are taken when the
update is made (`duplicate_update`) or handed over (`reorder_updates`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Literal, Self, get_args

from bot.sandbox.errors import ApiError

Kind = Literal["answer", "drop", "delay", "duplicate_update", "reorder_updates"]
Moment = Literal["before", "after", "mid_body"]
_UPDATE_KINDS = ("duplicate_update", "reorder_updates")


@dataclass(slots=True)
class Fault:
    """One rule. None in `method`, `chat_id` or `times` means all methods, all chats, for ever.

    `skip` lets that many matching calls pass first. `moment` tells whether the fault, and its `delay` in
    seconds of real time, comes before Telegram has accepted the call or afterwards.
    """

    kind: Kind
    method: str | None = None
    chat_id: int | None = None
    times: int | None = 1
    skip: int = 0
    delay: float = 0.0
    moment: Moment = "before"
    status: int = 500
    description: str = "Internal Server Error"
    parameters: dict[str, int] = field(default_factory=dict)

    @classmethod
    def answer(cls, status: int, description: str, **matching: object) -> Self:
        """Answer with an error, for example 500, 502 or 400 with a text of Telegram's."""
        return cls("answer", status=status, description=description, **matching)  # type: ignore[arg-type]

    @classmethod
    def flood(cls, retry_after: int, **matching: object) -> Self:
        """Answer 429 with `retry_after` seconds; for one chat if `chat_id` is given, else for all."""
        text = f"Too Many Requests: retry after {retry_after}"
        return cls.answer(429, text, parameters={"retry_after": retry_after}, **matching)

    @classmethod
    def drop(cls, moment: Moment = "before", **matching: object) -> Self:
        """Break the connection before or after acceptance, or in the middle of the answer."""
        return cls("drop", moment=moment, **matching)  # type: ignore[arg-type]

    @classmethod
    def slow(cls, seconds: float, **matching: object) -> Self:
        """Answer rightly, but late; with `moment="after"` the call is accepted at once."""
        return cls("delay", delay=seconds, **matching)  # type: ignore[arg-type]

    @classmethod
    def deactivated(cls, chat_id: int) -> Self:
        """The account behind a private chat has been deleted."""
        return cls.answer(403, "Forbidden: user is deactivated", chat_id=chat_id, times=None)

    @classmethod
    def migrated(cls, chat_id: int, new_chat_id: int) -> Self:
        """The group has become a supergroup with another id."""
        text = "Bad Request: group chat was upgraded to a supergroup chat"
        parameters = {"migrate_to_chat_id": new_chat_id}
        return cls.answer(400, text, chat_id=chat_id, times=None, parameters=parameters)

    @classmethod
    def from_json(cls, rule: object) -> Self:
        """A rule from the control interface; raises ValueError, naming what is wrong."""
        known = {item.name for item in fields(cls)}
        if not isinstance(rule, dict) or not set(rule) <= known:
            raise ValueError(f"A fault is an object with some of: {', '.join(sorted(known))}.")
        if rule.get("kind") not in get_args(Kind):
            raise ValueError(f"kind is one of: {', '.join(get_args(Kind))}.")
        if rule.get("moment", "before") not in get_args(Moment):
            raise ValueError(f"moment is one of: {', '.join(get_args(Moment))}.")
        numbers = ("chat_id", "times", "skip", "delay", "status")
        if not all(isinstance(rule.get(name, 0), int | float | None) for name in numbers):
            raise ValueError(f"These are numbers: {', '.join(numbers)}.")
        return cls(**rule)

    @property
    def fails(self) -> bool:
        """Whether the bot sees an error."""
        return self.kind in {"answer", "drop"}

    def error(self) -> ApiError:
        """The error to answer with."""
        return ApiError(self.status, self.description, self.parameters)

    def matches(self, method: str, chat_id: int | None) -> bool:
        """Whether the rule still has calls left and is meant for this one."""
        if self.times == 0 or self.kind in _UPDATE_KINDS:
            return False
        wanted = self.method is None or self.method.lower() == method.lower()
        return wanted and (self.chat_id is None or self.chat_id == chat_id)

    def use(self) -> bool:
        """Count one match; True when the rule applies to it, False while it still lets calls pass."""
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass(slots=True)
class Faults:
    """The rules in force."""

    rules: list[Fault] = field(default_factory=list)

    def add(self, *rules: Fault) -> None:
        """Put further rules behind those in force."""
        self.rules.extend(rules)

    def clear(self) -> None:
        """End all faults."""
        self.rules.clear()

    def take(self, method: str, chat_id: int | None) -> Fault | None:
        """The rule to apply to a call, used up by one."""
        for rule in self.rules:
            if rule.matches(method, chat_id) and rule.use():
                return rule
        return None

    def take_for_updates(self, kind: Kind) -> bool:
        """Whether a rule about updates applies now, used up by one."""
        rules = [rule for rule in self.rules if rule.kind == kind and rule.times != 0]
        return any(rule.use() for rule in rules)
