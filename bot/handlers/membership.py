"""Somebody blocks the bot, or lets it in again."""

from telegram import ChatMember

from bot.flows.note_unreachable import note_block, note_unblock
from bot.handling import Bots
from bot.routing import EVERYONE, content
from bot.turn import Turn

GONE = frozenset({ChatMember.BANNED, ChatMember.LEFT})


def setup(application: Bots) -> None:
    """Add the route of this conversation; groups are left before it is asked."""
    application.add_handler(content("membership", _is_membership, note, EVERYONE, before_consent=True))


async def note(turn: Turn) -> None:
    """Remember whether this person can be reached, and tell who must use the telephone."""
    change = turn.update.my_chat_member
    assert change is not None
    who = {"patient_id": turn.actor.patient_id, "staff_id": turn.actor.staff_id}
    async with turn.work() as work:
        if change.new_chat_member.status in GONE:
            await note_block(work, **who, now=turn.now, clinic=turn.clinic)
        else:
            await note_unblock(work, **who, now=turn.now)


def _is_membership(turn: Turn) -> bool:
    return turn.update.my_chat_member is not None
