"""The check-in: one message that changes as it is answered. Each tap is stored before the message changes."""

from bot.contents import UNKNOWN, content_of
from bot.flows import answer_check_in as answers
from bot.flows.show_check_in import case_page, check_in_page
from bot.flows.tell_in_words import DIALOG, tell_in_words
from bot.handling import Bots
from bot.routing import button, command_of, content
from bot.turn import Turn
from messages.people import Role


def setup(application: Bots) -> None:
    """Add the routes of this conversation."""
    application.add_handler(button("check.score", score))
    application.add_handler(button("check.nothing", nothing_else))
    application.add_handler(button("check.list", open_list))
    application.add_handler(button("check.item", tick))
    application.add_handler(button("check.close", close))
    application.add_handler(button("check.follow", follow_up))
    application.add_handler(button("check.back", back))
    application.add_handler(content("answer in own words", _is_in_own_words, in_own_words, frozenset({Role.PATIENT})))


async def score(turn: Turn) -> None:
    """A score."""
    assert turn.tap is not None
    await _apply(turn, answers.score(turn.tap.text(1), turn.tap.number(2)))


async def nothing_else(turn: Turn) -> None:
    """ "Nothing else"."""
    await _apply(turn, answers.nothing_else)


async def open_list(turn: Turn) -> None:
    """ "Something else"."""
    await _apply(turn, answers.something_else)


async def tick(turn: Turn) -> None:
    """One thing of the list, ticked or not."""
    assert turn.tap is not None
    await _apply(turn, answers.item(turn.tap.text(1), chosen=turn.tap.number(2) != 0))


async def close(turn: Turn) -> None:
    """ "Done"."""
    assert turn.tap is not None
    await _apply(turn, answers.close(turn.tap.text(1)), unchanged="toast.choose_first")


async def follow_up(turn: Turn) -> None:
    """Yes, no, or not sure."""
    assert turn.tap is not None
    await _apply(turn, answers.follow_up(turn.tap.text(1), yes=turn.tap.number(2) != 0))


async def back(turn: Turn) -> None:
    """One question back."""
    assert turn.tap is not None
    await _apply(turn, answers.back(turn.tap.text(1)))


async def in_own_words(turn: Turn) -> None:
    """What the patient writes, shows or says after choosing "something else"."""
    assert turn.dialog is not None
    assert turn.message is not None
    async with turn.work() as work:
        check_in = await tell_in_words(
            work,
            actor=turn.actor,
            check_in_id=int(turn.dialog.data["check_in_id"]),
            content=content_of(turn.message),
            clinic=turn.clinic,
            now=turn.now,
        )
    if check_in is None or check_in.message_id is None:
        return
    async with turn.read() as work:
        page = await check_in_page(work, check_in, texts=turn.texts, clinic=turn.clinic, now=turn.now)
    await turn.show(page, check_in.message_id)


def _is_in_own_words(turn: Turn) -> bool:
    """A kind of message that cannot be passed on goes the usual way, and says so."""
    if turn.dialog is None or turn.dialog.name != DIALOG or turn.update.message is None:
        return False
    return command_of(turn) is None and content_of(turn.update.message).kind != UNKNOWN


async def _apply(turn: Turn, change: answers.Change, *, unchanged: str | None = None) -> None:
    """Store the tap, then show where the check-in stands. `unchanged` is said where the tap changed nothing."""
    assert turn.tap is not None
    async with turn.work() as work:
        outcome, case = await answers.answer(
            work,
            actor=turn.actor,
            dialog=turn.dialog,
            check_in_id=turn.tap.number(0),
            change=change,
            message_id=turn.tapped_message_id,
            clinic=turn.clinic,
            now=turn.now,
        )
    if outcome is answers.Outcome.DONE_BEFORE:
        await turn.toast("toast.already_answered")
    elif outcome is answers.Outcome.CLOSED:
        await turn.toast("error.check_in_closed", alert=True)
    elif outcome is answers.Outcome.UNCHANGED and unchanged:
        await turn.toast(unchanged)
    async with turn.read() as work:
        page = await case_page(work, case, texts=turn.texts, clinic=turn.clinic, now=turn.now)
    await turn.show(page)
