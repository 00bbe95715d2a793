"""Bot API methods that send, copy, forward and fetch media."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeGuard

from bot.sandbox.composing import caption_of, reply_of
from bot.sandbox.errors import bad_request
from bot.sandbox.methods import post, posted
from bot.sandbox.model import Chat, Draft, FormattedText, Json, Media, Message, StoredFile
from bot.sandbox.parameters import Parameters, Upload
from bot.sandbox.pictures import is_picture
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.state import message_in
from bot.sandbox.wire import file_json, message_json, sticker_details

MAX_DOWNLOAD_BYTES = 20 * 2**20
"""Bots download files of at most 20 MB."""
MAX_PHOTO_BYTES = 10 * 2**20
"""Photos are at most 10 MB."""
_DETAILS = {
    "voice": ("duration",),
    "audio": ("duration", "performer", "title"),
    "video": ("duration", "width", "height"),
    "animation": ("duration", "width", "height"),
}
_GROUPS = ({"photo", "video"}, {"document"}, {"audio"})

Method = Callable[[Sandbox, Parameters], Json]


def sender_of(kind: str) -> Method:
    """The method that sends media of one kind, such as sendPhoto."""

    def send(sandbox: Sandbox, parameters: Parameters) -> Json:
        chat = sandbox.state.sendable_chat(parameters.chat_id())
        body = FormattedText() if kind == "sticker" else caption_of(parameters)
        file = _file(sandbox, kind, parameters, parameters.values.get(kind), kind)
        return post(sandbox, chat, parameters, Draft(body, Media(kind, file, _details(kind, parameters))))

    return send


def _details(kind: str, parameters: Parameters) -> Json:
    if kind == "sticker":
        return sticker_details()
    details: Json = {}
    for name in _DETAILS.get(kind, ()):
        textual = name in {"performer", "title"}
        value = parameters.text(name) if textual else (parameters.integer(name) or 0)
        if value or not textual:
            details[name] = value
    return details


def _file(sandbox: Sandbox, kind: str, parameters: Parameters, stated: object, field: str) -> StoredFile:
    """The file of a call: uploaded under its own field or by attach://, or known by its file_id."""
    name = str(stated or "")
    upload = parameters.uploads.get(name.removeprefix("attach://") if name.startswith("attach://") else field)
    if upload is not None:
        return _stored(sandbox, kind, upload)
    if not name:
        raise bad_request(f"there is no {kind} in the request")
    if name.startswith(("http://", "https://")):
        raise bad_request("failed to get HTTP URL content")
    file = sandbox.state.files.get(name)
    if file is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    if file.kind != kind:
        raise bad_request(f"can't use file of type {file.kind.capitalize()} as {kind.capitalize()}")
    return file


def _stored(sandbox: Sandbox, kind: str, upload: Upload) -> StoredFile:
    if not upload.content:
        raise bad_request("file must be non-empty")
    if kind == "photo":
        if len(upload.content) > MAX_PHOTO_BYTES:
            raise bad_request("file is too big for a photo")
        if not is_picture(upload.content):
            raise bad_request("IMAGE_PROCESS_FAILED")
    return sandbox.state.store_file(kind, upload.content, upload.name, upload.mime_type)


def send_location(sandbox: Sandbox, parameters: Parameters) -> Json:
    """A place on the map."""
    chat = sandbox.state.sendable_chat(parameters.chat_id())
    latitude, longitude = parameters.number("latitude"), parameters.number("longitude")
    if latitude is None or longitude is None or not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise bad_request("can't parse location: wrong latitude or longitude")
    media = Media("location", None, {"latitude": latitude, "longitude": longitude})
    return post(sandbox, chat, parameters, Draft(media=media))


def send_contact(sandbox: Sandbox, parameters: Parameters) -> Json:
    """A telephone number with a name."""
    chat = sandbox.state.sendable_chat(parameters.chat_id())
    if not parameters.text("phone_number"):
        raise bad_request("parameter phone_number is required")
    if not parameters.text("first_name"):
        raise bad_request("parameter first_name is required")
    names = ("phone_number", "first_name", "last_name", "vcard")
    details = {name: parameters.text(name) for name in names if parameters.text(name)}
    return post(sandbox, chat, parameters, Draft(media=Media("contact", None, details)))


