"""The states of an appointment, and what a patient's answer makes of them."""

from enum import StrEnum

EXPECTED = frozenset({"booked", "confirmed", "move_asked", "cannot_come"})
"""The visit stands until somebody of the clinic moves or cancels it, whatever the patient has said."""


class VisitAnswer(StrEnum):
    """What a patient can answer to a reminder. The value is the state it leads to."""

    CONFIRM = "confirmed"
    MOVE = "move_asked"
    CANNOT_COME = "cannot_come"


BUTTON_KEYS = {
    VisitAnswer.CONFIRM: "button.confirm",
    VisitAnswer.MOVE: "button.move",
    VisitAnswer.CANNOT_COME: "button.cannot_come",
}


def is_expected(state: str) -> bool:
    """Whether a visit in this state is still to take place."""
    return state in EXPECTED


def answers_left(state: str) -> tuple[VisitAnswer, ...]:
    """What a patient may still answer: everything but what they have answered."""
    return tuple(answer for answer in VisitAnswer if answer.value != state) if is_expected(state) else ()
