"""A family's care plan in words: the steps with their days, the reminders, the windows, what to avoid."""

from datetime import timedelta

from bot.flows.show_template import Reader
from messages import wording
from messages.care_plan import AFTER_A_WEEK, ALL_PLANS, CarePlan, CheckKind, Family, Step
from messages.markup import Html, join_html
from messages.outgoing import Button, Outgoing


def families(reader: Reader) -> Outgoing:
    """A button for each family."""
    rows = tuple((Button(reader.plain(f"family.{family}"), "plan.show", (family.value,)),) for family in Family)
    return Outgoing(reader.html("admin.plans.choose"), buttons=rows)


def show_plan(reader: Reader, family: Family) -> Outgoing:
    """Everything that is planned around a session of this family. Read only."""
    plan = ALL_PLANS[family]
    parts = (
        reader.html(
            "admin.plan.title",
            family=reader.plain(f"family.{family}"),
            sessions=plan.sessions,
            interval=wording.duration(timedelta(days=plan.interval_days), reader.language),
        ),
        join_html((reader.html("admin.plan.steps"), *_steps(reader, plan))),
        join_html((reader.html("admin.plan.reminders"), *_reminders(reader, plan))),
        join_html((reader.html("admin.plan.windows"), *_windows(reader, plan))),
        join_html((reader.html("admin.plan.avoid"), *_avoid(reader, plan))),
    )
    back = Button(reader.plain("admin.button.back"), "plan.all")
    return Outgoing(join_html(parts, "\n\n"), buttons=((back,),))


def _steps(reader: Reader, plan: CarePlan) -> list[Html]:
    lines = [_step(reader, step) for step in plan.steps]
    if AFTER_A_WEEK.key not in {step.key for step in plan.steps}:
        lines.append(reader.html("admin.plan.after_a_week"))
    return lines + [_step(reader, step) for step in plan.late_steps]


def _step(reader: Reader, step: Step) -> Html:
    if step.delay is None:
        return reader.html("admin.plan.eve")
    key = "admin.plan.late_step" if step.kind is CheckKind.LATE else "admin.plan.step"
    return reader.html(key, time=wording.duration(step.delay, reader.language))


def _reminders(reader: Reader, plan: CarePlan) -> list[Html]:
    return [
        reader.html("admin.plan.reminder", time=wording.duration(reminder.before, reader.language))
        for reminder in plan.reminders
    ]


def _windows(reader: Reader, plan: CarePlan) -> list[Html]:
    return [
        reader.html(
            "admin.plan.window",
            text=reader.plain(f"admin.symptom.{symptom}"),
            time=wording.duration(timedelta(hours=hours), reader.language),
        )
        for symptom, hours in plan.windows.items()
    ]


def _avoid(reader: Reader, plan: CarePlan) -> list[Html]:
    return [
        reader.html("aftercare.avoid.painkillers_ask")
        if hours is None
        else reader.html(f"aftercare.avoid.{avoid}", hours=hours)
        for avoid, hours in plan.avoid_hours.items()
    ]
