"""The patient's consent: asked before anything else, answered once, and in the language they read."""

from dataclasses import replace

from bot.command_menu import show_commands
from bot.flows import agree as consent
from bot.flows.choose_language import choose_language, is_unclear, language_question
from bot.flows.consent_page import HERE, consent_page
from bot.flows.standing import Standing, values_of
from bot.handling import Bots
from bot.routing import button, command_of, content
from bot.turn import Turn
from messages.errors import OutOfDate
from messages.markup import Html
from messages.outgoing import Outgoing
from messages.pages import Part, page
from messages.people import Role

BEFORE_CONSENT = frozenset({"help", "urgent", "language", "cancel"})
"""Commands that a patient who has not agreed may use: none of them stores anything about health."""


def setup(application: Bots) -> None:
    """Add the routes of this conversation. They come before all others that a patient may reach."""
    patients = frozenset({Role.PATIENT})
    application.add_handler(button("consent", answer, before_consent=True))
    application.add_handler(
        content("language under the consent", _is_language_here, change_language, patients, before_consent=True)
    )
    application.add_handler(content("before consent", _is_too_early, ask_first, patients, before_consent=True))


async def answer(turn: Turn) -> None:
    """ "I agree" or "No": said once, and harmless when it is said again."""
    assert turn.tap is not None
    match turn.tap.text(0):
        case "yes":
            await _agree(turn)
        case "no":
            await _refuse(turn)
        case _:
            raise OutOfDate


async def change_language(turn: Turn) -> None:
    """Another language under the consent: the same question in that language."""
    assert turn.tap is not None
    async with turn.work() as work:
        await choose_language(work, actor=turn.actor, code=turn.tap.text(0))
    await turn.show(await _question(turn))


async def ask_first(turn: Turn) -> None:
    """Something was sent before the patient has agreed: nothing of it is kept, and the question comes again."""
    question = await _question(turn)
    if command_of(turn) != "start":
        first = Part(turn.texts.html("error.consent_first", turn.actor.language), spare=1)
        question = replace(question, text=page(first, Part(Html(question.text))))
    await turn.say(question)


async def _agree(turn: Turn) -> None:
    async with turn.work() as work:
        standing, new = await consent.agree(work, actor=turn.actor, now=turn.now)
    await turn.show(_answered(turn, standing))
    if not new:
        return
    language = standing.patient.language
    values = values_of(standing.patient, standing.practitioner, turn.clinic, language, turn.now)
    await turn.say(Outgoing(turn.texts.html("patient.joined", language, **values)))
    if is_unclear(turn.telegram_language, language):
        await turn.say(language_question(turn.texts, language))
    await show_commands(turn.bot, replace(turn.actor, language=language), turn.texts)


async def _refuse(turn: Turn) -> None:
    async with turn.work() as work:
        standing, new = await consent.refuse(work, actor=turn.actor, now=turn.now)
    await turn.show(_answered(turn, standing))
    if new:
        await turn.say_text("patient.refused", clinic=turn.clinic.name, clinic_phone=turn.clinic.phone)
    else:
        await turn.say_text("patient.consent_stands", clinic_phone=turn.clinic.phone)


async def _question(turn: Turn) -> Outgoing:
    """The question for consent, remembered as shown. Its own unit of work: the update may be done already."""
    async with turn.work() as work:
        return await consent.ask_again(
            work,
            actor=turn.actor,
            texts=turn.texts,
            clinic=turn.clinic,
            telegram_language=turn.telegram_language,
            now=turn.now,
        )


def _answered(turn: Turn, standing: Standing) -> Outgoing:
    return consent_page(
        standing.patient,
        standing.practitioner,
        texts=turn.texts,
        clinic=turn.clinic,
        telegram_language=None,
        now=turn.now,
        answered=True,
    )


def _is_language_here(turn: Turn) -> bool:
    return turn.tap is not None and turn.tap.action == "language" and HERE in turn.tap.arguments[1:]


def _is_too_early(turn: Turn) -> bool:
    """A link is still opened; everything else that a patient sends before agreeing is met with the question."""
    if turn.actor.consented or turn.update.message is None:
        return False
    name = command_of(turn)
    return not turn.command_argument if name == "start" else name not in BEFORE_CONSENT
