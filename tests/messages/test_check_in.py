import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.care_plan import ALL_PLANS, CheckKind, Family
from messages.check_in import (
    FOLLOW_UPS,
    Answers,
    Ask,
    AskFollowUp,
    AskItems,
    AskOther,
    Done,
    Form,
    Item,
    Question,
    Stage,
    follow_up_of,
    form_of,
    next_stage,
    one_back,
)
from messages.errors import OutOfDate

S, B, P, U = Question.SWELLING, Question.BRUISING, Question.PAIN, Question.USUAL_PAIN
ELSE = Question.ANYTHING_ELSE
FULL = Form((S, B, P, ELSE))
LATE = Form((ELSE,), late=True)
SCORED = Answers(scores={S: 0, B: 1, P: 2})


@pytest.mark.parametrize("family", Family)
def test_every_step_of_every_plan_has_its_form(family: Family) -> None:
    plan = ALL_PLANS[family]
    for step in (*plan.steps, *plan.late_steps):
        outcome = family is Family.PAIN and step.key in {"after_72h", "eve"}
        expected = LATE if step.kind is CheckKind.LATE else Form((S, U if outcome else B, P, ELSE))
        assert form_of(family, step.key, step.kind) == expected


def test_asking_again_asks_everything() -> None:
    assert form_of(Family.PAIN, "reask", CheckKind.REASK) == FULL


def test_four_taps_when_all_is_well() -> None:
    answers = Answers()
    for question in (S, B, P):
        assert next_stage(FULL, answers, items_closed=False) == Ask(question)
        answers = answers.with_score(question, 0)
    assert next_stage(FULL, answers, items_closed=False) == Ask(ELSE)
    assert next_stage(FULL, answers.with_nothing_else(), items_closed=False) == Done()


def test_a_late_check_is_one_tap() -> None:
    assert next_stage(LATE, Answers(), items_closed=False) == Ask(ELSE)
    assert next_stage(LATE, Answers().with_nothing_else(), items_closed=False) == Done()


@pytest.mark.parametrize(
    ("items", "follow_ups", "closed", "stage"),
    [
        ((), {}, False, AskItems()),
        ((), {}, True, AskItems()),
        ((Item.ITCH,), {}, False, AskItems()),
        ((Item.ITCH,), {}, True, Done()),
        ((Item.EYE, Item.LUMP), {}, True, AskFollowUp(Item.LUMP)),
        ((Item.EYE, Item.LUMP), {Item.LUMP: False}, True, AskFollowUp(Item.EYE)),
        ((Item.EYE, Item.LUMP), {Item.LUMP: False, Item.EYE: True}, True, Done()),
        ((Item.OTHER,), {}, True, AskOther()),
        ((Item.OTHER, Item.REDNESS), {}, True, AskFollowUp(Item.REDNESS)),
    ],
)
def test_the_list_its_follow_ups_and_the_free_text(
    items: tuple[Item, ...], follow_ups: dict[Item, bool], closed: bool, stage: Stage
) -> None:
    answers = SCORED.with_something_else()
    for item in items:
        answers = answers.with_item(item, chosen=True)
    for item, yes in follow_ups.items():
        answers = answers.with_follow_up(item, yes)
    assert next_stage(FULL, answers, items_closed=closed) == stage


def test_the_free_text_of_other_ends_the_check() -> None:
    answers = SCORED.with_item(Item.OTHER, chosen=True).with_other_text()
    assert next_stage(FULL, answers, items_closed=True) == Done()


@pytest.mark.parametrize("item", Item)
def test_only_arrows_have_a_follow_up(item: Item) -> None:
    answers = SCORED.with_item(item, chosen=True).with_other_text()
    expected = AskFollowUp(item) if item in FOLLOW_UPS else Done()
    assert next_stage(FULL, answers, items_closed=True) == expected


@pytest.mark.parametrize(
    ("item", "higher"),
    [
        (Item.REDNESS, "U3"),
        (Item.LUMP, "U6"),
        (Item.SKIN_COLOUR, "U1"),
        (Item.EYE, "E3"),
        (Item.FACE_WEAKNESS, "E5"),
    ],
)
def test_follow_ups_name_their_higher_flag(item: Item, higher: str) -> None:
    assert FOLLOW_UPS[item].higher == higher
    assert FOLLOW_UPS[item].key == f"patient.follow_up.{item}"


def test_a_lump_after_lipo_is_asked_about_differently() -> None:
    lipo, face = follow_up_of(Family.LIPO, Item.LUMP), follow_up_of(Family.FACE, Item.LUMP)
    assert lipo is not None
    assert face is not None
    assert (lipo.key, lipo.higher) == ("patient.follow_up.lump_lipo", "U6")
    assert face.key == "patient.follow_up.lump"
    assert follow_up_of(Family.LIPO, Item.EYE) == FOLLOW_UPS[Item.EYE]
    assert follow_up_of(Family.FACE, Item.ITCH) is None


