"""A schedule in words for practitioners: what is sent when, and what is left out and why."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from messages import wording
from messages.care_plan import CheckKind
from messages.schedule import LeftOut, Planned, Schedule, SkipReason
from messages.templates import Html, Texts, all_keys

MOST_LINES = 12
"""Lines of a schedule under a card or a preview: all of the longest default plan fits."""


def schedule_in_words(texts: Texts, language: str, schedule: Schedule, zone: ZoneInfo) -> list[Html]:
    """One line for each message in order of time, then one for each that is left out. Merged ones are not told."""
    lines = [_planned(texts, language, each, zone) for each in schedule.planned]
    if not lines:
        lines = [texts.html("practitioner.planned.nothing", language)]
    told = [each for each in schedule.left_out if each.reason is not SkipReason.MERGED]
    return clipped(texts, language, [*lines, *(_left_out(texts, language, each) for each in told)])


def clipped(texts: Texts, language: str, lines: Sequence[Html], *, most: int = MOST_LINES) -> list[Html]:
    """At most so many lines; the last one then says how many more there are."""
    if len(lines) <= most:
        return list(lines)
    left = len(lines) - most + 1
    return [*lines[: most - 1], texts.html("practitioner.more", language, count=left)]


def message_line(texts: Texts, language: str, at: datetime, step: Html, zone: ZoneInfo) -> Html:
    """ "Thu 20 Nov, 10:30 · check-in +24 h"."""
    time = wording.short_date_and_time(at, zone, language)
    return texts.html("practitioner.planned.line", language, time=time, step=step)


def step_in_words(texts: Texts, language: str, step: str, *, kind: str | None = None, carries: bool = False) -> Html:
    """A step of a care plan by its key; `carries` says that the check-in also reminds of the appointment."""
    said = _step(texts, language, step, kind)
    if carries and step != CheckKind.EVE.value:
        return texts.html("step.with_appointment", language, step=said)
    return said


def reason_in_words(texts: Texts, language: str, reason: str | None) -> Html:
    """Why a message was not sent; one that has no words of its own is simply not needed any more."""
    key = f"reason.{reason}"
    return texts.html(key if key in all_keys() else "reason.other", language)


def _step(texts: Texts, language: str, step: str, kind: str | None) -> Html:
    if kind == CheckKind.REASK.value:
        return texts.html("step.reask", language)
    if f"step.{step}" in all_keys():
        return texts.html(f"step.{step}", language)
    prefix, _, delay = step.partition("_")
    number, unit = delay[:-1], delay[-1:]
    if not number.isdigit():
        return texts.html("step.reask", language)
    if prefix == CheckKind.LATE.value:
        return texts.html("step.late_days", language, days=int(number))
    if unit == "h":
        return texts.html("step.check_in_hours", language, hours=int(number))
    return texts.html("step.check_in_days", language, days=int(number))


def _planned(texts: Texts, language: str, planned: Planned, zone: ZoneInfo) -> Html:
    step = step_in_words(texts, language, planned.step, carries=planned.with_appointment)
    return message_line(texts, language, planned.due_at, step, zone)


def _left_out(texts: Texts, language: str, left: LeftOut) -> Html:
    step = step_in_words(texts, language, left.step)
    reason = reason_in_words(texts, language, left.reason.value)
    return texts.html("practitioner.left_out.line", language, step=step, reason=reason)
