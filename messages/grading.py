"""What a check-in's answers mean: the rules and red flags of docs/clinical.md.

All rules run and the highest grade wins. Nothing here diagnoses: a grade says who is told, and how soon.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from messages.care_plan import Family
from messages.check_in import FOLLOW_UPS, Answers, Done, Form, Item, Question, UrgentSign, next_stage
from messages.flags import (
    PHOTO_WANTED,
    SIGNS_TO_RULE_OUT,
    Finding,
    Flag,
    Grade,
    flag_grade,
    item_findings,
)
from messages.score_rules import (
    SYMPTOMS,
    Past,
    all_well_twice,
    not_falling,
    score_rules,
    usual_pain_rose,
)

__all__ = [
    "Flag",
    "Grade",
    "Grading",
    "Past",
    "arrow",
    "flag_grade",
    "grade_check_in",
    "grade_sign",
    "grade_words",
    "is_emergency",
]


@dataclass(frozen=True)
class Grading:
    """The result. `rules` are the numbers of the rules that fired; `watched` is what was graded W.

    `reask_hours` is set only when W is the highest grade: ask again after so many hours.
    `ask_signs` are emergencies to rule out now. `skip_routine`: leave out the routine checks still to come.
    """

    grade: Grade
    flags: tuple[Flag, ...] = ()
    rules: tuple[int, ...] = ()
    emergency_text: bool = False
    ask_photo: bool = False
    ask_signs: tuple[UrgentSign, ...] = ()
    reask_hours: int | None = None
    watched: frozenset[Question | Item] = frozenset()
    skip_routine: bool = False
    digest_only: bool = False


@dataclass(frozen=True)
class _Found:
    """One thing found: the number of its rule, and what it is about."""

    rule: int
    finding: Finding
    about: Question | Item


def grade_check_in(
    family: Family,
    form: Form,
    answers: Answers,
    *,
    hours: float,
    history: Sequence[Past],
    usual_pain_before: int | None,
) -> Grading:
    """The grading of one check-in, complete or abandoned, `hours` after the session's end.

    `history` is the earlier check-ins of this session, oldest first. An unanswered follow-up counts as "yes".
    Incomplete answers with a score of 2 or 3 are at least W: silence is then chased as after a W (rule 11).
    """
    found = [_Found(f.rule, f.finding, f.about) for f in score_rules(family, answers.scores, hours, history)]
    found += _item_findings(family, answers, hours)
    if usual_pain_rose(answers.scores, usual_pain_before):
        found.append(_Found(2, Finding(Flag.PAIN_UP, Grade.U), Question.USUAL_PAIN))
    watched = frozenset(entry.about for entry in found if entry.finding.grade is Grade.WATCH)
    for about in not_falling(family, watched, hours, history):
        found.append(_Found(7, Finding(Flag.NOT_FALLING, Grade.U), about))
    complete = isinstance(next_stage(form, answers, items_closed=True), Done)
    if not complete:
        found += _abandoned(answers)
    grading = _grading(found, watched)
    if not complete or grading.grade > Grade.DIGEST or answers.items:
        return grading
    rules = {*grading.rules, 9}
    skip = grading.grade is Grade.NONE and all_well_twice(answers.scores, hours, history)
    if skip:
        rules.add(10)
    return replace(grading, rules=tuple(sorted(rules)), skip_routine=skip)


def grade_sign(family: Family, sign: UrgentSign) -> Grading:
    """The grading of a sign tapped in the Urgent list."""
    return grade_words(family, [Flag(sign.value)])


def grade_words(family: Family, flags: Sequence[Flag]) -> Grading:
    """The grading of red flags without a check-in: words in a free text, or a sign."""
    findings = [Finding(flag, flag_grade(family, flag)) for flag in flags]
    return _grading([_Found(_flag_rule(f.grade), f, Item.OTHER) for f in findings], frozenset())


def is_emergency(family: Family, answers: Answers) -> bool:
    """Whether something answered so far is an emergency by itself: ask after every tap, and do not wait.

    A follow-up question that is still open does not count yet; `grade_check_in` counts it as "yes".
    """
    settled = [item for item in answers.items if item not in FOLLOW_UPS or item in answers.follow_ups]
    return any(
        finding.grade is Grade.E for item in settled for finding in item_findings(family, item, answers, hours=0)
    )


def arrow(previous: int | None, current: int) -> str:
    """How a score moved since the previous check-in, as one arrow; nothing without a previous one."""
    if previous is None:
        return ""
    return "→" if current == previous else ("↑" if current > previous else "↓")


def _item_findings(family: Family, answers: Answers, hours: float) -> list[_Found]:
    found: list[_Found] = []
    for item in answers.items:
        for finding in item_findings(family, item, answers, hours):
            found.append(_Found(_flag_rule(finding.grade), finding, item))
    return found


def _flag_rule(grade: Grade) -> int:
    """Rule 1 for an emergency, rule 2 for an alert; what is only watched or noted belongs to none."""
    if grade is Grade.E:
        return 1
    return 2 if grade >= Grade.U else 0


def _abandoned(answers: Answers) -> list[_Found]:
    """Rule 11. Nothing is added to what is watched: it was not asked to the end."""
    high = [question for question in SYMPTOMS if answers.scores.get(question, 0) >= 2]
    return [_Found(11, Finding(None, Grade.WATCH), question) for question in high]


def _grading(found: Sequence[_Found], watched: frozenset[Question | Item]) -> Grading:
    grade = max((entry.finding.grade for entry in found), default=Grade.NONE)
    flags = tuple(flag for flag in Flag if any(entry.finding.flag is flag for entry in found))
    reasks = [entry.finding.reask_hours for entry in found if entry.finding.reask_hours is not None]
    signs = {sign for flag in flags for sign in SIGNS_TO_RULE_OUT.get(flag, ())}
    return Grading(
        grade=grade,
        flags=flags,
        rules=tuple(sorted({entry.rule for entry in found if entry.rule})),
        emergency_text=grade is Grade.E,
        ask_photo=not PHOTO_WANTED.isdisjoint(flags),
        ask_signs=() if grade is Grade.E else tuple(sign for sign in UrgentSign if sign in signs),
        reask_hours=min(reasks) if reasks and grade is Grade.WATCH else None,
        watched=watched,
        digest_only=grade is Grade.DIGEST,
    )
