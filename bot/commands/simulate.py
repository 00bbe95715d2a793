"""`simulate` lives through a whole course in seconds and prints everything that was said, with local times."""

import argparse
import asyncio
import gc
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from bot import logs
from bot.clock import MovableClock
from bot.sandbox.transcript import Line
from bot.staging.cast import Manner
from bot.staging.casting import join_patient, join_staff, rest_digests, scripted, scripted_practitioner
from bot.staging.stage import Stage, prepare
from messages.care_plan import Family, plan_of
from messages.clinic import Clinic
from storage import outbox

PARIS = ZoneInfo("Europe/Paris")
BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=PARIS)
"""A Monday four weeks before the clocks change, so that a course lives through the change."""

CLINIC = Clinic("Lindenhof Clinic", PARIS, "+33 1 23 45 67 89", "112", "en")

PATIENTS: tuple[tuple[str, Manner], ...] = (
    ("Anna Keller", Manner(answers=0.7, worsens_at=6, writes=0.15)),
    ("David Okafor", Manner(blocks_at=2)),
)
"""One who mostly answers, forgets now and then, writes, and gets worse once; one who blocks the bot."""

AFTERCARE = timedelta(days=90)
"""How long life goes on after the last session: the latest check comes after 84 days."""

DIGESTS = timedelta(days=9)
"""How long the daily digest goes on after the last session; eighty more would say that there is nothing new."""


def run(arguments: argparse.Namespace) -> int:
    """Print the transcript, one line or one JSON object an event; a summary goes to standard error."""
    # The program ends in seconds; looking for garbage would take a tenth of them.
    gc.disable()
    if arguments.sessions is not None and not 1 <= arguments.sessions <= 40:
        print("--sessions takes a number from 1 to 40.", file=sys.stderr)
        return 2
    logs.configure(level="WARNING", form="console", secrets=())
    family = Family(arguments.family)
    sessions = arguments.sessions or plan_of(family).sessions
    lines, outcomes = asyncio.run(simulate(family, sessions, arguments.seed))
    for line in lines:
        print(json.dumps(as_json(line), ensure_ascii=False) if arguments.json else as_text(line))
    print(f"{len(lines)} events; messages by outcome: {dict(sorted(outcomes.items()))}", file=sys.stderr)
    return 0


async def simulate(family: Family, sessions: int, seed: int) -> tuple[list[Line], Counter[str]]:
    """Live through a course of `sessions`; returns what was said, and how many messages ended how."""
    with tempfile.TemporaryDirectory(prefix="aftercare-") as folder:
        address = f"sqlite:///{Path(folder) / 'simulation.db'}"
        await prepare(address)
        stage = Stage(address, CLINIC, MovableClock(BEGIN))
        await stage.start()
        await _live(stage, family, sessions, Random(seed))
        outcomes = await _outcomes(stage)
        await stage.stop()
    return stage.sandbox.transcript, outcomes


async def _live(stage: Stage, family: Family, sessions: int, random: Random) -> None:
    marie, marie_id = await join_staff(stage, "Dr Marie Laurent", practitioner=True, admin=False)
    # Nobody's practitioner: a second digest a day, always empty, would be half of all that happens.
    await join_staff(stage, "Paul Weber", practitioner=False, admin=True)
    practitioner = scripted_practitioner(marie, random)
    interval = plan_of(family).interval_days
    patients = []
    for number, (name, manner) in enumerate(PATIENTS):
        person, patient_id = await join_patient(stage, name, marie, family, sessions=sessions, interval_days=interval)
        patients.append(scripted(person, manner, random))
        practitioner.expect(BEGIN + timedelta(minutes=60 + 45 * number), patients[-1], patient_id)
    stage.players = (practitioner, *patients)
    last_session = BEGIN + timedelta(days=interval * (sessions - 1))
    await stage.move_to(last_session + DIGESTS)
    await rest_digests(stage, marie_id, until=last_session + AFTERCARE + timedelta(days=1))
    await stage.move_to(last_session + AFTERCARE)


async def _outcomes(stage: Stage) -> Counter[str]:
    async with stage.database.read() as work:
        return Counter(await outbox.counts_by_state(work, since=BEGIN))


def as_json(line: Line) -> dict[str, object]:
    """An event with its local time."""
    return {**line.as_json(), "at": line.at.astimezone(PARIS).isoformat()}


def as_text(line: Line) -> str:
    """An event for people: when, in whose chat, who, and what."""
    return "\n".join(_text_lines(line))


def _text_lines(line: Line) -> Iterator[str]:
    who = "bot" if line.side == "bot" else line.chat.split()[0]
    kind = "" if line.kind == "text" else f" ({line.kind})"
    yield f"── {line.at.astimezone(PARIS):%a %d %b %Y %H:%M} · {line.chat} · {who}{kind}"
    yield from (f"   {text}" for text in line.text.splitlines())
    yield from (f"   [{'] ['.join(row)}]" for row in line.buttons)
