"""The parameters of a Bot API call, however they came: query, form, multipart or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.datastructures import UploadFile
from starlette.requests import Request

from bot.sandbox.errors import ApiError, bad_request

MAX_REQUEST_BYTES = 50 * 2**20
"""Bots upload files of at most 50 MB."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with the call."""

    name: str
    mime_type: str
    content: bytes


@dataclass(slots=True)
class Parameters:
    """Typed access to the parameters; what is malformed raises ApiError 400."""

    values: Mapping[str, object]
    uploads: Mapping[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The value as a string; empty where it is absent."""
        value = self.values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str | int | float):
            raise bad_request(f'field "{name}" must be of type String')
        return str(value)

    def integer(self, name: str) -> int | None:
        """The value as an integer, None where it is absent."""
        value = self.text(name)
        if not value:
            return None
        try:
            return int(value)
        except ValueError:
            raise bad_request(f'parameter "{name}" must be an integer') from None

    def flag(self, name: str) -> bool:
        """Whether the value says yes."""
        return self.text(name).lower() in {"true", "1", "yes"}

    def number(self, name: str) -> float | None:
        """The value as a number, None where it is absent."""
        try:
            return float(self.text(name)) if self.text(name) else None
        except ValueError:
            raise bad_request(f'parameter "{name}" must be a number') from None

    def structure(self, name: str) -> object:
        """An object or array, given as such or as JSON; None where it is absent."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError:
            raise bad_request(f"can't parse {name} JSON object") from None

    def chat_id(self, name: str = "chat_id") -> int:
        """The id of a chat; raises "chat not found" for names, which nobody here has."""
        value = self.text(name)
        if not value:
            raise bad_request(f"{name.replace('_', ' ').removesuffix(' id')} id is empty")
        try:
            return int(value)
        except ValueError:
            raise bad_request("chat not found") from None

    def chat_id_or_none(self) -> int | None:
        """The id of the chat that the call is about, if any; never raises."""
        value = self.values.get("chat_id")
        try:
            return int(value) if isinstance(value, str | int) else None
        except ValueError:
            return None


async def read_parameters(request: Request) -> Parameters:
    """Read a call; raises ApiError 413 where it is too large, after having taken it in like Telegram."""
    if int(request.headers.get("content-length", 0)) > MAX_REQUEST_BYTES:
        async for _ in request.stream():
            pass
        raise ApiError(413, "Request Entity Too Large")
    values: dict[str, object] = dict(request.query_params)
    if request.headers.get("content-type", "").startswith("application/json"):
        return Parameters(values | _json_object(await request.body()))
    uploads: dict[str, Upload] = {}
    async with request.form(max_files=30, max_part_size=MAX_REQUEST_BYTES) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                kind = value.content_type or "application/octet-stream"
                uploads[name] = Upload(value.filename or name, kind, await value.read())
            else:
                values[name] = value
    return Parameters(values, uploads)


def _json_object(body: bytes) -> dict[str, object]:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise bad_request("can't parse request JSON object")
    return parsed
