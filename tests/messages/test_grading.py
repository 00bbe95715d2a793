from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.care_plan import CheckKind, Family
from messages.check_in import (
    FOLLOW_UPS,
    Answers,
    Form,
    Item,
    Question,
    UrgentSign,
    form_of,
)
from messages.grading import (
    Flag,
    Grade,
    Grading,
    Past,
    arrow,
    flag_grade,
    grade_check_in,
    grade_sign,
    grade_words,
    is_emergency,
)

S, B, P = Question.SWELLING, Question.BRUISING, Question.PAIN
FULL = form_of(Family.FACE, "after_24h", CheckKind.ROUTINE)
LATE = form_of(Family.FACE, "late_28d", CheckKind.LATE)
OUTCOME = form_of(Family.PAIN, "eve", CheckKind.EVE)
HEAD = (Family.FACE, Family.EYE, Family.SCALP)


def answered(
    scores: tuple[int, int, int] = (0, 0, 0), *items: Item, follow_ups: Mapping[Item, bool] | None = None
) -> Answers:
    """A complete check-in: swelling, bruising, pain, then the items or nothing else."""
    return Answers(
        scores=dict(zip((S, B, P), scores, strict=True)),
        items=frozenset(items),
        follow_ups=follow_ups or {},
        nothing_else=not items,
        something_else=bool(items),
        other_text=Item.OTHER in items,
    )


def graded(
    answers: Answers,
    hours: float,
    *history: Past,
    family: Family = Family.FACE,
    form: Form = FULL,
    usual_pain_before: int | None = None,
) -> Grading:
    return grade_check_in(family, form, answers, hours=hours, history=history, usual_pain_before=usual_pain_before)


def past(
    scores: tuple[int, int, int],
    *watched: Question | Item,
    grade: Grade = Grade.NONE,
    complete: bool = True,
    hours: float = 24,
) -> Past:
    return Past(hours, dict(zip((S, B, P), scores, strict=True)), frozenset(watched), complete, grade)


def item_graded(item: Item, hours: float, *, yes: bool | None = None, family: Family = Family.FACE) -> Grading:
    follow_ups = {} if yes is None else {item: yes}
    return graded(answered((0, 0, 0), item, follow_ups=follow_ups), hours, family=family)


def test_stored_grades_keep_their_numbers() -> None:
    assert [(grade.name, grade.value) for grade in Grade] == [
        ("NONE", 0),
        ("DIGEST", 1),
        ("WATCH", 2),
        ("U", 3),
        ("U_NOW", 4),
        ("E", 5),
    ]


# Rules 1 and 2: the list and its follow-up questions.


@pytest.mark.parametrize("family", Family)
@pytest.mark.parametrize(
    ("item", "yes", "hours", "grade", "flags", "rules"),
    [
        (Item.BREATHING, None, 1, Grade.E, (Flag.E1, Flag.E2), (1,)),
        (Item.FEVER, None, 30, Grade.U, (Flag.U5,), (2,)),
        (Item.PUS, None, 30, Grade.U, (Flag.U4,), (2,)),
        (Item.BRUISE_GROWING, None, 30, Grade.U_NOW, (Flag.U7,), (2,)),
        (Item.RASH, None, 30, Grade.U, (Flag.U2,), (2,)),
        (Item.COLD_SORE, None, 30, Grade.U, (Flag.U10,), (2,)),
        (Item.EYE, True, 30, Grade.E, (Flag.E3,), (1,)),
        (Item.EYE, None, 30, Grade.E, (Flag.E3,), (1,)),
        (Item.EYE, False, 30, Grade.U, (Flag.U11,), (2,)),
        (Item.FACE_WEAKNESS, True, 30, Grade.E, (Flag.E5,), (1,)),
        (Item.FACE_WEAKNESS, None, 30, Grade.E, (Flag.E5,), (1,)),
        (Item.FACE_WEAKNESS, False, 30, Grade.U, (Flag.U9,), (2,)),
        (Item.REDNESS, True, 30, Grade.U, (Flag.U3,), (2,)),
        (Item.REDNESS, None, 30, Grade.U, (Flag.U3,), (2,)),
        (Item.REDNESS, False, 30, Grade.WATCH, (Flag.W1,), ()),
        (Item.LUMP, True, 30, Grade.U, (Flag.U6,), (2,)),
        (Item.LUMP, None, 30, Grade.U, (Flag.U6,), (2,)),
        (Item.SKIN_COLOUR, False, 30, Grade.DIGEST, (Flag.W3,), ()),
        (Item.DENT, None, 30, Grade.DIGEST, (Flag.W4,), ()),
        (Item.ITCH, None, 30, Grade.WATCH, (Flag.W1,), ()),
        (Item.HEADACHE, None, 24, Grade.WATCH, (Flag.W5,), ()),
        (Item.HEADACHE, None, 24.01, Grade.U, (Flag.W5,), (2,)),
        (Item.OTHER, None, 30, Grade.DIGEST, (), ()),
    ],
)
def test_every_item_and_its_follow_up(
    family: Family,
    item: Item,
    yes: bool | None,
    hours: float,
    grade: Grade,
    flags: tuple[Flag, ...],
    rules: tuple[int, ...],
) -> None:
    result = item_graded(item, hours, yes=yes, family=family)
    assert (result.grade, result.flags, result.rules) == (grade, flags, rules)
    assert result.emergency_text == (grade is Grade.E)
    assert result.digest_only == (grade is Grade.DIGEST)


