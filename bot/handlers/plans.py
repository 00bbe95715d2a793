"""/plans: the care plan of each treatment family, to read."""

from bot.flows.show_plan import families, show_plan
from bot.handling import Bots
from bot.routing import button, command
from bot.screens import reader_of
from bot.turn import Turn
from messages.care_plan import Family
from messages.errors import OutOfDate


def setup(application: Bots) -> None:
    """Add the routes of this conversation."""
    application.add_handler(command("plans", choose))
    application.add_handler(button("plan.all", choose))
    application.add_handler(button("plan.show", show))


async def choose(turn: Turn) -> None:
    """The treatment families."""
    await turn.show(families(reader_of(turn)))


async def show(turn: Turn) -> None:
    """The plan of one family."""
    assert turn.tap is not None
    try:
        family = Family(turn.tap.text(0))
    except ValueError:
        raise OutOfDate from None
    await turn.show(show_plan(reader_of(turn), family))
