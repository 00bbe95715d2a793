"""A check-in with all that its rules need: the session, the form, the answers, and the checks before it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from messages.care_plan import CheckKind, Family
from messages.check_in import Answers, Form, Item, Question, form_of
from messages.errors import NotFound
from messages.grading import Grade, Grading, Past, grade_check_in
from messages.people import Actor
from messages.timing import hours_for_grading
from storage import answers, check_ins
from storage.check_ins import Surroundings
from storage.database import UnitOfWork
from storage.tables import CheckIn, Course, Patient, Session, Staff


@dataclass(frozen=True)
class Case:
    """One check-in in its place. `history` is the earlier checks of the session, oldest first."""

    check_in: CheckIn
    patient: Patient
    practitioner: Staff
    session: Session
    course: Course
    form: Form
    answers: Answers
    history: tuple[Past, ...]
    usual_pain_before: int | None

    @property
    def family(self) -> Family:
        """What was treated."""
        return Family(self.course.family)

    @property
    def zone(self) -> ZoneInfo:
        """The patient's zone."""
        return ZoneInfo(self.patient.zone)

    @property
    def previous_scores(self) -> Mapping[Question, int]:
        """The latest earlier score of each question, for the arrows."""
        latest: dict[Question, int] = {}
        for past in self.history:
            latest |= past.scores
        return latest

    def hours(self, now: datetime) -> float:
        """Hours since the session by which an answer given at `now` is graded."""
        return hours_for_grading(self.session.ended_at, due_at=self.check_in.due_at, answered_at=now, zone=self.zone)

    def grade(self, answers: Answers, now: datetime) -> Grading:
        """What these answers mean at `now`."""
        return grade_check_in(
            self.family,
            self.form,
            answers,
            hours=self.hours(now),
            history=self.history,
            usual_pain_before=self.usual_pain_before,
        )


async def case_of(work: UnitOfWork, check_in: CheckIn) -> Case:
    """Everything around a check-in."""
    return await _case(work, await check_ins.surroundings(work, check_in))


async def _case(work: UnitOfWork, around: Surroundings) -> Case:
    check_in, session, course, patient, practitioner = around
    earlier = await check_ins.answered_in_session_before(work, check_in)
    given = await check_ins.all_answers_of(work, [check_in, *earlier])
    zone = ZoneInfo(patient.zone)
    return Case(
        check_in=check_in,
        patient=patient,
        practitioner=practitioner,
        session=session,
        course=course,
        form=form_of(Family(course.family), check_in.step, CheckKind(check_in.kind)),
        answers=given[check_in.id],
        history=tuple(_past(each, given[each.id], session, zone) for each in earlier),
        usual_pain_before=await answers.usual_pain_before(work, session) if course.family == Family.PAIN else None,
    )


async def own_case(work: UnitOfWork, actor: Actor, check_in_id: int) -> Case:
    """The acting patient's own check-in, locked until the transaction ends: the sender may be closing it.

    Raises NotFound for anybody else's, and for none.
    """
    around = await check_ins.own(work, check_in_id, actor.patient_id) if actor.patient_id else None
    if around is None:
        raise NotFound
    return await _case(work, around)


def _past(check_in: CheckIn, given: Answers, session: Session, zone: ZoneInfo) -> Past:
    return Past(
        hours=hours_for_grading(
            session.ended_at,
            due_at=check_in.due_at,
            answered_at=check_in.answered_at or check_in.due_at,
            zone=zone,
        ),
        scores=given.scores,
        watched=frozenset(_about(name) for name in check_in.watched),
        complete=check_in.state == "done",
        grade=Grade(check_in.grade or 0),
    )


def _about(name: str) -> Question | Item:
    return Question(name) if name in set(Question) else Item(name)
