"""The digest: one line for each patient with something to say, the most pressing first, each with a button."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.flows.composing import Left, Scene
from bot.flows.digest_facts import facts_of, last_answers, reasons_of
from bot.flows.show_patients import MARKS
from messages import wording
from messages.check_in import Question
from messages.clinic import Clinic
from messages.digest import SOON, PatientFacts, Section, fit, in_order, missed_in_a_row
from messages.grading import arrow
from messages.markup import fit as fit_text
from messages.outgoing import Button, Outgoing
from messages.templates import Html, Texts
from messages.timing import hours_since
from storage import overviews
from storage.database import UnitOfWork
from storage.outbox import Claimed
from storage.overviews import Overview
from storage.tables import Alert

LONGEST_LABEL = 48


async def compose(work: UnitOfWork, row: Claimed, scene: Scene) -> Outgoing | Left:
    """The digest of an outbox row's practitioner, as it is at sending time."""
    if scene.staff is None or not scene.staff.is_practitioner:
        return Left("no_practitioner")
    return await digest_of(
        work,
        scene.staff.id,
        texts=scene.texts,
        language=scene.language,
        clinic=scene.clinic,
        now=scene.now,
    )


async def digest_of(
    work: UnitOfWork, staff_id: int, *, texts: Texts, language: str, clinic: Clinic, now: datetime
) -> Outgoing:
    """The digest of a practitioner's own patients. The number of queries does not grow with the patients."""
    own = {each.patient.id: each for each in await overviews.of_practitioner(work, staff_id)}
    order = in_order([facts_of(each) for each in own.values()], now)
    today = wording.day(now, clinic.zone, language)
    if not order:
        count = sum(each.course is not None and each.course.ended_at is None for each in own.values())
        return Outgoing(texts.html("practitioner.digest.empty", language, time=today, count=count))
    lines = [_line(own[facts.patient_id], facts, section, texts, language, clinic, now) for section, facts in order]
    head = texts.html("practitioner.digest.head", language, time=today)
    text, shown = fit(head, lines, lambda left: texts.html("practitioner.digest.more", language, count=left))
    buttons = [_button(own[facts.patient_id], section) for section, facts in order[:shown]]
    rows = tuple(tuple(buttons[start : start + 2]) for start in range(0, len(buttons), 2))
    return Outgoing(text, buttons=rows)


def _button(overview: Overview, section: Section) -> Button:
    label = f"{MARKS[section]} {fit_text(overview.patient.name, LONGEST_LABEL)}"
    return Button(label, "patient.card", (overview.patient.id,))


def _line(
    overview: Overview,
    facts: PatientFacts,
    section: Section,
    texts: Texts,
    language: str,
    clinic: Clinic,
    now: datetime,
) -> Html:
    pieces = [
        _place(overview, texts, language, now),
        *(_alert(each, overview, texts, language, clinic) for each in overview.alerts),
        *_silence(facts, texts, language, now),
        *_questions(overview, texts, language, now),
        *_scores(overview, texts, language),
        *_next(overview, texts, language, clinic, now),
    ]
    return texts.html(
        "practitioner.digest.line",
        language,
        mark=MARKS[section],
        patient=overview.patient.name,
        details=Html(" · ".join(piece for piece in pieces if piece)),
    )


def _place(overview: Overview, texts: Texts, language: str, now: datetime) -> Html:
    course, session = overview.course, overview.session
    if course is None:
        return Html("")
    family = texts.html(f"family.{course.family}", language)
    if session is None:
        return family
    hours = hours_since(session.ended_at, now, ZoneInfo(overview.patient.zone))
    return texts.html(
        "practitioner.digest.place",
        language,
        family=family,
        session=session.number,
        sessions=course.sessions_planned,
        since=wording.duration(timedelta(hours=hours), language),
    )


def _alert(alert: Alert, overview: Overview, texts: Texts, language: str, clinic: Clinic) -> Html:
    flags = wording.join([texts.plain(f"flag.{flag.lower()}", language) for flag in reasons_of(alert)], language)
    time = wording.short_date_and_time(alert.raised_at, clinic.zone, language)
    if alert.acknowledged_by is None:
        return texts.html("practitioner.digest.alert", language, flags=flags, time=time)
    name = overview.staff[alert.acknowledged_by]
    return texts.html("practitioner.digest.alert_taken", language, flags=flags, time=time, name=name)


def _silence(facts: PatientFacts, texts: Texts, language: str, now: datetime) -> Sequence[Html]:
    missed = missed_in_a_row(facts.checks, now)
    pieces = [texts.html("practitioner.digest.missed", language, count=missed)] if missed else []
    if facts.unreachable:
        pieces.append(texts.html("practitioner.digest.unreachable", language))
    return pieces


def _questions(overview: Overview, texts: Texts, language: str, now: datetime) -> Sequence[Html]:
    if not overview.questions:
        return ()
    waited = wording.duration(now - overview.questions[0], language)
    count = len(overview.questions)
    return (texts.html("practitioner.digest.questions", language, count=count, waited=waited),)


def _scores(overview: Overview, texts: Texts, language: str) -> Sequence[Html]:
    """The newest scores with their arrows, and the highest since the session where it was higher."""
    newest, before = last_answers(overview)
    if newest is None or not newest.scores:
        return ()
    known = [question for question in Question if question.value in newest.scores]
    said = [
        texts.html(
            f"practitioner.digest.{question.value}",
            language,
            score=newest.scores[question.value],
            arrow=arrow(before.scores.get(question.value) if before else None, newest.scores[question.value]),
        )
        for question in known
    ]
    peak = _peak(overview)
    if peak > max((newest.scores[each.value] for each in known if each is not Question.USUAL_PAIN), default=0):
        said.append(texts.html("practitioner.digest.peak", language, score=peak))
    return (Html(" ".join(said)),)


def _peak(overview: Overview) -> int:
    return max(
        (
            score
            for check in overview.checks
            for question, score in check.scores.items()
            if question != Question.USUAL_PAIN.value
        ),
        default=0,
    )


def _next(overview: Overview, texts: Texts, language: str, clinic: Clinic, now: datetime) -> Sequence[Html]:
    """The next appointment, where it is near or its patient asked for something."""
    visit = overview.appointment
    if visit is None or (visit.starts_at - now > SOON and visit.state in {"booked", "confirmed"}):
        return ()
    at = wording.short_date_and_time(visit.starts_at, clinic.zone, language)
    status = texts.html(f"appointment.{visit.state}", language)
    return (texts.html("practitioner.digest.next", language, appointment=at, status=status),)
