"""The reckoning must see what is lost and what is repeated, or a run of kills that it calls right says nothing."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot.sandbox.ledger import Acceptance
from bot.sandbox.sandbox import Sandbox
from messages.outgoing import Kind
from storage.database import Database
from storage.tables import CheckIn, Outbox, Patient, Staff
from tests.chaos.load import Load, Size
from tests.chaos.reckoning import Reckoning, reckon
from tests.chaos.torment import kills_of
from tests.databases import Sqlite
from tests.serving import zone_where_it_is_noon

SIZE = Size(reminders=12, check_ins=2, alerts=12, letters=0, writers=1, practitioners=1)
"""So many of each that one patient's name begins as another's, in one practitioner's chat."""


class Books:
    """A database in which everything was sent, and a ledger that says the same."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.sandbox = Sandbox(lambda: datetime.now(UTC))

    @property
    def ledger(self) -> list[Acceptance]:
        return self.sandbox.ledger.entries

    async def fill(self) -> None:
        await Load(self.sandbox, SIZE, zone_where_it_is_noon()).prepare(self.database, first=datetime.now(UTC))
        await self.end("sent")
        async with self.database.work() as work:
            await work.session.execute(update(CheckIn).values(state="open"))
            await work.commit()
        async with self.database.read() as work:
            for row in (await work.session.scalars(select(Outbox))).all():
                subject = await work.session.get_one(Patient, row.subject_id)
                person = subject if row.patient_id else await work.session.get_one(Staff, row.staff_id)
                self.ledger.append(Acceptance("sendMessage", person.telegram_id or 0, 1, f"About {subject.name}."))

    async def end(self, state: str, *, key: str | None = None, repeats: int = 0) -> None:
        """One row, or all of them, end like this."""
        which = update(Outbox) if key is None else update(Outbox).where(Outbox.key == key)
        async with self.database.work() as work:
            await work.session.execute(which.values(state=state, repeats=repeats, ended_at=datetime.now(UTC)))
            await work.commit()

    def never_came(self, chat_id: int) -> None:
        self.ledger[:] = [each for each in self.ledger if each.chat_id != chat_id]

    async def chat(self, patient_id: int) -> int:
        async with self.database.read() as work:
            return (await work.session.get_one(Patient, patient_id)).telegram_id or 0

    async def reckoned(self, *written: str) -> Reckoning:
        return await reckon(self.database, self.sandbox, written)


@pytest.fixture
async def books(sqlite: Sqlite) -> AsyncIterator[Books]:
    with sqlite.database() as address:
        database = Database(address)
        books = Books(database)
        await books.fill()
        yield books
        await database.close()


async def test_what_came_once_each_is_right(books: Books) -> None:
    found = await books.reckoned()
    assert found.right, found.lines()
    assert found.messages == {Kind.REMINDER: 12, Kind.CHECK_IN: 2, Kind.ALERT: 12}
    assert found.repeated.total() == found.uncertain.total() == 0


async def test_a_message_that_never_came_is_lost(books: Books) -> None:
    books.never_came(await books.chat(1))
    assert not (await books.reckoned()).right


async def test_a_message_that_is_still_owed_is_lost(books: Books) -> None:
    await books.end("pending", key="reminder:0")
    assert not (await books.reckoned()).right


async def test_a_repeat_that_nobody_decided_is_wrong(books: Books) -> None:
    books.ledger.append(next(each for each in books.ledger if _is_about_first(each)))
    assert not (await books.reckoned()).right


async def test_an_alert_may_come_twice_when_the_first_was_uncertain(books: Books) -> None:
    await books.end("sent", key="alert:0", repeats=1)
    patients = [await books.chat(number) for number in range(1, SIZE.reminders + 1)]
    books.ledger.append(next(each for each in books.ledger if _is_about_first(each) and each.chat_id not in patients))
    found = await books.reckoned()
    assert found.right, found.lines()
    assert found.repeated == {Kind.ALERT: 1, Kind.REMINDER: 0, Kind.CHECK_IN: 0}


def _is_about_first(entry: Acceptance) -> bool:
    return entry.text == "About Anna Keller 1."


async def test_a_reminder_must_not_be_sent_again(books: Books) -> None:
    await books.end("sent", key="reminder:0", repeats=1)
    assert not (await books.reckoned()).right


async def test_a_reminder_may_be_uncertain_but_an_alert_may_not(books: Books) -> None:
    await books.end("uncertain", key="reminder:0")
    found = await books.reckoned()
    assert found.right, found.lines()
    assert found.uncertain[Kind.REMINDER] == found.arrived[Kind.REMINDER] == 1
    await books.end("uncertain", key="alert:0")
    assert not (await books.reckoned()).right


async def test_an_uncertain_check_in_must_be_asked_about_again(books: Books) -> None:
    await books.end("uncertain", key="check_in:13")
    assert (await books.reckoned()).right
    async with books.database.work() as work:
        await work.session.execute(update(CheckIn).values(state="planned"))
        await work.commit()
    assert not (await books.reckoned()).right


async def test_a_message_that_nobody_owed_is_wrong(books: Books) -> None:
    books.ledger.append(Acceptance("sendMessage", 4711, 1, "Good morning"))
    assert not (await books.reckoned()).right


async def test_what_was_written_and_is_not_there_is_lost(books: Books) -> None:
    assert not (await books.reckoned("Question 00001")).right


def test_the_same_seed_gives_the_same_kills() -> None:
    first, again = (kills_of(random.Random("7 sqlite"), 50, 2_000) for _ in range(2))
    assert first == again
    assert len({kill.moment for kill in first}) == 3
    assert first != kills_of(random.Random("8 sqlite"), 50, 2_000)


def test_two_thousand_messages_last_as_long_as_the_kills() -> None:
    size = Size.of(2_000)
    assert size.reminders + size.check_ins + size.alerts == 2_000
    assert timedelta(seconds=60) < timedelta(seconds=size.seconds) < timedelta(minutes=3)
