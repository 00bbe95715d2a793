"""Scripted people for the simulator and the demo's story: they read what the bot shows and act in its chats.

They know nothing of the application: they look at messages and tap the buttons that are there. One act at a time,
so that everybody sees the effect of the one before.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from bot.keyboards import Tap, decode
from bot.sandbox.person import Person, Seen

Act = Callable[[], None]


@dataclass
class Manner:
    """How a patient behaves. Shares are between 0 and 1.

    `worsens_at` and `blocks_at` are numbers of check-ins, counted over the whole course from 1; None for never.
    """

    answers: float = 1.0
    writes: float = 0.1
    worsens_at: int | None = None
    blocks_at: int | None = None
    delay: tuple[int, int] = (2, 50)
    """Minutes until they react, at least and at most."""


@dataclass
class ScriptedPatient:
    """Answers check-ins, confirms visits, writes now and then; or forgets, gets worse, blocks the bot."""

    person: Person
    manner: Manner
    random: Random
    check_ins: int = 0
    since_session: int = 0
    _read_up_to: int = 0
    _planned: list[tuple[datetime, int]] = field(default_factory=list)
    _answering: int | None = None
    _blocked: bool = False

    @property
    def comes_again(self) -> bool:
        """Whether they will be there for the next session: who has blocked the bot has left the treatment."""
        return not self._blocked

    def treated(self) -> None:
        """A session has just taken place."""
        self.since_session = 0

    def next_time(self) -> datetime | None:
        """When they will react to what they have read."""
        return min((when for when, _ in self._planned), default=None)

    async def act(self, now: datetime) -> bool:
        """Read what is new, or do one thing that is due. True when something was done."""
        if self._blocked:
            return False
        self._read(now)
        if self._answering is not None:
            return self._answer(self._answering)
        due = next(((when, message_id) for when, message_id in self._planned if when <= now), None)
        if due is None:
            return False
        self._planned.remove(due)
        return self._react(due[1])

    def _read(self, now: datetime) -> None:
        for message in _unread(self.person, self._read_up_to):
            self._read_up_to = message.id
            if not _taps(message, "check.", "visit."):
                continue
            least, most = self.manner.delay
            self._planned.append((now + timedelta(minutes=self.random.randint(least, most)), message.id))

    def _react(self, message_id: int) -> bool:
        message = _message(self.person, message_id)
        if _taps(message, "check."):
            self.check_ins += 1
            self.since_session += 1
            if self.check_ins == self.manner.blocks_at:
                self._blocked = True
                self._planned.clear()
                self.person.block()
                return True
            if self.random.random() > self.manner.answers:
                return False
            self._answering = message_id
            return self._answer(message_id)
        return self._confirm(message)

    def _confirm(self, message: Seen) -> bool:
        visit = next((data for data in _taps(message, "visit.") if decode(data).arguments[1] == "confirmed"), None)
        if visit is not None:
            self.person.tap_data(message.id, visit)
        return visit is not None

    def _answer(self, message_id: int) -> bool:
        """The next tap of the check-in in hand."""
        message = _message(self.person, message_id)
        data = self._choice([decode(data) for data in _taps(message, "check.")])
        if data is None:
            self._answering = None
            return self._confirm(message) or self._write()
        self.person.tap_data(message_id, data)
        return True

    def _choice(self, taps: list[Tap]) -> str | None:
        """What to tap among the buttons of a check-in; None when there is nothing left to answer."""
        worse = self.check_ins == self.manner.worsens_at
        by_action = {tap.action: tap for tap in taps}
        if "check.score" in by_action:
            scores = [tap for tap in taps if tap.action == "check.score"]
            return _data(scores[min(self._score(worse), len(scores) - 1)])
        if "check.nothing" in by_action:
            return _data(by_action["check.list"] if worse else by_action["check.nothing"])
        if "check.follow" in by_action:
            return _data(next(tap for tap in taps if tap.action == "check.follow" and tap.arguments[2] == "1"))
        redness = next((tap for tap in taps if tap.action == "check.item" and tap.arguments[1] == "redness"), None)
        if redness is not None and redness.arguments[2] == "1":
            return _data(redness)
        return _data(by_action["check.close"]) if "check.close" in by_action else None

    def _score(self, worse: bool) -> int:
        """Healing: a little at first, less at every check; the one who gets worse says so."""
        if worse:
            return 2
        return max(0, 2 - self.since_session - self.random.randint(0, 1))

    def _write(self) -> bool:
        if self.random.random() >= self.manner.writes:
            return False
        self.person.say(self.random.choice(_LETTERS))
        return True


_LETTERS = (
    "Can I wear make-up tomorrow?",
    "Is it normal that the small dots are still visible?",
    "Thank you, it is much better today.",
)


@dataclass
class ScriptedPractitioner:
    """Records every visit in the chat, takes and resolves alerts, answers letters."""

    person: Person
    random: Random
    visits: list[tuple[datetime, ScriptedPatient, int]] = field(default_factory=list)
    """Who comes when, with their patient id as the bot's buttons name it."""
    _read_up_to: int = 0
    _planned: list[tuple[datetime, Act]] = field(default_factory=list)
    _recording: tuple[ScriptedPatient, int] | None = None

    def expect(self, when: datetime, patient: ScriptedPatient, patient_id: int) -> None:
        """A patient will come."""
        self.visits.append((when, patient, patient_id))

    def next_time(self) -> datetime | None:
        """The next visit, or the next thing to do about a message."""
        times = [when for when, _, _ in self.visits] + [when for when, _ in self._planned]
        return min(times, default=None)

    async def act(self, now: datetime) -> bool:
        """Read what is new, or do one thing that is due. True when something was done."""
        self._read(now)
        if self._recording is not None:
            return self._record(*self._recording)
        visit = next((each for each in self.visits if each[0] <= now), None)
        if visit is not None:
            self.visits.remove(visit)
            if not visit[1].comes_again:
                return True
            self._recording = visit[1:]
            self.person.say("/record")
            return True
        due = next((each for each in self._planned if each[0] <= now), None)
        if due is None:
            return False
        self._planned.remove(due)
        due[1]()
        return True

    def _record(self, patient: ScriptedPatient, patient_id: int) -> bool:
        """The next tap of recording a session: the patient, now, the offered appointment, save."""
        message = self.person.last
        taps = {decode(data).action: data for data in reversed(_taps(message, "record."))}
        if (save := taps.get("record.save")) is not None:
            self.person.tap_data(message.id, save)
            self._recording = None
            patient.treated()
        elif (offer := taps.get("record.next")) is not None:
            self.person.tap_data(message.id, offer)
            self.expect(datetime.fromtimestamp(int(decode(offer).arguments[0]), UTC), patient, patient_id)
        elif "record.patient" in taps:
            self.person.tap_data(message.id, f"record.patient:{patient_id}")
        elif "record.pain" in taps:
            self.person.tap_data(message.id, f"record.pain:{self.random.randint(3, 7)}")
        else:
            self.person.tap_data(message.id, taps["record.when"])
        return True

    def _read(self, now: datetime) -> None:
        for message in _unread(self.person, self._read_up_to):
            self._read_up_to = message.id
            for action, minutes in (("alert.take", 4), ("alert.resolve", 90)):
                for data in _taps(message, action):
                    self._plan(now, minutes, self._tapping(message.id, data))
            if any(letter in message.text for letter in _LETTERS):
                self._plan(now, 30, self._replying(message.id))

    def _plan(self, now: datetime, minutes: int, act: Act) -> None:
        self._planned.append((now + timedelta(minutes=minutes), act))

    def _tapping(self, message_id: int, data: str) -> Act:
        def tap() -> None:
            if data in _taps(_message(self.person, message_id), ""):
                self.person.tap_data(message_id, data)

        return tap

    def _replying(self, message_id: int) -> Act:
        def reply() -> None:
            self.person.say("Thank you for asking. Please send me a photo, then I can look at it.", reply_to=message_id)

        return reply


def _unread(person: Person, read_up_to: int) -> list[Seen]:
    return person.bot_messages_after(read_up_to)


def _message(person: Person, message_id: int) -> Seen:
    return person.message(message_id)


def _taps(message: Seen, *beginnings: str) -> list[str]:
    """The callback data of the buttons that begin with one of `beginnings`, in order."""
    found = [button.data for row in message.buttons for button in row if button.data is not None]
    return [data for data in found if data.startswith(beginnings)]


def _data(tap: Tap) -> str:
    return ":".join((tap.action, *tap.arguments))
