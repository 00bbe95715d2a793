"""A check-in as the patient sees it: one message that changes with every answer. The same state, the same page."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.flows.check_in_case import Case, case_of
from bot.flows.end_of_check_in import ending
from bot.flows.standing import values_of
from bot.flows.visit_buttons import visit_line, visit_rows
from messages import wording
from messages.appointment_states import is_expected
from messages.care_plan import CheckKind
from messages.check_in import (
    Ask,
    AskFollowUp,
    AskItems,
    AskOther,
    Done,
    Item,
    Question,
    Stage,
    follow_up_of,
    highest_score,
    next_stage,
)
from messages.check_in_words import answer_label, anything_else_label, lines_for_patient
from messages.clinic import Clinic
from messages.errors import Value
from messages.markup import Html, join_html
from messages.outgoing import Button, Outgoing, Rows
from messages.pages import Part, page
from messages.templates import Rendered, Texts
from storage.database import UnitOfWork
from storage.tables import Appointment, CheckIn

NUMBERS_IN_A_ROW = 6
"""Buttons of the 0–10 scale side by side: two rows on a phone."""


@dataclass(frozen=True)
class View:
    """What is needed to put a case into words. `values` are those that most texts name."""

    case: Case
    appointment: Appointment | None
    texts: Texts
    language: str
    values: dict[str, Value]

    def html(self, key: str, **values: Value) -> Html:
        """A text in the patient's language."""
        return self.texts.html(key, self.language, **{**self.values, **values})

    def plain(self, key: str, **values: Value) -> str:
        """A text without markup: a button's."""
        return self.texts.plain(key, self.language, **{**self.values, **values})

    @property
    def id(self) -> int:
        """The check-in's id."""
        return self.case.check_in.id


async def check_in_page(
    work: UnitOfWork,
    check_in: CheckIn,
    *,
    texts: Texts,
    clinic: Clinic,
    now: datetime,
    heading: Rendered | None = None,
) -> Outgoing:
    """The message of a check-in at its present state; `heading` stands in place of the usual opening."""
    case = await case_of(work, check_in)
    return await case_page(work, case, texts=texts, clinic=clinic, now=now, heading=heading)


async def case_page(
    work: UnitOfWork, case: Case, *, texts: Texts, clinic: Clinic, now: datetime, heading: Rendered | None = None
) -> Outgoing:
    """The same for a check-in whose case is at hand."""
    check_in = case.check_in
    language = case.patient.language
    view = View(
        case=case,
        appointment=await _appointment(work, check_in, now),
        texts=texts,
        language=language,
        values=values_of(case.patient, case.practitioner, clinic, language, now),
    )
    if check_in.state in ("planned", "open"):
        return _asking(view, heading or _opening(view))
    footer = Part(view.html("patient.check_in.footer"), spare=2)
    end = (
        await ending(work, case, texts=texts, clinic=clinic, now=now)
        if check_in.state == "done"
        else view.html("error.check_in_closed")
    )
    visit = visit_line(view.appointment, texts, language, case.zone, case.practitioner.name)
    rows = visit_rows(view.appointment, texts, language, check_in.id)
    return Outgoing(
        page(Part(_summary(view), spare=3), Part(end), Part(visit, spare=1), footer),
        buttons=(*rows, (_urgent(view),)),
    )


def _asking(view: View, heading: Rendered) -> Outgoing:
    case = view.case
    stage = stage_of(case)
    answered = join_html(lines_for_patient(view.texts, view.language, case.form, case.answers))
    visit = visit_line(view.appointment, view.texts, view.language, case.zone, case.practitioner.name)
    text = page(
        Part(heading.html, spare=2),
        Part(answered, spare=4),
        Part(_question(view, stage)),
        Part(visit, spare=3),
        Part(view.html("patient.check_in.footer"), spare=1),
    )
    visits = visit_rows(view.appointment, view.texts, view.language, view.id)
    return Outgoing(
        text,
        buttons=(*_stage_rows(view, stage), *visits, _last_row(view, stage)),
        template_version_id=heading.version_id,
    )


def stage_of(case: Case) -> Stage:
    """What the check-in asks now."""
    return next_stage(case.form, case.answers, items_closed=case.check_in.items_closed)