@pytest.mark.parametrize("yes", [True, None])
@pytest.mark.parametrize("family", Family)
def test_a_changed_skin_colour_is_an_emergency_on_the_head_and_immediate_elsewhere(
    family: Family, yes: bool | None
) -> None:
    result = item_graded(Item.SKIN_COLOUR, 30, yes=yes, family=family)
    expected = Grade.E if family in HEAD else Grade.U_NOW
    assert (result.grade, result.flags) == (expected, (Flag.U1,))
    assert result.emergency_text == (family in HEAD)


def test_items_cover_the_whole_list_in_its_order() -> None:
    assert ", ".join(Item) == (
        "itch, redness, fever, pus, lump, skin_colour, bruise_growing, rash, eye, face_weakness, cold_sore, "
        "dent, headache, breathing, other"
    )
    assert set(FOLLOW_UPS) == {Item.REDNESS, Item.LUMP, Item.SKIN_COLOUR, Item.EYE, Item.FACE_WEAKNESS}


@pytest.mark.parametrize(
    ("family", "window"),
    [
        (Family.FACE, 48),
        (Family.EYE, 72),
        (Family.SCALP, 48),
        (Family.LIPO, 72),
        (Family.CELL, 72),
        (Family.PAIN, 48),
    ],
)
def test_redness_that_does_not_spread_is_watched_until_the_end_of_its_window(family: Family, window: int) -> None:
    inside = item_graded(Item.REDNESS, window, yes=False, family=family)
    after = item_graded(Item.REDNESS, window + 0.01, yes=False, family=family)
    assert (inside.grade, inside.flags, inside.reask_hours) == (Grade.WATCH, (Flag.W1,), 12)
    assert (after.grade, after.flags) == (Grade.U, (Flag.U3,))


@pytest.mark.parametrize("family", [family for family in Family if family is not Family.LIPO])
def test_a_fresh_lump_is_watched_for_a_week(family: Family) -> None:
    fresh = item_graded(Item.LUMP, 167.99, yes=False, family=family)
    late = item_graded(Item.LUMP, 168, yes=False, family=family)
    assert (fresh.grade, fresh.flags, fresh.reask_hours) == (Grade.WATCH, (Flag.W1,), 12)
    assert (late.grade, late.flags, late.reask_hours) == (Grade.U, (Flag.U6,), None)


def test_a_painless_lump_after_lipo_is_watched_for_28_days() -> None:
    usual = item_graded(Item.LUMP, 672, yes=False, family=Family.LIPO)
    late = item_graded(Item.LUMP, 672.01, yes=False, family=Family.LIPO)
    growing = item_graded(Item.LUMP, 100, yes=True, family=Family.LIPO)
    assert (usual.grade, usual.flags, usual.reask_hours) == (Grade.WATCH, (Flag.W2,), 168)
    assert (late.grade, late.flags) == (Grade.U, (Flag.U6,))
    assert (growing.grade, growing.flags) == (Grade.U, (Flag.U6,))


@pytest.mark.parametrize(
    ("item", "yes", "signs"),
    [
        (Item.RASH, None, (UrgentSign.E1, UrgentSign.E2)),
        (Item.FEVER, None, (UrgentSign.E6,)),
        (Item.FACE_WEAKNESS, False, (UrgentSign.E4, UrgentSign.E5)),
        (Item.EYE, False, (UrgentSign.E3,)),
        (Item.PUS, None, ()),
        (Item.EYE, True, ()),
    ],
)
def test_some_flags_ask_at_once_for_the_emergency_behind_them(
    item: Item, yes: bool | None, signs: tuple[UrgentSign, ...]
) -> None:
    assert item_graded(item, 30, yes=yes).ask_signs == signs


