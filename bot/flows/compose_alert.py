"""An alert as its readers see it, and the news of what became of it."""

from dataclasses import dataclass
from datetime import datetime

from bot.flows.acknowledge_alert import TAKEN
from bot.flows.check_in_case import case_of
from bot.flows.composing import Left, Scene
from bot.flows.note_unreachable import STAFF_BACK, STAFF_UNREACHABLE
from bot.flows.resolve_alert import RESOLVED
from messages import wording
from messages.check_in_words import lines_for_staff
from messages.errors import Value
from messages.grading import Flag, Grade
from messages.markup import Html, clip, join_html
from messages.outgoing import Button, Outgoing, Rows
from messages.pages import Part, page
from storage import alerts, check_ins, courses, letters
from storage.database import UnitOfWork
from storage.outbox import Claimed
from storage.tables import Alert, Course, Patient, Session, Staff

QUOTED_LETTERS = 3
"""How many of the patient's last texts an alert quotes; all of them are passed on whole."""

LONGEST_QUOTE = 400


@dataclass(frozen=True)
class Reading:
    """An alert with what its text needs."""

    alert: Alert
    patient: Patient
    practitioner: Staff
    session: Session | None
    course: Course | None


async def compose(work: UnitOfWork, row: Claimed, scene: Scene) -> Outgoing | Left:
    """The alert itself, or news by the row's template."""
    if row.template in (STAFF_UNREACHABLE, STAFF_BACK):
        return await _news_of_staff(work, row, scene)
    alert = await alerts.get(work, row.alert_id)
    if alert is None:
        return Left("gone")
    if row.template == alerts.ALERT_TEMPLATE:
        if alert.acknowledged_at is not None or alert.resolved_at is not None:
            return Left("acknowledged")
        return await show(work, alert, scene, row=row)
    return await _news_of_alert(work, row, alert, scene)


async def show(work: UnitOfWork, alert: Alert, scene: Scene, *, row: Claimed | None = None) -> Outgoing:
    """The alert as it stands now, for one member of staff. `row` is the one that carries it, None in place."""
    reading = await _read(work, alert)
    body = await _body(work, reading, scene)
    parts = [
        Part(await _heading(work, reading, scene, row), spare=1),
        Part(body.html),
        Part(_phone(reading, scene), spare=2),
        Part(await _patient_told(work, alert, scene), spare=3),
        Part(await _state(work, alert, scene)),
    ]
    return Outgoing(page(*parts), buttons=_buttons(alert, scene), template_version_id=body.version_id)


async def _read(work: UnitOfWork, alert: Alert) -> Reading:
    patient, practitioner = await alerts.practitioner_of(work, alert)
    session = await work.session.get(Session, alert.session_id) if alert.session_id is not None else None
    course = (
        await work.session.get_one(Course, session.course_id)
        if session is not None
        else await courses.current(work, patient.id)
    )
    return Reading(alert, patient, practitioner, session, course)


@dataclass(frozen=True)
class _Body:
    html: Html
    version_id: int | None


async def _body(work: UnitOfWork, reading: Reading, scene: Scene) -> _Body:
    values: dict[str, Value] = {
        "grade": scene.texts.html(f"grade.{Grade(reading.alert.grade).name.lower()}", scene.language),
        "patient": reading.patient.name,
        "family": scene.texts.html(f"family.{reading.course.family}", scene.language) if reading.course else "",
        "flags": _flags(reading.alert, scene),
        "answers": await _answers(work, reading, scene),
    }
    if reading.session is None or reading.course is None:
        rendered = scene.texts.render("alert.message_no_session", scene.language, **values)
    else:
        since = reading.alert.raised_at - reading.session.ended_at
        rendered = scene.texts.render(
            "alert.message",
            scene.language,
            session=reading.session.number,
            sessions=reading.course.sessions_planned,
            since=wording.duration(since, scene.language),
            **values,
        )
    return _Body(Html(rendered.html.strip()), rendered.version_id)


def _flags(alert: Alert, scene: Scene) -> Html:
    names = [f"flag.{Flag(flag).value.lower()}" for flag in alert.flags]
    if alert.origin in ("urgent", "words"):
        names.append(f"flag.{alert.origin}")
    lines = [
        scene.texts.html("alert.flag", scene.language, flag=scene.texts.html(name, scene.language)) for name in names
    ]
    return join_html(lines)


