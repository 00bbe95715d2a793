"""Check-ins and their answers."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, cast, func, null, select, tuple_, union_all, update

from messages.check_in import Answers, Item, Question
from messages.outgoing import Kind
from storage.database import UnitOfWork, UtcDateTime
from storage.many_ids import among
from storage.tables import Answer, CheckIn, Course, Outbox, Patient, ReportedItem, Session, Staff

UNFINISHED = ("planned", "open")
"""States in which a check-in can still be answered or withdrawn."""


async def add(
    work: UnitOfWork,
    *,
    session_id: int,
    patient_id: int,
    step: str,
    kind: str,
    due_at: datetime,
    appointment_id: int | None = None,
) -> CheckIn:
    """A new check-in in state planned, flushed, so that it has its id. Its outbox row is the caller's.

    `appointment_id` is set when it also carries the reminder of that appointment.
    """
    check_in = CheckIn(
        session_id=session_id,
        patient_id=patient_id,
        step=step,
        kind=kind,
        state="planned",
        due_at=due_at,
        appointment_id=appointment_id,
        items_closed=False,
        nothing_else=False,
        something_else=False,
        other_text=False,
        flags=[],
        rules=[],
        watched=[],
    )
    work.session.add(check_in)
    await work.session.flush()
    return check_in


async def withdraw(work: UnitOfWork, *which: ColumnElement[bool], state: str, now: datetime) -> list[int]:
    """End the planned and open check-ins that match all of `which` as cancelled, skipped or missed.

    Returns their ids; nobody is nudged about them any more. Their outbox rows are the caller's to withdraw.
    """
    statement = (
        update(CheckIn)
        .where(CheckIn.state.in_(UNFINISHED), *which)
        .values(state=state, done_at=now, nudge_due_at=None, silence_due_at=None)
        .returning(CheckIn.id)
    )
    return list((await work.session.scalars(statement)).all())


async def get(work: UnitOfWork, check_in_id: int) -> CheckIn | None:
    """One check-in. Whose it is, the caller asks."""
    return await work.session.get(CheckIn, check_in_id)


Surroundings = tuple[CheckIn, Session, Course, Patient, Staff]
"""A check-in with the session it is about, its course, its patient, and their practitioner."""

_SURROUNDINGS = (
    select(CheckIn, Session, Course, Patient, Staff)
    .join(Session, Session.id == CheckIn.session_id)
    .join(Course, Course.id == Session.course_id)
    .join(Patient, Patient.id == CheckIn.patient_id)
    .join(Staff, Staff.id == Patient.practitioner_id)
    .where(CheckIn.id == bindparam("check_in"))
)


async def surroundings(work: UnitOfWork, check_in: CheckIn) -> Surroundings:
    """All that stands around a check-in, read together."""
    row = (await work.session.execute(_SURROUNDINGS, {"check_in": check_in.id})).one()
    return row[0], row[1], row[2], row[3], row[4]


_BEFORE = (
    select(CheckIn)
    .where(
        CheckIn.session_id == bindparam("session"),
        CheckIn.answered_at.is_not(None),
        tuple_(CheckIn.due_at, CheckIn.id) < tuple_(bindparam("due_at", type_=UtcDateTime), bindparam("check_in")),
    )
    .order_by(CheckIn.due_at, CheckIn.id)
)


async def answered_in_session_before(work: UnitOfWork, check_in: CheckIn) -> Sequence[CheckIn]:
    """The answered checks of the same session before this one, oldest first."""
    this = {"session": check_in.session_id, "due_at": check_in.due_at, "check_in": check_in.id}
    return (await work.session.scalars(_BEFORE, this)).all()


async def history(work: UnitOfWork, course_id: int) -> Sequence[CheckIn]:
    """The answered check-ins of a course, finished or not, oldest first."""
    statement = (
        select(CheckIn)
        .join(Session, CheckIn.session_id == Session.id)
        .where(Session.course_id == course_id, CheckIn.answered_at.is_not(None))
        .order_by(CheckIn.due_at, CheckIn.id)
    )
    return (await work.session.scalars(statement)).all()


async def latest_done(work: UnitOfWork, patient_id: int) -> CheckIn | None:
    """The patient's last finished check-in."""
    return await work.session.scalar(
        select(CheckIn)
        .where(CheckIn.patient_id == patient_id, CheckIn.state == "done")
        .order_by(CheckIn.done_at.desc(), CheckIn.id.desc())
        .limit(1)
    )


async def latest_open(work: UnitOfWork, patient_id: int) -> CheckIn | None:
    """The patient's newest check-in that was sent and waits for answers."""
    return await work.session.scalar(
        select(CheckIn)
        .where(CheckIn.patient_id == patient_id, CheckIn.state == "open")
        .order_by(CheckIn.opened_at.desc(), CheckIn.id.desc())
        .limit(1)
    )


_NEXT_PLANNED = (
    select(CheckIn)
    .where(
        CheckIn.patient_id == bindparam("patient"),
        CheckIn.state == "planned",
        CheckIn.due_at > bindparam("after", type_=UtcDateTime),
    )
    .order_by(CheckIn.due_at, CheckIn.id)
    .limit(1)
)


async def next_planned(work: UnitOfWork, patient_id: int, *, after: datetime) -> CheckIn | None:
    """The patient's next check-in that has not been sent and is due after `after`."""
    return await work.session.scalar(_NEXT_PLANNED, {"patient": patient_id, "after": after})


async def answers_of(work: UnitOfWork, check_in: CheckIn) -> Answers:
    """What was answered so far."""
    return (await all_answers_of(work, [check_in]))[check_in.id]


