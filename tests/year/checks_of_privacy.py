"""Nobody sees another's data: names and letters are searched for in everything that every chat shows."""

import re
from collections.abc import Iterator

from bot.sandbox.transcript import Line
from tests.year.evidence import NONCE, Evidence
from tests.year.model import Ledger, PatientFacts, StaffFacts

MARKER = re.compile(r"p[0-9]{3}q")
CLIMBS = {"alert", "notice"}
"""What may reach an admin about a patient: an alert that nobody took, and news such as that somebody is unreachable."""


class Privacy:
    """Remembers whom an alert has reached: they see it on, and what becomes of it."""

    def __init__(self) -> None:
        self._holders: set[tuple[int, int]] = set()

    def check(self, ledger: Ledger, evidence: Evidence) -> Iterator[str]:
        for line in evidence.new_lines:
            markers, nonces = set(MARKER.findall(line.text)), set(NONCE.findall(line.text))
            if not markers and not nonces:
                continue
            patient = ledger.patient_of_chat(line.chat_id)
            if patient is not None:
                yield from _in_chat_of_patient(line, patient, markers, nonces, ledger)
            member = ledger.staff_of_chat(line.chat_id)
            if member is not None:
                about = {ledger.patient_of_marker(marker) for marker in markers}
                about |= {ledger.patients[ledger.letters[nonce].patient_id] for nonce in nonces}
                yield from self._in_chat_of_staff(line, member, about, bool(nonces), ledger, evidence)

    def _in_chat_of_staff(
        self,
        line: Line,
        member: StaffFacts,
        about: set[PatientFacts],
        is_private: bool,
        ledger: Ledger,
        evidence: Evidence,
    ) -> Iterator[str]:
        row = evidence.rows.get(evidence.carriers.get((line.chat_id, line.message_id or 0), 0))
        rings = evidence.ringing.get((line.chat_id, line.message_id or 0), 0)
        self._holders |= {(member.staff_id, each.patient_id) for each in evidence.alerts if each.id == rings}
        for patient in about:
            if member.staff_id in ledger.readers(patient, line.at):
                continue
            if (member.staff_id, patient.patient_id) in self._holders:
                continue
            kinds = {row.kind} if row else _repeated(member, patient, evidence)
            if member.is_admin and kinds & CLIMBS and not is_private:
                continue
            kind = row.kind if row else "no row"
            yield f"staff {member.staff_id} sees {patient.marker} ({line.kind}, {kind}): {line.text[:120]!r}"


def _repeated(member: StaffFacts, patient: PatientFacts, evidence: Evidence) -> set[str]:
    """The kinds of what was sent again: the program never learned as which message the first one arrived."""
    to, about = member.staff_id, patient.patient_id
    return {
        each.kind for each in evidence.rows.values() if each.repeats and (each.staff_id, each.subject_id) == (to, about)
    }


def _in_chat_of_patient(
    line: Line, patient: PatientFacts, markers: set[str], nonces: set[str], ledger: Ledger
) -> Iterator[str]:
    if markers - {patient.marker}:
        yield f"{patient.marker} reads of {sorted(markers)}: {line.text[:120]!r}"
    for nonce in nonces:
        if ledger.letters[nonce].patient_id != patient.patient_id:
            yield f"{patient.marker} reads letter {nonce}: {line.text[:120]!r}"
