"""/next: the next check-in and the next visit, in words."""

from datetime import datetime

from bot.flows.standing import Standing
from bot.flows.visit_buttons import visit_rows
from messages import wording
from messages.markup import Html, join_html
from messages.outgoing import Outgoing
from messages.templates import Texts
from storage import check_ins
from storage.database import UnitOfWork


async def whats_next(work: UnitOfWork, standing: Standing, *, texts: Texts, now: datetime) -> Outgoing:
    """What comes next, one a line, with the answers still possible about the visit."""
    language = standing.patient.language
    lines = await _check_in_lines(work, standing, texts, now)
    appointment = standing.appointment
    if appointment is not None and appointment.starts_at > now:
        confirmed = appointment.state == "confirmed"
        when = wording.date_and_time(appointment.starts_at, standing.zone, language)
        key = "patient.next.appointment_confirmed" if confirmed else "patient.next.appointment"
        lines.append(texts.html(key, language, appointment=when))
    else:
        appointment = None
    if not lines:
        return Outgoing(texts.html("patient.next.nothing", language))
    return Outgoing(
        texts.html("patient.next", language, lines=join_html(lines)),
        buttons=visit_rows(appointment, texts, language),
    )


async def _check_in_lines(work: UnitOfWork, standing: Standing, texts: Texts, now: datetime) -> list[Html]:
    language = standing.patient.language
    if standing.patient.stopped_at is not None:
        return [texts.html("patient.next.stopped", language)]
    lines: list[Html] = []
    if await check_ins.latest_open(work, standing.patient.id) is not None:
        lines.append(texts.html("patient.next.open", language))
    following = await check_ins.next_planned(work, standing.patient.id, after=now)
    if following is not None:
        when = wording.relative_date_and_time(following.due_at, now, standing.zone, language)
        lines.append(texts.html("patient.next.check_in", language, next_check=when))
    return lines
