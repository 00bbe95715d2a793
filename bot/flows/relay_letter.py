"""A stored letter becomes messages that are owed to whoever reads it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.flows.find_recipients import reachable_admins, reader_of
from bot.flows.forget_old import RECORDS_KEPT
from messages.letters import Part, parts_of
from messages.outgoing import Kind
from storage import letters, outbox
from storage.database import UnitOfWork
from storage.outbox import Claimed, Owed
from storage.tables import Letter, Outbox, Patient, Staff

ALBUM_WAIT = timedelta(seconds=2)
"""How long the parts of an album are collected after the first: Telegram delivers them within a second."""

FROM_PATIENT = "relay.header"
FROM_CLINIC = "relay.from_clinic"
NOT_DELIVERED = "relay.not_delivered"
REFUSED = "relay.refused"
LETTER_WAITS = "admin.letter_waits"


async def relay_to_clinic(work: UnitOfWork, letter: Letter, patient: Patient, *, now: datetime) -> Staff | None:
    """Owe a patient's letter to its reader; returns who that is. No commit.

    Without one it waits among the open questions, and the admins hear once a day that somebody must step in.
    """
    reader = await reader_of(work, patient)
    if reader is None:
        await _tell_admins(work, patient, now)
    else:
        await _owe(work, letter, now=now, template=FROM_PATIENT, staff_id=reader.id)
    return reader


async def relay_to_patient(work: UnitOfWork, letter: Letter, *, now: datetime) -> None:
    """Owe a practitioner's letter to the patient. No commit."""
    await _owe(work, letter, now=now, template=FROM_CLINIC, patient_id=letter.patient_id)


async def take_back(work: UnitOfWork, staff_id: int | None, patients: Iterable[Patient], *, now: datetime) -> None:
    """Withdraw the letters of these patients from somebody who read them in another's place, and reads them no more.

    `relay_waiting` or `relay_unread` must follow: they owe them anew, in their order. Found out only when it is to be
    sent, such a letter would come behind later ones. No commit.
    """
    if staff_id is None:
        return
    await outbox.withdraw(
        work,
        Outbox.staff_id == staff_id,
        Outbox.subject_id.in_([patient.id for patient in patients]),
        Outbox.template.in_((FROM_PATIENT, REFUSED)),
        reason=letters.NOT_THEIRS,
        now=now,
    )


async def take_back_from_cover(
    work: UnitOfWork, former: Staff, patient: Patient, practitioner: Staff, *, now: datetime
) -> None:
    """`take_back` from who stepped in for the former practitioner, unless they read for the one of today, too."""
    if former.cover_id not in (practitioner.id, practitioner.cover_id):
        await take_back(work, former.cover_id, [patient], now=now)


async def relay_waiting(work: UnitOfWork, patient: Patient, *, now: datetime) -> int:
    """Owe what nobody could read to the reader whom the patient has now. Returns how many letters. No commit."""
    waiting = await letters.read_by_nobody(work, patient.id, since=now - RECORDS_KEPT)
    for letter in waiting:
        await relay_to_clinic(work, letter, patient, now=now)
    return len(waiting)


async def relay_unread(work: UnitOfWork, staff_id: int, *, now: datetime) -> None:
    """As `relay_waiting` for all patients of a practitioner: they are back, or a colleague steps in. No commit."""
    for patient in await letters.patients_unread(work, staff_id, since=now - RECORDS_KEPT):
        await relay_waiting(work, patient, now=now)


async def go_on(work: UnitOfWork, row: Claimed, carried: int, *, now: datetime) -> None:
    """After a message that carried a letter: owe what belongs behind it. `carried` is how many messages it took.

    One after the other, because the parts of a letter must not overtake each other. No commit.
    """
    letter = await letters.get(work, row.letter_id)
    if letter is None or row.template not in (FROM_PATIENT, FROM_CLINIC):
        return
    if row.values.get("album") and letter.album is not None:
        album = await letters.of_album(work, chat_id=letter.chat_id, album=letter.album)
        behind = [_owed(each, Part.BODY, row, now) for each in album[:carried] if Part.BODY in _parts(each)]
        # What arrived while the album was being sent follows by itself.
        late = [_owed(each, _parts(each)[0], row, now) for each in album[carried:]]
        await outbox.plan(work, [*behind, *late], now=now)
        return
    parts = _parts(letter)
    next_at = parts.index(Part(row.values["part"])) + 1
    await outbox.plan(work, [_owed(letter, part, row, now) for part in parts[next_at : next_at + 1]], now=now)


