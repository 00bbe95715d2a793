"""Inline keyboards of Bot API calls, read strictly."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from bot.sandbox.errors import ApiError, bad_request
from bot.sandbox.model import Button, Json, Keyboard

MAX_BUTTONS = 100
"""Telegram refuses larger inline keyboards."""

MAX_DATA_BYTES = 64
_OTHER_KINDS = ("keyboard", "remove_keyboard", "force_reply")


def parse_keyboard(markup: object) -> Keyboard:
    """The inline keyboard of a reply_markup; reply keyboards are accepted and give none.

    Raises ApiError, such as BUTTON_DATA_INVALID for callback data that is not 1 to 64 bytes long.
    """
    match markup:
        case None:
            return ()
        case {"inline_keyboard": list(rows)}:
            keyboard = tuple(tuple(_button(item) for item in _row(row)) for row in rows)
        case dict() if any(kind in markup for kind in _OTHER_KINDS):
            return ()
        case _:
            raise bad_request("object expected as reply markup")
    if sum(map(len, keyboard)) > MAX_BUTTONS:
        raise bad_request("REPLY_MARKUP_TOO_LONG")
    return tuple(row for row in keyboard if row)


def _row(row: object) -> list[object]:
    if not isinstance(row, list):
        raise bad_request("can't parse inline keyboard: rows must be arrays of buttons")
    return row


def _button(item: object) -> Button:
    if not isinstance(item, dict):
        raise _unreadable("Object expected as inline keyboard button")
    label = item.get("text")
    if not isinstance(label, str) or not label.strip():
        raise _unreadable('Field "text" must be non-empty')
    extra = {key: value for key, value in item.items() if key not in {"text", "callback_data", "url"}}
    data, url = item.get("callback_data"), item.get("url")
    if data is not None and url is not None:
        raise _unreadable("A button has exactly one action")
    if data is not None:
        _check_data(data)
    elif url is not None:
        _check_url(url)
    elif not extra:
        raise bad_request("text buttons are unallowed in the inline keyboard")
    return Button(label.strip(), data, url, extra)


def _check_data(data: object) -> None:
    if not isinstance(data, str) or not 1 <= len(data.encode()) <= MAX_DATA_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")


def _check_url(url: object) -> None:
    parts = urlsplit(str(url))
    if parts.scheme not in {"", "http", "https", "tg", "ton"}:
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: Unsupported URL protocol")
    host = parts.hostname or parts.path.partition("/")[0]
    if parts.scheme != "tg" and not re.fullmatch(r"[^\s/]+\.[^\s/.]+", host):
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")


def _unreadable(reason: str) -> ApiError:
    return bad_request(f"can't parse inline keyboard button: {reason}")


def keyboard_json(keyboard: Keyboard) -> Json:
    """The keyboard as the Bot API returns it."""
    return {"inline_keyboard": [[_button_json(button) for button in row] for row in keyboard]}


def _button_json(button: Button) -> Json:
    shown: Json = {"text": button.text, **button.extra}
    if button.data is not None:
        shown["callback_data"] = button.data
    if button.url is not None:
        shown["url"] = button.url
    return shown