def send_media_group(sandbox: Sandbox, parameters: Parameters) -> list[Json]:
    """An album of 2 to 10 photos and videos, or documents, or audio files."""
    chat = sandbox.state.sendable_chat(parameters.chat_id())
    items = parameters.structure("media")
    if not isinstance(items, list) or not 2 <= len(items) <= 10:
        raise bad_request("wrong number of messages in the album: there must be 2-10 of them")
    album = sandbox.state.next_album_id()
    reply_to = reply_of(parameters, chat)
    drafts = [replace(_album_item(sandbox, parameters, item), media_group_id=album) for item in items]
    kinds = {draft.media.kind for draft in drafts if draft.media}
    if not any(kinds <= group for group in _GROUPS):
        raise bad_request("this media can't be mixed in one album")
    sandbox.limiter.admit(chat, len(drafts), paid=parameters.flag("allow_paid_broadcast"))
    sent = [sandbox.post(chat, sandbox.bot, replace(draft, reply_to_id=reply_to)) for draft in drafts]
    return [message_json(sandbox.state, message) for message in sent]


def _album_item(sandbox: Sandbox, parameters: Parameters, item: object) -> Draft:
    if not isinstance(item, dict) or item.get("type") not in {"photo", "video", "document", "audio"}:
        raise bad_request("can't parse InputMedia: media type is wrong")
    own = Parameters(item, parameters.uploads)
    kind = own.text("type")
    file = _file(sandbox, kind, own, item.get("media"), "media")
    return Draft(caption_of(own), Media(kind, file, _details(kind, own)))


def copy_message(sandbox: Sandbox, parameters: Parameters) -> Json:
    """A message again, as the bot's own, with another caption if one is given."""
    chat = sandbox.state.sendable_chat(parameters.chat_id())
    original = _original(sandbox, parameters, parameters.integer("message_id"), "copy")
    body = original.body
    if original.media and "caption" in parameters.values:
        body = caption_of(parameters)
    draft = Draft(body, original.media)
    return {"message_id": posted(sandbox, chat, parameters, draft).id}


def forward_message(sandbox: Sandbox, parameters: Parameters) -> Json:
    """A message again, with its author's name."""
    chat = sandbox.state.sendable_chat(parameters.chat_id())
    original = _original(sandbox, parameters, parameters.integer("message_id"), "forward")
    return post(sandbox, chat, parameters, _forwarded(original))


def _forwarded(original: Message) -> Draft:
    author = original.sender_id if original.forwarded_from is None else original.forwarded_from
    return Draft(
        original.body,
        original.media,
        forwarded_from=author,
        forwarded_at=original.forwarded_at or original.at,
    )


def copy_messages(sandbox: Sandbox, parameters: Parameters) -> list[Json]:
    """Several messages again, albums kept together; those that are gone are left out."""
    return _several(sandbox, parameters, "copy", lambda original: Draft(original.body, original.media))


def forward_messages(sandbox: Sandbox, parameters: Parameters) -> list[Json]:
    """Several messages again with their authors, albums kept together."""
    return _several(sandbox, parameters, "forward", _forwarded)


def _several(sandbox: Sandbox, parameters: Parameters, verb: str, draft_of: Callable[[Message], Draft]) -> list[Json]:
    chat = sandbox.state.sendable_chat(parameters.chat_id())
    source = _source(sandbox, parameters)
    ids = parameters.structure("message_ids")
    if not _increasing(ids):
        raise bad_request("message identifiers must be 1-100 and in a strictly increasing order")
    originals = [found for number in ids if (found := message_in(source, number)) and not found.protected]
    if not originals:
        raise bad_request(f"there are no messages to {verb}")
    sandbox.limiter.admit(chat, len(originals), paid=parameters.flag("allow_paid_broadcast"))
    albums: dict[str, str] = {}
    sent = []
    for original in originals:
        group = original.media_group_id
        album = albums.setdefault(group, sandbox.state.next_album_id()) if group else None
        sent.append(sandbox.post(chat, sandbox.bot, replace(draft_of(original), media_group_id=album)))
    return [{"message_id": message.id} for message in sent]


def _increasing(ids: object) -> TypeGuard[list[int]]:
    if not isinstance(ids, list) or not all(isinstance(number, int) for number in ids):
        return False
    return 1 <= len(ids) <= 100 and ids == sorted(set(ids))


def _original(sandbox: Sandbox, parameters: Parameters, number: int | None, verb: str) -> Message:
    message = message_in(_source(sandbox, parameters), number)
    if message is None:
        raise bad_request(f"message to {verb} not found")
    if message.protected:
        raise bad_request(f"message can't be {'copied' if verb == 'copy' else 'forwarded'}")
    return message


def _source(sandbox: Sandbox, parameters: Parameters) -> Chat:
    return sandbox.state.met_chat(parameters.chat_id("from_chat_id"))


def get_file(sandbox: Sandbox, parameters: Parameters) -> Json:
    """Where to download a file of at most 20 MB."""
    file = sandbox.state.files.get(parameters.text("file_id"))
    if file is None:
        raise bad_request("wrong file_id or the file is temporarily unavailable")
    if file.size > MAX_DOWNLOAD_BYTES:
        raise bad_request("file is too big")
    return file_json(file) | {"file_path": file.path}
