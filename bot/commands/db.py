"""`db upgrade` brings the database up to this program's version; `db current` says where it stands; `db backup FILE`
copies it while the bot runs."""

import argparse
import asyncio
import sys
from pathlib import Path

from bot import logs
from bot.settings import load
from storage import migrating, schema
from storage.backup import CannotBackUp, back_up
from storage.database import Database, normal_url


def run(arguments: argparse.Namespace) -> int:
    """Returns 0, or 1 when the database does not answer or could not be copied. Raises SettingsError."""
    settings = load(arguments.env_file)
    logs.configure(level=settings.log_level, form=settings.log_format, secrets=settings.secrets())
    if arguments.action == "backup":
        return _back_up(settings.database, arguments.file)
    return asyncio.run(_run(settings.database, upgrade=arguments.action == "upgrade"))


def _back_up(address: str, file: Path) -> int:
    try:
        size = back_up(normal_url(address), file)
    except CannotBackUp as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{file}: {size / 1024:,.0f} KiB. It holds health data in plain text: encrypt it.")
    return 0


async def _run(address: str, *, upgrade: bool) -> int:
    database = Database(address)
    try:
        before = await schema.current(database)
        if upgrade and before != schema.NEWEST:
            await migrating.upgrade(database)
        after = await schema.current(database)
    except Exception as error:
        # The drivers' own messages name addresses and users.
        print(f"The database does not answer ({type(error).__name__}).", file=sys.stderr)
        return 1
    finally:
        await database.close()
    if upgrade:
        print(f"{before or 'empty'} → {after}" if before != after else f"{after}, nothing to do")
    else:
        print(f"{after or 'empty'} (newest: {schema.NEWEST})")
    return 0
