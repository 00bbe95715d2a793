"""The digest, end to end: when it goes, what stands in it, and that it stays within Telegram's limits."""

from datetime import timedelta

from sqlalchemy import event, select

from bot.flows.compose_digest import digest_of
from messages.markup import plain_text
from messages.templates import Texts
from storage import courses, patients
from storage.database import Database
from storage.tables import Alert, Letter, Outbox, Staff
from tests.world import World


async def _digest_rows(world: World) -> list[Outbox]:
    async with world.database.read() as work:
        rows = await work.session.scalars(select(Outbox).where(Outbox.kind == "digest").order_by(Outbox.id))
        return list(rows.all())


async def test_it_goes_every_day_at_the_practitioners_hour_and_an_empty_one_is_one_line(world: World) -> None:
    marie = await world.practitioner()
    await world.move_to(world.at(1, "08:00"))
    count = len(marie.bot_messages)
    await world.move_to(world.at(3, "08:31"))
    digests = marie.bot_messages[count:]
    assert [world.local(seen.at) for seen in digests] == [
        "2026-03-03 08:30",
        "2026-03-04 08:30",
        "2026-03-05 08:30",
    ]
    assert all("\n" not in seen.text and "nothing new" in seen.text for seen in digests)
    assert [row.key.rpartition(":")[2] for row in await _digest_rows(world)] == [
        "2026-03-03",
        "2026-03-04",
        "2026-03-05",
    ]


async def test_after_being_down_only_the_newest_is_sent(world: World) -> None:
    marie = await world.practitioner()
    await world.move(minutes=1)
    await world.crash()
    world.clock.set(world.at(5, "09:00"))
    await world.start()
    count = len(marie.bot_messages)
    await world.move(minutes=1)
    assert [seen.text for seen in marie.bot_messages[count:]] == [
        "Digest · Saturday 7 March: nothing new, 0 courses under way."
    ]


async def test_order_and_content_of_the_lines_and_a_button_to_each_card(world: World) -> None:
    marie = await world.practitioner()
    quiet = await world.patient("Quinn Quiet", marie)
    asks = await world.patient("Ada Asks", marie)
    alarmed = await world.patient("Ursula Urgent", marie)
    await world.session(quiet, next_in_days=20)
    session = await world.session(alarmed, next_in_days=1)
    now = world.clock.now()
    async with world.database.work() as work:
        work.session.add(
            Alert(
                patient_id=await world.patient_id(alarmed),
                session_id=session.session.id,
                grade=3,
                flags=["U5"],
                origin="check_in",
                raised_at=now,
                notify_at=now,
                rung=0,
                climbs=0,
            )
        )
        work.session.add(
            Letter(
                patient_id=await world.patient_id(asks),
                inbound=True,
                chat_id=asks.id,
                message_id=99,
                kind="text",
                text="When may I swim?",
                received_at=now - timedelta(hours=3),
            )
        )
        await work.commit()
    marie.say("/digest")
    await world.settle()
    lines = marie.last.text.splitlines()
    assert lines[0] == "Digest · Monday 2 March"
    assert lines[1].startswith("🔴 Ursula Urgent · Face 1/5")
    assert "fever" in lines[1]
    assert "next Tue 3 Mar, 10:00, not confirmed yet" in lines[1]
    assert lines[2].startswith("💬 Ada Asks · Face · 1 message waiting for 3 hours")
    assert len(lines) == 3, "a quiet patient is not named"
    assert marie.last.labels == ["🔴 Ursula Urgent", "💬 Ada Asks"]
    digest = marie.last.id
    marie.tap("🔴 Ursula Urgent")
    await world.settle()
    assert "Ursula Urgent" in marie.last.text
    assert marie.last.id != digest, "the digest stays"


async def test_two_hundred_patients_fit_and_cost_as_many_queries_as_one(world: World) -> None:
    marie = await world.practitioner()
    staff_id = await world.staff_id(marie)

    async def add(many: int, first: int) -> None:
        async with world.database.work() as work:
            for number in range(first, first + many):
                patient = await patients.add(
                    work,
                    name=f"Patient <{number}> & " + "y" * 150,
                    language="en",
                    zone="Europe/Paris",
                    practitioner_id=staff_id,
                    now=world.clock.now(),
                )
                patient.unreachable_since = world.clock.now()
                await courses.add(
                    work, patient_id=patient.id, family="face", sessions=5, interval_days=7, now=world.clock.now()
                )
            await work.commit()

    async def queries() -> int:
        seen: list[str] = []

        def note(*arguments: object) -> None:
            seen.extend([str(arguments[2])] if "SELECT" in str(arguments[2]) else [])

        alone = Database(world.database_url)
        for engine in alone.engines.synchronous:
            event.listen(engine, "before_cursor_execute", note)
        async with alone.read() as work:
            digest = await digest_of(
                work, staff_id, texts=Texts(), language="fr", clinic=world.clinic, now=world.clock.now()
            )
        await alone.close()
        assert len(plain_text(digest.text)) <= 4096
        return len(seen)

    await add(1, 0)
    one = await queries()
    await add(199, 1)
    assert await queries() == one
    marie.say("/digest")
    await world.settle()
    assert "more in /patients" in marie.last.text
    assert 0 < len(marie.last.labels) <= 100


async def test_a_practitioner_reads_only_their_own(world: World) -> None:
    marie = await world.practitioner()
    paul = await world.practitioner("Paul Petit")
    await world.patient("Anna Keller", marie)
    await world.move(minutes=1)
    paul.say("/digest")
    await world.settle()
    assert "Anna" not in paul.last.text
    async with world.database.work() as work:
        member = await work.session.get_one(Staff, await world.staff_id(paul))
        member.removed_at = world.clock.now()
        await work.commit()
    await world.move_to(world.at(1, "09:00"))
    assert [row.staff_id for row in await _digest_rows(world)] == [await world.staff_id(marie)]