def test_several_flags_ask_for_all_their_signs_in_order() -> None:
    result = graded(answered((0, 0, 0), Item.FEVER, Item.RASH), 30)
    assert result.ask_signs == (UrgentSign.E1, UrgentSign.E2, UrgentSign.E6)


@pytest.mark.parametrize("item", Item)
def test_a_photo_is_asked_for_spreading_redness_and_for_pus(item: Item) -> None:
    assert item_graded(item, 30).ask_photo == (item in {Item.REDNESS, Item.PUS})


@pytest.mark.parametrize(("item", "hours"), [(Item.ITCH, 12), (Item.HEADACHE, 24)])
def test_watched_items_are_asked_about_again(item: Item, hours: int) -> None:
    result = item_graded(item, 20)
    assert (result.reask_hours, result.watched) == (hours, frozenset({item}))


def test_the_soonest_time_to_ask_again_wins() -> None:
    assert graded(answered((0, 2, 0), Item.ITCH), 20).reask_hours == 12


# Rules 3 to 8: the scores.


@pytest.mark.parametrize("family", Family)
@pytest.mark.parametrize("scores", [(3, 0, 0), (0, 3, 0), (0, 0, 3)])
def test_rule_3_any_score_of_three_is_an_alert(family: Family, scores: tuple[int, int, int]) -> None:
    result = graded(answered(scores), 3, family=family)
    assert (result.grade, result.flags, result.rules) == (Grade.U, (Flag.SCORE3,), (3,))


@pytest.mark.parametrize(
    ("before", "now", "hours", "alert"),
    [
        ((0, 0, 0), (1, 0, 0), 48, True),
        ((0, 0, 0), (1, 0, 0), 47.99, False),
        ((0, 0, 0), (0, 0, 1), 48, True),
        ((1, 0, 0), (1, 0, 0), 48, False),
        ((1, 0, 0), (0, 0, 0), 48, False),
        ((0, 0, 0), (0, 1, 0), 48, False),
        ((0, 1, 0), (0, 2, 0), 72, False),
        ((0, 1, 0), (0, 2, 0), 72.01, True),
        ((0, 0, 0), (0, 1, 0), 72.01, True),
        ((0, 0, 0), (0, 2, 0), 60, True),
    ],
)
def test_rule_4_worse_than_before_from_48_hours_except_a_sinking_bruise(
    before: tuple[int, int, int], now: tuple[int, int, int], hours: float, alert: bool
) -> None:
    result = graded(answered(now), hours, past(before))
    assert (4 in result.rules, Flag.U8 in result.flags) == (alert, alert)
    assert (result.grade is Grade.U) == alert


def test_rule_4_a_bruise_that_sinks_to_three_is_not_excused() -> None:
    assert graded(answered((0, 3, 0)), 60, past((0, 2, 0))).rules == (3, 4)


def test_rule_4_compares_with_the_last_time_the_question_was_asked() -> None:
    outcome = Past(48, {S: 0, Question.USUAL_PAIN: 5, P: 0}, frozenset(), True, Grade.NONE)
    result = graded(answered((0, 2, 0)), 100, past((0, 1, 0)), outcome, family=Family.PAIN)
    assert 4 in result.rules


WINDOWS = [
    (Family.FACE, (72, 336, 48)),
    (Family.EYE, (120, 336, 72)),
    (Family.SCALP, (48, 240, 48)),
    (Family.LIPO, (336, 336, 168)),
    (Family.CELL, (120, 336, 120)),
    (Family.PAIN, (48, 336, 48)),
]


@pytest.mark.parametrize(("family", "windows"), WINDOWS)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_rules_5_and_6_a_two_is_watched_inside_its_window_and_an_alert_after(
    family: Family, windows: tuple[int, int, int], place: int
) -> None:
    scores = tuple(2 if index == place else 0 for index in range(3))
    inside = graded(answered((scores[0], scores[1], scores[2])), windows[place], family=family)
    after = graded(answered((scores[0], scores[1], scores[2])), windows[place] + 0.01, family=family)
    slow = family is Family.LIPO or place == 1
    assert (inside.grade, inside.rules, inside.flags) == (Grade.WATCH, (6,), ())
    assert inside.reask_hours == (24 if slow else 12)
    assert inside.watched == frozenset({(S, B, P)[place]})
    assert (after.grade, after.rules, after.flags) == (Grade.U, (5,), (Flag.WINDOW,))
    assert (after.reask_hours, after.watched) == (None, frozenset())


