"""How a peer speaks with the runner: "ready", then it waits for a line; "done", then it waits for the end of its input.

Its parameters come as one JSON object on the command line.
"""

import asyncio
import json
import sys
from typing import Any

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from telegram.constants import ParseMode

TEXT = """<b>Your appointment is near</b>
With Marie Laurent 7 at Lindenhof Clinic: <b>Tuesday, 22 December at 12:00</b>.

If something has come up, Anna, please tell us now."""
"""As long as the reminders that the bot sends."""

ANSWERS = (("I’ll be there", "confirm"), ("Ask for another time", "move"), ("I can’t come", "cannot"))
"""The buttons below it: what each says, and what it answers."""

KEYBOARD = InlineKeyboardMarkup(
    [[InlineKeyboardButton(label, callback_data=f"visit.answer:1:{answer}:0")] for label, answer in ANSWERS]
)


def parameters() -> dict[str, Any]:
    """What the runner has asked for."""
    given: dict[str, Any] = json.loads(sys.argv[1])
    return given


async def ready() -> None:
    """Say that everything is prepared, and wait for the sign to begin."""
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)


async def done() -> None:
    """Say that it is over, and wait until the runner has read the process's figures."""
    print("done", flush=True)
    await asyncio.to_thread(sys.stdin.read)


async def send(bot: Bot, chat_id: int) -> int:
    """One message such as the bot's; the id that it got."""
    message = await bot.send_message(
        chat_id,
        TEXT,
        parse_mode=ParseMode.HTML,
        reply_markup=KEYBOARD,
        link_preview_options=LinkPreviewOptions(is_disabled=True),
    )
    return message.message_id