async def replace_refused(work: UnitOfWork, row: Claimed, *, now: datetime) -> None:
    """Telegram will not take it this way: the reader learns that there was something, and its words. No commit.

    What a practitioner wrote is reported to them, as when the patient is unreachable.
    """
    if row.template == FROM_CLINIC and row.patient_id is not None:
        await report_undelivered(work, row.patient_id, now=now)
    elif row.template == FROM_PATIENT:
        instead = Owed(
            # Of an album the notice stands for all parts, as the message did.
            key=f"album:refused:{row.id}" if row.values.get("album") else f"refused:{row.id}",
            kind=Kind.RELAY,
            template=REFUSED,
            due_at=now,
            staff_id=row.staff_id,
            subject_id=row.subject_id,
            session_id=row.session_id,
            letter_id=row.letter_id,
        )
        await outbox.plan(work, [instead], now=now)


def _parts(letter: Letter) -> tuple[Part, ...]:
    return parts_of(letter.kind, letter.text)


def _owed(letter: Letter, part: Part, like: Claimed, now: datetime) -> Owed:
    """The message that carries a part of a letter to the same reader as the row `like`."""
    return _message(
        letter,
        part,
        due_at=now,
        template=like.template,
        staff_id=like.staff_id,
        patient_id=like.patient_id,
        after=like.values.get("after"),
    )


async def _owe(
    work: UnitOfWork,
    letter: Letter,
    *,
    now: datetime,
    template: str,
    staff_id: int | None = None,
    patient_id: int | None = None,
) -> None:
    """Owe the first message; the others follow when it was sent. The parts of an album share one."""
    if letter.album is not None and letter.edited_of is None:
        together = _message(
            letter,
            Part.WHOLE,
            due_at=now + ALBUM_WAIT,
            template=template,
            staff_id=staff_id,
            patient_id=patient_id,
            album=letter.album,
        )
        await outbox.plan(work, [together], now=now)
        if await outbox.state_of(work, together.key) == "pending":
            return
    last = await outbox.last_carrying(work, letter.id)
    lost = last is not None and (last.state == "failed" or last.reason in letters.GONE)
    first = _message(
        letter,
        _parts(letter)[0],
        due_at=now,
        template=template,
        staff_id=staff_id,
        patient_id=patient_id,
        # Whoever it was for could not be reached, and somebody can be: it begins anew.
        after=last.id if last is not None and lost else None,
    )
    await outbox.plan(work, [first], now=now)


def _message(
    letter: Letter,
    part: Part,
    *,
    due_at: datetime,
    template: str,
    staff_id: int | None,
    patient_id: int | None,
    album: str | None = None,
    after: int | None = None,
) -> Owed:
    """`after` is the row that failed to carry it before."""
    source = f"album:{letter.chat_id}:{album}" if album is not None else f"letter:{letter.id}:{part}"
    reader = f"staff:{staff_id}" if staff_id is not None else "patient"
    more = {"album": album, "after": after}
    return Owed(
        key=f"{source}:{reader}" if after is None else f"{source}:{reader}:after:{after}",
        kind=Kind.RELAY,
        template=template,
        due_at=due_at,
        staff_id=staff_id,
        patient_id=patient_id,
        subject_id=letter.patient_id,
        session_id=letter.session_id,
        letter_id=letter.id,
        values={"part": part.value, **{name: value for name, value in more.items() if value is not None}},
    )


async def pass_on_undelivered(work: UnitOfWork, staff_id: int, *, now: datetime) -> None:
    """Letters that did not reach an unreachable practitioner go to whoever reads in their place. No commit."""
    for letter in await letters.undelivered_to_staff(work, staff_id, since=now - timedelta(days=1)):
        patient = await work.session.get_one(Patient, letter.patient_id, populate_existing=True)
        await relay_to_clinic(work, letter, patient, now=now)


async def pass_on(work: UnitOfWork, row: Claimed, *, now: datetime) -> None:
    """A letter whose reader reads for this patient no more goes to whoever does. No commit."""
    letter = await letters.get(work, row.letter_id)
    if letter is None or not letter.inbound:
        return
    patient = await work.session.get_one(Patient, letter.patient_id, populate_existing=True)
    await relay_waiting(work, patient, now=now)


async def report_undelivered(work: UnitOfWork, patient_id: int, *, now: datetime) -> None:
    """Tell each author, as a reply, that their letter has not reached the patient. No commit."""
    for letter in await letters.undelivered_to_patient(work, patient_id, since=now - timedelta(days=1)):
        await outbox.plan(
            work,
            [
                Owed(
                    key=f"not_delivered:{letter.id}",
                    kind=Kind.RELAY,
                    template=NOT_DELIVERED,
                    due_at=now,
                    staff_id=letter.staff_id,
                    subject_id=patient_id,
                    letter_id=letter.id,
                )
            ],
            now=now,
        )


async def _tell_admins(work: UnitOfWork, patient: Patient, now: datetime) -> None:
    await outbox.plan(
        work,
        [
            Owed(
                key=f"letter_waits:{patient.id}:{now:%Y%m%d}:{admin.id}",
                kind=Kind.NOTICE,
                template=LETTER_WAITS,
                due_at=now,
                staff_id=admin.id,
                subject_id=patient.id,
            )
            for admin in await reachable_admins(work)
        ],
        now=now,
    )
