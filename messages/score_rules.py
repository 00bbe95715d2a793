"""The rules about scores: 3 to 8 and 10 of docs/clinical.md, as small functions over plain numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from messages.care_plan import Family, Symptom, plan_of
from messages.check_in import Item, Question
from messages.flags import Finding, Flag, Grade

SYMPTOMS: Mapping[Question, Symptom] = {
    Question.SWELLING: Symptom.SWELLING,
    Question.BRUISING: Symptom.BRUISE,
    Question.PAIN: Symptom.PAIN,
}
"""The questions scored 0 to 3, and the window of each. The usual pain is an outcome with its own rule."""

WORSE_AFTER = 48
BRUISE_SINKS_UNTIL = 72
SETTLED_FROM = 72
WEEK = 7 * 24
USUAL_PAIN_RISE = 2


@dataclass(frozen=True)
class Past:
    """An earlier check-in of the same session that has at least one answer.

    `hours` since the session's end; `watched` and `grade` as its own Grading said.
    """

    hours: float
    scores: Mapping[Question, int]
    watched: frozenset[Question | Item]
    complete: bool
    grade: Grade


@dataclass(frozen=True)
class Fired:
    """A rule that applied, to which question, and what it found."""

    rule: int
    about: Question
    finding: Finding


def score_rules(family: Family, scores: Mapping[Question, int], hours: float, history: Sequence[Past]) -> list[Fired]:
    """What rules 3, 4, 5, 6 and 8 say about the scores 0 to 3."""
    fired: list[Fired] = []
    for question, symptom in SYMPTOMS.items():
        if question in scores:
            window = plan_of(family).windows[symptom]
            fired += _one_score(family, question, scores[question], hours, window)
            if _rose(question, scores[question], hours, history):
                fired.append(Fired(4, question, Finding(Flag.U8, Grade.U)))
    return fired


def _one_score(family: Family, question: Question, score: int, hours: float, window: int) -> list[Fired]:
    fired: list[Fired] = []
    if score == 3:
        fired.append(Fired(3, question, Finding(Flag.SCORE3, Grade.U)))
    if score >= 2 and hours > window:
        fired.append(Fired(5, question, Finding(Flag.WINDOW, Grade.U)))
    if score == 2 and hours <= window:
        slow = family is Family.LIPO or question is Question.BRUISING
        fired.append(Fired(6, question, Finding(None, Grade.WATCH, 24 if slow else 12)))
    if score == 1 and hours > window + WEEK:
        fired.append(Fired(8, question, Finding(Flag.WINDOW, Grade.DIGEST)))
    return fired


def _rose(question: Question, score: int, hours: float, history: Sequence[Past]) -> bool:
    """Rule 4: worse than when last asked. Bruises darken or sink on days 1 to 3: one step is not counted."""
    before = next((past.scores[question] for past in reversed(history) if question in past.scores), None)
    if before is None or hours < WORSE_AFTER:
        return False
    sinking = question is Question.BRUISING and hours <= BRUISE_SINKS_UNTIL and score == before + 1 <= 2
    return score > before and not sinking


def not_falling(
    family: Family, watched: frozenset[Question | Item], hours: float, history: Sequence[Past]
) -> frozenset[Question | Item]:
    """Rule 7: what is graded W for the second time in a row, from 48 hours on (`lipo` 96). Never a bruise.

    A lump after `lipo` is left to its own 28 days: it is usual, and asked about again only after a week.
    """
    if not history or hours < (96 if family is Family.LIPO else 48):
        return frozenset()
    slow: set[Question | Item] = {Question.BRUISING}
    if family is Family.LIPO:
        slow.add(Item.LUMP)
    return (watched & history[-1].watched) - slow


def usual_pain_rose(scores: Mapping[Question, int], before: int | None) -> bool:
    """Whether the usual pain (0–10) is 2 or more above its value before the session."""
    now = scores.get(Question.USUAL_PAIN)
    return now is not None and before is not None and now - before >= USUAL_PAIN_RISE


def all_well_twice(scores: Mapping[Question, int], hours: float, history: Sequence[Past]) -> bool:
    """Rule 10: everything 0 in two check-ins in a row that found nothing, the second from 72 hours on."""
    if not history or hours < SETTLED_FROM:
        return False
    previous = history[-1]
    calm_before = previous.complete and previous.grade is Grade.NONE and _all_zero(previous.scores)
    return calm_before and _all_zero(scores)


def _all_zero(scores: Mapping[Question, int]) -> bool:
    given = [score for question, score in scores.items() if question in SYMPTOMS]
    return bool(given) and not any(given)
