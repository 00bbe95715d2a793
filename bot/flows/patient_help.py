"""/help of a patient: what this chat does, and what is usual and to be avoided after their kind of session."""

from datetime import datetime

from bot.flows.standing import Standing, values_of
from messages.care_plan import Avoid, Family, plan_of
from messages.clinic import Clinic
from messages.markup import Html, join_html
from messages.pages import Part, page
from messages.templates import Texts

HEAD_RAISED = frozenset({Family.EYE, Family.LIPO})
"""Where resting with the head raised helps: the eyes, and the chin, which `lipo` treats most."""


def patient_help(standing: Standing, *, texts: Texts, clinic: Clinic, now: datetime) -> Html:
    """How this works; with a course, also its advice."""
    language = standing.patient.language
    values = values_of(standing.patient, standing.practitioner, clinic, language, now)
    parts = [Part(texts.html("patient.help", language, **values))]
    if standing.family is not None:
        parts += [
            Part(texts.html(f"aftercare.usual.{standing.family.value}", language), spare=3),
            Part(_avoid(standing.family, texts, language), spare=1),
            Part(_do(standing.family, texts, language), spare=2),
        ]
    return page(*parts)


def _avoid(family: Family, texts: Texts, language: str) -> Html:
    hours = plan_of(family).avoid_hours
    lines = [_avoid_line(what, hours[what], texts, language) for what in Avoid if what in hours]
    return texts.html("aftercare.avoid", language, lines=join_html(lines))


def _avoid_line(what: Avoid, hours: int | None, texts: Texts, language: str) -> Html:
    if hours is None:
        return texts.html(f"aftercare.avoid.{what.value}_ask", language)
    return texts.html(f"aftercare.avoid.{what.value}", language, hours=hours)


def _do(family: Family, texts: Texts, language: str) -> Html:
    lines = [texts.html("aftercare.do", language)]
    if family in HEAD_RAISED:
        lines.append(texts.html("aftercare.do_head_raised", language))
    return join_html(lines)
