"""What the bot sent by itself, as a table: local time, who received it, and what it was.

    journal = Journal(world)
    ...
    assert await journal.sent() == table(\"\"\"
        Mon 02 Mar 13:00  Anna   check-in after_3h
        Mon 02 Mar 19:00  Anna   nudge after_3h
    \"\"\")

Time and recipient are read from the chats of the sandbox; the rows of the database say what each message was, and the
words of the message must agree with them. Answers given directly in a conversation are no part of it.
"""

import re
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import aliased

from bot.sandbox.transcript import Line
from messages.outgoing import Kind
from storage.tables import CheckIn, Delivery, Outbox, Patient
from tests.world import PARIS, World

NOT_A_MESSAGE = {"edit", "delete", "tap", "callback_answer", "block", "unblock"}

A_WHILE = timedelta(days=60)
"""How long rows are left unread: they are forgotten after 90 days."""

NO_DIGEST = datetime(2030, 1, 1, tzinfo=PARIS)
"""For `digest_due_at`: a practitioner who gets no digest during the test, because three months of them take long."""

BEGINNINGS = {
    "check-in": "You have a check-in\n",
    "nudge": "You have a check-in waiting\n",
    "reminder before_48h": "You have an appointment\n",
    "reminder before_24h": "Your appointment is near\n",
    "reminder before_3h": "See you soon\n",
    "digest": "Digest · ",
    "answers": "Anna Keller · ",
    "alert taken": "Alert about ",
    "alert seen": "Marie Laurent has seen what you reported",
    "letter passed on": "Passed to Marie Laurent, who",
    "emergency passed on": "Passed to Marie Laurent as an emergency",
    "whom to call": "Please don’t wait for us any longer\n",
    "emergency text": "Call 112 now. Do not wait for a reply here.\n",
    "course end": "A word from Lindenhof Clinic\n",
    "appointment set": "Your next appointment\n",
    "appointment cancelled": "Your appointment has been cancelled\n",
}
"""How a message must begin in the chat, by the beginning of its kind; those of other kinds vary."""

WORDS = {
    "patient.whom_to_call": "whom to call",
    "patient.emergency": "emergency text",
    "patient.course_end": "course end",
    "patient.appointment.set": "appointment set",
    "patient.appointment.cancelled": "appointment cancelled",
    "patient.seen": "alert seen",
    "patient.acknowledged": "letter passed on",
    "patient.acknowledged_emergency": "emergency passed on",
    "alert.acknowledged": "alert taken",
    "practitioner.appointment.confirmed": "appointment confirmed",
}
"""What the table calls a message that no plan holds, by its text."""


def paris(local: str) -> datetime:
    """A moment by the clocks of Paris: "2026-03-29 18:00"."""
    return datetime.fromisoformat(local).replace(tzinfo=PARIS)


def table(text: str) -> list[tuple[str, str, str]]:
    """The lines of a table of three columns, two spaces or more apart."""
    rows = [re.split(r"\s{2,}", line.strip()) for line in text.strip().splitlines()]
    return [(first, second, third) for first, second, third in rows]


def days(first: str, last: str) -> list[str]:
    """Every day from the first to the last, as ISO dates."""
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [(start + timedelta(days=each)).isoformat() for each in range((end - start).days + 1)]


