"""Messages that were held from a patient come back, as far as they still make sense."""

from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

from messages.appointment_states import is_expected
from messages.outgoing import PROACTIVE, Kind
from messages.timing import quiet_shift
from storage import outbox
from storage.database import UnitOfWork
from storage.tables import Appointment, CheckIn, Course, Outbox, Patient

NOT_YET = ("not_joined", "no_consent")
"""Why messages were left out before a patient had joined and agreed."""

STOPPED = "stopped"
"""Why messages were withdrawn or left out after /stop."""


async def bring_back(work: UnitOfWork, patient: Patient, *, reasons: Collection[str], now: datetime) -> int:
    """Make rows that ended for one of `reasons` pending again; no commit. Returns how many.

    One whose time has passed goes now, out of quiet hours, if its deadline allows; of several late check-ins only
    the newest. What was withdrawn for another reason since, or belongs to a visit or session that is no more,
    stays ended.
    """
    ended = await outbox.ended_for(work, patient.id, reasons=reasons, kinds=PROACTIVE)
    zone = ZoneInfo(patient.zone)
    late_check_taken = False
    brought = 0
    for row in ended:
        late = row.due_at < now
        due_at = quiet_shift(now, earliest=now, zone=zone) if late else row.due_at
        if row.not_after is not None and due_at > row.not_after:
            continue
        if late and row.kind == Kind.CHECK_IN.value and late_check_taken:
            continue
        if not await _still_makes_sense(work, row):
            continue
        late_check_taken = late_check_taken or (late and row.kind == Kind.CHECK_IN.value)
        row.state, row.reason, row.ended_at, row.due_at = "pending", None, None, due_at
        brought += 1
    return brought


async def _still_makes_sense(work: UnitOfWork, row: Outbox) -> bool:
    if row.course_id is not None:
        course = await work.session.get_one(Course, row.course_id)
        if course.paused_at is not None:
            return False
    if row.check_in_id is not None:
        check_in = await work.session.get_one(CheckIn, row.check_in_id)
        return check_in.state == ("open" if row.kind == Kind.NUDGE.value else "planned")
    if row.appointment_id is not None:
        appointment = await work.session.get_one(Appointment, row.appointment_id)
        return is_expected(appointment.state)
    return False
