"""The methods of the Bot API, by their names, and a call of one. No HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

from bot.sandbox import methods, methods_media, methods_profile, methods_updates
from bot.sandbox.errors import ApiError
from bot.sandbox.ledger import Acceptance
from bot.sandbox.model import Json
from bot.sandbox.parameters import Parameters
from bot.sandbox.sandbox import Sandbox

Method = Callable[[Sandbox, Parameters], object]

_MEDIA = ("photo", "voice", "document", "video", "audio", "animation", "sticker")
_SENDING = ("send", "copy", "forward")

METHODS: dict[str, Method] = {
    "getMe": methods.get_me,
    "sendMessage": methods.send_message,
    "editMessageText": methods.edit_message_text,
    "editMessageCaption": methods.edit_message_caption,
    "editMessageReplyMarkup": methods.edit_message_reply_markup,
    "deleteMessage": methods.delete_message,
    "answerCallbackQuery": methods.answer_callback_query,
    "sendChatAction": methods.send_chat_action,
    "getChat": methods.get_chat,
    "leaveChat": methods.leave_chat,
    "setMyCommands": methods_profile.set_my_commands,
    "getMyCommands": methods_profile.get_my_commands,
    "deleteMyCommands": methods_profile.delete_my_commands,
    "setChatMenuButton": methods_profile.set_chat_menu_button,
    "getChatMenuButton": methods_profile.get_chat_menu_button,
    "setMyName": methods_profile.set_my_name,
    "getMyName": methods_profile.get_my_name,
    "setMyDescription": methods_profile.set_my_description,
    "getMyDescription": methods_profile.get_my_description,
    "setMyShortDescription": methods_profile.set_my_short_description,
    "getMyShortDescription": methods_profile.get_my_short_description,
    "sendLocation": methods_media.send_location,
    "sendContact": methods_media.send_contact,
    "sendMediaGroup": methods_media.send_media_group,
    "copyMessage": methods_media.copy_message,
    "copyMessages": methods_media.copy_messages,
    "forwardMessage": methods_media.forward_message,
    "forwardMessages": methods_media.forward_messages,
    "getFile": methods_media.get_file,
    "getUpdates": methods_updates.get_updates,
    "setWebhook": methods_updates.set_webhook,
    "deleteWebhook": methods_updates.delete_webhook,
    "getWebhookInfo": methods_updates.get_webhook_info,
    **{f"send{kind.capitalize()}": methods_media.sender_of(kind) for kind in _MEDIA},
}
_NAMES = {name.lower(): name for name in METHODS}


def method_name(sandbox: Sandbox, token: str, name: str) -> str:
    """The method's own spelling; the Bot API takes any. Raises ApiError 401 and 404."""
    if token != sandbox.token:
        raise ApiError(401, "Unauthorized")
    known = _NAMES.get(name.lower())
    if known is None:
        raise ApiError(404, "Not Found: method not found")
    return known


async def perform(sandbox: Sandbox, name: str, parameters: Parameters) -> tuple[object, list[Acceptance]]:
    """Do what a method does; its result, and the ledger's entries of what it has sent. Raises ApiError."""
    result = METHODS[name](sandbox, parameters)
    if isinstance(result, Awaitable):
        result = await result
    if name == "sendChatAction" or not name.startswith(_SENDING):
        return result, []
    chat = sandbox.state.chats[parameters.chat_id()]
    accepted = [Acceptance(name, chat.id, number, chat.messages[number].body.text) for number in _message_ids(result)]
    sandbox.ledger.entries.extend(accepted)
    return result, accepted


def _message_ids(result: object) -> Iterator[int]:
    for item in result if isinstance(result, list) else [result]:
        match item:
            case {"message_id": int(number)}:
                yield number


def accepted_json(result: object) -> Json:
    """The answer to a call that was carried out."""
    return {"ok": True, "result": result}


def refused_json(error: ApiError) -> Json:
    """The answer to a call that was not."""
    body: Json = {"ok": False, "error_code": error.code, "description": error.description}
    if error.parameters:
        body["parameters"] = error.parameters
    return body
