"""Nothing proactive after its deadline, in quiet hours, after /stop, or to somebody who cannot be reached."""

from collections.abc import Iterator
from datetime import datetime, time

from tests.year.evidence import Evidence, Row
from tests.year.model import Ledger, PatientFacts

PROACTIVE = {"check_in", "nudge", "reminder"}
QUIET_FROM, QUIET_UNTIL = time(21), time(9)


def check(ledger: Ledger, evidence: Evidence) -> Iterator[str]:
    for before, row in evidence.changed:
        if row.kind not in PROACTIVE or row.ended_at is None or row.patient_id is None:
            continue
        if before is not None and before.state == row.state:
            continue
        patient = ledger.patients[row.patient_id]
        if row.state in {"sent", "uncertain"}:
            problems = _said(row, row.ended_at, patient, evidence)
            yield from (f"{row.kind} {row.id} to {patient.marker} went {problem} ({row.state})" for problem in problems)
        if row.state == "failed" and patient.blocked.surely(True, row.ended_at):
            yield f"{row.kind} {row.id} was tried though {patient.marker} cannot be reached"


def _said(row: Row, ended_at: datetime, patient: PatientFacts, evidence: Evidence) -> Iterator[str]:
    moments = [sent.at for sent in evidence.new_sent if sent.row_id == row.id]
    if row.state == "uncertain" and not moments:
        # It never came to Telegram: `ended_at` is when the next start found it, which may be a day later.
        return
    said_at = moments[0] if moments else ended_at
    local = said_at.astimezone(patient.zone)
    when = f"at {local:%Y-%m-%d %H:%M}"
    if row.not_after is not None and said_at > row.not_after:
        yield f"{when}, after its deadline"
    if said_at < row.due_at:
        yield f"{when}, before it was due"
    if local.time() >= QUIET_FROM or local.time() < QUIET_UNTIL:
        yield f"{when}, in quiet hours"
    if patient.stopped.surely(True, said_at):
        yield f"{when}, after /stop"
    if patient.blocked.surely(True, said_at):
        yield f"{when}, while they had blocked the bot"
    starts_at = evidence.appointments.get(row.appointment_id or 0)
    if row.kind == "reminder" and starts_at is not None and said_at >= starts_at:
        yield f"{when}, after the visit it is about"
