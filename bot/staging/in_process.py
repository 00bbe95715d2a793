"""The bot's calls to a sandbox in the same process: python-telegram-bot's request class without a network.

Calls and answers are the same JSON as on the wire; what is left out is HTTP, a third of the time that a simulated
course took. The sandbox's faults are faults of a network, and are for its server, as are downloads.
"""

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from telegram.request import BaseRequest, RequestData

from bot.sandbox.calls import accepted_json, method_name, perform, refused_json
from bot.sandbox.errors import ApiError
from bot.sandbox.parameters import Parameters, Upload
from bot.sandbox.sandbox import Sandbox
from bot.telegram_answers import answer_of

ADDRESS = "http://sandbox"
"""What stands before "/bot<token>/<method>". Nobody looks it up."""


class InProcessRequest(BaseRequest):
    """Gives each call to the sandbox, and answers as its server would."""

    __slots__ = ("_sandbox",)

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    @property
    def read_timeout(self) -> float | None:
        """None: nothing is waited for but a long poll."""
        return None

    async def initialize(self) -> None:
        """Nothing needs to be ready."""

    async def shutdown(self) -> None:
        """Nothing is open."""

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,
        connect_timeout: object = BaseRequest.DEFAULT_NONE,
        pool_timeout: object = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Call once; the status and the body of the answer."""
        address = urlsplit(url)
        _, token, called = address.path.split("/", 2)
        try:
            name = method_name(self._sandbox, token.removeprefix("bot"), called)
            result, _ = await perform(self._sandbox, name, _parameters(address.query, request_data))
        except ApiError as error:
            return error.code, json.dumps(refused_json(error)).encode()
        return 200, json.dumps(accepted_json(result)).encode()

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """As over HTTP."""
        return answer_of(payload)


def _parameters(query: str, data: RequestData | None) -> Parameters:
    asked = dict(parse_qsl(query))
    if data is None:
        return Parameters(asked)
    uploads = {
        name: Upload(filename, mime_type, content if isinstance(content, bytes) else content.read())
        for name, (filename, content, mime_type) in data.multipart_data.items()
    }
    return Parameters(asked | data.json_parameters, uploads)
