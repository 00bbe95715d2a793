"""The sandbox's ledger against the database: what was lost, what was repeated, and whether it was allowed to be."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from bot.sandbox.sandbox import Sandbox
from messages.outgoing import REPEATED_WHEN_UNCERTAIN, Kind
from storage.database import Database
from storage.tables import CheckIn, Inbox, Letter, Outbox, Patient, Staff

NAMED = 20
"""Violations that are listed; the others are only counted."""


@dataclass
class Reckoning:
    """What has become of everything. `violations` are broken promises, in words; the rest are counts by kind."""

    updates: int = 0
    messages: Counter[str] = field(default_factory=Counter)
    sent_again: Counter[str] = field(default_factory=Counter)
    """Sent a second time because nobody could know, whether the first had arrived or not."""
    repeated: Counter[str] = field(default_factory=Counter)
    """Of these, the ones that people read twice."""
    uncertain: Counter[str] = field(default_factory=Counter)
    """Perhaps sent, and not sent again."""
    arrived: Counter[str] = field(default_factory=Counter)
    """Of these, the ones that did arrive."""
    violations: list[str] = field(default_factory=list)

    @property
    def right(self) -> bool:
        """Whether every promise was kept."""
        return not self.violations

    def lines(self) -> list[str]:
        """The counts, and what was broken."""
        counted = {
            "messages owed": self.messages,
            "sent again, as nobody knew": self.sent_again,
            "  read twice": self.repeated,
            "uncertain, not sent again": self.uncertain,
            "  had arrived": self.arrived,
        }
        return [
            f"updates: {self.updates}",
            *(f"{name}: {counts.total()}{_by_kind(counts)}" for name, counts in counted.items()),
            f"violations: {len(self.violations)}",
            *(f"  VIOLATION: {each}" for each in self.violations[:NAMED]),
        ]


def _by_kind(counts: Counter[str]) -> str:
    found = ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items()) if count)
    return f" ({found})" if found else ""


@dataclass(frozen=True)
class _Books:
    """The database's side: whose chat is whose, and what each letter and each patient is known by."""

    rows: Sequence[Outbox]
    chats: Mapping[tuple[str, int], int]
    letters: Mapping[int, Letter]
    patients: Mapping[int, str]
    check_ins: Mapping[int, str]
    inbox: Counter[str]

    def chat_of(self, row: Outbox) -> int:
        if row.patient_id is not None:
            return self.chats["patient", row.patient_id]
        return self.chats["staff", row.staff_id or 0]

    def mark_of(self, row: Outbox) -> str:
        """What only this message says among those of its chat; a patient of the load gets only one."""
        if row.kind == Kind.RELAY and row.letter_id is not None:
            return self.letters[row.letter_id].text or ""
        return self.patients[row.subject_id or 0] if row.kind == Kind.ALERT else ""


async def reckon(database: Database, sandbox: Sandbox, written: Sequence[str]) -> Reckoning:
    """Compare everything, when nothing is left to do."""
    found = Reckoning(updates=len(written))
    books = await _read(database)
    _reckon_updates(found, books, sandbox, written)
    ledger: dict[int, list[str]] = defaultdict(list)
    for entry in sandbox.ledger.entries:
        ledger[entry.chat_id].append(entry.text)
    explained = 0
    for row in books.rows:
        mark = re.compile(re.escape(books.mark_of(row)) + r"(?!\d)" if books.mark_of(row) else "")
        came = sum(bool(mark.search(text)) for text in ledger[books.chat_of(row)])
        explained += came
        _reckon_message(found, row, came, books)
    if explained != len(sandbox.ledger.entries):
        found.violations.append(f"{len(sandbox.ledger.entries)} messages came, but only {explained} were owed")
    return found


async def _read(database: Database) -> _Books:
    async with database.read() as work:
        session = work.session
        patients = (await session.scalars(select(Patient))).all()
        staff = (await session.scalars(select(Staff))).all()
        letters = (await session.scalars(select(Letter).where(Letter.inbound))).all()
        chats = {("patient", each.id): each.telegram_id or 0 for each in patients}
        chats |= {("staff", each.id): each.telegram_id or 0 for each in staff}
        return _Books(
            rows=(await session.scalars(select(Outbox))).all(),
            chats=chats,
            letters={each.id: each for each in letters},
            patients={each.id: each.name for each in patients},
            check_ins={each.id: each.state for each in (await session.scalars(select(CheckIn))).all()},
            inbox=Counter((await session.scalars(select(Inbox.state))).all()),
        )


def _reckon_updates(found: Reckoning, books: _Books, sandbox: Sandbox, written: Sequence[str]) -> None:
    """Every update has had its effect once: what was written is there, and was passed on."""
    kept = Counter(letter.text for letter in books.letters.values())
    relayed = {row.letter_id for row in books.rows if row.kind == Kind.RELAY}
    found.violations += [f"lost: {text}" for text in written if not kept[text]]
    found.violations += [f"stored {count} times: {text}" for text, count in kept.items() if count > 1]
    found.violations += [f"not passed on: {one.text}" for one in books.letters.values() if one.id not in relayed]
    if sandbox.unconfirmed_updates:
        found.violations.append(f"{sandbox.unconfirmed_updates} updates were never fetched")
    if set(books.inbox) - {"done"}:
        found.violations.append(f"the inbox holds {dict(books.inbox)}")


def _reckon_message(found: Reckoning, row: Outbox, came: int, books: _Books) -> None:
    """One outcome, and as many messages as it says."""
    found.messages[row.kind] += 1
    may_repeat = row.kind in {kind.value for kind in REPEATED_WHEN_UNCERTAIN}
    found.sent_again[row.kind] += row.repeats
    found.repeated[row.kind] += max(0, came - 1)
    what = f"{row.key} is {row.state}, came {came} times, was sent again {row.repeats} times"
    match row.state:
        case "sent" if 1 <= came <= 1 + row.repeats and (may_repeat or not row.repeats):
            return
        case "uncertain" if came <= 1 and not may_repeat:
            found.uncertain[row.kind] += 1
            found.arrived[row.kind] += came
            if row.kind == Kind.CHECK_IN and books.check_ins[row.check_in_id or 0] != "open":
                found.violations.append(f"{what}, and no nudge will ask")
        case _:
            found.violations.append(what)