async def _answers(work: UnitOfWork, reading: Reading, scene: Scene) -> Html:
    """The answers of the check-in, and what was written since the alert was raised."""
    lines: list[Html] = []
    check_in = await check_ins.get(work, reading.alert.check_in_id) if reading.alert.check_in_id else None
    if check_in is not None:
        case = await case_of(work, check_in)
        lines.append(lines_for_staff(scene.texts, scene.language, case.form, case.answers, case.previous_scores))
    for letter in await letters.texts_since(
        work, reading.patient.id, since=reading.alert.raised_at, last=QUOTED_LETTERS
    ):
        quote = clip(letter.text or "", LONGEST_QUOTE)
        lines.append(scene.texts.html("alert.wrote", scene.language, text=quote))
    return join_html([line for line in lines if line])


async def _heading(work: UnitOfWork, reading: Reading, scene: Scene, row: Claimed | None) -> Html:
    """How long it has waited, for those whom it has climbed to and those who have it already."""
    alert = reading.alert
    if row is None or scene.staff is None:
        return Html("")
    waited = wording.duration(scene.now - alert.notify_at, scene.language)
    if await alerts.has_reached(work, alert_id=alert.id, staff_id=scene.staff.id):
        return scene.texts.html("alert.repeated", scene.language, waited=waited)
    if scene.staff.id != reading.practitioner.id:
        practitioner = reading.practitioner.name
        return scene.texts.html("alert.escalated", scene.language, practitioner=practitioner, waited=waited)
    return Html("")


def _phone(reading: Reading, scene: Scene) -> Html:
    if reading.patient.phone is None:
        return Html("")
    return scene.texts.html("alert.phone", scene.language, contact=reading.patient.phone)


async def _patient_told(work: UnitOfWork, alert: Alert, scene: Scene) -> Html:
    if not await alerts.patient_was_told_whom_to_call(work, alert.id):
        return Html("")
    return scene.texts.html("alert.patient_told", scene.language)


async def _state(work: UnitOfWork, alert: Alert, scene: Scene) -> Html:
    lines = []
    for key, staff_id, at in (
        (TAKEN, alert.acknowledged_by, alert.acknowledged_at),
        (RESOLVED, alert.resolved_by, alert.resolved_at),
    ):
        if staff_id is not None and at is not None:
            lines.append(await _done_by(work, scene, key, staff_id, at))
    return join_html(lines)


async def _done_by(work: UnitOfWork, scene: Scene, key: str, staff_id: int, at: datetime) -> Html:
    member = await work.session.get_one(Staff, staff_id)
    time = wording.time_of_day(at, scene.clinic.zone, scene.language)
    return scene.texts.html(key, scene.language, name=member.name, time=time)


def _buttons(alert: Alert, scene: Scene) -> Rows:
    def button(key: str, action: str, argument: int) -> Button:
        return Button(scene.texts.plain(key, scene.language), action, (argument,))

    take = button("button.on_it", "alert.take", alert.id)
    reply = button("button.reply", "alert.reply", alert.id)
    call = button("button.call", "alert.call", alert.id)
    card = button("button.card", "patient.card", alert.patient_id)
    resolve = button("button.resolved", "alert.resolve", alert.id)
    if alert.resolved_at is not None:
        return ((reply, card),)
    if alert.acknowledged_at is not None:
        return ((reply, call), (card, resolve))
    return ((take,), (reply, call), (card, resolve))


async def _news_of_alert(work: UnitOfWork, row: Claimed, alert: Alert, scene: Scene) -> Outgoing | Left:
    """Somebody else took or resolved it: a line as a reply to the alert this person has."""
    by, at = (
        (alert.acknowledged_by, alert.acknowledged_at)
        if row.template == TAKEN
        else (alert.resolved_by, alert.resolved_at)
    )
    if by is None or at is None:
        return Left("raised_again")
    reading = await _read(work, alert)
    line = await _done_by(work, scene, row.template, by, at)
    who = scene.texts.html("alert.about", scene.language, patient=reading.patient.name)
    reply_to = await alerts.message_of(work, alert_id=alert.id, chat_id=scene.chat_id)
    return Outgoing(join_html([who, line]), reply_to=reply_to, silent=True)


async def _news_of_staff(work: UnitOfWork, row: Claimed, scene: Scene) -> Outgoing:
    member = await work.session.get_one(Staff, row.values["staff"])
    rendered = scene.texts.render(row.template, scene.language, name=member.name)
    return Outgoing(rendered.html, template_version_id=rendered.version_id)
