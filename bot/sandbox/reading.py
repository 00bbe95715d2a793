"""Reads a call off the wire: its parameters come as query, form, multipart or JSON."""

from __future__ import annotations

import json

from starlette.datastructures import UploadFile
from starlette.requests import Request

from bot.sandbox.errors import ApiError, bad_request
from bot.sandbox.parameters import Parameters, Upload

MAX_REQUEST_BYTES = 50 * 2**20
"""Bots upload files of at most 50 MB."""


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
