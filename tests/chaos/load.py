"""What there is to do while everything is being killed: messages that fall due, and people who write."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.sandbox.person import Person
from bot.sandbox.sandbox import Sandbox
from messages.outgoing import Kind, Lane
from storage.database import Database
from storage.tables import CheckIn, Outbox, Session
from tests.bench import loads
from tests.bench.loads import People

LETTERS_A_SECOND = 3.0
DUE_A_SECOND = 20.0
"""Below the thirty that may be sent in a second, so that there is something new to do until the end."""


@dataclass(frozen=True)
class Size:
    """How much. Each reminder and each check-in goes to another patient; alerts are about those who are reminded."""

    reminders: int
    check_ins: int
    alerts: int
    letters: int
    writers: int
    practitioners: int

    @classmethod
    def of(cls, messages: int) -> "Size":
        """That many messages which fall due, and a letter for every seven of them."""
        reminders = check_ins = messages * 2 // 5
        return cls(
            reminders=reminders,
            check_ins=check_ins,
            alerts=messages - reminders - check_ins,
            letters=messages // 7,
            writers=max(5, messages // 60),
            # Telegram takes one message a second in a chat.
            practitioners=max(10, messages // 80),
        )

    @property
    def seconds(self) -> float:
        """How long it takes until the last message is due."""
        return (self.reminders + self.check_ins + self.alerts) / DUE_A_SECOND


class Load:
    """People in a sandbox, and what is owed to them in a database."""

    def __init__(self, sandbox: Sandbox, size: Size, zone: ZoneInfo) -> None:
        self.size = size
        self.written: list[str] = []
        self._staff = _joined(sandbox, "Practitioner", size.practitioners)
        patients = _joined(sandbox, "Patient", size.reminders + size.check_ins + size.writers)
        self._writers = patients[-size.writers :]
        self._people = People([each.id for each in self._staff], [each.id for each in patients], zone)

    @property
    def letters(self) -> list[str]:
        """Everything that is going to be written."""
        return [f"Question {number:05}" for number in range(self.size.letters)]

    async def prepare(self, database: Database, *, first: datetime) -> None:
        """Everybody has joined long ago, and messages fall due from `first` on."""
        size, span = self.size, timedelta(seconds=self.size.seconds)
        await loads.add_people(database, self._people)
        await loads.add_reminders(
            database, self._people, size.reminders, first=first, apart=span / size.reminders, name="reminder"
        )
        await self._add_check_ins(database, first, span / size.check_ins)
        await loads.add_alerts(database, self._people, size.alerts, first=first, apart=span / size.alerts)

    async def _add_check_ins(self, database: Database, first: datetime, apart: timedelta) -> None:
        now = datetime.now(UTC)
        sessions, check_ins, owed = [], [], []
        for place in range(self.size.check_ins):
            number, due_at = self.size.reminders + place + 1, first + place * apart
            sessions.append(
                {"id": number, "course_id": number, "number": 1, "ended_at": now - timedelta(hours=3),
                 "recorded_at": now, "recorded_by": self._people.practitioner_of(number)}
            )  # fmt: skip
            check_ins.append(
                {"id": number, "session_id": number, "patient_id": number, "step": "after_3h", "kind": "routine",
                 "state": "planned", "due_at": due_at}
            )  # fmt: skip
            owed.append(
                {"key": f"check_in:{number}", "kind": Kind.CHECK_IN.value, "lane": Lane.ROUTINE.value,
                 "patient_id": number, "subject_id": number, "template": "patient.check_in.opening", "values": {},
                 "course_id": number, "session_id": number, "check_in_id": number, "due_at": due_at, "planned_at": now}
            )  # fmt: skip
        await loads.add_rows(database, Session, sessions)
        await loads.add_rows(database, CheckIn, check_ins)
        await loads.add_rows(database, Outbox, owed)

    async def write(self, chance: random.Random) -> None:
        """People write, whether anybody listens or not."""
        for text in self.letters:
            await asyncio.sleep(chance.expovariate(LETTERS_A_SECOND))
            chance.choice(self._writers).say(text)
            self.written.append(text)


def _joined(sandbox: Sandbox, name: str, count: int) -> Sequence[Person]:
    people = [sandbox.person(f"{name}{number}", language_code="en") for number in range(count)]
    for person in people:
        person.chat.membership = "member"
    return people
