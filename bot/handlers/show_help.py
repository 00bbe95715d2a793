"""/help, which says to each role what they can do here."""

from bot.command_menu import command_lines
from bot.flows.patient_help import patient_help
from bot.flows.standing import own_standing
from bot.handling import Bots
from bot.routing import command
from bot.turn import Turn
from messages.outgoing import Outgoing
from messages.people import Role


def setup(application: Bots) -> None:
    """Add the route."""
    application.add_handler(command("help", show_help, before_consent=True))


async def show_help(turn: Turn) -> None:
    """What this person can do."""
    if turn.actor.has(Role.PATIENT):
        async with turn.read() as work:
            standing = await own_standing(work, turn.actor)
        await turn.say(Outgoing(patient_help(standing, texts=turn.texts, clinic=turn.clinic, now=turn.now)))
    elif turn.actor.has(Role.STRANGER):
        await turn.say_text(
            "stranger.start",
            clinic=turn.clinic.name,
            clinic_phone=turn.clinic.phone,
            emergency_number=turn.clinic.emergency_number,
        )
    else:
        lines = command_lines(turn.texts, turn.actor.roles, turn.actor.language)
        await turn.say_text("staff.help", lines=lines)
