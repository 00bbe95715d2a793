"""Recording a session as the practitioner sees it: the choice of patient, the questions, the preview, the result."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.flows.describe_schedule import schedule_in_words
from bot.flows.session_draft import Outlook
from messages import wording
from messages.care_plan import Family
from messages.clinic import Clinic
from messages.errors import Value
from messages.markup import fit
from messages.outgoing import Button, Outgoing, Rows
from messages.people import Actor
from messages.templates import Html, Texts, join_html
from storage import appointments, courses, overviews, patients, planned_messages, sessions
from storage.database import UnitOfWork
from storage.overviews import Overview
from storage.tables import Appointment, Course, Session

MOST_CHOICES = 8
"""Patients offered at once: more do not fit on a phone beside the keyboard."""

LONGEST_LABEL = 48
"""UTF-16 units of a name on a button, so that a time fits beside it."""


async def choose_patient(
    work: UnitOfWork, actor: Actor, texts: Texts, *, clinic: Clinic, now: datetime, part: str = ""
) -> Outgoing:
    """The patients whose course is under way: today's appointments, then the latest. `part` of the name searches."""
    everybody = [each for each in await overviews.visible(work, actor) if _is_under_way(each)]
    words = patients.fold(part).split()
    found = [each for each in everybody if all(word in each.patient.search_name for word in words)]
    if not everybody:
        return Outgoing(texts.html("practitioner.record.no_patients", actor.language))
    if not found:
        return Outgoing(texts.html("practitioner.nobody_found", actor.language, text=part))
    chosen = sorted(found, key=lambda each: _rank(each, clinic.zone, now))[:MOST_CHOICES]
    rows = tuple((_choice(each, actor.language, clinic.zone, now),) for each in chosen)
    return Outgoing(texts.html("practitioner.record.choose", actor.language), buttons=rows)


def _is_under_way(overview: Overview) -> bool:
    return overview.course is not None and overview.course.ended_at is None


def _visits_today(overview: Overview, zone: ZoneInfo, now: datetime) -> bool:
    visit = overview.appointment
    return visit is not None and visit.starts_at.astimezone(zone).date() == now.astimezone(zone).date()


def _rank(overview: Overview, zone: ZoneInfo, now: datetime) -> tuple[bool, float, int]:
    if overview.appointment is not None and _visits_today(overview, zone, now):
        return False, overview.appointment.starts_at.timestamp(), overview.patient.id
    latest = overview.session.ended_at if overview.session else overview.patient.created_at
    return True, -latest.timestamp(), overview.patient.id


def _choice(overview: Overview, language: str, zone: ZoneInfo, now: datetime) -> Button:
    label = fit(overview.patient.name, LONGEST_LABEL)
    if overview.appointment is not None and _visits_today(overview, zone, now):
        label = f"{wording.time_of_day(overview.appointment.starts_at, zone, language)} {label}"
    return Button(label, "record.patient", (overview.patient.id,))


def ask(outlook: Outlook, step: str, texts: Texts, language: str, clinic: Clinic) -> Outgoing:
    """The message of one step: when, next, pain, note, areas or preview."""
    if step == "preview":
        return _preview(outlook, texts, language, clinic)
    patient, course = outlook.patient, outlook.course
    place: dict[str, Value] = {"patient": patient.name, "session": outlook.number, "sessions": course.sessions_planned}
    cancel = (Button(texts.plain("button.cancel", language), "record.cancel"),)
    match step:
        case "when":
            text = texts.html("practitioner.record.when", language, **place)
            rows: Rows = ((Button(texts.plain("button.now", language), "record.when"),), cancel)
        case "next":
            text = texts.html("practitioner.record.next", language, **place)
            rows = (*_offers(outlook, texts, language, clinic), cancel)
        case "pain":
            text = texts.html("practitioner.record.pain", language, patient=patient.name)
            skip = Button(texts.plain("button.skip", language), "record.pain", ("skip",))
            rows = (*_numbers(range(6)), *_numbers(range(6, 11)), (skip,), cancel)
        case "note":
            text, rows = texts.html("practitioner.record.note", language, patient=patient.name), (cancel,)
        case _:
            text, rows = texts.html("practitioner.record.areas", language, patient=patient.name), (cancel,)
    return Outgoing(text, buttons=rows)


def _offers(outlook: Outlook, texts: Texts, language: str, clinic: Clinic) -> Rows:
    none = (Button(texts.plain("button.no_appointment", language), "record.next", (0,)),)
    if outlook.offered is None:
        return (none,)
    label = wording.short_date_and_time(outlook.offered, clinic.zone, language)
    return (Button(f"✅ {label}", "record.next", (int(outlook.offered.timestamp()),)),), none


def _numbers(numbers: range) -> Rows:
    return (tuple(Button(str(number), "record.pain", (number,)) for number in numbers),)