_GIVEN = union_all(
    select(
        Answer.check_in_id,
        Answer.question,
        Answer.score,
        cast(null(), ReportedItem.item.type).label("item"),
        cast(null(), ReportedItem.follow_up.type).label("follow_up"),
    ).where(among(Answer.check_in_id)),
    select(ReportedItem.check_in_id, null(), null(), ReportedItem.item, ReportedItem.follow_up).where(
        among(ReportedItem.check_in_id)
    ),
)
"""Scores and things of the list together: (check-in, question, score, item, follow-up)."""


async def all_answers_of(work: UnitOfWork, these: Sequence[CheckIn]) -> dict[int, Answers]:
    """What was answered so far, by check-in. As many queries for one as for many."""
    ids = [each.id for each in these]
    scores: dict[int, dict[str, int]] = defaultdict(dict)
    items: dict[int, dict[str, bool | None]] = defaultdict(dict)
    for check_in_id, question, score, item, follow_up in await work.session.rows(_GIVEN, {"ids": ids}):
        if question is not None:
            scores[check_in_id][question] = score
        else:
            items[check_in_id][item] = follow_up
    return {each.id: _answers(each, scores[each.id], items[each.id]) for each in these}


def _answers(check_in: CheckIn, scores: dict[str, int], items: dict[str, bool | None]) -> Answers:
    reported = {Item(item): follow_up for item, follow_up in items.items()}
    return Answers(
        scores={Question(question): score for question, score in scores.items()},
        items=frozenset(reported),
        follow_ups={item: yes for item, yes in reported.items() if yes is not None},
        nothing_else=check_in.nothing_else,
        something_else=check_in.something_else,
        other_text=check_in.other_text,
    )


async def due_for_nudge(work: UnitOfWork, *, now: datetime) -> Sequence[int]:
    """The ids of the check-ins that are to be asked once more."""
    statement = select(CheckIn.id).where(CheckIn.nudge_due_at <= now).order_by(CheckIn.nudge_due_at, CheckIn.id)
    return (await work.session.scalars(statement)).all()


NEXT_NUDGE = select(func.min(CheckIn.nudge_due_at))
"""When the next check-in is to be asked once more."""


async def due_for_silence(work: UnitOfWork, *, now: datetime) -> Sequence[int]:
    """The ids of the check-ins whose silence is to be looked at."""
    statement = select(CheckIn.id).where(CheckIn.silence_due_at <= now).order_by(CheckIn.silence_due_at, CheckIn.id)
    return (await work.session.scalars(statement)).all()


NEXT_SILENCE = select(func.min(CheckIn.silence_due_at))
"""When the next silence is to be looked at."""


async def locked(work: UnitOfWork, check_in_id: int) -> CheckIn:
    """One check-in, held until the end of this transaction: an answer and a nudge exclude each other."""
    return await work.session.get_one(CheckIn, check_in_id, with_for_update=True, populate_existing=True)


_OWN = (
    _SURROUNDINGS.where(CheckIn.patient_id == bindparam("patient"))
    .with_for_update(of=CheckIn)
    .execution_options(populate_existing=True)
)


async def own(work: UnitOfWork, check_in_id: int, patient_id: int) -> Surroundings | None:
    """A patient's own check-in, held as by `locked`. None for anybody else's."""
    ids = {"check_in": check_in_id, "patient": patient_id}
    row = (await work.session.execute(_OWN, ids)).one_or_none()
    return (row[0], row[1], row[2], row[3], row[4]) if row is not None else None


_OTHERS_OPEN = (
    select(CheckIn)
    .where(CheckIn.patient_id == bindparam("patient"), CheckIn.state == "open", CheckIn.id != bindparam("check_in"))
    .with_for_update()
    .execution_options(populate_existing=True)
)


async def others_open(work: UnitOfWork, check_in: CheckIn) -> Sequence[CheckIn]:
    """The patient's other check-ins that wait for answers, held as by `locked`."""
    this = {"patient": check_in.patient_id, "check_in": check_in.id}
    return (await work.session.scalars(_OTHERS_OPEN, this)).all()


async def due_unfinished(work: UnitOfWork, *, now: datetime) -> Sequence[int]:
    """The ids of the check-ins whose grave answers have waited long enough for the rest."""
    statement = select(CheckIn.id).where(CheckIn.unfinished_due_at <= now).order_by(CheckIn.unfinished_due_at)
    return (await work.session.scalars(statement)).all()


NEXT_UNFINISHED = select(func.min(CheckIn.unfinished_due_at))
"""When the next unfinished check-in is due."""

PERHAPS_SENT = (
    select(CheckIn.id)
    .join(Outbox, Outbox.check_in_id == CheckIn.id)
    .where(Outbox.kind == Kind.CHECK_IN.value, Outbox.state == "uncertain", CheckIn.state == "planned")
)
"""The ids of the check-ins of which nobody knows whether they have arrived."""


async def perhaps_sent(work: UnitOfWork) -> Sequence[int]:
    """The ids of the check-ins of which nobody knows whether they have arrived."""
    return (await work.session.scalars(PERHAPS_SENT)).all()


async def answered_before(work: UnitOfWork, check_in: CheckIn) -> CheckIn | None:
    """The patient's last check-in before this one that got any answer, finished or not."""
    return await work.session.scalar(
        select(CheckIn)
        .where(
            CheckIn.patient_id == check_in.patient_id,
            CheckIn.id != check_in.id,
            CheckIn.due_at <= check_in.due_at,
            CheckIn.answered_at.is_not(None),
        )
        .order_by(CheckIn.due_at.desc(), CheckIn.id.desc())
        .limit(1)
    )
