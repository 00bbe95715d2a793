"""The answers of a finished check-in, for the practitioner. A reply to them reaches the patient."""

from bot.flows.check_in_case import Case, case_of
from bot.flows.composing import Left, Scene
from bot.flows.pass_over import is_theirs
from messages import wording
from messages.check_in_words import lines_for_staff
from messages.grading import Grade
from messages.markup import Html
from messages.outgoing import Button, Outgoing
from messages.templates import Texts
from storage import check_ins
from storage.database import UnitOfWork
from storage.letters import NOT_THEIRS
from storage.outbox import Claimed


async def compose(work: UnitOfWork, row: Claimed, scene: Scene) -> Outgoing | Left:
    """Who, which session, hours since, and every answer with an arrow against the one before."""
    if not await is_theirs(work, row, scene):
        return Left(NOT_THEIRS)
    check_in = await check_ins.get(work, row.check_in_id or 0)
    if check_in is None:
        return Left("gone")
    case = await case_of(work, check_in)
    rendered = scene.texts.render(
        row.template,
        scene.language,
        header=header_of(case, scene.texts, scene.language),
        grade=scene.texts.html(f"grade.{Grade(check_in.grade or 0).name.lower()}", scene.language),
        answers=lines_for_staff(scene.texts, scene.language, case.form, case.answers, case.previous_scores),
    )
    card = Button(scene.texts.plain("button.card", scene.language), "patient.card", (case.patient.id,))
    return Outgoing(
        rendered.html,
        buttons=((card,),),
        silent=bool(row.values.get("silent", False)),
        template_version_id=rendered.version_id,
    )


def header_of(case: Case, texts: Texts, language: str) -> Html:
    """Whose answers, and how long after which session."""
    answered_at = case.check_in.answered_at or case.check_in.due_at
    return texts.html(
        "relay.header",
        language,
        patient=case.patient.name,
        family=texts.html(f"family.{case.course.family}", language),
        session=case.session.number,
        sessions=case.course.sessions_planned,
        since=wording.duration(answered_at - case.session.ended_at, language),
    )
