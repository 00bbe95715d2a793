"""Urgent: the emergency text and the alert at once, and only then the question what is happening."""

from bot.flows.report_sign import CHECKED, NONE, call_for_help, report_sign
from bot.flows.standing import Standing, own_standing, values_of
from bot.handling import Bots
from bot.routing import button, command, words_with_command
from bot.turn import Turn
from messages.check_in import UrgentSign
from messages.errors import OutOfDate, Value
from messages.grading import Grade
from messages.outgoing import Outgoing
from messages.pages import Part, page
from messages.people import Role


def setup(application: Bots) -> None:
    """Add the routes of this conversation."""
    application.add_handler(command("urgent", by_command, before_consent=True))
    application.add_handler(button("urgent.open", by_button))
    application.add_handler(button("urgent.sign", sign))


async def by_command(turn: Turn) -> None:
    """/urgent. Somebody who has not agreed, or is unknown here, gets the emergency text and nothing is stored."""
    if turn.actor.has(Role.PATIENT) and turn.actor.consented:
        await _call(turn, None)
    else:
        await turn.say_text("patient.emergency", emergency_number=turn.clinic.emergency_number)


async def by_button(turn: Turn) -> None:
    """The button of a check-in, also of an old one: help is never out of date."""
    assert turn.tap is not None
    await _call(turn, turn.tap.number(0) or None)


async def _call(turn: Turn, check_in_id: int | None) -> None:
    """Everything that follows stands in the outbox, so that no crash can lose it."""
    async with turn.work() as work:
        await call_for_help(
            work,
            actor=turn.actor,
            check_in_id=check_in_id,
            clinic=turn.clinic,
            now=turn.now,
            said=words_with_command(turn),
        )
    await turn.toast("toast.urgent", emergency_number=turn.clinic.emergency_number)


async def sign(turn: Turn) -> None:
    """One of the signs, or none of them. The alert stays in either case."""
    assert turn.tap is not None
    name, check_in_id = turn.tap.text(0), turn.tap.number(1) or None
    if name == NONE:
        await _none_of_these(turn, called=CHECKED not in turn.tap.arguments[2:])
        return
    if name not in set(UrgentSign):
        raise OutOfDate
    async with turn.work() as work:
        standing, grading = await report_sign(
            work,
            actor=turn.actor,
            sign=UrgentSign(name),
            check_in_id=check_in_id,
            clinic=turn.clinic,
            now=turn.now,
        )
    values = _values(turn, standing)
    language = turn.actor.language
    if grading.grade == Grade.E:
        emergency = turn.texts.html("patient.emergency", language, **values)
        noted = turn.texts.html("patient.urgent.noted", language, **values)
        text = page(Part(emergency), Part(noted))
    else:
        text = turn.texts.html("patient.ending.alert_now", language, **values)
    await turn.show(Outgoing(text))


async def _none_of_these(turn: Turn, *, called: bool) -> None:
    """`called`: they tapped Urgent. Otherwise a check-in asked, and its alert may only be told in the morning."""
    async with turn.read() as work:
        standing = await own_standing(work, turn.actor)
    key = "patient.urgent.none" if called else "patient.signs_none"
    text = turn.texts.html(key, turn.actor.language, **_values(turn, standing))
    await turn.show(Outgoing(text))


def _values(turn: Turn, standing: Standing) -> dict[str, Value]:
    return values_of(standing.patient, standing.practitioner, turn.clinic, turn.actor.language, turn.now)
