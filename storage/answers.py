"""Answers of check-ins: the scores, and what was chosen from the list. Each tap is stored at once."""

from datetime import datetime

from sqlalchemy import delete, select

from messages.check_in import Answers, Item, Question
from storage.database import UnitOfWork
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


async def _save_scores(work: UnitOfWork, check_in_id: int, before: Answers, after: Answers, now: datetime) -> None:
    changed = [question for question in Question if before.scores.get(question) != after.scores.get(question)]
    if not changed:
        return
    await work.session.execute(delete(Answer).where(Answer.check_in_id == check_in_id, Answer.question.in_(changed)))
    for question in changed:
        if question in after.scores:
            score = after.scores[question]
            work.session.add(Answer(check_in_id=check_in_id, question=question.value, score=score, answered_at=now))
    await work.session.flush()


async def _save_items(work: UnitOfWork, check_in_id: int, before: Answers, after: Answers, now: datetime) -> None:
    changed = [
        item
        for item in Item
        if (item in before.items, before.follow_ups.get(item)) != (item in after.items, after.follow_ups.get(item))
    ]
    if not changed:
        return
    await work.session.execute(
        delete(ReportedItem).where(ReportedItem.check_in_id == check_in_id, ReportedItem.item.in_(changed))
    )
    for item in changed:
        if item in after.items:
            follow_up = after.follow_ups.get(item)
            work.session.add(
                ReportedItem(check_in_id=check_in_id, item=item.value, follow_up=follow_up, answered_at=now)
            )
    await work.session.flush()


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
