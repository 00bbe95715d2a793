"""What patients do: they answer, write, change their mind, call for help, stop, block and come back."""

from tests.year.life import Act, Life, has_blocked, offered
from tests.year.model import LetterFacts, PatientFacts, RedFlagFacts

RED_FLAGS = (("I have a fever", False), ("there is pus", False), ("I can't breathe", True), ("I fainted", True))


async def answer_check_in(life: Life) -> str | None:
    """The next tap of a check-in; mostly the first buttons, where all is well."""
    found = _willing(life, "check.")
    if found is None:
        return None
    patient, taps = found
    scores = [tap for tap in taps if tap[1].startswith("check.score")]
    if scores and life.random.random() < 0.9:
        message_id, data = scores[min(int(life.random.expovariate(2.2)), len(scores) - 1)]
    else:
        message_id, data = life.random.choice(taps)
    if data.startswith("check.back"):
        life.ledger.went_back.add(int(data.split(":")[1]))
    patient.person.tap_data(message_id, data)
    return f"{patient.marker} taps {data}"


async def answer_visit(life: Life) -> str | None:
    found = _willing(life, "visit.")
    if found is None:
        return None
    patient, taps = found
    message_id, data = life.random.choice(taps)
    patient.person.tap_data(message_id, data)
    return f"{patient.marker} taps {data}"


async def write(life: Life) -> str | None:
    """One to three letters in a row, with or without a photo."""
    patient = _able(life)
    if patient is None:
        return None
    nonces = [_write_one(life, patient) for _ in range(life.random.choice((1, 1, 2, 3)))]
    return f"{patient.marker} writes {' '.join(nonces)}"


def _write_one(life: Life, patient: PatientFacts) -> str:
    nonce = life.ledger.next_nonce()
    words, emergency = "", False
    if life.random.random() < 0.06:
        words, emergency = life.random.choice(RED_FLAGS)
        life.ledger.red_flags.append(RedFlagFacts(patient.patient_id, life.now, emergency, f"writes {words!r}"))
    text = f"{words} {nonce}".strip()
    person = patient.person
    message = person.send_photo(caption=text) if life.random.random() < 0.2 else person.say(text)
    _note(life, patient, nonce, message.id, is_edit=False)
    return nonce


def _note(life: Life, patient: PatientFacts, nonce: str, message_id: int, *, is_edit: bool) -> None:
    life.ledger.letters[nonce] = LetterFacts(
        nonce=nonce,
        number=len(life.ledger.letters) + 1,
        patient_id=patient.patient_id,
        author_chat=patient.person.id,
        message_id=message_id,
        from_patient=True,
        written_at=life.now,
        is_edit=is_edit,
    )


async def edit(life: Life) -> str | None:
    """Change the wording of the newest letter."""
    patient = _able(life)
    if patient is None:
        return None
    own = [each for each in life.ledger.letters.values() if each.author_chat == patient.person.id and not each.is_edit]
    if not own:
        return None
    nonce = life.ledger.next_nonce()
    patient.person.edit(own[-1].message_id, f"rather {nonce}")
    _note(life, patient, nonce, own[-1].message_id, is_edit=True)
    return f"{patient.marker} edits {own[-1].nonce} to {nonce}"


async def call_for_help(life: Life) -> str | None:
    patient = _able(life)
    if patient is None:
        return None
    patient.person.say("/urgent")
    life.ledger.red_flags.append(RedFlagFacts(patient.patient_id, life.now, True, "/urgent"))
    return f"{patient.marker} /urgent"


async def choose_sign(life: Life) -> str | None:
    found = _willing(life, "urgent.sign")
    if found is None:
        return None
    patient, taps = found
    message_id, data = life.random.choice(taps)
    patient.person.tap_data(message_id, data)
    return f"{patient.marker} taps {data}"


async def stop_or_resume(life: Life) -> str | None:
    patient = _able(life)
    if patient is None:
        return None
    stopping = not patient.stopped.newest
    patient.person.say("/stop" if stopping else "/resume")
    patient.stopped.change(stopping, life.now)
    return f"{patient.marker} {'/stop' if stopping else '/resume'}"


async def block_or_unblock(life: Life) -> str:
    patient = life.any_patient()
    life.acts(patient.person)
    blocking = not has_blocked(patient.person)
    if blocking:
        patient.person.block()
    else:
        patient.person.unblock()
    patient.blocked.change(blocking, life.now)
    return f"{patient.marker} {'blocks' if blocking else 'unblocks'}"


async def tamper(life: Life) -> str | None:
    """Somebody else's check-in, alert, visit or card, by data that no button of theirs offers."""
    patient = _able(life)
    if patient is None or not patient.person.bot_messages:
        return None
    other = life.random.randint(1, 30)
    forged = ("check.score:{}:swelling:3", "alert.take:{}", "patient.card:{}", "visit.answer:{}:confirmed", "write:{}")
    data = life.random.choice(forged).format(other)
    if _is_own(data, patient):
        return None
    patient.person.tap_data(patient.person.last.id, data)
    return f"{patient.marker} forges {data}"


def _is_own(data: str, patient: PatientFacts) -> bool:
    return any(tap[1].split(":")[:2] == data.split(":")[:2] for tap in offered(patient.person, "check.", "visit."))


def _able(life: Life) -> PatientFacts | None:
    """A patient who can write: who has blocked the bot can't."""
    patient = life.any_patient()
    if has_blocked(patient.person):
        return None
    life.acts(patient.person)
    return patient


def _willing(life: Life, *beginnings: str) -> tuple[PatientFacts, list[tuple[int, str]]] | None:
    """A patient who sees such buttons, and those of the newest message that has any."""
    candidates = [
        (patient, taps)
        for patient in life.ledger.patients.values()
        if not has_blocked(patient.person) and (taps := offered(patient.person, *beginnings))
    ]
    if not candidates:
        return None
    patient, taps = life.random.choice(candidates)
    life.acts(patient.person)
    newest = taps[0][0] if life.random.random() < 0.9 else life.random.choice(taps)[0]
    return patient, [tap for tap in taps if tap[0] == newest]


ACTS: tuple[tuple[int, Act], ...] = (
    (60, answer_check_in),
    (6, answer_visit),
    (12, write),
    (4, edit),
    (1, call_for_help),
    (2, choose_sign),
    (2, stop_or_resume),
    (2, block_or_unblock),
    (2, tamper),
)
"""How often each is done, beside the others."""
