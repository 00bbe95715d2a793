"""SIGKILL in the middle of everything: no update lost, no message lost, repeats only where they are promised."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from bot.flows.add_patient import add_patient
from bot.flows.record_session import record_session
from bot.sandbox.faults import Fault
from bot.sandbox.person import Person
from messages.care_plan import Family
from messages.outgoing import REPEATED_WHEN_UNCERTAIN, Kind
from messages.people import Actor, Role
from storage.database import Database, UnitOfWork
from storage.tables import Inbox, Letter, Outbox, Staff
from tests.serving import environment, serving, zone_where_it_is_noon
from tests.world import World

MANY = 100
PRACTITIONERS = 25
"""Telegram takes one message a second in a chat: a hundred relays to one practitioner would take that long."""
CHECK_IN = "You have a check-in"


async def test_a_kill_loses_no_update_and_no_message(database_url: str, tmp_path: Path) -> None:
    world = World(database_url, start=datetime.now(UTC))
    world.clinic = replace(world.clinic, zone=zone_where_it_is_noon())
    settings = environment(world.server, database_url, tmp_path, world.clinic.zone)
    await world.open()
    try:
        people = await _prepare(world)
        # Slow enough that the kill finds updates waiting, rows claimed, and calls under way.
        world.sandbox.faults.add(Fault.slow(0.05, method="sendMessage", times=None))
        for person in people:
            person.say(f"question of {person.account.first_name}")
        async with serving(settings) as process:
            await world.sandbox.changed(lambda: len(_check_ins(people)) >= MANY // 4, 60)
            process.kill()
            await process.wait()
        assert len(_check_ins(people)) < MANY, "the kill came too late to show anything"
        async with serving(settings):
            await _until_everything_has_ended(world)
        await _expect_nothing_lost(world, people)
    finally:
        await world.close()


async def _prepare(world: World) -> list[Person]:
    """A hundred patients of ten practitioners; each had a session three hours ago, so a check-in is due."""
    practitioners = [world.sandbox.person(f"Practitioner{number}") for number in range(PRACTITIONERS)]
    people = [world.sandbox.person(f"Patient{number:03}") for number in range(MANY)]
    database = Database(world.database_url)
    async with database.work() as work:
        together = Together(work.session, on_sqlite=work.on_sqlite)
        for number, practitioner in enumerate(practitioners):
            practitioner.say("/start")
            _add_practitioner(work, practitioner, number + 1, world.clock.now())
        await work.session.flush()
        for number, person in enumerate(people):
            await _add_patient(world, together, person, number % PRACTITIONERS + 1)
        await work.commit()
    await database.close()
    return people


class Together(UnitOfWork):
    """What flows do one by one, in one transaction: two hundred commits would take most of the test's time."""

    async def commit(self) -> None:
        await self.session.flush()


def _add_practitioner(work: UnitOfWork, person: Person, staff_id: int, now: datetime) -> None:
    joined = {"telegram_id": person.id, "joined_at": now, "created_at": now}
    name = person.account.first_name
    work.session.add(Staff(id=staff_id, name=name, language="en", is_practitioner=True, is_admin=False, **joined))


async def _add_patient(world: World, work: UnitOfWork, person: Person, staff_id: int) -> None:
    now = world.clock.now()
    practitioner = Actor(0, frozenset({Role.PRACTITIONER}), "en", staff_id=staff_id)
    patient, _ = await add_patient(
        work,
        actor=practitioner,
        name=person.account.first_name,
        family=Family.FACE,
        sessions=5,
        interval_days=14,
        language="en",
        clinic=world.clinic,
        now=now,
    )
    patient.telegram_id, patient.joined_at, patient.consented_at = person.id, now, now
    await record_session(
        work,
        actor=practitioner,
        patient_id=patient.id,
        ended_at=now - timedelta(hours=3, minutes=1),
        next_appointment=None,
        note=None,
        areas=None,
        usual_pain=None,
        clinic=world.clinic,
        now=now,
    )


def _check_ins(people: list[Person]) -> list[str]:
    """The names of those who got their check-in, once for each time."""
    return [
        person.account.first_name
        for person in people
        for message in person.bot_messages
        if message.text.startswith(CHECK_IN)
    ]


async def _until_everything_has_ended(world: World) -> None:
    """Until no update waits and nothing that was due is open."""
    database = Database(world.database_url)
    async with asyncio.timeout(120):
        while not await _has_ended(database):
            await world.sandbox.changes.next()
    await database.close()


async def _has_ended(database: Database) -> bool:
    async with database.read() as work:
        waiting = await work.session.scalar(select(func.count()).where(Inbox.state != "done"))
        stored = await work.session.scalar(select(func.count()).select_from(Inbox))
        due = await work.session.scalar(
            select(func.count()).where(
                Outbox.state.in_(("pending", "claimed", "sending")), Outbox.due_at <= datetime.now(UTC)
            )
        )
    return not waiting and not due and stored == MANY + PRACTITIONERS


async def _expect_nothing_lost(world: World, people: list[Person]) -> None:
    database = Database(world.database_url)
    async with database.read() as work:
        letters = Counter((await work.session.scalars(select(Letter.text).where(Letter.inbound))).all())
        rows = (await work.session.scalars(select(Outbox).where(Outbox.ended_at.is_not(None)))).all()
    await database.close()
    assert letters == Counter(f"question of {person.account.first_name}" for person in people)
    _expect_check_ins(people, [row for row in rows if row.kind == Kind.CHECK_IN])
    _expect_relays(world, people, [row for row in rows if row.kind == Kind.RELAY])
    repeated = [row for row in rows if row.repeats]
    assert {Kind(row.kind) for row in repeated} <= REPEATED_WHEN_UNCERTAIN


def _expect_check_ins(people: list[Person], rows: list[Outbox]) -> None:
    """Each was sent once; only one that was under way at the kill may be uncertain, and is not sent again."""
    assert len(rows) == MANY
    assert {row.state for row in rows} <= {"sent", "uncertain"}
    got = Counter(_check_ins(people))
    assert set(got.values()) == {1}
    sent = sum(row.state == "sent" for row in rows)
    assert sent <= len(got) <= MANY


def _expect_relays(world: World, people: list[Person], rows: list[Outbox]) -> None:
    """Every question reached its practitioner; twice only where the first attempt was uncertain."""
    assert {row.state for row in rows} == {"sent"}
    assert len(rows) == MANY
    for number, person in enumerate(people):
        practitioner = world.sandbox.person_with_id(world.sandbox.state.people()[number % PRACTITIONERS].id)
        assert practitioner is not None
        asked = f"question of {person.account.first_name}"
        got = sum(asked in message.text for message in practitioner.bot_messages)
        assert 1 <= got <= 1 + sum(row.repeats for row in rows)
