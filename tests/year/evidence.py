"""What can be seen afterwards: the rows of the database, and what the sandbox has accepted and shown."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Subquery, func, or_, select

from bot.sandbox.ledger import Acceptance
from bot.sandbox.transcript import Line
from storage.database import UnitOfWork
from storage.tables import Alert, Appointment, Audit, Delivery, Inbox, Letter, Outbox
from tests.year.clinic import YearWorld

NONCE = re.compile(r"n[0-9]{5}z")
"""What stands in one wording of one letter only."""

COLUMNS = (
    Outbox.id,
    Outbox.kind,
    Outbox.template,
    Outbox.state,
    Outbox.reason,
    Outbox.patient_id,
    Outbox.staff_id,
    Outbox.subject_id,
    Outbox.letter_id,
    Outbox.alert_id,
    Outbox.appointment_id,
    Outbox.due_at,
    Outbox.not_after,
    Outbox.repeats,
    Outbox.planned_at,
    Outbox.ended_at,
)


@dataclass(frozen=True)
class Row:
    """An outbox row as it stood at the last look."""

    id: int
    kind: str
    template: str
    state: str
    reason: str | None
    patient_id: int | None
    staff_id: int | None
    subject_id: int | None
    letter_id: int | None
    alert_id: int | None
    appointment_id: int | None
    due_at: datetime
    not_after: datetime | None
    repeats: int
    planned_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class AlertFacts:
    """An alert, and since when its ladder stands where it is."""

    id: int
    patient_id: int
    grade: int
    origin: str
    raised_at: datetime
    began_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None


@dataclass(frozen=True)
class Sent:
    """One message that Telegram accepted: when it appeared, and the row that recorded it, if any did."""

    acceptance: Acceptance
    at: datetime
    row_id: int | None
    has_buttons: bool

    @property
    def place(self) -> tuple[int, int]:
        return self.acceptance.chat_id, self.acceptance.message_id


@dataclass
class Evidence:
    """Everything seen so far, and what is new since the last look."""

    rows: dict[int, Row] = field(default_factory=dict)
    carriers: dict[tuple[int, int], int] = field(default_factory=dict)
    messages_of: dict[int, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    sent: list[Sent] = field(default_factory=list)
    spoken: dict[int, list[tuple[datetime, str]]] = field(default_factory=lambda: defaultdict(list))
    """By chat: when the bot said or changed something, and of which kind; "direct" for what no row carried."""
    appointments: dict[int, datetime] = field(default_factory=dict)
    ringing: dict[tuple[int, int], int] = field(default_factory=dict)
    """Which alert a message shows, recorded or not."""
    nonces: dict[int, str] = field(default_factory=dict)
    """By letter id."""
    alerts: list[AlertFacts] = field(default_factory=list)
    changed: list[tuple[Row | None, Row]] = field(default_factory=list)
    new_sent: list[Sent] = field(default_factory=list)
    new_lines: list[Line] = field(default_factory=list)
    waiting_updates: int = 0
    looked_at: datetime | None = None
    _lines_read: int = 0
    _entries_read: int = 0

    async def look(self, world: YearWorld) -> None:
        """Read what has happened since the last look."""
        since, self.looked_at = self.looked_at, world.clock.now()
        async with world.database.read() as work:
            # First: on PostgreSQL each statement sees a state of its own, and what was handled by then shows below.
            waiting = select(func.count()).select_from(Inbox).where(Inbox.state == "waiting")
            self.waiting_updates = (await work.session.scalar(waiting)) or 0
            rows = (await work.session.execute(_changed_rows(since))).all()
            self._note_rows([Row(*each) for each in rows])
            delivered = select(Delivery.chat_id, Delivery.message_id, Delivery.outbox_id)
            if since is not None:
                delivered = delivered.where(Delivery.delivered_at >= since)
            for chat_id, message_id, row_id in (await work.session.execute(delivered)).all():
                self._note_delivery((chat_id, message_id), row_id)
            visits = (await work.session.execute(select(Appointment.id, Appointment.starts_at))).all()
            self.appointments = {each.id: each.starts_at for each in visits}
            await self._look_for_letters(work)
            await self._look_for_alerts(work)
        self._note_messages(world)

    async def _look_for_letters(self, work: UnitOfWork) -> None:
        known = max(self.nonces, default=0)
        fresh = select(Letter.id, Letter.text).where(Letter.id > known).order_by(Letter.id)
        for letter_id, text in (await work.session.execute(fresh)).all():
            found = NONCE.search(text or "")
            self.nonces[letter_id] = found.group() if found else ""

    async def _look_for_alerts(self, work: UnitOfWork) -> None:
        began = _ladders_began()
        columns = (
            Alert.id,
            Alert.patient_id,
            Alert.grade,
            Alert.origin,
            Alert.raised_at,
            func.coalesce(began.c.at, Alert.raised_at),
            Alert.acknowledged_at,
            Alert.resolved_at,
        )
        statement = select(*columns).join(began, began.c.id == Alert.id, isouter=True)
        self.alerts = [AlertFacts(*each) for each in (await work.session.execute(statement)).all()]

    def rows_of_letter(self) -> dict[str, list[Row]]:
        """The messages that carry each letter, by its nonce."""
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows.values():
            if row.kind == "relay" and row.letter_id is not None:
                found[self.nonces.get(row.letter_id, "")].append(row)
        return found

    def _note_rows(self, rows: list[Row]) -> None:
        self.changed = [(self.rows.get(row.id), row) for row in rows if self.rows.get(row.id) != row]
        self.rows.update((row.id, row) for row in rows)

    def _note_delivery(self, place: tuple[int, int], row_id: int) -> None:
        if place not in self.carriers:
            self.carriers[place] = row_id
            self.messages_of[row_id].append(place)

    def _note_messages(self, world: YearWorld) -> None:
        entries = world.sandbox.ledger.entries[self._entries_read :]
        self._entries_read += len(entries)
        chats = world.sandbox.state.chats
        messages = [chats[each.chat_id].messages[each.message_id] for each in entries]
        self.new_sent = [
            Sent(entry, message.at, self._carrier(entry), bool(message.keyboard))
            for entry, message in zip(entries, messages, strict=True)
        ]
        self.sent.extend(self.new_sent)
        for message in messages:
            data = [button.data or "" for row in message.keyboard for button in row]
            ringing = next((each for each in data if each.startswith("alert.reply:")), None)
            if ringing is not None:
                self.ringing[(message.chat_id, message.id)] = int(ringing.partition(":")[2])
        lines = world.sandbox.transcript[self._lines_read :]
        self._lines_read += len(lines)
        self.new_lines = [each for each in lines if each.side == "bot"]
        for line in self.new_lines:
            self.spoken[line.chat_id].append((line.at, self.kind_of(line)))

    def _carrier(self, entry: Acceptance) -> int | None:
        return self.carriers.get((entry.chat_id, entry.message_id))

    def kind_of(self, line: Line) -> str:
        """What kind of message a line shows: the row's, or "direct"."""
        row_id = self.carriers.get((line.chat_id, line.message_id or 0))
        return self.rows[row_id].kind if row_id in self.rows and line.kind not in EDITS else "direct"


EDITS = ("edit", "callback_answer")


def _changed_rows(since: datetime | None) -> Select[*tuple[Any, ...]]:
    statement = select(*COLUMNS)
    if since is None:
        return statement
    # What was withdrawn or left out may come back; what has ended otherwise stays as it is.
    return statement.where(or_(Outbox.state.not_in(("sent", "uncertain", "failed")), Outbox.ended_at >= since))


def _ladders_began() -> Subquery:
    """When each alert was last raised, made worse, or given back by whoever had taken it."""
    again = Audit.action.in_(("alert.raised", "alert.worsened", "alert.returned"))
    return (
        select(Audit.subject_id.label("id"), func.max(Audit.at).label("at"))
        .where(Audit.subject == "alert", again)
        .group_by(Audit.subject_id)
        .subquery()
    )
