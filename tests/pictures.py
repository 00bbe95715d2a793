"""Pictures of how tests begin, so that on PostgreSQL each beginning is lived through once in a test process.

A practitioner who has joined, a patient who has agreed, a first session: two fifths of the suite's processor time went
into the same few dozen messages. The first test that begins so lives through them; the next one gets the rows and the
chats as they stood afterwards, put under an application that is running already and has nothing in hand.

To that application nobody has ever spoken, as after a restart. So on SQLite, where each test runs as well and a
beginning costs a third, all of them are lived through: what the application keeps in mind goes wrong there.
"""

import pickle
from collections.abc import Awaitable, Callable, Hashable
from copy import copy
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar, cast

from bot.sandbox.person import Person
from bot.sandbox.sandbox import Sandbox
from tests.databases import Content, Postgres

Outcome = TypeVar("Outcome")

Path = tuple[Hashable, ...]
"""The steps from a world's start to a picture."""


@dataclass(frozen=True)
class Picture:
    """How the world stood after a step, and what the step had to say for itself."""

    content: Content
    changed: Content
    chats: bytes
    outcome: bytes


class Pictures:
    """Those of this process."""

    def __init__(self, databases: Postgres) -> None:
        self._databases = databases
        self._taken: dict[Path, Picture] = {}
        with databases.database() as address:
            self._fresh = databases.content(address)

    def of(self, path: Path) -> Picture | None:
        """The one at the end of this path, if it was taken."""
        return self._taken.get(path)

    def is_as_before(self, path: Path, address: str, sandbox: Sandbox) -> bool:
        """Whether everything stands as one step before the end of this path, so that a picture may be taken of it."""
        before = self._taken.get(path[:-1])
        if before is None:
            return self._databases.content(address) == self._fresh and not sandbox.state.people()
        shown = pickle.loads(before.chats)
        chats = (shown["accounts"], shown["chats"]) == (sandbox.state.accounts, sandbox.state.chats)
        return chats and self._databases.content(address) == before.content

    def take(self, path: Path, address: str, sandbox: Sandbox, outcome: object) -> None:
        """Remember how everything stands, and what is other than one step before."""
        content = self._databases.content(address)
        before = self._taken.get(path[:-1])
        known = before.content if before is not None else self._fresh
        changed = {name: stated for name, stated in content.items() if name not in known or known[name] != stated}
        said = ("person", outcome.id) if isinstance(outcome, Person) else ("else", outcome)
        self._taken[path] = Picture(content, changed, pickle.dumps(_shown(sandbox)), pickle.dumps(said))

    def put(self, picture: Picture, address: str, sandbox: Sandbox) -> Any:
        """Let the world stand as it did then. Returns what the step returned."""
        self._databases.put(address, picture.changed)
        _show(sandbox, pickle.loads(picture.chats))
        kind, outcome = pickle.loads(picture.outcome)
        return sandbox.person_with_id(outcome) if kind == "person" else outcome


class Beginning:
    """Whether a world has done nothing yet but steps of which there may be pictures."""

    def __init__(self, pictures: Pictures | None, address: str, sandbox: Sandbox) -> None:
        self._pictures = pictures
        self._address = address
        self._sandbox = sandbox
        self._path: Path = ()
        self._stood: Hashable = None
        self._steps = 0
        self.writes = 0
        """Units of work that somebody has begun; the world counts them."""

    def opened(self, *surroundings: Hashable) -> None:
        """The world has started, with what matters beside the steps. Where it starts again, it begins no more."""
        self._stood = None if self._path else self._stands()
        self._path = surroundings

    async def step(self, now: datetime, step: Hashable, live: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """Live through a step, unless there is a picture of what comes of it.

        `live` must wait until nothing is left to do.
        """
        self._steps += 1
        stood, self._stood = self._stood, None
        if self._pictures is None or stood is None or stood != self._stands():
            return await live()
        # The application's own start is over: what a test does next must not fall into it.
        await self._sandbox.changed(lambda: self._sandbox.polling.waiting and bool(self._sandbox.commands.lists))
        path = (*self._path, (now, step))
        picture = self._pictures.of(path)
        if picture is not None:
            outcome = cast(Outcome, self._pictures.put(picture, self._address, self._sandbox))
        else:
            known = self._pictures.is_as_before(path, self._address, self._sandbox)
            steps = self._steps
            outcome = await live()
            if not known or steps != self._steps:
                return outcome
            self._pictures.take(path, self._address, self._sandbox, outcome)
        self._path, self._stood = path, self._stands()
        return outcome

    def _stands(self) -> Hashable:
        sandbox = self._sandbox
        said = (len(sandbox.state.accounts), sandbox.updates._next_id, len(sandbox.transcript))
        return self.writes, len(sandbox.faults.rules), sandbox.limiter.enabled, *said


def _shown(sandbox: Sandbox) -> dict[str, Any]:
    """What the sandbox remembers, and what does not hang on this one's loop, clock or server."""
    if sandbox.unconfirmed_updates or sandbox.open_queries():
        raise RuntimeError("a picture is taken when nothing is left to do")
    return {
        "accounts": sandbox.state.accounts,
        "chats": sandbox.state.chats,
        "next update": sandbox.updates._next_id,
        "allowed": sandbox.updates.allowed,
        "ledger": sandbox.ledger,
        "transcript": sandbox.transcript,
        "commands": sandbox.commands,
        "profile": sandbox.profile,
        "queries": sandbox.queries,
    }


def _show(sandbox: Sandbox, shown: dict[str, Any]) -> None:
    _update(sandbox.state.accounts, shown["accounts"])
    _update(sandbox.state.chats, shown["chats"])
    sandbox.updates._next_id = shown["next update"]
    sandbox.updates.allowed = shown["allowed"]
    sandbox.ledger, sandbox.transcript = shown["ledger"], shown["transcript"]
    sandbox.profile, sandbox.queries = shown["profile"], shown["queries"]
    # The commands for everybody are shown while the first people join: perhaps before the picture, perhaps after it.
    sandbox.commands.lists |= shown["commands"].lists
    sandbox.commands.menu_buttons |= shown["commands"].menu_buttons
    sandbox.changes.tell()


def _update(live: dict[int, Any], shown: dict[int, Any]) -> None:
    """In place: the test holds people and their chats already."""
    for number, each in shown.items():
        if number not in live:
            live[number] = copy(each)
            continue
        for field in fields(each):
            setattr(live[number], field.name, getattr(each, field.name))
