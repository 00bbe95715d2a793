"""What Telegram answers, as far as the bot reads it."""

import json
from typing import Any

from telegram.error import NetworkError


def answer_of(payload: bytes) -> dict[str, Any]:
    """The answer to a call: `ok`, and `result` or what was wrong.

    The message that was sent or changed is left with its ids: python-telegram-bot makes an object of each part of it,
    and of each button, a twentieth of all that a tap takes. What people write comes as updates, and whole.
    Raises NetworkError for an answer that cannot be Telegram's, whatever its status.
    """
    try:
        answer = json.loads(payload)
    except ValueError:
        raise NetworkError("The answer is not JSON") from None
    if not isinstance(answer, dict) or "ok" not in answer:
        raise NetworkError("The answer is not Telegram's")
    match answer.get("result"):
        case {"message_id": message_id, "date": date, "chat": {"id": chat_id, "type": kind}}:
            answer["result"] = {"message_id": message_id, "date": date, "chat": {"id": chat_id, "type": kind}}
    return answer
