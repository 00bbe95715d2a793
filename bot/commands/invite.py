"""`invite admin NAME`: a one-time link that makes the first admin. Everybody else is invited in Telegram."""

import argparse
import asyncio
import sys

from bot import logs
from bot.clock import SystemClock
from bot.commands.connecting import CannotConnect, telegram
from bot.commands.database_ready import DatabaseProblem, check_ready
from bot.flows.invite_staff import invite_staff
from bot.invitation_links import address
from bot.settings import Settings, load
from messages.errors import PersonError
from messages.templates import Texts
from storage.database import Database


def run(arguments: argparse.Namespace) -> int:
    """Print the link; returns the exit code. Raises SettingsError."""
    settings = load(arguments.env_file)
    logs.configure(level=settings.log_level, form=settings.log_format, secrets=settings.secrets())
    try:
        link = asyncio.run(_link(settings, arguments.name))
    except CannotConnect as error:
        print(error, file=sys.stderr)
        return error.code
    except DatabaseProblem as error:
        print(error, file=sys.stderr)
        return 1
    except PersonError as error:
        print(Texts().plain(error.key, "en", **error.values), file=sys.stderr)
        return 1
    print(link)
    print("It works once, for 14 days. Open it on the phone of the person it is for.", file=sys.stderr)
    return 0


async def _link(settings: Settings, name: str) -> str:
    clinic = settings.clinic()
    database = Database(settings.database)
    try:
        await check_ready(database)
        async with telegram(settings) as bot:
            username = bot.username
        async with database.work() as work:
            _, token = await invite_staff(
                work,
                actor=None,
                name=name,
                practitioner=False,
                admin=True,
                language=clinic.language,
                clinic=clinic,
                now=SystemClock().now(),
            )
    finally:
        await database.close()
    return address(username, token)
