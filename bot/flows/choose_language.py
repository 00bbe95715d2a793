"""The language in which the bot talks to a person."""

from messages.errors import OutOfDate
from messages.outgoing import Button, Outgoing, Rows
from messages.people import Actor
from messages.templates import Texts, languages
from storage import patients, staff
from storage.database import UnitOfWork


async def choose_language(work: UnitOfWork, *, actor: Actor, code: str) -> None:
    """Store the language of a patient or a member of staff. Raises OutOfDate for one we do not speak."""
    if code not in {language.code for language in languages()}:
        raise OutOfDate
    if actor.patient_id is not None:
        (await patients.get(work, actor.patient_id)).language = code
    elif actor.staff_id is not None:
        (await staff.get(work, actor.staff_id)).language = code
    await work.commit()


def language_question(texts: Texts, language: str) -> Outgoing:
    """Which language? The buttons are the languages' own names."""
    return Outgoing(texts.html("patient.choose_language", language), buttons=language_rows())


def language_rows(but_not: str = "", *arguments: str) -> Rows:
    """A button for each language but `but_not`; `arguments` follow its code in the callback data."""
    return tuple(
        (Button(language.name, "language", (language.code, *arguments)),)
        for language in languages()
        if language.code != but_not
    )


def is_unclear(telegram_language: str | None, language: str) -> bool:
    """Whether Telegram speaks another language to this person than we do."""
    return bool(telegram_language) and (telegram_language or "").split("-")[0].lower() != language
