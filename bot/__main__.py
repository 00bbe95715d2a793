"""The command line: `python -m bot …`, installed as `aftercare`. One file a verb in `bot/commands/`.

Exit codes: 0 done, 1 it did not work, 2 the settings or the token must be corrected.
"""

import argparse
import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

from bot.settings import SettingsError
from messages.care_plan import Family


def parser() -> argparse.ArgumentParser:
    """Every verb with its options."""
    top = argparse.ArgumentParser(prog="aftercare", description="Aftercare between sessions, in Telegram.")
    top.add_argument("--env-file", type=Path, default=Path(".env"), metavar="FILE", help="settings (default: .env)")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    _add_serve(verbs)
    verbs.add_parser("doctor", help="check the settings, the database, Telegram and the clock")
    invite = verbs.add_parser("invite", help="make a one-time link for the first admin")
    invite.add_argument("role", choices=["admin"])
    invite.add_argument("name", metavar="NAME", help="the admin's name, such as “Claire Weber”")
    _add_database(verbs)
    _add_dead_letters(verbs)
    demo = verbs.add_parser("demo", help="try everything in the browser, without Telegram")
    demo.add_argument("--port", type=int, default=8765, help="where the page is (another if it is taken)")
    _add_simulate(verbs)
    return top


def _add_serve(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    serve = verbs.add_parser("serve", help="run the bot")
    serve.add_argument(
        "--role",
        choices=["all", "web", "worker"],
        default="all",
        help="all: everything in one process (default); web: HTTP only; worker: everything but HTTP",
    )
    serve.add_argument(
        "--webhook",
        action="store_true",
        help="Telegram calls WEBHOOK_URL, instead of being asked for updates",
    )
    serve.add_argument(
        "--monitor",
        type=int,
        metavar="PORT",
        help="health and metrics on this port, where no other is opened",
    )


def _add_database(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    actions = verbs.add_parser("db", help="the database's version, and a copy of it").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    actions.add_parser("upgrade", help="bring it to this program's version")
    actions.add_parser("current", help="say at which version it is")
    backup = actions.add_parser("backup", help="copy it to a file while the bot runs (SQLite)")
    backup.add_argument("file", type=Path, metavar="FILE", help="where the copy goes; must not exist")


def _add_dead_letters(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    actions = verbs.add_parser("deadletters", help="updates that were set aside").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    actions.add_parser("list", help="show them, without their content")
    for action, meaning in (("retry", "let one be handled after all"), ("drop", "give one up, with its content")):
        actions.add_parser(action, help=meaning).add_argument("id", type=int, metavar="ID", help="as `list` shows it")


def _add_simulate(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    simulate = verbs.add_parser("simulate", help="live through a whole course in seconds")
    simulate.add_argument("--family", choices=[family.value for family in Family], default=Family.FACE.value)
    simulate.add_argument("--sessions", type=int, default=None, help="how many (default: the care plan's)")
    simulate.add_argument("--seed", type=int, default=1, help="the same seed gives the same people")
    simulate.add_argument("--json", action="store_true", help="one JSON object a line")


def _loaded(verb: str) -> ModuleType:
    """The file of a verb. To look for garbage among what it imports took a fifth of the time of loading it."""
    gc.disable()
    try:
        return import_module(f"bot.commands.{verb}")
    finally:
        gc.enable()


def main(words: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code."""
    arguments = parser().parse_args(words)
    try:
        return int(_loaded(arguments.verb).run(arguments))
    except SettingsError as error:
        for line in error.lines:
            print(line, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
