"""What Telegram answers."""

import json
from typing import Any

from telegram.error import NetworkError


def answer_of(payload: bytes) -> dict[str, Any]:
    """The answer to a call: `ok`, and `result` or what was wrong.

    Raises NetworkError for an answer that cannot be Telegram's, whatever its status.
    """
    try:
        answer = json.loads(payload)
    except ValueError:
        raise NetworkError("The answer is not JSON") from None
    if not isinstance(answer, dict) or "ok" not in answer or (answer["ok"] and "result" not in answer):
        raise NetworkError("The answer is not Telegram's")
    return answer