def stage_name(stage: Stage) -> str:
    """A short name for buttons: a tap made for another stage changes nothing."""
    match stage:
        case Ask(question=question):
            return question.value
        case AskItems():
            return "items"
        case AskFollowUp(item=item):
            return f"follow_{item.value}"
        case AskOther():
            return "other"
        case Done():
            return "done"


async def _appointment(work: UnitOfWork, check_in: CheckIn, now: datetime) -> Appointment | None:
    if check_in.appointment_id is None:
        return None
    appointment = await work.session.get(Appointment, check_in.appointment_id)
    if appointment is None or not is_expected(appointment.state) or appointment.starts_at <= now:
        return None
    return appointment


def _opening(view: View) -> Rendered:
    kind = CheckKind(view.case.check_in.kind)
    if view.appointment is not None:
        when = wording.date_and_time(view.appointment.starts_at, view.case.zone, view.language)
        values = {**view.values, "appointment": when}
        return view.texts.render("patient.check_in.opening_appointment", view.language, **values)
    key = {CheckKind.REASK: "opening_again", CheckKind.LATE: "opening_late"}.get(kind, "opening")
    return view.texts.render(f"patient.check_in.{key}", view.language, **view.values)


def _summary(view: View) -> Html:
    lines = lines_for_patient(view.texts, view.language, view.case.form, view.case.answers)
    return view.html("patient.check_in.summary", answers=join_html(lines)) if lines else Html("")


def _question(view: View, stage: Stage) -> Html:
    match stage:
        case Ask(question=Question.ANYTHING_ELSE) if view.case.form.late:
            return view.html("question.late")
        case Ask(question=question):
            return view.html(f"question.{question.value}")
        case AskFollowUp(item=item):
            follow_up = follow_up_of(view.case.family, item)
            return view.html(follow_up.key) if follow_up else Html("")
        case AskOther():
            return view.html("patient.check_in.other_prompt")
        case _:
            return view.html("question.items")


def _stage_rows(view: View, stage: Stage) -> Rows:
    match stage:
        case Ask(question=Question.ANYTHING_ELSE):
            nothing, something = (
                anything_else_label(view.texts, view.language, view.case.form, choice) for choice in (0, 1)
            )
            return ((Button(nothing, "check.nothing", (view.id,)),), (Button(something, "check.list", (view.id,)),))
        case Ask(question=question):
            return _scores(view, question)
        case AskItems():
            done = Button(view.plain("button.done"), "check.close", (view.id, "items"))
            return (*((_item(view, item),) for item in Item), (done,))
        case AskFollowUp(item=item):
            # "Not sure" counts as yes: the safer of the two.
            choices = (("button.yes", 1), ("button.no", 0), ("button.not_sure", 1))
            return (tuple(Button(view.plain(key), "check.follow", (view.id, item.value, yes)) for key, yes in choices),)
        case AskOther():
            return ((Button(view.plain("button.done"), "check.close", (view.id, "other")),),)
        case Done():
            return ()


def _scores(view: View, question: Question) -> Rows:
    buttons = [
        Button(
            answer_label(view.texts, view.language, question, score), "check.score", (view.id, question.value, score)
        )
        for score in range(highest_score(question) + 1)
    ]
    in_a_row = NUMBERS_IN_A_ROW if question is Question.USUAL_PAIN else 1
    return tuple(_rows_of(buttons, in_a_row))


def _rows_of(buttons: list[Button], in_a_row: int) -> Iterable[tuple[Button, ...]]:
    for start in range(0, len(buttons), in_a_row):
        yield tuple(buttons[start : start + in_a_row])


def _item(view: View, item: Item) -> Button:
    chosen = item in view.case.answers.items
    label = view.plain(f"item.{item.value}")
    shown = view.plain("button.ticked", label=label) if chosen else label
    return Button(shown, "check.item", (view.id, item.value, 0 if chosen else 1))


def _last_row(view: View, stage: Stage) -> tuple[Button, ...]:
    first = view.case.form.questions[0]
    if isinstance(stage, Ask) and stage.question is first:
        return (_urgent(view),)
    return (Button(view.plain("button.back"), "check.back", (view.id, stage_name(stage))), _urgent(view))


def _urgent(view: View) -> Button:
    return Button(view.plain("button.urgent"), "urgent.open", (view.id,))
