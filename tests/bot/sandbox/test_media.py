"""Photos, files and albums, up and down."""

import httpx
import pytest
from telegram import Bot, InputMediaDocument, InputMediaPhoto
from telegram.error import BadRequest, InvalidToken, NetworkError

from bot.sandbox.person import Person
from bot.sandbox.pictures import PIXEL
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.server import SandboxServer


async def test_a_photo_goes_up_and_comes_down(bot: Bot, anna: Person) -> None:
    sent = await bot.send_photo(anna.id, PIXEL, caption="<i>your</i> code", parse_mode="HTML")
    assert (anna.last.kind, anna.last.html) == ("photo", "<i>your</i> code")
    file = await bot.get_file(sent.photo[-1].file_id)
    assert bytes(await file.download_as_bytearray()) == PIXEL
    again = await bot.send_photo(anna.id, sent.photo[-1].file_id)
    assert again.photo[-1].file_unique_id == sent.photo[-1].file_unique_id


async def test_all_kinds(bot: Bot, anna: Person) -> None:
    await bot.send_voice(anna.id, b"OggS", duration=2)
    await bot.send_document(anna.id, b"%PDF", filename="plan.pdf")
    await bot.send_video(anna.id, b"video")
    await bot.send_audio(anna.id, b"audio", title="Song")
    await bot.send_animation(anna.id, b"gif")
    await bot.send_sticker(anna.id, PIXEL)
    await bot.send_location(anna.id, 48.85, 2.35)
    await bot.send_contact(anna.id, "+33123456789", "Clinic")
    kinds = [seen.kind for seen in anna.bot_messages]
    expected = ["voice", "document", "video", "audio", "animation", "sticker", "location", "contact"]
    assert kinds == expected


async def test_what_people_send_arrives(bot: Bot, anna: Person) -> None:
    anna.send_photo(caption="cheek")
    anna.send_voice()
    anna.send_document(size=25 * 2**20)
    anna.send_video()
    anna.send_sticker()
    anna.send_location()
    anna.send_contact()
    anna.send_poll()
    messages = [update.message for update in await bot.get_updates() if update.message][1:]
    photo, voice, document, video, sticker, location, contact, poll = messages
    assert (photo.photo[-1].width, photo.caption) == (1280, "cheek")
    assert voice.voice
    assert document.document
    assert document.document.file_size == 25 * 2**20
    assert video.video
    assert sticker.sticker
    assert sticker.sticker.emoji == "👍"
    assert location.location
    assert contact.contact
    assert poll.poll
    with pytest.raises(BadRequest, match="File is too big"):
        await bot.get_file(document.document.file_id)


async def test_albums_keep_together(bot: Bot, anna: Person) -> None:
    album = anna.send_album(caption="both sides")
    updates = [update.message for update in await bot.get_updates() if update.message][1:]
    assert len({message.media_group_id for message in updates}) == 1
    copied = await bot.copy_messages(anna.id, anna.id, [message.id for message in album])
    assert len(copied) == 2
    assert len({seen.media_group_id for seen in anna.bot_messages}) == 1
    sent = await bot.send_media_group(anna.id, [InputMediaPhoto(PIXEL, caption="a"), InputMediaPhoto(PIXEL)])
    assert sent[0].media_group_id == sent[1].media_group_id
    assert [message.caption for message in sent] == ["a", None]


async def test_albums_refused(bot: Bot, anna: Person) -> None:
    with pytest.raises(BadRequest, match="2-10"):
        await bot.send_media_group(anna.id, [InputMediaPhoto(PIXEL)])
    with pytest.raises(BadRequest, match="can't be mixed"):
        await bot.send_media_group(anna.id, [InputMediaPhoto(PIXEL), InputMediaDocument(b"x")])
    assert anna.bot_messages == []


async def test_copies_and_forwards(bot: Bot, sandbox: Sandbox, anna: Person) -> None:
    doctor = sandbox.person("Doctor")
    doctor.start()
    photo = anna.send_photo(caption="look")
    await bot.copy_message(doctor.id, anna.id, photo.id, caption="Anna: look")
    assert (doctor.last.kind, doctor.last.text) == ("photo", "Anna: look")
    forwarded = await bot.forward_message(doctor.id, anna.id, photo.id)
    assert forwarded.forward_origin
    with pytest.raises(BadRequest, match="to copy not found"):
        await bot.copy_message(doctor.id, anna.id, 99)
    with pytest.raises(BadRequest, match="can't be edited"):
        await bot.edit_message_caption(doctor.id, forwarded.message_id, caption="x")


async def test_bad_files(bot: Bot, anna: Person) -> None:
    document = anna.send_document()
    assert document.media
    assert document.media.file
    with pytest.raises(BadRequest, match="Image_process_failed"):
        await bot.send_photo(anna.id, b"no picture")
    with pytest.raises(BadRequest, match="Can't use file of type document as photo"):
        await bot.send_photo(anna.id, document.media.file.file_id)
    with pytest.raises(BadRequest, match="Wrong file identifier"):
        await bot.send_photo(anna.id, "AgACunknown")
    with pytest.raises(BadRequest, match="Failed to get http url content"):
        await bot.send_photo(anna.id, "https://example.org/a.png")
    with pytest.raises(BadRequest, match="caption is too long"):
        await bot.send_photo(anna.id, PIXEL, caption="x" * 1025)


async def test_uploads_over_50_mb(bot: Bot, anna: Person) -> None:
    with pytest.raises(NetworkError, match="Request Entity Too Large"):
        await bot.send_document(anna.id, bytes(50 * 2**20 + 1))


async def test_downloads_need_the_token(bot: Bot, server: SandboxServer, anna: Person) -> None:
    sent = await bot.send_document(anna.id, b"secret")
    assert sent.document
    path = (await bot.get_file(sent.document.file_id)).file_path or ""
    async with httpx.AsyncClient() as client:
        assert (await client.get(path)).content == b"secret"
        assert (await client.get(path.replace("sandbox", "x", 1))).status_code == 401
    with pytest.raises(InvalidToken):
        await bot._request[1].retrieve(f"{server.url}/file/bot{server.token}/documents/none")
