"""A check-in's message never goes back to a question that was answered, unless the patient went back."""

from collections.abc import Iterator

from bot.sandbox.model import Message
from tests.year.clinic import YearWorld
from tests.year.evidence import Evidence
from tests.year.model import Ledger

ASKED = {"swelling": 1, "bruising": 2, "usual_pain": 2, "pain": 3}
LATER = {"check.nothing": 4, "check.list": 4, "check.item": 5, "check.follow": 6, "check.close": 7}
ANSWERED = 9


class CheckIns:
    """How far each check-in's message has come."""

    def __init__(self) -> None:
        self._of_message: dict[tuple[int, int], int] = {}
        self._reached: dict[tuple[int, int], int] = {}

    def check(self, ledger: Ledger, evidence: Evidence, world: YearWorld) -> Iterator[str]:
        for place in dict.fromkeys((line.chat_id, line.message_id or 0) for line in evidence.new_lines):
            patient = ledger.patient_of_chat(place[0])
            message = world.sandbox.state.chats[place[0]].messages.get(place[1])
            if patient is None or message is None:
                continue
            check_in, reached = _standing(message)
            check_in = check_in or self._of_message.get(place, 0)
            if not check_in:
                continue
            self._of_message[place] = check_in
            before = self._reached.get(place, 0)
            if reached < before and check_in not in ledger.went_back:
                yield f"check-in {check_in} of {patient.marker} went back from step {before} to {reached}"
            self._reached[place] = reached


def _standing(message: Message) -> tuple[int, int]:
    """Which check-in a message shows, and how far it has come; 0 where it asks nothing."""
    for button in (button for row in message.keyboard for button in row):
        action, *arguments = (button.data or "").split(":")
        if action == "check.score":
            return int(arguments[0]), ASKED.get(arguments[1], 3)
        if action in LATER and not (action == "check.close" and arguments[1] == "items"):
            return int(arguments[0]), LATER[action]
    return 0, ANSWERED
