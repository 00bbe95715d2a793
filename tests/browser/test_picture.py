"""The README's picture of the demo. `AFTERCARE_PICTURE=docs/demo.png` makes the one that is committed."""

import os
import struct
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import LAPTOP, window
from tests.browser.demo_process import demonstrating
from tests.browser.phones import DemoPage

pytestmark = pytest.mark.asyncio(loop_scope="session")

EMPTIEST_BYTES = 60_000
"""A picture of this size with hardly anything on it is smaller."""
LARGEST_BYTES = 400_000
"""What a README may ask of a slow line."""


async def test_the_picture_shows_the_story_in_the_middle_of_a_conversation(browser: Browser, tmp_path: Path) -> None:
    target = Path(os.environ.get("AFTERCARE_PICTURE") or tmp_path / "demo.png")
    async with demonstrating(tmp_path / "demo") as demo, window(browser, demo.url, LAPTOP) as page:
        await _live_a_little(page)
        await page.page.mouse.move(0, 0)
        await page.page.evaluate("document.activeElement.blur()")
        picture = await page.page.screenshot(path=target, animations="disabled", caret="hide")
    assert _size(picture) == (LAPTOP["width"], LAPTOP["height"])
    assert EMPTIEST_BYTES < len(picture) < LARGEST_BYTES


async def _live_a_little(page: DemoPage) -> None:
    """A check-in is answered, a question too, and the admin sees a new wording before it is published."""
    await page.until_a_check_in()
    for answer, shown in (
        ("Slight", "bruising"),
        ("Dots only", "points hurt"),
        ("Not at all", "anything else"),
        ("Nothing else", "Your next check-in"),
    ):
        await page.patient.tap(answer)
        await expect(page.patient.newest).to_contain_text(shown)
    await page.patient.say("Can I wear make-up tomorrow?")
    await expect(page.patient.message("Passed to")).to_be_visible()
    question = page.practitioner.message("make-up")
    await page.practitioner.reply(question, "Better wait one more day, please.")
    await expect(page.patient.newest).to_contain_text("Better wait")
    await page.admin.say("/templates")
    await page.admin.tap("Search", below="Whose texts")
    await expect(page.admin.newest).to_contain_text("Send me a word")
    await page.admin.say("you have a check-in waiting")
    await page.admin.tap("You have a check-in", below="with “you have")
    await page.admin.tap("Change", below="What it is for")
    await expect(page.admin.message("Send me the new text")).to_be_visible()
    await page.admin.say(
        "<b>You have a check-in waiting</b>\n"
        "{first_name}, it takes about a minute, and {practitioner} reads your answer. "
        "We won’t remind you of this one again."
    )
    await expect(page.admin.newest).to_contain_text("Publish")


def _size(picture: bytes) -> tuple[int, int]:
    """Width and height, as a PNG's first chunk has them."""
    assert picture.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", picture[16:24])
    return width, height