@pytest.mark.parametrize(("family", "windows"), WINDOWS)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_rule_8_a_one_a_week_after_its_window_is_for_the_digest(
    family: Family, windows: tuple[int, int, int], place: int
) -> None:
    scores = tuple(1 if index == place else 0 for index in range(3))
    end = windows[place] + 168
    usual = graded(answered((scores[0], scores[1], scores[2])), end, family=family)
    lasting = graded(answered((scores[0], scores[1], scores[2])), end + 0.01, family=family)
    assert (usual.grade, usual.rules, usual.digest_only) == (Grade.NONE, (9,), False)
    assert (lasting.grade, lasting.rules, lasting.digest_only) == (Grade.DIGEST, (8, 9), True)


@pytest.mark.parametrize(
    ("family", "hours", "alert"),
    [
        (Family.FACE, 47.99, False),
        (Family.FACE, 48, True),
        (Family.EYE, 48, True),
        (Family.CELL, 48, True),
        (Family.LIPO, 95.99, False),
        (Family.LIPO, 96, True),
    ],
)
def test_rule_7_watched_twice_in_a_row_is_an_alert(family: Family, hours: float, alert: bool) -> None:
    result = graded(answered((2, 0, 0)), hours, past((2, 0, 0), S, grade=Grade.WATCH), family=family)
    assert (7 in result.rules, Flag.NOT_FALLING in result.flags) == (alert, alert)
    assert result.grade is (Grade.U if alert else Grade.WATCH)


def test_rule_7_needs_the_same_thing_watched_in_the_check_just_before() -> None:
    watched = past((2, 0, 0), S, grade=Grade.WATCH)
    assert 7 not in graded(answered((2, 0, 0)), 60, watched, past((2, 0, 0), P)).rules
    assert 7 not in graded(answered((2, 0, 0)), 60).rules


def test_rule_7_counts_items_but_never_a_bruise() -> None:
    itch = past((0, 0, 0), Item.ITCH, grade=Grade.WATCH)
    bruise = past((0, 2, 0), B, grade=Grade.WATCH)
    assert graded(answered((0, 0, 0), Item.ITCH), 48, itch).rules == (7,)
    assert graded(answered((0, 2, 0)), 100, bruise).rules == (6,)


def test_rule_7_leaves_a_lump_after_lipo_to_its_28_days() -> None:
    before = past((0, 0, 0), Item.LUMP, grade=Grade.WATCH)
    answers = answered((0, 0, 0), Item.LUMP, follow_ups={Item.LUMP: False})
    assert graded(answers, 336, before, family=Family.LIPO).grade is Grade.WATCH
    assert graded(answers, 100, before, family=Family.CELL).rules == (7,)


# Rules 9 to 11.


@pytest.mark.parametrize("scores", [(0, 0, 0), (1, 1, 1)])
def test_rule_9_all_at_most_one_and_nothing_else_reassures(scores: tuple[int, int, int]) -> None:
    assert graded(answered(scores), 24) == Grading(Grade.NONE, rules=(9,))


@pytest.mark.parametrize("answers", [answered((2, 0, 0)), answered((0, 0, 0), Item.OTHER)])
def test_rule_9_does_not_reassure_otherwise(answers: Answers) -> None:
    assert 9 not in graded(answers, 24).rules


def test_rule_9_does_not_reassure_the_incomplete() -> None:
    assert graded(Answers(scores={S: 0}), 24).rules == ()


@pytest.mark.parametrize(
    ("before", "now", "hours", "skip"),
    [
        (past((0, 0, 0)), answered((0, 0, 0)), 72, True),
        (past((0, 0, 0)), answered((0, 0, 0)), 71.99, False),
        (past((0, 0, 1)), answered((0, 0, 0)), 72, False),
        (past((0, 0, 0)), answered((0, 1, 0)), 60, False),
        (past((0, 0, 0), complete=False), answered((0, 0, 0)), 72, False),
        (past((0, 0, 0), grade=Grade.DIGEST), answered((0, 0, 0)), 72, False),
        (past((0, 0, 0)), answered((0, 0, 0), Item.OTHER), 72, False),
    ],
)
def test_rule_10_all_zero_twice_leaves_out_the_routine_checks(
    before: Past, now: Answers, hours: float, skip: bool
) -> None:
    result = graded(now, hours, before)
    assert (result.skip_routine, 10 in result.rules) == (skip, skip)


