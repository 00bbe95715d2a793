"""Answers of check-ins: the scores, and what was chosen from the list. Each tap is stored at once."""

from datetime import datetime

from sqlalchemy import delete, select

from messages.check_in import Answers, Item, Question
from storage.database import UnitOfWork
from storage.inserting import insert_new
from storage.tables import Answer, CheckIn, ReportedItem, Session


async def save(
    work: UnitOfWork, check_in: CheckIn, before: Answers, answers: Answers, *, items_closed: bool, now: datetime
) -> None:
    """Store what is answered now, and forget what was taken back of `before`, the answers as they are stored.

    Answers that did not change keep their times. The caller holds the check-in locked.
    """
    await _save_scores(work, check_in.id, before, answers, now)
    await _save_items(work, check_in.id, before, answers, now)
    check_in.nothing_else = answers.nothing_else
    check_in.something_else = answers.something_else
    check_in.other_text = answers.other_text
    check_in.items_closed = items_closed
    check_in.answered_at = now


_SCORES = insert_new(
    Answer,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["check_in_id", "question"],
        set_={"score": insert.excluded.score, "answered_at": insert.excluded.answered_at},
    ),
)


async def _save_scores(work: UnitOfWork, check_in_id: int, before: Answers, after: Answers, now: datetime) -> None:
    gone = [question for question in before.scores if question not in after.scores]
    if gone:
        await work.session.execute(delete(Answer).where(Answer.check_in_id == check_in_id, Answer.question.in_(gone)))
    given = [
        {"check_in_id": check_in_id, "question": question.value, "score": score, "answered_at": now}
        for question, score in after.scores.items()
        if before.scores.get(question) != score
    ]
    if given:
        await work.session.rows(_SCORES[work.on_sqlite], given)


_ITEMS = insert_new(
    ReportedItem,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["check_in_id", "item"],
        set_={"follow_up": insert.excluded.follow_up, "answered_at": insert.excluded.answered_at},
    ),
)


async def _save_items(work: UnitOfWork, check_in_id: int, before: Answers, after: Answers, now: datetime) -> None:
    gone = before.items - after.items
    if gone:
        these = (ReportedItem.check_in_id == check_in_id, ReportedItem.item.in_(gone))
        await work.session.execute(delete(ReportedItem).where(*these))
    given = [
        {"check_in_id": check_in_id, "item": item.value, "follow_up": after.follow_ups.get(item), "answered_at": now}
        for item in Item
        if item in after.items
        and (item not in before.items or before.follow_ups.get(item) != after.follow_ups.get(item))
    ]
    if given:
        await work.session.rows(_ITEMS[work.on_sqlite], given)


async def usual_pain_before(work: UnitOfWork, session: Session) -> int | None:
    """The usual pain before a session: as noted with it, otherwise the last one told before it in the course."""
    if session.usual_pain is not None:
        return session.usual_pain
    return await work.session.scalar(
        select(Answer.score)
        .join(CheckIn, CheckIn.id == Answer.check_in_id)
        .join(Session, Session.id == CheckIn.session_id)
        .where(
            Session.course_id == session.course_id,
            Answer.question == Question.USUAL_PAIN.value,
            Answer.answered_at <= session.ended_at,
            CheckIn.session_id != session.id,
        )
        .order_by(Answer.answered_at.desc())
        .limit(1)
    )
