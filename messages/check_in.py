"""A check-in: what it asks, what has been answered, and what comes next.

Answers are immutable and every tap sets a state instead of flipping one: a repeated or late tap is harmless.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import cast

from messages.care_plan import CheckKind, Family
from messages.errors import OutOfDate


class Question(StrEnum):
    """What a check-in asks. All but the last are scored: 0–3, the usual pain 0–10."""

    SWELLING = "swelling"
    BRUISING = "bruising"
    PAIN = "pain"
    USUAL_PAIN = "usual_pain"
    ANYTHING_ELSE = "anything_else"


class Item(StrEnum):
    """The list under "something else", in the order in which it is shown."""

    ITCH = "itch"
    REDNESS = "redness"
    FEVER = "fever"
    PUS = "pus"
    LUMP = "lump"
    SKIN_COLOUR = "skin_colour"
    BRUISE_GROWING = "bruise_growing"
    RASH = "rash"
    EYE = "eye"
    FACE_WEAKNESS = "face_weakness"
    COLD_SORE = "cold_sore"
    DENT = "dent"
    HEADACHE = "headache"
    BREATHING = "breathing"
    OTHER = "other"


class UrgentSign(StrEnum):
    """The list under the Urgent button: the ids of docs/clinical.md."""

    E1 = "E1"
    E2 = "E2"
    E3 = "E3"
    E4 = "E4"
    E5 = "E5"
    E6 = "E6"
    U1 = "U1"


@dataclass(frozen=True)
class FollowUp:
    """One yes-or-no question about an item: `key` is its text; yes, or no answer, means the flag `higher`."""

    key: str
    higher: str


FOLLOW_UPS: Mapping[Item, FollowUp] = MappingProxyType(
    {
        Item.REDNESS: FollowUp("patient.follow_up.redness", "U3"),
        Item.LUMP: FollowUp("patient.follow_up.lump", "U6"),
        Item.SKIN_COLOUR: FollowUp("patient.follow_up.skin_colour", "U1"),
        Item.EYE: FollowUp("patient.follow_up.eye", "E3"),
        Item.FACE_WEAKNESS: FollowUp("patient.follow_up.face_weakness", "E5"),
    }
)


def follow_up_of(family: Family, item: Item) -> FollowUp | None:
    """The question that an item leads to. In `lipo` a lump is usual, so it is asked about differently."""
    if family is Family.LIPO and item is Item.LUMP:
        return FollowUp("patient.follow_up.lump_lipo", "U6")
    return FOLLOW_UPS.get(item)


@dataclass(frozen=True)
class Form:
    """What one check-in asks, in order. A late check is one tap: nothing new, or the list."""

    questions: tuple[Question, ...]
    late: bool = False

    @property
    def scored(self) -> tuple[Question, ...]:
        """The questions that are answered with a number."""
        return tuple(question for question in self.questions if question is not Question.ANYTHING_ELSE)


def form_of(family: Family, step_key: str, kind: CheckKind) -> Form:
    """The form of a check: `step_key` is the key of its plan step.

    For `pain` the usual pain replaces bruising at 72 hours and on the eve of the next session: it is the
    outcome.
    """
    if kind is CheckKind.LATE:
        return Form((Question.ANYTHING_ELSE,), late=True)
    outcome = family is Family.PAIN and (step_key == "after_72h" or kind is CheckKind.EVE)
    second = Question.USUAL_PAIN if outcome else Question.BRUISING
    return Form((Question.SWELLING, second, Question.PAIN, Question.ANYTHING_ELSE))


def highest_score(question: Question) -> int:
    """The highest number that a scored question takes. Raises OutOfDate for the one that takes none."""
    if question is Question.ANYTHING_ELSE:
        raise OutOfDate
    return 10 if question is Question.USUAL_PAIN else 3


@dataclass(frozen=True)
class Answers:
    """What a patient has answered so far.

    `something_else` says that the list was opened; `other_text` that the free text asked for has arrived.
    The methods return changed copies and raise OutOfDate for what no button of ours sends.
    """

    scores: Mapping[Question, int] = field(default_factory=dict)
    items: frozenset[Item] = frozenset()
    follow_ups: Mapping[Item, bool] = field(default_factory=dict)
    nothing_else: bool = False
    something_else: bool = False
    other_text: bool = False

    def with_score(self, question: Question, score: int) -> "Answers":
        """The question answered with `score`; answering it again replaces the number."""
        if not 0 <= score <= highest_score(question):
            raise OutOfDate
        return replace(self, scores={**self.scores, question: score})

    def with_nothing_else(self) -> "Answers":
        """Nothing else to report. Ignored when an item is chosen: a late tap must not erase a red flag."""
        return self if self.items else replace(self, nothing_else=True, something_else=False)

    def with_something_else(self) -> "Answers":
        """The list opened."""
        return replace(self, something_else=True, nothing_else=False)

    def with_item(self, item: Item, *, chosen: bool) -> "Answers":
        """The item set to chosen or not, however often it is tapped."""
        items = self.items | {item} if chosen else self.items - {item}
        follow_ups = {key: yes for key, yes in self.follow_ups.items() if key in items}
        return replace(self, items=items, follow_ups=follow_ups, something_else=True, nothing_else=False)

    def with_item_toggled(self, item: Item) -> "Answers":
        """The item flipped. Two taps undo each other: prefer `with_item` where the button can say which."""
        return self.with_item(item, chosen=item not in self.items)

    def with_follow_up(self, item: Item, yes: bool) -> "Answers":
        """The follow-up question of a chosen item answered."""
        if item not in FOLLOW_UPS or item not in self.items:
            raise OutOfDate
        return replace(self, follow_ups={**self.follow_ups, item: yes})

    def with_other_text(self) -> "Answers":
        """The free text of "other" has arrived; it is kept and passed on elsewhere."""
        return replace(self, other_text=True)

    def as_data(self) -> dict[str, object]:
        """Plain data for storing as JSON."""
        return {
            "scores": {question.value: score for question, score in self.scores.items()},
            "items": [item.value for item in Item if item in self.items],
            "follow_ups": {item.value: yes for item, yes in self.follow_ups.items()},
            "nothing_else": self.nothing_else,
            "something_else": self.something_else,
            "other_text": self.other_text,
        }

    @classmethod
    def from_data(cls, data: Mapping[str, object]) -> "Answers":
        """What `as_data` gave. Missing parts mean not answered; unknown names raise ValueError."""
        scores = cast(Mapping[str, int], data.get("scores", {}))
        follow_ups = cast(Mapping[str, bool], data.get("follow_ups", {}))
        return cls(
            scores={Question(name): score for name, score in scores.items()},
            items=frozenset(Item(name) for name in cast(list[str], data.get("items", []))),
            follow_ups={Item(name): yes for name, yes in follow_ups.items()},
            nothing_else=bool(data.get("nothing_else", False)),
            something_else=bool(data.get("something_else", False)),
            other_text=bool(data.get("other_text", False)),
        )


@dataclass(frozen=True)
class Ask:
    """Ask this question."""

    question: Question


@dataclass(frozen=True)
class AskItems:
    """Show the list, with what is chosen, until the patient closes it."""


@dataclass(frozen=True)
class AskFollowUp:
    """Ask the follow-up question of this item."""

    item: Item


@dataclass(frozen=True)
class AskOther:
    """Ask for the free text of "other"."""


@dataclass(frozen=True)
class Done:
    """Everything is answered."""


Stage = Ask | AskItems | AskFollowUp | AskOther | Done


def next_stage(form: Form, answers: Answers, *, items_closed: bool) -> Stage:
    """What to show after these answers. It depends on nothing else, so a repeated tap shows the same again.

    `items_closed` is whether the patient has closed the list. A list closed empty stays open: it says
    nothing.
    """
    for question in form.scored:
        if question not in answers.scores:
            return Ask(question)
    if answers.nothing_else:
        return Done()
    if not answers.something_else:
        return Ask(Question.ANYTHING_ELSE)
    if not items_closed or not answers.items:
        return AskItems()
    for item in Item:
        if item in answers.items and item in FOLLOW_UPS and item not in answers.follow_ups:
            return AskFollowUp(item)
    return AskOther() if Item.OTHER in answers.items and not answers.other_text else Done()


def one_back(form: Form, answers: Answers, *, items_closed: bool) -> tuple[Answers, bool]:
    """The answers and `items_closed` one stage earlier: the last one taken back. At the start, unchanged."""
    if items_closed:
        answered = [item for item in Item if item in answers.follow_ups]
        if not answered:
            return answers, False
        kept = {item: yes for item, yes in answers.follow_ups.items() if item is not answered[-1]}
        return replace(answers, follow_ups=kept), True
    if answers.nothing_else or answers.something_else:
        cleared = replace(answers, nothing_else=False, something_else=False, items=frozenset(), follow_ups={})
        return cleared, False
    given = [question for question in form.scored if question in answers.scores]
    kept_scores = {question: score for question, score in answers.scores.items() if question not in given[-1:]}
    return replace(answers, scores=kept_scores), False
