"""/new: a patient with their course, and the link by which they join. A new course of a known patient, too."""

from datetime import datetime, timedelta

from bot import invitation_links
from bot.asking import ask
from bot.flows.add_patient import add_patient, check_numbers, checked_name
from bot.flows.end_course import start_course
from bot.handling import Bots
from bot.routing import button, command, dialog
from bot.turn import Turn
from messages import wording
from messages.care_plan import Family, plan_of
from messages.errors import OutOfDate, PersonError
from messages.outgoing import Button, Outgoing, Rows
from messages.people import Role
from messages.templates import languages
from storage import courses, dialogs, patients
from storage.dialogs import DialogState

NEW = "new"
LINK_DAYS = timedelta(days=14)
COMMON_INTERVALS = (7, 14, 21, 28)
COMMON_SESSIONS = 12


def setup(application: Bots) -> None:
    """Add the routes of this conversation."""
    application.add_handler(command("new", begin))
    application.add_handler(button("new.family", choose_family))
    application.add_handler(button("new.plan", choose_plan))
    application.add_handler(button("new.sessions", choose_sessions))
    application.add_handler(button("new.interval", choose_interval))
    application.add_handler(button("new.language", choose_language))
    application.add_handler(button("new.course", begin_course))


def setup_dialog(application: Bots) -> None:
    """Add the route of what is typed in this conversation."""
    application.add_handler(dialog(NEW, typed, frozenset({Role.PRACTITIONER})))


async def begin(turn: Turn) -> None:
    """Ask for the name; `/new Anna Keller` gives it at once."""
    if turn.command_argument:
        await _keep(turn, DialogState(NEW, "family", private=checked_name(turn.command_argument)))
    else:
        await _keep(turn, DialogState(NEW, "name"))


async def begin_course(turn: Turn) -> None:
    """A new course for a patient whose last one has ended: the same questions, without name and language."""
    async with turn.read() as work:
        patient = await patients.for_staff(work, turn.actor, _number(turn))
        if await courses.under_way(work, patient.id) is not None:
            raise PersonError("error.course_under_way")
    await _keep(turn, DialogState(NEW, "family", {"patient_id": patient.id}, private=patient.name))


async def typed(turn: Turn) -> None:
    """What is typed answers the question that is open."""
    state = turn.dialog
    if state is None or not turn.text.strip():
        raise PersonError("error.text_expected")
    match state.step:
        case "name":
            await _keep(turn, DialogState(NEW, "family", private=checked_name(turn.text)))
        case "sessions":
            await _with_sessions(turn, state, _typed_number(turn, "error.sessions_out_of_range", limit=40))
        case "interval":
            await _with_interval(turn, state, _typed_number(turn, "error.interval_out_of_range", limit=365))
        case _:
            await _keep(turn, state)


def _typed_number(turn: Turn, error: str, *, limit: int) -> int:
    text = turn.text.strip()
    if not text.isascii() or not text.isdigit() or len(text) > 4:
        raise PersonError(error, {"limit": limit})
    return int(text)


async def choose_family(turn: Turn) -> None:
    """What is treated."""
    state = _dialog(turn)
    family = turn.tap.text(0) if turn.tap else ""
    if family not in set(Family):
        raise OutOfDate
    await _keep(turn, DialogState(NEW, "plan", {**state.data, "family": family}, state.private))


async def choose_plan(turn: Turn) -> None:
    """The family's usual numbers, or others."""
    state = _dialog(turn, needs="family")
    if turn.tap and turn.tap.text(0) == "other":
        await _keep(turn, DialogState(NEW, "sessions", state.data, state.private))
        return
    plan = plan_of(Family(state.data["family"]))
    data = {**state.data, "sessions": plan.sessions, "interval": plan.interval_days}
    await _finish_plan(turn, DialogState(NEW, "language", data, state.private))


async def choose_sessions(turn: Turn) -> None:
    """A number of sessions."""
    await _with_sessions(turn, _dialog(turn, needs="family"), _number(turn))


async def choose_interval(turn: Turn) -> None:
    """A number of days between sessions."""
    await _with_interval(turn, _dialog(turn, needs="sessions"), _number(turn))


async def _with_sessions(turn: Turn, state: DialogState, sessions: int) -> None:
    check_numbers(sessions=sessions)
    await _keep(turn, DialogState(NEW, "interval", {**state.data, "sessions": sessions}, state.private))


async def _with_interval(turn: Turn, state: DialogState, interval: int) -> None:
    check_numbers(interval_days=interval)
    data = {**state.data, "interval": interval}
    await _finish_plan(turn, DialogState(NEW, "language", data, state.private))


async def _finish_plan(turn: Turn, state: DialogState) -> None:
    if "patient_id" in state.data:
        await _start_course(turn, state)
    else:
        await _keep(turn, state)


