"""Every planned message has exactly one outcome, and the sandbox agrees with what is recorded as sent."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime

from tests.year.evidence import Evidence, Row, Sent
from tests.year.model import Ledger

OPEN = {"pending", "claimed", "sending"}
ENDED = {"sent", "skipped", "cancelled", "failed", "uncertain"}
FINAL = {"sent", "failed", "uncertain"}
"""What was withdrawn or left out may come back; these may not."""


class Outcomes:
    """What was accepted without being recorded, counted by chat."""

    def __init__(self) -> None:
        self._unseen: dict[int, list[str]] = defaultdict(list)

    def check(self, ledger: Ledger, evidence: Evidence, now: datetime) -> Iterator[str]:
        yield from (problem for before, row in evidence.changed for problem in _row(before, row, evidence))
        yield from (f"row {row.id} is {row.state} and due" for row in evidence.rows.values() if _is_stuck(row, now))
        for sent in evidence.new_sent:
            yield from self._message(sent, ledger)
        yield from self._unrecorded(ledger, evidence)

    def _message(self, sent: Sent, ledger: Ledger) -> Iterator[str]:
        """Whoever gets a message gets it from a row, or has just done something; or its answer was lost."""
        chat_id = sent.acceptance.chat_id
        if sent.row_id is not None or chat_id in ledger.acted:
            return
        if not sent.acceptance.client_saw_error and not ledger.restarted:
            yield f"nothing explains message {sent.place}: {sent.acceptance.text[:80]!r}"
        self._unseen[chat_id].append(f"{sent.at} {sent.acceptance.text[:60]!r}")

    def _unrecorded(self, ledger: Ledger, evidence: Evidence) -> Iterator[str]:
        """What may have arrived twice is counted: as a repeat of its row, or as uncertain."""
        if not self._unseen:
            return
        allowed: Counter[int] = Counter()
        for row in evidence.rows.values():
            allowed[_chat_of(row, ledger)] += row.repeats + (row.state == "uncertain")
        for chat_id, messages in self._unseen.items():
            if len(messages) > allowed[chat_id]:
                yield f"chat {chat_id} got {messages} that nobody recorded, only {allowed[chat_id]} are known of"


def _row(before: Row | None, row: Row, evidence: Evidence) -> Iterator[str]:
    if row.state not in OPEN | ENDED:
        yield f"row {row.id} is {row.state}"
    if row.state in ENDED and row.ended_at is None:
        yield f"row {row.id} is {row.state} since nobody knows when"
    if row.state in ENDED - {"sent"} and not row.reason:
        yield f"row {row.id} ({row.kind}) is {row.state} and nobody knows why"
    if before is not None and before.state in FINAL and row.state != before.state:
        yield f"row {row.id} ({row.kind}) was {before.state} and is {row.state}"
    carried = evidence.messages_of.get(row.id, [])
    if (row.state == "sent") != bool(carried):
        yield f"row {row.id} ({row.kind}) is {row.state} with {len(carried)} messages"
    if len(carried) > 1:
        yield f"row {row.id} ({row.kind}) was delivered as {carried}"


def _is_stuck(row: Row, now: datetime) -> bool:
    """Once everything has settled nothing is under way, and nothing that is due waits."""
    return row.state in {"claimed", "sending"} or (row.state == "pending" and row.due_at <= now)


def _chat_of(row: Row, ledger: Ledger) -> int:
    if row.patient_id is not None:
        return ledger.patients[row.patient_id].person.id
    return ledger.staff[row.staff_id or 0].person.id
