"""A patient's card: where the course stands, what was answered, what waits, what was sent and what will be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.flows.describe_schedule import clipped, message_line, reason_in_words, step_in_words
from bot.flows.digest_facts import facts_of, last_answers, reasons_of
from messages import wording
from messages.clinic import Clinic
from messages.digest import missed_in_a_row
from messages.errors import NotFound
from messages.grading import Grade, arrow
from messages.outgoing import Button, Outgoing, Rows
from messages.people import Actor
from messages.templates import Html, Texts, join_html
from messages.timing import hours_since
from storage import invitations, overviews, patients, planned_messages
from storage.database import UnitOfWork
from storage.overviews import Overview
from storage.tables import Alert, CheckIn, Outbox

MOST_PLANNED = 6
MOST_PAST = 4
"""Lines of what was sent, and of what was not."""


@dataclass(frozen=True)
class _View:
    texts: Texts
    language: str
    clinic: Clinic
    now: datetime
    overview: Overview

    def html(self, key: str, **values: str | int) -> Html:
        return self.texts.html(key, self.language, **values)

    def at(self, moment: datetime) -> str:
        """A moment on the clinic's clock."""
        return wording.short_date_and_time(moment, self.clinic.zone, self.language)

    def flags(self, names: Sequence[str]) -> str:
        said = [self.texts.plain(f"flag.{name.lower()}", self.language) for name in names]
        return wording.join(said, self.language)


async def show_card(
    work: UnitOfWork, *, actor: Actor, patient_id: int, texts: Texts, clinic: Clinic, now: datetime
) -> Outgoing:
    """The card of a patient. Raises NotFound for somebody else's."""
    await patients.for_staff(work, actor, patient_id)
    overview = await overviews.of_patient(work, patient_id)
    if overview is None:
        raise NotFound
    view = _View(texts, actor.language, clinic, now, overview)
    link = await invitations.open_for(work, patient_id=patient_id, now=now)
    blocks = [
        [*_head(view), *_standing(view, actor, link.expires_at if link else None)],
        _waiting(view),
        _answers(view),
        _appointment(view),
        *(await _messages(work, view)),
    ]
    text = join_html([join_html(block) for block in blocks if block], "\n\n")
    return Outgoing(text, buttons=_buttons(view, actor, has_link=link is not None))


def _head(view: _View) -> list[Html]:
    patient, course, session = view.overview.patient, view.overview.course, view.overview.session
    if course is None:
        return [view.html("practitioner.card.head_no_course", patient=patient.name)]
    head = view.html(
        "practitioner.card.head",
        patient=patient.name,
        family=view.html(f"family.{course.family}"),
        session=session.number if session else 0,
        sessions=course.sessions_planned,
        interval=wording.duration(timedelta(days=course.interval_days), view.language),
    )
    if session is None:
        return [head, view.html("practitioner.card.no_session")]
    hours = hours_since(session.ended_at, view.now, ZoneInfo(patient.zone))
    since = wording.duration(timedelta(hours=hours), view.language)
    lines = [head, view.html("practitioner.card.since", time=view.at(session.ended_at), since=since)]
    if session.areas:
        lines.append(view.html("practitioner.detail.areas", text=session.areas))
    if session.note:
        lines.append(view.html("practitioner.detail.note", text=session.note))
    return lines


def _standing(view: _View, actor: Actor, link_until: datetime | None) -> list[Html]:
    patient, course = view.overview.patient, view.overview.course
    lines = []
    if patient.practitioner_id != actor.staff_id:
        name = view.overview.staff[patient.practitioner_id]
        lines.append(view.html("practitioner.card.belongs", practitioner=name))
    lines.append(_membership(view, link_until))
    if patient.stopped_at is not None:
        lines.append(view.html("practitioner.card.stopped", time=view.at(patient.stopped_at)))
    if patient.unreachable_since is not None:
        lines.append(view.html("practitioner.card.unreachable", time=view.at(patient.unreachable_since)))
    if course is not None and course.paused_at is not None:
        lines.append(view.html("practitioner.card.paused", time=view.at(course.paused_at)))
    if course is not None and course.ended_at is not None:
        lines.append(view.html("practitioner.card.ended", time=view.at(course.ended_at)))
    return lines


def _membership(view: _View, link_until: datetime | None) -> Html:
    patient = view.overview.patient
    if patient.consented_at is not None:
        return view.html("practitioner.card.joined", time=view.at(patient.consented_at))
    if patient.refused_at is not None:
        return view.html("practitioner.card.refused")
    if patient.joined_at is not None:
        return view.html("practitioner.card.no_consent")
    if link_until is None:
        return view.html("practitioner.card.no_link")
    return view.html("practitioner.card.invited", until=view.at(link_until))


def _waiting(view: _View) -> list[Html]:
    lines = [_alert(view, alert) for alert in view.overview.alerts]
    if view.overview.questions:
        waited = wording.duration(view.now - view.overview.questions[0], view.language)
        count = len(view.overview.questions)
        lines.append(view.html("practitioner.card.questions", count=count, waited=waited))
    missed = missed_in_a_row(facts_of(view.overview).checks, view.now)
    if missed:
        lines.append(view.html("practitioner.card.silence", count=missed))
    return lines


