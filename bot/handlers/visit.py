"""The next visit: I'll be there, please move it, I can't come."""

from bot.flows.answer_visit import answer_visit
from bot.flows.show_check_in import check_in_page
from bot.flows.standing import own_standing
from bot.flows.visit_buttons import visit_line, visit_rows
from bot.handling import Bots
from bot.routing import button
from bot.turn import Turn
from messages.appointment_states import VisitAnswer
from messages.errors import OutOfDate
from messages.outgoing import Outgoing
from storage import check_ins
from storage.tables import Appointment


def setup(application: Bots) -> None:
    """Add the routes of this conversation."""
    application.add_handler(button("visit.answer", answer))


async def answer(turn: Turn) -> None:
    """Store the answer, then show it in the message that asked: a reminder, or a check-in that carries one."""
    assert turn.tap is not None
    check_in_id = turn.tap.number(2)
    async with turn.work() as work:
        appointment = await answer_visit(
            work,
            actor=turn.actor,
            appointment_id=turn.tap.number(0),
            answer=_answer(turn.tap.text(1)),
            now=turn.now,
        )
    await turn.show(await _page(turn, appointment, check_in_id))


async def _page(turn: Turn, appointment: Appointment, check_in_id: int) -> Outgoing:
    async with turn.read() as work:
        check_in = await check_ins.get(work, check_in_id) if check_in_id else None
        if check_in is not None and check_in.patient_id == turn.actor.patient_id:
            return await check_in_page(work, check_in, texts=turn.texts, clinic=turn.clinic, now=turn.now)
        standing = await own_standing(work, turn.actor)
    language = turn.actor.language
    line = visit_line(appointment, turn.texts, language, standing.zone, standing.practitioner.name)
    return Outgoing(line, buttons=visit_rows(appointment, turn.texts, language))


def _answer(name: str) -> VisitAnswer:
    try:
        return VisitAnswer(name)
    except ValueError:
        raise OutOfDate from None