class Journal:
    """Everything that the bot sends by itself from now on, to be lived through with `move_to`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._read_up_to = len(world.sandbox.transcript)
        self._entries: list[tuple[Line, str]] = []

    async def move_to(self, local: str) -> None:
        """Live through everything up to a time of the clocks of Paris, and keep what was sent."""
        when = paris(local)
        while (step := self._world.clock.now() + A_WHILE) < when:
            await self._world.move_to(step)
            await self._read()
        await self._world.move_to(when)
        await self._read()

    def sent(self) -> list[tuple[str, str, str]]:
        """All but the digests, in order of time, then of recipient and kind."""
        found = [(line, kind) for line, kind in self._entries if kind != "digest"]
        return [
            (_local(line.at).strftime("%a %d %b %H:%M"), line.chat, kind)
            for line, kind in sorted(found, key=lambda each: (each[0].at, each[0].chat, each[1]))
        ]

    def digests(self, recipient: str) -> dict[str, str]:
        """The digests of a practitioner: what each said, by its local date and time."""
        return {
            _local(line.at).strftime("%Y-%m-%d %H:%M"): line.text
            for line, kind in self._entries
            if kind == "digest" and line.chat == recipient
        }

    async def skipped(self) -> list[tuple[str, str, str]]:
        """What was planned in the last 90 days and not sent, in order of time: (patient, kind, reason).

        What was withdrawn because something changed is no part of it.
        """
        async with self._world.database.read() as work:
            rows = await work.session.execute(
                select(Patient, Outbox, CheckIn)
                .join(Outbox, Outbox.patient_id == Patient.id)
                .join(CheckIn, CheckIn.id == Outbox.check_in_id, isouter=True)
                .where((Outbox.state == "skipped") | (Outbox.reason == "all_well"))
                .order_by(Outbox.due_at, Outbox.id)
            )
            return [(patient.name.split()[0], _name(row, check), row.reason or "") for patient, row, check in rows]

    async def nothing_left(self) -> bool:
        """Whether everything that was ever owed has ended."""
        async with self._world.database.read() as work:
            unended = Outbox.state.in_(("pending", "claimed", "sending"))
            return await work.session.scalar(select(Outbox.id).where(unended).limit(1)) is None

    async def _read(self) -> None:
        owed = await self._owed()
        lines = self._world.sandbox.transcript[self._read_up_to :]
        self._read_up_to += len(lines)
        acted = {(line.chat_id, line.at) for line in lines if line.side == "person"}
        for line in lines:
            if line.side == "person" or line.kind in NOT_A_MESSAGE:
                continue
            if (found := owed.get((line.chat_id, line.message_id))) is None:
                assert (line.chat_id, line.at) in acted, f"{line.chat} was written to for no reason: {line.text!r}"
                continue
            row, check_in = found
            kind = _name(row, check_in)
            assert _agrees(kind, line.text), f"{kind} says {line.text!r}"
            assert row.ended_at == line.at, f"{kind} was noted at another time than it was seen"
            self._entries.append((line, kind))

    async def _owed(self) -> dict[tuple[int, int | None], tuple[Outbox, CheckIn | None]]:
        """What each Telegram message carried, by chat and message."""
        check_in = aliased(CheckIn)
        async with self._world.database.read() as work:
            rows = await work.session.execute(
                select(Delivery, Outbox, check_in)
                .join(Outbox, Outbox.id == Delivery.outbox_id)
                .join(check_in, check_in.id == Outbox.check_in_id, isouter=True)
            )
            return {(delivery.chat_id, delivery.message_id): (row, check) for delivery, row, check in rows.all()}


def _local(at: datetime) -> datetime:
    return at.astimezone(PARIS)


def _name(row: Outbox, check_in: CheckIn | None) -> str:
    """What the table calls a row."""
    match Kind(row.kind):
        case Kind.CHECK_IN:
            step = check_in.step if check_in else str(row.values["step"])
            return f"check-in {step}" + (" with appointment" if row.appointment_id else "")
        case Kind.NUDGE:
            return f"nudge {check_in.step if check_in else ''}"
        case Kind.REMINDER:
            return f"reminder {row.template.rpartition('.')[2]}"
        case Kind.ANSWER_NOTICE:
            return "answers"
        case Kind.ALERT:
            return WORDS.get(row.template, "alert")
        case Kind.DIGEST | Kind.RELAY as kind:
            return kind.value
        case _:
            return WORDS.get(row.template, row.template)


def _agrees(kind: str, text: str) -> bool:
    """Whether a message says what its row is for."""
    begins = next((words for name, words in BEGINNINGS.items() if f"{kind} ".startswith(f"{name} ")), "")
    names_visit = "Your next appointment: " in text
    return text.startswith(begins) and (names_visit or not kind.endswith("with appointment"))