def test_a_repeated_tap_changes_nothing() -> None:
    once = Answers().with_score(S, 2)
    assert once.with_score(S, 2) == once
    item = SCORED.with_item(Item.FEVER, chosen=True)
    assert item.with_item(Item.FEVER, chosen=True) == item
    assert SCORED.with_nothing_else().with_nothing_else() == SCORED.with_nothing_else()


def test_a_late_nothing_else_does_not_erase_a_red_flag() -> None:
    answers = SCORED.with_item(Item.FEVER, chosen=True)
    assert answers.with_nothing_else() == answers


def test_toggling_twice_restores_and_drops_the_follow_up() -> None:
    chosen = SCORED.with_item_toggled(Item.EYE).with_follow_up(Item.EYE, True)
    assert chosen.items == {Item.EYE}
    assert chosen.with_item_toggled(Item.EYE).follow_ups == {}


def test_choosing_an_item_withdraws_nothing_else() -> None:
    assert not SCORED.with_nothing_else().with_item(Item.ITCH, chosen=True).nothing_else


@pytest.mark.parametrize(("question", "score"), [(S, 4), (S, -1), (B, 4), (P, 4), (U, 11), (U, -1), (ELSE, 0)])
def test_scores_that_no_button_has_are_refused(question: Question, score: int) -> None:
    with pytest.raises(OutOfDate):
        Answers().with_score(question, score)


@pytest.mark.parametrize(("question", "score"), [(S, 3), (S, 0), (U, 10), (U, 0)])
def test_the_ends_of_the_scales_are_taken(question: Question, score: int) -> None:
    assert Answers().with_score(question, score).scores == {question: score}


@pytest.mark.parametrize("item", [Item.ITCH, Item.EYE])
def test_a_follow_up_that_was_not_asked_is_refused(item: Item) -> None:
    with pytest.raises(OutOfDate):
        SCORED.with_item(Item.ITCH, chosen=True).with_follow_up(item, True)


def test_answers_are_never_changed_in_place() -> None:
    answers = Answers()
    answers.with_score(S, 1).with_item(Item.EYE, chosen=True).with_follow_up(Item.EYE, True)
    assert answers == Answers()


def test_back_takes_the_last_answer_away() -> None:
    follow = SCORED.with_item(Item.EYE, chosen=True).with_follow_up(Item.EYE, False)
    answers, closed = one_back(FULL, follow, items_closed=True)
    assert (next_stage(FULL, answers, items_closed=closed), closed) == (AskFollowUp(Item.EYE), True)
    answers, closed = one_back(FULL, answers, items_closed=closed)
    assert next_stage(FULL, answers, items_closed=closed) == AskItems()
    answers, closed = one_back(FULL, answers, items_closed=closed)
    assert next_stage(FULL, answers, items_closed=closed) == Ask(ELSE)
    for question in (P, B, S):
        answers, closed = one_back(FULL, answers, items_closed=closed)
        assert next_stage(FULL, answers, items_closed=closed) == Ask(question)
    assert one_back(FULL, answers, items_closed=closed) == (Answers(), False)


def test_back_after_nothing_else_asks_it_again() -> None:
    answers, closed = one_back(FULL, SCORED.with_nothing_else(), items_closed=False)
    assert next_stage(FULL, answers, items_closed=closed) == Ask(ELSE)


@st.composite
def tapped(draw: st.DrawFn) -> tuple[Answers, bool]:
    """Whatever a person and a slow network may do, in any order."""
    answers = Answers()
    for _ in range(draw(st.integers(0, 12))):
        match draw(st.integers(0, 4)):
            case 0:
                answers = answers.with_score(draw(st.sampled_from([S, B, P])), draw(st.integers(0, 3)))
            case 1:
                answers = answers.with_item(draw(st.sampled_from(Item)), chosen=draw(st.booleans()))
            case 2:
                answers = answers.with_nothing_else()
            case 3:
                answers = answers.with_something_else()
            case _:
                asked = sorted(answers.items & FOLLOW_UPS.keys())
                if asked:
                    answers = answers.with_follow_up(draw(st.sampled_from(asked)), draw(st.booleans()))
    return answers, draw(st.booleans())


@given(tapped())
def test_going_back_always_reaches_the_start(state: tuple[Answers, bool]) -> None:
    answers, closed = state
    for _ in range(10):
        answers, closed = one_back(FULL, answers, items_closed=closed)
    assert (answers, closed) == (Answers(), False)


@given(tapped())
def test_stored_answers_come_back_as_they_were(state: tuple[Answers, bool]) -> None:
    answers = state[0]
    assert Answers.from_data(json.loads(json.dumps(answers.as_data()))) == answers


def test_missing_parts_of_stored_answers_mean_not_answered() -> None:
    assert Answers.from_data({}) == Answers()


@given(tapped())
def test_done_means_that_nothing_is_left_to_ask(state: tuple[Answers, bool]) -> None:
    answers, closed = state
    if next_stage(FULL, answers, items_closed=closed) == Done():
        assert set(answers.scores) == {S, B, P}
        assert answers.nothing_else or (answers.items and closed)
        assert answers.nothing_else or answers.follow_ups.keys() == answers.items & FOLLOW_UPS.keys()