def _preview(outlook: Outlook, texts: Texts, language: str, clinic: Clinic) -> Outgoing:
    draft, patient, course = outlook.draft, outlook.patient, outlook.course
    if draft.ended_at is None:
        raise ValueError("a preview needs the time of the session")
    details = _details(
        texts,
        language,
        clinic.zone,
        ended_at=draft.ended_at,
        next_at=draft.next_at,
        is_last=outlook.is_last,
        usual_pain=draft.usual_pain,
        note=draft.note,
        areas=draft.areas,
    )
    lines = schedule_in_words(texts, language, outlook.schedule, ZoneInfo(patient.zone))
    if patient.consented_at is None:
        lines.append(texts.html("practitioner.not_joined_yet", language))
    text = texts.html(
        "practitioner.record.preview",
        language,
        patient=patient.name,
        family=texts.html(f"family.{course.family}", language),
        session=outlook.number,
        sessions=course.sessions_planned,
        details=join_html(details),
        lines=join_html(lines),
    )
    return Outgoing(text, buttons=_preview_buttons(outlook, texts, language))


def save_mark(outlook: Outlook) -> tuple[int, int, int]:
    """What a Save button stands for: patient, end of the session, next appointment (0 for none), in seconds."""
    draft = outlook.draft
    times = [int(at.timestamp()) if at else 0 for at in (draft.ended_at, draft.next_at)]
    return outlook.patient.id, times[0], times[1]


def _preview_buttons(outlook: Outlook, texts: Texts, language: str) -> Rows:
    def edit(field: str, key: str) -> Button:
        return Button(texts.plain(key, language), "record.edit", (field,))

    more = [edit("note", "button.note"), edit("areas", "button.areas")]
    if outlook.course.family == Family.PAIN.value:
        more.append(edit("pain", "button.usual_pain"))
    times = [edit("when", "button.time")]
    if not outlook.is_last:
        times.append(edit("next", "button.next_appointment"))
    return (
        (Button(texts.plain("button.save", language), "record.save", save_mark(outlook)),),
        tuple(more),
        (*times, Button(texts.plain("button.cancel", language), "record.cancel")),
    )


def _details(
    texts: Texts,
    language: str,
    zone: ZoneInfo,
    *,
    ended_at: datetime,
    next_at: datetime | None,
    is_last: bool,
    usual_pain: int | None,
    note: str | None,
    areas: str | None,
) -> Sequence[Html]:
    """What is recorded of a session, one fact a line, times on the clinic's clock."""
    ended = wording.short_date_and_time(ended_at, zone, language)
    details = [texts.html("practitioner.detail.ended", language, time=ended)]
    if is_last:
        details.append(texts.html("practitioner.detail.last", language))
    elif next_at is None:
        details.append(texts.html("practitioner.detail.no_next", language))
    else:
        at = wording.short_date_and_time(next_at, zone, language)
        details.append(texts.html("practitioner.detail.next", language, appointment=at))
    if usual_pain is not None:
        details.append(texts.html("practitioner.detail.pain", language, score=usual_pain))
    if areas:
        details.append(texts.html("practitioner.detail.areas", language, text=areas))
    if note:
        details.append(texts.html("practitioner.detail.note", language, text=note))
    return details


async def saved(work: UnitOfWork, actor: Actor, texts: Texts, *, session_id: int, clinic: Clinic) -> Outgoing:
    """The recorded session as it stands, with buttons to correct and to undo it."""
    session = await sessions.get(work, session_id)
    course = await courses.get(work, session.course_id)
    patient = await patients.for_staff(work, actor, course.patient_id)
    appointment = await appointments.active(work, course.id)
    language = actor.language
    text = texts.html(
        "practitioner.record.saved",
        language,
        patient=patient.name,
        session=session.number,
        sessions=course.sessions_planned,
        details=join_html(_saved_details(session, course, appointment, texts, language, clinic)),
        count=await planned_messages.count_pending(work, course),
    )
    rows = (
        (
            Button(texts.plain("button.correct", language), "session.correct", (session.id,)),
            Button(texts.plain("button.undo", language), "session.undo", (session.id,)),
        ),
        (Button(texts.plain("button.card", language), "patient.card", (patient.id,)),),
    )
    return Outgoing(text, buttons=rows)


def _saved_details(
    session: Session, course: Course, appointment: Appointment | None, texts: Texts, language: str, clinic: Clinic
) -> Sequence[Html]:
    return _details(
        texts,
        language,
        clinic.zone,
        ended_at=session.ended_at,
        next_at=appointment.starts_at if appointment else None,
        is_last=course.ended_at is not None,
        usual_pain=session.usual_pain,
        note=session.note,
        areas=session.areas,
    )