async def _start_course(turn: Turn, state: DialogState) -> None:
    async with turn.work() as work:
        await dialogs.close(work, turn.chat_id)
        course = await start_course(
            work,
            actor=turn.actor,
            patient_id=state.data["patient_id"],
            family=Family(state.data["family"]),
            sessions=state.data["sessions"],
            interval_days=state.data["interval"],
            now=turn.now,
        )
    text = turn.html(
        "practitioner.new_course.started",
        patient=state.private or "",
        family=turn.html(f"family.{course.family}"),
        sessions=course.sessions_planned,
        interval=_days(course.interval_days, turn),
    )
    rows = (
        (
            Button(turn.plain("button.record"), "record.patient", (course.patient_id,)),
            Button(turn.plain("button.card"), "patient.card", (course.patient_id,)),
        ),
    )
    await turn.show(Outgoing(text, buttons=rows))


async def choose_language(turn: Turn) -> None:
    """The last answer: add the patient, show the link."""
    state = _dialog(turn, needs="interval")
    language = turn.tap.text(0) if turn.tap else ""
    if language not in {each.code for each in languages()}:
        raise OutOfDate
    async with turn.work() as work:
        await dialogs.close(work, turn.chat_id)
        patient, token = await add_patient(
            work,
            actor=turn.actor,
            name=state.private or "",
            family=Family(state.data["family"]),
            sessions=state.data["sessions"],
            interval_days=state.data["interval"],
            language=language,
            clinic=turn.clinic,
            now=turn.now,
        )
    link = invitation_links.address(turn.clinic.bot_username, token)
    caption = turn.html(
        "practitioner.new.created",
        patient=patient.name,
        family=turn.html(f"family.{state.data['family']}"),
        sessions=state.data["sessions"],
        interval=_days(state.data["interval"], turn),
        until=link_until(turn.now, turn),
        link=link,
    )
    card = Button(turn.plain("button.card"), "patient.card", (patient.id,))
    await turn.say(Outgoing(caption, buttons=((card,),), media=(invitation_links.picture(link),)))


def link_until(now: datetime, turn: Turn) -> str:
    """The day on which a link made now ends, in words."""
    return wording.day(now + LINK_DAYS, turn.clinic.zone, turn.actor.language)


def _days(days: int, turn: Turn) -> str:
    return wording.duration(timedelta(days=days), turn.actor.language)


def _number(turn: Turn) -> int:
    if turn.tap is None:
        raise OutOfDate
    return turn.tap.number(0)


def _dialog(turn: Turn, *, needs: str | None = None) -> DialogState:
    """The dialog under way. Raises OutOfDate for a button that it has not come to, or has left behind."""
    state = turn.dialog
    if state is None or state.name != NEW or state.private is None:
        raise OutOfDate("error.dialog_over")
    if needs is not None and needs not in state.data:
        raise OutOfDate("error.dialog_over")
    return state


async def _keep(turn: Turn, state: DialogState) -> None:
    """Keep where the dialog stands and ask its question."""
    async with turn.work() as work:
        await dialogs.save(work, turn.chat_id, state, now=turn.now)
        await work.commit()
    await ask(turn, _question(turn, state))


def _question(turn: Turn, state: DialogState) -> Outgoing:
    name = state.private or ""
    match state.step:
        case "name":
            return Outgoing(turn.html("practitioner.new.name"))
        case "family":
            return Outgoing(turn.html("practitioner.new.family", patient=name), buttons=_families(turn))
        case "plan":
            family = turn.html(f"family.{state.data['family']}")
            text = turn.html("practitioner.new.plan", patient=name, family=family)
            return Outgoing(text, buttons=_plans(turn, Family(state.data["family"])))
        case "sessions":
            text = turn.html("practitioner.new.sessions", patient=name)
            return Outgoing(text, buttons=_session_numbers())
        case "interval":
            text = turn.html("practitioner.new.interval", patient=name)
            labels = tuple(Button(_days(days, turn), "new.interval", (days,)) for days in COMMON_INTERVALS)
            return Outgoing(text, buttons=(labels[:2], labels[2:]))
        case _:
            text = turn.html("practitioner.new.language", patient=name)
            rows = tuple((Button(each.name, "new.language", (each.code,)),) for each in languages())
            return Outgoing(text, buttons=rows)


def _families(turn: Turn) -> Rows:
    buttons = [Button(turn.plain(f"family.{family.value}"), "new.family", (family.value,)) for family in Family]
    return tuple(tuple(buttons[start : start + 2]) for start in range(0, len(buttons), 2))


def _plans(turn: Turn, family: Family) -> Rows:
    plan = plan_of(family)
    usual = turn.plain("button.plan_default", sessions=plan.sessions, interval=_days(plan.interval_days, turn))
    return (
        (Button(usual, "new.plan", ("usual",)),),
        (Button(turn.plain("button.plan_other"), "new.plan", ("other",)),),
    )


def _session_numbers() -> Rows:
    buttons = [Button(str(number), "new.sessions", (number,)) for number in range(1, COMMON_SESSIONS + 1)]
    return tuple(tuple(buttons[start : start + 4]) for start in range(0, COMMON_SESSIONS, 4))
