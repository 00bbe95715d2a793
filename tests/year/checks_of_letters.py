"""Every letter is passed on once, in the order in which they were written, and the patient hears that it was."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.year.evidence import NONCE, Evidence, Row, Sent
from tests.year.model import Ledger, LetterFacts

A_WHILE = timedelta(minutes=10)
"""For attempts that failed to be made again."""

ONE_BURST = timedelta(minutes=30)
"""Messages within this time are acknowledged once."""

ACKNOWLEDGING = {"acknowledgement", "emergency_text", "direct"}


class Letters:
    """Which letter appeared where, in the order of each chat, and which ones are still owed an answer."""

    def __init__(self) -> None:
        self._carried: Counter[str] = Counter()
        self._unseen: Counter[str] = Counter()
        self._appeared: dict[tuple[int, int, int], list[LetterFacts]] = defaultdict(list)
        self._known = 0
        self._unanswered: list[LetterFacts] = []
        self._underway: list[LetterFacts] = []

    def check(self, ledger: Ledger, evidence: Evidence, now: datetime) -> Iterator[str]:
        letters = list(ledger.letters.values())[self._known :]
        self._known += len(letters)
        self._underway.extend(letters)
        self._unanswered.extend(each for each in letters if each.from_patient and not each.is_edit)
        rows = evidence.rows_of_letter()
        for sent in evidence.new_sent:
            yield from self._note(sent, ledger, evidence, rows)
        yield from self._repeated(rows)
        if evidence.waiting_updates:
            return
        yield from self._lost(ledger, evidence, rows, now)
        yield from self._not_acknowledged(ledger, evidence, now)

    def _note(self, sent: Sent, ledger: Ledger, evidence: Evidence, rows: dict[str, list[Row]]) -> Iterator[str]:
        row = evidence.rows.get(sent.row_id or 0)
        chat_id = sent.acceptance.chat_id
        if row is not None and row.kind != "relay":
            return
        if row is None and sent.has_buttons:
            # An alert that quotes the letter.
            return
        for nonce in NONCE.findall(sent.acceptance.text):
            letter = ledger.letters[nonce]
            if row is not None:
                self._carried[nonce] += 1
            elif chat_id not in ledger.acted:
                self._unseen[nonce] += 1
            # Two colleagues who write at the same moment have no order between them.
            before = self._appeared[(chat_id, letter.patient_id, letter.author_chat)]
            yield from (
                f"{nonce} was read after {later.nonce}, which was written later: {rows[nonce]}, {rows[later.nonce]}"
                for later in before
                if _overtaken(letter, later, rows)
            )
            before.append(letter)

    def _repeated(self, rows: dict[str, list[Row]]) -> Iterator[str]:
        for nonce, count in self._carried.items():
            if count > 1:
                yield f"{nonce} was passed on {count} times"
        for nonce, count in self._unseen.items():
            if count > sum(row.repeats + (row.state == "uncertain") for row in rows[nonce]):
                yield f"{nonce} was passed on {count} times more than anybody knows: {rows[nonce]}"

    def _lost(self, ledger: Ledger, evidence: Evidence, rows: dict[str, list[Row]], now: datetime) -> Iterator[str]:
        stored = set(evidence.nonces.values())
        still = []
        for letter in self._underway:
            states = {row.state for row in rows[letter.nonce]}
            if states & {"sent"}:
                continue
            if letter.from_patient:
                if letter.nonce not in stored:
                    yield f"{letter.nonce} was not stored"
                elif not states & {"pending"} and _has_reader(letter, ledger, now) and not _answered(letter, ledger):
                    yield f"{letter.nonce} was passed on to nobody: {sorted(states)}"
            elif letter.nonce in stored and not states & {"pending"}:
                patient = ledger.patients[letter.patient_id]
                if patient.blocked.surely(False, now, letter.written_at):
                    yield f"{letter.nonce} of the clinic was not brought: {sorted(states)}"
                continue
            still.append(letter)
        self._underway = still

    def _not_acknowledged(self, ledger: Ledger, evidence: Evidence, now: datetime) -> Iterator[str]:
        ripe = [each for each in self._unanswered if each.written_at + A_WHILE < now]
        self._unanswered = [each for each in self._unanswered if each.written_at + A_WHILE >= now]
        for letter in ripe:
            patient = ledger.patients[letter.patient_id]
            since = letter.written_at - ONE_BURST
            heard = any(at >= since and kind in ACKNOWLEDGING for at, kind in evidence.spoken[letter.author_chat])
            tried = any(
                row.kind == "acknowledgement" and row.patient_id == patient.patient_id and row.planned_at >= since
                for row in evidence.rows.values()
                if row.state in {"uncertain", "pending"} or row.reason == "too_late"
            )
            if not heard and not tried and patient.blocked.surely(False, now, since):
                yield f"{letter.nonce} was not acknowledged"


def _overtaken(letter: LetterFacts, later: LetterFacts, rows: dict[str, list[Row]]) -> bool:
    """Whether what was written later was read first, without a reason: a letter that its first reader did not take,

    or that had to wait for one, comes behind what found a reader at once.
    """
    if later.number <= letter.number:
        return False
    waited = any(row.state == "failed" or row.planned_at > letter.written_at + A_WHILE for row in rows[letter.nonce])
    return not waited or _owed(letter, rows) < _owed(later, rows)


def _owed(letter: LetterFacts, rows: dict[str, list[Row]]) -> int:
    """The first row that could reach somebody: rows count in the order in which they were planned."""
    return min((row.id for row in rows[letter.nonce] if row.state != "failed"), default=0)


def _has_reader(letter: LetterFacts, ledger: Ledger, now: datetime) -> bool:
    """Whether the practitioner or the cover can be reached, without any doubt."""
    patient = ledger.patients[letter.patient_id]
    owner = ledger.staff[patient.owner.newest]
    people = [owner] + ([ledger.staff[owner.cover_id]] if owner.cover_id is not None else [])
    return any(each.blocked.surely(False, now) for each in people)


def _answered(letter: LetterFacts, ledger: Ledger) -> bool:
    """Whether somebody has written to the patient since: then it no longer waits."""
    return any(
        each.patient_id == letter.patient_id and not each.from_patient and each.number > letter.number
        for each in ledger.letters.values()
    )
