"""From the parameters of a call to the message that it wants to send."""

from __future__ import annotations

from bot.sandbox.errors import bad_request
from bot.sandbox.formatting import MAX_TEXT, cleaned, stated_entities, trimmed, with_found_entities
from bot.sandbox.keyboards import parse_keyboard
from bot.sandbox.markup import parse_html
from bot.sandbox.model import Chat, FormattedText, Keyboard
from bot.sandbox.parameters import Parameters
from bot.sandbox.state import message_in
from bot.sandbox.utf16 import units

MAX_CAPTION = 1024
"""The longest caption, in UTF-16 code units after parsing."""


def text_of(parameters: Parameters) -> FormattedText:
    """The text of a message; raises ApiError where it is empty, too long or badly marked up."""
    body = formatted(parameters, "text", "entities")
    if not body.text:
        raise bad_request("message text is empty")
    if units(body.text) > MAX_TEXT:
        raise bad_request("message is too long")
    return body


def caption_of(parameters: Parameters) -> FormattedText:
    """The caption of a medium, which may be empty."""
    body = formatted(parameters, "caption", "caption_entities")
    if units(body.text) > MAX_CAPTION:
        raise bad_request("message caption is too long")
    return body


def formatted(parameters: Parameters, name: str, entities_name: str) -> FormattedText:
    """A text with its markup, cleaned and trimmed as Telegram does."""
    source = cleaned(parameters.text(name))
    mode = parameters.text("parse_mode").lower()
    entities = parameters.structure(entities_name)
    if mode == "html":
        body = parse_html(source)
    elif mode:
        raise bad_request("unsupported parse_mode")
    elif entities:
        body = stated_entities(source, entities)
    else:
        body = FormattedText(source)
    return with_found_entities(trimmed(body))


def keyboard_of(parameters: Parameters) -> Keyboard:
    """The inline keyboard, empty where there is none."""
    return parse_keyboard(parameters.structure("reply_markup"))


def reply_of(parameters: Parameters, chat: Chat) -> int | None:
    """The id of the message that is answered, if it is still there.

    Raises "message to be replied not found", unless the call allows sending without it.
    """
    stated = parameters.structure("reply_parameters")
    tolerant = parameters.flag("allow_sending_without_reply")
    wanted = parameters.integer("reply_to_message_id")
    if isinstance(stated, dict):
        wanted = Parameters(stated).integer("message_id")
        tolerant = stated.get("allow_sending_without_reply") is True
    if wanted is None:
        return None
    if message_in(chat, wanted):
        return wanted
    if tolerant:
        return None
    raise bad_request("message to be replied not found")
