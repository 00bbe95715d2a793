"""How a finished check-in ends: what the patient reads, by its grade. It never says that they are fine."""

from datetime import datetime

from bot.flows.check_in_case import Case
from bot.flows.climb_alerts import SILENCE
from bot.flows.standing import values_of
from messages import wording
from messages.alerts import needs_night_number
from messages.clinic import Clinic
from messages.flags import PHOTO_WANTED
from messages.grading import Flag, Grade
from messages.markup import Html
from messages.pages import Part, page
from messages.templates import Texts
from storage import alerts, check_ins
from storage.database import UnitOfWork

ALL_WELL_TWICE = 10
"""The number of the rule after which routine checks are left out (docs/clinical.md)."""


async def ending(work: UnitOfWork, case: Case, *, texts: Texts, clinic: Clinic, now: datetime) -> Html:
    """The closing words, with the time of the next check-in where there is one."""
    language = case.patient.language
    values = values_of(case.patient, case.practitioner, clinic, language, now)
    next_check = await _next_check(work, case, language, now)
    key, extra = await _closing(work, case, next_check, clinic=clinic, language=language)
    parts = [Part(texts.html(key, language, **{**values, **extra}))]
    if _told_now_but_nobody_at_night(case, key, clinic):
        parts.append(Part(texts.html("patient.ending.night_number", language, **values)))
    if PHOTO_WANTED & {Flag(flag) for flag in case.check_in.flags}:
        parts.append(Part(texts.html("patient.photo_request", language, **values), spare=1))
    if next_check and key in ("patient.ending.noted", "patient.ending.alert", "patient.ending.alert_night"):
        parts.append(Part(texts.html("patient.ending.next_check", language, next_check=next_check), spare=2))
    return page(*parts)


async def _next_check(work: UnitOfWork, case: Case, language: str, now: datetime) -> str:
    """When the next check-in comes, in words; empty when none does."""
    if case.patient.stopped_at is not None:
        return ""
    following = await check_ins.next_planned(work, case.patient.id, after=case.check_in.done_at or now)
    if following is None:
        return ""
    return wording.relative_date_and_time(following.due_at, now, case.zone, language)


async def _closing(
    work: UnitOfWork, case: Case, next_check: str, *, clinic: Clinic, language: str
) -> tuple[str, dict[str, str]]:
    """The key of the closing text, and the values that it alone needs."""
    match max(Grade(case.check_in.grade or 0), await _under_way(work, case)):
        case Grade.E:
            return "patient.urgent.noted", {}
        case Grade.U_NOW:
            return "patient.ending.alert_now", {}
        case Grade.U:
            return await _alerted(work, case, clinic=clinic, language=language)
        case Grade.WATCH if next_check:
            return "patient.ending.watch", {"reask_at": next_check}
        case Grade.WATCH | Grade.DIGEST:
            return "patient.ending.noted", {}
        case Grade.NONE:
            return _reassurance(case, next_check)


async def _under_way(work: UnitOfWork, case: Case) -> Grade:
    """What these answers, Urgent or words have alarmed somebody about and nobody has ended: it is not usual by now.

    An alert about silence does not count: the patient has reported nothing by it.
    """
    own = await alerts.unresolved_of_check_in(work, case.check_in.id)
    untaken = await alerts.untaken(work, case.patient.id)
    grades = [Grade(alert.grade) for alert in (own, untaken) if alert is not None and alert.origin != SILENCE]
    return max(grades, default=Grade.NONE)


def _reassurance(case: Case, next_check: str) -> tuple[str, dict[str, str]]:
    if not next_check:
        return "patient.ending.reassure_last", {}
    if ALL_WELL_TWICE in case.check_in.rules:
        return "patient.ending.all_quiet", {"next_check": next_check}
    return "patient.ending.reassure", {"next_check": next_check}


async def _alerted(work: UnitOfWork, case: Case, *, clinic: Clinic, language: str) -> tuple[str, dict[str, str]]:
    """A plain U of the night reaches the practitioner in the morning, and the patient must know it."""
    alert = await alerts.of_check_in(work, case.check_in.id) or await alerts.untaken(work, case.patient.id)
    done_at = case.check_in.done_at
    if alert is None or done_at is None or alert.notify_at <= done_at:
        return "patient.ending.alert", {}
    return "patient.ending.alert_night", {"morning": wording.time_of_day(alert.notify_at, case.zone, language)}


def _told_now_but_nobody_at_night(case: Case, key: str, clinic: Clinic) -> bool:
    done_at = case.check_in.done_at
    if key != "patient.ending.alert" or done_at is None:
        return False
    return needs_night_number(Grade.U, done_at, clinic.zone)
