"""What an act needs: the world, the ledger, and chance."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from bot.sandbox.person import Person, Seen
from messages.people import Actor
from storage import people
from tests.year.clinic import YearWorld
from tests.year.model import Ledger, PatientFacts, StaffFacts

RECENT = 12
"""How many messages back a person scrolls."""


@dataclass
class Life:
    """Everything that happens, happens here. Chance is asked in one place only, so that a seed repeats a year."""

    world: YearWorld
    ledger: Ledger
    random: Random

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    def any_patient(self) -> PatientFacts:
        return self.random.choice(list(self.ledger.patients.values()))

    def any_member(self, *, admin: bool | None = None) -> StaffFacts:
        members = [each for each in self.ledger.staff.values() if admin is None or each.is_admin == admin]
        return self.random.choice(members)

    async def actor(self, member: StaffFacts) -> Actor:
        async with self.world.database.read() as work:
            return await people.actor_of(work, member.person.id, language="en")

    def acts(self, person: Person) -> None:
        """Somebody does something in their chat: the bot may answer there."""
        self.ledger.acted.add(person.id)


Act = Callable[[Life], Awaitable[str | None]]
"""Something that somebody does; what it was, or None when there was nothing to do it with."""


def has_blocked(person: Person) -> bool:
    return person.chat.membership == "kicked"


def recent(person: Person) -> Sequence[Seen]:
    """The newest messages of the bot, the newest first."""
    newest = max(person.chat.messages, default=0)
    return person.bot_messages_after(max(0, newest - RECENT))[::-1]


def offered(person: Person, *beginnings: str) -> list[tuple[int, str]]:
    """The buttons in recent messages whose data begins so: the message, and the data."""
    return [
        (message.id, button.data)
        for message in recent(person)
        for row in message.buttons
        for button in row
        if button.data is not None and button.data.startswith(beginnings)
    ]