def test_rule_10_needs_a_check_before_and_only_looks_at_the_latest() -> None:
    assert not graded(answered(), 72).skip_routine
    assert not graded(answered(), 72, past((0, 0, 0)), past((1, 0, 0))).skip_routine
    assert graded(answered(), 72, past((1, 0, 0)), past((0, 0, 0))).skip_routine


def test_rule_10_ignores_the_usual_pain_which_is_an_outcome() -> None:
    answers = Answers(scores={S: 0, Question.USUAL_PAIN: 6, P: 0}, nothing_else=True)
    result = graded(answers, 72, past((0, 0, 0)), family=Family.PAIN, form=OUTCOME, usual_pain_before=6)
    assert result.skip_routine


def test_rule_10_does_not_come_from_a_late_check_without_scores() -> None:
    assert not graded(Answers(nothing_else=True), 672, past((0, 0, 0)), form=LATE).skip_routine


@pytest.mark.parametrize(("score", "chased"), [(1, False), (2, True), (3, True)])
def test_rule_11_an_abandoned_check_with_a_two_is_chased_as_after_w(score: int, chased: bool) -> None:
    result = graded(Answers(scores={S: score}), 24)
    assert (11 in result.rules) == chased
    assert (result.grade >= Grade.WATCH) == chased


def test_rule_11_does_not_apply_to_a_complete_check_or_to_the_usual_pain() -> None:
    assert 11 not in graded(answered((2, 0, 0)), 24).rules
    usual = Answers(scores={S: 0, Question.USUAL_PAIN: 7})
    assert graded(usual, 24, family=Family.PAIN, form=OUTCOME).grade is Grade.NONE


@pytest.mark.parametrize(
    ("before", "now", "alert"), [(4, 5, False), (4, 6, True), (4, 9, True), (6, 4, False), (None, 10, False)]
)
def test_usual_pain_is_an_alert_from_two_above_its_value_before(before: int | None, now: int, alert: bool) -> None:
    answers = Answers(scores={S: 0, Question.USUAL_PAIN: now, P: 0}, nothing_else=True)
    result = graded(answers, 72, family=Family.PAIN, form=OUTCOME, usual_pain_before=before)
    assert result.grade is (Grade.U if alert else Grade.NONE)
    assert result.flags == ((Flag.PAIN_UP,) if alert else ())
    assert result.rules == ((2,) if alert else (9,))


def test_a_late_check_is_one_tap() -> None:
    assert graded(Answers(nothing_else=True), 672, form=LATE) == Grading(Grade.NONE, rules=(9,))
    lump = Answers(items=frozenset({Item.LUMP}), something_else=True, follow_ups={Item.LUMP: False})
    assert graded(lump, 672, form=LATE).flags == (Flag.U6,)


def test_the_highest_grade_wins_and_everything_found_is_kept() -> None:
    result = graded(answered((3, 2, 0), Item.FEVER, Item.BREATHING, Item.ITCH), 24)
    assert result.grade is Grade.E
    assert result.flags == (Flag.E1, Flag.E2, Flag.U5, Flag.SCORE3, Flag.W1)
    assert result.rules == (1, 2, 3, 6)
    assert (result.emergency_text, result.ask_signs, result.reask_hours) == (True, (), None)


# Signs, words, and single findings.


@pytest.mark.parametrize("family", Family)
@pytest.mark.parametrize("sign", UrgentSign)
def test_every_sign_of_the_urgent_list(family: Family, sign: UrgentSign) -> None:
    result = grade_sign(family, sign)
    emergency = sign is not UrgentSign.U1 or family in HEAD
    assert result.grade is (Grade.E if emergency else Grade.U_NOW)
    assert (result.emergency_text, result.flags) == (emergency, (Flag(sign.value),))
    assert result.rules == ((1,) if emergency else (2,))


@pytest.mark.parametrize("family", Family)
@pytest.mark.parametrize("flag", [flag for flag in Flag if flag[0] in "EU" and flag is not Flag.PAIN_UP])
def test_every_red_flag_has_its_grade(family: Family, flag: Flag) -> None:
    if flag.startswith("E") or (flag is Flag.U1 and family in HEAD):
        expected = Grade.E
    else:
        expected = Grade.U_NOW if flag in {Flag.U1, Flag.U7} else Grade.U
    assert flag_grade(family, flag) is expected
    assert grade_words(family, [flag]).grade is expected


