"""What a patient may still answer about a visit."""

import pytest

from messages.appointment_states import EXPECTED, VisitAnswer, answers_left


@pytest.mark.parametrize(
    ("state", "left"),
    [
        ("booked", ("confirmed", "move_asked", "cannot_come")),
        ("confirmed", ("move_asked", "cannot_come")),
        ("move_asked", ("confirmed", "cannot_come")),
        ("cannot_come", ("confirmed", "move_asked")),
        ("moved", ()),
        ("cancelled", ()),
        ("fulfilled", ()),
    ],
)
def test_everything_but_what_was_answered(state: str, left: tuple[str, ...]) -> None:
    assert tuple(answer.value for answer in answers_left(state)) == left


def test_every_answer_leads_to_a_state_in_which_the_visit_stands() -> None:
    assert {answer.value for answer in VisitAnswer} <= EXPECTED
