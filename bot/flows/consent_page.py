"""The message that asks for consent, in the language of the invitation, with the others a tap away."""

from datetime import datetime

from bot.flows.choose_language import is_unclear, language_rows
from bot.flows.standing import values_of
from messages.clinic import Clinic
from messages.consent import CONSENT_TEXT
from messages.outgoing import Button, Outgoing
from messages.templates import Texts
from storage.tables import Patient, Staff

HERE = "consent"
"""Marks a language button that stands under the consent: choosing shows the consent again."""


def consent_page(
    patient: Patient,
    practitioner: Staff,
    *,
    texts: Texts,
    clinic: Clinic,
    telegram_language: str | None,
    now: datetime,
    answered: bool = False,
) -> Outgoing:
    """What this is, what is stored and where, and the question.

    `answered` leaves the buttons out: what was agreed to stays readable.
    """
    language = patient.language
    rendered = texts.render(CONSENT_TEXT, language, **values_of(patient, practitioner, clinic, language, now))
    if answered:
        return Outgoing(rendered.html, template_version_id=rendered.version_id)
    yes = Button(texts.plain("button.agree", language), "consent", ("yes",))
    no = Button(texts.plain("button.disagree", language), "consent", ("no",))
    others = language_rows(language, HERE) if is_unclear(telegram_language, language) else ()
    return Outgoing(rendered.html, buttons=((yes,), (no,), *others), template_version_id=rendered.version_id)
