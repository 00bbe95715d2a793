"""What goes wrong: Telegram refuses, loses its answer, or asks to wait; the program is killed or stands still."""

import asyncio

from bot.sandbox.faults import Fault
from tests.year.life import Act, Life

SENDING = ("sendMessage", "sendPhoto", "editMessageText", "answerCallbackQuery")


async def refuse_some(life: Life) -> str:
    """A few of the next calls fail, for everybody or in one chat."""
    random = life.random
    chats = [patient.person.id for patient in life.ledger.patients.values()]
    chats += [member.person.id for member in life.ledger.staff.values()]
    matching: dict[str, object] = {
        "method": random.choice(SENDING[:2] * 3 + SENDING),
        "chat_id": random.choice((None, *chats)),
        "times": random.choice((1, 1, 2, 3)),
        "skip": random.choice((0, 0, 1, 2)),
    }
    what = random.choice(("500 before", "502 after", "drop before", "drop after", "drop mid_body", "429"))
    life.world.sandbox.faults.add(_fault(what, matching))
    return f"fault: {what} {matching}"


def _fault(what: str, matching: dict[str, object]) -> Fault:
    name, _, moment = what.partition(" ")
    if name == "429":
        return Fault.flood(1, **matching)
    if name == "drop":
        return Fault("drop", moment=moment, **matching)  # type: ignore[arg-type]
    texts = {"500": "Internal Server Error", "502": "Bad Gateway"}
    return Fault.answer(int(name), texts[name], moment=moment, **matching)


async def crash(life: Life, *, after: int) -> None:
    """Kill the program as soon as `after` more messages have reached Telegram, or when nothing is left to do."""
    entries = life.world.sandbox.ledger.entries
    enough = len(entries) + after
    tasks = {
        asyncio.create_task(life.world.settle()),
        asyncio.create_task(life.world.sandbox.changed(lambda: len(entries) >= enough, 60)),
    }
    _, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await life.world.crash()


ACTS: tuple[tuple[int, Act], ...] = ((1, refuse_some),)
