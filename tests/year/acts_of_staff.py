"""What staff do in their chats: they take alerts, answer, publish texts, block and come back."""

from collections.abc import Iterator

from bot.flows.edit_template import DIALOG, WRITE, begin, draft, publish
from messages.errors import PersonError
from messages.people import Actor
from messages.templates import default_text
from storage import dialogs
from storage.database import UnitOfWork
from storage.dialogs import DialogState
from tests.year.life import Act, Life, has_blocked, offered, recent
from tests.year.model import LetterFacts, StaffFacts

TEXTS = ("patient.check_in.opening", "patient.acknowledged", "relay.header", "relay.from_clinic", "patient.emergency")
HARMLESS = ("patient.card", "patient.page", "patient.open", "alert.call", "record.", "session.keep", "tpl.top", "visit")
"""Buttons to tap at random: those that change nothing which the ledger would have to know."""


async def take_alert(life: Life) -> str | None:
    return _tap_one(life, "alert.take", "alert.resolve")


def look_after_alerts(life: Life) -> Iterator[str]:
    """Mostly somebody takes what rings; what nobody takes climbs, and rings on."""
    for member in life.ledger.staff.values():
        if not has_blocked(member.person):
            for message_id, data in dict.fromkeys(offered(member.person, "alert.take")):
                if life.random.random() < 0.4:
                    life.acts(member.person)
                    member.person.tap_data(message_id, data)
                    yield f"staff {member.staff_id} taps {data}"


async def tap_anything(life: Life) -> str | None:
    return _tap_one(life, *HARMLESS)


def _tap_one(life: Life, *beginnings: str) -> str | None:
    candidates = [
        (member, taps)
        for member in life.ledger.staff.values()
        if not has_blocked(member.person) and (taps := offered(member.person, *beginnings))
    ]
    if not candidates:
        return None
    member, taps = life.random.choice(candidates)
    message_id, data = life.random.choice(taps)
    life.acts(member.person)
    member.person.tap_data(message_id, data)
    return f"staff {member.staff_id} taps {data}"


async def reply(life: Life) -> str | None:
    """Answer a letter by replying to it."""
    member = _able(life, admin=False)
    if member is None:
        return None
    shown = [
        (message.id, letter)
        for message in recent(member.person)
        for letter in life.ledger.letters.values()
        if letter.from_patient and letter.nonce in message.text and "alert" not in str(message.buttons)
    ]
    if not shown:
        return None
    message_id, letter = life.random.choice(shown)
    nonce = life.ledger.next_nonce()
    message = member.person.say(f"answer {nonce}", reply_to=message_id)
    _note(life, member, letter.patient_id, nonce, message.id, is_edit=False)
    return f"staff {member.staff_id} answers {letter.nonce} with {nonce}"


async def edit_reply(life: Life) -> str | None:
    member = _able(life, admin=False)
    if member is None:
        return None
    own = [each for each in life.ledger.letters.values() if each.author_chat == member.person.id and not each.is_edit]
    if not own:
        return None
    nonce = life.ledger.next_nonce()
    member.person.edit(own[-1].message_id, f"better {nonce}")
    _note(life, member, own[-1].patient_id, nonce, own[-1].message_id, is_edit=True)
    return f"staff {member.staff_id} edits {own[-1].nonce} to {nonce}"


def _note(life: Life, member: StaffFacts, patient_id: int, nonce: str, message_id: int, *, is_edit: bool) -> None:
    life.ledger.letters[nonce] = LetterFacts(
        nonce=nonce,
        number=len(life.ledger.letters) + 1,
        patient_id=patient_id,
        author_chat=member.person.id,
        message_id=message_id,
        from_patient=False,
        written_at=life.now,
        is_edit=is_edit,
    )


async def block_or_unblock(life: Life) -> str:
    """Practitioners and admins lose the bot, too; they come back sooner than they go."""
    member = life.any_member()
    blocking = not has_blocked(member.person) and life.random.random() < 0.5
    life.acts(member.person)
    if blocking:
        member.person.block()
    elif has_blocked(member.person):
        member.person.unblock()
    member.blocked.change(blocking, life.now)
    return f"staff {member.staff_id} {'blocks' if blocking else 'is there'}"


async def publish_text(life: Life) -> str:
    """An admin changes a text that is in use."""
    member = life.any_member(admin=True)
    key, language = life.random.choice(TEXTS), life.random.choice(("en", "fr"))
    actor = await life.actor(member)
    wording = f"{default_text(key, language)} ({life.random.randint(1, 999)})"
    texts = life.world.app.texts
    try:
        async with life.world.database.work() as work:
            await begin(work, actor=actor, key=key, language=language, now=life.now)
        async with life.world.database.work() as work:
            state = DialogState(DIALOG, WRITE, {"key": key, "language": language, "base": await _base(work, actor)})
            current = await texts.current(work)
            state = await draft(work, actor=actor, dialog=state, texts=current, text=wording, now=life.now)
        async with life.world.database.work() as work:
            outcome = await publish(work, actor=actor, dialog=state, now=life.now)
    except PersonError as refusal:
        return f"text {key} {language}: refused, {refusal.key}"
    return f"text {key} {language}: {outcome.what}"


async def _base(work: UnitOfWork, actor: Actor) -> int:
    state = await dialogs.load(work, actor.chat_id)
    return int(state.data["base"]) if state is not None else 0


async def ask_digest(life: Life) -> str | None:
    member = _able(life, admin=False)
    if member is None:
        return None
    member.person.say(life.random.choice(("/digest", "/patients", "/record")))
    return f"staff {member.staff_id} asks"


def _able(life: Life, *, admin: bool) -> StaffFacts | None:
    member = life.any_member(admin=admin)
    if has_blocked(member.person):
        return None
    life.acts(member.person)
    return member


ACTS: tuple[tuple[int, Act], ...] = (
    (3, take_alert),
    (8, reply),
    (2, edit_reply),
    (2, block_or_unblock),
    (1, publish_text),
    (2, ask_digest),
    (3, tap_anything),
)
"""How often each is done, beside the others."""
