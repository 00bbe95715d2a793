"""The Bot API over HTTP: /bot<token>/<method> and /file/bot<token>/<path>."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.sandbox import methods, methods_media, methods_profile, methods_updates
from bot.sandbox.connections import BrokenConnection, Connections
from bot.sandbox.errors import ApiError
from bot.sandbox.faults import Fault
from bot.sandbox.ledger import Acceptance
from bot.sandbox.parameters import Parameters, read_parameters
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


def bot_api_routes(sandbox: Sandbox, connections: Connections) -> list[Route]:
    """The routes of the Bot API."""
    api = BotApi(sandbox, connections)
    return [
        Route("/bot{token}/{method}", api.call, methods=["GET", "POST"]),
        Route("/file/bot{token}/{path:path}", api.download, methods=["GET"]),
    ]


class BotApi:
    """Reads calls, applies faults, answers."""

    def __init__(self, sandbox: Sandbox, connections: Connections) -> None:
        self._sandbox = sandbox
        self._connections = connections

    async def call(self, request: Request) -> Response:
        """One call of a method."""
        try:
            name = self._method_name(request)
            parameters = await read_parameters(request)
            return await self._with_faults(request, name, parameters)
        except ApiError as error:
            return _refused(error)

    async def download(self, request: Request) -> Response:
        """The bytes of a file."""
        file = self._sandbox.state.file_at(request.path_params["path"])
        if request.path_params["token"] != self._sandbox.token:
            return _refused(ApiError(401, "Unauthorized"))
        if file is None or file.size > methods_media.MAX_DOWNLOAD_BYTES:
            return _refused(ApiError(404, "Not Found"))
        return Response(file.content, media_type="application/octet-stream")

    def _method_name(self, request: Request) -> str:
        if request.path_params["token"] != self._sandbox.token:
            raise ApiError(401, "Unauthorized")
        name = _NAMES.get(request.path_params["method"].lower())
        if name is None:
            raise ApiError(404, "Not Found: method not found")
        return name

    async def _with_faults(self, request: Request, name: str, parameters: Parameters) -> Response:
        fault = self._sandbox.faults.take(name, parameters.chat_id_or_none())
        if fault is None:
            return _accepted((await self._perform(name, parameters))[0])
        if fault.moment == "before":
            await asyncio.sleep(fault.delay)
            if fault.fails:
                return self._failure(fault)
        result, accepted = await self._perform(name, parameters)
        if fault.moment != "before":
            await asyncio.sleep(fault.delay)
        unseen = fault.fails or await request.is_disconnected()
        for entry in accepted:
            entry.client_saw_error = unseen
        self._sandbox.changes.tell()
        return self._failure(fault, result) if fault.fails else _accepted(result)

    async def _perform(self, name: str, parameters: Parameters) -> tuple[object, list[Acceptance]]:
        result = METHODS[name](self._sandbox, parameters)
        if isinstance(result, Awaitable):
            result = await result
        if name == "sendChatAction" or not name.startswith(_SENDING):
            return result, []
        chat = self._sandbox.state.chats[parameters.chat_id()]
        accepted = [
            Acceptance(name, chat.id, number, chat.messages[number].body.text) for number in _message_ids(result)
        ]
        self._sandbox.ledger.entries.extend(accepted)
        return result, accepted

    def _failure(self, fault: Fault, result: object = None) -> Response:
        if fault.kind == "answer":
            return _refused(fault.error())
        if fault.moment == "mid_body":
            return BrokenConnection(self._connections, json.dumps({"ok": True, "result": result}).encode()[:-1])
        return BrokenConnection(self._connections)


def _message_ids(result: object) -> Iterator[int]:
    for item in result if isinstance(result, list) else [result]:
        match item:
            case {"message_id": int(number)}:
                yield number


def _accepted(result: object) -> JSONResponse:
    return JSONResponse({"ok": True, "result": result})


def _refused(error: ApiError) -> JSONResponse:
    body: dict[str, object] = {"ok": False, "error_code": error.code, "description": error.description}
    if error.parameters:
        body["parameters"] = error.parameters
    return JSONResponse(body, error.code)
