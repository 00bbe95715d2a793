"""The daily digest: who stands in it, in which order, and how much of it fits into one message.

Docs: docs/clinical.md, "Digest": open alerts, no answer after something to watch, waiting questions, the rest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from messages.grading import Grade
from messages.markup import Html, plain_text, utf16_length
from messages.timing import silent_at

LONGEST_MESSAGE = 4096
"""UTF-16 units that Telegram takes, counted without markup."""

MOST_BUTTONS = 100
"""Buttons that Telegram takes under one message."""

RECENT = timedelta(hours=24)
"""What was answered since the digest before this one."""

SOON = timedelta(hours=48)
"""An appointment so near that it matters whether it is confirmed."""


class Section(IntEnum):
    """Why a patient stands in the digest, the most pressing first."""

    ALERT = 0
    SILENT = 1
    QUESTION = 2
    NEWS = 3


@dataclass(frozen=True)
class CheckFacts:
    """One check-in that was sent. `done_at` is empty while it waits; `missed` says that it was closed unanswered."""

    opened_at: datetime
    done_at: datetime | None
    grade: Grade | None
    missed: bool = False


@dataclass(frozen=True)
class PatientFacts:
    """What decides whether and where a patient stands in the digest.

    `checks` are those sent after the latest session, oldest first. `alert` is the gravest open one, raised at
    `alert_since`. `question_since` is when the oldest unanswered letter came.
    """

    patient_id: int
    checks: tuple[CheckFacts, ...] = ()
    alert: Grade | None = None
    alert_since: datetime | None = None
    question_since: datetime | None = None
    appointment_at: datetime | None = None
    unreachable: bool = False


def is_silent(check: CheckFacts, now: datetime) -> bool:
    """Whether a check-in counts as unanswered: closed without an answer, or open for 24 hours."""
    return check.done_at is None and (check.missed or silent_at(check.opened_at) <= now)


def missed_in_a_row(checks: Sequence[CheckFacts], now: datetime) -> int:
    """How many of the newest check-ins are unanswered; one that may still be answered does not count."""
    count = 0
    for check in reversed(checks):
        if is_silent(check, now):
            count += 1
        elif check.done_at is not None:
            break
    return count


def section_of(facts: PatientFacts, now: datetime) -> Section | None:
    """The section of one patient; None when there is nothing to say."""
    if facts.alert is not None:
        return Section.ALERT
    missed = missed_in_a_row(facts.checks, now)
    answered = [check for check in facts.checks if check.done_at is not None]
    if missed and answered and (answered[-1].grade or Grade.NONE) >= Grade.WATCH:
        return Section.SILENT
    if facts.question_since is not None:
        return Section.QUESTION
    recent = any(check.done_at is not None and now - check.done_at <= RECENT for check in facts.checks)
    soon = facts.appointment_at is not None and timedelta() <= facts.appointment_at - now <= SOON
    return Section.NEWS if missed or recent or soon or facts.unreachable else None


def in_order(patients: Sequence[PatientFacts], now: datetime) -> list[tuple[Section, PatientFacts]]:
    """Those with something to say: by section, then the gravest, then who has waited longest."""
    placed = [(section, facts) for facts in patients if (section := section_of(facts, now)) is not None]
    return sorted(placed, key=lambda each: _rank(*each))


def _rank(section: Section, facts: PatientFacts) -> tuple[int, int, float, int]:
    since = {Section.ALERT: facts.alert_since, Section.QUESTION: facts.question_since}.get(section)
    if section is Section.SILENT:
        since = next(check.opened_at for check in reversed(facts.checks) if check.done_at is None)
    if since is None and facts.checks:
        since = facts.checks[-1].opened_at
    waiting_since = since.timestamp() if since else float("inf")
    return section, -(facts.alert or Grade.NONE), waiting_since, facts.patient_id


def fit(
    head: Html,
    lines: Sequence[Html],
    more: Callable[[int], Html],
    *,
    limit: int = LONGEST_MESSAGE,
    most: int = MOST_BUTTONS,
) -> tuple[Html, int]:
    """The head and as many lines as fit, then `more(n)` for the n left out. Returns the text and how many are shown.

    Never longer than `limit`, as long as the head and `more` together are not.
    """
    room = limit - _length(head)
    lengths = [1 + _length(line) for line in lines]
    if len(lines) <= most and sum(lengths) <= room:
        return Html("\n".join([head, *lines])), len(lines)
    room -= 1 + _length(more(len(lines)))
    shown = 0
    while shown < min(most, len(lines)) and lengths[shown] <= room:
        room -= lengths[shown]
        shown += 1
    return Html("\n".join([head, *lines[:shown], more(len(lines) - shown)])), shown


def _length(text: Html) -> int:
    return utf16_length(plain_text(text))
