"""The buttons of a patient's card that change something: pause, end, hand over, the link."""

from datetime import timedelta

from bot import invitation_links
from bot.flows.add_patient import renew_link, withdraw_link
from bot.flows.end_course import end_course
from bot.flows.hand_over import hand_over
from bot.flows.pause_course import pause_course, resume_course
from bot.flows.show_card import show_card
from bot.handling import Bots
from bot.routing import button
from bot.turn import Turn
from messages import wording
from messages.errors import OutOfDate, PersonError
from messages.markup import fit
from messages.outgoing import Button, Outgoing
from storage import patients, staff

LINK_DAYS = timedelta(days=14)
LONGEST_LABEL = 60


def setup(application: Bots) -> None:
    """Add the routes of this conversation."""
    application.add_handler(button("patient.pause", pause))
    application.add_handler(button("patient.resume", resume))
    application.add_handler(button("patient.end", ask_end))
    application.add_handler(button("patient.end_confirm", end))
    application.add_handler(button("patient.hand_over", ask_hand_over))
    application.add_handler(button("patient.hand_to", hand_to))
    application.add_handler(button("patient.link", renew))
    application.add_handler(button("patient.withdraw_link", withdraw))


def _number(turn: Turn, position: int = 0) -> int:
    if turn.tap is None:
        raise OutOfDate
    return turn.tap.number(position)


async def _show_card(turn: Turn) -> None:
    async with turn.read() as work:
        card = await show_card(
            work,
            actor=turn.actor,
            patient_id=_number(turn),
            texts=turn.texts,
            clinic=turn.clinic,
            now=turn.now,
        )
    await turn.show(card)


async def pause(turn: Turn) -> None:
    """Nothing is asked until the course goes on."""
    async with turn.work() as work:
        await pause_course(work, actor=turn.actor, patient_id=_number(turn), now=turn.now)
    await _show_card(turn)


async def resume(turn: Turn) -> None:
    """The course goes on."""
    async with turn.work() as work:
        await resume_course(work, actor=turn.actor, patient_id=_number(turn), now=turn.now)
    await _show_card(turn)


async def ask_end(turn: Turn) -> None:
    """Ask once: the patient is told that the appointment is cancelled."""
    async with turn.read() as work:
        patient = await patients.for_staff(work, turn.actor, _number(turn))
    rows = (
        (Button(turn.plain("button.end_confirm"), "patient.end_confirm", (patient.id,)),),
        (Button(turn.plain("button.keep"), "patient.open", (patient.id,)),),
    )
    await turn.show(Outgoing(turn.html("practitioner.end_course.question", patient=patient.name), buttons=rows))


async def end(turn: Turn) -> None:
    """End the course."""
    async with turn.work() as work:
        await end_course(work, actor=turn.actor, patient_id=_number(turn), clinic=turn.clinic, now=turn.now)
    await _show_card(turn)


async def ask_hand_over(turn: Turn) -> None:
    """Offer the colleagues."""
    async with turn.read() as work:
        patient = await patients.for_staff(work, turn.actor, _number(turn))
        colleagues = [each for each in await staff.practitioners(work) if each.id != patient.practitioner_id]
    if not colleagues:
        raise PersonError("practitioner.hand_over.nobody")
    choices = tuple(
        (Button(fit(each.name, LONGEST_LABEL), "patient.hand_to", (patient.id, each.id)),) for each in colleagues
    )
    keep = (Button(turn.plain("button.keep"), "patient.open", (patient.id,)),)
    text = turn.html("practitioner.hand_over.choose", patient=patient.name)
    await turn.show(Outgoing(text, buttons=(*choices, keep)))


async def hand_to(turn: Turn) -> None:
    """Hand over; the card may be out of sight for this practitioner from now on."""
    async with turn.work() as work:
        patient, colleague = await hand_over(
            work, actor=turn.actor, patient_id=_number(turn), to_staff_id=_number(turn, 1), now=turn.now
        )
    text = turn.html("practitioner.hand_over.done", patient=patient.name, name=colleague.name)
    await turn.show(Outgoing(text))


async def renew(turn: Turn) -> None:
    """A new link with its picture; the earlier one stops working."""
    async with turn.work() as work:
        patient, token = await renew_link(work, actor=turn.actor, patient_id=_number(turn), now=turn.now)
    link = invitation_links.address(turn.clinic.bot_username, token)
    until = wording.day(turn.now + LINK_DAYS, turn.clinic.zone, turn.actor.language)
    caption = turn.html("practitioner.link", patient=patient.name, until=until, link=link)
    await turn.say(Outgoing(caption, media=(invitation_links.picture(link),)))


async def withdraw(turn: Turn) -> None:
    """The open link stops working."""
    async with turn.work() as work:
        await withdraw_link(work, actor=turn.actor, patient_id=_number(turn), now=turn.now)
    await turn.toast("toast.link_withdrawn")
    await _show_card(turn)
