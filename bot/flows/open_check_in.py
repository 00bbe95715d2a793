"""A check-in that has reached its patient: from now on it is chased, and the one before it is closed."""

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.flows.check_in_case import case_of
from bot.flows.finish_check_in import give_up
from messages.clinic import Clinic
from messages.timing import nudge_at, silent_at
from storage import check_ins
from storage.database import UnitOfWork
from storage.tables import CheckIn


def mark_open(check_in: CheckIn, *, message_id: int | None, zone: ZoneInfo, now: datetime) -> None:
    """It was sent at `now`: set when it is asked once more, and when its silence counts."""
    check_in.state = "open"
    check_in.opened_at = now
    check_in.message_id = message_id
    check_in.nudge_due_at = nudge_at(now, zone)
    check_in.silence_due_at = silent_at(now)


async def close_earlier(work: UnitOfWork, check_in: CheckIn, *, clinic: Clinic, now: datetime) -> int:
    """Close the patient's older open check-ins as missed: the newer one asks the same. Returns how many."""
    older = await check_ins.others_open(work, check_in)
    for each in older:
        await give_up(work, await case_of(work, each), clinic=clinic, now=now)
    return len(older)
