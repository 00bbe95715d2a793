"""/start: whoever comes, with or without a link."""

from bot.command_menu import command_lines, show_commands
from bot.flows.redeem_invitation import redeem_invitation
from bot.flows.standing import Standing, own_standing, values_of
from bot.handling import Bots
from bot.routing import command
from bot.turn import Turn
from messages.outgoing import Outgoing
from messages.people import Role
from storage import people
from storage.tables import Staff


def setup(application: Bots) -> None:
    """Add the routes of this conversation."""
    application.add_handler(command("start", start, before_consent=True))


async def start(turn: Turn) -> None:
    """A link, or a bare /start. A patient who has not agreed is asked in handlers/consent.py instead."""
    if turn.command_argument:
        await open_link(turn)
    elif turn.actor.has(Role.STRANGER):
        await turn.say_text(
            "stranger.start",
            clinic=turn.clinic.name,
            clinic_phone=turn.clinic.phone,
            emergency_number=turn.clinic.emergency_number,
        )
    elif turn.actor.has(Role.PATIENT):
        async with turn.read() as work:
            standing = await own_standing(work, turn.actor)
        await _greet_again(turn, standing)
    else:
        lines = command_lines(turn.texts, turn.actor.roles, turn.actor.language)
        await turn.say_text("staff.help", lines=lines)
        await show_commands(turn.bot, turn.actor, turn.texts)


async def open_link(turn: Turn) -> None:
    """Connect whoever was invited, or explain kindly why not."""
    async with turn.work() as work:
        redeemed = await redeem_invitation(
            work,
            actor=turn.actor,
            token=turn.command_argument,
            texts=turn.texts,
            clinic=turn.clinic,
            telegram_language=turn.telegram_language,
            now=turn.now,
        )
    if redeemed.consent is not None:
        await turn.say(redeemed.consent)
    elif redeemed.staff is not None:
        await _welcome(turn, redeemed.staff)
    elif redeemed.standing is not None:
        await _greet_again(turn, redeemed.standing)


async def _greet_again(turn: Turn, standing: Standing) -> None:
    values = values_of(standing.patient, standing.practitioner, turn.clinic, turn.actor.language, turn.now)
    await turn.say_text("patient.already_joined", **values)
    await show_commands(turn.bot, turn.actor, turn.texts)


async def _welcome(turn: Turn, member: Staff) -> None:
    async with turn.read() as work:
        actor = await people.actor_of(work, turn.chat_id, language=member.language)
    lines = command_lines(turn.texts, actor.roles, actor.language)
    welcome = turn.texts.html("staff.joined", actor.language, name=member.name, clinic=turn.clinic.name, lines=lines)
    await turn.say(Outgoing(welcome))
    await show_commands(turn.bot, actor, turn.texts)
