"""The order of the digest, what counts as silence, and how much fits into one message."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.digest import (
    CheckFacts,
    PatientFacts,
    Section,
    fit,
    in_order,
    missed_in_a_row,
    section_of,
)
from messages.grading import Grade
from messages.markup import escape, plain_text, utf16_length
from messages.templates import Html

NOW = datetime(2026, 3, 5, 7, 30, tzinfo=UTC)


def _ago(**hours: float) -> datetime:
    return NOW - timedelta(**hours)


def _done(hours: float, grade: Grade = Grade.NONE) -> CheckFacts:
    return CheckFacts(opened_at=_ago(hours=hours + 1), done_at=_ago(hours=hours), grade=grade)


def _open(hours: float, *, missed: bool = False) -> CheckFacts:
    return CheckFacts(opened_at=_ago(hours=hours), done_at=None, grade=None, missed=missed)


@pytest.mark.parametrize(
    ("facts", "section"),
    [
        (PatientFacts(1), None),
        (PatientFacts(1, checks=(_done(30),)), None),
        (PatientFacts(1, checks=(_done(20),)), Section.NEWS),
        (PatientFacts(1, checks=(_open(23),)), None),
        (PatientFacts(1, checks=(_open(24),)), Section.NEWS),
        (PatientFacts(1, checks=(_open(2, missed=True),)), Section.NEWS),
        (PatientFacts(1, checks=(_done(50, Grade.WATCH), _open(24))), Section.SILENT),
        (PatientFacts(1, checks=(_done(50, Grade.U), _open(24))), Section.SILENT),
        (PatientFacts(1, checks=(_done(50, Grade.DIGEST), _open(24))), Section.NEWS),
        (PatientFacts(1, checks=(_done(50, Grade.WATCH), _open(23))), None),
        (PatientFacts(1, question_since=_ago(hours=1)), Section.QUESTION),
        (PatientFacts(1, question_since=_ago(hours=1), alert=Grade.U, alert_since=NOW), Section.ALERT),
        (PatientFacts(1, unreachable=True), Section.NEWS),
        (PatientFacts(1, appointment_at=NOW + timedelta(hours=48)), Section.NEWS),
        (PatientFacts(1, appointment_at=NOW + timedelta(hours=49)), None),
        (PatientFacts(1, appointment_at=_ago(hours=1)), None),
    ],
)
def test_a_patient_stands_in_one_section(facts: PatientFacts, section: Section | None) -> None:
    assert section_of(facts, NOW) is section


def test_only_the_newest_unanswered_checks_count_and_an_open_one_does_not_break_the_row() -> None:
    assert missed_in_a_row((), NOW) == 0
    assert missed_in_a_row((_open(80), _done(60), _open(50, missed=True), _open(30), _open(2)), NOW) == 2
    assert missed_in_a_row((_open(80), _done(60)), NOW) == 0


def test_alerts_come_first_the_gravest_and_oldest_before_others() -> None:
    patients = [
        PatientFacts(1, checks=(_done(2),)),
        PatientFacts(2, question_since=_ago(hours=2)),
        PatientFacts(3, question_since=_ago(hours=9)),
        PatientFacts(4, checks=(_done(60, Grade.WATCH), _open(30))),
        PatientFacts(5, alert=Grade.U, alert_since=_ago(hours=1)),
        PatientFacts(6, alert=Grade.U, alert_since=_ago(hours=5)),
        PatientFacts(7, alert=Grade.E, alert_since=_ago(hours=0)),
        PatientFacts(8),
        PatientFacts(9, unreachable=True),
    ]
    assert [facts.patient_id for _, facts in in_order(patients, NOW)] == [7, 6, 5, 4, 3, 2, 1, 9]


@given(
    st.lists(st.text(min_size=0, max_size=900).map(escape), max_size=130),
    st.integers(min_value=200, max_value=4096),
)
def test_a_digest_never_exceeds_its_limits_and_tells_how_many_are_left_out(lines: list[Html], limit: int) -> None:
    text, shown = fit(Html("<b>Head</b>"), lines, lambda left: Html(f"… and {left} more"), limit=limit)
    assert utf16_length(plain_text(text)) <= limit
    assert 0 <= shown <= min(100, len(lines))
    if shown < len(lines):
        assert text.endswith(f"… and {len(lines) - shown} more")
    else:
        assert "more" not in text or any("more" in line for line in lines)


def test_lines_that_fit_are_all_shown() -> None:
    text, shown = fit(Html("Head"), [Html("a"), Html("b")], lambda left: Html(f"+{left}"))
    assert (text, shown) == ("Head\na\nb", 2)
    assert fit(Html("Head"), [Html("a")] * 101, lambda left: Html(f"+{left}"))[1] == 100
