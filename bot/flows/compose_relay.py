"""A letter as its reader gets it: who, which session, hours since; then the words or the medium as they came."""

from collections.abc import Sequence
from datetime import datetime

from bot.flows.composing import Left, Scene
from bot.flows.find_recipients import may_read
from bot.flows.relay_letter import FROM_CLINIC, NOT_DELIVERED, REFUSED, go_on, pass_on, replace_refused
from messages import wording
from messages.letters import CAPTION_LIMIT, HEADER_ROOM, MEDIA, MESSAGE_LIMIT, TEXT, Part, parts_of
from messages.markup import Html, clip, escape, join_html, plain_text, utf16_length
from messages.outgoing import CopyOf, Media, MediaKind, Outgoing
from messages.templates import Rendered
from storage import courses, letters, outbox
from storage.database import UnitOfWork
from storage.outbox import Claimed
from storage.tables import Course, Letter, Patient, Session

FORGOTTEN = "forgotten"


async def compose(work: UnitOfWork, row: Claimed, scene: Scene) -> Outgoing | Left:
    """One of the messages that carry a letter, or the news that it has not arrived."""
    letter = await letters.get(work, row.letter_id)
    if letter is None:
        return Left(FORGOTTEN)
    patient = await work.session.get_one(Patient, letter.patient_id)
    if row.template == NOT_DELIVERED:
        told = scene.texts.render(NOT_DELIVERED, scene.language, patient=patient.name)
        return Outgoing(told.html, reply_to=letter.message_id, template_version_id=told.version_id)
    if scene.staff is not None and not await may_read(work, scene.staff, patient):
        # It was at Telegram when the patient was handed over, and is to be tried again.
        return Left(letters.NOT_THEIRS)
    if row.template == REFUSED:
        return await _instead(work, letter, patient, scene)
    part = Part(row.values["part"])
    if letter.kind in MEDIA | {TEXT} and letter.text is None and letter.file_id is None:
        return Left(FORGOTTEN)
    if part is Part.COPY:
        return Outgoing("", copy_of=CopyOf(letter.chat_id, letter.message_id))
    if part is Part.BODY:
        return Outgoing(escape(letter.text or ""))
    album = await _album(work, row, letter)
    header = await _header(work, row, letter, patient, scene)
    return Outgoing(
        _with_words(header.html, album, part),
        media=tuple(_medium(each) for each in album if each.kind in MEDIA),
        reply_to=await _reply_target(work, letter, scene.chat_id),
        template_version_id=header.version_id,
    )


async def after(work: UnitOfWork, row: Claimed, scene: Scene, message_ids: Sequence[int]) -> None:
    """What belongs behind it follows."""
    await go_on(work, row, len(message_ids), now=scene.now)


async def refused(work: UnitOfWork, row: Claimed, scene: Scene) -> None:
    """Somebody hears that it did not get through."""
    await replace_refused(work, row, now=scene.now)


async def gone(work: UnitOfWork, row: Claimed, now: datetime) -> None:
    """Its reader is no longer at the clinic, or reads for somebody else: whoever reads for this patient gets it."""
    await pass_on(work, row, now=now)


async def header_of(work: UnitOfWork, patient: Patient, session_id: int | None, at: datetime, scene: Scene) -> Rendered:
    """Who wrote, their treatment, which session of how many, and how long after it `at` was."""
    session = await work.session.get(Session, session_id) if session_id is not None else None
    course = await courses.current(work, patient.id)
    if session is not None:
        course = await work.session.get_one(Course, session.course_id)
    family = scene.texts.html(f"family.{course.family}", scene.language) if course else ""
    if session is None or course is None:
        return scene.texts.render("relay.header_no_session", scene.language, patient=patient.name, family=family)
    return scene.texts.render(
        "relay.header",
        scene.language,
        patient=patient.name,
        family=family,
        session=session.number,
        sessions=course.sessions_planned,
        since=wording.duration(at - session.ended_at, scene.language),
    )


async def _instead(work: UnitOfWork, letter: Letter, patient: Patient, scene: Scene) -> Outgoing:
    """In place of what Telegram would not take: who sent it, that there was something, and its words."""
    header = await header_of(work, patient, letter.session_id, letter.received_at, scene)
    notice = scene.texts.html(REFUSED, scene.language, patient=patient.name)
    words = clip(letter.text or "", MESSAGE_LIMIT - 2 * HEADER_ROOM)
    pieces = [header.html, notice, *([escape(words)] if words else [])]
    return Outgoing(join_html(pieces, "\n\n"), template_version_id=header.version_id)


async def _header(work: UnitOfWork, row: Claimed, letter: Letter, patient: Patient, scene: Scene) -> Rendered:
    if row.template == FROM_CLINIC:
        header = scene.texts.render(FROM_CLINIC, scene.language, clinic=scene.clinic.name)
    else:
        header = await header_of(work, patient, letter.session_id, letter.received_at, scene)
    if letter.edited_of is None:
        return header
    mark = scene.texts.html("relay.edited", scene.language)
    return Rendered(join_html([header.html, mark], " · "), header.version_id)


def _with_words(header: Html, album: Sequence[Letter], part: Part) -> Html:
    """The header and below it the words that stand in the same message: those too long for it follow alone."""
    if part is Part.HEADED:
        return header
    words = [escape(each.text) for each in album if each.text and parts_of(each.kind, each.text) == (Part.WHOLE,)]
    together = join_html([header, *words], "\n\n")
    limit = MESSAGE_LIMIT if album[0].kind == TEXT else CAPTION_LIMIT
    # An admin may have made the header long; then the words are worth more than who they are from.
    return together if utf16_length(plain_text(together)) <= limit else join_html(words, "\n\n")


async def _album(work: UnitOfWork, row: Claimed, letter: Letter) -> Sequence[Letter]:
    if not row.values.get("album") or letter.album is None:
        return [letter]
    return await letters.of_album(work, chat_id=letter.chat_id, album=letter.album)


def _medium(letter: Letter) -> Media:
    return Media(MediaKind(letter.kind), file_id=letter.file_id)


async def _reply_target(work: UnitOfWork, letter: Letter, chat_id: int) -> int | None:
    """What the message replies to in its reader's chat: the wording it replaces, or what its author replied to."""
    if letter.edited_of is not None:
        return await _delivery(work, await letters.get(work, letter.edited_of), chat_id)
    if letter.reply_to_message_id is None:
        return None
    answered = await outbox.delivered(work, chat_id=letter.chat_id, message_id=letter.reply_to_message_id)
    theirs = await letters.get(work, answered.letter_id) if answered is not None else None
    if theirs is not None and theirs.chat_id == chat_id:
        return theirs.message_id
    own = await letters.original(work, chat_id=letter.chat_id, message_id=letter.reply_to_message_id)
    return await _delivery(work, own, chat_id)


async def _delivery(work: UnitOfWork, letter: Letter | None, chat_id: int) -> int | None:
    """The message under which a letter reached a chat; an album stands under its first part."""
    if letter is None:
        return None
    found = await outbox.delivery_of_letter(work, letter_id=letter.id, chat_id=chat_id)
    if found is None and letter.album is not None:
        first = (await letters.of_album(work, chat_id=letter.chat_id, album=letter.album))[0]
        found = await outbox.delivery_of_letter(work, letter_id=first.id, chat_id=chat_id)
    return found
