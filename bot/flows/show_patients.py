"""The list of patients, a page at a time, and what a search finds."""

from datetime import datetime

from bot.flows.digest_facts import facts_of
from messages.clinic import Clinic
from messages.digest import Section, section_of
from messages.markup import fit
from messages.outgoing import Button, Outgoing, Rows
from messages.people import Actor
from messages.templates import Texts
from storage import overviews, patients
from storage.database import UnitOfWork
from storage.overviews import Overview

PAGE = 8
"""Patients on one page: as many as fit on a phone."""

LONGEST_LABEL = 48

MARKS = {Section.ALERT: "🔴", Section.SILENT: "🟠", Section.QUESTION: "💬", Section.NEWS: "🔹", None: "▫️"}
"""How pressing a patient is, in lists and in the digest."""


async def show_patients(
    work: UnitOfWork, *, actor: Actor, texts: Texts, clinic: Clinic, now: datetime, page: int = 0, part: str = ""
) -> Outgoing:
    """One page of the patients whose name holds every word of `part`, by name. A page too high is the last one."""
    words = patients.fold(part).split()
    everybody = await overviews.visible(work, actor)
    found = [each for each in everybody if all(word in each.patient.search_name for word in words)]
    if not everybody:
        return Outgoing(texts.html("practitioner.patients.none", actor.language))
    if not found:
        return Outgoing(texts.html("practitioner.nobody_found", actor.language, text=part))
    found.sort(key=lambda each: (each.patient.search_name, each.patient.id))
    page = min(page, (len(found) - 1) // PAGE)
    rows: Rows = tuple((_choice(each, now),) for each in found[page * PAGE : (page + 1) * PAGE])
    turning = [] if part else _turning(texts, actor.language, page, len(found))
    head = texts.html("practitioner.patients.list", actor.language, count=len(found))
    return Outgoing(head, buttons=(*rows, tuple(turning)) if turning else rows)


def _choice(overview: Overview, now: datetime) -> Button:
    mark = MARKS[section_of(facts_of(overview), now)]
    course, session = overview.course, overview.session
    place = f" · {session.number if session else 0}/{course.sessions_planned}" if course else ""
    return Button(f"{mark} {fit(overview.patient.name, LONGEST_LABEL)}{place}", "patient.open", (overview.patient.id,))


def _turning(texts: Texts, language: str, page: int, count: int) -> list[Button]:
    buttons = []
    if page > 0:
        buttons.append(Button(texts.plain("button.previous_page", language), "patient.page", (page - 1,)))
    if (page + 1) * PAGE < count:
        buttons.append(Button(texts.plain("button.next_page", language), "patient.page", (page + 1,)))
    return buttons
