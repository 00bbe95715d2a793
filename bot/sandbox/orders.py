"""Reading what the page asks for."""

from __future__ import annotations

import json

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from bot.sandbox.model import Message
from bot.sandbox.person import Person
from bot.sandbox.pictures import is_picture


class BadOrder(ValueError):
    """The page asked for something that makes no sense; says what was expected."""


async def send_file(person: Person, form: FormData) -> Message:
    """Send what a form of the page carries: file, kind, caption, reply_to; raises BadOrder."""
    upload, caption, answered = form.get("file"), form.get("caption"), form.get("reply_to")
    if not isinstance(upload, UploadFile):
        raise BadOrder("A file is missing.")
    content = await upload.read()
    caption = caption if isinstance(caption, str) else None
    reply_to = int(answered) if isinstance(answered, str) and answered else None
    match form.get("kind"):
        case "photo" if is_picture(content):
            return person.send_photo(content, caption, reply_to=reply_to)
        case "voice":
            return person.send_voice(content, caption=caption, reply_to=reply_to)
    name, kind = upload.filename or "file", upload.content_type or "application/octet-stream"
    return person.send_document(content, name=name, mime_type=kind, caption=caption, reply_to=reply_to)


async def json_of(request: Request) -> object:
    """The body as JSON; raises BadOrder."""
    try:
        return json.loads(await request.body())
    except ValueError:
        raise BadOrder("That is not JSON.") from None


async def order_of(request: Request) -> dict[str, object]:
    """The body as a JSON object; raises BadOrder."""
    order = await json_of(request)
    if not isinstance(order, dict):
        raise BadOrder("A JSON object is expected.")
    return order


def text_in(order: dict[str, object], name: str) -> str:
    """A text of the order, empty where it is absent; raises BadOrder."""
    value = order.get(name)
    if value is not None and not isinstance(value, str):
        raise BadOrder(f"{name} must be a text.")
    return value or ""


def number_in(order: dict[str, object], name: str) -> int:
    """A whole number of the order; raises BadOrder."""
    value = order.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadOrder(f"{name} must be a whole number.")
    return value


def number_or_none(order: dict[str, object], name: str) -> int | None:
    """A whole number, None where it is absent; raises BadOrder."""
    return None if order.get(name) is None else number_in(order, name)
