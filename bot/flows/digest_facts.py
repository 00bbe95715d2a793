"""What the card and the digest read out of an overview: the facts that rules decide on, and the last answers."""

from messages.digest import CheckFacts, PatientFacts
from messages.grading import Grade
from storage.overviews import Check, Overview
from storage.tables import Alert

NO_FLAGS = ("urgent", "words", "silence")
"""Origins of alerts that are a reason by themselves, each with its text `flag.*`."""


def facts_of(overview: Overview) -> PatientFacts:
    """The facts by which a patient stands in the digest."""
    alert = overview.alerts[0] if overview.alerts else None
    appointment = overview.appointment
    return PatientFacts(
        patient_id=overview.patient.id,
        checks=tuple(
            CheckFacts(
                opened_at=check.check_in.opened_at,
                done_at=check.check_in.done_at if check.check_in.state == "done" else None,
                grade=Grade(check.check_in.grade) if check.check_in.grade is not None else None,
                missed=check.check_in.state == "missed",
            )
            for check in overview.checks
            if check.check_in.opened_at is not None and check.check_in.state in {"open", "done", "missed"}
        ),
        alert=Grade(alert.grade) if alert else None,
        alert_since=alert.raised_at if alert else None,
        question_since=overview.questions[0] if overview.questions else None,
        appointment_at=appointment.starts_at if appointment else None,
        unreachable=overview.patient.unreachable_since is not None,
    )


def reasons_of(alert: Alert) -> list[str]:
    """Why an alert was raised, as the ends of the keys `flag.*`: its flags, or that the patient tapped Urgent."""
    return list(alert.flags) or [origin for origin in NO_FLAGS if origin == alert.origin]


def last_answers(overview: Overview) -> tuple[Check | None, Check | None]:
    """The newest check-in with an answer, and the one before it: what its arrows compare with."""
    answered = [check for check in overview.checks if check.check_in.answered_at is not None]
    newest = answered[-1] if answered else None
    return newest, answered[-2] if len(answered) > 1 else None
