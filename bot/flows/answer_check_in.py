"""One tap in a check-in: stored at once, graded at once, harmless when it is repeated or late."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from enum import Enum, auto

from bot.flows.check_in_case import Case, own_case
from bot.flows.finish_check_in import finish
from bot.flows.open_check_in import mark_open
from bot.flows.show_check_in import stage_name, stage_of
from bot.flows.tell_in_words import listen_for_words
from bot.flows.watch_answers import watch
from messages.check_in import Answers, AskItems, AskOther, Done, Item, Question, Stage, next_stage, one_back
from messages.clinic import Clinic
from messages.errors import OutOfDate
from messages.people import Actor
from storage import answers as answers_table
from storage.database import UnitOfWork
from storage.dialogs import DialogState


class Outcome(Enum):
    """What became of a tap."""

    CHANGED = auto()
    UNCHANGED = auto()
    DONE_BEFORE = auto()
    CLOSED = auto()


Change = Callable[[Case], tuple[Answers, bool]]
"""What a tap makes of the answers, and whether the list is closed. Raises OutOfDate for what no button sends."""


async def answer(
    work: UnitOfWork,
    *,
    actor: Actor,
    dialog: DialogState | None,
    check_in_id: int,
    change: Change,
    message_id: int | None,
    clinic: Clinic,
    now: datetime,
) -> tuple[Outcome, Case]:
    """Apply one tap of the check-in's own patient; a finished or closed check-in stays as it is.

    Returns what became of it, and the case as it stands after it.

    Raises NotFound for a check-in that is not the actor's, OutOfDate for a tap that means nothing.
    """
    case = await own_case(work, actor, check_in_id)
    check_in = case.check_in
    if check_in.state == "planned":
        # Nobody knew whether it had arrived; now we know.
        mark_open(check_in, message_id=message_id, zone=case.zone, now=now)
    if check_in.state != "open":
        await work.commit()
        return Outcome.DONE_BEFORE if check_in.state == "done" else Outcome.CLOSED, case
    answers, items_closed = change(case)
    changed = (answers, items_closed) != (case.answers, check_in.items_closed)
    if changed:
        case, stage = await _apply(work, case, answers, items_closed, clinic=clinic, now=now)
        await listen_for_words(work, actor.chat_id, case, stage, dialog=dialog, now=now)
    await work.commit()
    return Outcome.CHANGED if changed else Outcome.UNCHANGED, case


async def _apply(
    work: UnitOfWork, case: Case, answers: Answers, items_closed: bool, *, clinic: Clinic, now: datetime
) -> tuple[Case, Stage]:
    await answers_table.save(work, case.check_in, case.answers, answers, items_closed=items_closed, now=now)
    changed = replace(case, answers=answers)
    stage = next_stage(case.form, answers, items_closed=items_closed)
    if isinstance(stage, Done):
        await finish(work, changed, clinic=clinic, now=now)
    else:
        await watch(work, changed, clinic=clinic, now=now)
    return changed, stage


def score(question_name: str, number: int) -> Change:
    """A score of one question of the form."""

    def change(case: Case) -> tuple[Answers, bool]:
        question = _question(question_name)
        if question not in case.form.scored:
            raise OutOfDate
        return case.answers.with_score(question, number), case.check_in.items_closed

    return change


def nothing_else(case: Case) -> tuple[Answers, bool]:
    """ "Nothing else", or "nothing new" of a late check."""
    _need_scores(case)
    return case.answers.with_nothing_else(), case.check_in.items_closed


def something_else(case: Case) -> tuple[Answers, bool]:
    """Open the list."""
    _need_scores(case)
    return case.answers.with_something_else(), case.check_in.items_closed


def item(item_name: str, *, chosen: bool) -> Change:
    """Tick or untick one thing of the list. Once the list is closed, only a tick still counts: it reopens nothing."""

    def change(case: Case) -> tuple[Answers, bool]:
        wanted = _item(item_name)
        if case.check_in.items_closed and not chosen:
            return case.answers, True
        return case.answers.with_item(wanted, chosen=chosen), case.check_in.items_closed

    return change


def follow_up(item_name: str, *, yes: bool) -> Change:
    """The follow-up question of one thing."""

    def change(case: Case) -> tuple[Answers, bool]:
        return case.answers.with_follow_up(_item(item_name), yes), case.check_in.items_closed

    return change


def close(what: str) -> Change:
    """ "Done" under the list or under the free text. An empty list stays open: it says nothing."""

    def change(case: Case) -> tuple[Answers, bool]:
        stage = stage_of(case)
        if what == "items" and isinstance(stage, AskItems):
            return case.answers, bool(case.answers.items)
        if what == "other" and isinstance(stage, AskOther):
            return case.answers.with_other_text(), True
        return case.answers, case.check_in.items_closed

    return change


def back(from_stage: str) -> Change:
    """One question back, if the check-in still stands where the button was."""

    def change(case: Case) -> tuple[Answers, bool]:
        if stage_name(stage_of(case)) != from_stage:
            return case.answers, case.check_in.items_closed
        return one_back(case.form, case.answers, items_closed=case.check_in.items_closed)

    return change


def _need_scores(case: Case) -> None:
    """The last question's buttons are only shown after the others; a forged tap must not skip them."""
    if any(question not in case.answers.scores for question in case.form.scored):
        raise OutOfDate


def _question(name: str) -> Question:
    try:
        return Question(name)
    except ValueError:
        raise OutOfDate from None


def _item(name: str) -> Item:
    try:
        return Item(name)
    except ValueError:
        raise OutOfDate from None
