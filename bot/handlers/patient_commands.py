"""/next, /stop and /resume of a patient."""

from bot.flows.standing import own_standing, values_of
from bot.flows.stop_messages import resume_messages, stop_messages
from bot.flows.whats_next import whats_next
from bot.handling import Bots
from bot.routing import button, command, words_with_command
from bot.turn import Turn
from messages.outgoing import Button, Outgoing


def setup(application: Bots) -> None:
    """Add the routes of these commands."""
    application.add_handler(command("next", show_next))
    application.add_handler(command("stop", stop))
    application.add_handler(command("resume", resume))
    application.add_handler(button("resume", resume))


async def show_next(turn: Turn) -> None:
    """What comes next."""
    async with turn.read() as work:
        standing = await own_standing(work, turn.actor)
        page = await whats_next(work, standing, texts=turn.texts, now=turn.now)
    await turn.say(page)


async def stop(turn: Turn) -> None:
    """No more check-ins and reminders, from this moment."""
    async with turn.work() as work:
        standing, new = await stop_messages(
            work, actor=turn.actor, clinic=turn.clinic, now=turn.now, said=words_with_command(turn)
        )
    values = values_of(standing.patient, standing.practitioner, turn.clinic, turn.actor.language, turn.now)
    key = "patient.stopped" if new else "patient.already_stopped"
    back = Button(turn.plain("button.resume"), "resume")
    await turn.say(Outgoing(turn.texts.html(key, turn.actor.language, **values), buttons=((back,),)))


async def resume(turn: Turn) -> None:
    """Check-ins and reminders again, as far as they still make sense."""
    async with turn.work() as work:
        standing, new = await resume_messages(work, actor=turn.actor, now=turn.now)
    values = values_of(standing.patient, standing.practitioner, turn.clinic, turn.actor.language, turn.now)
    text = turn.texts.html("patient.resumed" if new else "patient.not_stopped", turn.actor.language, **values)
    await turn.show(Outgoing(text))
