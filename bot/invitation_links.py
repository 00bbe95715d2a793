"""One-time links as people open them: an address, and its QR picture to scan in the room."""

import io

import segno

from messages.outgoing import Media, MediaKind


def address(bot_username: str, token: str) -> str:
    """The link that opens the bot with this token."""
    return f"https://t.me/{bot_username}?start={token}"


def picture(link: str) -> Media:
    """The link as a QR code, large enough for a telephone held over a desk."""
    content = io.BytesIO()
    segno.make(link, error="m", micro=False).save(content, kind="png", scale=10, border=4)
    return Media(MediaKind.PHOTO, content=content.getvalue(), filename="invitation.png")
