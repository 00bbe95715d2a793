"""`deadletters list|retry ID|drop ID`: updates that failed again and again and were set aside. Never their content."""

import argparse
import asyncio
import sys
from datetime import datetime

from bot import logs
from bot.clock import SystemClock
from bot.commands.database_ready import DatabaseProblem, check_ready
from bot.settings import load
from storage import audit, inbox
from storage.database import Database, UnitOfWork
from storage.inbox import DeadLetter


class NoDeadLetter(Exception):
    """Nothing was set aside under this number."""


def run(arguments: argparse.Namespace) -> int:
    """Print what was done; returns 0, or 1 for an unknown number or a database that cannot be used.

    Raises SettingsError.
    """
    settings = load(arguments.env_file)
    logs.configure(level=settings.log_level, form=settings.log_format, secrets=settings.secrets())
    update_id: int | None = getattr(arguments, "id", None)
    try:
        lines = asyncio.run(_act(settings.database, arguments.action, update_id))
    except NoDeadLetter:
        print(f"There is no dead letter {update_id}. `aftercare deadletters list` shows them.", file=sys.stderr)
        return 1
    except DatabaseProblem as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(lines))
    return 0


async def _act(address: str, action: str, update_id: int | None) -> list[str]:
    database = Database(address)
    try:
        await check_ready(database)
        async with database.work() as work:
            if update_id is None:
                return _table(await inbox.dead(work))
            sentence = await _change(work, action, update_id, now=SystemClock().now())
            await work.commit()
            return [sentence]
    finally:
        await database.close()


async def _change(work: UnitOfWork, action: str, update_id: int, *, now: datetime) -> str:
    if action == "retry":
        found = await inbox.retry_dead(work, update_id)
        done, sentence = "inbox.dead_letter_retried", "is handled by the running bot, or when it starts."
    else:
        found = await inbox.drop_dead(work, update_id, now=now)
        done, sentence = "inbox.dead_letter_dropped", "is dropped, with its content."
    if not found:
        raise NoDeadLetter
    await audit.note(work, None, done, "update", None, now=now, update_id=update_id)
    return f"Dead letter {update_id} {sentence}"


def _table(letters: list[DeadLetter]) -> list[str]:
    """One line a letter, times in UTC."""
    if not letters:
        return ["There are no dead letters."]
    rows = [("ID", "ARRIVED (UTC)", "ATTEMPTS", "ERROR", "CHAT")]
    rows += [
        (
            str(each.update_id),
            f"{each.received_at:%Y-%m-%d %H:%M:%S}",
            str(each.attempts),
            each.error or "",
            str(each.chat_id),
        )
        for each in letters
    ]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
