"""The demo's clinic: two practitioners, an admin, and four patients at different points of their courses."""

from datetime import UTC, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from bot.sandbox.person import Person
from bot.staging.cast import Manner
from bot.staging.casting import join_patient, join_staff, patient_to_be, record, scripted, set_cover
from bot.staging.stage import Stage
from messages.care_plan import Family
from messages.clinic import Clinic
from messages.timing import wall_clock_add

ZONE = ZoneInfo("Europe/Paris")
CLINIC = Clinic("Lindenhof Clinic", ZONE, "+33 1 23 45 67 89", "112", "en")
MORNING = time(9, 40)
DAYS_BEFORE = 8
ANSWERS_SOON = Manner(writes=0.0, delay=(1, 20))

HINTS = (
    "Anna had her first session this morning. Press the green button above: her check-in arrives. Four taps answer it.",
    "Answer the next one badly, or tap Urgent, and watch Dr Laurent’s phone. Take the alert, "
    "or let an hour go by and see who else is told.",
    "Write as a patient, or send a photo. Reply to it as Dr Laurent: it arrives in the clinic’s name. "
    "Chloé’s question is still waiting.",
    "As Dr Laurent: /record takes five taps, /new invites a patient, /patients shows a card each, "
    "/digest what needs a decision.",
    "As Alex, the admin: /templates changes what the bot says, with a preview; /people and /status are there too.",
    "Block the bot in the menu (⋮) of a patient’s phone: the practitioner is told to call.",
)
"""What to try first, shown beside the phones."""


def opening_time(now: datetime) -> datetime:
    """When the story begins, so that it ends at 09:40 of the day of `now` (aware)."""
    today = now.astimezone(ZONE).date()
    morning = datetime.combine(today, MORNING, ZONE).astimezone(UTC)
    return wall_clock_add(morning, days=-DAYS_BEFORE, zone=ZONE)


async def tell(stage: Stage) -> None:
    """Live through the eight days before the demo begins."""
    begin = stage.now()
    marie, marie_id = await join_staff(stage, "Dr Marie Laurent", practitioner=True, admin=False)
    paul, paul_id = await join_staff(stage, "Dr Paul Weber", practitioner=True, admin=False)
    await join_staff(stage, "Alex Martin", practitioner=False, admin=True)
    await set_cover(stage, marie_id, paul_id)
    await set_cover(stage, paul_id, marie_id)
    # The first patient made is the one that the page shows first.
    anna = patient_to_be(stage, "Anna Keller", label="face 1/5, this morning")
    chloe = await _chloe(stage, marie)
    await _dana(stage, paul, begin)
    await _bruno(stage, marie, begin)
    await stage.move_to(_day(begin, DAYS_BEFORE) - timedelta(minutes=35))
    chloe.say("Bonjour, est-ce que je peux retourner à la piscine demain ?")
    await stage.settle()
    _, anna_id = await join_patient(stage, "Anna Keller", marie, Family.FACE, sessions=5, interval_days=14, person=anna)
    await record(stage, marie, anna_id, ended_at=stage.now(), next_in_days=14)
    await stage.move_to(_day(begin, DAYS_BEFORE))
    stage.players = ()
    _read_everything(stage)


async def _chloe(stage: Stage, marie: Person) -> Person:
    """Eight days after her first session of fat dissolving, in French; her question waits for an answer."""
    chloe, patient_id = await join_patient(
        stage,
        "Chloé Martin",
        marie,
        Family.LIPO,
        sessions=4,
        interval_days=28,
        language="fr",
        person=patient_to_be(stage, "Chloé Martin", label="lipo 1/4, 8 days ago", language="fr"),
    )
    stage.players = (*stage.players, scripted(chloe, ANSWERS_SOON, Random(1)))
    await record(stage, marie, patient_id, ended_at=stage.now(), next_in_days=28)
    return chloe


async def _dana(stage: Stage, paul: Person, begin: datetime) -> None:
    """The day before her fourth session: tonight's check-in carries the reminder."""
    await stage.move_to(_day(begin, 2) + timedelta(minutes=20))
    dana, patient_id = await join_patient(
        stage,
        "Dana Okafor",
        paul,
        Family.CELL,
        sessions=10,
        interval_days=7,
        person=patient_to_be(stage, "Dana Okafor", label="cellulite 4/10, tomorrow"),
    )
    stage.players = (*stage.players, scripted(dana, ANSWERS_SOON, Random(2)))
    for days_ago in (14, 7, 0):
        ended_at = wall_clock_add(stage.now(), days=-days_ago, zone=ZONE)
        await record(stage, paul, patient_id, ended_at=ended_at, next_in_days=None if days_ago else 7)


async def _bruno(stage: Stage, marie: Person, begin: datetime) -> None:
    """Two days after his second session, with some swelling left."""
    await stage.move_to(_day(begin, 6))
    bruno, patient_id = await join_patient(
        stage,
        "Bruno Costa",
        marie,
        Family.EYE,
        sessions=4,
        interval_days=7,
        person=patient_to_be(stage, "Bruno Costa", label="under-eye 2/4, 2 days ago"),
    )
    stage.players = (*stage.players, scripted(bruno, ANSWERS_SOON, Random(3)))
    for days_ago in (7, 0):
        ended_at = wall_clock_add(stage.now(), days=-days_ago, zone=ZONE)
        await record(stage, marie, patient_id, ended_at=ended_at, next_in_days=None if days_ago else 7)


def _read_everything(stage: Stage) -> None:
    """Everybody has read their chat, so that the page's marks show only what happens from now on."""
    for chat in stage.sandbox.state.chats.values():
        chat.read_up_to = max(chat.messages, default=0)


def _day(begin: datetime, days: int) -> datetime:
    return wall_clock_add(begin, days=days, zone=ZONE)
