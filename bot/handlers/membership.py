"""Somebody blocks the bot. That they let it in again is noted with every sign of them."""

from bot.flows.note_unreachable import note_block
from bot.handling import Bots
from bot.routing import EVERYONE, content
from bot.turn import Turn


def setup(application: Bots) -> None:
    """Add the route of this conversation; groups are left before it is asked."""
    application.add_handler(content("membership", _is_membership, note, EVERYONE, before_consent=True))


async def note(turn: Turn) -> None:
    """Remember that this person cannot be reached, and tell who must use the telephone."""
    if turn.is_presence:
        return
    async with turn.work() as work:
        await note_block(
            work, patient_id=turn.actor.patient_id, staff_id=turn.actor.staff_id, now=turn.now, clinic=turn.clinic
        )


def _is_membership(turn: Turn) -> bool:
    return turn.update.my_chat_member is not None