@pytest.mark.parametrize("flag", [flag for flag in Flag if flag[0] not in "EU" or flag is Flag.PAIN_UP])
def test_other_flags_have_no_grade_of_their_own(flag: Flag) -> None:
    with pytest.raises(ValueError, match="no grade"):
        flag_grade(Family.FACE, flag)


def test_no_words_mean_nothing() -> None:
    assert grade_words(Family.FACE, []) == Grading(Grade.NONE)


def test_breathing_is_an_emergency_before_the_list_is_closed() -> None:
    assert is_emergency(Family.PAIN, Answers().with_item(Item.BREATHING, chosen=True))


def test_an_open_follow_up_is_not_yet_an_emergency_but_a_yes_is() -> None:
    chosen = Answers().with_item(Item.EYE, chosen=True)
    assert not is_emergency(Family.EYE, chosen)
    assert not is_emergency(Family.EYE, chosen.with_follow_up(Item.EYE, False))
    assert is_emergency(Family.EYE, chosen.with_follow_up(Item.EYE, True))


@pytest.mark.parametrize("family", Family)
def test_skin_colour_is_an_emergency_at_once_only_on_the_head(family: Family) -> None:
    answers = Answers().with_item(Item.SKIN_COLOUR, chosen=True).with_follow_up(Item.SKIN_COLOUR, True)
    assert is_emergency(family, answers) == (family in HEAD)


@pytest.mark.parametrize(
    ("previous", "current", "shown"), [(None, 2, ""), (1, 2, "↑"), (2, 1, "↓"), (2, 2, "→"), (0, 0, "→")]
)
def test_arrows(previous: int | None, current: int, shown: str) -> None:
    assert arrow(previous, current) == shown


# Properties. The grade may fall when the history gets worse (a higher score before hides a rise, rule 4), so the
# history is held fixed: what is compared is the same moment with one worse answer.

scores_of = st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))
hours_of = st.floats(0, 3000, allow_nan=False)
histories = st.lists(
    st.builds(
        past,
        scores_of,
        st.sampled_from([S, B, P, Item.ITCH, Item.LUMP]),
        grade=st.sampled_from(Grade),
        complete=st.booleans(),
    ),
    max_size=3,
)


@st.composite
def complete_answers(draw: st.DrawFn) -> Answers:
    items = draw(st.frozensets(st.sampled_from(Item), max_size=4))
    follow_ups = {item: draw(st.booleans()) for item in items if item in FOLLOW_UPS and draw(st.booleans())}
    return answered(draw(scores_of), *items, follow_ups=follow_ups)


def worse_by_one(answers: Answers) -> list[Answers]:
    """Every way in which exactly one answer gets one step worse."""
    result = [answers.with_score(question, score + 1) for question, score in answers.scores.items() if score < 3]
    result += [answers.with_item(item, chosen=True) for item in Item if item not in answers.items]
    result += [answers.with_follow_up(item, True) for item, yes in answers.follow_ups.items() if not yes]
    return result


@given(st.sampled_from(Family), complete_answers(), hours_of, histories)
def test_the_grade_never_falls_when_an_answer_gets_worse(
    family: Family, answers: Answers, hours: float, history: Sequence[Past]
) -> None:
    grade = graded(answers, hours, *history, family=family).grade
    for worse in worse_by_one(answers):
        assert graded(worse, hours, *history, family=family).grade >= grade


@given(st.sampled_from(Family), complete_answers(), hours_of, hours_of, histories)
def test_the_grade_of_the_same_answers_never_falls_with_time(
    family: Family, answers: Answers, one: float, other: float, history: Sequence[Past]
) -> None:
    sooner, later = sorted((one, other))
    assert (
        graded(answers, later, *history, family=family).grade >= graded(answers, sooner, *history, family=family).grade
    )


@given(st.sampled_from(Family), complete_answers(), hours_of, histories)
def test_results_agree_with_their_grade(
    family: Family, answers: Answers, hours: float, history: Sequence[Past]
) -> None:
    result = graded(answers, hours, *history, family=family)
    assert result.emergency_text == (result.grade is Grade.E) == (1 in result.rules)
    assert (result.reask_hours is not None) == (result.grade is Grade.WATCH)
    assert not (result.skip_routine and result.grade > Grade.NONE)
    assert (9 in result.rules) <= (result.grade <= Grade.DIGEST)
