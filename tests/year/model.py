"""What was said and done in a year, written down as it happens: the model that the program is compared with.

It knows people and what they did, and nothing of how the program works.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from bot.sandbox.person import Person

Value = TypeVar("Value")


class History(Generic[Value]):
    """How a fact changed. A change is only possible from when it was made, and certain once it had settled."""

    def __init__(self, value: Value) -> None:
        self.newest = value
        self._first = value
        self._changes: list[tuple[datetime, Value, datetime | None]] = []

    def change(self, value: Value, at: datetime) -> None:
        """Somebody did something at `at`; the program may know of it or not."""
        self.newest = value
        self._changes.append((at, value, None))

    @property
    def changed_at(self) -> datetime | None:
        """When it was last changed; None for what is as it began."""
        return self._changes[-1][0] if self._changes else None

    def settle(self, at: datetime) -> None:
        """By `at` the program has had every chance to know."""
        self._changes = [(made, value, settled or at) for made, value, settled in self._changes]

    def possible(self, at: datetime) -> set[Value]:
        """What may have been in force at `at`, as far as the program could know."""
        values = {self._first}
        for made, value, settled in self._changes:
            if settled is not None and settled < at:
                values = {value}
            elif made <= at:
                values.add(value)
        return values

    def surely(self, value: Value, at: datetime, since: datetime | None = None) -> bool:
        """Whether nothing but `value` was possible at `at`, or all the time from `since` to `at`."""
        between = [each for made, each, _ in self._changes if since is not None and since <= made <= at]
        return {*self.possible(since or at), *between, *self.possible(at)} == {value}


@dataclass(eq=False)
class PatientFacts:
    """A patient. `marker` stands in their name and in no other's."""

    person: Person
    patient_id: int
    marker: str
    zone: ZoneInfo
    owner: History[int]
    stopped: History[bool] = field(default_factory=lambda: History(False))
    blocked: History[bool] = field(default_factory=lambda: History(False))


@dataclass(eq=False)
class StaffFacts:
    """A member of staff; `cover_id` is who steps in for them."""

    person: Person
    staff_id: int
    is_admin: bool = False
    cover_id: int | None = None
    blocked: History[bool] = field(default_factory=lambda: History(False))


@dataclass(frozen=True, eq=False)
class LetterFacts:
    """One wording of a letter, with a `nonce` that stands in it alone. `number` counts as they were written."""

    nonce: str
    number: int
    patient_id: int
    author_chat: int
    message_id: int
    from_patient: bool
    written_at: datetime
    is_edit: bool


@dataclass(frozen=True)
class RedFlagFacts:
    """A patient said something that must reach a person; `emergency` when they must read what to do at once."""

    patient_id: int
    said_at: datetime
    emergency: bool
    what: str


@dataclass
class Ledger:
    """All that was done. `acted` are the chats in which somebody did something since the last check;
    `went_back` the check-ins in which a patient ever tapped Back;
    `restarted` whether the program was since then, `restarted_at` when it last was.
    """

    patients: dict[int, PatientFacts] = field(default_factory=dict)
    staff: dict[int, StaffFacts] = field(default_factory=dict)
    letters: dict[str, LetterFacts] = field(default_factory=dict)
    red_flags: list[RedFlagFacts] = field(default_factory=list)
    acted: set[int] = field(default_factory=set)
    went_back: set[int] = field(default_factory=set)
    began_at: datetime | None = None
    restarted_at: datetime | None = None
    restarted: bool = False

    def patient_of_chat(self, chat_id: int) -> PatientFacts | None:
        return next((each for each in self.patients.values() if each.person.id == chat_id), None)

    def staff_of_chat(self, chat_id: int) -> StaffFacts | None:
        return next((each for each in self.staff.values() if each.person.id == chat_id), None)

    def patient_of_marker(self, marker: str) -> PatientFacts:
        return next(each for each in self.patients.values() if each.marker == marker)

    def next_nonce(self) -> str:
        return f"n{len(self.letters) + 1:05d}z"

    def settle(self, at: datetime) -> None:
        """Everything that was done is known to the program by now."""
        for history in self._histories():
            history.settle(at)

    def readers(self, patient: PatientFacts, at: datetime) -> set[int]:
        """The staff ids of those who may see this patient's data at `at`: owners, and who covers for them."""
        owners = patient.owner.possible(at)
        covers = {self.staff[owner].cover_id for owner in owners}
        return owners | {cover for cover in covers if cover is not None}

    def _histories(self) -> "Iterator[History[bool] | History[int]]":
        for patient in self.patients.values():
            yield from (patient.owner, patient.stopped, patient.blocked)
        for member in self.staff.values():
            yield member.blocked