def _alert(view: _View, alert: Alert) -> Html:
    grade = view.html(f"grade.{Grade(alert.grade).name.lower()}")
    flags, time = view.flags(reasons_of(alert)), view.at(alert.raised_at)
    if alert.acknowledged_by is None:
        return view.html("practitioner.card.alert", grade=grade, flags=flags, time=time)
    name = view.overview.staff[alert.acknowledged_by]
    return view.html("practitioner.card.alert_taken", grade=grade, flags=flags, time=time, name=name)


def _answers(view: _View) -> list[Html]:
    newest, before = last_answers(view.overview)
    if newest is None:
        return []
    scores = [
        view.html(
            "practitioner.card.score",
            question=view.html(f"question.{question}.name"),
            score=score,
            arrow=arrow(before.scores.get(question) if before else None, score),
        )
        for question, score in newest.scores.items()
    ]
    lines = [Html(" · ").join(scores)] if scores else []
    if newest.check_in.flags:
        lines.append(view.flags(newest.check_in.flags))
    if not lines:
        lines.append(view.html("relay.nothing_else"))
    at = newest.check_in.done_at or newest.check_in.answered_at or newest.check_in.due_at
    return [view.html("practitioner.card.answers", time=view.at(at), answers=join_html(lines))]


def _appointment(view: _View) -> list[Html]:
    visit, course = view.overview.appointment, view.overview.course
    if visit is not None:
        status = view.html(f"appointment.{visit.state}")
        return [view.html("practitioner.card.next", appointment=view.at(visit.starts_at), status=status)]
    if course is None or course.ended_at is not None:
        return []
    return [view.html("practitioner.card.no_next")]


async def _messages(work: UnitOfWork, view: _View) -> list[list[Html]]:
    """Planned ones in order of time; sent ones and those that were not, the newest first."""
    rows = await planned_messages.to_patient(work, view.overview.patient.id)
    planned = [_line(view, row, check, row.due_at) for row, check in rows if row.state == "pending"]
    past = [(row, check) for row, check in reversed(rows) if row.state != "pending"]
    sent = [_line(view, row, check, row.ended_at or row.due_at) for row, check in past if row.state == "sent"]
    not_sent = [
        view.html(
            "practitioner.card.not_sent_line",
            time=view.at(row.due_at),
            step=_step(view, row, check),
            reason=reason_in_words(view.texts, view.language, row.reason),
        )
        for row, check in past
        if row.state != "sent"
    ]
    blocks = []
    for key, lines, most in (
        ("practitioner.card.planned", planned, MOST_PLANNED),
        ("practitioner.card.sent", sent, MOST_PAST),
        ("practitioner.card.not_sent", not_sent, MOST_PAST),
    ):
        if lines:
            shown = clipped(view.texts, view.language, lines, most=most)
            blocks.append([view.html(key, lines=join_html(shown))])
    return blocks


def _line(view: _View, row: Outbox, check: CheckIn | None, at: datetime) -> Html:
    zone = ZoneInfo(view.overview.patient.zone)
    return message_line(view.texts, view.language, at, _step(view, row, check), zone)


def _step(view: _View, row: Outbox, check: CheckIn | None) -> Html:
    step = "nudge" if row.kind == "nudge" else (check.step if check else row.template.rpartition(".")[2])
    step = str(row.values.get("step", step)) if row.kind != "nudge" else step
    carries = row.kind == "check_in" and row.appointment_id is not None
    kind = check.kind if check and row.kind == "check_in" else None
    return step_in_words(view.texts, view.language, step, kind=kind, carries=carries)


def _buttons(view: _View, actor: Actor, *, has_link: bool) -> Rows:
    overview = view.overview
    patient_id = overview.patient.id

    def button(key: str, action: str) -> Button:
        return Button(view.texts.plain(key, view.language), action, (patient_id,))

    rows: list[tuple[Button, ...]] = []
    if overview.course is not None and overview.course.ended_at is None:
        pause = ("button.pause", "patient.pause")
        if overview.course.paused_at is not None:
            pause = ("button.resume_course", "patient.resume")
        rows.append((button("button.record", "record.patient"), button("button.write", "write")))
        rows.append((button("button.appointment", "patient.appointment"), button(*pause)))
        rows.append((button("button.end_course", "patient.end"), button("button.hand_over", "patient.hand_over")))
    else:
        rows.append((button("button.new_course", "new.course"), button("button.write", "write")))
        rows.append((button("button.hand_over", "patient.hand_over"),))
    link = [button("button.new_link", "patient.link")]
    if has_link:
        link.append(button("button.withdraw_link", "patient.withdraw_link"))
    if overview.patient.consented_at is None:
        rows.append(tuple(link))
    last = [Button(view.texts.plain("button.patient_list", view.language), "patient.page", (0,))]
    rows.append((*last, button("button.refresh", "patient.open")))
    return tuple(rows)
