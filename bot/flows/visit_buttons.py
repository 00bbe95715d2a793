"""The next visit inside a message to its patient: what they have answered, and the buttons to answer."""

from zoneinfo import ZoneInfo

from messages import wording
from messages.appointment_states import BUTTON_KEYS, answers_left
from messages.markup import Html
from messages.outgoing import Button, Rows
from messages.templates import Texts
from storage.tables import Appointment


def visit_rows(appointment: Appointment | None, texts: Texts, language: str, check_in_id: int = 0) -> Rows:
    """The answers still possible, one a row. `check_in_id` is the check-in whose message carries them, or 0."""
    if appointment is None:
        return ()
    return tuple(
        (
            Button(
                texts.plain(BUTTON_KEYS[answer], language), "visit.answer", (appointment.id, answer.value, check_in_id)
            ),
        )
        for answer in answers_left(appointment.state)
    )


def visit_line(appointment: Appointment | None, texts: Texts, language: str, zone: ZoneInfo, practitioner: str) -> Html:
    """What the patient has answered about the visit, in words; nothing before they have."""
    if appointment is None or appointment.state == "booked":
        return Html("")
    when = wording.date_and_time(appointment.starts_at, zone, language)
    return texts.html(f"patient.appointment.{appointment.state}", language, appointment=when, practitioner=practitioner)
